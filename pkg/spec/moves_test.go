package spec_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
)

// TestThousandsOfMovesThatLeadNowhere: blocks may stay in the files forever, so each is
// reported, with a suggestion as long as the search takes no time.
func TestThousandsOfMovesThatLeadNowhere(t *testing.T) {
	var file strings.Builder
	file.WriteString("version: 1\ndefaults: {space: S, dataSource: x}\nconnections:\n")
	for i := range 2000 {
		fmt.Fprintf(&file, "- name: c%d\n", i)
	}
	file.WriteString("moved:\n")
	for i := range 600 {
		fmt.Fprintf(&file, "- {from: {space: S, name: old%d}, to: {space: S, name: cc%d}}\n", i, i)
	}
	inFolder(t, project+"\n-- connections/a.yaml --\n"+file.String())
	_, problems := readAll(t, nil)
	if len(problems) != 600 || problems[0].Severity != connection.SeverityWarning {
		t.Fatalf("got %d problems, want 600 warnings: %v", len(problems), problems)
	}
	for i, suggested := range map[int]bool{0: true, 499: true, 500: false, 599: false} {
		if (problems[i].Code == "move-to-misspelt") != suggested {
			t.Errorf("block %d: got %s, want a suggestion: %v", i, problems[i].Code, suggested)
		}
	}
}

func TestAMoveIsForTheTenantsThatItNames(t *testing.T) {
	inFolder(t, `
-- qlsync.yaml --
version: 1
project: acme
connections: [connections/*.yaml]
tenants: {eu: {url: "https://eu.example"}, us: {url: "https://us.example"}}
-- connections/a.yaml --
version: 1
connections: [{name: CRM, space: Prod, dataSource: rest}]
moved:
  - {from: {space: Staging, name: CRM}, to: {space: Prod, name: CRM}, tenants: [eu]}
  - {from: {space: Staging, name: CRM}, to: {space: Prod, name: Other}, tenants: [us]}
  - {from: {space: Old, name: CRM}, to: {space: Prod, name: CRM}, tenants: [uk]}
`)
	sets, problems := readAll(t, nil)
	if text := codes(problems); !strings.Contains(text, "unknown-tenant meant=us tenant=uk") || strings.Contains(text, "moved-twice") {
		t.Errorf("got problems\n%s\nwant the unknown tenant and no connection that is moved twice", text)
	}
	for i, want := range []string{"CRM", "Other"} {
		if moves := sets[i].Moves; len(moves) != 1 || moves[0].To.Name != want || spaceNames(sets[i].OnlyMoves) != "Staging" {
			t.Errorf("set %d: moves %v, only in moves: %s", i, moves, spaceNames(sets[i].OnlyMoves))
		}
	}
}
