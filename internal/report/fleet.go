package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/plan"
)

// byWeight returns a fleet in the order in which people look at it: tenants without a report, then
// those with the highest weight, then by their order in the fleet.
func byWeight[T any](f *Fleet[T], weight func(*T) int) *Fleet[T] {
	of := func(m Member[T]) int {
		if m.Report == nil {
			return math.MaxInt
		}
		return weight(m.Report)
	}
	sorted := *f
	sorted.Tenants = slices.SortedStableFunc(slices.Values(f.Tenants), func(a, b Member[T]) int { return cmp.Compare(of(b), of(a)) })
	return &sorted
}

// driftWeight orders tenants by what differs, and those that were not read completely before the
// others.
func driftWeight(d *plan.Drift) int { return 2*d.Summary.Drifted() + min(len(d.Incomplete), 1) }

// planWeight orders refused plans before those that delete or recreate, and these before the others.
func planWeight(pl *plan.Plan) int {
	s := pl.Summary
	weight := (s.Delete+s.Recreate)<<20 + s.Create + s.Adopt + s.Update + s.Move + s.Manual + s.Rotate + s.Record + s.Refused
	if pl.Refusal != nil {
		weight |= 1 << 50
	}
	return weight
}

// Plans writes the plans of several tenants: those with changes or warnings in full, the
// others in a line.
func (t Text) Plans(w io.Writer, f *Fleet[plan.Plan]) error {
	f = byWeight(f, planWeight)
	p := t.printer(w)
	p.title("Plans for project %s on %s", Sanitize(f.Project), words.Count(len(f.Tenants), "tenant"))
	var changing, unchanged, quiet int
	head := waveHead(f)
	for _, member := range f.inWaves() {
		pl := member.Report
		if pl == nil {
			continue
		}
		if pl.Empty() && pl.Refusal == nil {
			unchanged++
		} else {
			changing++
		}
		if !isQuiet(pl) {
			p.line("")
			if text := head(member); text != "" {
				p.line("%s", p.paint(bold, text))
				p.line("")
			}
			p.include(t.Plan(w, pl))
		}
	}
	p.line("")
	for _, member := range f.inWaves() {
		if pl := member.Report; pl != nil && isQuiet(pl) {
			quiet++
			p.line("%s: nothing to do, %s unchanged", tenantName(member.Tenant), words.Number(pl.Summary.Unchanged))
		}
	}
	failed := failures(p, f)
	if quiet+len(failed) > 0 {
		p.line("")
	}
	p.line("Tenants: %s with changes, %s without%s.", words.Number(changing), words.Number(unchanged), notRead(failed))
	if text := f.Rollout.String(); text != "" {
		p.line("%s", text)
	}
	return p.err
}

// isQuiet reports whether a plan has no changes, warnings or refusal.
func isQuiet(pl *plan.Plan) bool { return pl.Empty() && len(pl.Warnings) == 0 && pl.Refusal == nil }

// Drifts writes the drift of several tenants: those with drift in full, the others in
// a line.
func (t Text) Drifts(w io.Writer, f *Fleet[plan.Drift]) error {
	f = byWeight(f, driftWeight)
	p := t.printer(w)
	p.title("Drift of %s from project %s", words.Count(len(f.Tenants), "tenant"), Sanitize(f.Project))
	var differing, clean int
	var sum plan.DriftSummary
	var left []plan.DriftKind // the same for all tenants
	for _, member := range f.Tenants {
		if d := member.Report; d != nil {
			sum, left = sum.Add(d.Summary), d.Ignored
			if len(d.Items)+len(d.Incomplete) > 0 {
				differing++
				p.line("")
				p.include(t.Drift(w, d))
			}
		}
	}
	p.line("")
	failed := failures(p, f)
	for _, member := range f.Tenants {
		switch d := member.Report; {
		case d == nil:
		case len(d.Items)+len(d.Incomplete) == 0:
			clean++
			p.line("%s: no drift%s, %s clean", tenantName(member.Tenant), asFarAsSeen(d), words.Number(d.Summary.Clean))
		default:
			p.line("%s: %s", tenantName(member.Tenant), p.counts(driftNumbers(d.Summary)...))
		}
	}
	if len(f.Tenants) > 0 {
		p.line("")
	}
	if len(left) > 0 {
		p.line("On all tenants, %s.", Sanitize(ignored(left)))
	}
	p.line("Tenants: %s with drift, %s without%s.", words.Number(differing), words.Number(clean), notRead(failed))
	if differing > 0 {
		p.line("%s %s.", p.paint(bold, "Drift:"), p.counts(driftNumbers(sum)...))
	}
	return p.err
}

