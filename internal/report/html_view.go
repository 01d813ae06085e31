package report

import (
	"cmp"
	"fmt"
	"html/template"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// pageView is the content of a page above and below its connections.
type pageView struct {
	Policy, Class, Title, When, Verdict, Foot string
	Style, Script                             template.HTML
	Notices                                   []noticeView
	Share                                     []partView
	ShareText                                 string
	Figures                                   []figureView
	Chart                                     *chartView
	reads                                     *connection.ReadCounts
	Grids                                     []gridView
	Heading                                   string // above the connections
	Total                                     int
	PickTenant, PickSpace, PickAction         []option
	PickKind                                  []string
	LeftOut                                   string
	Long                                      bool // rendered piece by piece during scrolling

	kinds          []string        // all kinds
	tenants        []string        // their names, sanitized
	spaces         map[spaceOf]int // the number of a space on the page
	shown, briefly int             // connections on the page, and those without their fields
}

// spaceOf names a space: those of different tenants may have the same name.
type spaceOf struct {
	tenant int
	name   string
}

// noticeView is a notice before the list. A grave one is red.
type noticeView struct {
	Grave      bool
	Head, Rest string
	Items      []string
}

// partView is a part of a bar: its kind, its number, and its height or width in percent.
type partView struct {
	Kind   string
	N      int
	Height float64
}

type figureView struct {
	Kind, Label, Meaning, Shown string
	N                           int
}

// gridView is a table of counts.
type gridView struct {
	ID, Title, Noun string
	Lead            string // explains the table
	Columns         []string
	Rows            []rowView
	Shares, Trends  bool // whether there are bars, and lines over time
	More            string
}

// Wide returns the number of columns after the name.
func (g gridView) Wide() int {
	n := len(g.Columns)
	if g.Shares {
		n++
	}
	if g.Trends {
		n++
	}
	return n
}

type rowView struct {
	Name, Tenant, Error string
	Note                string // behind the name
	Wave                bool   // the row is the heading of a wave, with its sums
	Counts              []int
	Heat                []heatView // of the first counts; empty: none
	Parts               []partView
	Trend               *trendView
}

// heatView colours a number of a table: its kind, and how much of it there is, from 0 to 1.
type heatView struct {
	Kind  string
	Share float64
}

type option struct{ Value, Label string }

// trendView is a small line chart of a space's numbers.
type trendView struct{ Points, Text string }

// chartView is drift over time.
type chartView struct {
	Top, Middle string
	Text        string
	Bars        []barView
	Dates       []string
	Legend      []string
	Apart       string // which runs are not drawn
	Table       gridView
}

type barView struct {
	Edge, Tip string
	N         int
	Parts     []partView
}

// Limits on long lists.
const (
	mostBars   = 90  // runs in the chart
	mostRuns   = 366 // runs in the table
	mostSpaces = 500
	// mostTenantRows is the number of tenants in the table of tenants.
	mostTenantRows = 1_000
	mostNotices    = 50
	mostName       = 80 // characters of a name in a table or a choice
	longPage       = 400
)

// meanings explain the kinds to people who do not know qlsync.
var meanings = map[plan.DriftKind]string{
	plan.DriftChanged:    "there, but not as the files say",
	plan.DriftMissing:    "in the files, but not on the tenant",
	plan.DriftUndeclared: "owned by this project, but no longer in the files",
	plan.DriftUnmanaged:  "on the tenant, but not in the files",
	plan.DriftForeign:    "in the files, but owned by another project",
	plan.DriftUnreadable: "there, but the service does not show it",
}

func newPageView(title string) *pageView {
	return &pageView{Title: title, Policy: pagePolicy(pageScript), Style: pageStyleElement(), Script: pageScriptElement(pageScript), spaces: map[spaceOf]int{}}
}

func newDriftView(f *Fleet[plan.Drift], history []Point) *pageView {
	v := newPageView("Drift of " + Sanitize(f.Project) + " on " + words.Number(len(f.Tenants)) + " tenants")
	if len(f.Tenants) == 1 {
		v.Title = "Drift of project " + Sanitize(f.Project) + " on tenant " + tenantName(f.Tenants[0].Tenant)
		if d := f.Tenants[0].Report; d != nil {
			v.reads = d.Reads
		}
	}
	v.Class, v.Heading = "drift", "Connections that differ"
	v.Foot = withReads("Made by qlsync. “Declared” is what the files say, “live” what the tenant holds. Secrets are never read and never shown.", " ", v.reads)
	for _, kind := range plan.DriftKinds() {
		v.kinds = append(v.kinds, string(kind))
	}
	var sum plan.DriftSummary
	for _, member := range f.Tenants {
		v.tenants = append(v.tenants, clip(label(inWave(&member)), mostName))
		if member.Report != nil {
			sum = sum.Add(member.Report.Summary)
			v.Total += len(member.Report.Items)
		}
	}
	v.Long = v.Total > longPage
	v.introduce(f, sum)
	v.figures(sum)
	if len(history) > 0 {
		v.Chart = newChart(runs(history), v.kinds)
	}
	v.byTenant(f, history)
	v.bySpace(f, history)
	v.byAction(f)
	return v
}

// kind returns the name of a kind if it exists; a class of the page must be nothing else.
func (v *pageView) kind(kind plan.DriftKind) string {
	if slices.Contains(v.kinds, string(kind)) {
		return string(kind)
	}
	return string(plan.DriftUnreadable)
}

// notice adds a notice with at most mostNotices items, if it has any.
func (v *pageView) notice(grave bool, head, rest string, items []string) {
	if len(items) == 0 {
		return
	}
	for i, item := range items {
		items[i] = clip(item, longestText)
	}
	if more := len(items) - mostNotices; more > 0 {
		items = append(slices.Clip(items[:mostNotices]), fmt.Sprintf("and %s more", words.Number(more)))
	}
	v.Notices = append(v.Notices, noticeView{grave, head, rest, items})
}

func (v *pageView) introduce(f *Fleet[plan.Drift], sum plan.DriftSummary) {
	var notices []string
	for i, member := range f.Tenants {
		of := ""
		if len(f.Tenants) > 1 {
			of = v.tenants[i] + ": "
		}
		if member.Report == nil {
			notices = append(notices, v.tenants[i]+": "+Sanitize(member.Error))
			continue
		}
		if v.When == "" && !member.Report.At.IsZero() {
			v.When = moment(member.Report.At)
		}
		for _, reason := range unseen(member.Report) {
			notices = append(notices, of+Sanitize(reason))
		}
	}
	v.missing(f.Missing)
	v.notice(false, "Not everything was looked at", ", so there may be more than is listed here.", notices)
	declared := sum.Clean + sum.Changed + sum.Missing + sum.Foreign + sum.Unreadable
	off, more := declared-sum.Clean, sum.Undeclared+sum.Unmanaged
	switch {
	case off == 0 && more == 0:
		v.Verdict = fmt.Sprintf("Everything is as declared: %s.", words.Count(declared, "connection"))
	case off == 0:
		v.Verdict = fmt.Sprintf("All %s are as declared, and %s not in the files.", words.Count(declared, "connection"), exist(more, "connection"))
	default:
		v.Verdict = fmt.Sprintf("%s of %s differ from the files", words.Number(off), words.Count(declared, "declared connection"))
		if more > 0 {
			v.Verdict += fmt.Sprintf(", and %s not in the files", exist(more, "more"))
		}
		v.Verdict += "."
	}
	switch {
	case f.Failed() == len(f.Tenants):
		v.Verdict = "Nothing could be looked at."
	case len(v.Notices) > 0:
		v.Verdict = ofWhatWasSeen(v.Verdict)
	}
	v.lost(f.Lost)
}

// ofWhatWasSeen restricts the sentence of a verdict.
func ofWhatWasSeen(verdict string) string {
	return "Of what was looked at, " + strings.ToLower(verdict[:1]) + verdict[1:]
}

// missing adds what a merged report lacks.
func (v *pageView) missing(texts []string) {
	items := make([]string, len(texts))
	for i, text := range texts {
		items[i] = Sanitize(text)
	}
	v.notice(true, "Reports are missing", ", so there may be more than is listed here.", items)
}

// lost adds the attempts that were lost with their logs.
func (v *pageView) lost(texts []string) {
	items := make([]string, len(texts))
	for i, text := range texts {
		items[i] = Sanitize(text)
	}
	v.notice(false, "Reports of earlier attempts were lost with their logs", ". The later reports show the state of the tenants.", items)
}

// exist returns "1 connection is", "2 connections are", "3 more are".
func exist(n int, noun string) string {
	be := words.Plural(n, "is", "are")
	if noun == "more" {
		return words.Number(n) + " more " + be
	}
	return words.Count(n, noun) + " " + be
}

func (v *pageView) figures(sum plan.DriftSummary) {
	v.figure("clean", "as declared", "exactly as the files say", sum.Clean)
	v.ShareText = "Of " + words.Count(sum.Clean+sum.Drifted(), "connection")
	v.share("clean", sum.Clean)
	for _, kind := range plan.DriftKinds() {
		v.figure(string(kind), string(kind), meanings[kind], sum.Of(kind))
		v.share(string(kind), sum.Of(kind))
	}
}

func (v *pageView) figure(kind, name, meaning string, n int) {
	v.Figures = append(v.Figures, newFigure(kind, name, meaning, n))
}

func newFigure(kind, name, meaning string, n int) figureView {
	return figureView{kind, name, meaning, words.Number(n), n}
}

// share adds a part to the bar above the figures, and to its text.
func (v *pageView) share(kind string, n int) {
	if n == 0 {
		return
	}
	separator := ", "
	if len(v.Share) == 0 {
		separator = ": "
	}
	v.Share = append(v.Share, partView{Kind: kind, N: n})
	v.ShareText += separator + words.Number(n) + " " + kind
}

// newChart draws the last runs as bars, and lists more of them. It does not draw runs of other sets
// of tenants, because their numbers are not comparable.
func newChart(all []run, kinds []string) *chartView {
	tenants := mostTenants(all)
	c := &chartView{Table: gridView{
		ID: "history-table", Title: "The history as a table", Noun: "Run", Columns: append(slices.Clone(kinds), "differ", "as declared"),
	}}
	listed := all[max(0, len(all)-mostRuns):]
	for _, r := range slices.Backward(listed) {
		c.Table.Rows = append(c.Table.Rows, rowView{Name: r.name(tenants), Counts: countsOf(r.summary, true)})
	}
	if more := len(all) - len(listed); more > 0 {
		c.Table.More = fmt.Sprintf("%s are not listed.", words.Count(more, "earlier run"))
	}
	drawn := slices.DeleteFunc(slices.Clone(all), func(r run) bool { return !maps.Equal(r.tenants, tenants) })
	if apart := len(all) - len(drawn); apart > 0 {
		c.Apart = fmt.Sprintf("%s of other tenants %s not drawn, because the numbers cannot be compared. The table lists them.", words.Count(apart, "run"), words.Plural(apart, "is", "are"))
	}
	c.draw(drawn[max(0, len(drawn)-mostBars):], kinds, tenants)
	return c
}

// mostTenants returns the tenants of the last run with the most tenants.
func mostTenants(all []run) map[string]bool {
	var tenants map[string]bool
	for _, r := range all {
		if len(r.tenants) >= len(tenants) {
			tenants = r.tenants
		}
	}
	return tenants
}

func (c *chartView) draw(drawn []run, kinds []string, tenants map[string]bool) {
	highest := 0
	for _, r := range drawn {
		highest = max(highest, r.summary.Drifted())
	}
	top := niceTop(highest)
	c.Top, c.Middle = words.Number(top), half(top)
	for i, r := range drawn {
		bar := barView{N: r.summary.Drifted(), Tip: r.name(tenants) + ": " + cmp.Or(driftWords(r.summary), "no drift")}
		switch {
		case i < len(drawn)/4:
			bar.Edge = " start"
		case i >= len(drawn)-len(drawn)/4-1:
			bar.Edge = " end"
		}
		for _, kind := range slices.Backward(plan.DriftKinds()) {
			if n := r.summary.Of(kind); n > 0 {
				bar.Parts = append(bar.Parts, partView{string(kind), n, percent(n, top)})
				if !slices.Contains(c.Legend, string(kind)) {
					c.Legend = append(c.Legend, string(kind))
				}
			}
		}
		c.Bars = append(c.Bars, bar)
	}
	slices.SortFunc(c.Legend, func(x, y string) int { return slices.Index(kinds, x) - slices.Index(kinds, y) })
	first, last := drawn[0], drawn[len(drawn)-1]
	labeled := []run{first, last}
	if len(drawn) > 8 {
		labeled = []run{first, drawn[len(drawn)/2], last}
	}
	for _, r := range labeled {
		c.Dates = append(c.Dates, r.at.UTC().Format("2 Jan 2006"))
	}
	c.Dates = slices.Compact(c.Dates) // several runs may have the same day
	c.Text = fmt.Sprintf("Connections that differ in %s, from %s to %s: %s at first, %s at last, %s at most. The numbers are in the table below.",
		words.Count(len(drawn), "run"), moment(first.at), moment(last.at), words.Number(first.summary.Drifted()), words.Number(last.summary.Drifted()), words.Number(highest))
}

// name returns the time of a run, and which tenants it did not read.
func (r *run) name(tenants map[string]bool) string {
	text := moment(r.at)
	if !maps.Equal(r.tenants, tenants) {
		text += fmt.Sprintf(", %s: %s", words.Plural(len(r.tenants), "tenant", "tenants"), someOf(slices.Sorted(maps.Keys(r.tenants))))
	}
	if r.incomplete {
		text += ", incomplete"
	}
	if len(r.ignored) > 0 {
		text += ", " + Sanitize(ignored(r.ignored))
	}
	return text
}

// someOf returns the first names, and counts the others.
func someOf(names []string) string {
	shown := make([]string, min(len(names), shownNames))
	for i := range shown {
		shown[i] = clip(label(names[i]), mostName)
	}
	text := strings.Join(shown, ", ")
	if more := len(names) - len(shown); more > 0 {
		text += " and " + words.Number(more) + " more"
	}
	return text
}

// niceTop returns a round number for the top of an axis.
func niceTop(highest int) int {
	for step := 1; ; step *= 10 {
		for _, factor := range []int{2, 4, 6, 10} {
			if step*factor >= highest {
				return step * factor
			}
		}
	}
}

func half(top int) string { return words.Number(top / 2) } // tops are even

func percent(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(int(float64(n)*10000/float64(of)+.5)) / 100
}

func driftWords(s plan.DriftSummary) string {
	s.Clean = 0
	return driftCounts(s)
}

// countsOf returns the numbers of a summary in the order of a table: each kind, their sum and, with
// clean, the connections without drift.
func countsOf(s plan.DriftSummary, clean bool) []int {
	var counts []int
	for _, kind := range plan.DriftKinds() {
		counts = append(counts, s.Of(kind))
	}
	counts = append(counts, s.Drifted())
	if clean {
		counts = append(counts, s.Clean)
	}
	return counts
}

func (v *pageView) byTenant(f *Fleet[plan.Drift], history []Point) {
	if len(f.Tenants) < 2 {
		return
	}
	grid := gridView{
		ID: "tenants", Title: "By tenant", Noun: "Tenant", Columns: append(slices.Clone(v.kinds), "differ", "as declared"), Trends: len(history) > 1,
		Lead: "The worst tenant is first. A stronger colour is a larger number.",
	}
	for i, member := range f.Tenants {
		row := rowView{Name: v.tenants[i]}
		if member.Report == nil {
			row.Error = cmp.Or(string(member.Outcome), "not reached") + ": " + clip(Sanitize(member.Error), 300)
		} else {
			row.Counts = countsOf(member.Report.Summary, true)
			row.Trend = trend(history, member.Tenant.Name, func(p *Point) int { return p.Summary.Drifted() })
			if len(member.Report.Items) > 0 {
				v.PickTenant = append(v.PickTenant, option{strconv.Itoa(i), row.Name})
			}
		}
		grid.Rows = append(grid.Rows, row)
	}
	if more := len(grid.Rows) - mostTenantRows; more > 0 {
		grid.Rows = grid.Rows[:mostTenantRows]
		grid.More = fmt.Sprintf("%s, with less drift, are not listed here.", words.Count(more, "more tenant"))
	}
	v.heat(grid.Rows)
	if f.Rollout != nil {
		grid.Lead = "Within a wave, the worst tenant is first. A stronger colour is a larger number."
	}
	grid.Rows = inWaveRows(f, grid.Rows, func(d *plan.Drift) []int { return countsOf(d.Summary, true) })
	v.Grids = append(v.Grids, grid)
}

// inWaveRows returns the rows of a table of tenants in the order of the waves, below a heading for each
// wave. Row I is that of tenant I, and the last tenants may have none. The sums of a heading are over all
// tenants of the wave.
func inWaveRows[T any](f *Fleet[T], rows []rowView, counts func(*T) []int) (grouped []rowView) {
	if f.Rollout == nil {
		return rows
	}
	heads := map[string]*rowView{}
	tenants := map[string]int{}
	for i := range f.Tenants {
		member := &f.Tenants[i]
		tenants[member.Wave]++
		head := heads[member.Wave]
		if head == nil {
			head = &rowView{Wave: true, Name: "Wave " + cmp.Or(clip(label(member.Wave), mostName), "unknown")}
			heads[member.Wave] = head
		}
		if member.Report != nil {
			for j, n := range counts(member.Report) {
				if j == len(head.Counts) {
					head.Counts = append(head.Counts, 0)
				}
				head.Counts[j] += n
			}
		}
	}
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return f.waveOrder(&f.Tenants[a], &f.Tenants[b]) })
	for _, i := range order {
		member := &f.Tenants[i]
		if head := heads[member.Wave]; head != nil {
			head.Note = words.Count(tenants[member.Wave], "tenant")
			grouped = append(grouped, *head)
			heads[member.Wave] = nil
		}
		row := rows[i]
		row.Name = clip(label(member.Tenant.Name), mostName)
		grouped = append(grouped, row)
	}
	return grouped
}

