package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// planKinds are the classes of changes on a page, the most serious first, with an explanation for
// people who do not know qlsync.
var planKinds = []struct{ kind, meaning string }{
	{"delete", "the connection and its credentials are gone"},
	{"recreate", "a new connection replaces the old one, with another id"},
	{"refused", "the change is not made; the reason is below"},
	{"manual", "a person must sign in first"},
	{"create", "in the files, and not on the tenant"},
	{"adopt", "on the tenant, and managed from now on"},
	{"update", "changed to what the files say"},
	{"move", "to another name or space"},
	{"rotate", "credentials are written again"},
	{"record", "fingerprints of credentials are recorded"},
}

// openPlan is up to how many changes a page shows unfolded.
const openPlan = 25

// Plan writes the page of a plan for one tenant.
func (h HTML) Plan(w io.Writer, p *plan.Plan) error {
	return h.Plans(w, &Fleet[plan.Plan]{Project: p.Project, Tenants: []Member[plan.Plan]{{Tenant: p.Tenant, Report: p}}})
}

// Plans writes one page of the plans for several tenants.
func (HTML) Plans(w io.Writer, f *Fleet[plan.Plan]) error {
	f = byWeight(f, planWeight)
	view := newPlanView(f)
	steps, left, err := view.steps(f)
	out := &counter{w: w, n: steps.Len(), err: err} // so that the changes leave space for the steps
	out.run("head", view)
	view.changes(out, f, func(p *plan.Plan) []plan.Change { return p.Changes })
	if slices.ContainsFunc(f.Tenants, func(m Member[plan.Plan]) bool { return m.Report != nil && len(m.Report.Rotations) > 0 }) {
		out.write(`<p class="apart"><b>Credentials, not in the hash</b> because nobody can review their values.</p>`)
		view.changes(out, f, func(p *plan.Plan) []plan.Change { return p.Rotations })
	}
	view.end(out)
	if left > 0 {
		view.LeftOut += fmt.Sprintf(" The steps of %s are not shown.", words.Count(left, "tenant"))
	}
	out.write(steps.String())
	out.run("foot", view)
	return out.err
}

// roomOfStepsPage bounds the steps on a page, in bytes.
const roomOfStepsPage = 1_000_000

// steps returns the sections of the steps, and counts the tenants whose steps do not fit.
func (v *pageView) steps(f *Fleet[plan.Plan]) (sections *bytes.Buffer, left int, err error) {
	sections = &bytes.Buffer{}
	out := &counter{w: sections}
	for i, member := range f.Tenants {
		if member.Report == nil || len(member.Report.Steps) == 0 {
			continue
		}
		one := newStepsView(member.Report)
		one.ID = "steps-" + strconv.Itoa(i)
		if len(f.Tenants) > 1 {
			one.Tenant = v.tenants[i]
		}
		before := sections.Len()
		if out.run("steps", one); sections.Len() > roomOfStepsPage {
			sections.Truncate(before)
			left++
		}
	}
	return sections, left, out.err
}

// changes writes a list of changes of each tenant.
func (v *pageView) changes(out *counter, f *Fleet[plan.Plan], of func(*plan.Plan) []plan.Change) {
	for t, member := range f.Tenants {
		if member.Report != nil {
			changes := of(member.Report)
			v.list(out, t, len(changes), func(i int) string { return changes[i].Connection.Space },
				func(i int, full bool) itemView { return v.changeItem(t, &changes[i], member.Report.Impact, full) })
		}
	}
}

