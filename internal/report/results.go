package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/plan"
)

// worstFirst returns the members wave by wave, within a wave by their outcomes, and otherwise in
// their order.
func worstFirst(f *Fleet[apply.Result]) []*Member[apply.Result] {
	all := Outcomes()
	members := f.inWaves()
	slices.SortStableFunc(members, func(a, b *Member[apply.Result]) int {
		return cmp.Or(f.waveOrder(a, b), cmp.Compare(slices.Index(all, a.Outcome), slices.Index(all, b.Outcome)))
	})
	return members
}

// sumOf adds up the ledgers of all tenants.
func sumOf(f *Fleet[apply.Result]) (sum apply.Ledger) {
	for _, r := range f.Reports() {
		l := r.Ledger
		sum.Planned += l.Planned
		sum.Done += l.Done
		sum.Pending += l.Pending
		sum.Failed += l.Failed
		sum.Blocked += l.Blocked
		sum.Skipped += l.Skipped
		sum.Differs += l.Differs
		sum.Unseen += l.Unseen
	}
	return sum
}

// outcomeCounts counts the tenants by their outcomes, the worst first: "1 refused, 2 done".
func outcomeCounts(f *Fleet[apply.Result]) string {
	var parts []number
	for _, outcome := range Outcomes() {
		n := 0
		for _, member := range f.Tenants {
			if member.Outcome == outcome {
				n++
			}
		}
		parts = append(parts, number{n: n, what: string(outcome)})
	}
	return cmp.Or(counts(parts...), "none")
}

// Results writes the results of several tenants: those with changes in full, then a line for each
// tenant, the worst first.
func (t Text) Results(w io.Writer, f *Fleet[apply.Result]) error {
	p := t.printer(w)
	if len(f.Tenants)+len(f.Missing)+len(f.Lost) == 0 { // as with --resume after a complete apply
		p.line("Nothing to apply for project %s: no tenant remains.", Sanitize(f.Project))
		return p.err
	}
	p.title("Applied project %s to %s", Sanitize(f.Project), words.Count(len(f.Tenants), "tenant"))
	members := worstFirst(f)
	for _, member := range slices.Backward(members) { // so that the worst is next to the end
		if r := member.Report; r != nil && (r.Ledger.Planned > 0 || r.Unverified.Holds()) {
			p.line("")
			p.include(t.Result(w, r))
		}
	}
	p.line("")
	width := 0
	for _, member := range members {
		width = max(width, len(member.Outcome))
	}
	head := waveHead(f)
	for len(members) > 0 {
		same := withOneLine(members)
		if text := head(members[0]); text != "" {
			p.line("%s", p.paint(bold, text))
		}
		p.tenant(p.pad(hueOf(members[0].Outcome), string(members[0].Outcome), width)+" "+tenantNames(members[:same]), resultLine(f, members[0]))
		members = members[same:]
	}
	if len(f.Tenants) > 0 {
		p.line("")
	}
	p.missing(f.Missing, f.Lost)
	p.line("Tenants: %s.", outcomeCounts(f))
	p.line("%s %s", p.paint(bold, "Applied:"), p.ledger(&apply.Result{Ledger: sumOf(f)}))
	return p.err
}

// withOneLine returns how many members at the beginning share a line: those of one wave that did not begin
// for the same reason, if there are more than a line names.
func withOneLine(members []*Member[apply.Result]) int {
	first, n := members[0], 1
	if first.Outcome != OutcomeNotStarted {
		return n
	}
	for n < len(members) && members[n].Outcome == first.Outcome && members[n].Wave == first.Wave && members[n].Error == first.Error {
		n++
	}
	if n <= fewNames {
		return 1
	}
	return n
}

// tenantNames returns a tenant with its address, or the number of several with the first names.
func tenantNames(members []*Member[apply.Result]) string {
	if len(members) == 1 {
		return tenantName(members[0].Tenant)
	}
	names := make([]string, len(members))
	for i, member := range members {
		names[i] = member.Tenant.Name
	}
	return words.Count(len(names), "tenant") + " (" + firstFew(names) + ")"
}

func hueOf(outcome Outcome) hue {
	if outcome == OutcomeDone {
		return ""
	}
	return red
}

// resultLine returns what became of one tenant.
func resultLine(f *Fleet[apply.Result], member *Member[apply.Result]) string {
	switch {
	case member.Report == nil && member.Earlier != "":
		return strings.TrimRight(member.Error, "\n") + "\n  an earlier run ended with " + string(member.Earlier) + ", which still counts"
	case member.Report == nil:
		return strings.TrimRight(member.Error, "\n")
	case member.Report.Ledger.Planned == 0:
		return withHealth(f, member, "nothing to do")
	case member.Report.Ledger.Done == member.Report.Ledger.Planned:
		return withHealth(f, member, fmt.Sprintf("%s of %s done", words.Number(member.Report.Ledger.Done), words.Number(member.Report.Ledger.Planned)))
	}
	return withHealth(f, member, ledger(member.Report))
}

// withHealth adds what the check of the apps has found.
func withHealth(f *Fleet[apply.Result], member *Member[apply.Result], text string) string {
	switch {
	case f.Rollout.Unchecked(member):
		return strings.TrimSuffix(text, ".") + "; the apps were not checked"
	case member.Health == nil:
		return text
	}
	return strings.TrimSuffix(text, ".") + "; " + member.Health.Text
}

