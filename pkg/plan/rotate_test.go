package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// outlineRotations returns the rotations of a plan and the operations of all steps.
func outlineRotations(p *plan.Plan) string {
	var lines []string
	for _, c := range p.Rotations {
		line := fmt.Sprintf("%s %s", c.Action, c.Connection)
		if c.Refused.Holds() {
			line += " !" + c.Refused.String()
		}
		lines = append(lines, line)
	}
	for _, s := range p.Steps {
		for _, item := range s.Items {
			op := item.Operation
			line := fmt.Sprintf("%s %s", op.Kind, op.Key)
			if op.Credentials != nil {
				line += " credentials"
			}
			if op.Record != nil {
				line += " [" + op.Record.Fingerprint + "]"
			}
			if len(item.Needs) > 0 {
				line += fmt.Sprintf(" needs %v", item.Needs)
			}
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

func TestRotations(t *testing.T) {
	x := connection.Key{Space: "A", Name: "x"}
	ours := func(w *world, change ...func(*connection.Live)) {
		w.hold("A", "x", append([]func(*connection.Live){func(l *connection.Live) {
			l.HasCredentials = true
			l.Record.Credentials, l.Record.Fingerprint = connection.CredentialsRecord(0, secretRef("P"), "u-ana"), "old"
		}}, change...)...)
	}
	with := func(d *connection.Desired) { d.Credentials = secretRef("P") }
	changed := plan.Fingerprint{Fresh: "new", Changed: true}
	unknown := plan.Fingerprint{Fresh: "new", Unknown: true}
	same := plan.Fingerprint{Fresh: "new"}
	for _, test := range []struct {
		name  string
		set   func(*world)
		found *plan.Fingerprint
		asked bool
		want  string
	}{
		{"nobody looks", func(w *world) { w.declare("A", "x", with); ours(w) }, nil, false, ""},
		{"the same values", func(w *world) { w.declare("A", "x", with); ours(w) }, &same, false, ""},
		{"other values are written with their record", func(w *world) { w.declare("A", "x", with); ours(w) }, &changed, false, "rotate A/x\npatch A/x credentials [new]"},
		{"nothing comparable is a baseline", func(w *world) { w.declare("A", "x", with); ours(w) }, &unknown, false, "record A/x\npatch A/x [new]"},
		{"without a key what is asked for forgets the fingerprint", func(w *world) { w.declare("A", "x", with); ours(w) }, nil, true, "rotate A/x\npatch A/x credentials []"},
		{"what is asked for is written although it is the same", func(w *world) { w.declare("A", "x", with); ours(w) }, &same, true, "rotate A/x\npatch A/x credentials [new]"},
		{"what has no room for its record is not rotated", func(w *world) {
			w.declare("A", "x", with)
			ours(w, func(l *connection.Live) { l.Tags, l.Record.Key = numbered(30), "" })
		}, &changed, false, "rotate A/x !no-room-for-tags"},
		{"what has no room for its record gets none", func(w *world) {
			w.declare("A", "x", with)
			ours(w, func(l *connection.Live) { l.Tags, l.Record.Key = numbered(30), "" })
		}, &unknown, false, "record A/x !no-room-for-tags"},
		{"a create writes and records them", func(w *world) { w.declare("A", "x", with) }, &unknown, true, "create A/x credentials [new]"},
		{"credentials that are due anyway are no rotation", func(w *world) {
			w.declare("A", "x", with, func(d *connection.Desired) { d.CredentialsVersion = 1 })
			ours(w)
		}, &changed, true, "patch A/x credentials [new]"},
		{"credentials that are due, without a key, forget the fingerprint", func(w *world) {
			w.declare("A", "x", with, func(d *connection.Desired) { d.CredentialsVersion = 1 })
			ours(w)
		}, nil, false, "patch A/x credentials []"},
		{"another change does not touch the record", func(w *world) {
			w.declare("A", "x", with)
			ours(w, func(l *connection.Live) { l.Properties["path"] = "/old" })
		}, nil, false, "patch A/x [old]"},
		{"another change carries a baseline", func(w *world) {
			w.declare("A", "x", with)
			ours(w, func(l *connection.Live) { l.Properties["path"] = "/old" })
		}, &unknown, false, "patch A/x [new]"},
		{"a rotation comes behind another change, which keeps the old record", func(w *world) {
			w.declare("A", "x", with)
			ours(w, func(l *connection.Live) { l.Properties["path"] = "/old" })
		}, &changed, false, "rotate A/x\npatch A/x [old]\npatch A/x credentials [new] needs [0]"},
		{"what is asked for is not recorded before it is written", func(w *world) {
			w.declare("A", "x", with)
			ours(w, func(l *connection.Live) { l.Properties["path"], l.Record.Fingerprint = "/old", "" })
		}, &unknown, true, "rotate A/x\npatch A/x []\npatch A/x credentials [new] needs [0]"},
		{"it is written where it was moved to", func(w *world) {
			w.declare("A", "x", with)
			w.hold("B", "y", func(l *connection.Live) {
				l.Record.Credentials, l.Record.Fingerprint, l.HasCredentials = connection.CredentialsRecord(0, secretRef("P"), "u-ana"), "old", true
				l.Properties["path"] = "/x"
			})
			w.moved("B", "y", "A", "x")
		}, &changed, false, "rotate A/x\npatch B/y [old]\nbulk-update B/x needs [0]\npatch A/x credentials [new] needs [1]"},
		{"an adoption takes credentials as they are, and records them", func(w *world) {
			w.declare("A", "x", with)
			ours(w, func(l *connection.Live) { l.Record = connection.Record{} })
		}, &unknown, false, "patch A/x [new]"},
		{"ignored credentials are not compared", func(w *world) {
			w.declare("A", "x", with, func(d *connection.Desired) { d.Lifecycle.IgnoreChanges = []string{"credentials"} })
			ours(w)
		}, &changed, false, ""},
		{"but written when that is asked for", func(w *world) {
			w.declare("A", "x", with, func(d *connection.Desired) { d.Lifecycle.IgnoreChanges = []string{"credentials"} })
			ours(w)
		}, &changed, true, "rotate A/x\npatch A/x credentials [new]"},
		{"another project's are not looked at", func(w *world) {
			w.declare("A", "x", with)
			ours(w, func(l *connection.Live) { l.Record.Project = "others" })
		}, &changed, false, ""},
		{"nor written when that is asked for", func(w *world) {
			w.declare("A", "x", with)
			ours(w, func(l *connection.Live) { l.Record.Project = "others" })
		}, &changed, true, `rotate A/x !change-refused`},
		{"a recreate must be reviewed", func(w *world) {
			w.declare("A", "x", with, func(d *connection.Desired) { d.Lifecycle.Update = connection.UpdateRecreate })
			ours(w)
		}, &changed, false, "rotate A/x !rotate-needs-recreate"},
		{"a new owner's are recorded when they are there", func(w *world) {
			w.declare("A", "x", with, func(d *connection.Desired) { d.Owner = "bo@example.com" })
			ours(w)
		}, &changed, false, "bulk-update A/x\npatch A/x credentials [new] needs [0]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			test.set(w)
			in := w.input()
			shown, problems := plan.Make(in)
			if problems.Err() != nil {
				t.Fatalf("got problems %v, want none", problems)
			}
			if test.found != nil {
				in.Fingerprints = map[connection.Key]plan.Fingerprint{x: *test.found}
			}
			if test.asked {
				in.Rotate = []connection.Key{x}
			}
			p, problems := plan.Make(in)
			if problems.Err() != nil {
				t.Fatalf("got problems %v, want none", problems)
			}
			if got := outlineRotations(p); got != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, test.want)
			}
			if p.Hash != shown.Hash || len(p.Stale(shown)) > 0 {
				t.Error("other values made another hash, want the same")
			}
			if s := p.Summary; s.Rotate+s.Record+s.Refused < len(p.Rotations) || s.Unchanged < 0 {
				t.Errorf("got summary %+v, want it to count every rotation once", s)
			}
		})
	}
}

