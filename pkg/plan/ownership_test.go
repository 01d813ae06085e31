package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// gone is a space that the tenant does not have, or no longer.
const gone = "Gone"

// TestWhoseAConnectionIsAfterSpacesAndRecordsHaveChanged is about connections of ours whose
// key record is missing, or of another key than the one at which they are.
func TestWhoseAConnectionIsAfterSpacesAndRecordsHaveChanged(t *testing.T) {
	record := func(record string) func(*connection.Live) {
		return func(l *connection.Live) { l.Record.Key = record }
	}
	byName := func(space, name string) string {
		return connection.KeyDigest(connection.Key{Space: space, Name: name})
	}
	for _, test := range []struct {
		name  string
		world func(*world)
		want  string
		warns []string
	}{
		{"a record over the name of the space fits, and needs no rewrite", func(w *world) {
			w.declare("A", "x")
			w.hold("A", "x", record(byName("A", "x")))
			w.hold("A", "left", record(byName("A", "left")))
		}, "delete A/left\ns1 bulk-delete A/left", nil},
		{"a connection renamed by hand is found by a record over the name of its space", func(w *world) {
			w.declare("A", "x")
			w.hold("A", "mine", record(byName("A", "x")), func(l *connection.Live) { l.Properties["path"] = "/x" })
		}, "move A/x from A/mine /name:mine>x\ns1 patch A/x", nil},
		{"after a rename of the space, a record over its id still fits", func(w *world) {
			w.declare("A renamed", "x")
			for i := range w.snapshot.Spaces {
				if w.snapshot.Spaces[i].Name == "A" {
					w.snapshot.Spaces[i].Name = "A renamed"
				}
			}
			w.hold("A renamed", "x", record(recordOf("A", "x")))
			w.hold("A renamed", "left", record(recordOf("A", "left")))
		}, "delete A renamed/left\ns1 bulk-delete A renamed/left", nil},
		{
			"after a rename of the space, a record over its name is renewed and what is not declared is kept", func(w *world) {
				w.declare("A", "x")
				w.hold("A", "x", record("c78d01d1f41f1ca6"))
				w.hold("A", "left", record("0985c347b84a39cd"))
			}, "update A/x /keyRecord:c78d01d1f41f1ca6>" + recordOf("A", "x") + "\ns1 patch A/x",
			[]string{"A/left: kept-unexplained"},
		},
		{"what left after a rename of the space is deleted where a moved block explains its record", func(w *world) {
			w.declare("A", "x")
			w.hold("A", "x")
			w.moved(gone, "left", "A", "left")
			w.hold("A", "left", record(byName(gone, "left")))
		}, "delete A/left\ns1 bulk-delete A/left", nil},
		{"a missing record of a declared connection is no change by itself", func(w *world) {
			w.declare("A", "x")
			w.hold("A", "x", record(""))
		}, "", nil},
		{"a connection with the project's tag and without a key record is never deleted", func(w *world) {
			w.declare("A", "x")
			w.hold("A", "x")
			w.hold("A", "theirs", record(""))
		}, "", []string{"A/theirs: kept-unrecorded"}},
		{"a record that a moved block explains is not renewed", func(w *world) {
			w.declare("B", "x")
			w.hold("B", "x", record(recordOf("A", "x")))
			w.moved("A", "x", "B", "x")
		}, "", nil},
		{"a record that a bulk move left behind is renewed once the moved block is gone", func(w *world) {
			w.declare("B", "x")
			w.hold("B", "x", record(recordOf("A", "x")))
		}, "update B/x /keyRecord:" + recordOf("A", "x") + ">" + recordOf("B", "x") + "\ns1 patch B/x", nil},
		{"what a bulk move brought elsewhere is not deleted next to a create of its data source", func(w *world) {
			w.declare("B", "renamed")
			w.hold("B", "x", record(recordOf("A", "x")))
			w.moved("A", "x", "B", "x")
		}, "create B/renamed /properties/path:<nil>>/renamed\ndelete B/x !may-be-created\ns1 create B/renamed", nil},
		{"it is deleted next to a create of another data source", func(w *world) {
			w.declare("B", "other", func(d *connection.Desired) { d.DataSource = "soap" })
			w.hold("B", "x", record(recordOf("A", "x")))
			w.moved("A", "x", "B", "x")
		}, "create B/other /properties/path:<nil>>/other\ndelete B/x\ns1 create B/other\ns2 bulk-delete B/x after s1", nil},
		{"a move from a space that does not exist is done", func(w *world) {
			w.declare("A", "x")
			w.hold("A", "x")
			w.moved(gone, "x", "A", "x")
		}, "", nil},
		{"a create has a warning where the space of its moved block is not seen", func(w *world) {
			w.declare("A", "x")
			w.moved(gone, "x", "A", "x")
		}, "create A/x /properties/path:<nil>>/x\ns1 create A/x", []string{"A/x: moved-from-unseen from=Gone/x space=Gone"}},
		{"a chain of moves by way of a space that is gone goes on", func(w *world) {
			w.declare("B", "x")
			w.hold("A", "x")
			w.moved("A", "x", gone, "x")
			w.moved(gone, "x", "B", "x")
		}, "move B/x from A/x /space:A>B\ns1 bulk-update B/x", nil},
		{"an id that is also at a declared key is never deleted", func(w *world) {
			w.declare("A", "x")
			live := w.hold("A", "x")
			w.hold("B", "x", func(l *connection.Live) { l.ID = live.ID })
		}, "", []string{"B/x: kept-listed-twice other=A/x"}},
		{"an id that is also at a declared key which it is to leave is never deleted", func(w *world) {
			w.declare("C", "x", func(d *connection.Desired) { d.Properties["path"] = "/x" })
			live := w.hold("A", "x")
			w.moved("A", "x", "C", "x")
			w.hold("B", "x", func(l *connection.Live) { l.ID = live.ID })
		}, "move C/x from A/x /space:A>C\ns1 bulk-update C/x", []string{"B/x: kept-listed-twice other=A/x"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			w.policy.Prune, w.policy.MaxDeletes = connection.PruneOwned, connection.MaxDeletes{Count: 100}
			test.world(w)
			in := w.input()
			in.Spaces = []connection.SpaceRef{{Name: "A"}, {Name: "B"}, {Name: "C"}}
			if w.spaceID("A") == "" {
				in.Spaces[0].Name = "A renamed"
			}
			for _, move := range w.moves {
				if move.From.Space.Name == gone {
					in.Spaces, in.OnlyMoves = append(in.Spaces, move.From.Space), []connection.SpaceRef{move.From.Space}
				}
			}
			p, problems := plan.Make(in)
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, strings.TrimSpace(outline(p))); diff != "" {
				t.Errorf("plan differs (-want +got):\n%s", diff)
			}
			expectWarnings(t, p, test.warns)
		})
	}
}

