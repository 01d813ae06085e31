package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// orderer turns decisions into steps.
type orderer struct {
	analysis *analysis
	traits   *connection.Traits
	live     map[connection.Key]*connection.Live
	declared map[connection.Key]bool
	passed   map[connection.Key]bool // keys at which a connection stands between two calls
	needless map[connection.Key]bool // keys of what is deleted at any time
	nodes    []*node
}

// order builds the steps of all changes that are not refused. A change whose
// name cannot become free is refused, and then whatever waited for it.
//
// A name must be free before it is taken, so the operation that frees it comes
// first. Deletes come last unless their name is needed. Of what is ready, what
// brings back a missing name comes first, then the step with the longest chain behind
// it, then by kind and key: the same order every time.
func order(a *analysis) []Step {
	o := &orderer{
		analysis: a, traits: &a.in.Snapshot.Traits,
		live:     make(map[connection.Key]*connection.Live, len(a.in.Snapshot.Connections)),
		declared: make(map[connection.Key]bool, len(a.targets)),
	}
	for i := range a.in.Snapshot.Connections {
		live := &a.in.Snapshot.Connections[i]
		o.live[live.Key] = live
	}
	for _, t := range a.targets {
		o.declared[t.key] = true
	}
	for !o.build() {
		// Each round refuses at least one more change.
	}
	o.expect()
	return o.steps()
}

// build makes the graph; it reports false when it had to refuse a change, or to
// break a cycle, and must be called again.
func (o *orderer) build() bool {
	o.nodes = nil
	o.passed, o.needless = map[connection.Key]bool{}, map[connection.Key]bool{}
	frees := map[connection.Key]*node{}
	for _, d := range o.analysis.decisions {
		if d.needless && d.change.Refused == "" {
			o.needless[d.live.Key] = true
		}
	}
	for i, d := range o.analysis.decisions {
		if d.change.Refused != "" {
			continue
		}
		for _, n := range o.operations(i, d) {
			if n.frees != nil && n.created == nil { // nothing waits for where a new one has stood
				frees[*n.frees] = n
			}
			o.nodes = append(o.nodes, n)
		}
	}
	o.nodes = append(o.nodes, o.rotations()...)
	return o.holdBack() && o.free(frees) && o.rank()
}

// holdBack lets the delete of what an interrupted recreate left wait for the rest
// of it, unless nothing needs that, and refuses deletes beside a refusal: what could
// not be made anew, or under its new name, must stay. It reports false when it had to
// refuse one.
func (o *orderer) holdBack() bool {
	refused, notMade := map[connection.Key]bool{}, map[string]bool{}
	for _, d := range o.analysis.decisions {
		if d.target == nil || d.change.Refused == "" && !d.change.Waits {
			continue
		}
		refused[d.target.key] = true
		if d.live == nil {
			notMade[d.target.DataSource] = true
		}
	}
	last := map[connection.Key]*node{} // of those that a recreate has left something of
	for _, d := range o.analysis.decisions {
		if d.repair {
			last[d.of] = nil
		}
	}
	for _, n := range o.nodes {
		if n.decision.target == nil {
			continue
		}
		if _, waited := last[n.decision.target.key]; waited {
			last[n.decision.target.key] = n
		}
	}
	held := true
	for _, n := range o.nodes {
		d := n.decision
		switch {
		case d.change.Action != ActionDelete, d.needless:
		case d.repair && refused[d.of]:
			d.change.Refused = "it is kept while its recreate is refused"
			held = false
		case d.repair && last[d.of] != nil:
			n.needs = append(n.needs, last[d.of])
		case !d.repair && notMade[d.change.DataSource]:
			d.change.Refused = "it is kept while the create of another " + d.change.DataSource + " is refused or waits for a person: it may be its old name"
			held = false
		}
	}
	return held
}

// free makes every operation wait for whatever stands at the key that it takes. It
// reports false when something will never leave: then it has refused the change,
// and whatever waits for that.
func (o *orderer) free(frees map[connection.Key]*node) bool {
	takers := map[connection.Key]*node{}
	var stuck []*node
	for _, n := range o.nodes {
		if n.takes == nil {
			continue
		}
		other := o.live[*n.takes]
		if other == nil || other == n.decision.live {
			continue
		}
		takers[*n.takes] = n
		if first := frees[*n.takes]; first != nil {
			n.needs = append(n.needs, first)
		} else {
			stuck = append(stuck, n)
		}
	}
	if len(stuck) == 0 {
		return true
	}
	of := map[*decision][]*node{}
	for _, n := range o.nodes {
		of[n.decision] = append(of[n.decision], n)
	}
	for ; len(stuck) > 0; stuck = stuck[1:] {
		n := stuck[0]
		if n.decision.change.Refused != "" {
			continue
		}
		n.decision.change.Refused = fmt.Sprintf("the name is taken: %q exists and does not leave", *n.takes)
		for _, m := range of[n.decision] {
			if m.frees != nil && takers[*m.frees] != nil {
				stuck = append(stuck, takers[*m.frees])
			}
		}
	}
	return false
}

