package report_test

import (
	"io"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// TestBlanksOfNamesAreShownInStepsAndWarnings as in the list of changes: a reader sees neither
// a blank at the end nor a second one.
func TestBlanksOfNamesAreShownInStepsAndWarnings(t *testing.T) {
	for name, want := range map[string]string{"Ledger ": `"Finance/Ledger "`, "Ledger  2": `Finance/Ledger \x202`} {
		k := key("Finance", name)
		p := newPlan([]plan.Change{{Action: plan.ActionUpdate, Connection: k, DataSource: "rest"}}, step("s1", connection.Patch, nil, k))
		p.Warnings = []plan.Warning{{Connection: &k, Reason: connection.Reason{Text: "look here"}}}
		text := print(t, func(w io.Writer) error { return report.Text{}.Plan(w, p) })
		if got := strings.Count(text, want); got != 2 {
			t.Errorf("%s is shown %d times in a step and a warning, want 2:\n%s", want, got, text)
		}
	}
}
