package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// randomWorld draws any files over any tenant: few names in few spaces, so that
// they meet.
func randomWorld(t *rapid.T) *world {
	w := newWorld()
	w.byName = rapid.Bool().Draw(t, "records by name")
	if rapid.IntRange(0, 3).Draw(t, "member") == 0 {
		w.snapshot.Capabilities = memberCapabilities()
	}
	w.policy.Prune = rapid.SampledFrom([]string{connection.PruneNone, connection.PruneOwned}).Draw(t, "prune")
	w.policy.Adopt = rapid.SampledFrom([]string{connection.AdoptNone, connection.AdoptMatching, connection.AdoptAll}).Draw(t, "adopt")
	w.policy.Update = rapid.SampledFrom([]string{connection.UpdatePatch, connection.UpdatePatch, connection.UpdateRecreate}).Draw(t, "update")
	w.policy.MaxDeletes = connection.MaxDeletes{Count: 100}
	keys := allKeys()
	for _, key := range keys {
		if rapid.Bool().Draw(t, "live "+key.String()) {
			holdAny(t, w, key, keys)
		}
		if rapid.Bool().Draw(t, "declared "+key.String()) {
			declareAny(t, w, key)
		}
	}
	for range rapid.IntRange(0, 4).Draw(t, "moves") {
		moveOnce(w, rapid.SampledFrom(keys).Draw(t, "from"), rapid.SampledFrom(keys).Draw(t, "to"))
	}
	return w
}

func allKeys() []connection.Key {
	var keys []connection.Key
	for _, space := range []string{"A", "B", "C"} {
		for i := range 3 {
			keys = append(keys, connection.Key{Space: space, Name: fmt.Sprint(i)})
		}
	}
	return keys
}

func holdAny(t *rapid.T, w *world, key connection.Key, keys []connection.Key) {
	live := w.hold(key.Space, key.Name, func(l *connection.Live) {
		l.Record.Project = rapid.SampledFrom([]string{project, project, project, project, "", "other"}).Draw(t, "project")
		l.Record.Protected = rapid.IntRange(0, 9).Draw(t, "protected") == 0
		if rapid.IntRange(0, 3).Draw(t, "elsewhere") == 0 {
			l.Record.Key = w.record(rapid.SampledFrom(keys).Draw(t, "mark"))
		}
		l.Properties["path"] = rapid.SampledFrom([]string{"/1", "/2"}).Draw(t, "path")
		l.OwnerID = rapid.SampledFrom([]string{"u-ana", "u-ana", "u-bo"}).Draw(t, "owner")
		l.HasCredentials = rapid.Bool().Draw(t, "stored")
		if l.HasCredentials && rapid.Bool().Draw(t, "recorded") {
			l.Record.Credentials = connection.CredentialsRecord(0, secretRef("P"), l.OwnerID)
		}
	})
	if live.HasCredentials {
		w.stored[live.ID] = "from before"
	}
}

func declareAny(t *rapid.T, w *world, key connection.Key) {
	w.declare(key.Space, key.Name, func(d *connection.Desired) {
		d.Properties["path"] = rapid.SampledFrom([]string{"/1", "/2"}).Draw(t, "want")
		d.DataSource = rapid.SampledFrom([]string{"rest", "rest", "rest", "soap", "mssql"}).Draw(t, "source")
		d.Owner = rapid.SampledFrom([]string{"", "", "ana@example.com", "bo@example.com"}).Draw(t, "want owner")
		if rapid.Bool().Draw(t, "credentials") {
			d.Credentials = secretRef("P")
		}
		d.Lifecycle.RecreateAllowed = rapid.Bool().Draw(t, "recreate")
		d.Lifecycle.Adopt = rapid.IntRange(0, 3).Draw(t, "take") == 0
	})
}

func moveOnce(w *world, from, to connection.Key) {
	if !slices.ContainsFunc(w.moves, func(m connection.Move) bool { return m.From.String() == from.String() }) {
		w.moved(from.Space, from.Name, to.Space, to.Name)
	}
}