func TestWhatIsComparedIsWhatMayBeWritten(t *testing.T) {
	with := func(d *connection.Desired) { d.Credentials = secretRef("P") }
	w := newWorld()
	w.declare("A", "created", with)
	w.declare("A", "foreign", with)
	w.declare("A", "ignored", with, func(d *connection.Desired) { d.Lifecycle.IgnoreChanges = []string{"credentials"} })
	w.declare("A", "kept", with)
	w.declare("A", "plain")
	record := func(l *connection.Live) {
		l.HasCredentials, l.Record.Credentials, l.Record.Fingerprint = true, connection.CredentialsRecord(0, secretRef("P"), "u-ana"), "f"
	}
	w.hold("A", "foreign", record, func(l *connection.Live) { l.Record.Project = "others" })
	w.hold("A", "ignored", record)
	w.hold("A", "kept", record)
	w.hold("A", "plain")
	compared := func(in plan.Input) []string {
		p, problems := plan.Make(in)
		if problems.Err() != nil {
			t.Fatalf("got problems %v, want none", problems)
		}
		var found []string
		for _, c := range p.Compared {
			found = append(found, c.Connection.Name+" "+c.Recorded)
		}
		return found
	}
	in := w.input()
	if got := compared(in); !slices.Equal(got, []string{"created ", "kept f"}) {
		t.Errorf("got compared connections %q, want the created one and the property f of kept", got)
	}
	in.Rotate = []connection.Key{{Space: "A", Name: "ignored"}}
	if got := compared(in); !slices.Equal(got, []string{"created ", "ignored f", "kept f"}) {
		t.Errorf("compared %q when one is asked for", got)
	}
	in.Rotate, in.Only = nil, []connection.Key{{Space: "A", Name: "kept"}}
	if got := compared(in); !slices.Equal(got, []string{"kept f"}) {
		t.Errorf("compared %q of one target", got)
	}
}

