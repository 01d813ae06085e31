package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// Plan writes the changes, grouped by space, then the steps, then a summary.
func (t Text) Plan(w io.Writer, pl *plan.Plan) error {
	p := t.printer(w)
	p.title("Plan for project %s on tenant %s", Sanitize(pl.Project), tenantName(pl.Tenant))
	t.warnings(p, pl.Warnings)
	p.rows(t.mark(p, t.folded(p, changeRows(pl.Changes, pl.Impact))), planned)
	p.foldedRest()
	if len(pl.Rotations) > 0 {
		p.line("")
		p.line("%s", p.paint(bold, "Credentials, not in the hash because nobody can review their values"))
		p.rows(t.mark(p, changeRows(pl.Rotations, nil)), planned)
	}
	p.steps(pl.Steps)
	p.line("")
	p.summary(pl)
	return p.err
}

func changeRows(changes []plan.Change, seen *impact.Report) []row {
	rows := make([]row, len(changes))
	for i := range changes {
		rows[i] = changeRow(&changes[i], seen)
	}
	return rows
}

func tenantName(t plan.Tenant) string {
	name := Sanitize(t.Name) + " (" + Sanitize(t.URL)
	if strings.HasPrefix(t.URL, "sim:") {
		name += ", the embedded tenant"
	}
	return name + ")"
}

// row is one connection of a report that is grouped by space.
type row struct {
	key    connection.Key
	sign   string
	paint  hue
	name   string // of the connection, sanitized
	verb   string // the action, outcome or kind
	kind   string // the data source
	remark []string
	fields []plan.Field
	fresh  bool // the connection and all its fields are new
	// verbHue and kindHue colour a verb or a kind that is serious; otherwise they are empty.
	verbHue, kindHue hue
	// marked is the place in a file that the last remark is about; nil for none.
	marked *connection.Position
	// fold is the message of the row, if many rows may have the same; see [alikeInWords].
	fold string
}

// rows writes rows that are sorted by key, with a heading for each space.
func (p *printer) rows(rows []row, words wording) {
	names, verbs := make([]string, len(rows)), make([]string, len(rows))
	for i, r := range rows {
		names[i], verbs[i] = r.name, r.verb
	}
	most := 48
	if p.width > 0 {
		most = min(most, p.width/2)
	}
	nameWidth, verbWidth := widest(most, names...), widest(16, verbs...)
	for i, r := range rows {
		if i == 0 || rows[i-1].key.Space != r.key.Space {
			p.line("")
			p.line("%s", p.paint(heading, label(r.key.Space)))
		}
		p.line("  %s %s  %s  %s", p.strong(r.paint, r.sign), p.pad(bold, r.name, nameWidth),
			p.pad(r.verbHue, r.verb, verbWidth), p.pad(r.kindHue, Sanitize(r.kind), 0))
		for _, remark := range r.remark {
			rest, refused := strings.CutPrefix(Sanitize(remark), refusedLabel)
			if refused {
				rest = p.paint(red, refusedLabel) + rest
			}
			p.line("      %s", rest)
		}
		if r.marked != nil {
			if e, ok := p.excerpts[*r.marked]; ok {
				p.excerpt("      ", connection.Problem{Position: *r.marked}, e)
			}
		}
		p.fields(r, words)
	}
}

// look is the sign and the colour of an action.
type look struct {
	sign  string
	paint hue
}

// lookOf returns the look of an action: an adoption that overwrites looks like an update.
func lookOf(action plan.Action, overwrites bool) look {
	if overwrites {
		action = plan.ActionUpdate
	}
	return signs[action]
}

// serious returns the colour of a word if it announces a loss: red, or none.
func (l look) serious() hue {
	if l.paint == red {
		return red
	}
	return ""
}

// refusedLabel begins the remark about a change that is refused.
const refusedLabel = "refused:"

var signs = map[plan.Action]look{
	plan.ActionCreate: {"+", green}, plan.ActionAdopt: {"=", teal},
	plan.ActionUpdate: {"~", amber}, plan.ActionMove: {">", amber},
	plan.ActionRecreate: {"±", red}, plan.ActionDelete: {"-", red},
	plan.ActionRotate: {"~", amber}, plan.ActionRecord: {"=", teal},
}

