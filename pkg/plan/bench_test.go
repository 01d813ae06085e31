package plan_test

import (
	"fmt"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// BenchmarkMake plans for as many live connections as declared ones, of which one
// in ten differs. The time for each connection shows whether it grows linearly.
func BenchmarkMake(b *testing.B) {
	for _, size := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("connections=%d", size), func(b *testing.B) {
			w := newWorld()
			for i := range size {
				name := fmt.Sprint(i)
				w.declare("A", name)
				key := connection.Key{Space: "A", Name: name}
				path := "/" + name
				if i%10 == 0 {
					path = "/changed"
				}
				w.snapshot.Connections = append(w.snapshot.Connections, connection.Live{
					ID: "id-" + name, Key: key, SpaceID: "s-a", DataSource: "rest", OwnerID: "u-ana",
					Properties: map[string]any{"path": path},
					Record:     connection.Record{Project: project, Key: w.record(key)},
				})
			}
			w.sort()
			in := w.input()
			b.ReportAllocs()
			for b.Loop() {
				p, problems := plan.Make(in)
				if problems != nil || len(p.Steps) != size/10 {
					b.Fatalf("%d steps, problems: %v", len(p.Steps), problems)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/connection")
		})
	}
}

// BenchmarkCalls plans mixed changes and compares the number of writes with the
// fewest that are possible: one for each create, one for each change that a patch
// makes, three for each recreate, one more for each cycle of names, and one for each
// full batch of moves and deletes. The ratio must be 1.00.
func BenchmarkCalls(b *testing.B) {
	for _, changes := range []int{10, 100, 1_000, 10_000} {
		b.Run(fmt.Sprintf("changes=%d", changes), func(b *testing.B) {
			w, fewest := mixedWorld(changes)
			in := w.input()
			var p *plan.Plan
			for b.Loop() {
				var problems connection.Problems
				if p, problems = plan.Make(in); problems != nil {
					b.Fatalf("got problems %v, want none", problems)
				}
			}
			if len(p.Changes) != changes {
				b.Fatalf("%d changes, not %d", len(p.Changes), changes)
			}
			b.ReportMetric(float64(p.Estimate.Tier2Calls)/float64(fewest), "calls/fewest")
		})
	}
}

// mixedWorld makes as many changes: of each ten, two creates, two updates, a move
// between spaces, a rename, a swap of two names, a recreate and a delete.
func mixedWorld(changes int) (w *world, fewest int) {
	w = newWorld()
	w.policy.Prune = connection.PruneOwned
	w.policy.MaxDeletes = connection.MaxDeletes{Count: changes}
	tens := changes / 10
	live := func(space, name, path string) {
		key := connection.Key{Space: space, Name: name}
		w.snapshot.Connections = append(w.snapshot.Connections, connection.Live{
			ID: "id-" + name, Key: key, SpaceID: w.spaceID(space), DataSource: "rest", Family: "web", OwnerID: "u-ana",
			Properties: map[string]any{"path": path},
			Record:     connection.Record{Project: project, Key: w.record(key)},
		})
	}
	for i := range tens {
		name := func(kind string) string { return fmt.Sprintf("%s-%d", kind, i) }
		for _, kind := range []string{"create1", "create2", "update1", "update2", "move", "renamed", "swap1", "swap2", "recreate"} {
			space := "A"
			if kind == "move" {
				space = "B"
			}
			w.declare(space, name(kind), func(d *connection.Desired) {
				d.Properties["path"] = "/" + kind
				if kind == "recreate" {
					d.DataSource = "soap"
				}
			})
		}
		live("A", name("update1"), "/old")
		live("A", name("update2"), "/old")
		live("A", name("move"), "/move")
		live("A", name("rename"), "/renamed")
		live("A", name("swap1"), "/swap2")
		live("A", name("swap2"), "/swap1")
		live("A", name("recreate"), "/recreate")
		live("C", name("delete"), "/delete")
		w.moved("A", name("move"), "B", name("move"))
		w.moved("A", name("rename"), "A", name("renamed"))
		w.moved("A", name("swap1"), "A", name("swap2"))
		w.moved("A", name("swap2"), "A", name("swap1"))
	}
	w.sort()
	batches := func(items int) int { return (items + 99) / 100 }
	fewest = tens*(2+2+1+2+1+3) + batches(tens) + batches(2*tens) // the last: deletes, and what recreates leave
	return w, fewest
}