func TestARotationOfAWholeConnectionCarriesWhatIsHidden(t *testing.T) {
	x := connection.Key{Space: "A", Name: "x"}
	for name, test := range map[string]struct {
		found plan.Fingerprint
		want  string
	}{
		"other values are written, with what is not shown": {plan.Fingerprint{Fresh: "new", Changed: true}, "rotate A/x\npatch A/x credentials [new]"},
		"a record alone would write them too":              {plan.Fingerprint{Fresh: "new", Unknown: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.snapshot.Capabilities, w.rules = replacingCapabilities(), exactly{apinizer.Rules{}}
			w.declare("A", "x", func(d *connection.Desired) { d.Credentials, d.Properties["store"] = secretRef("P"), "main" })
			w.hold("A", "x", func(l *connection.Live) {
				l.WriteOnlyProperties, l.WriteOnlyCredentials, l.HasCredentials = []string{"store"}, []string{"password"}, true
				l.Record.Credentials, l.Record.Fingerprint = connection.CredentialsRecord(0, secretRef("P"), "u-ana"), "old"
			})
			in := w.input()
			in.Fingerprints = map[connection.Key]plan.Fingerprint{x: test.found}
			p, problems := plan.Make(in)
			if problems.Err() != nil {
				t.Fatalf("got problems %v, want none", problems)
			}
			if got := outlineRotations(p); got != test.want {
				t.Errorf("got rotations %q, want %q", got, test.want)
			}
			if len(p.Steps) > 0 && p.Steps[0].Items[0].Operation.Set["store"] != "main" {
				t.Error("the hidden property is lost")
			}
		})
	}
}