func changeRow(c *plan.Change, seen *impact.Report) row {
	look := lookOf(c.Action, c.Overwrites())
	r := row{
		key: c.Connection, name: label(nameIn(c.Connection)), sign: look.sign, paint: look.paint,
		verb: Sanitize(string(c.Action)), kind: c.DataSource, fields: c.Fields, fresh: c.Action == plan.ActionCreate, verbHue: look.serious(),
	}
	if len(c.Reasons) > 0 {
		r.remark = append(r.remark, "because: "+because(c.Reasons))
	}
	r.remark = append(r.remark, impactOf(seen, c)...)
	if c.Manual.Holds() {
		r.remark = append(r.remark, "manual: "+c.Manual.String())
	}
	if c.Refused.Holds() {
		r.sign, r.paint, r.marked = "!", red, c.Position
		r.remark = append(r.remark, refusedLabel+" "+at(c.Position)+c.Refused.String())
		r.fold = refusedLabel + " " + c.Refused.String()
	}
	return r
}

// countOverwritten counts the adoptions that overwrite the live connection.
func countOverwritten(changes []plan.Change) int {
	n := 0
	for i := range changes {
		if c := &changes[i]; c.Overwrites() && !c.Refused.Holds() && !c.Waits {
			n++
		}
	}
	return n
}

// because returns the sentences of the reasons for one thing.
func because(reasons []connection.Reason) string { return connection.Join(reasons, "; ") }

// findingTexts returns what a finding says and what to do about it.
func findingTexts(f *plan.Finding) []string {
	texts := []string{because(f.Reasons), f.Advice.String()}
	return slices.DeleteFunc(texts, func(text string) bool { return text == "" })
}

func at(position *connection.Position) string {
	if position == nil || position.String() == "" {
		return ""
	}
	return position.String() + ": "
}

// stepGroup is neighbouring steps that can run concurrently and differ in little but the
// connection. Its texts are sanitized.
type stepGroup struct {
	ids, kind, on, does, after string
	calls                      int
	waits                      []int // the indexes of the groups with a step that comes first
}

// namesOnLine is how many cells the names of a group of steps take on a line.
const namesOnLine = 60

// groupSteps groups the steps, in their order. Names that take more cells are counted.
func groupSteps(steps []plan.Step, names int) []stepGroup {
	places, in := make(map[string]int, len(steps)), make([]int, len(steps))
	for i, step := range steps {
		places[step.ID] = i
	}
	var groups []stepGroup
	for begin := 0; begin < len(steps); {
		end := begin + alike(steps[begin:])
		group := steps[begin:end]
		g := stepGroup{
			ids: span(steps, begin, end-1), kind: Sanitize(string(group[0].Kind)), on: connections(group, names),
			calls: writes(group), does: describe(group), after: after(steps, group, places),
		}
		for i := begin; i < end; i++ {
			in[i] = len(groups)
			for _, id := range steps[i].After {
				if first, known := places[id]; known && first < begin && !slices.Contains(g.waits, in[first]) {
					g.waits = append(g.waits, in[first])
				}
			}
		}
		groups = append(groups, g)
		begin = end
	}
	return groups
}

// steps writes the calls in their order, one line for each group.
func (p *printer) steps(steps []plan.Step) {
	if len(steps) == 0 {
		return
	}
	p.line("")
	p.line("%s", p.paint(bold, "Steps"))
	names := namesOnLine
	if p.width > 0 {
		names = min(names, max(20, p.width-40))
	}
	groups := groupSteps(steps, names)
	var ids, on, calls, kinds []string
	for _, g := range groups {
		ids, on, calls, kinds = append(ids, g.ids), append(on, g.on), append(calls, words.Count(g.calls, "call")), append(kinds, g.kind)
	}
	idWidth, onWidth, callWidth, kindWidth := widest(16, ids...), widest(names+7, on...), widest(16, calls...), max(11, widest(16, kinds...))
	for i, g := range groups {
		kind := p.pad(stepHue(g.kind), g.kind, kindWidth)
		first := fmt.Sprintf("  %s  %s  %s  %s", pad(ids[i], idWidth), kind, pad(on[i], onWidth), pad(calls[i], callWidth))
		second, both := g.does, strings.Join(slices.DeleteFunc([]string{g.does, g.after}, func(text string) bool { return text == "" }), "; ")
		switch room := p.width - 10 - kindWidth - idWidth - max(onWidth, cells(on[i])) - callWidth; {
		case p.width > 0 && cells(both) <= room:
			first, second = first+"  "+both, ""
		case p.width == 0 || cells(g.after) <= room:
			first += "  " + g.after
		default:
			second = both
		}
		p.line("%s", strings.TrimRight(first, " "))
		if second != "" {
			p.line("  %s  %s", pad("", idWidth), second)
		}
	}
}

