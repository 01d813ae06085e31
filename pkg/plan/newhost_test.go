package plan_test

import (
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// TestAChangeOfHostNamesTheOldAndTheNewHost looks at the warning that a reviewer needs most:
// credentials go to a host that a pull request has chosen.
func TestAChangeOfHostNamesTheOldAndTheNewHost(t *testing.T) {
	for name, test := range map[string]struct {
		property      string
		before, after any
		want          string
	}{
		"two names of hosts": {"host", "db.old", "db.new", `host changes from "db.old" to "db.new": these credentials will be sent to "db.new"`},
		"two URLs on different hosts": {
			"url", "https://api.example.com/v1?x=1", "https://api.evil.example:8443/v1?x=1",
			`url changes from "api.example.com" to "api.evil.example:8443": these credentials will be sent to "api.evil.example:8443"`,
		},
		"two URLs on one host": {
			"url", "https://api.example.com/v1", "https://api.example.com/v2",
			`url changes from "https://api.example.com/v1" to "https://api.example.com/v2": these credentials will be sent to "https://api.example.com/v2"`,
		},
		"no host before": {"host", nil, "db.new", `host changes to "db.new": these credentials will be sent there`},
		"no host after":  {"host", "db.old", nil, `host changes: these credentials will be sent to the new host`},
		"a name with an escape code": {
			"host", "db.old", "db\u202enew", `host changes from "db.old" to "db\u202enew": these credentials will be sent to "db\u202enew"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.declare("A", "x", func(d *connection.Desired) {
				d.Properties = map[string]any{test.property: test.after}
				d.Credentials = secretRef("P")
			})
			w.hold("A", "x", func(l *connection.Live) {
				l.Properties, l.HasCredentials = map[string]any{}, true
				if test.before != nil {
					l.Properties[test.property] = test.before
				}
			})
			p, problems := plan.Make(w.input())
			if problems.Err() != nil {
				t.Fatalf("got problems %v, want none", problems)
			}
			for _, warning := range p.Warnings {
				if warning.Message == test.want {
					return
				}
			}
			t.Errorf("got the warnings %+v, want %q: the plan does not say where the credentials go", p.Warnings, test.want)
		})
	}
}
