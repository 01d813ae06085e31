package plan

import (
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// liftWritten takes out of the ownership records of operations, in their order, which names they would
// lift before the value is written: a run that ends in between must not uncover what was
// there before. Written is what earlier operations have set.
func (o *orderer) liftWritten(d *decision, nodes []*node, written map[string]any) {
	if d.target == nil || len(d.target.NotSensitive) == 0 {
		return
	}
	open := map[string]map[string]bool{"": {}} // the names that hide nothing, by id; empty: of what the operations create
	lifted := o.analysis.comparer.Lifted(d.target, nil)
	for _, live := range []*connection.Live{d.live, d.begun} {
		if live != nil {
			open[live.ID] = openOf(o.analysis.in.Project, live, lifted)
		}
	}
	if d.live != nil {
		noteNames(open[d.live.ID], written)
	}
	for _, n := range nodes {
		names := open[n.operation.ID]
		noteNames(names, n.operation.Set)
		if n.operation.Record == nil || n.operation.Record.NotSensitive == "" {
			continue
		}
		record := *n.operation.Record
		record.NotSensitive = connection.NotSensitiveRecord(slices.DeleteFunc(slices.Clone(lifted), func(name string) bool { return !names[name] }))
		n.operation.Record = &record
	}
}

func noteNames(names map[string]bool, values map[string]any) {
	for name := range values {
		names[name] = true
	}
}

// openOf returns those of the names of which nothing is hidden on a live connection.
func openOf(project string, live *connection.Live, names []string) map[string]bool {
	open := map[string]bool{}
	for _, name := range names {
		open[name] = isOpen(project, live, name)
	}
	return open
}

// isOpen reports whether nothing of a live property is hidden.
func isOpen(project string, live *connection.Live, name string) bool {
	return live.Record.Lifts(project, name) ||
		live.Properties != nil && !slices.Contains(live.WriteOnlyProperties, name) && len(connection.Secrets(live.Properties[name])) == 0
}
