package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/plan"
)

// Limits on the parts of a comment, so that the most important parts always fit; the changes get
// the rest.
const (
	roomOfAlert = 6_000
	roomOfTable = 6_000
	roomOfSteps = 5_000
	roomOfPatch = 6_000
)

// Plan writes a plan for review: irreversible changes first, then a table by space, every change
// with its difference, and the steps.
func (Markdown) Plan(w io.Writer, pl *plan.Plan) error {
	p := newPage()
	p.add(Marker("plan", pl.Project, pl.Tenant.Name, pl.Hash))
	p.add("### " + planHeadline(pl))
	if pl.Refusal != nil {
		p.add(alert("CAUTION", "**Refused: nothing of this plan may be applied.** "+prose(pl.Refusal.Reason.Text),
			[]string{"What to do: " + prose(pl.Refusal.Reason.Next)}, roomOfAlert))
	}
	p.add(destructive(pl.Changes))
	p.add(refusedChanges(pl.Changes))
	p.add(planWarnings(pl.Warnings))
	if !pl.Empty() {
		p.add(planTally(slices.Concat(pl.Changes, pl.Rotations)).table(roomOfTable))
	}
	foot := planFoot(pl)
	p.room -= units(foot) + 2
	steps := planSteps(pl)
	p.room -= units(steps) + 2
	entries := make([]entry, 0, len(pl.Changes))
	for _, c := range gravest(slices.Concat(pl.Changes, pl.Rotations)) {
		entries = append(entries, changeEntry(c, pl.Impact))
	}
	p.add(list(entries, p.room-2))
	p.add(steps)
	p.add(foot)
	return p.writeTo(w)
}

func planHeadline(pl *plan.Plan) string {
	s := pl.Summary
	where := fmt.Sprintf("%s on tenant %s", code(pl.Project), code(pl.Tenant.Name))
	if pl.Empty() {
		return fmt.Sprintf("qlsync: nothing to do for %s, %s as declared", where, are(s.Unchanged))
	}
	what := planCounts(s, overwritten(countOverwritten(pl.Changes)))
	if pl.Refusal != nil {
		what = "refused: " + what
	}
	return fmt.Sprintf("qlsync: %s, for %s", what, where)
}

// planCounts returns how many changes there are of each kind, the most serious first.
func planCounts(s plan.Summary, overwritten string) string {
	return counts(
		number{n: s.Delete, what: "to delete"}, number{n: s.Recreate, what: "to recreate"}, number{n: s.Create, what: "to create"}, number{n: s.Adopt, what: "to adopt" + overwritten},
		number{n: s.Update, what: "to update"}, number{n: s.Move, what: "to move"}, number{n: s.Manual, what: "to sign in for"}, number{n: s.Rotate + s.Record, what: "not in the hash"}, number{n: s.Refused, what: "refused"},
	)
}

// destroys reports whether a change is irreversible.
func destroys(c *plan.Change) bool {
	return !c.Refused.Holds() && !c.Waits && (c.Action == plan.ActionDelete || c.Action == plan.ActionRecreate)
}

// gravest returns the changes by their weight: irreversible, refused, the rest; each by space and
// name.
func gravest(changes []plan.Change) []*plan.Change {
	sorted := make([]*plan.Change, len(changes))
	for i := range changes {
		sorted[i] = &changes[i]
	}
	slices.SortStableFunc(sorted, func(x, y *plan.Change) int { return weight(x) - weight(y) })
	return sorted
}

func weight(c *plan.Change) int {
	switch {
	case destroys(c):
		return 0
	case c.Refused.Holds():
		return 1
	}
	return 2
}

func destructive(changes []plan.Change) string {
	var items []string
	for i := range changes {
		if c := &changes[i]; destroys(c) {
			item := fmt.Sprintf("**%s** %s", c.Action, inKey(c.Connection))
			if len(c.Reasons) > 0 {
				item += ": " + prose(because(c.Reasons))
			}
			items = append(items, item)
		}
	}
	if len(items) == 0 {
		return ""
	}
	head := fmt.Sprintf("**This plan destroys %s.** A deleted connection is gone with its credentials; a recreated one has another id.",
		words.Count(len(items), "connection"))
	return alert("CAUTION", head, items, roomOfAlert)
}

