package plan

import (
	"slices"
	"strconv"

	"github.com/qlsync/qlsync/pkg/connection"
)

// pack turns the scheduled operations into steps: calls, with all that is to be known of them.
func (o *orderer) pack() []Step {
	o.expect()
	changes := make(map[*decision]int, len(o.analysis.decisions))
	for i, d := range slices.Concat(o.analysis.decisions, o.analysis.rotations) {
		changes[d] = i
	}
	steps := make([]Step, len(o.scheduled.Steps))
	for i, scheduled := range o.scheduled.Steps {
		nodes := make([]*node, len(scheduled.Tasks))
		for j, task := range scheduled.Tasks {
			nodes[j] = o.nodes[task]
		}
		step := Step{ID: stepID(i), Kind: kindOf(nodes), After: make([]string, len(scheduled.After)), Urgent: scheduled.Urgent}
		for j, first := range scheduled.After {
			step.After[j] = stepID(first)
		}
		for j, n := range nodes {
			if j == 0 || n.group == nil {
				step.Connections = append(step.Connections, n.decision.change.Connection)
			}
			if n.group != nil && !n.leads {
				step.Grouped, step.Undo = step.Grouped+1, n.group.undo
			}
			item := item(n, o.scheduled.Last[n.task])
			item.Change = changes[n.decision]
			step.Items = append(step.Items, item)
		}
		step.Calls, step.Does = step.writes(o.capabilities), does(step.Kind, nodes)
		steps[i] = step
	}
	return steps
}

// kindOf returns the kind of a step.
func kindOf(nodes []*node) connection.OperationKind {
	if nodes[0].group != nil {
		return connection.Recreate
	}
	return nodes[0].operation.Kind
}

func stepID(i int) string { return "s" + strconv.Itoa(i+1) }

// item returns an operation as the steps have it. Where isLast is set, nothing waits for the
// operation.
func item(n *node, isLast bool) Item {
	it := Item{Operation: n.operation, ID: n.id}
	if d := n.decision; d.change.Action == ActionDelete && !d.repair && isLast {
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
		it.Advice = connection.Because("sign-in-once")
	}
	for _, first := range n.needs {
		it.Needs = append(it.Needs, first.id)
	}
	return it
}