func newPlanView(f *Fleet[plan.Plan]) *pageView {
	v := newPageView("Plan for " + Sanitize(f.Project) + " on " + words.Number(len(f.Tenants)) + " tenants")
	if len(f.Tenants) == 1 {
		v.Title = "Plan for project " + Sanitize(f.Project) + " on tenant " + tenantName(f.Tenants[0].Tenant)
		if p := f.Tenants[0].Report; p != nil && p.Snapshot != nil {
			v.When = "from the snapshot of " + Sanitize(p.Snapshot.Taken)
		} else if p != nil {
			v.reads = p.Reads
		}
	}
	v.Class, v.Heading = "plan", "Changes"
	v.Foot = withReads("Made by qlsync. “Now” is what the tenant holds, “planned” what the files say. Secrets are never read and never shown.", " ", v.reads)
	for _, k := range planKinds {
		v.kinds = append(v.kinds, k.kind)
	}
	var sum plan.Summary
	overwritten := 0
	for _, member := range f.Tenants {
		v.tenants = append(v.tenants, clip(label(inWave(&member)), mostName))
		if p := member.Report; p != nil {
			sum = sum.Add(p.Summary)
			overwritten += countOverwritten(p.Changes)
			v.Total += len(p.Changes) + len(p.Rotations)
		}
	}
	v.Long = v.Total > longPage
	v.Verdict = planVerdict(f, sum)
	if f.Failed() < len(f.Tenants) && f.Failed()+len(f.Missing) > 0 {
		v.Verdict = ofWhatWasSeen(v.Verdict)
	}
	v.missing(f.Missing)
	v.planNotices(f)
	v.lost(f.Lost)
	v.planFigures(sum, overwritten)
	v.planGrids(f)
	return v
}

// planVerdict returns a sentence about what a plan does.
func planVerdict(f *Fleet[plan.Plan], sum plan.Summary) string {
	made := sum.Create + sum.Adopt + sum.Update + sum.Move + sum.Recreate + sum.Delete + sum.Rotate + sum.Record
	destroyed := sum.Delete + sum.Recreate
	refused := slices.ContainsFunc(f.Tenants, func(m Member[plan.Plan]) bool { return m.Report != nil && m.Report.Refusal != nil })
	text := words.Count(made, "change")
	switch {
	case f.Failed() == len(f.Tenants):
		return "Nothing could be looked at."
	case refused && len(f.Tenants) == 1:
		return "Refused: nothing of this plan may be applied."
	case made+sum.Manual+sum.Refused == 0:
		return fmt.Sprintf("Nothing to do: %s as declared.", exist(sum.Unchanged, "connection"))
	case destroyed > 0:
		text += fmt.Sprintf(", and %s of them %s a connection", words.Number(destroyed), words.Plural(destroyed, "destroys", "destroy"))
	}
	if rest := counts(number{n: sum.Manual, what: words.Plural(sum.Manual, "waits", "wait") + " for a person"}, number{n: sum.Refused, what: words.Plural(sum.Refused, "is", "are") + " refused"}); rest != "" {
		text += "; " + rest
	}
	return text + "."
}

// planNotices adds what a reviewer must see first: refusals, then irreversible changes.
func (v *pageView) planNotices(f *Fleet[plan.Plan]) {
	var unseen, refusals, destroyed, refused, seen, warnings []string
	warned := 0
	for i, member := range f.Tenants {
		of := ""
		if len(f.Tenants) > 1 {
			of = v.tenants[i] + ": "
		}
		p := member.Report
		if p == nil {
			unseen = append(unseen, v.tenants[i]+": "+Sanitize(member.Error))
			continue
		}
		if p.Refusal != nil {
			refusals = append(refusals, of+Sanitize(p.Refusal.Reason.Text), of+"What to do: "+Sanitize(p.Refusal.Reason.Next))
		}
		for j := range p.Changes {
			switch c := &p.Changes[j]; {
			case destroys(c):
				destroyed = append(destroyed, of+string(c.Action)+" "+label(c.Connection.String())+behindColon(c.Reasons))
			case c.Refused.Holds():
				refused = append(refused, of+Sanitize(string(c.Action))+" "+label(c.Connection.String())+": "+Sanitize(at(c.Position)+c.Refused.String()))
			}
		}
		for _, line := range looked(p.Impact) {
			seen = append(seen, of+Sanitize(line))
		}
		groups, _ := groupWarnings(p.Warnings)
		warned += len(p.Warnings)
		for _, group := range groups {
			warnings = append(warnings, of+group.line())
		}
	}
	v.notice(true, words.Count(len(unseen), "tenant")+" could not be looked at", "", unseen)
	v.notice(true, "Refused: nothing may be applied", words.Plural(len(f.Tenants), ".", " on these tenants."), refusals)
	v.notice(true, words.Count(len(destroyed), "connection")+" destroyed",
		". A deleted connection is gone with its credentials; a recreated one has another id.", destroyed)
	v.notice(false, words.Count(len(refused), "change")+" will not be made", ".", refused)
	v.notice(false, "Impact", ", as far as it can be seen.", seen)
	v.notice(false, words.Count(warned, "warning"), "", warnings)
}

