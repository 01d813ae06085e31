package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// leftoverOf adds a connection that looks like the leftover of a recreate of A/x.
func leftoverOf(w *world, phase, suffix string, changes ...func(*connection.Live)) {
	digest := recordOf("A", "x")
	w.hold("A", "qlsync-"+phase+"-"+digest+suffix, func(l *connection.Live) {
		l.Record = connection.Record{Project: project, Key: digest, Phase: phase}
		for _, change := range changes {
			change(l)
		}
	})
}

func protected(l *connection.Live) { l.Record.Protected = true }

// deleted lists the names that the plan deletes, with the record of A/x taken out.
func deleted(p *plan.Plan) string {
	var names []string
	for _, c := range p.Changes {
		if c.Action == plan.ActionDelete && !c.Refused.Holds() {
			names = append(names, strings.ReplaceAll(c.Connection.Name, "-"+recordOf("A", "x"), ""))
		}
	}
	return strings.Join(names, " ")
}

func TestAtMostOneUnprotectedLeftoverOfEachKindIsDeletedWithoutALimit(t *testing.T) {
	for _, test := range []struct {
		name string
		set  func(*world)
		want string
	}{
		{"40 protected connections of others stay", func(w *world) {
			for i := range 40 {
				leftoverOf(w, connection.PhaseNew, fmt.Sprintf("-%d", i+2), protected)
			}
		}, ""},
		{"40 unprotected ones stay, as none can be told from the others", func(w *world) {
			for i := range 40 {
				leftoverOf(w, connection.PhaseDeposed, fmt.Sprintf("-%d", i+2))
			}
		}, ""},
		{"the real one stays too, as it cannot be told from the forged", func(w *world) {
			leftoverOf(w, connection.PhaseDeposed, "")
			for i := range 40 {
				leftoverOf(w, connection.PhaseDeposed, fmt.Sprintf("-%d", i+2))
			}
		}, ""},
		{"a protected one at the plain name does not hide the only other one", func(w *world) {
			leftoverOf(w, connection.PhaseNew, "", protected)
			leftoverOf(w, connection.PhaseNew, "-2")
		}, "qlsync-new-2"},
		{"one new and one old", func(w *world) {
			leftoverOf(w, connection.PhaseNew, "")
			leftoverOf(w, connection.PhaseDeposed, "")
		}, "qlsync-new qlsync-old"},
		{"one that cannot be read stays", func(w *world) {
			leftoverOf(w, connection.PhaseDeposed, "", func(l *connection.Live) { l.Unreadable = "403" })
		}, ""},
		{"one without a declared key stays under prune: none", func(w *world) {
			leftoverOf(w, connection.PhaseDeposed, "")
			w.files[0].Name, w.files[0].Properties = "y", map[string]any{"path": "/y"}
			w.hold("A", "y")
		}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			w.policy.MaxDeletes = connection.MaxDeletes{}
			w.declare("A", "x")
			w.hold("A", "x")
			test.set(w)
			p, problems := plan.Make(w.input())
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, deleted(p)); diff != "" || p.Refusal != nil {
				t.Errorf("deletes differ (-want +got):\n%s\nrefusal %+v", diff, p.Refusal)
			}
			w.policy.Prune = connection.PruneOwned
			p, _ = plan.Make(w.input())
			if got := deleted(p); !strings.Contains(test.name, "without a declared key") && got != test.want {
				t.Errorf("under prune: owned, deletes %q, want %q", got, test.want)
			}
		})
	}
}

func TestLeftoversWithoutADeclaredKeyCountAgainstMaxDeletes(t *testing.T) {
	w := newWorld()
	w.policy.Prune, w.policy.MaxDeletes = connection.PruneOwned, connection.MaxDeletes{Count: 1}
	w.declare("A", "y")
	w.hold("A", "y")
	leftoverOf(w, connection.PhaseNew, "")
	leftoverOf(w, connection.PhaseDeposed, "", protected)
	p, problems := plan.Make(w.input())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if got := deleted(p); got != "qlsync-new" || p.Refusal != nil {
		t.Errorf("deletes %q, refusal %+v", got, p.Refusal)
	}
	leftoverOf(w, connection.PhaseNew, "-2")
	if p, _ = plan.Make(w.input()); p.Refusal == nil || p.Refusal.Rule != plan.RuleMaxDeletes {
		t.Errorf("2 leftovers are deleted where 1 is allowed: %s", outline(p))
	}
	// A connection that this plan creates may be what was left behind.
	w.policy.MaxDeletes = connection.MaxDeletes{Count: 100}
	w.declare("A", "z")
	if p, _ = plan.Make(w.input()); deleted(p) != "" {
		t.Errorf("the old one is deleted next to a create, want it kept: %s", outline(p))
	}
}