// include records the error of a nested report.
func (p *printer) include(err error) {
	if p.err == nil {
		p.err = err
	}
}

// failures writes which tenants could not be read, and why, and returns their names.
func failures[T any](p *printer, f *Fleet[T]) []string {
	var names []string
	for _, member := range f.Tenants {
		if member.Report != nil {
			continue
		}
		names = append(names, member.Tenant.Name)
		p.tenant(tenantName(member.Tenant)+" "+p.paint(red, "was not read"), member.Error)
	}
	p.missing(f.Missing, f.Lost)
	return names
}

// tenant writes the lines of a text about a tenant, the first one after a sanitized head.
func (p *printer) tenant(head, text string) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	p.line("%s: %s", head, Sanitize(lines[0]))
	for _, line := range lines[1:] {
		p.line("  %s", Sanitize(line))
	}
}

// missing writes what a merged report lacks, and the attempts that were lost with their logs.
func (p *printer) missing(texts, lost []string) {
	for _, text := range texts {
		p.line("%s: %s", p.paint(red, "missing"), Sanitize(text))
	}
	for _, text := range lost {
		p.line("lost: %s", Sanitize(text))
	}
}

func notRead(names []string) string {
	if len(names) == 0 {
		return ""
	}
	const most = 20
	shown := make([]string, min(len(names), most))
	for i := range shown {
		shown[i] = label(names[i])
	}
	if more := len(names) - len(shown); more > 0 {
		shown = append(shown, "and "+words.Number(more)+" more")
	}
	return fmt.Sprintf(", %s not read (%s)", words.Number(len(names)), strings.Join(shown, ", "))
}

// Plans writes the plans of several tenants into one comment.
func (Markdown) Plans(w io.Writer, f *Fleet[plan.Plan]) error {
	f = byWeight(f, planWeight)
	p := newPage()
	p.add(Marker("plans", f.Project, "", ""))
	t := &tally{noun: "tenant", columns: planColumns}
	var sum plan.Summary
	adoptedOver := 0
	var grave, refusals []string
	var entries []entry
	for _, member := range f.inWaves() {
		pl := member.Report
		if pl == nil {
			continue
		}
		s := pl.Summary
		sum = sum.Add(s)
		adoptedOver += countOverwritten(pl.Changes)
		t.rows = append(t.rows, tallyRow{inWave(member), []int{
			s.Create, s.Adopt, s.Update, s.Move, s.Recreate, s.Delete, s.Manual, s.Rotate, s.Record, s.Refused,
		}})
		of := code(member.Tenant.Name)
		if pl.Refusal != nil {
			refusals = append(refusals, of+": "+prose(pl.Refusal.Reason.Text)+"; "+prose(pl.Refusal.Reason.Next))
		}
		for _, c := range gravest(slices.Concat(pl.Changes, pl.Rotations)) {
			if destroys(c) {
				grave = append(grave, fmt.Sprintf("%s: **%s** %s", of, prose(string(c.Action)), inKey(c.Connection)))
			}
			e := changeEntry(c, pl.Impact)
			e.heading = "#### " + of + " · " + strings.TrimPrefix(e.heading, "#### ")
			entries = append(entries, e)
		}
	}
	p.add(fmt.Sprintf("### qlsync: %s, for %s on %s", cmp.Or(planCounts(sum, overwritten(adoptedOver)), "nothing to do"), code(f.Project), lookedAt(f)))
	addFailures(p, f)
	if len(refusals) > 0 {
		p.add(alert("CAUTION", fmt.Sprintf("**Refused: the plans of %s may not be applied.**", words.Count(len(refusals), "tenant")), refusals, roomOfAlert))
	}
	if len(grave) > 0 {
		p.add(alert("CAUTION", fmt.Sprintf("**These plans destroy %s.**", words.Count(len(grave), "connection")), grave, roomOfAlert))
	}
	if len(t.rows) > 0 {
		p.add(t.table(roomOfTable))
	}
	if text := f.Rollout.String(); text != "" {
		p.add(prose(text))
	}
	hashes := fenced("text", hashes(f), roomOfSteps)
	p.room -= units(hashes) + 100
	if len(entries) > 0 {
		p.add(list(entries, p.room))
		p.add(folded("The hash of each plan, for <code>apply --plan-hash</code>", hashes))
	}
	return p.writeTo(w)
}

