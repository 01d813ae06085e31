package plan_test

import (
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