func behindColon(reasons []connection.Reason) string {
	if len(reasons) == 0 {
		return ""
	}
	return ": " + Sanitize(because(reasons))
}

func (v *pageView) planFigures(sum plan.Summary, overwritten int) {
	v.figure("clean", "unchanged", "exactly as the files say", sum.Unchanged)
	v.ShareText = "Of " + words.Count(v.Total+sum.Unchanged, "connection")
	v.share("clean", sum.Unchanged)
	numbers := map[string]int{
		"delete": sum.Delete, "recreate": sum.Recreate, "refused": sum.Refused, "manual": sum.Manual, "create": sum.Create,
		"adopt": sum.Adopt, "update": sum.Update, "move": sum.Move, "rotate": sum.Rotate, "record": sum.Record,
	}
	for _, k := range planKinds {
		meaning := k.meaning
		if k.kind == "adopt" && overwritten > 0 {
			meaning = words.Number(overwritten) + " of them overwritten with what the files say"
		}
		if n := numbers[k.kind]; n > 0 {
			v.figure(k.kind, k.kind, meaning, n)
		}
		v.share(k.kind, numbers[k.kind])
	}
}

// planGrids adds the tables by tenant and by space, without empty columns, and the choices of the
// filters.
func (v *pageView) planGrids(f *Fleet[plan.Plan]) {
	t := v.countSpaces(func(add func(at spaceOf, kind string)) {
		for i, member := range f.Tenants {
			if member.Report == nil {
				continue
			}
			for _, c := range slices.Concat(member.Report.Changes, member.Report.Rotations) {
				add(spaceOf{i, c.Connection.Space}, changeKind(&c))
			}
		}
	})
	if len(f.Tenants) > 1 {
		grid := gridView{ID: "tenants", Title: "By tenant", Noun: "Tenant", Columns: append(slices.Clone(v.kinds), "unchanged")}
		for i, member := range f.Tenants {
			row := rowView{Name: v.tenants[i]}
			if member.Report == nil {
				row.Error = cmp.Or(string(member.Outcome), "not reached") + ": " + clip(Sanitize(member.Error), 300)
			} else {
				row.Counts = v.changeCounts(member.Report)
				if v.Total > 0 {
					v.PickTenant = append(v.PickTenant, option{strconv.Itoa(i), row.Name})
				}
			}
			grid.Rows = append(grid.Rows, row)
		}
		grid.Rows = inWaveRows(f, grid.Rows, v.changeCounts)
		v.Grids = append(v.Grids, grid.withoutEmpty())
	}
	if v.Total == 0 {
		return
	}
	grid := v.spaceGrid(t, "changes").withoutEmpty()
	v.Grids = append(v.Grids, grid)
	for _, k := range v.kinds {
		if slices.Contains(grid.Columns, k) {
			v.PickKind = append(v.PickKind, k)
		}
	}
}

// changeCounts returns the numbers of a plan in the order of a table: each kind, then what is unchanged.
func (v *pageView) changeCounts(p *plan.Plan) []int {
	counts := make([]int, len(v.kinds)+1)
	for _, c := range slices.Concat(p.Changes, p.Rotations) {
		counts[slices.Index(v.kinds, changeKind(&c))]++
	}
	counts[len(v.kinds)] = p.Summary.Unchanged
	return counts
}

// withoutEmpty removes columns without numbers.
func (g gridView) withoutEmpty() gridView {
	filled := make([]bool, len(g.Columns))
	for _, row := range g.Rows {
		for i, n := range row.Counts {
			filled[i] = filled[i] || n > 0
		}
	}
	keep := func(i int) bool { return filled[i] || i == len(filled)-1 }
	var columns []string
	for i, name := range g.Columns {
		if keep(i) {
			columns = append(columns, name)
		}
	}
	rows := make([]rowView, len(g.Rows))
	for i, row := range g.Rows {
		var counts []int
		for j, n := range row.Counts {
			if keep(j) {
				counts = append(counts, n)
			}
		}
		row.Counts = counts
		rows[i] = row
	}
	g.Columns, g.Rows = columns, rows
	return g
}

