package plan_test

import (
	"strings"
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
		"two names of hosts": {"host", "db.old", "db.new", "host-gets-credentials-from after=db.new before=db.old"},
		"two URLs on different hosts": {
			"url", "https://api.example.com/v1?x=1", "https://api.evil.example:8443/v1?x=1",
			"host-gets-credentials-from after=api.evil.example:8443 before=api.example.com",
		},
		"two URLs on one host": {
			"url", "https://api.example.com/v1", "https://api.example.com/v2",
			"host-gets-credentials-from after=https://api.example.com/v2 before=https://api.example.com/v1",
		},
		"no host before": {"host", nil, "db.new", "host-gets-credentials-at after=db.new"},
		"no host after":  {"host", "db.old", nil, "host-gets-credentials"},
		"a name with an escape code": {
			"host", "db.old", "db\u202enew", "host-gets-credentials-from after=db\u202enew before=db.old",
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
				if code, rest, _ := strings.Cut(told(warning.Reason), " "); strings.Contains(code+" "+rest+" ", test.want+" credentials=these credentials ") {
					return
				}
			}
			t.Errorf("got the warnings %+v, want %q: the plan does not say where the credentials go", p.Warnings, test.want)
		})
	}
}
