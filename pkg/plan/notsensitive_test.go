package plan_test

import (
	"testing"

	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// TestNoOperationLiftsANameBeforeItsValueIsWritten: a run may end after any operation.
func TestNoOperationLiftsANameBeforeItsValueIsWritten(t *testing.T) {
	w := newWorld()
	w.declare("A", "x", func(d *connection.Desired) {
		d.Owner, d.Credentials, d.NotSensitive = "bo@example.com", secretRef("P"), []string{"path"}
	})
	w.hold("A", "x", func(l *connection.Live) { l.Properties["path"] = connection.NewSecret("canary") })
	p, problems := plan.Make(w.input())
	if problems.Err() != nil {
		t.Fatalf("got problems %v, want none", problems)
	}
	written, marks := false, 0
	for _, step := range p.Steps {
		for _, item := range step.Items {
			op := item.Operation
			written = written || op.Set["path"] != nil
			if op.Record == nil {
				continue
			}
			marks++
			if lifts := op.Record.Lifts(project, "path"); lifts != written {
				t.Errorf("operation %d (%s): got lifted %v, want %v: the name is lifted with its value", marks, op.Kind, lifts, written)
			}
		}
	}
	if !written || marks < 2 {
		t.Errorf("%d marks are written, and the value: %v", marks, written)
	}
}

func TestWhereNothingCanBeRecordedNothingCanBeLifted(t *testing.T) {
	w := newWorld()
	w.snapshot.Capabilities.NoRecords, w.rules = true, exactly{apinizer.Rules{}}
	w.declare("A", "x", func(d *connection.Desired) { d.NotSensitive = []string{"path"} })
	_, problems := plan.Make(w.input())
	want := `a.yaml:1:3: not-sensitive-unmarked`
	if got := problems.Error(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
