package plan_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestThePlannerHoldsNoFactAboutAService: such a fact belongs in the rules of a provider, with its
// words. The vocabulary of package connection is allowed.
func TestThePlannerHoldsNoFactAboutAService(t *testing.T) {
	facts := regexp.MustCompile(`(?i:qlik[ _-]?cloud|apinizer|tenant ?admin|admin role|bulk|\bhosts?\b|gateway|deploy|oauth|api-specs|` +
		`swaps?\b|personal space|replaces the whole|tags? limit|may not (change|move)|only the owner|id changes)|` +
		`HostProperties|Patchable|Whole\b|Trial\b|Untagged|TagLimit|MaxTags`)
	var files []string
	for room, atLeast := range map[string]int{".": 20, "../../internal/targets": 5, "../../internal/match": 5, "../../internal/compare": 2} {
		found, err := filepath.Glob(filepath.Join(filepath.FromSlash(room), "*.go"))
		if err != nil || len(found) < atLeast {
			t.Fatalf("found %d files in %s, %v; want those of the package", len(found), room, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if found := facts.FindString(line); found != "" {
				t.Errorf("%s:%d says %q, which is a fact about a service: let its provider say it\n\t%s", file, i+1, found, strings.TrimSpace(line))
			}
		}
	}
}

// TestThePlannerHoldsNoSentence looks for three words in a row in the texts of the planner: a reason
// is a code, and package report has the sentences.
func TestThePlannerHoldsNoSentence(t *testing.T) {
	sentence := regexp.MustCompile(`\b[a-z]+ [a-z]+ [a-z]+\b`)
	texts := 0
	for _, folder := range []string{".", "../../internal/match", "../../internal/targets", "../../internal/compare"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: found no files (%v)", folder, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
					texts++
					if found := sentence.FindString(text.Value); found != "" {
						t.Errorf("%s says %q: make it a message of a code", file, found)
					}
				}
				return true
			})
		}
	}
	if texts < 200 {
		t.Errorf("found %d texts, want those of the planner", texts)
	}
}
