package plan

import (
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// onlyTargets leaves out the changes that nobody asked for: what remains are the
// named connections, and those whose operations they need. A name that is not declared
// and does not change is a problem.
func (a *analysis) onlyTargets(o *orderer) {
	of := o.byDecision()
	wanted := map[*decision]bool{}
	var want func(*decision)
	want = func(d *decision) {
		if wanted[d] {
			return
		}
		wanted[d] = true
		for _, n := range of[d] {
			for _, first := range n.needs {
				want(first.decision)
			}
		}
	}
	all := slices.Concat(a.decisions, a.rotations)
	for _, key := range a.in.Only {
		found := a.Declared[key] != nil || key.IsSpace()
		for _, d := range all {
			if d.change.Connection == key {
				found = true
				want(d)
			}
		}
		if !found {
			a.problem(connection.Position{}, connection.Because("target-unknown", "connection", key))
		}
	}
	isOmitted := func(d *decision) bool { return !wanted[d] }
	kept := slices.DeleteFunc(slices.Clone(a.decisions), isOmitted)
	a.omitted, a.decisions = len(a.decisions)-len(kept), kept
	a.rotations = slices.DeleteFunc(a.rotations, isOmitted)
	shown := map[connection.Key]bool{}
	for _, key := range a.in.Only {
		shown[key] = true
	}
	for _, d := range kept {
		shown[d.change.Connection] = true
	}
	a.compared = slices.DeleteFunc(a.compared, func(c Compared) bool { return !shown[c.Connection] })
	o.nodes = slices.DeleteFunc(o.nodes, func(n *node) bool { return isOmitted(n.decision) })
	o.schedule()
}
