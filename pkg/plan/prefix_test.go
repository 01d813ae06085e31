package plan_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/internal/providertest/memory"
	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// TestEveryPrefixOfAPlanConverges carries out every prefix of the operations of random plans,
// in their order and in another one that their graphs allow, and plans again from what is live
// then. The new plan leads to the state that the undisturbed run leads to, touches nothing
// else, loses nothing on the way, and has at most two more writes for each connection than
// were left.
func TestEveryPrefixOfAPlanConverges(t *testing.T) {
	for name, draw := range map[string]func(*rapid.T) *world{
		"any files": randomWorld, "cycles": randomCycle,
		"a service that replaces whole connections": replaced(randomWorld, false),
		"cycles there":                       replaced(randomCycle, false),
		"a service where names never change": replaced(randomWorld, true),
		"cycles of fixed names":              replaced(randomCycle, true),
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { everyPrefix(t, hostileWorld(t, draw)) })
		})
	}
}

// extraWrites is how many more writes a connection may take after a kill than were left.
const extraWrites = 2

// everyPrefix kills the run of the first plan for a world behind each of its operations.
func everyPrefix(t *rapid.T, w *world) {
	if w.whole {
		keepWhole(t, w)
	}
	w.forgetIgnored()
	if rapid.IntRange(0, 3).Draw(t, "compared") == 0 {
		w.fresh = "fresh"
	}
	undisturbed := w.clone()
	plans, end := settle(t, undisturbed)
	if len(plans) == 0 || slices.ContainsFunc(append(plans, makePlan(t, undisturbed)), w.contradicts) {
		return
	}
	first := plans[0]
	later := map[connection.Key]int{} // writes of the plans after the first
	for _, p := range plans[1:] {
		for _, item := range itemsOf(p.Steps) {
			later[w.about(p, item)]++
		}
	}
	for _, steps := range [][]plan.Step{first.Steps, interleaved(t, first.Steps)} {
		killed := w.clone()
		killed.made = map[int]string{}
		watch := newWatch(t, killed, first)
		items := itemsOf(steps)
		left := maps.Clone(later)
		for _, item := range items {
			left[w.about(first, item)]++
		}
		for i, item := range items {
			watch.do(item)
			left[w.about(first, item)]--
			again := killed.clone()
			var done []string
			writes := map[connection.Key]int{}
			next, reached := settle(t, again)
			for _, p := range next {
				for _, item := range itemsOf(p.Steps) {
					writes[w.about(p, item)]++
				}
			}
			fail := func(format string, args ...any) {
				for _, item := range items[:i+1] {
					done = append(done, line(item))
				}
				var outlines []string
				last := makePlan(t, again)
				for _, p := range append(next, last) {
					outlines = append(outlines, outline(p))
				}
				for _, warning := range last.Warnings {
					outlines = append(outlines, fmt.Sprintf("%v: %s", warning.Connection, warning.Reason.String()))
				}
				for _, m := range w.moves {
					outlines = append(outlines, "moved "+m.From.String()+" > "+m.To.String())
				}
				t.Fatalf(format+"\nthe plan\n%s\ncarried out\n%s\nthen planned\n%s", append(args, outline(first), strings.Join(done, "\n"), strings.Join(outlines, "\n--\n"))...)
			}
			if diff := difference(end, reached); diff != "" {
				fail("another end (- undisturbed, + after a kill):\n%s", diff)
			}
			if first.Summary.Refused == 0 && len(next) > len(plans) { // a move alone leaves the record of a fingerprint to the next plan
				fail("%d plans are not enough after a kill", len(plans))
			}
			for key, n := range writes {
				if n > left[key]+extraWrites {
					fail("%q takes %d writes, and %d were left", key, n, left[key])
				}
			}
		}
	}
}

// forgetIgnored removes from the files what no record can restore: an owner who is set by a create and
// ignored later, and ignored credentials whose loss per-user credentials hide.
func (w *world) forgetIgnored() {
	for i := range w.files {
		d := &w.files[i]
		if slices.Contains(d.Lifecycle.IgnoreChanges, "owner") {
			d.Owner = ""
		}
		if live := w.at(connection.Key{Space: d.Space.String(), Name: d.Name}); live != nil && live.PerUserCredentials {
			d.Lifecycle.IgnoreChanges = slices.DeleteFunc(d.Lifecycle.IgnoreChanges, func(path string) bool { return path == "credentials" })
		}
	}
}

