package spec_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

func TestAProjectIsBoundedOverAllItsFiles(t *testing.T) {
	connections := func(number int, rest string) string {
		var text strings.Builder
		text.WriteString("version: 1\nconnections:\n")
		for i := range number {
			fmt.Fprintf(&text, "- {name: c%d%s}\n", i, rest)
		}
		return text.String()
	}
	comment := "version: 1\nconnections: []\n#" + strings.Repeat("x", 30<<20)
	tenants := "tenants:\n"
	for i := range 60 {
		tenants += fmt.Sprintf("  t%d: {url: \"sim:t.yaml\"}\n", i)
	}
	one := "tenants: {t: {url: \"sim:t.yaml\"}}\n"
	for name, test := range map[string]struct {
		project string
		files   map[string]string
		want    string
		raised  bool // try with twice the limit, which is enough
	}{
		"bytes":       {one, map[string]string{"a": comment, "b": comment, "c": comment}, "c.yaml: with this file, the project holds more than 67108864 bytes", true},
		"connections": {one, map[string]string{"a": connections(110_000, ""), "b": connections(110_000, "")}, "b.yaml: with this file, the project holds more than 200000 connections", false},
		"defaults": {one, map[string]string{
			"a": "defaults: {properties: {q: [" + strings.Repeat("1,", 900) + "1]}}\n" + connections(2000, ""),
			"b": "defaults: {properties: {q: [" + strings.Repeat("1,", 900) + "1]}}\n" + connections(2000, ""),
		}, "b.yaml: with this file, the project holds more than 3000000 values, with the defaults in each connection", true},
		"tenants": {tenants, map[string]string{"a": connections(17_000, "")}, "qlsync.yaml: 17000 connections for 60 tenants are more than 1000000", true},
		"entries": {one + "connections: [" + strings.Repeat("'**/a.yaml', ", 1500) + "a.yaml]\n", map[string]string{"a": connections(1, "")}, "qlsync.yaml: more than 1000 entries under connections", true},
		"marks":   {one, map[string]string{"a": "version: 1\nconnections: [" + strings.Repeat(",", 4<<20) + "]\n"}, "a.yaml: the file has more than 3145728 lines, commas, colons and brackets", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			project := "version: 1\nproject: acme\n" + test.project
			if !strings.Contains(project, "connections:") {
				project += "connections: ['*.yaml']\n"
			}
			files := map[string]string{"qlsync": project}
			for file, text := range test.files {
				files[file] = text
			}
			for file, text := range files {
				if err := os.WriteFile(file+".yaml", []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			said := func(options spec.Options) string {
				p, problems := options.LoadProject("qlsync.yaml")
				if p == nil {
					t.Fatal(problems)
				}
				_, more := p.Desired(&p.Tenants[0], nil)
				return spec.Collect(problems, more).Error()
			}
			if got := said(spec.Options{}); !strings.Contains(got, test.want) {
				t.Errorf("want %s, got %.500s", test.want, got)
			}
			if !test.raised {
				return
			}
			if got := said(spec.Options{RaiseLimits: 2}); strings.Contains(got, test.want) {
				t.Errorf("raised: %.500s", got)
			}
		})
	}
}

func TestAMessageIsShortWhateverItQuotes(t *testing.T) {
	long := connection.Problem{Message: strings.Repeat("é", 3<<20), Hint: strings.Repeat("x", 3<<20)}
	got := spec.Collect(connection.Problems{long})[0]
	if len(got.Message) > 4003 || len(got.Hint) > 4003 || !utf8.ValidString(got.Message) || !strings.HasSuffix(got.Message, "é...") {
		t.Errorf("%d and %d bytes", len(got.Message), len(got.Hint))
	}
}
