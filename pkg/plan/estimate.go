package plan

import (
	"math"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// estimate counts the calls: those to read everything again, those of the steps, and
// those that look afterwards at what was touched, for which the lists are read once
// more. The time is what the rate limit alone imposes on the writes: n of them need
// the window to pass once for each limit that they fill completely before the last.
func estimate(steps []Step, in *Input) Estimate {
	now, capabilities := in.Snapshot, &in.Snapshot.Capabilities
	e := Estimate{Tier1Calls: now.Reads + now.Cached + in.Catalog.Reads}
	if len(steps) > 0 {
		e.Tier1Calls += now.Reads - now.Details + stillThere(steps)
	}
	for _, step := range steps {
		e.Tier1Calls += step.reads(capabilities)
		e.Tier2Calls += step.writes(capabilities)
	}
	limit := capabilities.Writes
	if limit.Requests > 0 && e.Tier2Calls > 0 {
		wait := time.Duration((e.Tier2Calls-1)/limit.Requests) * limit.Window
		e.Seconds = int(math.Ceil(wait.Seconds()))
		e.SecondsMax = int(math.Ceil((wait + limit.Window).Seconds()))
	}
	return e
}

// writes counts the write calls of a step.
func (s *Step) writes(capabilities *connection.Capabilities) (sum int) {
	calls := s.Items[:1] // a batch is one call
	if s.Kind == connection.Recreate {
		calls = s.Items
	}
	for _, item := range calls {
		sum += capabilities.Costs[item.Operation.Kind].Writes
		if item.Operation.Write != nil {
			sum++
		}
	}
	return sum
}

// reads counts the reads of a step: each connection that its operations are about is read
// again before it is written, and what has taken the place of one that is deleted with it.
func (s *Step) reads(capabilities *connection.Capabilities) (sum int) {
	for _, item := range s.Items {
		sum += capabilities.Costs[item.Operation.Kind].Reads
		if item.Operation.Successor != nil {
			sum++
		}
		if item.Operation.ReadBack || item.Operation.Write != nil {
			sum++
		}
	}
	return sum
}

// stillThere counts the connections that are touched and not deleted.
func stillThere(steps []Step) int {
	left := map[int]bool{}
	for _, step := range steps {
		for _, item := range step.Items {
			if !item.Operation.Kind.Deletes() {
				left[item.Change] = true
			}
		}
	}
	return len(left)
}
