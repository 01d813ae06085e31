package connection_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/connection"
)

func TestEqualComparesValuesAndNeverSecrets(t *testing.T) {
	secret := connection.NewSecret("value")
	tree := map[string]any{"a": []any{secret}}
	for _, test := range []struct {
		name string
		a, b any
		want bool
	}{
		{"nil is nil", nil, nil, true},
		{"nil is no empty string", nil, "", false},
		{"a string is itself", "a", "a", true},
		{"letter case matters", "a", "A", false},
		{"a number is as it was written", json.Number("1"), json.Number("1"), true},
		{"a number is no string", json.Number("1"), "1", false},
		{"false is not nothing", false, nil, false},
		{"maps are compared by value", map[string]any{"a": "1", "b": nil}, map[string]any{"b": nil, "a": "1"}, true},
		{"an absent entry is no nil entry", map[string]any{"a": nil}, map[string]any{"b": nil}, false},
		{"a map is not a bigger one", map[string]any{}, map[string]any{"b": nil}, false},
		{"a list has an order", []any{"a", "b"}, []any{"b", "a"}, false},
		{"lists are compared by value", []any{"a", []any{}}, []any{"a", []any{}}, true},
		{"an empty list is no nil list", []any{}, []any(nil), false},
		{"an empty map is no nil map", map[string]any{}, map[string]any(nil), false},
		{"an empty list is no empty map", []any{}, map[string]any{}, false},
		{"a reference is itself", connection.Reference{Env: "A"}, connection.Reference{Env: "A"}, true},
		{"a reference is not another", connection.Reference{Env: "A"}, connection.Reference{File: "A"}, false},
		{"a secret does not equal itself", secret, secret, false},
		{"the zero secret does not equal itself", connection.Secret{}, connection.Secret{}, false},
		{"a secret does not equal its value", secret, "value", false},
		{"a value does not equal a secret", "value", secret, false},
		{"a tree with a secret does not equal itself", tree, tree, false},
		{"a list with a secret does not equal itself", tree["a"], tree["a"], false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := connection.Equal(test.a, test.b); got != test.want {
				t.Errorf("got equal %v, want %v", got, test.want)
			}
			if got := connection.Equal(test.b, test.a); got != test.want {
				t.Errorf("the other way round: got %v", got)
			}
		})
	}
}

// jsonValue draws any value of the package's JSON model.
func jsonValue(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.Just[any](nil),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.StringN(0, 4, -1), func(s string) any { return s }),
		rapid.Map(rapid.IntRange(-3, 3), func(i int) any { return json.Number(digits(i)) }),
	}
	if depth == 0 {
		return rapid.OneOf(leaves...)
	}
	inner := jsonValue(depth - 1)
	return rapid.OneOf(append(leaves,
		rapid.Map(rapid.SliceOfN(inner, 0, 3), func(list []any) any { return list }),
		rapid.Map(rapid.MapOfN(rapid.StringN(0, 2, -1), inner, 0, 3), func(m map[string]any) any { return m }),
	)...)
}

func digits(i int) string {
	text, _ := json.Marshal(i)
	return string(text)
}

func TestValuesAreEqualExactlyWhenTheirCanonicalTextsAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := jsonValue(2).Draw(t, "a"), jsonValue(2).Draw(t, "b")
		if same := connection.Canonical(a) == connection.Canonical(b); same != connection.Equal(a, b) {
			t.Fatalf("canonical texts equal: %v, values: %v", same, !same)
		}
		if copied := connection.Reveal(a); !connection.Equal(a, copied) {
			t.Fatalf("a copy is another value: %v, %v", a, copied)
		}
	})
}

func TestCanonicalHasSortedKeysAndNumbersAsWritten(t *testing.T) {
	value := map[string]any{
		"z": json.Number("1.50"), "a": nil, "m": []any{true, "<&>", map[string]any{"b": json.Number("1e3"), "a": ""}},
		"password": connection.NewSecret("hidden"), "token": connection.Reference{Env: "T", Position: connection.Position{Line: 4}},
	}
	want := `{"a":null,"m":[true,"\u003c\u0026\u003e",{"a":"","b":1e3}],"password":"(secret)","token":{"env":"T"},"z":1.50}`
	if got := connection.Canonical(value); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestCanonicalPanicsOnWhatIsNoJSON(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("got no panic for a value that is not JSON")
		}
	}()
	connection.Canonical(map[string]any{"f": func() {}})
}

