package plan

import (
	"fmt"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// onlyTargets leaves out the changes that nobody asked for: what remains are the
// named connections, and those whose steps they need. A name that is not declared
// and does not change is a problem.
func (a *analysis) onlyTargets(steps []Step) []Step {
	owner, needs := map[int]int{}, map[int][]int{} // the change of an operation, and the operations that a change needs
	for _, step := range steps {
		for _, item := range step.Items {
			owner[item.ID] = item.Change
			needs[item.Change] = append(needs[item.Change], item.Needs...)
		}
	}
	wanted := map[int]bool{}
	var want func(change int)
	want = func(change int) {
		if wanted[change] {
			return
		}
		wanted[change] = true
		for _, id := range needs[change] {
			want(owner[id])
		}
	}
	for _, key := range a.in.Only {
		found := slices.ContainsFunc(a.targets, func(t *target) bool { return t.key == key })
		for i, d := range a.decisions {
			if d.change.Connection == key {
				found = true
				want(i)
			}
		}
		if !found {
			a.problem(connection.Position{}, connection.Because("target-unknown", "connection", key))
		}
	}
	var kept []*decision
	for i, d := range a.decisions {
		if wanted[i] {
			kept = append(kept, d)
		}
	}
	a.omitted = len(a.decisions) - len(kept)
	a.decisions = kept
	a.onlyRotations()
	return order(a)
}

// onlyReviewed refuses the changes that differ from those of a reviewed plan: the
// change itself is another one, or what it was seen on has changed since.
func (a *analysis) onlyReviewed() {
	if a.in.Reviewed == nil {
		return
	}
	reviewed := a.in.Reviewed.describe()
	for _, d := range a.decisions {
		now := Plan{Changes: []Change{d.change}}
		if d.live != nil {
			now.Seen = []Seen{see(d.live)}
		}
		if text := now.describe()[d.change.Connection]; d.change.Refused == "" && reviewed[d.change.Connection] != text {
			d.change.Refused = fmt.Sprintf("it is not as reviewed in plan %s: plan and review again", a.in.Reviewed.Hash)
		}
	}
}