// TestAKilledApplyOf20RecreatesIsFinishedByTheNext kills it at each of three places, for all
// 20 connections at once.
func TestAKilledApplyOf20RecreatesIsFinishedByTheNext(t *testing.T) {
	for _, killed := range []string{"before the first rename", "between the renames", "before the delete"} {
		t.Run(killed, func(t *testing.T) {
			w := newWorld()
			w.policy.MaxDeletes = connection.MaxDeletes{}
			for i := range 20 {
				name := fmt.Sprintf("x%02d", i)
				w.declare("A", name, func(d *connection.Desired) { d.DataSource = "soap" })
				digest := recordOf("A", name)
				held := func(at, source, phase string) {
					w.hold("A", at, func(l *connection.Live) {
						l.DataSource, l.Properties = source, map[string]any{"path": "/" + name}
						l.Record = connection.Record{Project: project, Key: digest, Phase: phase, Credentials: connection.CredentialsRecord(0, nil, "u-ana")}
					})
				}
				switch killed {
				case "before the first rename":
					held(name, "rest", "")
					held("qlsync-new-"+digest, "soap", connection.PhaseNew)
				case "between the renames":
					held("qlsync-old-"+digest, "rest", connection.PhaseDeposed)
					held("qlsync-new-"+digest, "soap", connection.PhaseNew)
				default:
					held(name, "soap", "")
					held("qlsync-old-"+digest, "rest", connection.PhaseDeposed)
				}
			}
			p, problems := plan.Make(w.input())
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			if p.Refusal != nil || p.Summary.Refused > 0 {
				t.Fatalf("got refusal %+v, want every recreate finished\n%s", p.Refusal, outline(p))
			}
			for _, step := range p.Steps {
				for _, item := range step.Items {
					if err := w.do(item); err != nil {
						t.Fatal(err)
					}
				}
			}
			if len(w.snapshot.Connections) != 20 {
				t.Errorf("%d connections are left, want 20", len(w.snapshot.Connections))
			}
			if p, _ = plan.Make(w.input()); !p.Empty() {
				t.Errorf("not finished:\n%s", outline(p))
			}
		})
	}
}

func TestAMissingNameComesBackFromTheLeftoverWithThePlainName(t *testing.T) {
	for _, phase := range []string{connection.PhaseDeposed, ""} {
		w := newWorld()
		w.declare("A", "x")
		prefix := phase
		if phase == "" {
			prefix = "temporary"
		}
		for _, suffix := range []string{"", "-2", "-3"} {
			leftoverOf(w, prefix, suffix, func(l *connection.Live) { l.Record.Phase = phase })
		}
		p, problems := plan.Make(w.input())
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		if from := p.Changes[0].From; len(p.Changes) != 1 || from == nil || from.Name != "qlsync-"+prefix+"-"+recordOf("A", "x") {
			t.Errorf("%s: got another change than the rename of the leftover, want it first and alone:\n%s", prefix, outline(p))
		}
	}
}

// TestAnOldOneWithCredentialsIsDeletedOnlyWhereANewOneHasSome: the delete names the new
// connection where the files could not restore the credentials of the old one.
func TestAnOldOneWithCredentialsIsDeletedOnlyWhereANewOneHasSome(t *testing.T) {
	has := func(l *connection.Live) { l.HasCredentials = true }
	for _, test := range []struct {
		name      string
		old       func(*connection.Live)
		file      func(*connection.Desired)
		successor string
	}{
		{"no credentials are declared", has, func(*connection.Desired) {}, "x"},
		{"the old one has none", func(*connection.Live) {}, func(*connection.Desired) {}, ""},
		{"credentials are declared", has, func(d *connection.Desired) {
			d.Credentials = map[string]any{"password": connection.Reference{Env: "P"}}
		}, ""},
		{"they may be lost", has, func(d *connection.Desired) { d.Lifecycle.RecreateAllowed = true }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			w.declare("A", "x", test.file)
			w.hold("A", "x", has)
			leftoverOf(w, connection.PhaseDeposed, "", test.old)
			p, problems := plan.Make(w.input())
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			found, successor := false, ""
			for _, step := range p.Steps {
				for _, item := range step.Items {
					if item.Operation.Kind != connection.BulkDelete {
						continue
					}
					found = true
					if item.Operation.Successor != nil {
						successor = item.Operation.Successor.Key.Name
					}
				}
			}
			if !found || successor != test.successor {
				t.Errorf("deletes the old one: %v, on condition of credentials of %q, want of %q", found, successor, test.successor)
			}
			want := 2 * w.snapshot.Reads // the lists before and behind
			if test.successor != "" {
				want++
			}
			if len(p.Steps) == 1 && p.Estimate.Tier1Calls != want {
				t.Errorf("the plan counts %d reads, want %d", p.Estimate.Tier1Calls, want)
			}
		})
	}
}