func TestAKeyDigestNamesOneKeyOnly(t *testing.T) {
	keys := []connection.Key{
		{Space: "Finance", Name: "Orders"},
		{Space: "Finance", Name: "orders"},
		{Space: "finance", Name: "Orders"},
		{Space: "FinanceO", Name: "rders"},
		{Space: "", Name: "FinanceOrders"},
		{Space: "FinanceOrders", Name: ""},
		{Space: "Finance/Orders", Name: ""},
		{Space: "", Name: ""},
		{Space: "3:a", Name: "b"},
		{Space: "3", Name: ":ab"},
	}
	seen := map[string]connection.Key{}
	for _, key := range keys {
		digest := connection.KeyDigest(key)
		if len(digest) != 16 || strings.Trim(digest, "0123456789abcdef") != "" {
			t.Errorf("%q: got digest %q, want 16 hexadecimal digits", key, digest)
		}
		if other, taken := seen[digest]; taken {
			t.Errorf("%q and %q have the same digest", key, other)
		}
		if digest != connection.KeyDigest(key) {
			t.Errorf("%q: another digest the second time", key)
		}
		seen[digest] = key
	}
	// The tags of tenants hold the digest: another algorithm would disown everything.
	if got, want := connection.KeyDigest(keys[0]), "c97385a0d5c686d2"; got != want {
		t.Errorf("got digest %[2]s of %[1]q, want %[3]s: another algorithm would disown every connection", keys[0], got, want)
	}
}

func TestANotSensitiveMarkLiftsTheNamesThatItRecordsForItsProject(t *testing.T) {
	record := connection.Record{
		Project: "p", Key: "k", NotSensitive: connection.NotSensitiveRecord([]string{"pin", "code"}), Sensitive: connection.SensitiveRecord([]string{"code"}),
	}
	for _, test := range []struct {
		project, property string
		want              bool
	}{{"p", "pin", true}, {"p", "Pin", false}, {"p", "", false}, {"p", "code", false}, {"q", "pin", false}, {"", "pin", false}} {
		if got := record.Lifts(test.project, test.property); got != test.want {
			t.Errorf("%+v: got lifted %v, want %v", test, got, test.want)
		}
	}
	nobodys, withoutKey := record, record
	nobodys.Project, withoutKey.Key = "", ""
	if nobodys.Lifts("", "pin") || withoutKey.Lifts("p", "pin") {
		t.Error("an incomplete record lifts a name, want none lifted")
	}
	// The tags of tenants hold the mark.
	if got, want := connection.NotSensitiveRecord([]string{"pin"}), "7d4d5261"; got != want {
		t.Errorf("got record %s of pin, want %s", got, want)
	}
}

func TestASensitiveMarkHidesTheNamesThatItRecordsAndNoOther(t *testing.T) {
	record := connection.Record{Sensitive: connection.SensitiveRecord([]string{"pin", "OffsetDataPath", "pin"})}
	for name, want := range map[string]bool{"pin": true, "OffsetDataPath": true, "Pin": false, "": false, "pinOffsetDataPath": false} {
		if got := record.Redacts(name); got != want {
			t.Errorf("%q: got hidden %v, want %v", name, got, want)
		}
	}
	if again := connection.SensitiveRecord([]string{"OffsetDataPath", "pin"}); again != record.Sensitive || len(again) != 16 {
		t.Errorf("got marks %q and %q, want the same 16 characters for another order of the names", record.Sensitive, again)
	}
	if none := (&connection.Record{}); none.Redacts("") || connection.SensitiveRecord(nil) != "" {
		t.Error("an empty record hides a name, want none hidden")
	}
	// The tags of tenants hold the mark: another algorithm would show what it hides.
	if got, want := connection.SensitiveRecord([]string{"pin"}), "f6387dd4"; got != want {
		t.Errorf("got record %s of pin, want %s", got, want)
	}
}