func refusedChanges(changes []plan.Change) string {
	var items []string
	for i := range changes {
		if c := &changes[i]; c.Refused.Holds() {
			items = append(items, fmt.Sprintf("%s %s: %s", prose(string(c.Action)), inKey(c.Connection), prose(at(c.Position)+c.Refused.String())))
		}
	}
	if len(items) == 0 {
		return ""
	}
	return alert("WARNING", fmt.Sprintf("**%s will not be made.**", words.Count(len(items), "change")), items, roomOfAlert)
}

var planColumns = []string{"create", "adopt", "update", "move", "recreate", "delete", "manual", "rotate", "record", "refused"}

func planTally(changes []plan.Change) *tally {
	slices.SortStableFunc(changes, func(x, y plan.Change) int { return x.Connection.Compare(y.Connection) })
	t := &tally{columns: planColumns}
	for i := range changes {
		column := string(changes[i].Action)
		switch {
		case changes[i].Refused.Holds():
			column = "refused"
		case changes[i].Waits:
			column = "manual"
		}
		t.count(changes[i].Connection.Space, column)
	}
	return t
}

func changeEntry(c *plan.Change, seen *impact.Report) entry {
	sign := lookOf(c.Action, c.Overwrites()).sign
	verb := string(c.Action)
	remarks := []string{}
	if c.From != nil && *c.From != c.Connection {
		remarks = append(remarks, "from "+inKey(*c.From))
	}
	if len(c.Reasons) > 0 {
		remarks = append(remarks, "because: "+prose(because(c.Reasons)))
	}
	if c.Manual.Holds() {
		remarks = append(remarks, "manual: "+prose(c.Manual.String()))
	}
	one := seen.Of(c.Connection, c.ID)
	if one != nil {
		remarks = append(remarks, "impact: "+prose(dependents(one, seen.At)), dependentsTable(one, seen.At, roomOfPatch))
	}
	heading := "#### " + code(c.Connection.Space)
	switch weight(c) {
	case 0:
		heading = "#### Destroyed"
	case 1:
		heading, sign, verb = "#### Refused", "!", "refused "+verb
		remarks = append(remarks, "refused: "+prose(at(c.Position)+c.Refused.String()))
	}
	name := code(nameIn(c.Connection))
	if weight(c) < 2 {
		name = inKey(c.Connection)
	}
	title := fmt.Sprintf("%s <b>%s</b> %s", code(sign), prose(verb), name)
	if c.DataSource != "" {
		title += " · " + prose(c.DataSource)
	}
	if one != nil && one.Breaks != "" {
		title += " · " + words.Count(one.Total(), "dependent")
	}
	return connectionEntry(heading, title, remarks, c.Fields)
}

// connectionEntry returns the details of a connection, folded under its title.
func connectionEntry(heading, title string, remarks []string, fields []plan.Field) entry {
	e := entry{heading: heading, brief: "- " + title, full: func() string {
		body := strings.Join(slices.DeleteFunc(remarks, func(remark string) bool { return remark == "" }), "\n\n")
		if len(fields) > 0 {
			body += "\n\n" + fenced("diff", patch(fields), roomOfPatch)
		}
		if body == "" {
			return "- " + title
		}
		return folded(title, strings.TrimLeft(body, "\n"))
	}}
	if len(fields) > 0 {
		e.brief += " · " + words.Count(len(fields), "field")
	}
	return e
}

// planSteps returns the list of steps, folded, as in the text report.
func planSteps(pl *plan.Plan) string {
	if len(pl.Steps) == 0 {
		return ""
	}
	var text strings.Builder
	Text{}.printer(&text).steps(pl.Steps)
	_, lines, _ := strings.Cut(text.String(), "\nSteps\n")
	return folded(words.Count(len(pl.Steps), "step")+", "+prose(cost(pl.Estimate)), fenced("text", strings.Split(strings.TrimRight(lines, "\n"), "\n"), roomOfSteps))
}