// heat colours the numbers of each kind. The scale is the same for all of them, and logarithmic: one
// connection must be visible next to a thousand.
func (v *pageView) heat(rows []rowView) {
	highest := 1
	for _, row := range rows {
		for _, n := range row.Counts[:min(len(row.Counts), len(v.kinds))] {
			highest = max(highest, n)
		}
	}
	for i, row := range rows {
		for j, n := range row.Counts[:min(len(row.Counts), len(v.kinds))] {
			share := math.Round(100*math.Log1p(float64(n))/math.Log1p(float64(highest))) / 100
			rows[i].Heat = append(rows[i].Heat, heatView{v.kinds[j], share})
		}
	}
}

func (v *pageView) bySpace(f *Fleet[plan.Drift], history []Point) {
	t := v.countSpaces(func(add func(at spaceOf, kind string)) {
		for i, member := range f.Tenants {
			if member.Report == nil {
				continue
			}
			for _, item := range member.Report.Items {
				add(spaceOf{i, item.Connection.Space}, v.kind(item.Kind))
			}
		}
	})
	grid := v.spaceGrid(t, "differ")
	grid.Trends = len(history) > 1
	for i := range grid.Rows {
		at := t.order[i]
		grid.Rows[i].Trend = trend(history, f.Tenants[at.tenant].Tenant.Name, func(p *Point) int { return p.Spaces[at.name] })
	}
	if len(grid.Rows) > 0 {
		v.Grids = append(v.Grids, grid)
	}
}

