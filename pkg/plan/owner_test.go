package plan_test

import (
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// TestAPlanSaysWhereItDoesNotKnowTheOwner declares an owner where the service names none. A plan
// says nothing of a connection without an owner, or where the owner does not count.
func TestAPlanSaysWhereItDoesNotKnowTheOwner(t *testing.T) {
	for name, c := range map[string]struct {
		live  func(*connection.Live)
		files func(*connection.Desired)
		warns bool
	}{
		"not told":          {live: func(*connection.Live) {}, warns: true},
		"of the owner":      {live: func(l *connection.Live) { l.OwnerID = "u-bo" }},
		"nobody's":          {live: func(l *connection.Live) { l.Ownerless = true }},
		"not told, ignored": {live: func(*connection.Live) {}, files: func(d *connection.Desired) { d.Lifecycle.IgnoreChanges = []string{"owner"} }},
		"not told, recorded for the owner": {live: func(l *connection.Live) {
			l.HasCredentials, l.Record.Credentials = true, connection.CredentialsRecord(0, secretRef("P"), "u-bo")
		}, files: func(d *connection.Desired) { d.Credentials = secretRef("P") }, warns: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.declare("A", "x", func(d *connection.Desired) {
				if d.Owner = "bo@example.com"; c.files != nil {
					c.files(d)
				}
			})
			w.hold("A", "x", func(l *connection.Live) {
				l.OwnerID = ""
				c.live(l)
			})
			p, problems := plan.Make(w.input())
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			warned := ""
			for _, warning := range p.Warnings {
				warned += told(warning.Reason)
			}
			if got := strings.Contains(warned, "owner-unknown owner=bo@example.com"); got != c.warns {
				t.Errorf("the warnings are %q; want one that says that nobody can tell the owner: %v", warned, c.warns)
			}
		})
	}
}