func planFoot(pl *plan.Plan) string {
	text := fmt.Sprintf("Tenant %s · %s unchanged", place(pl.Tenant), words.Count(pl.Summary.Unchanged, "connection"))
	for _, line := range looked(pl.Impact) {
		text += "<br>" + prose(line)
	}
	if pl.Summary.Omitted > 0 {
		text += fmt.Sprintf(" · %s not selected", words.Count(pl.Summary.Omitted, "other change"))
	}
	return fmt.Sprintf("<sub>%s<br>Hash %s</sub>", withReads(text, "<br>", pl.Reads), code(pl.Hash))
}

// Result writes the outcome of a plan: what was not done first.
func (Markdown) Result(w io.Writer, r *apply.Result) error {
	p := newPage()
	p.add(Marker("result", r.Project, r.Tenant.Name, r.Hash))
	l := r.Ledger
	head := fmt.Sprintf("%s of %s done", words.Number(l.Done), words.Number(l.Planned))
	if more := counts(number{n: l.Pending, what: "saved but not in effect"}, number{n: l.Failed, what: "failed"}, number{n: l.Blocked, what: "blocked"}, number{n: l.Skipped, what: "skipped"}); more != "" {
		head += ", " + more
	}
	p.add(fmt.Sprintf("### qlsync: applied, %s, for %s on tenant %s", head, code(r.Project), code(r.Tenant.Name)))
	t := &tally{columns: []string{"done", "pending", "failed", "blocked", "skipped"}}
	var undone []string
	for i := range r.Items {
		item := &r.Items[i]
		t.count(item.Connection.Space, string(item.Outcome))
		if item.Outcome != apply.Done {
			why := at(item.Position) + item.Why.String()
			if item.SignInURL != "" {
				why += " (the output of apply has the address)" // the address is not for every reader of the comment
			}
			undone = append(undone, fmt.Sprintf("**%s** %s of %s: %s", prose(string(item.Outcome)), prose(string(item.Action)), inKey(item.Connection), prose(why)))
		}
	}
	if len(undone) > 0 {
		p.add(alert("CAUTION", "**"+notDone(r.Ledger)+".** Apply again to do the rest.", undone, 2*roomOfAlert))
	}
	p.verification(r)
	if len(r.Items) > 0 {
		p.add(t.table(roomOfTable))
	}
	foot := fmt.Sprintf("<sub>Tenant %s<br>Hash %s</sub>", place(r.Tenant), code(r.Hash))
	p.room -= units(foot) + 2
	entries := make([]entry, 0, len(r.Items))
	for i := range r.Items {
		entries = append(entries, resultEntry(&r.Items[i]))
	}
	if len(entries) > 0 {
		p.add(folded("All of it", list(entries, p.room-60)))
	}
	p.add(foot)
	return p.writeTo(w)
}

// verification writes which connections differ from their declaration although they were written,
// by the names of the differences, and which could not be read.
func (p *page) verification(r *apply.Result) {
	var differ, notSeen []string
	for i := range r.Items {
		item := &r.Items[i]
		if item.Differs == nil {
			continue
		}
		var words []string
		for _, field := range item.Differs.Fields {
			words = append(words, fieldName(field.Path))
		}
		text := strings.Join(words, ", ")
		for _, more := range findingTexts(item.Differs) {
			if text != "" {
				text += "; "
			}
			text += more
		}
		list := &differ
		if item.Differs.Unseen {
			list = &notSeen
		}
		*list = append(*list, fmt.Sprintf("%s: %s", inKey(item.Connection), prose(at(item.Position)+text)))
	}
	if len(differ) > 0 {
		p.add(alert("CAUTION", fmt.Sprintf("**%s not as declared when read again.**", are(r.Ledger.Differs)), differ, roomOfAlert))
	}
	if len(notSeen) > 0 {
		p.add(alert("WARNING", fmt.Sprintf("**%s.**", notReadAgain(r.Ledger.Unseen)), notSeen, roomOfAlert))
	}
	if r.Unverified.Holds() {
		p.add(alert("WARNING", "What was done was not read again: "+prose(r.Unverified.String()), nil, roomOfAlert))
	}
}

