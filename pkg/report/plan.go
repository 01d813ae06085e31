package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fatih/color"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// Plan writes what would change, grouped by space, then the steps, then a summary.
func (t Text) Plan(w io.Writer, pl *plan.Plan) error {
	p := t.printer(w)
	p.line("Plan for project %s on tenant %s", Clean(pl.Project), tenantName(pl.Tenant))
	p.warnings(pl.Warnings)
	groups := make([]row, len(pl.Changes))
	for i := range pl.Changes {
		groups[i] = changeRow(&pl.Changes[i])
	}
	p.rows(groups, planned)
	p.steps(pl.Steps)
	p.line("")
	p.summary(pl)
	return p.err
}

func tenantName(t plan.Tenant) string {
	name := Clean(t.Name) + " (" + Clean(t.URL)
	if strings.HasPrefix(t.URL, "sim:") {
		name += ", the embedded tenant"
	}
	return name + ")"
}

func (p *printer) warnings(warnings []plan.Warning) {
	for i, warning := range warnings {
		if i == 0 {
			p.line("")
		}
		text := Clean(warning.Message)
		if warning.Connection != nil {
			text = Clean(warning.Connection.String()) + ": " + text
		}
		p.line("%s %s", p.paint(color.FgYellow, "Warning:"), text)
	}
}

// row is one connection of a report that is grouped by space.
type row struct {
	key    connection.Key
	sign   string
	paint  color.Attribute
	name   string // of the connection, clean
	verb   string // the action, outcome or kind
	kind   string // the data source
	remark []string
	fields []plan.Field
	fresh  bool // the connection is new, and all its fields
}

// rows writes rows that are sorted by key, with a heading for each space.
func (p *printer) rows(rows []row, words wording) {
	names, verbs := make([]string, len(rows)), make([]string, len(rows))
	for i, r := range rows {
		names[i], verbs[i] = r.name, r.verb
	}
	nameWidth, verbWidth := widest(48, names...), widest(16, verbs...)
	for i, r := range rows {
		if i == 0 || rows[i-1].key.Space != r.key.Space {
			p.line("")
			p.line("%s", p.paint(color.Bold, Clean(r.key.Space)))
		}
		p.line("  %s %s  %s  %s", p.paint(r.paint, r.sign), pad(r.name, nameWidth), pad(r.verb, verbWidth), Clean(r.kind))
		for _, remark := range r.remark {
			p.line("      %s", Clean(remark))
		}
		p.fields(r, words)
	}
}

var signs = map[plan.Action]struct {
	sign  string
	paint color.Attribute
}{
	plan.ActionCreate: {"+", color.FgGreen}, plan.ActionAdopt: {"=", color.FgCyan},
	plan.ActionUpdate: {"~", color.FgYellow}, plan.ActionMove: {">", color.FgYellow},
	plan.ActionRecreate: {"±", color.FgRed}, plan.ActionDelete: {"-", color.FgRed},
}

func changeRow(c *plan.Change) row {
	look := signs[c.Action]
	r := row{
		key: c.Connection, name: Clean(c.Connection.Name), sign: look.sign, paint: look.paint,
		verb: string(c.Action), kind: c.DataSource, fields: c.Fields, fresh: c.Action == plan.ActionCreate,
	}
	if c.Reason != "" {
		r.remark = append(r.remark, "because: "+c.Reason)
	}
	if c.Refused != "" {
		r.sign, r.paint = "!", color.FgRed
		r.remark = append(r.remark, "refused: "+at(c.Position)+c.Refused)
	}
	return r
}

func at(position *connection.Position) string {
	if position == nil || position.String() == "" {
		return ""
	}
	return position.String() + ": "
}

// steps writes the calls in their order. Neighbours that differ in nothing but
// the connection share a line.
func (p *printer) steps(steps []plan.Step) {
	if len(steps) == 0 {
		return
	}
	p.line("")
	p.line("%s", p.paint(color.Bold, "Steps"))
	var ids, whats, calls, afters []string
	for begin := 0; begin < len(steps); {
		end := begin + 1
		for end < len(steps) && alike(&steps[begin], &steps[end]) {
			end++
		}
		id := steps[begin].ID
		if end-begin > 1 {
			id += ".." + steps[end-1].ID
		}
		ids, calls = append(ids, id), append(calls, count(end-begin, "call"))
		whats = append(whats, fmt.Sprintf("%-11s  %s", steps[begin].Kind, connections(steps[begin:end])))
		afters = append(afters, after(steps[begin].After))
		begin = end
	}
	idWidth, whatWidth, callWidth := widest(16, ids...), widest(70, whats...), widest(16, calls...)
	for i := range ids {
		p.line("  %s  %s  %s  %s", pad(ids[i], idWidth), pad(whats[i], whatWidth), pad(calls[i], callWidth), afters[i])
	}
}

func alike(a, b *plan.Step) bool {
	return a.Kind == b.Kind && len(a.After) == 0 && len(b.After) == 0
}

func after(ids []string) string {
	switch {
	case len(ids) == 0:
		return ""
	case len(ids) > 3:
		return fmt.Sprintf("after %s and %d more", ids[0], len(ids)-1)
	}
	return "after " + strings.Join(ids, ", ")
}

// connections names a few connections, and counts many.
func connections(steps []plan.Step) string {
	var keys []string
	for _, step := range steps {
		for _, key := range step.Connections {
			keys = append(keys, Clean(key.String()))
		}
	}
	if text := strings.Join(keys, ", "); len(keys) == 1 || len(text) <= 60 {
		return text
	}
	return count(len(keys), "connection")
}

// summary writes the counts, the cost and the hash, and why nothing may be applied.
func (p *printer) summary(pl *plan.Plan) {
	s := pl.Summary
	if pl.Empty() {
		p.line("Nothing to do: %s as declared.", are(s.Unchanged))
		p.line("Hash: %s", pl.Hash)
		return
	}
	p.line("Plan: %d to create, %d to adopt, %d to update, %d to move, %d to recreate, %d to delete; %d refused; %d unchanged.",
		s.Create, s.Adopt, s.Update, s.Move, s.Recreate, s.Delete, s.Refused, s.Unchanged)
	p.line("Cost: %s.", cost(pl.Estimate))
	p.line("Hash: %s", pl.Hash)
	if pl.Refusal != nil {
		p.line("")
		p.line("%s %s (%s).", p.paint(color.FgRed, "Refused:"), Clean(pl.Refusal.Message), Clean(pl.Refusal.Hint))
	}
}

func are(n int) string {
	if n == 1 {
		return "1 connection is"
	}
	return fmt.Sprintf("%d connections are", n)
}

// cost says how many calls a plan takes, and how long the rate limit makes it
// wait: a range, from nobody else having used the limit to somebody having used
// all of it.
func cost(e plan.Estimate) string {
	text := fmt.Sprintf("%s and %s", count(e.Tier2Calls, "write call"), count(e.Tier1Calls, "read call"))
	if e.Tier2Calls == 0 {
		return text
	}
	wait := "no waiting"
	if e.Seconds > 0 {
		wait = "about " + duration(e.Seconds) + " of waiting"
	}
	return fmt.Sprintf("%s; %s for the rate limit if it is unused, up to %s if others have used it up", text, wait, duration(e.SecondsMax))
}

func duration(seconds int) string {
	if seconds < 120 {
		return fmt.Sprintf("%d s", seconds)
	}
	return fmt.Sprintf("%.0f min", (time.Duration(seconds) * time.Second).Minutes())
}