// hashes lists the plans that can be applied.
func hashes(f *Fleet[plan.Plan]) []string {
	var lines []string
	for _, member := range f.Tenants {
		if pl := member.Report; pl != nil && !pl.Empty() {
			lines = append(lines, label(member.Tenant.Name)+"  "+Sanitize(pl.Hash))
		}
	}
	return lines
}

// lookedAt counts the tenants of a report: "3 tenants", "2 of 3 tenants".
func lookedAt[T any](f *Fleet[T]) string {
	if failed := f.Failed(); failed > 0 {
		return fmt.Sprintf("%d of %s", len(f.Tenants)-failed, words.Count(len(f.Tenants), "tenant"))
	}
	return words.Count(len(f.Tenants), "tenant")
}

// addFailures adds the tenants that could not be read.
func addFailures[T any](p *page, f *Fleet[T]) {
	var items []string
	for _, member := range f.Tenants {
		if member.Report == nil {
			items = append(items, code(member.Tenant.Name)+": "+prose(member.Error))
		}
	}
	if len(f.Missing) > 0 {
		var missing []string
		for _, text := range f.Missing {
			missing = append(missing, prose(text))
		}
		p.add(alert("CAUTION", "**Reports are missing.**", missing, roomOfAlert))
	}
	addLost(p, f.Lost)
	if len(items) > 0 {
		p.add(alert("CAUTION", fmt.Sprintf("**%s could not be looked at.**", words.Count(len(items), "tenant")), items, roomOfAlert))
	}
}

// addLost adds the attempts that were lost with their logs.
func addLost(p *page, lost []string) {
	var items []string
	for _, text := range lost {
		items = append(items, prose(text))
	}
	if len(items) > 0 {
		p.add(alert("NOTE", "**Reports of earlier attempts were lost with their logs.** The later reports show the state of the tenants.", items, roomOfAlert))
	}
}

// Drifts writes the drift of several tenants into one comment.
func (Markdown) Drifts(w io.Writer, f *Fleet[plan.Drift]) error {
	f = byWeight(f, driftWeight)
	p := newPage()
	p.add(Marker("drifts", f.Project, "", ""))
	t := &tally{noun: "tenant", columns: slices.Concat(driftColumns, []string{"clean"})}
	var sum plan.DriftSummary
	var entries []entry
	for _, member := range f.Tenants {
		d := member.Report
		if d == nil {
			continue
		}
		sum = sum.Add(d.Summary)
		s := d.Summary
		t.rows = append(t.rows, tallyRow{inWave(&member), []int{s.Changed, s.Missing, s.Undeclared, s.Unmanaged, s.Foreign, s.Unreadable, s.Clean}})
		for i := range d.Items {
			e := driftEntry(&d.Items[i], d.Impact)
			e.heading = "#### " + code(member.Tenant.Name) + " · " + strings.TrimPrefix(e.heading, "#### ")
			entries = append(entries, e)
		}
	}
	head := "no drift"
	if len(entries) > 0 {
		head = "drift"
	}
	p.add(fmt.Sprintf("### qlsync: %s of %s from %s: %s", head, lookedAt(f), code(f.Project), cmp.Or(driftCounts(sum), "no connections")))
	addFailures(p, f)
	var incomplete []string
	for _, member := range f.Tenants {
		if member.Report != nil {
			for _, reason := range unseen(member.Report) {
				incomplete = append(incomplete, code(member.Tenant.Name)+": "+prose(reason))
			}
		}
	}
	if len(incomplete) > 0 {
		p.add(alert("WARNING", notEverything, incomplete, roomOfAlert))
	}
	if len(t.rows) > 0 {
		p.add(t.table(roomOfTable))
	}
	if len(entries) > 0 {
		p.add(list(entries, p.room-2))
	}
	return p.writeTo(w)
}

// Drifts writes a suite for each tenant.
func (JUnit) Drifts(w io.Writer, f *Fleet[plan.Drift]) error {
	var suites []testSuite
	for _, member := range f.Tenants {
		suite := testSuite{name: f.Project + " on " + member.Tenant.Name}
		if member.Report == nil {
			suite.cases = []testCase{{name: "the tenant", class: f.Project, broken: cmp.Or(string(member.Outcome), "unreachable"), message: member.Error}}
		} else {
			suite.cases = driftCases(member.Report)
		}
		suites = append(suites, suite)
	}
	return writeJUnit(w, "qlsync drift", append(suites, missingSuites(f)...)...)
}