func TestACredentialsMarkChangesWithVersionReferencesPlainPartsAndOwner(t *testing.T) {
	credentials := func(change func(map[string]any)) map[string]any {
		tree := map[string]any{"user": "ana", "password": connection.Reference{Env: "P", Position: connection.Position{Line: 3}}}
		change(tree)
		return tree
	}
	unchanged := func(map[string]any) {}
	first := connection.CredentialsRecord(1, credentials(unchanged), "u-1")
	for _, test := range []struct {
		name   string
		record string
		equal  bool
	}{
		{"the same again", connection.CredentialsRecord(1, credentials(unchanged), "u-1"), true},
		{"the reference is written on another line", connection.CredentialsRecord(1, credentials(func(m map[string]any) { m["password"] = connection.Reference{Env: "P"} }), "u-1"), true},
		{"another version", connection.CredentialsRecord(2, credentials(unchanged), "u-1"), false},
		{"another owner", connection.CredentialsRecord(1, credentials(unchanged), "u-2"), false},
		{"another plain part", connection.CredentialsRecord(1, credentials(func(m map[string]any) { m["user"] = "bo" }), "u-1"), false},
		{"another variable", connection.CredentialsRecord(1, credentials(func(m map[string]any) { m["password"] = connection.Reference{Env: "Q"} }), "u-1"), false},
		{"a file of the same name", connection.CredentialsRecord(1, credentials(func(m map[string]any) { m["password"] = connection.Reference{File: "P"} }), "u-1"), false},
		{"another encoding", connection.CredentialsRecord(1, credentials(func(m map[string]any) {
			m["password"] = connection.Reference{Env: "P", Encoding: "base64"}
		}), "u-1"), false},
		{"another name", connection.CredentialsRecord(1, credentials(func(m map[string]any) { delete(m, "user"); m["username"] = "ana" }), "u-1"), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if (test.record == first) != test.equal {
				t.Errorf("got marks %s and %s, want equal: %v", first, test.record, test.equal)
			}
		})
	}
}

func TestACredentialsMarkSaysNothingOfTheValues(t *testing.T) {
	one := connection.CredentialsRecord(1, map[string]any{"p": connection.NewSecret("one")}, "")
	two := connection.CredentialsRecord(1, map[string]any{"p": connection.NewSecret("two")}, "")
	if one != two {
		t.Error("the mark depends on a secret value")
	}
}