// expectWarnings demands "KEY: TEXT" or "TEXT" of some warning each, and none if there are none.
func expectWarnings(t *testing.T, p *plan.Plan, want []string) {
	t.Helper()
	if len(want) == 0 && len(p.Warnings) > 0 {
		t.Errorf("unexpected warnings %+v", p.Warnings)
	}
	for _, text := range want {
		found := false
		for _, warning := range p.Warnings {
			key, rest, keyed := strings.Cut(text, ": ")
			if !keyed || warning.Connection == nil || warning.Connection.String() != key {
				rest = text
			}
			found = found || strings.Contains(told(warning.Reason), rest)
		}
		if !found {
			t.Errorf("no warning %q among %+v", text, p.Warnings)
		}
	}
}

func TestAPendingMoveToASpaceThatIsNotSeenIsAnError(t *testing.T) {
	w := newWorld()
	w.hold("A", "x")
	w.declare("A", "y")
	w.moved("A", "x", gone, "x")
	if _, problems := plan.Make(w.input()); problems.Err() == nil || !strings.Contains(problems.Err().Error(), "no-space") {
		t.Errorf("got problems %v, want the space Gone that is not seen", problems)
	}
	w.remove(connection.Key{Space: "A", Name: "x"})
	if _, problems := plan.Make(w.input()); problems.Err() != nil {
		t.Errorf("nothing is to be moved, and yet: %v", problems)
	}
}

func TestRenewedRecordsAreKeptByASecondPlan(t *testing.T) {
	w := newWorld()
	w.declare("A", "x")
	w.hold("A", "x", func(l *connection.Live) { l.Record.Key = "0123456789abcdef" })
	for _, want := range []int{1, 0} {
		p, problems := plan.Make(w.input())
		if err := problems.Err(); err != nil || p.Summary.Update != want {
			t.Fatalf("%v, want %d updates:\n%s", err, want, outline(p))
		}
		for _, step := range p.Steps {
			for _, item := range step.Items {
				if item.Operation.Set != nil || item.Operation.Credentials != nil {
					t.Errorf("a renewal writes more than the record: %+v", item.Operation)
				}
				if err := w.do(item); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestARecordIsNoReasonToLoseSecrets: where a write replaces the whole connection, it would
// take what nobody can see.
func TestARecordIsNoReasonToLoseSecrets(t *testing.T) {
	w := newWorld()
	w.rules = exactly{apinizer.Rules{}}
	w.declare("A", "kept", func(d *connection.Desired) { d.Lifecycle.RecreateAllowed = true })
	w.declare("A", "renewed")
	stale := func(writeOnly ...string) func(*connection.Live) {
		return func(l *connection.Live) { l.Record.Key, l.WriteOnlyCredentials = "0123456789abcdef", writeOnly }
	}
	w.hold("A", "kept", stale("password"))
	w.hold("A", "renewed", stale())
	p, problems := plan.Make(w.input())
	if err := problems.Err(); err != nil || len(p.Changes) != 1 || p.Changes[0].Connection.Name != "renewed" || len(p.Changes[0].Reasons) == 0 {
		t.Errorf("got error %v, want only the change of renewed, with a reason:\n%s", err, outline(p))
	}
}

// TestIgnoredCredentialsThatTheTenantDoesNotShowAreNotOverwritten is about a service that may never
// say that there are credentials: a change of the references does not mean that somebody removed the credentials.
func TestIgnoredCredentialsThatTheTenantDoesNotShowAreNotOverwritten(t *testing.T) {
	for name, owner := range map[string]string{"no owner is declared": "", "the declared owner has it": "ana@example.com"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.declare("A", "x", func(d *connection.Desired) {
				d.Owner, d.Credentials, d.Lifecycle.IgnoreChanges = owner, secretRef("RENAMED"), []string{"credentials"}
			})
			w.hold("A", "x", func(l *connection.Live) {
				l.Record.Credentials = connection.CredentialsRecord(0, secretRef("P"), "u-ana")
			})
			p, problems := plan.Make(w.input())
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			if !p.Empty() {
				t.Errorf("got the plan\n%s\nwant none: the files ignore the credentials, which may be there", outline(p))
			}
		})
	}
}
