package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// sentence is a text of at least two words that a test looks for.
type sentence struct{ at, text string }

var (
	twoWords = regexp.MustCompile(`^[^<=\\]*[A-Za-z]{2,} [A-Za-z]{2,}[^<=\\]*$`) // and no markup, settings or patterns
	absence  = regexp.MustCompile(`(?m)^! (?:stdout|stderr|grep) '([^']+)'`)
)

// lookups are the functions whose last argument is a text to look for.
var lookups = map[string]bool{"Contains": true, "HasPrefix": true, "HasSuffix": true, "Count": true}

// TestSentencesThatTestsDependOnExist finds conditions that a reworded message has silently changed: a
// test that accepts something because of a sentence, or demands that a sentence is absent. The opposite,
// a test that fails without a sentence, needs no check.
func TestSentencesThatTestsDependOnExist(t *testing.T) {
	var product strings.Builder // and all goldens, which the product writes
	var needed []sentence
	for _, folder := range []string{"cmd", "internal", "pkg", "schemas", "test", "testdata"} {
		err := filepath.WalkDir(filepath.Join("..", "..", folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() && entry.Name() == "node_modules" {
				return filepath.SkipDir
			}
			isTest := strings.HasSuffix(path, "_test.go")
			if entry.IsDir() || !isTest && filepath.Ext(path) != ".go" && filepath.Ext(path) != ".txtar" && filepath.Ext(path) != ".html" && filepath.Ext(path) != ".txt" {
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			switch {
			case isTest:
				found, err := conditions(path, text)
				needed = append(needed, found...)
				return err
			case filepath.Ext(path) == ".txtar":
				for _, absent := range absence.FindAllSubmatch(text, -1) {
					if twoWords.Match(absent[1]) {
						needed = append(needed, sentence{path, string(absent[1])})
					}
				}
				text = absence.ReplaceAll(text, nil)
			}
			product.WriteString(strings.ReplaceAll(string(text), `\"`, `"`))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(needed) < 20 {
		t.Errorf("found %d sentences, want at least 20: have the folders moved?", len(needed))
	}
	for _, s := range needed {
		if strings.Contains(product.String(), s.text) {
			continue
		}
		t.Errorf("%s: nothing says %q any more, so this condition decides nothing", s.at, s.text)
	}
}

// conditions returns the sentences whose presence a Go file tests, other than to fail without them, and
// which no other part of the file has.
func conditions(path string, text []byte) ([]sentence, error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, path, text, 0)
	if err != nil {
		return nil, err
	}
	var found []sentence
	negated, looked, others := map[ast.Node]bool{}, map[ast.Node]bool{}, strings.Builder{}
	ast.Inspect(parsed, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.UnaryExpr:
			negated[node.X] = node.Op == token.NOT
		case *ast.CallExpr:
			function, ok := node.Fun.(*ast.SelectorExpr)
			if !ok || !lookups[function.Sel.Name] || len(node.Args) != 2 {
				break
			}
			literals := []ast.Expr{node.Args[1]}
			if converted, ok := node.Args[1].(*ast.CallExpr); ok && len(converted.Args) == 1 { // []byte("...")
				literals = converted.Args
			}
			if literal, ok := literals[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
				looked[literal] = true
				if value, err := strconv.Unquote(literal.Value); err == nil && !negated[node] && twoWords.MatchString(value) {
					found = append(found, sentence{files.Position(literal.Pos()).String(), strings.Trim(value, "\n")})
				}
			}
		case *ast.BasicLit:
			if value, err := strconv.Unquote(node.Value); node.Kind == token.STRING && err == nil && !looked[node] {
				others.WriteString(value + "\n")
			}
		}
		return true
	})
	kept := found[:0]
	for _, s := range found {
		if !strings.Contains(others.String(), s.text) {
			kept = append(kept, s)
		}
	}
	return kept, nil
}

func TestAConditionOnASentenceIsFound(t *testing.T) {
	found, err := conditions("a_test.go", []byte(`package a
var input = "a text of its own"
func f(s string) bool {
	return strings.Contains(s, "is reworded") || !strings.Contains(s, "fails without") || strings.HasPrefix(s, "a text") || bytes.Contains(b, []byte("of bytes")) || strings.Contains(s, "word")
}`))
	if err != nil || len(found) != 2 || found[0].text != "is reworded" || found[1].text != "of bytes" {
		t.Errorf("got %v and the error %v, want the two conditions that a rewording would change", found, err)
	}
}
