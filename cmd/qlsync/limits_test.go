package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/limits"
)

// TestTheDocumentedLimitsAreThoseOfTheTable demands each limit in docs/reference/security.md, in its line,
// and for each the test that goes over it.
func TestTheDocumentedLimitsAreThoseOfTheTable(t *testing.T) {
	text, err := os.ReadFile("../../docs/reference/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Limits\n")
	section, _, _ = strings.Cut(section, "\n## ")
	documented := map[string][]string{}
	for line := range strings.Lines(section) {
		if cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|"); len(cells) == 2 {
			documented[strings.TrimSpace(cells[0])] = strings.Split(strings.TrimSpace(cells[1]), "; ")
		}
	}
	tests := testsOf(t, "../..")
	for _, limit := range limits.Table {
		if !slices.Contains(documented[limit.Of], limit.String()) {
			t.Errorf("docs/reference/security.md, limits of %q: got %q, want %q among them", limit.Of, documented[limit.Of], limit)
		}
		if !slices.Contains(tests, limit.Test) {
			t.Errorf("%s, %s: the test %s does not exist", limit.Of, limit, limit.Test)
		}
	}
}