// Results writes the results of several tenants into one comment.
func (Markdown) Results(w io.Writer, f *Fleet[apply.Result]) error {
	p := newPage()
	p.add(Marker("results", f.Project, "", ""))
	sum := sumOf(f)
	p.add(fmt.Sprintf("### qlsync: applied %s to %s: %s of %s changes done", code(f.Project), words.Count(len(f.Tenants), "tenant"), words.Number(sum.Done), words.Number(sum.Planned)))
	t := &tally{noun: "tenant", columns: []string{"done", "pending", "failed", "blocked", "skipped"}}
	var undone []string
	for _, member := range worstFirst(f) {
		if member.Outcome != OutcomeDone {
			undone = append(undone, fmt.Sprintf("%s: **%s**: %s", code(inWave(member)), prose(string(member.Outcome)), prose(resultLine(f, member))))
		}
		if r := member.Report; r != nil {
			l := r.Ledger
			t.rows = append(t.rows, tallyRow{inWave(member), []int{l.Done, l.Pending, l.Failed, l.Blocked, l.Skipped}})
			for i := range r.Items {
				if item := &r.Items[i]; item.Outcome != apply.Done {
					undone = append(undone, fmt.Sprintf("%s: **%s** %s of %s: %s", code(member.Tenant.Name), prose(string(item.Outcome)), prose(string(item.Action)), inKey(item.Connection), prose(item.Why.String())))
				}
			}
		}
	}
	for _, shard := range f.Missing {
		undone = append(undone, "**missing**: "+prose(shard))
	}
	addLost(p, f.Lost)
	if len(undone) > 0 {
		p.add(alert("CAUTION", "**Tenants: "+outcomeCounts(f)+".** Apply again to do the rest.", undone, 2*roomOfAlert))
	}
	if len(t.rows) > 0 {
		p.add(t.table(roomOfTable))
	}
	return p.writeTo(w)
}

// Result writes a suite for the tenant: a failed test for each change that was not done.
func (JUnit) Result(w io.Writer, r *apply.Result) error {
	return writeJUnit(w, "qlsync apply", testSuite{r.Project + " on " + r.Tenant.Name, resultCases(r)})
}

// Results writes a suite for each tenant, the worst first.
func (JUnit) Results(w io.Writer, f *Fleet[apply.Result]) error {
	var suites []testSuite
	for _, member := range worstFirst(f) {
		suite := testSuite{name: f.Project + " on " + inWave(member)}
		if member.Report == nil {
			suite.cases = []testCase{{name: "the tenant", class: f.Project, broken: string(member.Outcome), message: member.Error}}
		} else {
			suite.cases = resultCases(member.Report)
		}
		if h := member.Health; h.fails() {
			suite.cases = append(suite.cases, testCase{name: "the apps", class: f.Project, failed: string(member.Outcome), message: h.Text})
		}
		suites = append(suites, suite)
	}
	return writeJUnit(w, "qlsync apply", append(suites, missingSuites(f)...)...)
}

// missingSuites returns a suite with an error for each part that a merged report lacks, and a skipped
// one for each attempt that was lost with its log.
func missingSuites[T any](f *Fleet[T]) (suites []testSuite) {
	for _, shard := range f.Missing {
		suites = append(suites, testSuite{shard, []testCase{{name: "the report", class: f.Project, broken: string(OutcomeMissing), message: "no report was found"}}})
	}
	for _, attempt := range f.Lost {
		suites = append(suites, testSuite{attempt, []testCase{{name: "the report", class: f.Project, skipped: true, message: "lost with its log. The later reports show the state of the tenants"}}})
	}
	return suites
}

func resultCases(r *apply.Result) []testCase {
	cases := []testCase{{name: fmt.Sprintf("%s of %s changes done", words.Number(r.Ledger.Done), words.Number(r.Ledger.Planned)), class: r.Project}}
	if r.Unverified.Holds() {
		cases = append(cases, testCase{name: "the verification", class: r.Project, broken: "unverified", message: r.Unverified.String()})
	}
	for i := range r.Items {
		item := &r.Items[i]
		c := testCase{name: nameIn(item.Connection), class: item.Connection.Space, position: item.Position}
		switch {
		case item.Outcome != apply.Done:
			c.failed, c.message = string(item.Outcome), string(item.Action)+": "+item.Why.String()
		case item.Differs != nil:
			c.failed, c.message = "differs", "the connection was read again and is not as declared"
		}
		cases = append(cases, c)
	}
	return cases
}

// PlanLines writes a line for each plan that would change a tenant, for the question for approval.
func (t Text) PlanLines(w io.Writer, f *Fleet[plan.Plan]) error {
	p := t.printer(w)
	head := waveHead(f)
	for _, member := range f.inWaves() {
		if pl := member.Report; pl != nil && (!pl.Empty() || pl.Refusal != nil) {
			if wave := head(member); wave != "" {
				p.line("%s", wave)
			}
			text := planCounts(pl.Summary, "")
			if pl.Refusal != nil {
				text = "refused"
			}
			p.line("%s: %s", tenantName(member.Tenant), text)
		}
	}
	return p.err
}