// spaceCounts are the connections of each space by kind, in the order of the kinds of the page.
type spaceCounts struct {
	order  []spaceOf // by name, then by tenant
	counts map[spaceOf][]int
}

// countSpaces counts connections, and numbers each space.
func (v *pageView) countSpaces(each func(add func(spaceOf, string))) spaceCounts {
	t := spaceCounts{counts: map[spaceOf][]int{}}
	each(func(at spaceOf, kind string) {
		if t.counts[at] == nil {
			t.counts[at] = make([]int, len(v.kinds))
			t.order = append(t.order, at)
		}
		t.counts[at][slices.Index(v.kinds, kind)]++
	})
	slices.SortFunc(t.order, func(x, y spaceOf) int { return cmp.Or(cmp.Compare(x.name, y.name), x.tenant-y.tenant) })
	for i, at := range t.order {
		v.spaces[at] = i
		name := clip(label(at.name), mostName)
		if len(v.tenants) > 1 {
			name += " on " + v.tenants[at.tenant]
		}
		if len(t.order) > 1 {
			v.PickSpace = append(v.PickSpace, option{strconv.Itoa(i), name})
		}
	}
	return t
}

// spaceGrid returns a table of the spaces. sum is the name of the column of sums.
func (v *pageView) spaceGrid(t spaceCounts, sum string) gridView {
	grid := gridView{ID: "spaces", Title: "By space", Noun: "Space", Columns: append(slices.Clone(v.kinds), sum), Shares: true}
	total := func(counts []int) (n int) {
		for _, one := range counts {
			n += one
		}
		return n
	}
	highest := 0
	for _, counts := range t.counts {
		highest = max(highest, total(counts))
	}
	for _, at := range t.order[:min(len(t.order), mostSpaces)] {
		counts := t.counts[at]
		row := rowView{Name: clip(label(at.name), mostName), Counts: append(slices.Clone(counts), total(counts))}
		if len(v.tenants) > 1 {
			row.Tenant = v.tenants[at.tenant]
		}
		for i, n := range counts {
			if n > 0 {
				row.Parts = append(row.Parts, partView{v.kinds[i], n, percent(n, highest)})
			}
		}
		grid.Rows = append(grid.Rows, row)
	}
	if more := len(t.order) - len(grid.Rows); more > 0 {
		grid.More = fmt.Sprintf("%s are not listed here.", words.Count(more, "more space"))
	}
	return grid
}

