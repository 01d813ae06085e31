// Package schedule orders tasks with dependencies in as few steps as possible. It is pure and does
// not know what the tasks do.
//
//	tasks ──needs──▶ ranks ──rounds──▶ steps ──links──▶ order
//	          └──▶ cycles: nothing can be ordered
//
// Tasks of a kind that share steps are put into rounds. Each round takes the ready tasks with the
// most rounds after them. This results in the fewest steps if the tasks that wait for a shared step
// form chains. Of the ready steps, urgent ones come first, then the one with the longest chain
// after it, then the order of kinds and tasks. The order is deterministic.
package schedule

import (
	"cmp"
	"slices"
)

// Task is one unit of work.
type Task struct {
	// Needs are the indices of the tasks that must be done before.
	Needs []int
	// Kind determines which tasks may share a step. A smaller kind comes first if nothing else decides.
	Kind int
	// Size is how many tasks of the kind fit into one step. Up to 1: each task has its own step.
	Size int
	// Group identifies tasks that must be in one step; nil: none. The tasks of a group have one kind.
	Group any
	// Urgent tasks come first, together with the tasks that they need.
	Urgent bool
	// AtEnd makes the task wait for all others, unless one of them needs it.
	AtEnd bool
	// Rank orders tasks if nothing else decides; several tasks may have the same rank.
	Rank int
}

// Step is a set of tasks that are done together.
type Step struct {
	Tasks []int // by their ranks
	// After are the indices of the steps that come before.
	After  []int
	Urgent bool
}

// Schedule is an order of tasks.
type Schedule struct {
	Steps []Step
	// Order is all tasks by rank, the longest chains first.
	Order []int
	// Urgent reports for each task whether it, or a task that needs it, is urgent.
	Urgent []bool
	// Last reports for each task whether it was moved to the end.
	Last []bool
	// Cycles are tasks that need each other in a circle, each the next one. If there is one, the other
	// fields are not set.
	Cycles [][]int
}

// Make returns the schedule of tasks.
func Make(tasks []Task) *Schedule {
	w := &work{tasks: tasks, waiters: make([][]int, len(tasks))}
	for i, task := range tasks {
		for _, first := range task.Needs {
			w.waiters[first] = append(w.waiters[first], i)
		}
	}
	sorted, blocked := w.sort()
	if len(sorted) < len(tasks) {
		return &Schedule{Cycles: cycles(tasks, blocked)}
	}
	w.measure(sorted)
	w.fill()
	s := &Schedule{Order: w.order(), Urgent: w.urgent, Last: make([]bool, len(tasks))}
	for i, task := range tasks {
		s.Last[i] = task.AtEnd && w.tail[i] == 0
	}
	s.Steps = w.steps(s)
	return s
}

// work is the state of tasks during scheduling.
type work struct {
	tasks   []Task
	waiters [][]int // the tasks that need each task
	urgent  []bool
	// tail counts the tasks after each one along the longest chain, and rounds those of them that share
	// steps.
	tail, rounds []int
	round        []int // the round in which a task shares a step
}

// countdown returns how many needs of each task are left, and a function that ends a task: it calls
// ready with every task that is not blocked any more. Tasks without needs are ready at once.
func (w *work) countdown(ready func(int)) (blocked []int, end func(int)) {
	blocked = make([]int, len(w.tasks))
	for i, task := range w.tasks {
		if blocked[i] = len(task.Needs); blocked[i] == 0 {
			ready(i)
		}
	}
	return blocked, func(i int) {
		for _, next := range w.waiters[i] {
			if blocked[next]--; blocked[next] == 0 {
				ready(next)
			}
		}
	}
}

// sort returns the tasks in an order that their needs allow, without tasks on or after a cycle,
// which are still blocked.
func (w *work) sort() (sorted, blocked []int) {
	blocked, end := w.countdown(func(i int) { sorted = append(sorted, i) })
	for at := 0; at < len(sorted); at++ {
		end(sorted[at])
	}
	return sorted, blocked
}

// cycles returns the cycles of tasks that block each other.
func cycles(tasks []Task, blocked []int) [][]int {
	var found [][]int
	seen := make([]bool, len(tasks))
	for i := range tasks {
		var path []int
		for blocked[i] > 0 && !seen[i] {
			seen[i] = true
			path = append(path, i)
			i = tasks[i].Needs[slices.IndexFunc(tasks[i].Needs, func(first int) bool { return blocked[first] > 0 })]
		}
		if begin := slices.Index(path, i); begin >= 0 { // otherwise the task is free, or waits for one that was seen before
			found = append(found, path[begin:])
		}
	}
	return found
}

// measure computes the lengths of the chains after each task.
func (w *work) measure(sorted []int) {
	w.tail, w.rounds, w.urgent = make([]int, len(w.tasks)), make([]int, len(w.tasks)), make([]bool, len(w.tasks))
	for _, i := range slices.Backward(sorted) {
		w.urgent[i] = w.tasks[i].Urgent
		for _, next := range w.waiters[i] {
			own := 0
			if w.tasks[next].Size > 1 {
				own = 1
			}
			w.tail[i] = max(w.tail[i], w.tail[next]+1)
			w.rounds[i] = max(w.rounds[i], w.rounds[next]+own)
			w.urgent[i] = w.urgent[i] || w.urgent[next]
		}
	}
}

// fill puts the tasks that share steps into rounds.
func (w *work) fill() {
	w.round = make([]int, len(w.tasks))
	var alone []int           // ready, and not sharing a step
	shared := map[int][]int{} // ready, and sharing a step, by kind
	var kinds []int
	sorted := map[int]bool{}
	_, end := w.countdown(func(i int) {
		task := &w.tasks[i]
		if task.Size <= 1 {
			alone = append(alone, i)
			return
		}
		if _, known := shared[task.Kind]; !known {
			kinds = append(kinds, task.Kind)
			slices.Sort(kinds)
		}
		shared[task.Kind], sorted[task.Kind] = append(shared[task.Kind], i), false
	})
	for round := 0; ; round++ {
		for ; len(alone) > 0; alone = alone[1:] {
			end(alone[0])
		}
		var ended []int
		for _, kind := range kinds {
			ready := shared[kind]
			if len(ready) == 0 {
				continue
			}
			if !sorted[kind] {
				slices.SortStableFunc(ready, func(i, j int) int { return cmp.Compare(w.rounds[j], w.rounds[i]) })
				sorted[kind] = true
			}
			size := min(len(ready), w.tasks[ready[0]].Size)
			ended, shared[kind] = append(ended, ready[:size]...), ready[size:]
		}
		if len(ended) == 0 {
			return
		}
		for _, i := range ended {
			w.round[i] = round
			end(i)
		}
	}
}

// order returns the tasks by rank, the longest chains first.
func (w *work) order() []int {
	order := make([]int, len(w.tasks))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Or(cmp.Compare(w.tasks[i].Rank, w.tasks[j].Rank), cmp.Compare(w.tail[j], w.tail[i]))
	})
	return order
}