// rank gives every node its tail and level; it reports false when it found a
// cycle and broke it.
func (o *orderer) rank() bool {
	waiters := map[*node][]*node{}
	blocked := make(map[*node]int, len(o.nodes))
	ready := make([]*node, 0, len(o.nodes))
	for _, n := range o.nodes {
		for _, first := range n.needs {
			waiters[first] = append(waiters[first], n)
		}
		if blocked[n] = len(n.needs); blocked[n] == 0 {
			ready = append(ready, n)
		}
	}
	for i := 0; i < len(ready); i++ {
		n := ready[i]
		for _, next := range waiters[n] {
			if blocked[next]--; blocked[next] == 0 {
				ready = append(ready, next)
			}
		}
	}
	if len(ready) < len(o.nodes) {
		o.breakCycles(blocked)
		return false
	}
	o.markRestoring()
	for _, n := range slices.Backward(ready) {
		for _, first := range n.needs {
			first.urgent = first.urgent || n.urgent
		}
		for _, next := range waiters[n] {
			n.tail = max(n.tail, next.tail+1)
			n.batches = max(n.batches, next.batches+o.batched(next))
		}
	}
	o.fill(waiters)
	return true
}

// markRestoring marks the operation of each decision that brings a missing name back. A
// recreate that begins by that takes the name a second time, which is not urgent.
func (o *orderer) markRestoring() {
	restored := map[*decision]bool{}
	for _, n := range o.nodes { // in the order of each decision
		if d := n.decision; d.missed && !restored[d] && n.takes != nil && *n.takes == d.target.key {
			n.urgent, restored[d] = true, true
		}
	}
}

// fill puts the operations that share calls into rounds, as few as possible: each
// round takes, of those that are ready, the ones with the most rounds behind them.
// That is optimal here, as what waits for a name waits in chains.
func (o *orderer) fill(waiters map[*node][]*node) {
	blocked := make(map[*node]int, len(o.nodes))
	var now []*node                              // ready, and alone in their calls
	shared := map[connection.Mechanism][]*node{} // ready, and sharing calls
	sorted := map[connection.Mechanism]bool{}
	release := func(n *node) {
		if o.batched(n) == 0 {
			now = append(now, n)
			return
		}
		shared[n.operation.Kind] = append(shared[n.operation.Kind], n)
		sorted[n.operation.Kind] = false
	}
	for _, n := range o.nodes {
		if blocked[n] = len(n.needs); blocked[n] == 0 {
			release(n)
		}
	}
	end := func(n *node) {
		for _, next := range waiters[n] {
			if blocked[next]--; blocked[next] == 0 {
				release(next)
			}
		}
	}
	for round := 0; ; round++ {
		for ; len(now) > 0; now = now[1:] {
			end(now[0])
		}
		var ended []*node
		for _, kind := range []connection.Mechanism{connection.BulkUpdate, connection.BulkDelete} {
			ready := shared[kind]
			if !sorted[kind] {
				slices.SortStableFunc(ready, func(x, y *node) int { return cmp.Compare(y.batches, x.batches) })
				sorted[kind] = true
			}
			size := min(len(ready), o.traits.BatchSize[kind])
			ended, shared[kind] = append(ended, ready[:size]...), ready[size:]
		}
		if len(ended) == 0 {
			return
		}
		for _, n := range ended {
			n.level = round
			end(n)
		}
	}
}

// breakCycles sends one connection of each cycle by a temporary name: that one
// leaves its place without waiting, and all others can follow.
func (o *orderer) breakCycles(blocked map[*node]int) {
	seen := map[*node]bool{}
	for _, n := range o.nodes {
		var path []*node
		for blocked[n] > 0 && !seen[n] {
			seen[n] = true
			path = append(path, n)
			n = n.needs[slices.IndexFunc(n.needs, func(first *node) bool { return blocked[first] > 0 })]
		}
		begin := slices.Index(path, n)
		if begin < 0 {
			continue // nothing is blocked, or it waits for a cycle that was seen before
		}
		first := slices.MinFunc(path[begin:], func(x, y *node) int {
			return x.decision.change.Connection.Compare(y.decision.change.Connection)
		})
		if first.decision.viaTemporary {
			first.decision.change.Refused = "its name is free only after another change that waits for this one: rename one of the connections by hand"
		}
		first.decision.viaTemporary = true
	}
}

// batched is 1 for an operation that shares its call with others.
func (o *orderer) batched(n *node) int {
	if o.traits.BatchSize[n.operation.Kind] > 1 {
		return 1
	}
	return 0
}