// trend draws a number of the runs of one tenant.
func trend(history []Point, tenant string, number func(*Point) int) *trendView {
	var numbers []int
	for i := range history {
		if history[i].Tenant == tenant {
			numbers = append(numbers, number(&history[i]))
		}
	}
	numbers = numbers[max(0, len(numbers)-mostBars):]
	if len(numbers) < 2 {
		return nil
	}
	highest := max(1, slices.Max(numbers))
	points := make([]string, len(numbers))
	for i, n := range numbers {
		x := float64(i) * 90 / float64(len(numbers)-1)
		y := 19 - float64(n)*18/float64(highest)
		points[i] = fmt.Sprintf("%.1f,%.1f", x, y)
	}
	return &trendView{strings.Join(points, " "), fmt.Sprintf("%d at first, %d at last", numbers[0], numbers[len(numbers)-1])}
}

// byAction counts what apply would do, by kind.
func (v *pageView) byAction(f *Fleet[plan.Drift]) {
	counts := map[string]map[string]int{}
	for _, member := range f.Tenants {
		if member.Report == nil {
			continue
		}
		for _, item := range member.Report.Items {
			kind, action := v.kind(item.Kind), Sanitize(item.Apply)
			if counts[kind] == nil {
				counts[kind] = map[string]int{}
			}
			counts[kind][action]++
			if !slices.ContainsFunc(v.PickAction, func(o option) bool { return o.Value == action }) {
				v.PickAction = append(v.PickAction, option{action, strings.TrimPrefix(wouldDo(action), "apply would ")})
			}
		}
	}
	slices.SortFunc(v.PickAction, func(x, y option) int { return cmp.Compare(x.Label, y.Label) })
	grid := gridView{ID: "actions", Title: "What apply would do", Noun: "Kind"}
	for _, o := range v.PickAction {
		grid.Columns = append(grid.Columns, o.Label)
	}
	for _, kind := range v.kinds {
		if counts[kind] == nil {
			continue
		}
		v.PickKind = append(v.PickKind, kind)
		row := rowView{Name: kind}
		for _, o := range v.PickAction {
			row.Counts = append(row.Counts, counts[kind][o.Value])
		}
		grid.Rows = append(grid.Rows, row)
	}
	if v.Total > 0 {
		v.Grids = append(v.Grids, grid)
	}
}