// randomCycle draws connections that are ours and go round: cycles of two to six
// keys, in one space or through several, with other changes on the way.
func randomCycle(t *rapid.T) *world {
	w := randomWorld(t)
	w.moves = nil
	keys := rapid.Permutation(allKeys()).Draw(t, "keys")[:rapid.IntRange(2, 6).Draw(t, "length")]
	for i, key := range keys {
		w.remove(key)
		w.hold(key.Space, key.Name, func(l *connection.Live) { l.Properties["path"] = "/" + key.String() })
		next := keys[(i+1)%len(keys)]
		declareAny(t, w, next)
		d := &w.files[len(w.files)-1]
		d.DataSource = rapid.SampledFrom([]string{"rest", "rest", "soap"}).Draw(t, "source of cycle")
		if rapid.Bool().Draw(t, "unchanged") {
			d.Properties["path"] = "/" + key.String()
		}
		moveOnce(w, key, next)
	}
	return w
}

// remove takes the key out of the files and the tenant.
func (w *world) remove(key connection.Key) {
	w.files = slices.DeleteFunc(w.files, func(d connection.Desired) bool { return d.Space.Name == key.Space && d.Name == key.Name })
	w.snapshot.Connections = slices.DeleteFunc(w.snapshot.Connections, func(l connection.Live) bool { return l.Key == key })
}

// TestAnyPlanCanBeCarriedOut runs the steps of random plans in random orders that
// their graphs allow, on a model with unique names, and plans again: nothing is
// left to do. In every other world the run is killed somewhere, perhaps in the
// middle of a step, and planned again from what is live.
func TestAnyPlanCanBeCarriedOut(t *testing.T) {
	for name, draw := range map[string]func(*rapid.T) *world{"any files": randomWorld, "cycles": randomCycle} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				w := draw(t)
				before := slices.Clone(w.snapshot.Connections)
				kills := rapid.IntRange(0, 2).Draw(t, "kills")
				converge(t, w, before, kills)
				reached(t, w, before)
				if rapid.Bool().Draw(t, "declared again") {
					declareFromAgain(w)
					converge(t, w, slices.Clone(w.snapshot.Connections), 0)
				}
			})
		})
	}
}

// converge plans and carries out until nothing is left to do. What was refused
// because a name was in the way may be possible later, and what was killed is
// taken up again; otherwise one plan is enough.
func converge(t *rapid.T, w *world, before []connection.Live, kills int) {
	var last *plan.Plan
	for round := 0; ; round++ {
		p, problems := plan.Make(w.input())
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		if again, _ := plan.Make(w.input()); p.Hash != again.Hash {
			t.Fatal("got another hash for the same input")
		}
		if p.Refusal != nil || len(p.Steps) == 0 {
			return
		}
		if round > 12 {
			t.Fatalf("got no empty plan after 13 rounds, want convergence:\n%s", outline(p))
		}
		if last != nil && last.Summary.Refused == 0 {
			t.Fatalf("after the plan\n%s\nthere is another one\n%s", outline(last), outline(p))
		}
		t.Logf("plan %d:\n%s", round, outline(p))
		killed := carryOut(t, w, p, kills > 0)
		unharmed(t, w, before)
		if kills--; killed {
			last = nil
		} else {
			last = p
		}
	}
}