// stepHue is red for steps that take a connection away.
func stepHue(kind string) hue {
	if class := stepClass(kind); class == "delete" || class == "recreate" {
		return red
	}
	return ""
}

func writes(steps []plan.Step) int {
	n := 0
	for _, step := range steps {
		n += step.Calls
	}
	return n
}

// describe returns what a few steps do, each thing once; empty if it would become a list.
func describe(steps []plan.Step) string {
	var words []string
	for _, step := range steps {
		if text := Sanitize(step.Description()); !slices.Contains(words, text) {
			words = append(words, text)
		}
	}
	if len(words) > 2 {
		return ""
	}
	return strings.Join(words, "; or ")
}

// manySteps is the number of steps from which steps with different dependencies share a line too.
const manySteps = 4

// alike counts the steps at the beginning that share a line: of one kind, and all of them after the
// same steps or, if they are many, none of them after another.
func alike(steps []plan.Step) int {
	same, n := 1, 1
	within := map[string]bool{steps[0].ID: true}
	for _, step := range steps[1:] {
		waits := slices.ContainsFunc(step.After, func(id string) bool { return within[id] })
		if step.Kind != steps[0].Kind || waits {
			break
		}
		within[step.ID] = true
		if n == same && slices.Equal(step.After, steps[0].After) {
			same++
		}
		n++
	}
	if n >= manySteps {
		return n
	}
	return same
}

// span returns the numbers of the steps from one place to another.
func span(steps []plan.Step, first, last int) string {
	if first == last {
		return label(steps[first].ID)
	}
	return label(steps[first].ID) + ".." + label(steps[last].ID)
}

// after returns the numbers of the steps before a group, neighbours as a span.
func after(steps, group []plan.Step, places map[string]int) string {
	var before []int
	words := "after "
	for _, step := range group {
		for _, id := range step.After {
			before = append(before, places[id])
		}
		if !slices.Equal(step.After, group[0].After) {
			words = "each after some of "
		}
	}
	if slices.ContainsFunc(group, func(step plan.Step) bool { return len(step.After) == 0 }) {
		words = "some of them after "
	}
	slices.Sort(before)
	before = slices.Compact(before)
	if len(before) == 0 {
		return ""
	}
	var spans []string
	for begin := 0; begin < len(before); {
		end := begin + 1
		for end < len(before) && before[end] == before[end-1]+1 {
			end++
		}
		if len(spans) == 3 {
			return fmt.Sprintf("%s%s and %d more", words, strings.Join(spans, ", "), len(before)-begin)
		}
		spans = append(spans, span(steps, before[begin], before[end-1]))
		begin = end
	}
	return words + strings.Join(spans, ", ")
}

// connections returns the names of a few connections, or counts many.
func connections(steps []plan.Step, most int) string {
	var keys []string
	for _, step := range steps {
		for _, key := range step.Connections {
			if text := label(key.String()); len(keys) == 0 || keys[len(keys)-1] != text { // the operations on one space follow each other
				keys = append(keys, text)
			}
		}
	}
	if text := strings.Join(keys, ", "); len(keys) == 1 || len(text) <= most {
		return text
	}
	return words.Count(len(keys), "connection")
}