// driftItem is one connection that differs.
func (v *pageView) driftItem(tenant int, item *plan.DriftItem, seen *impact.Report, full bool) itemView {
	kind := v.kind(item.Kind)
	out := itemView{
		Long: v.Long, Kind: kind, Label: kind, Space: strconv.Itoa(v.spaces[spaceOf{tenant, item.Connection.Space}]), Apply: Sanitize(item.Apply),
		Name: label(nameIn(item.Connection)), Source: Sanitize(item.DataSource), Aside: Sanitize(item.Owner),
	}
	if len(v.tenants) > 1 {
		out.Tenant = strconv.Itoa(tenant)
	}
	out.remark(because(item.Reasons))
	if one := seen.Of(item.Connection, item.ID); one != nil {
		out.remark("Impact: " + dependents(one, seen.At))
		out.Dependents, out.MoreDependents = dependentRows(one, seen.At)
	}
	out.fact("Apply would", strings.TrimPrefix(Sanitize(wouldDo(item.Apply)), "apply would "))
	if !item.UpdatedAt.IsZero() {
		out.Day = item.UpdatedAt.UTC().Format("2 Jan 2006")
		out.fact("Last changed", moment(item.UpdatedAt))
	}
	if item.Position != nil {
		out.fact("Declared in", Sanitize(item.Position.String()))
	}
	out.fact("Id", Sanitize(item.ID))
	out.show(item.Fields, driftSides, full)
	return out
}
