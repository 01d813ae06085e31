package plan

import (
	"cmp"
	"container/heap"
	"slices"
	"strconv"

	"github.com/qlsync/qlsync/pkg/connection"
)

// stepNode is a step while its place in the order is being found.
type stepNode struct {
	Step
	nodes   []*node
	tail    int
	after   map[*stepNode]bool
	before  []*stepNode
	waiting int // steps of after that are not placed yet
}

// steps groups the operations into calls and sorts them. A delete at the end needs
// the creates of the same data source: if one of them fails, it may have been the
// new name of what would be deleted.
func (o *orderer) steps() []Step {
	slices.SortStableFunc(o.nodes, func(x, y *node) int {
		return cmp.Or(x.decision.change.Connection.Compare(y.decision.change.Connection),
			cmp.Compare(x.decision.change.ID, y.decision.change.ID), cmp.Compare(y.tail, x.tail))
	})
	var early, late []*node
	for i, n := range o.nodes {
		n.id = i
		if n.tail == 0 && (n.operation.Kind == connection.Delete || n.operation.Kind == connection.BulkDelete) {
			n.level = 0 // they share calls, whatever they had to wait for
			late = append(late, n)
		} else {
			early = append(early, n)
		}
	}
	first, last := o.batch(early), o.batch(late)
	link(first)
	deletesLast(first, last)
	link(last)
	return number(sorted(append(first, last...)), o.traits)
}

// batch groups operations of one kind and level, as many as fit in one call. Two
// of one level never wait for each other: on a chain the level rises with every
// batched operation.
func (o *orderer) batch(nodes []*node) []*stepNode {
	type call struct {
		kind  connection.Mechanism
		level int
		group *group
	}
	var steps []*stepNode
	open := map[call]*stepNode{}
	for _, n := range nodes {
		at := call{n.operation.Kind, n.level, nil}
		size := max(o.traits.BatchSize[at.kind], 1)
		if n.group != nil {
			at, size = call{connection.Recreate, 0, n.group}, len(o.nodes)
		}
		step := open[at]
		if step == nil || len(step.nodes) >= size {
			step = &stepNode{Step: Step{Kind: at.kind}, after: map[*stepNode]bool{}}
			open[at] = step
			steps = append(steps, step)
		}
		n.step = step
		step.nodes = append(step.nodes, n)
		if n.group != nil && !n.leads {
			step.Grouped, step.Undo = step.Grouped+1, n.group.undo
		}
		step.tail, step.Urgent = max(step.tail, n.tail), step.Urgent || n.urgent
	}
	return steps
}

// link carries what the operations need over to their steps.
func link(steps []*stepNode) {
	for _, step := range steps {
		for _, n := range step.nodes {
			for _, first := range n.needs {
				if first.step != step {
					step.follow(first.step)
				}
			}
		}
	}
}

func (s *stepNode) follow(first *stepNode) {
	if s.after[first] {
		return
	}
	s.after[first] = true
	s.waiting++
	first.before = append(first.before, s)
}

// deletesLast lets the first delete wait for everything, and the others for it.
func deletesLast(first, last []*stepNode) {
	for i, step := range last {
		if i > 0 {
			step.follow(last[0])
			continue
		}
		for _, other := range first {
			if len(other.before) == 0 {
				step.follow(other)
			}
		}
	}
}

// queue holds the steps that could come next, the most urgent first.
type queue []*stepNode

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(*stepNode)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

func (q queue) Less(i, j int) bool {
	x, y := q[i], q[j]
	return cmp.Or(first(y.Urgent)-first(x.Urgent), cmp.Compare(y.tail, x.tail), cmp.Compare(kindOrder(x.Kind), kindOrder(y.Kind)),
		cmp.Compare(x.nodes[0].id, y.nodes[0].id)) < 0
}

// first is 1 for what comes before everything else.
func first(urgent bool) int {
	if urgent {
		return 1
	}
	return 0
}

// kindOrder is the order of the kinds that could begin at the same time.
func kindOrder(kind connection.Mechanism) int {
	return slices.Index([]connection.Mechanism{
		connection.AskSignIn, connection.Create, connection.BulkUpdate, connection.Patch, connection.Recreate, connection.BulkDelete, connection.Delete,
	}, kind)
}

// sorted puts every step behind those that it waits for.
func sorted(steps []*stepNode) []*stepNode {
	var ready queue
	for _, step := range steps {
		if step.waiting == 0 {
			ready = append(ready, step)
		}
	}
	heap.Init(&ready)
	placed := make([]*stepNode, 0, len(steps))
	for ready.Len() > 0 {
		step := heap.Pop(&ready).(*stepNode)
		placed = append(placed, step)
		for _, next := range step.before {
			if next.waiting--; next.waiting == 0 {
				heap.Push(&ready, next)
			}
		}
	}
	return placed
}

// number gives the steps their ids, turns links into ids, and counts calls.
func number(placed []*stepNode, traits *connection.Traits) []Step {
	place := make(map[*stepNode]int, len(placed))
	for i, step := range placed {
		place[step] = i
	}
	steps := make([]Step, len(placed))
	for i, step := range placed {
		var after []int
		for first := range step.after {
			after = append(after, place[first])
		}
		slices.Sort(after)
		step.ID, step.After = stepID(i), make([]string, len(after))
		for j, first := range after {
			step.After[j] = stepID(first)
		}
		for i, n := range step.nodes {
			if i == 0 || n.group == nil {
				step.Connections = append(step.Connections, n.decision.change.Connection)
			}
			step.Items = append(step.Items, item(n))
		}
		step.Calls, step.Description = step.writes(traits), describe(step)
		steps[i] = step.Step
	}
	return steps
}

func stepID(i int) string { return "s" + strconv.Itoa(i+1) }

func item(n *node) Item {
	it := Item{Operation: n.operation, ID: n.id, Change: n.change}
	if d := n.decision; d.change.Action == ActionDelete && !d.repair && n.tail == 0 {
		it.Creates = d.change.DataSource
	}
	if n.created != nil {
		it.Created = &n.created.id
	}
	if n.operation.SignIn != "" {
		it.Todo = n.decision.todo
	}
	it.Advice = n.advice
	if n.operation.SignIn != "" && !n.decision.change.Waits {
		it.Advice = "the code of a sign-in is for one use: without it, apply gives the address to get another one at"
	}
	for _, first := range n.needs {
		it.Needs = append(it.Needs, first.id)
	}
	return it
}
