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
	const number = "different programs read this as different numbers (write plain decimal digits without leading zeros, or quote it if it is text)"
	for _, test := range []struct{ name, text, want string }{
		{"an empty file", "", "f.yaml:1:1: the file is empty (remove it if there is nothing to declare)"},
		{"a file of comments", "# nothing\n", "f.yaml:1:1: the file holds nothing but comments (remove it if there is nothing to declare)"},
		{"a head that names another YAML", "%YAML 2.0\n---\na: 1\n", "f.yaml:1:1: not valid YAML near line 1: found incompatible YAML document (remove the line that begins with %YAML)"},
		{"UTF-16", "\xff\xfea\x00:\x00", "f.yaml:1:1: the file is in UTF-16 (save it as UTF-8; in Windows PowerShell, use Out-File -Encoding utf8 instead of >)"},
		{"UTF-16 of the other order, without a mark", "\x00a\x00:", "f.yaml:1:1: the file is in UTF-16 (save it as UTF-8; in Windows PowerShell, use Out-File -Encoding utf8 instead of >)"},
		{"Latin-1", "a: 1\nb: ü \xfc\n", "f.yaml:2:6: the file is not in UTF-8 from here on (save it as UTF-8)"},
		{"line ends of an old Macintosh", "a: 1\r\nb: 2 # none: \rc: 3\n", "f.yaml:2:14: a line end that most programs do not show as one: what looks like a comment may be read (end lines as Linux or Windows do, with LF or CRLF)"},
		{"a control character", "a: 1\nb: \"\x1b[31m\"", `f.yaml:2:5: a control character (leave it out, or write it as an escape in double quotes: "\x1b")`},
		{"a syntax error", "a: [1\nb: 2\n", "f.yaml:1:1: not valid YAML near line 1: did not find expected ',' or ']'"},
		{"a tab as indentation", "a:\n\tb: 1\n", "f.yaml:2:1: not valid YAML near line 2: found character that cannot start any token"},
		{"an unknown anchor", "a: 1\nb: ü *c\nd: *nope\n", "f.yaml:3:4: unknown anchor"},
		{"a second document", "a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document begins here (a file holds one document: remove the line ---)"},
		{"a duplicate key", "a: 1\nb: {c: 1, c: 2}\na: 3\n", "f.yaml:2:11: the key \"c\" is written twice (first on line 2)\nf.yaml:3:1: the key \"a\" is written twice (first on line 1)"},
		{"keys that are no text", "1: a\ntrue: b\n~: c\n[x]: d\n", "f.yaml:1:1: a key must be text (put it in quotes)\nf.yaml:2:1: a key must be text (put it in quotes)\n" +
			"f.yaml:3:1: a key must be text (put it in quotes)\nf.yaml:4:1: a key must be text, not a list, a map or an alias"},
		{"numbers that are read in several ways", "[0755, 0x1F, 1_000, +5, .5, 08]", strings.Join([]string{
			"f.yaml:1:2: " + number, "f.yaml:1:8: " + number, "f.yaml:1:14: " + number,
			"f.yaml:1:21: " + number, "f.yaml:1:25: " + number, "f.yaml:1:29: " + number,
		}, "\n")},
		{"what is no number", "a: .nan\nb: -.inf", "f.yaml:1:4: " + number + "\nf.yaml:2:4: " + number},
		{"numbers without measure", "a: 1e-5000000\nb: 1e-400\nc: 1e5000000\nd: " + strings.Repeat("9", 500), "f.yaml:1:4: the number is too large or too small (quote it if it is text)\nf.yaml:2:4: the number is too large or too small (quote it if it is text)\nf.yaml:3:4: the number is too large or too small (quote it if it is text)\nf.yaml:4:4: the number is too large or too small (quote it if it is text)"},
		{"tags", "a: !secret foo\nb: !!binary Zm9v\nc: !!set {x}\nd: !!int 5", "f.yaml:1:4: a tag that is not supported (put it in quotes if it is text)\nf.yaml:2:4: a tag that is not supported (put it in quotes if it is text)\n" +
			"f.yaml:3:4: a tag that is not supported (put it in quotes if it is text)\nf.yaml:4:4: a tag that is not supported (put it in quotes if it is text)"},
		{"a value within itself", "a: &a [b, *a]", `f.yaml:1:11: the alias "a" refers to the value that contains it`},
		{"a merge of something else", "a: {<<: 1}", "f.yaml:1:9: << must name a map, or a list of maps"},
		{"too deep", strings.Repeat("[", 70) + strings.Repeat("]", 70), "f.yaml:1:66: maps and lists are nested more than 64 deep (is a closing bracket missing?)"},
		{"too deep for the library", strings.Repeat("[", 20_000), "f.yaml:1:1: maps and lists are nested more than 64 deep (is a closing bracket missing?)"},
		{"too deep by aliases", "a: &a " + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "\nb: " + strings.Repeat("[", 30) + "*a" + strings.Repeat("]", 30), "f.yaml:2:34: maps and lists are nested more than 64 deep (is a closing bracket missing?)"},
		{"a text of megabytes", "a: 1\nb: " + strings.Repeat("x", 10<<20), "f.yaml:2:4: a text is longer than 1048576 bytes (put it in a file of its own)"},
		{"a key of megabytes", "? " + strings.Repeat("x", 2<<20) + "\n: 1", "f.yaml:1:3: a text is longer than 1048576 bytes"},
		{"a file of many megabytes", strings.Repeat("a: 1\n", 7<<20), "f.yaml: the file is larger than 32 MiB (split it)"},
		{"an entry without end", "a:\n- b: [" + strings.Repeat("x,", 20_000) + "]\n- [" + strings.Repeat("x,", 19_999) + "]", "f.yaml:2:3: a single entry holds more than 20000 values (split it)"},
		{"a map without end", "a: {" + manyKeys(1001) + "}", "f.yaml:1:4: a map has more than 1000 entries (remove entries)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, problems := spec.ToJSON("f.yaml", []byte(test.text))
			if diff := cmp.Diff(test.want, problems.Error()); diff != "" {
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
	if len(problems) != 1 || !strings.Contains(problems.Error(), "the file holds more than 2097152 values (split it, or use fewer aliases)") {
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
		want := "connections/a.yaml:2:11: with the defaults in each of its connections, the file holds more than 2097152 values (split it, or declare less under defaults)"
		if got := problems[0].Error(); (got == want) != refused || refused && len(problems) > 1 {
			t.Errorf("%d connections: got problems %v, want a refusal: %v", connections, problems, refused)
		}
	}
}

// TestLongTextsThatAreUsedAgainCountAsMany: each may become part of a message.
func TestLongTextsThatAreUsedAgainCountAsMany(t *testing.T) {
	long := strings.Repeat("x", 1_000_000)
	for text, want := range map[string]string{
		"a: &a " + long + "\nb: [" + strings.Repeat("*a, ", 150) + "]\n": "f.yaml:2:541: the file holds more than 2097152 values (split it, or use fewer aliases)",
		"a: &a " + long + "\nb: [" + strings.Repeat("*a, ", 120) + "]\n": "",
	} {
		if _, problems := spec.ToJSON("f.yaml", []byte(text)); problems.Error() != want {
			t.Errorf("got problems %v, want %s", problems, want)
		}
	}
	inFolder(t, project+"-- connections/a.yaml --\nversion: 1\ndefaults: {dataSource: d, space: "+long+"}\nconnections:\n"+strings.Repeat("- {name: n}\n", 150))
	if _, problems := readAll(t, nil); len(problems) != 1 || !strings.Contains(problems.Error(), "with the defaults in each of its connections") {
		t.Errorf("got %d problems, want one about the defaults in each connection", len(problems))
	}
}

func TestVariablesOfVeryMuchAreRefusedWithPlace(t *testing.T) {
	big := strings.Repeat("x", 1_000_000)
	inFolder(t, strings.Replace(project, "stage: dev", "stage: dev, big: "+big, 1)+"-- connections/a.yaml --\nversion: 1\ndefaults: {space: S, dataSource: d}\nconnections:\n"+
		"- {name: a, properties: {p: \""+strings.Repeat("${var.big}", 60)+"\", q: \""+strings.Repeat("${var.big}", 10)+"\"}}\n- {name: b, properties: {p: \"${var.big}\"}}\n")
	_, problems := readAll(t, nil)
	at := strings.Repeat("${var.big}", 60)
	want := fmt.Sprintf("connections/a.yaml:4:%d: with variables filled in, the project is larger than 64 MiB for this tenant (use shorter variables, use them less often, or raise the limits with --raise-limits N)", len(`- {name: a, properties: {p: "`+at+`", q: `)+1)
	if got := problems.Error(); got != want {
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