// summary writes the counts, the cost and the hash, and why the plan may not be applied.
func (p *printer) summary(pl *plan.Plan) {
	s := pl.Summary
	if pl.Empty() {
		p.line("Nothing to do: %s as declared.%s", are(s.Unchanged), omitted(s.Omitted))
		p.line("Hash: %s", Sanitize(pl.Hash))
		p.reads(pl.Reads)
		return
	}
	adopt := "to adopt" + overwritten(countOverwritten(pl.Changes))
	p.line("%s %s.", p.paint(bold, "Plan:"), p.counts(
		number{n: s.Create, what: "to create"}, number{n: s.Adopt, what: adopt}, number{n: s.Update, what: "to update"}, number{n: s.Move, what: "to move"},
		number{s.Recreate, "to recreate", red}, number{s.Delete, "to delete", red}, number{n: s.Manual, what: "to sign in for"},
		number{n: s.Rotate, what: "with credentials to write again"}, number{n: s.Record, what: "with fingerprints to record"},
		number{s.Refused, "refused", red}, number{n: s.Unchanged, what: "unchanged"}, number{n: s.Omitted, what: "not selected"},
	))
	for _, line := range looked(pl.Impact) {
		p.line("%s", Sanitize(line))
	}
	p.line("Cost: %s.", cost(pl.Estimate))
	p.line("Hash: %s", Sanitize(pl.Hash))
	p.reads(pl.Reads)
	if pl.Refusal != nil {
		p.line("")
		p.line("%s %s", p.paint(red, "Refused:"), Sanitize(pl.Refusal.Reason.Text))
		p.line("  %s", Sanitize(strings.ReplaceAll(pl.Refusal.Reason.Next, pl.Hash, "HASH"))) // the line above has it
	}
}

// reads writes how the connections were read, if the list proved something.
func (p *printer) reads(counts *connection.ReadCounts) {
	if counts != nil {
		p.line("Reads: %s.", readCounts(counts))
	}
}

// readCounts returns how the connections were read: "10,000 connections: 130 read in detail, 9,870
// proved by the list (243 calls)".
func readCounts(r *connection.ReadCounts) string {
	cached := ""
	if r.Cached > 0 {
		cached = ", " + words.Number(r.Cached) + " in the cache"
	}
	return fmt.Sprintf("%s: %s read in detail%s, %s proved by the list (%s)",
		words.Count(r.Connections, "connection"), words.Number(r.Detailed), cached, words.Number(r.Proved), words.Count(r.Calls, "call"))
}

// withReads adds the counts to a text, after a separator.
func withReads(text, separator string, counts *connection.ReadCounts) string {
	if counts == nil {
		return text
	}
	return text + separator + readCounts(counts)
}

// number is one of the counts of a summary, in red if it is serious.
type number struct {
	n    int
	what string
	hue  hue
}

// counts joins the numbers that are not zero.
func counts(numbers ...number) string { return (&printer{}).counts(numbers...) }

func (p *printer) counts(numbers ...number) string {
	var parts []string
	for _, number := range numbers {
		if number.n > 0 {
			parts = append(parts, p.pad(number.hue, words.Number(number.n)+" "+number.what, 0))
		}
	}
	return strings.Join(parts, ", ")
}

// overwritten returns how many adoptions overwrite.
func overwritten(n int) string {
	if n == 0 {
		return ""
	}
	return ", " + words.Number(n) + " of them overwritten"
}

// omitted returns the words for changes that were not selected.
func omitted(n int) string {
	if n == 0 {
		return ""
	}
	return " " + words.Count(n, "other change") + " not selected."
}

func are(n int) string {
	return words.Count(n, "connection") + " " + words.Plural(n, "is", "are")
}

// cost returns how many calls a plan needs, and how long the rate limit delays it: a range, from an
// unused limit to one that other clients have used up.
func cost(e plan.Estimate) string {
	text := fmt.Sprintf("%s and %s", words.Count(e.Tier2Calls, "write call"), words.Count(e.Tier1Calls, "read call"))
	if e.Tier2Calls == 0 {
		return text
	}
	if e.SecondsMax == 0 {
		return text + "; no rate limit to wait for"
	}
	wait := "no wait"
	if e.Seconds > 0 {
		wait = "a wait of about " + duration(e.Seconds)
	}
	return fmt.Sprintf("%s; %s for the rate limit (up to %s if others have already used it)", text, wait, duration(e.SecondsMax))
}

// duration returns an estimate, which is not exact to the second.
func duration(seconds int) string {
	d := time.Duration(seconds) * time.Second
	if d >= 2*time.Minute {
		d = d.Round(time.Minute)
	}
	return words.Duration(d)
}
