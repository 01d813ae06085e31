package plan

import (
	"cmp"
	"slices"

	"github.com/qlsync/qlsync/internal/schedule"
	"github.com/qlsync/qlsync/pkg/connection"
)

// order creates the operations of all changes that are not refused, and puts them in order. A
// change whose name cannot become free is refused, and then the changes that wait for it.
//
// A name must be free before it is taken, so the operation that frees it comes first. Deletes come
// last unless their name is needed. Of the ready operations, those that restore a missing name come
// first, then the step with the longest chain after it, then by kind and key. The order is
// deterministic.
func order(a *analysis) *orderer {
	o := &orderer{analysis: a, capabilities: &a.in.Snapshot.Capabilities}
	for !o.build() {
		// Each round refuses at least one more change.
	}
	return o
}

// build makes the graph; it reports false when it had to refuse a change, or to
// break a cycle, and must be called again.
func (o *orderer) build() bool {
	decisions := o.analysis.decisions
	keepBesideRefused(decisions)
	o.nodes = nil
	o.passed, o.obsolete = map[connection.Key]bool{}, map[connection.Key]bool{}
	for _, d := range decisions {
		if d.obsolete && !d.change.Refused.Holds() {
			o.obsolete[d.live.Key] = true
		}
	}
	for _, d := range decisions {
		if d.change.Refused.Holds() {
			continue
		}
		if o.nodes = append(o.nodes, o.operations(d)...); d.change.Refused.Holds() {
			return false // the connections next to it must stay
		}
	}
	o.nodes = append(o.nodes, o.rotations()...)
	o.deleteLeftoversLast()
	return o.needSpaces() && o.free() && o.schedule()
}

// keepBesideRefused refuses deletes next to another refusal: what could not be recreated, or
// created under its new name, must stay.
func keepBesideRefused(decisions []*decision) {
	refused, notMade := map[connection.Key]bool{}, map[string]bool{}
	for _, d := range decisions {
		if d.target == nil || !d.change.Refused.Holds() && !d.change.Waits {
			continue
		}
		refused[d.target.Key] = true
		if d.live == nil {
			notMade[d.target.DataSource] = true
		}
	}
	for _, d := range decisions {
		if d.change.Action == ActionDelete && !d.change.Refused.Holds() && !d.obsolete {
			d.change.Refused = refuseBeside(d, refused, notMade)
		}
	}
}

// refuseBeside says why a delete may not be made next to the keys that are refused, and the data
// sources of which a connection is not created.
func refuseBeside(d *decision, refused map[connection.Key]bool, notMade map[string]bool) connection.Reason {
	switch {
	case d.repair && refused[d.of]:
		return connection.Because("waits-for-recreate")
	case !d.repair && notMade[d.change.DataSource]:
		return connection.Because("waits-for-create", "dataSource", d.change.DataSource)
	}
	return connection.Reason{}
}

// deleteLeftoversLast lets the delete of what an interrupted recreate left wait for the rest of
// the recreate, unless nothing needs the leftover.
func (o *orderer) deleteLeftoversLast() {
	last := map[connection.Key]*node{}
	for _, d := range o.analysis.decisions {
		if d.repair {
			last[d.of] = nil
		}
	}
	for _, n := range o.nodes {
		if n.decision.target == nil {
			continue
		}
		if _, waited := last[n.decision.target.Key]; waited {
			last[n.decision.target.Key] = n
		}
	}
	if len(last) == 0 {
		return
	}
	of := o.byDecision()
	for _, n := range o.nodes {
		if d := n.decision; d.repair && last[d.of] != nil {
			o.clear(n, last[d.of], of[last[d.of].decision])
		}
	}
}

// byDecision returns the operations of each decision, in their order.
func (o *orderer) byDecision() map[*decision][]*node {
	of := map[*decision][]*node{}
	for _, n := range o.nodes {
		of[n.decision] = append(of[n.decision], n)
	}
	return of
}

// clear lets the delete of what an interrupted recreate left of a key wait for the last operation
// of the key, unless nothing needs the leftover. Where the key is recreated again, the delete waits
// only until something is at the key, for an old one something of ours, and comes before the
// recreate leaves the same kind of leftover: of two, the next run could not tell which one a recreate has left.
// The operations are those of the key.
func (o *orderer) clear(n, last *node, operations []*node) {
	d := last.decision
	isOurs := d.live != nil && d.live.Record.Project == o.analysis.in.Project
	isThere := d.live != nil && n.decision.live.Record.Phase == connection.PhaseNew || isOurs && !d.missed
	for _, other := range operations {
		if record := other.operation.Record; isThere && record != nil && record.Phase != "" && record.Phase == n.decision.live.Record.Phase {
			other.needs = append(other.needs, n)
			return
		}
		if d.missed && other.takes != nil && *other.takes == d.target.Key {
			isThere = true
			n.needs = append(n.needs, other)
		}
	}
	if !n.decision.obsolete {
		n.needs = append(n.needs, last)
	}
}

