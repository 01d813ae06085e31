package plan_test

import (
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// What an id or a name is good for, only the service knows.
func TestTheWarningOfARecreateSaysWhatTheServiceSays(t *testing.T) {
	for name, test := range map[string]struct{ recreated, want string }{
		"a service that says it": {"the pipe is laid again", "it is recreated: the pipe is laid again"},
		"a snapshot of before":   {"", "it is recreated"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.policy.Update = connection.UpdateRecreate
			w.snapshot.Traits.Recreated = test.recreated
			w.declare("A", "x", func(d *connection.Desired) { d.Properties["path"] = "/new" })
			w.hold("A", "x")
			p, problems := plan.Make(w.input())
			if problems.Err() != nil {
				t.Fatal(problems)
			}
			if len(p.Warnings) != 1 || p.Warnings[0].Message != test.want {
				t.Errorf("got the warnings %+v, want one that says %q", p.Warnings, test.want)
			}
		})
	}
}
