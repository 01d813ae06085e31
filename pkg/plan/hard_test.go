package plan_test

import (
	"fmt"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// BenchmarkHardWorlds plans for what makes planners slow: one long chain of moves,
// one large cycle, a chain behind something that does not leave, and as many
// creates as deletes. The time for each connection shows whether it grows linearly.
func BenchmarkHardWorlds(b *testing.B) {
	name := func(i int) string { return fmt.Sprintf("%06d", i) }
	chain := func(w *world, size int) {
		for i := range size {
			w.declare("A", name(i+1))
			w.add("A", name(i))
			w.moved("A", name(i), "A", name(i+1))
		}
	}
	for _, hard := range []struct {
		name string
		make func(w *world, size int)
	}{
		{"chain", chain},
		{"cycle", func(w *world, size int) {
			for i := range size {
				w.declare("A", name(i))
				w.add("A", name(i))
				w.moved("A", name(i), "A", name((i+1)%size))
			}
		}},
		{"blocked", func(w *world, size int) {
			chain(w, size)
			w.hold("A", name(size), func(l *connection.Live) { l.Record.Project = "other" })
		}},
		{"deletes", func(w *world, size int) {
			w.policy.Prune, w.policy.MaxDeletes = connection.PruneOwned, connection.MaxDeletes{Count: size}
			for i := range size {
				w.declare("A", "new "+name(i))
				w.add("A", "old "+name(i))
			}
		}},
	} {
		for _, size := range []int{1_000, 10_000} {
			b.Run(fmt.Sprintf("%s/connections=%d", hard.name, size), func(b *testing.B) {
				w := newWorld()
				hard.make(w, size)
				in := w.input()
				for b.Loop() {
					if _, problems := plan.Make(in); problems != nil {
						b.Fatalf("got problems %v, want none", problems)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/connection")
			})
		}
	}
}

// add is hold without the sorting, for large worlds that are made in order.
func (w *world) add(space, name string) {
	key := connection.Key{Space: space, Name: name}
	w.snapshot.Connections = append(w.snapshot.Connections, connection.Live{
		ID: "id-" + name, Key: key, SpaceID: w.spaceID(space), DataSource: "rest", Family: "web", OwnerID: "u-ana",
		Properties: map[string]any{"path": "/" + name},
		Record:     connection.Record{Project: project, Key: w.record(key)},
	})
}