// contradicts reports whether a plan has no end that holds after a kill: a person must decide about
// moved blocks that contradict each other or the tenant, or what an interrupted recreate has left is
// recreated while another connection is still to leave its name, or next to an old one that is kept, as
// while nobody owns what is at the name: nothing of ours is deleted for that. Where a recreate creates a connection at
// another key and then deletes the old one, there are more of them: a name at either end is declared
// to be two connections, so that nothing separates the old one from a new one; the old one is nobody's,
// and is not deleted after a kill; and so is a protected one, where a rename is a recreate.
func (w *world) contradicts(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Changes, func(c plan.Change) bool {
		if slices.Contains([]string{"moved-to-taken", "several-moves", "several-candidates", "name-taken"}, c.Refused.Code) {
			return true
		}
		if live := w.byID(c.ID); c.Action == plan.ActionRecreate && !c.Refused.Holds() && live != nil && live.Record.Phase != "" && w.at(c.Connection) != nil {
			return true
		}
		if live := w.byID(c.ID); c.Action == plan.ActionRecreate && !c.Refused.Holds() && live != nil && w.keepsOld(p, c.Connection, live) {
			return true
		}
		if c.Refused.Holds() || !w.whole || c.From == nil || !w.fixedNames && c.Action != plan.ActionRecreate {
			return false
		}
		leadsOn := slices.ContainsFunc(w.moves, func(m connection.Move) bool { return m.From.String() == c.Connection.String() })
		old := w.byID(c.ID)
		return leadsOn || w.file(*c.From) != nil || old != nil && (old.Record.Project == "" || w.fixedNames && old.Record.Protected)
	})
}

// keepsOld reports whether a plan does not delete, before it recreates a connection, the old one that
// an interrupted recreate of the key has left.
func (w *world) keepsOld(p *plan.Plan, key connection.Key, live *connection.Live) bool {
	return slices.ContainsFunc(w.snapshot.Connections, func(l connection.Live) bool {
		isDeleted := slices.ContainsFunc(p.Changes, func(c plan.Change) bool { return c.Action == plan.ActionDelete && c.ID == l.ID && !c.Refused.Holds() })
		return l.Record.Phase == connection.PhaseDeposed && w.fits(l.Record.Key, key) && (live.Record.Project == "" || !isDeleted)
	})
}

// settle plans and carries out until there is nothing to do, and returns the plans and the end.
func settle(t *rapid.T, w *world) (plans []*plan.Plan, end map[string]any) {
	for {
		p := makePlan(t, w)
		if p.Refusal != nil || len(p.Steps) == 0 {
			return plans, w.shape(p)
		}
		if len(plans) > 12 {
			t.Fatalf("got no empty plan after 13 rounds, want convergence:\n%s", outline(p))
		}
		plans = append(plans, p)
		w.made = map[int]string{}
		watch := newWatch(t, w, p)
		for _, item := range itemsOf(p.Steps) {
			watch.do(item)
		}
	}
}

// makePlan plans, with the fingerprints of the values if the world has any.
func makePlan(t *rapid.T, w *world) *plan.Plan {
	in := w.input()
	p, problems := plan.Make(in)
	if w.fresh != "" {
		in.Fingerprints = map[connection.Key]plan.Fingerprint{}
		for _, c := range p.Compared {
			in.Fingerprints[c.Connection] = plan.Fingerprint{
				Fresh: w.fresh, Changed: c.Recorded != "" && c.Recorded != w.fresh, Unknown: c.Recorded == "",
			}
		}
		p, problems = plan.Make(in)
	}
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return p
}

// watch carries operations out and demands after each that nothing is lost.
type watch struct {
	guard
	// touched are the ids of the connections that the plan is about.
	touched map[string]bool
	// group has the operations that may leave a name missing behind them.
	group map[int]bool
}

func newWatch(t *rapid.T, w *world, p *plan.Plan) *watch {
	watch := &watch{
		guard:   guard{t: t, w: w, p: p, stripped: map[string]bool{}, begin: slices.Clone(w.snapshot.Connections)},
		touched: map[string]bool{}, group: map[int]bool{},
	}
	for _, c := range slices.Concat(p.Changes, p.Rotations) {
		if !c.Refused.Holds() {
			watch.touched[c.ID] = true
		}
	}
	for _, item := range itemsOf(p.Steps) { // what an interrupted recreate has left, and is gone on with
		if live := w.byID(item.Operation.ID); live != nil && live.Record.Project == project && live.Record.Phase != "" {
			watch.touched[live.ID] = true
		}
	}
	for _, step := range p.Steps {
		if step.Grouped > 0 {
			for _, item := range step.Items[len(step.Items)-step.Grouped : len(step.Items)-1] {
				watch.group[item.ID] = true
			}
		}
	}
	return watch
}