// TestCredentialsTypedIntoWhatARecreatePutAsideOutliveIt is about a recreate that was
// interrupted between its two renames, after which somebody typed them in.
func TestCredentialsTypedIntoWhatARecreatePutAsideOutliveIt(t *testing.T) {
	for _, test := range []struct {
		name     string
		declared map[string]any
		want     string
	}{
		{"no credentials are declared, so the old one has the only ones", nil, ""},
		{"credentials are declared, and the new one was made with them", map[string]any{"password": connection.Reference{Env: "P"}}, "qlsync-old"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			w.declare("A", "x", func(d *connection.Desired) { d.Credentials = test.declared })
			leftoverOf(w, connection.PhaseNew, "")
			leftoverOf(w, connection.PhaseDeposed, "", func(l *connection.Live) { l.HasCredentials = true })
			p, problems := plan.Make(w.input())
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			if got := deleted(p); got != test.want {
				t.Errorf("deletes %q, want %q, because credentials that were typed in by hand are nowhere else", got, test.want)
			}
		})
	}
}

// TestACopyMadeByHandIsNotTakenForWhatARecreateHasReplaced has records of where a connection has
// come from that are no longer true, or that somebody has written: a copy of the connection at
// that place is no leftover.
func TestACopyMadeByHandIsNotTakenForWhatARecreateHasReplaced(t *testing.T) {
	for name, set := range map[string]func(*world){
		"where a connection moves as it is": func(*world) {},
		"where it is recreated":             func(w *world) { w.snapshot.Capabilities, w.rules = replacingCapabilities(), exactly{apinizer.Rules{}} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			set(w)
			w.policy.MaxDeletes = connection.MaxDeletes{}
			w.declare("A", "x")
			w.hold("A", "x", func(l *connection.Live) { l.Record.Moved = recordOf("A", "y") })
			w.hold("A", "y", func(l *connection.Live) { l.Record.Key = recordOf("A", "x") })
			p, problems := plan.Make(w.input())
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			if len(p.Changes) > 0 || len(p.Warnings) != 1 {
				t.Errorf("got the plan\n%s\nwith the warnings %v, want no change and one warning of the copy", outline(p), p.Warnings)
			}
		})
	}
}

// TestAForgedTrialDoesNotHideTheConnection is about a service whose recreates try nothing out: what
// looks like a trial must not have a new connection created in place of the one that was renamed.
func TestAForgedTrialDoesNotHideTheConnection(t *testing.T) {
	w := newWorld()
	w.declare("A", "x")
	w.hold("A", "renamed", func(l *connection.Live) {
		l.HasCredentials, l.Record.Key, l.Properties = true, recordOf("A", "x"), map[string]any{"path": "/x"}
	})
	leftoverOf(w, connection.PhaseNew, "", func(l *connection.Live) {
		l.Record.Moved, l.Properties["proxy"] = recordOf("A", "x"), "https://elsewhere.example"
	})
	p, problems := plan.Make(w.input())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if c := p.Changes[len(p.Changes)-1]; c.Action != plan.ActionMove || c.ID != "id-A-renamed" {
		t.Errorf("got the plan\n%s\nwant the connection with the credentials to get its name back", outline(p))
	}
}

// TestABlockThatIsTurnedRoundDeletesNothing creates both ends of a moved block, of which the record
// of one says that it is not what the block leads to the other. It must not say later that the other
// one was replaced.
func TestABlockThatIsTurnedRoundDeletesNothing(t *testing.T) {
	for name, set := range map[string]func(*world){
		"where a connection moves as it is": func(*world) {},
		"where it is recreated": func(w *world) {
			w.snapshot.Capabilities, w.whole, w.rules, w.snapshot.Caller = replacingCapabilities(), true, exactly{apinizer.Rules{}}, connection.User{}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			set(w)
			w.policy.Prune = connection.PruneOwned
			w.declare("A", "x")
			w.declare("B", "y")
			w.moved("A", "x", "B", "y")
			p, problems := plan.Make(w.input())
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			for _, item := range itemsOf(p.Steps) {
				if err := w.do(item); err != nil {
					t.Fatal(err)
				}
			}
			w.files, w.moves = w.files[:1], nil
			w.moved("B", "y", "A", "x")
			w.files[0].Properties = map[string]any{"path": "/changed"}
			p, problems = plan.Make(w.input())
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			if deleted(p) != "" || p.Summary.Refused != 1 {
				t.Errorf("got the plan\n%s\nwant it refused: both ends of the block exist", outline(p))
			}
		})
	}
}
