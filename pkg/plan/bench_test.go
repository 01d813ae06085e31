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
					Mark:       connection.Mark{Project: project, Key: connection.KeyDigest(key)},
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
