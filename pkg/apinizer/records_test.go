package apinizer

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/connection"
)

func TestAMarkGoesIntoADescriptionAndComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[0-9a-f:]{0,20}`)
		record := connection.Record{
			Project: rapid.StringMatching(`[a-z][a-z0-9-]{0,39}`).Draw(t, "project"), Key: rapid.StringMatching(`[0-9a-f]{16}`).Draw(t, "key"),
			Credentials: word.Draw(t, "credentials"), Fingerprint: word.Draw(t, "fingerprint"), Moved: word.Draw(t, "moved"),
			Sensitive: word.Draw(t, "sensitive"), NotSensitive: word.Draw(t, "not sensitive"),
			Phase:     rapid.SampledFrom([]string{"", connection.PhaseNew, connection.PhaseDeposed}).Draw(t, "transit"),
			Protected: rapid.Bool().Draw(t, "protected"), Pending: rapid.Bool().Draw(t, "pending"),
		}
		user := strings.TrimSpace(strings.ReplaceAll(rapid.String().Draw(t, "user"), "[qlsync:", ""))
		gotUser, got, other := splitDescription(joinDescription(user, record, []string{"newer=1"}))
		if gotUser != user || got != record || len(other) != 1 || other[0] != "newer=1" {
			t.Fatalf("got description %q, record %+v and other marks %q; want each as it was written", gotUser, got, other)
		}
	})
}

// TestTheLongestRecordFitsAfterADescription: the console takes 1,000 characters, and files
// may declare 700.
func TestTheLongestRecordFitsAfterADescription(t *testing.T) {
	names := func(count int) []string {
		names := make([]string, count)
		for i := range names {
			names[i] = strings.Repeat("x", i+1)
		}
		return names
	}
	key := connection.KeyDigest(connection.Key{})
	record := connection.Record{
		Project: strings.Repeat("p", 40), Key: key, Credentials: connection.CredentialsRecord(1_000_000_000, nil, ""),
		Fingerprint: strings.Repeat("f", 8+1+16+1+32), Moved: key, Protected: true, Pending: true,
	}
	for _, count := range []struct{ sensitive, not int }{
		{connection.MaxSensitive, 0}, {0, connection.MaxNotSensitive}, {1, connection.MaxNotSensitive - 1}, {connection.MaxNotSensitive - 1, 1},
	} {
		record.Sensitive = connection.SensitiveRecord(names(count.sensitive))
		record.NotSensitive = connection.NotSensitiveRecord(names(count.not))
		if size := len(joinDescription(strings.Repeat("d", maxDescription), record, nil)); size > 1000 {
			t.Errorf("%+v: got a description of %d characters, want at most 1000", count, size)
		}
	}
	for name, kind := range types {
		if !strings.Contains(string(kind.text), fmt.Sprintf(`"maxLength": %d`, maxDescription)) {
			t.Errorf("%s: its description may be longer", name)
		}
	}
}

// TestWhatCountsAsAMark: what is in the text of a user, or in another form, owns nothing.
func TestWhatCountsAsAMark(t *testing.T) {
	const a, b = "[qlsync:a key=0123456789abcdef]", "[qlsync:b key=fedcba9876543210 protected]"
	for text, want := range map[string]struct{ project, key, user string }{
		"Ours\n" + a:               {"a", "0123456789abcdef", "Ours"},
		"Ours " + a + "\n":         {"a", "0123456789abcdef", "Ours"},
		a:                          {"a", "0123456789abcdef", ""},
		"Ours\n" + b + "\n" + a:    {"a,b", "fedcba9876543210", "Ours"},
		"was " + b + " once\n" + a: {"a", "0123456789abcdef", "was " + b + " once"},
		"not managed, see [qlsync:a] in the wiki":   {"", "", "not managed, see [qlsync:a] in the wiki"},
		"not managed, see [qlsync:a]":               {"", "", "not managed, see [qlsync:a]"},
		"see " + a + " in the wiki":                 {"", "", "see " + a + " in the wiki"},
		"see " + a + ".":                            {"", "", "see " + a + "."},
		"wiki" + a:                                  {"", "", "wiki" + a},
		"[qlsync:a protected key=0123456789abcdef]": {"", "", "[qlsync:a protected key=0123456789abcdef]"},
		"[qlsync:a key=0123]":                       {"", "", "[qlsync:a key=0123]"},
		"[qlsync:a key=0123456789ABCDEF]":           {"", "", "[qlsync:a key=0123456789ABCDEF]"},
		"[QLSYNC:a key=0123456789abcdef]":           {"", "", "[QLSYNC:a key=0123456789abcdef]"},
	} {
		user, record, _ := splitDescription(text)
		if user != want.user || record.Project != want.project || record.Key != want.key {
			t.Errorf("%q: user %q, mark %+v, want %+v", text, user, record, want)
		}
	}
}

func TestTheFirstOfTwoTypesIsTheKind(t *testing.T) {
	d, err := parseDocument([]byte(`{"type":"elasticsearch","name":"x","type":"READ"}`))
	if err != nil || d.kind != "elasticsearch" || d.fields[accessModeKey] != "READ" || !d.twoTypes {
		t.Fatalf("got %+v, error %v; want the first type as the kind and the second one kept", d, err)
	}
	text, err := d.encode()
	if err != nil || string(text) != `{"type":"elasticsearch","type":"READ","name":"x"}` {
		t.Errorf("got %s, error %v; want both types again", text, err)
	}
}

func FuzzParseDocument(f *testing.F) {
	f.Add(`{"type":"email","name":"x","port":25}`)
	f.Add(`{"type":"elasticsearch","type":"READ"}`)
	f.Add(`[{"type":1}]`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseDocument([]byte(text))
		if err != nil {
			return
		}
		again, err := d.encode()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := parseDocument(again); err != nil || back.kind != d.kind || len(back.fields) != len(d.fields) {
			t.Errorf("%s was read again as %s (%v), want the same fields", text, again, err)
		}
	})
}