// free lets every operation wait for the connection at the key that it takes. It reports false when
// that connection never leaves: then it has refused the change, and what waits for the change.
func (o *orderer) free() bool {
	frees, takers := map[connection.Key]*node{}, map[connection.Key]*node{}
	for _, n := range o.nodes {
		if n.frees != nil && n.created == nil { // nothing waits for where a new one has stood
			frees[*n.frees] = n
		}
	}
	var stuck []*node
	for _, n := range o.nodes {
		if n.takes == nil {
			continue
		}
		other := o.analysis.Live[*n.takes]
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
	if len(stuck) > 0 {
		o.refuseStuck(stuck, takers)
	}
	return len(stuck) == 0
}

// refuseStuck refuses the changes of operations whose key does not become free, and then those of
// the takers that wait for them.
func (o *orderer) refuseStuck(stuck []*node, takers map[connection.Key]*node) {
	of := o.byDecision()
	for ; len(stuck) > 0; stuck = stuck[1:] {
		n := stuck[0]
		if n.decision.change.Refused.Holds() {
			continue
		}
		n.decision.change.Refused = connection.Because("name-taken", "by", *n.takes)
		for _, m := range of[n.decision] {
			if m.frees != nil && takers[*m.frees] != nil {
				stuck = append(stuck, takers[*m.frees])
			}
		}
	}
}

// schedule puts the operations in order; it reports false when it found cycles and broke them.
func (o *orderer) schedule() bool {
	o.markUrgent()
	slices.SortStableFunc(o.nodes, func(x, y *node) int { return x.compare(y) })
	for i, n := range o.nodes {
		n.task = i
	}
	tasks, rank := make([]schedule.Task, len(o.nodes)), 0
	for i, n := range o.nodes {
		if i > 0 && n.compare(o.nodes[i-1]) != 0 {
			rank++
		}
		tasks[i] = o.taskOf(n)
		tasks[i].Rank = rank
	}
	o.scheduled = schedule.Make(tasks)
	for _, cycle := range o.scheduled.Cycles {
		o.breakCycle(cycle)
	}
	for id, i := range o.scheduled.Order {
		o.nodes[i].id = id
	}
	return len(o.scheduled.Cycles) == 0
}

// compare orders operations by their connections.
func (n *node) compare(other *node) int {
	x, y := &n.decision.change, &other.decision.change
	return cmp.Or(x.Connection.Compare(y.Connection), cmp.Compare(x.ID, y.ID))
}

// taskOf returns an operation as a task.
func (o *orderer) taskOf(n *node) schedule.Task {
	kind := n.operation.Kind
	task := schedule.Task{
		Kind: kind.Order(), Size: o.capabilities.BatchSize[kind], Urgent: n.urgent,
		AtEnd: kind.Deletes(),
	}
	if n.group != nil {
		task.Kind, task.Size, task.Group = connection.Recreate.Order(), 0, n.group
	}
	if len(n.needs) > 0 {
		task.Needs = make([]int, len(n.needs))
	}
	for i, first := range n.needs {
		task.Needs[i] = first.task
	}
	return task
}

// markUrgent marks the operation of each decision that brings a missing name back. A
// recreate that begins by that takes the name a second time, which is not urgent.
func (o *orderer) markUrgent() {
	restored := map[*decision]bool{}
	for _, n := range o.nodes { // in the order of each decision
		if d := n.decision; d.missed && !restored[d] && n.takes != nil && *n.takes == d.target.Key {
			n.urgent, restored[d] = true, true
		}
	}
}

// breakCycle sends one connection of a cycle by a temporary name: that one leaves its place without
// waiting, and all others can follow.
func (o *orderer) breakCycle(cycle []int) {
	first := slices.MinFunc(cycle, func(i, j int) int {
		return o.nodes[i].decision.change.Connection.Compare(o.nodes[j].decision.change.Connection)
	})
	d := o.nodes[first].decision
	if d.viaTemporary {
		d.change.Refused = connection.Because("name-cycle")
	}
	d.viaTemporary = true
}
