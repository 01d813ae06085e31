package plan_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/qlik"
)

// recreateWorld has a connection that is to become another one, of Bo.
func recreateWorld(set ...func(*world)) *world {
	w := newWorld()
	w.declare("A", "x", func(d *connection.Desired) {
		d.DataSource, d.Owner, d.Credentials = "soap", "bo@example.com", secretRef("P")
	})
	live := w.hold("A", "x", func(l *connection.Live) { l.HasCredentials = true })
	w.stored[live.ID] = "from before"
	for _, change := range set {
		change(w)
	}
	return w
}

// begun adds the new one that an interrupted recreate of A/x has left.
func begun(changes ...func(*connection.Live)) func(*world) {
	return func(w *world) {
		digest := recordOf("A", "x")
		w.hold("A", "qlsync-new-"+digest, func(l *connection.Live) {
			l.DataSource, l.OwnerID, l.Properties = "soap", "u-bo", map[string]any{"path": "/x"}
			l.Record = connection.Record{Project: project, Key: digest, Phase: connection.PhaseNew}
			for _, change := range changes {
				change(l)
			}
		})
	}
}

// calls returns the operations of a plan, in their order, without digests.
func calls(p *plan.Plan) []string {
	var lines []string
	short := func(name string) string {
		for _, prefix := range []string{"qlsync-new", "qlsync-old"} {
			if strings.HasPrefix(name, prefix+"-") {
				return prefix
			}
		}
		return name
	}
	for _, step := range p.Steps {
		for _, item := range step.Items {
			op := item.Operation
			line := step.ID + " " + string(op.Kind) + " " + short(op.Key.Name)
			if op.Name != "" && op.Name != op.Key.Name {
				line += " > " + short(op.Name)
			}
			if op.OwnerID != "" {
				line += " for " + op.OwnerID
			}
			if op.Credentials != nil {
				line += " with credentials"
			}
			lines = append(lines, line)
		}
	}
	return lines
}

func TestARecreateForAnotherOwner(t *testing.T) {
	swap := func(step string) []string {
		return []string{step + " patch x > qlsync-old", step + " patch qlsync-new > x"}
	}
	recreated := slices.Concat([]string{"s1 bulk-delete qlsync-new", "s2 create qlsync-new with credentials", "s3 bulk-update qlsync-new for u-bo", "s4 patch qlsync-new with credentials"},
		swap("s5"), []string{"s6 bulk-delete qlsync-old"})
	goesOn := slices.Concat([]string{"s1 patch qlsync-new with credentials"}, swap("s2"), []string{"s3 bulk-delete qlsync-old"})
	for _, test := range []struct {
		name string
		set  func(*world)
		want []string
	}{
		{
			"is given to them before the names are swapped", func(*world) {},
			slices.Concat([]string{"s1 create qlsync-new with credentials", "s2 bulk-update qlsync-new for u-bo", "s3 patch qlsync-new with credentials"},
				swap("s4"), []string{"s5 bulk-delete qlsync-old"}),
		},
		{"goes on with a new one that was begun, and writes the credentials, which nobody can see", begun(), goesOn},
		{"also where what it recreates is nobody's yet", func(w *world) {
			begun()(w)
			w.files[0].Lifecycle.Adopt = true
			w.at(connection.Key{Space: "A", Name: "x"}).Record = connection.Record{}
		}, goesOn},
		{"also with the owner's own token, without the admin role", func(w *world) {
			begun()(w)
			w.snapshot.Caller, w.snapshot.Capabilities = connection.User{ID: "u-bo"}, memberCapabilities()
		}, slices.Concat(goesOn[:3], []string{"s3 delete qlsync-old"})},
		{
			"changes the owner of a begun one to the owner declared by now", func(w *world) {
				begun()(w)
				w.files[0].Owner = "ana@example.com"
			},
			slices.Concat([]string{"s1 bulk-update qlsync-new for u-ana", "s2 patch qlsync-new with credentials"}, swap("s3"), []string{"s4 bulk-delete qlsync-old"}),
		},
		{
			"goes to who has the old one where the owner is ignored", func(w *world) {
				w.files[0].Owner, w.files[0].Lifecycle.IgnoreChanges = "ana@example.com", []string{"owner"}
				w.at(connection.Key{Space: "A", Name: "x"}).OwnerID = "u-bo"
			},
			slices.Concat([]string{"s1 create qlsync-new with credentials", "s2 bulk-update qlsync-new for u-bo", "s3 patch qlsync-new with credentials"},
				swap("s4"), []string{"s5 bulk-delete qlsync-old"}),
		},
		{"recreates what is declared differently by now", begun(func(l *connection.Live) { l.Properties["path"] = "/other" }), recreated},
		{"and what has something that is not declared", begun(func(l *connection.Live) { l.Properties["other"] = true }), recreated},
		{"and what is of another data source", begun(func(l *connection.Live) { l.DataSource = "mssql" }), recreated},
		{
			"leaves what only looks like one that was begun", begun(func(l *connection.Live) { l.Record = connection.Record{} }),
			slices.Concat([]string{"s1 create qlsync-new with credentials", "s2 bulk-update qlsync-new for u-bo", "s3 patch qlsync-new with credentials"},
				swap("s4"), []string{"s5 bulk-delete qlsync-old"}),
		},
		{"deletes one that was begun where it is no longer to be recreated", func(w *world) {
			begun()(w)
			w.files[0] = connection.Desired{Space: w.files[0].Space, Name: "x", DataSource: "rest"}
		}, []string{"s1 bulk-delete qlsync-new"}},
		{"and where it may not be", func(w *world) {
			begun()(w)
			w.files[0].Credentials = nil
		}, []string{"s1 bulk-delete qlsync-new"}},
		{
			"brings a missing name back before all else", func(w *world) {
				begun(func(l *connection.Live) { l.DataSource = "rest" })(w)
				x := w.at(connection.Key{Space: "A", Name: "x"})
				x.Record.Phase, x.Key.Name = connection.PhaseDeposed, "qlsync-old-"+x.Record.Key
			},
			slices.Concat([]string{
				"s1 patch qlsync-new > x", "s2 create qlsync-new with credentials", "s3 bulk-update qlsync-new for u-bo",
				"s4 patch qlsync-new with credentials", "s5 bulk-delete qlsync-old",
			}, swap("s6"), []string{"s7 bulk-delete qlsync-old"}),
		},
		{"begins nothing that the token could not hand over", func(w *world) {
			w.snapshot.Capabilities = memberCapabilities()
			w.at(connection.Key{Space: "A", Name: "x"}).OwnerID = "u-bo"
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, problems := plan.Make(recreateWorld(test.set).input())
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, calls(p)); diff != "" {
				t.Errorf("calls differ (-want +got):\n%s\n%s", diff, outline(p))
			}
			for _, step := range p.Steps {
				if step.Undo != nil && step.Undo.Record.Phase != "" {
					t.Errorf("got phase %q after the undo, want none", step.Undo.Record.Phase)
				}
			}
		})
	}
}

