package plan

import "github.com/qlsync/qlsync/pkg/connection"

// estimate counts the calls: those to read everything again, and those of the steps. The time is what the rate limit alone imposes on
// the writes: n of them need the window to pass once for each limit that they
// fill completely before the last.
func estimate(steps []Step, reads int, traits *connection.Traits) Estimate {
	e := Estimate{Tier1Calls: reads}
	for _, step := range steps {
		calls := step.Items[:1] // a batch is one call
		if step.Kind == connection.Recreate {
			calls = step.Items
		}
		for _, item := range calls {
			cost := traits.Costs[item.Operation.Kind]
			e.Tier1Calls += cost.Reads
			e.Tier2Calls += cost.Writes
			if item.Operation.ReadBack {
				e.Tier1Calls++
			}
		}
	}
	limit := traits.Writes
	if limit.Requests > 0 && e.Tier2Calls > 0 {
		window := int(limit.Window.Seconds())
		e.Seconds = (e.Tier2Calls - 1) / limit.Requests * window
		e.SecondsMax = e.Seconds + window
	}
	return e
}