// carryOut runs the steps; it reports whether it was killed on the way.
func carryOut(t *rapid.T, w *world, p *plan.Plan, mayBeKilled bool) (killed bool) {
	w.made = map[int]string{}
	ended, steps := map[string]bool{}, slices.Clone(p.Steps)
	written := map[string]*connection.Operation{} // the last operation about each connection, by id
	for len(steps) > 0 {
		var ready []int
		for i, step := range steps {
			if !slices.ContainsFunc(step.After, func(id string) bool { return !ended[id] }) {
				ready = append(ready, i)
			}
		}
		if len(ready) == 0 {
			t.Fatalf("no step can begin:\n%s", outline(p))
		}
		i := rapid.SampledFrom(ready).Draw(t, "step")
		before := slices.Clone(w.snapshot.Connections)
		for _, item := range steps[i].Items {
			if mayBeKilled && rapid.IntRange(0, 5).Draw(t, "kill") == 0 {
				return true
			}
			if seen := item.Operation.Seen; item.Operation.ID != "" && (seen == nil || seen.ID != item.Operation.ID) {
				t.Fatalf("%s does not say how the plan saw its connection:\n%s", steps[i].ID, outline(p))
			}
			op := &item.Operation
			if earlier := written[op.ID]; op.ID != "" && earlier != nil && op.Destroys() && !earlier.ReadBack {
				t.Fatalf("%s destroys something of %q, but no operation reads what an earlier one left there:\n%s", steps[i].ID, op.Key, outline(p))
			}
			written[op.ID] = op
			if err := w.do(item); err != nil {
				t.Fatalf("%s: got error %v, want the step to be done in\n%s", steps[i].ID, err, outline(p))
			}
		}
		if steps[i].Kind == connection.Recreate {
			stillThere(t, w, steps[i].Connections[0], before)
		}
		ended[steps[i].ID] = true
		steps = slices.Delete(steps, i, i+1)
	}
	return false
}

// stillThere demands that a recreate, which is one step, has kept the name.
func stillThere(t *rapid.T, w *world, key connection.Key, before []connection.Live) {
	has := func(list []connection.Live) bool {
		return slices.ContainsFunc(list, func(l connection.Live) bool { return l.Key == key })
	}
	if has(before) && !has(w.snapshot.Connections) {
		t.Fatalf("%q is missing after its recreate", key)
	}
}

// unharmed demands that what another project owns, what is protected, and what
// nobody owns and nobody declares is still there, as it was.
func unharmed(t *rapid.T, w *world, before []connection.Live) {
	for _, old := range before {
		i := slices.IndexFunc(w.snapshot.Connections, func(l connection.Live) bool { return l.ID == old.ID })
		switch {
		case old.Record.Project == "other" && (i < 0 || w.snapshot.Connections[i].Record != old.Record || w.snapshot.Connections[i].Key != old.Key):
			t.Fatalf("%q of another project was touched", old.Key)
		case i < 0 && old.Record.Protected:
			t.Fatalf("%q is gone, and was protected", old.Key)
		}
	}
}

// reached demands that nothing half-done is left, that nothing exists twice, and
// that no declared credentials were lost.
func reached(t *rapid.T, w *world, before []connection.Live) {
	p, _ := plan.Make(w.input())
	refused := map[connection.Key]bool{}
	for _, c := range p.Changes {
		refused[c.Connection] = true
	}
	if len(refused) == 0 {
		for _, live := range w.snapshot.Connections {
			if strings.HasPrefix(live.Key.Name, "qlsync-") || live.Record.Phase != "" {
				t.Fatalf("%q was left behind", live.Key)
			}
		}
	}
	for _, d := range w.files {
		key := connection.Key{Space: d.Space.Name, Name: d.Name}
		i := slices.IndexFunc(w.snapshot.Connections, func(l connection.Live) bool { return l.Key == key })
		switch {
		case refused[key] || p.Refusal != nil:
		case i < 0:
			t.Fatalf("%q is declared, not refused, and not there", key)
		case d.Credentials != nil && w.stored[w.snapshot.Connections[i].ID] == "" && !neverHad(before, w.snapshot.Connections[i].ID):
			t.Fatalf("%q has lost its credentials", key)
		}
	}
}

// neverHad reports whether the connection was there before, without credentials.
func neverHad(before []connection.Live, id string) bool {
	return slices.ContainsFunc(before, func(l connection.Live) bool { return l.ID == id && !l.HasCredentials })
}

// declareFromAgain declares a new connection at each key from which a move came.
func declareFromAgain(w *world) {
	for _, move := range w.moves {
		key := connection.Key{Space: move.From.Space.Name, Name: move.From.Name}
		if !slices.ContainsFunc(w.files, func(d connection.Desired) bool { return d.Space.Name == key.Space && d.Name == key.Name }) {
			w.declare(key.Space, key.Name)
		}
	}
}