func TestCredentialsAreDueWhenTheRecordSaysSo(t *testing.T) {
	for _, test := range []struct{ name, recorded, wanted, want string }{
		{"nothing recorded is a baseline", "", "1:aa", ""},
		{"the same", "1:aa", "1:aa", ""},
		{"another version", "1:aa", "2:aa", "credentials-version: 1 -> 2"},
		{"a version that went back", "10:aa", "9:aa", "credentials-version: 10 -> 9"},
		{"another version and digest", "1:aa", "2:bb", "credentials-version: 1 -> 2"},
		{"another digest", "1:aa", "1:bb", "credentials-references"},
		{"a record without digest, of the same version", "1", "1:bb", ""},
		{"a record without digest, of another version", "0", "1:bb", "credentials-version: 0 -> 1"},
		{"a record that somebody has broken", "x:y:z", "1:aa", "credentials-version: x -> 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			due := connection.CredentialsDue(test.recorded, test.wanted)
			got := due.Code
			if len(due.Args) > 0 {
				got += fmt.Sprintf(": %v -> %v", due.Args["from"], due.Args["to"])
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestMaxDeletesAllowsACountOrAnExactPercentage(t *testing.T) {
	for _, test := range []struct {
		name        string
		limit       connection.MaxDeletes
		owned, want int
	}{
		{"the default, of nothing", connection.DefaultMaxDeletes(), 0, 3},
		{"the default, of few", connection.DefaultMaxDeletes(), 20, 3},
		{"the default, where the tenth begins to count", connection.DefaultMaxDeletes(), 40, 4},
		{"the default, of many", connection.DefaultMaxDeletes(), 1234, 123},
		{"a percentage is rounded down", connection.MaxDeletes{Percent: 10, IsPercent: true}, 19, 1},
		{"a percentage that is written is exact", connection.MaxDeletes{Percent: 10, IsPercent: true}, 9, 0},
		{"no percent at all", connection.MaxDeletes{IsPercent: true}, 1000, 0},
		{"all of it", connection.MaxDeletes{Percent: 100, IsPercent: true}, 7, 7},
		{"a count", connection.MaxDeletes{Count: 5}, 1000, 5},
		{"a count of none", connection.MaxDeletes{}, 1000, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.limit.Allowed(test.owned); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func at(file string, line, column int) connection.Position {
	return connection.Position{File: file, Line: line, Column: column}
}

func TestProblemsAreSortedByPositionThenText(t *testing.T) {
	sorted := connection.Problems{
		{Message: "nowhere"},
		{Position: at("a.yaml", 0, 0), Message: "the file"},
		{Position: at("a.yaml", 2, 9), Message: "second line"},
		{Position: at("a.yaml", 10, 1), Message: "tenth line"},
		{Position: at("a.yaml", 10, 2), Message: "a later column", Hint: "one hint"},
		{Position: at("a.yaml", 10, 2), Message: "a later column", Hint: "two hints"},
		{Position: at("a.yaml", 10, 2), Message: "b after a"},
		{Position: at("b.yaml", 1, 1), Message: "another file"},
	}
	rapid.Check(t, func(t *rapid.T) {
		mixed := connection.Problems(rapid.Permutation(sorted).Draw(t, "order"))
		mixed.Sort()
		if diff := cmp.Diff(sorted, mixed); diff != "" {
			t.Fatalf("problems are not sorted (-want +got):\n%s", diff)
		}
	})
}

func TestAProblemIsOneLine(t *testing.T) {
	for _, test := range []struct {
		name    string
		problem connection.Problem
		want    string
	}{
		{"all of it", connection.Problem{Position: at("a.yaml", 3, 5), Message: "it is wrong", Hint: "mend it"}, "a.yaml:3:5: it is wrong (mend it)"},
		{"without a hint", connection.Problem{Position: at("a.yaml", 3, 5), Message: "it is wrong"}, "a.yaml:3:5: it is wrong"},
		{"of a whole file", connection.Problem{Position: at("a.yaml", 0, 0), Message: "it is empty"}, "a.yaml: it is empty"},
		{"of no place", connection.Problem{Message: "it is wrong"}, "it is wrong"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.problem.Error(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestOnlyProblemsThatAreErrorsMakeAnError(t *testing.T) {
	warning := connection.Problem{Position: at("a.yaml", 1, 1), Severity: connection.SeverityWarning, Message: "hm"}
	late := connection.Problem{Position: at("a.yaml", 9, 1), Severity: connection.SeverityError, Message: "late"}
	early := connection.Problem{Position: at("a.yaml", 5, 1), Severity: connection.SeverityError, Message: "early"}
	if err := (connection.Problems{warning}).Err(); err != nil {
		t.Errorf("got error %v for a warning, want none", err)
	}
	if err := connection.Problems(nil).Err(); err != nil {
		t.Errorf("got error %v for no problem, want none", err)
	}
	err := connection.Problems{late, warning, early}.Err()
	if err == nil || err.Error() != "a.yaml:5:1: early\na.yaml:9:1: late" {
		t.Errorf("got error %v, want both errors and no warning", err)
	}
	var problems connection.Problems
	if !errors.As(err, &problems) || len(problems) != 2 {
		t.Errorf("got problems %v inside the error, want two", problems)
	}
}

func TestKeysAreOrderedBySpaceThenName(t *testing.T) {
	keys := []connection.Key{{Space: "B", Name: "a"}, {Space: "A", Name: "b"}, {Space: "A", Name: "B"}}
	slices.SortFunc(keys, connection.Key.Compare)
	want := []connection.Key{{Space: "A", Name: "B"}, {Space: "A", Name: "b"}, {Space: "B", Name: "a"}}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("the order of keys differs (-want +got):\n%s", diff)
	}
	if got := keys[0].String(); got != "A/B" {
		t.Errorf("got key %q, want A/B", got)
	}
}

func TestASpaceIsNamedAsAFileHasIt(t *testing.T) {
	for want, ref := range map[string]connection.SpaceRef{
		"Finance":   {Name: "Finance"},
		"{id: s-1}": {ID: "s-1"},
		"personal":  {Personal: true},
	} {
		if got := ref.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if end := (connection.MoveEnd{Space: ref, Name: "Orders"}); end.String() != want+"/Orders" {
			t.Errorf("got move end %q, want %q", end, want+"/Orders")
		}
		elsewhere := ref
		elsewhere.Position = at("a.yaml", 1, 1)
		if !ref.Same(elsewhere) || ref.Same(connection.SpaceRef{Name: "personal"}) {
			t.Errorf("%q is not itself, or something else", want)
		}
	}
}

func TestAConnectionWithoutPlacesIsNowhere(t *testing.T) {
	var d connection.Desired
	if got := d.PositionOf("/name"); got != (connection.Position{}) || got.String() != "" {
		t.Errorf("got position %v of a connection without places, want none", got)
	}
	d.At = func(path string) connection.Position { return at(path, 1, 2) }
	if got := d.PositionOf("/name").String(); got != "/name:1:2" {
		t.Errorf("got position %v, want /name:1:2", got)
	}
}
