package schedule

import (
	"cmp"
	"container/heap"
	"slices"
)

// step is a step whose place is being computed.
type step struct {
	tasks   []int
	kind    int
	first   int // the place of its first task in the order of all tasks
	tail    int
	urgent  bool
	last    bool
	after   map[*step]bool
	before  []*step
	waiting int // steps of after that have no place yet
	place   int
}

// steps puts tasks into steps, and orders the steps.
func (w *work) steps(s *Schedule) []Step {
	steps, of := w.batch(s)
	early, late := steps[:0:0], steps[:0:0]
	for _, step := range steps {
		if step.last {
			late = append(late, step)
		} else {
			early = append(early, step)
		}
	}
	w.link(early, of)
	waitForAll(early, late)
	w.link(late, of)
	placed := sorted(steps)
	list := make([]Step, len(placed))
	for i, step := range placed {
		step.place = i
		after := make([]int, 0, len(step.after))
		for first := range step.after {
			after = append(after, first.place) // known, because it is earlier
		}
		slices.Sort(after)
		list[i] = Step{Tasks: step.tasks, After: after, Urgent: step.urgent}
	}
	return list
}

// batch puts tasks of one kind and round into one step, as many as fit. Two tasks of one round
// never wait for each other, because the round rises along a chain with every task that shares a
// step. Tasks that were moved to the end always share steps.
func (w *work) batch(s *Schedule) (steps, of []*step) {
	type call struct {
		kind, round int
		group       any
		last        bool
	}
	of = make([]*step, len(w.tasks))
	open := map[call]*step{}
	for place, i := range s.Order {
		task := &w.tasks[i]
		at, size := call{task.Kind, w.round[i], task.Group, s.Last[i]}, max(task.Size, 1)
		if at.last {
			at.round = 0
		}
		if task.Group != nil {
			at.round, size = 0, len(w.tasks)
		}
		in := open[at]
		if in == nil || len(in.tasks) >= size {
			in = &step{kind: task.Kind, first: place, last: at.last}
			open[at] = in
			steps = append(steps, in)
		}
		of[i] = in
		in.tasks = append(in.tasks, i)
		in.tail, in.urgent = max(in.tail, w.tail[i]), in.urgent || w.urgent[i]
	}
	return steps, of
}

// link transfers the needs of tasks to their steps.
func (w *work) link(steps, of []*step) {
	for _, step := range steps {
		for _, i := range step.tasks {
			for _, first := range w.tasks[i].Needs {
				step.follow(of[first])
			}
		}
	}
}

func (s *step) follow(first *step) {
	if s == first || s.after[first] {
		return
	}
	if s.after == nil {
		s.after = map[*step]bool{}
	}
	s.after[first] = true
	s.waiting++
	first.before = append(first.before, s)
}

// waitForAll makes the first of the late steps wait for all early ones, and the other late ones
// wait for it.
func waitForAll(early, late []*step) {
	for i, step := range late {
		if i > 0 {
			step.follow(late[0])
			continue
		}
		for _, other := range early {
			if len(other.before) == 0 { // steps before another step are included in the wait for it
				step.follow(other)
			}
		}
	}
}

// queue holds the steps that could come next.
type queue []*step

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(*step)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

func (q queue) Less(i, j int) bool {
	x, y := q[i], q[j]
	if x.urgent != y.urgent {
		return x.urgent
	}
	return cmp.Or(cmp.Compare(y.tail, x.tail), cmp.Compare(x.kind, y.kind), cmp.Compare(x.first, y.first)) < 0
}

// sorted puts every step after those for which it waits.
func sorted(steps []*step) []*step {
	var ready queue
	for _, step := range steps {
		if step.waiting == 0 {
			ready = append(ready, step)
		}
	}
	heap.Init(&ready)
	placed := make([]*step, 0, len(steps))
	for ready.Len() > 0 {
		step := heap.Pop(&ready).(*step)
		placed = append(placed, step)
		for _, next := range step.before {
			if next.waiting--; next.waiting == 0 {
				heap.Push(&ready, next)
			}
		}
	}
	return placed
}
