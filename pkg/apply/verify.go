package apply

import (
	"cmp"
	"context"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// verify reads the changed connections again, and lets the planner compare them with their
// declarations. A change with an unknown outcome is done if there is no difference. A service may
// show a write late: see [run.compare].
func (r *run) verify(ctx context.Context, p *plan.Plan, result *Result) {
	touched, ids := touched(result)
	switch {
	case r.options.Again == nil, len(touched) == 0:
		return
	case r.stopped.Holds():
		result.Unverified = r.stopped
		return
	}
	in, findings, err := r.compare(ctx, p, result, touched, ids)
	if err != nil {
		result.Unverified = connection.Because("not-read-again", "error", err.Error())
		return
	}
	for _, i := range touched {
		item := &result.Items[i]
		finding, differs := findings[i]
		switch {
		case !differs && item.Outcome != Done:
			*item = Item{Connection: item.Connection, Action: item.Action, ID: cmp.Or(item.ID, idOf(item.Connection, in.Snapshot)), Position: p.Change(i).Position, Outcome: Done}
		case differs && item.Outcome == Done:
			r.redact(finding.Fields)
			item.Differs = &finding
			item.pointTo(p.Change(i))
		}
	}
	result.count()
}

// redact redacts the secrets of the run in the live values of fields.
func (r *run) redact(fields []plan.Field) {
	if r.options.Redact == nil {
		return
	}
	for i := range fields {
		fields[i].After = r.options.Redact(fields[i].After)
	}
}

// idOf returns the id of the connection at a key, for a create without an answer.
func idOf(key connection.Key, snapshot *connection.Snapshot) string {
	for i := range snapshot.Connections {
		if snapshot.Connections[i].Key == key {
			return snapshot.Connections[i].ID
		}
	}
	return ""
}

// touched returns the items whose writes were or may have been done, and how their connections are
// found: by the id, or by the key if a create returned none.
func touched(result *Result) (items []int, ids map[string]bool) {
	ids = map[string]bool{}
	for i := range result.Items {
		item := &result.Items[i]
		rotates := item.Action == plan.ActionRotate // whether a rotation was carried out is not visible
		if item.Outcome != Done && (!item.Unknown || rotates) {
			continue
		}
		items = append(items, i)
		if item.ID != "" {
			ids[item.ID] = true
		}
		ids[item.Connection.String()] = true
	}
	return items, ids
}

// pointTo sets the position of the item to that of the first field that differs.
func (item *Item) pointTo(c *plan.Change) {
	if c.At == nil || len(item.Differs.Fields) == 0 {
		return
	}
	source := c.At(item.Differs.Fields[0].Path)
	item.Position = &source
}
