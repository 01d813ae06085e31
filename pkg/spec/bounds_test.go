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
		"bytes":                   {one, map[string]string{"a": comment, "b": comment, "c": comment}, "c.yaml: project-too-large limit=67108864 what=bytes", true},
		"connections":             {one, map[string]string{"a": connections(110_000, ""), "b": connections(110_000, "")}, "b.yaml: project-too-large limit=200000 what=connections", false},
		"connections of a tenant": {one, map[string]string{"a": connections(30_000, ""), "b": connections(30_000, "")}, "qlsync.yaml: too-many-connections limit=50000 tenant=t", true},
		"defaults": {one, map[string]string{
			"a": "defaults: {properties: {q: [" + strings.Repeat("1,", 900) + "1]}}\n" + connections(2000, ""),
			"b": "defaults: {properties: {q: [" + strings.Repeat("1,", 900) + "1]}}\n" + connections(2000, ""),
			"c": "defaults: {properties: {q: [" + strings.Repeat("1,", 900) + "1]}}\n" + connections(2000, ""),
		}, `c.yaml: project-too-large limit=4000000 what="values, with the defaults in each connection"`, true},
		"items of forEach": {one, map[string]string{
			"a": "connections:\n- {name: \"${each.value}\", forEach: [" + strings.Repeat("1,", 9_000) + "1], properties: {q: [" + strings.Repeat("1,", 500) + "1]}}\n",
		}, `a.yaml: project-too-large limit=4000000 what="values, with the defaults in each connection"`, false},
		"connections of forEach": {one, map[string]string{
			"a": "connections:\n" + strings.Repeat("- {name: \"${each.value}\", forEach: ["+strings.Repeat("1,", 19_000)+"1]}\n", 11),
		}, "a.yaml: project-too-large limit=200000 what=connections", false},
		"tenants": {tenants, map[string]string{"a": connections(17_000, "")}, "qlsync.yaml: too-many-declared connections=17000 limit=1000000 tenants=60", true},
		"entries": {one + "connections: [" + strings.Repeat("'**/a.yaml', ", 1500) + "a.yaml]\n", map[string]string{"a": connections(1, "")}, "qlsync.yaml: too-many-entries limit=1000", true},
		"marks":   {one, map[string]string{"a": "version: 1\nconnections: [" + strings.Repeat(",", 4<<20) + "]\n"}, "a.yaml: too-many-marks limit=3145728", false},
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
					t.Fatalf("got no project, want one: %v", problems)
				}
				_, more := p.Desired(&p.Tenants[0], nil)
				return codes(spec.Collect(problems, more))
			}
			if got := said(spec.Options{}); !strings.Contains(got, test.want) {
				t.Errorf("want %s, got %.500s", test.want, got)
			}
			if !test.raised {
				return
			}
			if got := said(spec.Options{RaiseLimits: 2}); strings.Contains(got, test.want) {
				t.Errorf("got %.500s with raised limits, want no %q", got, test.want)
			}
		})
	}
}

func TestAMessageIsShortWithAnyQuotation(t *testing.T) {
	long := connection.Problem{Message: strings.Repeat("é", 3<<20), Hint: strings.Repeat("x", 3<<20), Args: map[string]any{"name": strings.Repeat("é", 3<<20)}}
	got := spec.Collect(connection.Problems{long})[0]
	if len(got.Message) > 4003 || len(got.Hint) > 4003 || !utf8.ValidString(got.Message) || !strings.HasSuffix(got.Message, "é...") {
		t.Errorf("got a message of %d bytes and a hint of %d, want both cut to 4003 bytes of whole characters", len(got.Message), len(got.Hint))
	}
	if name := got.Args["name"].(string); len(name) > 4003 || len(long.Args["name"].(string)) != 6<<20 {
		t.Errorf("got an argument of %d bytes, want it cut to 4003 bytes, and the given one as it was", len(name))
	}
}

func TestTheLimitsOfAProjectAreRaised(t *testing.T) {
	one := "version: 1\nconnections: [{name: a, space: S, dataSource: rest}]\n"
	many := func(number int, format string) string {
		var text strings.Builder
		for i := range number {
			fmt.Fprintf(&text, format, i)
		}
		return text.String()
	}
	patterns := "connections: [" + strings.Repeat("'f/*.yaml', ", 900) + "]\n"
	for name, test := range map[string]struct {
		project string
		files   map[string]string
		empty   int // files in the folder f
		want    string
		slow    bool // under twice the limit: shares its code with the others
	}{
		"texts with variables": {
			"variables: {big: " + strings.Repeat("x", 1_000_000) + "}\nconnections: [a.yaml]\n",
			map[string]string{"a.yaml": "version: 1\nconnections: [" + many(70, "{name: c%d, space: S, dataSource: rest, properties: {p: '${var.big}'}}, ") + "]\n"},
			0,
			`variables-too-large limit="64 MiB"`, false,
		},
		"moved blocks": {
			"connections: [a.yaml, b.yaml]\n",
			map[string]string{
				"a.yaml": one + "moved:\n" + many(120_000, "- {from: {space: S, name: m%[1]d}, to: {space: S, name: n%[1]d}}\n"),
				"b.yaml": "version: 1\nconnections: []\nmoved:\n" + many(120_000, "- {from: {space: T, name: m%[1]d}, to: {space: T, name: n%[1]d}}\n"),
			},
			0,
			`b.yaml: project-too-large limit=200000 what="moved blocks"`, true,
		},
		"files":          {"connections: ['f/*.yaml']\n", nil, 50_001, "too-many-files limit=50000", true},
		"looks at files": {patterns, nil, 600, "too-many-places limit=500000", false},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && test.empty > 1000 {
				t.Skip("makes many files")
			}
			t.Chdir(t.TempDir())
			if err := os.Mkdir("f", 0o700); err != nil {
				t.Fatal(err)
			}
			files := map[string]string{"qlsync.yaml": "version: 1\nproject: acme\ntenants: {t: {url: 'sim:t.yaml'}}\n" + test.project}
			for file, text := range test.files {
				files[file] = text
			}
			for i := range test.empty {
				files[fmt.Sprintf("f/%d.yaml", i)] = "version: 1\nconnections: []\n"
			}
			for file, text := range files {
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			said := func(options spec.Options) string {
				p, problems := options.LoadProject("qlsync.yaml")
				if p == nil {
					t.Fatalf("got no project with raised limits, want one: %v", problems)
				}
				_, more := p.Desired(&p.Tenants[0], nil)
				return codes(spec.Collect(problems, more))
			}
			if got := said(spec.Options{}); !strings.Contains(got, test.want) {
				t.Errorf("got %.500s, want %s", got, test.want)
			}
			if test.slow {
				return
			}
			if got := said(spec.Options{RaiseLimits: 2}); strings.Contains(got, test.want) {
				t.Errorf("under twice the limit: got %.500s, want nothing about a limit", got)
			}
		})
	}
}