// changeKind returns the class of a change; it is one of planKinds.
func changeKind(c *plan.Change) string {
	switch {
	case c.Refused.Holds():
		return "refused"
	case c.Waits:
		return "manual"
	case slices.ContainsFunc(planKinds, func(k struct{ kind, meaning string }) bool { return k.kind == string(c.Action) }):
		return string(c.Action)
	}
	return string(plan.ActionUpdate) // a saved file may contain anything
}

// changeItem is one change on the page.
func (v *pageView) changeItem(tenant int, c *plan.Change, seen *impact.Report, full bool) itemView {
	row := changeRow(c, nil)
	one := seen.Of(c.Connection, c.ID)
	out := itemView{
		Long: v.Long, Open: v.Total <= openPlan && len(row.fields)+len(row.remark) > 0, Kind: changeKind(c), Label: row.sign + " " + row.verb,
		Space: strconv.Itoa(v.spaces[spaceOf{tenant, c.Connection.Space}]),
		Name:  label(nameIn(c.Connection)), Source: Sanitize(c.DataSource), One: c.Action == plan.ActionCreate, Overwrites: c.Overwrites(),
	}
	if len(v.tenants) > 1 {
		out.Tenant = strconv.Itoa(tenant)
	}
	if n := len(c.Fields); n > 0 {
		out.Aside = words.Count(n, "field")
	}
	for _, remark := range row.remark {
		out.remark(remark)
	}
	if one != nil {
		out.remark("Impact: " + dependents(one, seen.At))
		out.Dependents, out.MoreDependents = dependentRows(one, seen.At)
	}
	if c.From != nil && *c.From != c.Connection {
		out.fact("From", label(c.From.String()))
	}
	if c.Position != nil {
		out.fact("Declared in", Sanitize(c.Position.String()))
	}
	out.fact("Id", Sanitize(c.ID))
	out.show(c.Fields, planSides, full)
	return out
}

// stepsView is the steps of a plan: always a table, and also a drawing if there are few.
type stepsView struct {
	ID, Tenant, Cost, Hash, Legend, More string
	Width, Height                        int
	Boxes                                []boxView
	Arrows                               []string
	Rows                                 []stepRowView
}

type stepRowView struct{ IDs, Kind, On, Does, After, Calls string }

// boxView is a group of steps in the drawing.
type boxView struct {
	Class, IDs, Kind, On, Calls, After, Title string
	X, Y                                      int
}

const (
	mostBoxes    = 50  // of a drawing
	mostStepRows = 500 // of the table
)

func newStepsView(p *plan.Plan) *stepsView {
	groups := groupSteps(p.Steps, namesOnLine)
	v := &stepsView{Cost: words.Count(len(p.Steps), "step") + ": " + cost(p.Estimate) + ".", Hash: Sanitize(p.Hash)}
	for _, g := range groups[:min(len(groups), mostStepRows)] {
		v.Rows = append(v.Rows, stepRowView{
			clip(g.ids, mostName), g.kind, clip(g.on, longestText), clip(g.does, longestText),
			cmp.Or(clip(g.after, longestText), "at the start"), words.Count(g.calls, "call"),
		})
	}
	if more := len(groups) - len(v.Rows); more > 0 {
		v.More = fmt.Sprintf("%s more %s of steps %s not listed. The plan as JSON has all of them.",
			words.Number(more), words.Plural(more, "group", "groups"), words.Plural(more, "is", "are"))
	}
	if len(groups) > mostBoxes {
		return v
	}
	v.Legend = "An arrow leads to steps that start after others."
	if !slices.ContainsFunc(groups, func(g stepGroup) bool { return len(g.waits) > 0 }) {
		v.Legend = "No step waits for another one."
	}
	drawing := drawSteps(groups)
	v.Width, v.Height, v.Arrows = drawing.width, drawing.height, drawing.arrows
	for i, row := range v.Rows {
		title := row.On
		for _, more := range []string{row.Does, groups[i].after} {
			if more != "" {
				title += "; " + clip(more, longestText)
			}
		}
		v.Boxes = append(v.Boxes, boxView{
			stepClass(row.Kind), row.IDs, row.Kind, row.On, row.Calls, clip(groups[i].after, longestText), title,
			drawing.boxes[i].x, drawing.boxes[i].y,
		})
	}
	return v
}
