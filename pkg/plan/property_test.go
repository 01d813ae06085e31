package plan_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// randomWorld draws any files over any tenant: few names in few spaces, so that
// they meet.
func randomWorld(t *rapid.T) *world {
	w := newWorld()
	if rapid.Bool().Draw(t, "member") {
		w.snapshot.Traits = memberTraits()
	}
	w.policy.Prune = rapid.SampledFrom([]string{connection.PruneNone, connection.PruneOwned}).Draw(t, "prune")
	w.policy.Adopt = rapid.SampledFrom([]string{connection.AdoptNone, connection.AdoptMatching, connection.AdoptAll}).Draw(t, "adopt")
	w.policy.MaxDeletes = connection.MaxDeletes{Count: 100}
	keys := allKeys()
	for _, key := range keys {
		if rapid.Bool().Draw(t, "live "+key.String()) {
			w.hold(key.Space, key.Name, func(l *connection.Live) {
				l.Mark.Project = rapid.SampledFrom([]string{project, project, project, "", "other"}).Draw(t, "owner")
				l.Mark.Protected = rapid.IntRange(0, 9).Draw(t, "protected") == 0
				l.Mark.Key = connection.KeyDigest(rapid.SampledFrom(keys).Draw(t, "mark"))
				l.Properties["path"] = rapid.SampledFrom([]string{"/1", "/2"}).Draw(t, "path")
			})
		}
		if rapid.Bool().Draw(t, "declared "+key.String()) {
			w.declare(key.Space, key.Name, func(d *connection.Desired) {
				d.Properties["path"] = rapid.SampledFrom([]string{"/1", "/2"}).Draw(t, "want")
				if rapid.Bool().Draw(t, "credentials") {
					d.Credentials = secretRef("P")
				}
			})
		}
	}
	for range rapid.IntRange(0, 5).Draw(t, "moves") {
		from, to := rapid.SampledFrom(keys).Draw(t, "from"), rapid.SampledFrom(keys).Draw(t, "to")
		if !slices.ContainsFunc(w.moves, func(m connection.Move) bool { return m.From.String() == from.String() }) {
			w.moved(from.Space, from.Name, to.Space, to.Name)
		}
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

// TestAnyPlanCanBeCarriedOut runs the steps of a random plan in a random order
// that its graph allows, on a model with unique names.
func TestAnyPlanCanBeCarriedOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := randomWorld(t)
		before := slices.Clone(w.snapshot.Connections)
		p, problems := plan.Make(w.input())
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		again, _ := plan.Make(w.input())
		if p.Hash != again.Hash {
			t.Fatal("the same input gave another hash")
		}
		if p.Refusal != nil {
			return // an empty desired set with deletes
		}
		// What was refused because a name was in the way may be possible later.
		for range len(p.Changes) + 1 {
			carryOut(t, w, p)
			unharmed(t, w, before)
			next, problems := plan.Make(w.input())
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			if len(next.Steps) > 0 && p.Summary.Refused == 0 {
				t.Fatalf("after the plan\n%s\nthere is another one\n%s", outline(p), outline(next))
			}
			if p = next; len(p.Steps) == 0 {
				return
			}
		}
		t.Fatalf("it does not converge:\n%s", outline(p))
	})
}

func carryOut(t *rapid.T, w *world, p *plan.Plan) {
	ended, steps := map[string]bool{}, slices.Clone(p.Steps)
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
		for _, item := range steps[i].Items {
			if err := w.do(item.Operation); err != nil {
				t.Fatalf("%s: %v in\n%s", steps[i].ID, err, outline(p))
			}
		}
		ended[steps[i].ID] = true
		steps = slices.Delete(steps, i, i+1)
	}
}

// unharmed demands that what another project owns, what is protected, and what
// nobody owns and nobody declares is still there, as it was.
func unharmed(t *rapid.T, w *world, before []connection.Live) {
	for _, old := range before {
		i := slices.IndexFunc(w.snapshot.Connections, func(l connection.Live) bool { return l.ID == old.ID })
		switch {
		case old.Mark.Project == "other" && (i < 0 || w.snapshot.Connections[i].Mark != old.Mark || w.snapshot.Connections[i].Key != old.Key):
			t.Fatalf("%q of another project was touched", old.Key)
		case i < 0 && (old.Mark.Protected || old.Mark.Project == ""):
			t.Fatalf("%q is gone", old.Key)
		}
	}
}