// notDone counts the changes that are not in effect: "2 changes were not done, 1 is
// saved but not in effect".
func notDone(l apply.Ledger) string {
	n := l.Failed + l.Blocked + l.Skipped
	text := words.Count(n, "change") + " " + words.Plural(n, "was", "were") + " not done"
	if l.Pending == 0 {
		return text
	}
	saved := words.Count(l.Pending, "change") + " saved but not in effect"
	if n == 0 {
		return saved
	}
	return text + ", " + saved
}

func resultEntry(item *apply.Item) entry {
	line := fmt.Sprintf("- %s %s %s: %s", code(lookOf(item.Action, item.Overwrites).sign), prose(string(item.Action)), code(nameIn(item.Connection)), prose(string(item.Outcome)))
	return entry{heading: "#### " + code(item.Connection.Space), brief: line, full: func() string { return line }}
}

var driftColumns = []string{"changed", "missing", "undeclared", "unmanaged", "foreign", "unreadable"}

// Drift writes where a tenant differs from the files.
func (Markdown) Drift(w io.Writer, d *plan.Drift) error {
	p := newPage()
	p.add(Marker("drift", d.Project, d.Tenant.Name, ""))
	p.add("### " + driftHeadline(d))
	if reasons := unseen(d); len(reasons) > 0 {
		var items []string
		for _, reason := range reasons {
			items = append(items, prose(reason))
		}
		p.add(alert("WARNING", notEverything, items, roomOfAlert))
	}
	t := &tally{columns: driftColumns}
	entries := make([]entry, 0, len(d.Items))
	for i := range d.Items {
		t.count(d.Items[i].Connection.Space, string(d.Items[i].Kind))
		entries = append(entries, driftEntry(&d.Items[i], d.Impact))
	}
	seen := ""
	for _, line := range looked(d.Impact) {
		seen += "<br>" + prose(line)
	}
	foot := fmt.Sprintf("<sub>Tenant %s. In a difference, <code>-</code> is what is declared and <code>+</code> what is live.%s</sub>", place(d.Tenant), withReads("", "<br>", d.Reads)+seen)
	if len(entries) > 0 {
		p.add(t.table(roomOfTable))
		p.room -= units(foot) + 2
		p.add(list(entries, p.room-2))
	}
	p.add(foot)
	return p.writeTo(w)
}

const notEverything = "**Not everything was read**, so there may be more than is listed here."

func driftHeadline(d *plan.Drift) string {
	where := fmt.Sprintf("tenant %s from %s", code(d.Tenant.Name), code(d.Project))
	if len(d.Items) == 0 {
		return fmt.Sprintf("qlsync: no drift%s of %s, %s as declared", asFarAsSeen(d), where, are(d.Summary.Clean))
	}
	return fmt.Sprintf("qlsync: drift of %s: %s", where, driftCounts(d.Summary))
}

func driftCounts(s plan.DriftSummary) string { return counts(driftNumbers(s)...) }

func driftNumbers(s plan.DriftSummary) []number {
	return []number{
		{n: s.Changed, what: "changed"},
		{s.Missing, "missing", red},
		{n: s.Undeclared, what: "undeclared"},
		{n: s.Unmanaged, what: "unmanaged"},
		{s.Foreign, "foreign", red},
		{s.Unreadable, "unreadable", red},
		{n: s.Clean, what: "clean"},
	}
}

func driftEntry(item *plan.DriftItem, seen *impact.Report) entry {
	title := fmt.Sprintf("%s <b>%s</b> %s", code(driftSigns[item.Kind].sign), prose(string(item.Kind)), code(nameIn(item.Connection)))
	if item.DataSource != "" {
		title += " · " + prose(item.DataSource)
	}
	title += " · " + prose(wouldDo(item.Apply))
	var remarks []string
	if len(item.Reasons) > 0 {
		remarks = append(remarks, prose(because(item.Reasons)))
	}
	if text := witness(item); text != "" {
		remarks = append(remarks, prose(text))
	}
	if one := seen.Of(item.Connection, item.ID); one != nil {
		title += " · " + words.Count(one.Total(), "dependent")
		remarks = append(remarks, "impact: "+prose(dependents(one, seen.At)), dependentsTable(one, seen.At, roomOfPatch))
	}
	return connectionEntry("#### "+code(item.Connection.Space), title, remarks, item.Fields)
}
