package spec_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/spec"
)

func TestYAMLBecomesJSON(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"scalars have the types that they look like", "a: 1\nb: true\nc: ~\nd: text\ne: 1.10\nf: -2e3", `{"a":1,"b":true,"c":null,"d":"text","e":1.10,"f":-2e3}`},
		{"a large whole number keeps its digits", "a: 123456789012345678901234567890", `{"a":123456789012345678901234567890}`},
		{"yes, no, on and off are text", "[yes, no, on, off, y]", `["yes","no","on","off","y"]`},
		{"an unquoted date is text", "a: 2024-01-31\n2024-02-01: b", `{"2024-02-01":"b","a":"2024-01-31"}`},
		{"a tag may say that something is text", "a: !!str 012", `{"a":"012"}`},
		{"quoted numbers are text", `a: "012"`, `{"a":"012"}`},
		{"an alias has the value of its anchor", "a: &x {b: 1}\nc: *x", `{"a":{"b":1},"c":{"b":1}}`},
		{"an anchor may be used again", "a: &x 1\nb: *x\nc: &x 2\nd: *x", `{"a":1,"b":1,"c":2,"d":2}`},
		{"a written key wins over a merged one in any order", "a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}\ne: {b: 4, <<: *x}", `{"a":{"b":1,"c":2},"d":{"b":3,"c":2},"e":{"b":4,"c":2}}`},
		{"the first of several merged maps wins", "a: &x {b: 1}\nc: &y {b: 2, d: 3}\ne: {<<: [*x, *y]}", `{"a":{"b":1},"c":{"b":2,"d":3},"e":{"b":1,"d":3}}`},
		{"a quoted << is a key", `{"<<": 1}`, `{"\u003c\u003c":1}`},
		{"a head that names YAML 1.2", "# 1.2\n\n%YAML 1.2\n---\na: yes", `{"a":"yes"}`},
		{"what looks like that head elsewhere", "a: |\n  %YAML 1.2\n", `{"a":"%YAML 1.2\n"}`},
		{"a byte order mark and Windows line ends do not matter", "\ufeffa: 1\r\nb: 2\r\n", `{"a":1,"b":2}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, problems := spec.ToJSON("f.yaml", []byte(test.text))
			if len(problems) > 0 {
				t.Fatalf("got problems %v, want none", problems)
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Errorf("the JSON differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestYAMLThatIsRefused(t *testing.T) {
	const number = "ambiguous-number"
	for _, test := range []struct{ name, text, want string }{
		{"an empty file", "", "f.yaml:1:1: empty-file"},
		{"a file of comments", "# nothing\n", "f.yaml:1:1: only-comments"},
		{"a head that names another YAML", "%YAML 2.0\n---\na: 1\n", "f.yaml:1:1: yaml-version"},
		{"UTF-16", "\xff\xfea\x00:\x00", "f.yaml:1:1: file-in-utf16"},
		{"UTF-16 of the other order, without a mark", "\x00a\x00:", "f.yaml:1:1: file-in-utf16"},
		{"Latin-1", "a: 1\nb: ü \xfc\n", "f.yaml:2:6: not-utf8"},
		{"line ends of an old Macintosh", "a: 1\r\nb: 2 # none: \rc: 3\n", "f.yaml:2:14: unseen-line-end"},
		{"a control character", "a: 1\nb: \"\x1b[31m\"", `f.yaml:2:5: control-character`},
		{"a syntax error", "a: [1\nb: 2\n", "f.yaml:1:4: unbalanced-brackets"},
		{"a tab as indentation", "a:\n\tb: 1\n", "f.yaml:2:1: tab-in-yaml"},
		{"an unknown anchor", "a: 1\nb: ü *c\nd: *nope\n", "f.yaml:3:4: unknown-anchor"},
		{"a second document", "a: 1\n---\nb: 2\n", "f.yaml:2:1: second-document"},
		{"a duplicate key", "a: 1\nb: {c: 1, c: 2}\na: 3\n", "f.yaml:2:11: duplicate-key key=c line=2\nf.yaml:3:1: duplicate-key key=a line=1"},
		{"keys that are no text", "1: a\ntrue: b\n~: c\n[x]: d\n", "f.yaml:1:1: key-not-text\nf.yaml:2:1: key-not-text\n" +
			"f.yaml:3:1: key-not-text\nf.yaml:4:1: key-not-text"},
		{"numbers that are read in several ways", "[0755, 0x1F, 1_000, +5, .5, 08]", strings.Join([]string{
			"f.yaml:1:2: " + number, "f.yaml:1:8: " + number, "f.yaml:1:14: " + number,
			"f.yaml:1:21: " + number, "f.yaml:1:25: " + number, "f.yaml:1:29: " + number,
		}, "\n")},
		{"what is no number", "a: .nan\nb: -.inf", "f.yaml:1:4: " + number + "\nf.yaml:2:4: " + number},
		{"numbers without measure", "a: 1e-5000000\nb: 1e-400\nc: 1e5000000\nd: " + strings.Repeat("9", 500), "f.yaml:1:4: number-out-of-range\nf.yaml:2:4: number-out-of-range\nf.yaml:3:4: number-out-of-range\nf.yaml:4:4: number-out-of-range"},
		{"tags", "a: !secret foo\nb: !!binary Zm9v\nc: !!set {x}\nd: !!int 5", "f.yaml:1:4: unsupported-tag\nf.yaml:2:4: unsupported-tag\n" +
			"f.yaml:3:4: unsupported-tag\nf.yaml:4:4: unsupported-tag"},
		{"a value within itself", "a: &a [b, *a]", `f.yaml:1:11: alias-of-itself alias=a`},
		{"a merge of something else", "a: {<<: 1}", "f.yaml:1:9: bad-merge"},
		{"too deep", strings.Repeat("[", 70) + strings.Repeat("]", 70), "f.yaml:1:66: too-deep limit=64"},
		{"too deep for the library", strings.Repeat("[", 20_000), "f.yaml:1:1: too-deep limit=64"},
		{"too deep by aliases", "a: &a " + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "\nb: " + strings.Repeat("[", 30) + "*a" + strings.Repeat("]", 30), "f.yaml:2:34: too-deep limit=64"},
		{"a text of megabytes", "a: 1\nb: " + strings.Repeat("x", 10<<20), "f.yaml:2:4: text-too-long limit=1048576"},
		{"a key of megabytes", "? " + strings.Repeat("x", 2<<20) + "\n: 1", "f.yaml:1:3: text-too-long limit=1048576"},
		{"a file of many megabytes", strings.Repeat("a: 1\n", 7<<20), "f.yaml: file-too-large limit=\"32 MiB\""},
		{"an entry without end", "a:\n- b: [" + strings.Repeat("x,", 20_000) + "]\n- [" + strings.Repeat("x,", 19_999) + "]", "f.yaml:2:3: entry-too-large limit=20000"},
		{"a map without end", "a: {" + manyKeys(1001) + "}", "f.yaml:1:4: map-too-large limit=1000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, problems := spec.ToJSON("f.yaml", []byte(test.text))
			if diff := cmp.Diff(test.want, codes(problems)); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

func manyKeys(n int) string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("k%d: 1", i)
	}
	return strings.Join(keys, ", ")
}

func TestAnAliasBombIsRefusedAtOnce(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 20; i++ {
		alias := fmt.Sprintf("*a%d", i-1)
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i, i, strings.Join([]string{alias, alias, alias, alias, alias, alias, alias, alias, alias}, ", "))
	}
	begin := time.Now()
	_, problems := spec.ToJSON("f.yaml", []byte(bomb.String()))
	if len(problems) != 1 || problems[0].Code != "too-many-values" {
		t.Errorf("got problems %v, want one: more values than the limit", problems)
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("took %s to refuse the aliases, want at most 2s", took)
	}
}

// TestDefaultsOfVeryMuchAreRefusedWithPlace: a small file could expand to gigabytes.
func TestDefaultsOfVeryMuchAreRefusedWithPlace(t *testing.T) {
	items := strings.Repeat("x,", 19_000)
	for connections, refused := range map[int]bool{100: false, 120: true} {
		inFolder(t, project+"-- connections/a.yaml --\nversion: 1\ndefaults: {space: S, dataSource: d, properties: {p: ["+items+"]}}\nconnections:\n"+
			strings.Repeat("- {name: n, tenants: [demo]}\n", connections))
		_, problems := readAll(t, nil)
		want := "connections/a.yaml:2:11: defaults-too-large limit=2097152"
		if got := codes(problems[:1]); (got == want) != refused || refused && len(problems) > 1 {
			t.Errorf("%d connections: got problems %v, want a refusal: %v", connections, problems, refused)
		}
	}
}

// TestLongTextsThatAreUsedAgainCountAsMany: each may become part of a message.
func TestLongTextsThatAreUsedAgainCountAsMany(t *testing.T) {
	long := strings.Repeat("x", 1_000_000)
	for text, want := range map[string]string{
		"a: &a " + long + "\nb: [" + strings.Repeat("*a, ", 150) + "]\n": "f.yaml:2:541: too-many-values limit=2097152",
		"a: &a " + long + "\nb: [" + strings.Repeat("*a, ", 120) + "]\n": "",
	} {
		if _, problems := spec.ToJSON("f.yaml", []byte(text)); codes(problems) != want {
			t.Errorf("got problems %v, want %s", problems, want)
		}
	}
	inFolder(t, project+"-- connections/a.yaml --\nversion: 1\ndefaults: {dataSource: d, space: "+long+"}\nconnections:\n"+strings.Repeat("- {name: n}\n", 150))
	if _, problems := readAll(t, nil); len(problems) != 1 || problems[0].Code != "defaults-too-large" {
		t.Errorf("got %d problems, want one about the defaults in each connection", len(problems))
	}
}

func TestVariablesOfVeryMuchAreRefusedWithPlace(t *testing.T) {
	big := strings.Repeat("x", 1_000_000)
	inFolder(t, strings.Replace(project, "stage: dev", "stage: dev, big: "+big, 1)+"-- connections/a.yaml --\nversion: 1\ndefaults: {space: S, dataSource: d}\nconnections:\n"+
		"- {name: a, properties: {p: \""+strings.Repeat("${var.big}", 60)+"\", q: \""+strings.Repeat("${var.big}", 10)+"\"}}\n- {name: b, properties: {p: \"${var.big}\"}}\n")
	_, problems := readAll(t, nil)
	at := strings.Repeat("${var.big}", 60)
	want := fmt.Sprintf(`connections/a.yaml:4:%d: variables-too-large limit="64 MiB"`, len(`- {name: a, properties: {p: "`+at+`", q: `)+1)
	if got := codes(problems); got != want {
		t.Errorf("got problems %s, want %s", got, want)
	}
}

func FuzzToJSON(f *testing.F) {
	for _, seed := range []string{
		"a: 1", "- a\n- b: &x {c: d}\n- *x", "a: &a [*a]", "{<<: {a: 1}, b: |\n  text}", "!!str 1", "a: 'b", "? a\n: b", "---\n---\n", "\ufeff# c\n", "a: 0x_1",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		encoded, problems := spec.ToJSON("f.yaml", text)
		if (encoded == nil) != (len(problems) > 0) {
			t.Fatalf("encoded %q with problems %v", encoded, problems)
		}
		if encoded == nil {
			return
		}
		again, problems := spec.ToJSON("f.yaml", encoded)
		if len(problems) > 0 || string(again) != string(encoded) {
			t.Fatalf("%q became %q, and that %q (%v)", text, encoded, again, problems)
		}
	})
}