func (g *watch) do(item plan.Item) {
	op := item.Operation
	g.before(item)
	if successor := op.Successor; successor != nil {
		if now, deleted := g.w.byID(successor.ID), g.w.byID(op.ID); now == nil || deleted == nil || connection.CheckSuccessor(&op, deleted, now) != nil {
			g.t.Fatalf("%s deletes the last credentials of %q in\n%s", op.Kind, successor.Key, outline(g.p))
		}
	}
	if err := g.w.do(item); err != nil {
		g.t.Fatalf("%v in\n%s", err, outline(g.p))
	}
	for _, old := range g.begin {
		if !g.touched[old.ID] {
			if now := g.w.at(old.Key); now == nil || !reflect.DeepEqual(*now, old) {
				g.t.Fatalf("%s touches %q, which no change is about, in\n%s", line(item), old.Key, outline(g.p))
			}
		}
		if old.Record.Project != project || g.w.at(old.Key) != nil || g.w.file(old.Key) == nil || g.movesAway(old) {
			continue
		}
		if !g.group[item.ID] {
			g.t.Fatalf("%q is missing after %s in\n%s", old.Key, line(item), outline(g.p))
		}
	}
}

// movesAway reports whether the plan takes a connection to another key.
func (g *watch) movesAway(old connection.Live) bool {
	return slices.ContainsFunc(g.p.Changes, func(c plan.Change) bool {
		return !c.Refused.Holds() && c.ID == old.ID && c.Connection != old.Key
	})
}

// replaced returns a draw of worlds of a service that replaces whole connections.
func replaced(draw func(*rapid.T) *world, fixedNames bool) func(*rapid.T) *world {
	return func(t *rapid.T) *world {
		w := draw(t)
		w.snapshot.Capabilities, w.whole, w.fixedNames = replacingCapabilities(), true, fixedNames
		w.rules = exactly{apinizer.Rules{}}
		if fixedNames { // what a rename has replaced is left to policy.prune
			w.rules = exactly{&memory.Provider{}}
			w.policy.Prune = connection.PruneOwned
		}
		return w
	}
}

// keepWhole makes of a world one of a service that has no owners and no tags, and that never
// shows what it keeps; a write must carry it.
func keepWhole(t *rapid.T, w *world) {
	w.snapshot.Caller, w.snapshot.Users = connection.User{}, nil
	for i := range w.snapshot.Connections {
		l := &w.snapshot.Connections[i]
		stored := w.stored[l.ID]
		delete(w.stored, l.ID)
		l.ID, l.OwnerID, l.Tags, l.PerUserCredentials, l.WriteOnlyCredentials = l.Key.String(), "", nil, false, nil
		if l.Record.Credentials != "" {
			l.Record.Credentials = connection.CredentialsRecord(0, secretRef("P"), "")
		}
		if l.Record.Key != "" && slices.ContainsFunc(w.moves, func(m connection.Move) bool {
			return m.From.String() == l.Key.String() || m.To.String() == l.Key.String()
		}) {
			l.Record.Key = w.record(l.Key) // where the record is of another key, nothing is deleted
		}
		if l.HasCredentials {
			l.WriteOnlyCredentials, w.stored[l.ID] = []string{"password"}, stored
			if rapid.IntRange(0, 5).Draw(t, "undeclared secret") == 0 {
				l.WriteOnlyCredentials = append(l.WriteOnlyCredentials, "token")
			}
		}
		if !w.fixedNames && rapid.IntRange(0, 5).Draw(t, "hidden") == 0 {
			l.WriteOnlyProperties, w.stored[l.ID+" store"] = []string{"store"}, "main"
		}
	}
	for i := range w.files {
		d := &w.files[i]
		d.Owner, d.Tags = "", nil
		switch rapid.IntRange(0, 7).Draw(t, "declared of what is hidden") {
		case 0, 1:
			d.Properties["store"] = "main"
		case 2:
			d.Properties["token"] = nil
		}
	}
}

