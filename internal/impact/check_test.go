package impact_test

import (
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/pkg/connection"
)

// TestOnlyALoadThatBeganAfterAnApplyProvesAnything: a reload that had already loaded when the apply began, and one that
// does not load through the connection, prove nothing.
func TestOnlyALoadThatBeganAfterAnApplyProvesAnything(t *testing.T) {
	since := noon.Add(-time.Hour)
	began := since.Add(-time.Minute)
	use := []connection.Use{{ID: "c1", How: connection.UseLoad}}
	before := connection.Reload{ID: "before", At: noon.Add(-5 * time.Hour), Success: true, Uses: use}
	for name, c := range map[string]struct {
		last               connection.Reload
		succeeded, failing int
	}{
		"nothing since":                      {connection.Reload{At: noon.Add(-2 * time.Hour), Success: true, Uses: use}, 0, 0},
		"a load since":                       {connection.Reload{At: noon, Took: 5 * time.Minute, Success: true, Uses: use}, 1, 0},
		"a load since, of unknown duration":  {connection.Reload{At: noon, Success: true, Uses: use}, 1, 0},
		"a reload that began before":         {connection.Reload{At: noon, Took: 2 * time.Hour, Success: true, Uses: use}, 0, 0},
		"a reload that loads something else": {connection.Reload{At: noon, Success: true}, 0, 0},
		"a partial reload without the load":  {connection.Reload{At: noon, Success: true, Limited: true}, 0, 0},
		"a failure since":                    {connection.Reload{At: noon, Took: 2 * time.Hour}, 0, 1},
		"a failure during the apply":         {connection.Reload{At: began.Add(time.Second)}, 0, 1},
		"a failure before":                   {connection.Reload{At: began.Add(-time.Second)}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c.last.ID = "last"
			one := app("a")
			one.Reloads = []connection.Reload{before, c.last}
			live := []connection.Live{{ID: "c1", Key: orders}}
			usage := seen(one)
			kept := again(t, (*impact.Kept)(nil).Keep(usage, live))
			cached := seen(kept.Apps["a"])
			history := kept.History
			for where, x := range map[string]*impact.Index{
				"read": indexOf(usage, live, nil), "from a cache": indexOf(cached, live, nil), "with a history": indexOf(cached, live, history),
			} {
				got := x.Check(live, since, began)[0]
				if got.Succeeded != c.succeeded || len(got.Failing) != c.failing || got.Reloaded != c.succeeded+c.failing || got.Apps != 1 {
					t.Errorf("%s: got %d succeeded, %d failing and %d reloaded of %d apps, want %d succeeded and %d failing of 1",
						where, got.Succeeded, len(got.Failing), got.Reloaded, got.Apps, c.succeeded, c.failing)
				}
			}
		})
	}
}