// TestARecreateThatASignInHasBegunAsksNobodyAgain holds the code of a sign-in to its
// one use.
func TestARecreateThatASignInHasBegunAsksNobodyAgain(t *testing.T) {
	plannedFor := func(owner string) *plan.Plan {
		p, problems := plan.Make(signsIn(func(w *world) {
			w.declare("A", "x", mail("person", code, func(d *connection.Desired) { d.Lifecycle.Update = connection.UpdateRecreate }))
			w.hold("A", "x", liveMail("person", func(l *connection.Live) { l.Properties["path"] = "/old" }))
			begun(func(l *connection.Live) {
				l.DataSource, l.OwnerID, l.HasCredentials = "mail", owner, true
				l.Properties["how"] = "person"
				l.Record.Credentials = connection.CredentialsRecord(0, w.files[0].Credentials, owner)
			})(w)
		}))
		if problems.Err() != nil {
			t.Fatalf("got problems %v, want none", problems)
		}
		return p
	}
	p := plannedFor("u-ana")
	want := []string{"s1 patch qlsync-new", "s2 patch x > qlsync-old", "s2 patch qlsync-new > x", "s3 bulk-delete qlsync-old"}
	if diff := cmp.Diff(want, calls(p)); diff != "" || p.Changes[0].Manual.Holds() {
		t.Errorf("got manual step %q, want none, and these calls (-want +got):\n%s", p.Changes[0].Manual, diff)
	}
	// Another owner of what another token has begun would lose the sign-in.
	p = plannedFor("u-bo")
	want = []string{"s1 bulk-delete qlsync-new", "s2 create qlsync-new with credentials", "s2 patch x > qlsync-old", "s2 patch qlsync-new > x", "s3 bulk-delete qlsync-old"}
	if diff := cmp.Diff(want, calls(p)); diff != "" || !p.Changes[1].Manual.Holds() {
		t.Errorf("got manual step %q, want one, and these calls (-want +got):\n%s", p.Changes[1].Manual, diff)
	}
}