// interleaved returns the steps in another order that their graph allows.
func interleaved(t *rapid.T, steps []plan.Step) []plan.Step {
	var order []plan.Step
	ended := map[string]bool{}
	for rest := slices.Clone(steps); len(rest) > 0; {
		var ready []int
		for i, step := range rest {
			if !slices.ContainsFunc(step.After, func(id string) bool { return !ended[id] }) {
				ready = append(ready, i)
			}
		}
		i := rapid.SampledFrom(ready).Draw(t, "step")
		ended[rest[i].ID] = true
		order, rest = append(order, rest[i]), slices.Delete(rest, i, i+1)
	}
	return order
}

func itemsOf(steps []plan.Step) []plan.Item {
	var items []plan.Item
	for _, step := range steps {
		items = append(items, step.Items...)
	}
	return items
}

// about returns the declared key that an operation is for, also where it is about what an
// interrupted plan has left of it.
func (w *world) about(p *plan.Plan, item plan.Item) connection.Key {
	key := p.Change(item.Change).Connection
	for _, d := range w.files {
		declared := connection.Key{Space: d.Space.String(), Name: d.Name}
		if digest := w.record(declared); w.file(key) == nil && strings.Contains(key.Name, digest) {
			return declared
		}
	}
	return key
}

// clone returns a world that changes apart from this one.
func (w *world) clone() *world {
	c := *w
	snapshot := *w.snapshot
	snapshot.Connections = slices.Clone(w.snapshot.Connections)
	c.snapshot, c.stored = &snapshot, maps.Clone(w.stored)
	c.made = maps.Clone(w.made)
	return &c
}

// difference returns the connections that differ between two shapes, with what differs in them.
func difference(want, got map[string]any) string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if diff := cmp.Diff(want[key], got[key]); diff != "" && got[key] != nil {
			lines = append(lines, key+" differs:\n"+diff)
		} else if diff != "" {
			lines = append(lines, key+" is missing")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if want[key] == nil {
			lines = append(lines, fmt.Sprintf("%s is too many: %+v", key, got[key]))
		}
	}
	return strings.Join(lines, "\n")
}

// shape is what two tenants must have in common to be in the same state: all but the ids of
// what was created, and what is kept of a recreate until a person has lifted a refusal.
func (w *world) shape(last *plan.Plan) map[string]any {
	shape := map[string]any{}
	for _, l := range w.snapshot.Connections {
		if slices.ContainsFunc(last.Changes, func(c plan.Change) bool { return c.ID == l.ID && strings.HasPrefix(c.Refused.Code, "waits-for-") }) {
			continue
		}
		of := map[string]any{"stored": w.stored[l.ID], "hidden": w.stored[l.ID+" store"]}
		if strings.HasPrefix(l.ID, "id-new-") {
			l.ID = ""
		}
		l.Record.Moved = "" // no plan compares it
		w.forgetRecords(&l)
		of["live"] = l
		shape[l.Key.String()] = of
	}
	return shape
}

// forgetRecords takes out of the ownership record of what a moved block has led here what a move by one call
// does not write, whichever record was there before: that of the key, and that of the credentials.
func (w *world) forgetRecords(l *connection.Live) {
	for _, move := range w.moves {
		if (connection.Key{Space: move.To.Space.String(), Name: move.To.Name}) == l.Key {
			l.Record.Key, l.Record.Credentials = w.record(l.Key), ""
		}
	}
}

func line(item plan.Item) string {
	op := item.Operation
	text := string(op.Kind) + " " + op.Key.String()
	if op.Name != "" && op.Name != op.Key.Name {
		text += " > " + op.Name
	}
	if op.Space != nil && op.Space.Name != op.Key.Space {
		text += " > " + op.Space.Name
	}
	if op.OwnerID != "" {
		text += " for " + op.OwnerID
	}
	if op.Credentials != nil {
		text += " with credentials"
	}
	return text
}

// TestWhatWasRecreatedElsewhereCountsAsADelete: such a connection has no temporary name, and may
// have been made again by hand since.
func TestWhatWasRecreatedElsewhereCountsAsADelete(t *testing.T) {
	w := newWorld()
	w.snapshot.Capabilities, w.whole, w.rules = replacingCapabilities(), true, exactly{apinizer.Rules{}}
	w.policy.MaxDeletes = connection.MaxDeletes{}
	w.declare("B", "x")
	w.hold("B", "x", func(l *connection.Live) { l.Record.Moved = recordOf("A", "x") })
	w.hold("A", "x")
	w.moved("A", "x", "B", "x")
	p, problems := plan.Make(w.input())
	if problems.Err() != nil || outline(p) != "delete A/x\ns1 delete A/x" || p.Refusal == nil || p.Refusal.Rule != plan.RuleMaxDeletes {
		t.Errorf("got %v, %+v and\n%s\nwant one delete, which policy.maxDeletes refuses", problems, p.Refusal, outline(p))
	}
}

