package spec_test

import (
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/spec"
)

func TestASyntaxErrorIsReportedWithItsLikelyCause(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"a colon in a value", "name: Sales: EU\n", "1:7: unquoted-colon"},
		{"a colon in a value, deeper", "a:\n  url: http://x: y\n", "2:8: unquoted-colon"},
		{"a tab for the first indentation", "a:\n\tb: 1\n", "2:1: tab-in-yaml"},
		{"a tab for the second indentation", "a:\n  b: 1\n\tc: 2\n", "3:1: tab-in-yaml"},
		{"a quote that nothing closes", "name: \"Orders\nspace: Finance\n", "1:7: unclosed-quote"},
		{"a quote that the next one closes", "name: \"Orders\nspace: \"Finance\"\nx: 1\n", "1:7: unclosed-quote"},
		{"an apostrophe in single quotes", "name: 'it's mine'\nspace: 1\n", "1:7: text-after-quote"},
		{"a quote in double quotes", "name: \"a \"b\" c\"\n", "1:7: text-after-quote"},
		{"a list without its end", "a: [1, 2\nb: 3\n", "1:4: unbalanced-brackets"},
		{"a list with two ends", "a: [a, b]]\n", "1:4: unbalanced-brackets"},
		{"a list without a comma", "a: [1 2\n", "1:4: unbalanced-brackets"},
		{"an entry below a value", "a: 1\n  b: 2\n", "2:3: wrong-indentation"},
		{"an entry between two depths", "connections:\n  - name: a\n    space: x\n   dataSource: y\n", "4:4: wrong-indentation"},
		{"an entry left of the first", "  a: 1\nb: 2\n", "2:1: wrong-indentation"},
		{"an item between two depths", "a:\n  - x\n - y\n", "3:2: wrong-indentation"},
		{"a template alone", "name: {{ .Values.x }}\n", "1:8: template-in-yaml"},
		{"a template with text", "name: {{ x }}-y\nz: 1\n", "1:7: template-in-yaml"},
		{"a template as a line", "{{ if }}\na: 1\n", "1:1: template-in-yaml"},
		{"no space after a colon", "connections:\n  - name:Orders\n    space: x\n", "2:3: key-without-colon"},
		{"no colon", "name: x\nfoo\n", "2:1: key-without-colon"},
		{"a value that begins with @", "a: @x\n", "1:4: reserved-character"},
		{"a value that begins with %", "a: %x\n", "1:4: reserved-character"},
		{"a value that is *", "a: *\n", "1:4: reserved-character"},
		{"a value that begins with >", "a: > text\n", "1:4: reserved-character"},
		{"a long key", "a: 1\n" + strings.Repeat("x", 1025) + ": 1\n", "2:1: long-key"},
		{"a list item after a key", "a: - b\n", "1:4: list-item-after-key"},
		{"a path in double quotes", "a: \"C:\\Users\"\n", "1:7: unknown-escape"},
		{"a conflict of Git", "a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n", "2:1: merge-conflict"},
		{"a file of git-crypt", "\x00GITCRYPT\x00abc", "1:1: file-in-git-crypt"},
		{"a pointer of Git LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 12\n", "1:1: file-in-lfs"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, problems := spec.ToJSON("f.yaml", []byte(test.text))
			if got, want := codes(problems), "f.yaml:"+test.want; got != want {
				t.Errorf("got problems %s, want %s", got, want)
			}
		})
	}
}

func TestASyntaxErrorQuotesNoValue(t *testing.T) {
	for _, line := range []string{
		"password: @canary", "password: *canary", "password: canary: canary", "password: 'canary", "password: \"canary\" canary", "password: {{ canary }}",
		"password: \"\\canary\"", "password: [canary", "password: - canary", "password:canary", "\tpassword: canary", "password: !canary x", "password: %canary",
	} {
		_, problems := spec.ToJSON("f.yaml", []byte("a: 1\n"+line+"\nb: 2\n"))
		if said := problems.Error() + codes(problems); len(problems) == 0 || strings.Contains(said, "canary") {
			t.Errorf("%s: got problems %s, want some that quote no value", line, said)
		}
	}
}

func TestANameThatEndsWhereACommentBeginsIsAWarning(t *testing.T) {
	inFolder(t, project+`
-- connections/a.yaml --
version: 1
connections:
  - name: Sales #1
    space: Finance # of the finance team
    tags: [a, "b #2", c #3
      ]
    dataSource: rest #4
  - name: "Sales #2"
    space: Sales #5
    dataSource: rest
`)
	sets, problems := readAll(t, nil)
	want := lines(`
		connections/a.yaml:3:11: comment-in-value (warning)
		connections/a.yaml:5:23: comment-in-value (warning)
		connections/a.yaml:9:12: comment-in-value (warning)`)
	if got := codes(problems); got != want || problems.Err() != nil {
		t.Errorf("got problems\n%s\nwant\n%s", got, want)
	}
	if name := sets[0].Connections[0].Name; name != "Sales" {
		t.Errorf("got the name %q, want Sales, as YAML reads it", name)
	}
}