func TestTheLastOneWithCredentialsIsKept(t *testing.T) {
	digest := recordOf("A", "x")
	for _, test := range []struct {
		name   string
		change func(*connection.Desired)
		keeps  bool
	}{
		{"where none are declared", func(*connection.Desired) {}, true},
		{"not where they are written again", password, false},
		{"nor where that is allowed", func(d *connection.Desired) { d.Lifecycle.RecreateAllowed = true }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			w.declare("A", "x", test.change)
			w.hold("A", "x")
			w.hold("A", "qlsync-old-"+digest, func(l *connection.Live) {
				l.Record, l.HasCredentials = connection.Record{Project: project, Key: digest, Phase: connection.PhaseDeposed}, true
			})
			p, problems := plan.Make(w.input())
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			if deleted := slices.Contains(strings.Fields(strings.Join(calls(p), " ")), "bulk-delete"); deleted == test.keeps || test.keeps != (len(p.Warnings) > 0) {
				t.Errorf("deleted: %v, warnings %+v", deleted, p.Warnings)
			}
		})
	}
}

func TestAdviceWhereOnlyTheOwnerMayWriteCredentials(t *testing.T) {
	handed := func(d *connection.Desired) { d.Owner, d.Credentials = "bo@example.com", secretRef("P") }
	bos := func(l *connection.Live) { l.OwnerID, l.Record.Credentials = "u-bo", "1:aa" }
	for _, test := range []struct {
		name string
		w    *world
		want string
	}{
		{"a recreate has changed nothing that apps use", recreateWorld(), "owner-only-in-recreate owner=bo@example.com"},
		{"what is given away has none", func() *world {
			w := newWorld()
			w.declare("A", "x", handed)
			w.hold("A", "x")
			return w
		}(), "owner-only-handed owner=bo@example.com"},
		{"nor has what is new", func() *world {
			w := newWorld()
			w.declare("A", "x", handed)
			return w
		}(), "owner-only-handed owner=bo@example.com"},
		{"what belongs to them already keeps those that it has", func() *world {
			w := newWorld()
			w.declare("A", "x", handed)
			w.hold("A", "x", bos)
			return w
		}(), "owner-only owner=bo@example.com"},
		{"who gets it back needs nobody", func() *world {
			w := newWorld()
			w.declare("A", "x", handed, func(d *connection.Desired) { d.Owner = "ana@example.com" })
			w.hold("A", "x", bos)
			return w
		}(), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, problems := plan.Make(test.w.input())
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, step := range p.Steps {
				for _, item := range step.Items {
					got += told(item.Advice)
				}
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestOneWarningReportsWhatAChangeOfOwnerRemoves(t *testing.T) {
	for _, test := range []struct {
		name  string
		count int
		set   func(*world)
		want  []string // what it is about
	}{
		{"of one", 1, func(*world) {}, []string{"owner-writes-credentials connections=[A/0]"}},
		{"of many", 5, func(*world) {}, []string{"owner-writes-credentials connections=[A/0 A/1 A/2 A/3 A/4]"}},
		{"not where it goes to the token's user", 1, func(w *world) {
			w.files[0].Owner, w.snapshot.Connections[0].OwnerID = "ana@example.com", "u-bo"
		}, nil},
		{"not where there are none to lose", 1, func(w *world) { w.snapshot.Connections[0].HasCredentials = false }, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			for i := range test.count {
				w.declare("A", fmt.Sprint(i), func(d *connection.Desired) { d.Owner, d.Credentials = "bo@example.com", secretRef("P") })
				w.hold("A", fmt.Sprint(i), func(l *connection.Live) { l.HasCredentials = true })
			}
			test.set(w)
			p, problems := plan.Make(w.input())
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, warning := range p.Warnings {
				got = append(got, told(warning.Reason))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("warnings differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDriftReportsOnceWhatARecreateHasLeft(t *testing.T) {
	for _, test := range []struct {
		name string
		set  func(*connection.Live)
		want string
	}{
		{"what will be used", func(*connection.Live) {}, "move: unfinished-recreate"},
		{"what will be deleted", func(l *connection.Live) { l.DataSource = "mssql" }, "delete: left-behind"},
	} {
		t.Run(test.name, func(t *testing.T) {
			drift, problems := plan.FindDrift(recreateWorld(begun(test.set)).input())
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, item := range drift.Items {
				if item.Kind == plan.DriftUndeclared {
					got = append(got, item.Apply+": "+toldAll(item.Reasons))
				}
			}
			if diff := cmp.Diff([]string{test.want}, got); diff != "" {
				t.Errorf("lines of drift differ (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRefusedCredentialsTakeNothingAway runs random plans again and again where only
// owners may write credentials: what is recreated keeps its name with credentials, no
// second new one is begun, and no name waits for credentials. When the service has
// changed its mind, all is done.
func TestRefusedCredentialsTakeNothingAway(t *testing.T) {
	for name, draw := range map[string]func(*rapid.T) *world{"any files": randomWorld, "cycles": randomCycle} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				w := draw(t)
				w.ownersOnly = true
				before := slices.Clone(w.snapshot.Connections)
				for range 4 {
					p, problems := plan.Make(w.input())
					if err := problems.Err(); err != nil {
						t.Fatal(err)
					}
					if p.Refusal != nil {
						return
					}
					t.Logf("plan:\n%s", outline(p))
					had := maps.Clone(w.stored)
					w.carryOutWhatIsAllowed(t, p)
					for _, c := range p.Changes {
						w.checkRefused(t, &c, had)
					}
					w.checkBegun(t)
				}
				w.ownersOnly = false
				converge(t, w, before, 0)
				reached(t, w, before)
			})
		})
	}
}

// checkRefused looks at what has become of a change of which credentials may have been
// refused; had are those that were stored before.
func (w *world) checkRefused(t *rapid.T, c *plan.Change, had map[string]string) {
	now := w.at(c.Connection)
	switch {
	case c.Refused.Holds() || c.Action == plan.ActionDelete:
	case c.Action != plan.ActionRecreate && now == nil:
		t.Fatalf("%q is not there", c.Connection)
	case c.Action == plan.ActionRecreate && c.From == nil && had[c.ID] != "" && w.file(c.Connection).Credentials != nil &&
		(now == nil || w.stored[now.ID] == ""):
		t.Fatalf("%q has lost its credentials in its recreate: %+v", c.Connection, now)
	}
}

func (w *world) checkBegun(t *rapid.T) {
	begun := map[string]bool{}
	for _, live := range w.snapshot.Connections {
		if live.Record.Phase == connection.PhaseNew {
			if begun[live.Record.Key] {
				t.Fatalf("%q was begun twice", live.Key)
			}
			begun[live.Record.Key] = true
		}
	}
}

// carryOutWhatIsAllowed runs the steps in their order, without what needs something
// that was refused.
func (w *world) carryOutWhatIsAllowed(t *rapid.T, p *plan.Plan) {
	w.made = map[int]string{}
	done := map[int]bool{}
	for _, step := range p.Steps {
		for _, item := range step.Items {
			if item.Creates != "" && notMade(p, done, item.Creates) || slices.ContainsFunc(item.Needs, func(id int) bool { return !done[id] }) {
				continue
			}
			err := w.do(item)
			if err != nil && !errors.Is(err, connection.ErrForbidden) {
				t.Fatalf("%s: got error %v, want success or a forbidden step in\n%s", step.ID, err, outline(p))
			}
			done[item.ID] = err == nil
		}
	}
}

// Only the service knows which use an id or a name has.
func TestTheWarningOfARecreateSaysWhatTheServiceSays(t *testing.T) {
	for name, test := range map[string]struct {
		rules connection.Rules
		want  string
	}{
		"one that has ids":  {qlik.Rules{}, "recreated-id"},
		"one that has none": {apinizer.Rules{}, "recreated-by-delete"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.policy.Update = connection.UpdateRecreate
			w.rules = test.rules
			w.declare("A", "x", func(d *connection.Desired) { d.Properties["path"] = "/new" })
			w.hold("A", "x")
			p, problems := plan.Make(w.input())
			if problems.Err() != nil {
				t.Fatalf("got problems %v, want none", problems)
			}
			if len(p.Warnings) != 1 || p.Warnings[0].Reason.String() != test.want {
				t.Errorf("got the warnings %+v, want one that says %q", p.Warnings, test.want)
			}
		})
	}
}

// deleting is the rules of a provider that makes every change by a recreate, and does not call it one.
type deleting struct{ connection.Rules }

func (d deleting) Lower(l connection.Lowering) []connection.Path {
	l.Recreate = l.Live != nil
	return d.Rules.Lower(l)
}

// TestNoChangeDeletesWhatNobodyCalledARecreate demands that neither a change nor a rotation deletes a
// connection in silence, and that what a recreate has left next to it stays.
func TestNoChangeDeletesWhatNobodyCalledARecreate(t *testing.T) {
	for name, set := range map[string]func(*world, *plan.Input){
		"a change":   func(w *world, _ *plan.Input) { w.files[0].Properties["path"] = "/changed" },
		"a rotation": func(_ *world, in *plan.Input) { in.Rotate = []connection.Key{{Space: "A", Name: "x"}} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.rules = deleting{w.rules}
			w.declare("A", "x", func(d *connection.Desired) { d.Credentials = secretRef("P") })
			w.hold("A", "x", func(l *connection.Live) {
				l.HasCredentials, l.Record.Credentials = true, connection.CredentialsRecord(0, secretRef("P"), "u-ana")
			})
			if name == "a change" {
				leftoverOf(w, connection.PhaseDeposed, "")
			}
			in := w.input()
			set(w, &in)
			p, problems := plan.Make(in)
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			if len(p.Steps) > 0 || p.Summary.Refused == 0 {
				t.Errorf("got the plan\n%s%s\nwant it refused, and no step", outline(p), outlineRotations(p))
			}
		})
	}
}