// TestWhatAKilledRunLeavesIsFinished has the worlds in which a plan did not converge. Each runs the
// first operations of a plan, and then the next plan.
func TestWhatAKilledRunLeavesIsFinished(t *testing.T) {
	whole := func(w *world) {
		w.snapshot.Capabilities, w.whole, w.rules = replacingCapabilities(), true, exactly{apinizer.Rules{}}
		w.snapshot.Caller = connection.User{}
	}
	half := func(w *world, prefix, phase string) {
		w.hold("A", prefix+recordOf("A", "x"), func(l *connection.Live) {
			l.Record.Key, l.Record.Phase, l.DataSource = recordOf("A", "x"), phase, "rest"
		})
	}
	for _, test := range []struct {
		name string
		set  func(*world)
		done int
		want string
	}{
		{"a connection that was created in another project is not left there twice", func(w *world) {
			whole(w)
			w.declare("B", "x")
			w.hold("A", "x", func(l *connection.Live) { l.ID, l.OwnerID = "A/x", "" })
			w.moved("A", "x", "B", "x")
		}, 1, "delete A/x\ns1 delete A/x"},
		{"a recreate in place keeps what only the old connection had", func(w *world) {
			whole(w)
			w.policy.Update = connection.UpdateRecreate
			w.declare("A", "x", func(d *connection.Desired) { d.Properties = map[string]any{"path": "/new"} })
			w.hold("A", "x", func(l *connection.Live) {
				l.ID, l.OwnerID, l.Properties["note"] = "A/x", "", "by hand"
			})
		}, 2, "delete A/qlsync-new-d8f4cfd3350ddcab\ncreate A/x /properties/note:<nil>>by hand /properties/path:<nil>>/new\n" +
			"s1 create A/x\ns2 delete A/qlsync-new-d8f4cfd3350ddcab after s1"},
		{"a new connection is not moved on by a block that was for another one", func(w *world) {
			w.declare("A", "x")
			w.declare("B", "y")
			w.moved("A", "x", "B", "y")
		}, 1, "create B/y /properties/path:<nil>>/y\ns1 create B/y"},
		{"a new connection of another owner is handed over although updates are recreates", func(w *world) {
			w.policy.Update = connection.UpdateRecreate
			w.declare("A", "x", func(d *connection.Desired) {
				yes := true
				d.Owner, d.Credentials, d.Lifecycle.PreventDestroy = "bo@example.com", secretRef("P"), &yes
			})
		}, 1, "update A/x /owner:ana@example.com>bo@example.com /credentials/password=(secret)\ns1 bulk-update A/x\ns2 patch A/x after s1"},
		{"ignored credentials that a change of owner took away are written", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) {
				d.Owner, d.Credentials, d.Lifecycle.IgnoreChanges = "bo@example.com", secretRef("P"), []string{"credentials"}
			})
			live := w.hold("A", "x", func(l *connection.Live) {
				l.HasCredentials, l.Record.Credentials = true, connection.CredentialsRecord(0, secretRef("P"), "u-ana")
			})
			w.stored[live.ID] = "from before"
		}, 1, "update A/x /credentials/password=(secret)\ns1 patch A/x"},
		{"an old leftover goes before a recreate leaves another one", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.DataSource = "soap" })
			w.hold("A", "x")
			half(w, "qlsync-old-", connection.PhaseDeposed)
		}, 3, "delete A/qlsync-old-d8f4cfd3350ddcab-2\nmove A/x from A/qlsync-new-d8f4cfd3350ddcab /name:qlsync-new-d8f4cfd3350ddcab>x\n" +
			"s1 patch A/x\ns2 bulk-delete A/qlsync-old-d8f4cfd3350ddcab-2 after s1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			test.set(w)
			p, problems := plan.Make(w.input())
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			for _, item := range itemsOf(p.Steps)[:test.done] {
				if err := w.do(item); err != nil {
					t.Fatal(err)
				}
			}
			next, problems := plan.Make(w.input())
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, outline(next)); diff != "" {
				t.Errorf("after %d operations of\n%s\nthe next plan differs (-want +got):\n%s", test.done, outline(p), diff)
			}
		})
	}
}
