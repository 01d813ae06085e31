package main

import (
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// helpers are the packages that know nothing of connections: ARCHITECTURE.md lists no import of them.
var helpers = []string{"guard", "jsonpointer", "jsontext", "limits", "words", "workdir"}

// TestTheTableOfThePackagesIsTrue compares the imports that ARCHITECTURE.md lists with those of the
// source files. A cell that begins with "most" is not compared.
func TestTheTableOfThePackagesIsTrue(t *testing.T) {
	text, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| (`[a-z]+[a-z/]*`.*?) \\| .* \\| (.*) \\|$")
	name := regexp.MustCompile("`([^`]+)`")
	compared := 0
	for _, cells := range row.FindAllStringSubmatch(string(text), -1) {
		for _, found := range name.FindAllStringSubmatch(cells[1], -1) {
			if info, err := os.Stat(filepath.Join("../..", found[1])); err != nil || !info.IsDir() || strings.HasPrefix(cells[2], "most") {
				continue // a row of another table, or one in words
			}
			compared++
			want := []string{}
			if said, _, _ := strings.Cut(cells[2], ", so "); said != "none" {
				want = strings.Split(strings.ReplaceAll(said, "`", ""), ", ")
			}
			slices.Sort(want)
			if got := importsOf(t, found[1]); !slices.Equal(got, want) {
				t.Errorf("%s imports %q, ARCHITECTURE.md lists %q", found[1], got, want)
			}
		}
	}
	if compared < 30 {
		t.Errorf("got %d packages in the table, want at least 30: has its form changed?", compared)
	}
}

// importsOf returns the packages of this module that a package imports, without its own subfolders
// and the helpers, by their last name.
func importsOf(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got no files of %s (%v)", folder, err)
	}
	imports := []string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range parsed.Imports {
			full, _ := strconv.Unquote(one.Path.Value)
			inside, ours := strings.CutPrefix(full, "github.com/qlsync/qlsync/")
			if last := path.Base(inside); ours && !strings.HasPrefix(inside, folder+"/") && !slices.Contains(helpers, last) && !slices.Contains(imports, last) {
				imports = append(imports, last)
			}
		}
	}
	slices.Sort(imports)
	return imports
}
