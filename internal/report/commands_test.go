package report_test

import (
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/report"
)

func TestNextCommandsArePastedWithoutEditing(t *testing.T) {
	next := func(commands ...string) string {
		var text strings.Builder
		if err := (report.Text{}).NextCommands(&text, "Next:", commands...); err != nil {
			t.Fatalf("cannot write the commands %q: %v", commands, err)
		}
		return text.String()
	}
	got := next("qlsync plan", "qlsync apply")
	if want := "Next:\n  qlsync plan\n  qlsync apply\n"; got != want {
		t.Errorf("NextCommands writes %q, want one command on each line and nothing behind it: %q", got, want)
	}
	if hostile := next("qlsync plan -t 'a\nrm -rf x'"); strings.Count(hostile, "\n") != 2 {
		t.Errorf("a line break in a name gets lines of its own: %q", hostile)
	}
}
