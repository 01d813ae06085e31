package report

import (
	"cmp"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/plan"
)

// pageView is what the page shows above and below its connections.
type pageView struct {
	Policy, Title, Where, When, Verdict, Foot string
	Style, Script                             template.HTML
	Notices                                   []string
	Share                                     []partView
	ShareText                                 string
	Figures                                   []figureView
	Chart                                     *chartView
	Kinds                                     []string
	Tenants                                   []rowView
	Spaces                                    []rowView
	MoreSpaces                                string
	Trends                                    bool
	Actions                                   []string
	ByKind                                    []rowView
	Total                                     int
	PickTenant, PickSpace, PickAction         []option
	PickKind                                  []string
	LeftOut                                   string
	Long                                      bool // drawn piece by piece as it is scrolled

	spaces map[string]int // the number by which the page calls a space
}

// partView is a part of a bar: its kind, its number, and its height or width in
// percent.
type partView struct {
	Kind   string
	N      int
	Height float64
}

type figureView struct {
	Kind, Label, Meaning, Shown string
	N                           int
}

type rowView struct {
	Name, Error string
	Counts      []int
	Parts       []partView
	Trend       *trendView
}

type option struct{ Value, Label string }

// trendView is a small line of the numbers of a space.
type trendView struct{ Points, Text string }

// chartView is drift over time.
type chartView struct {
	Top, Middle string
	Text        string
	Bars        []barView
	Dates       []string
	Legend      []string
	Kinds       []string
	Rows        []historyRow
	Hidden      string
}

type barView struct {
	Edge, Tip string
	N         int
	Parts     []partView
}

type historyRow struct {
	When   string
	Counts []int
}

// The most that is shown of long lists.
const (
	mostBars    = 90  // runs in the chart
	mostRuns    = 366 // runs in the table
	mostSpaces  = 500
	mostNotices = 50
	mostName    = 80 // characters of a name in a table or a choice
	longPage    = 400
)

// meanings say what a kind is, for people who do not know qlsync.
var meanings = map[plan.DriftKind]string{
	plan.DriftChanged:    "there, but not as the files say",
	plan.DriftMissing:    "in the files, but not on the tenant",
	plan.DriftUnmanaged:  "on the tenant, but not in the files",
	plan.DriftForeign:    "in the files, but owned by another project",
	plan.DriftUnreadable: "there, but the service does not show it",
}

func newPageView(f *Fleet[plan.Drift], history []Point) *pageView {
	v := &pageView{Policy: pagePolicy(), Style: pageStyleElement(), Script: pageScriptElement(), spaces: map[string]int{}}
	for _, kind := range plan.DriftKinds() {
		v.Kinds = append(v.Kinds, string(kind))
	}
	var sum plan.DriftSummary
	for _, member := range f.Tenants {
		if member.Report != nil {
			sum = sum.Add(member.Report.Summary)
			v.Total += len(member.Report.Items)
		}
	}
	v.Long = v.Total > longPage
	v.introduce(f, sum)
	v.figures(sum)
	if len(history) > 0 {
		v.Chart = newChart(runs(history), v.Kinds)
	}
	v.byTenant(f)
	v.bySpace(f, runs(history))
	v.byAction(f)
	return v
}

// kind returns the name of a kind if it is one; a class must not be anything else.
func (v *pageView) kind(kind plan.DriftKind) string {
	if slices.Contains(v.Kinds, string(kind)) {
		return string(kind)
	}
	return string(plan.DriftUnreadable)
}

func (v *pageView) introduce(f *Fleet[plan.Drift], sum plan.DriftSummary) {
	v.Where = Sanitize(f.Project) + " on " + thousands(len(f.Tenants)) + " tenants"
	if len(f.Tenants) == 1 {
		v.Where = "project " + Sanitize(f.Project) + " on tenant " + tenantName(f.Tenants[0].Tenant)
	}
	v.Title = "Drift of " + v.Where
	for _, member := range f.Tenants {
		if member.Report == nil {
			v.Notices = append(v.Notices, Sanitize(member.Tenant.Name)+": "+clip(Sanitize(member.Error), longestText))
			continue
		}
		if v.When == "" && !member.Report.At.IsZero() {
			v.When = moment(member.Report.At)
		}
		for _, reason := range unseen(member.Report) {
			v.Notices = append(v.Notices, clip(Sanitize(reason), longestText))
		}
	}
	if more := len(v.Notices) - mostNotices; more > 0 {
		v.Notices = append(slices.Clip(v.Notices[:mostNotices]), fmt.Sprintf("and %s more", thousands(more)))
	}
	declared := sum.Clean + sum.Changed + sum.Missing + sum.Foreign + sum.Unreadable
	off := declared - sum.Clean
	switch {
	case off == 0 && sum.Unmanaged == 0:
		v.Verdict = fmt.Sprintf("Everything is as declared: %s.", plural(declared, "connection"))
	case off == 0:
		v.Verdict = fmt.Sprintf("All %s are as declared, and %s not in the files.", plural(declared, "connection"), exist(sum.Unmanaged, "connection"))
	default:
		v.Verdict = fmt.Sprintf("%s of %s differ from the files", thousands(off), plural(declared, "declared connection"))
		if sum.Unmanaged > 0 {
			v.Verdict += fmt.Sprintf(", and %s not in the files", exist(sum.Unmanaged, "more"))
		}
		v.Verdict += "."
	}
	switch {
	case f.Failed() == len(f.Tenants):
		v.Verdict = "Nothing could be looked at."
	case len(v.Notices) > 0:
		v.Verdict = "Of what was looked at, " + strings.ToLower(v.Verdict[:1]) + v.Verdict[1:]
	}
	v.Foot = "Made by qlsync. “Declared” is what the files say, “live” what the tenant holds. Secrets are never read and never shown."
}

// plural returns "1 connection", "1,200 connections".
func plural(n int, noun string) string { return thousands(n) + " " + words.Plural(n, noun, noun+"s") }

// exist returns "1 connection is", "2 connections are", "3 more are".
func exist(n int, noun string) string {
	be := words.Plural(n, "is", "are")
	if noun == "more" {
		return thousands(n) + " more " + be
	}
	return plural(n, noun) + " " + be
}

func (v *pageView) figures(sum plan.DriftSummary) {
	all := sum.Clean + sum.Drifted()
	v.Figures = append(v.Figures, figureView{"clean", "as declared", "exactly as the files say", thousands(sum.Clean), sum.Clean})
	var shares []string
	if all > 0 {
		v.Share = []partView{}
		add := func(kind string, n int) {
			if n > 0 {
				v.Share = append(v.Share, partView{Kind: kind, N: n})
				shares = append(shares, thousands(n)+" "+kind)
			}
		}
		add("clean", sum.Clean)
		for _, kind := range plan.DriftKinds() {
			add(string(kind), sum.Of(kind))
		}
	}
	v.ShareText = "Of " + plural(all, "connection") + ": " + strings.Join(shares, ", ")
	for _, kind := range plan.DriftKinds() {
		v.Figures = append(v.Figures, figureView{string(kind), string(kind), meanings[kind], thousands(sum.Of(kind)), sum.Of(kind)})
	}
}

// newChart draws the last runs as bars, and lists more of them.
func newChart(all []run, kinds []string) *chartView {
	c := &chartView{Kinds: kinds}
	tenants := 0
	for _, r := range all {
		tenants = max(tenants, len(r.tenants))
	}
	listed := all[max(0, len(all)-mostRuns):]
	for _, r := range slices.Backward(listed) {
		c.Rows = append(c.Rows, historyRow{r.name(tenants), countsOf(r.summary, true)})
	}
	if more := len(all) - len(listed); more > 0 {
		c.Hidden = fmt.Sprintf("%s are not listed.", plural(more, "earlier run"))
	}
	drawn := all[max(0, len(all)-mostBars):]
	highest := 0
	for _, r := range drawn {
		highest = max(highest, r.summary.Drifted())
	}
	top := niceTop(highest)
	c.Top, c.Middle = thousands(top), half(top)
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
	c.Dates = []string{first.at.UTC().Format("2 Jan 2006")}
	if len(drawn) > 8 {
		c.Dates = append(c.Dates, drawn[len(drawn)/2].at.UTC().Format("2 Jan 2006"))
	}
	if len(drawn) > 1 {
		c.Dates = append(c.Dates, last.at.UTC().Format("2 Jan 2006"))
	}
	c.Text = fmt.Sprintf("Connections that differ in %s, from %s to %s: %s at first, %s at last, %s at most. The numbers are in the table below.",
		plural(len(drawn), "run"), moment(first.at), moment(last.at), thousands(first.summary.Drifted()), thousands(last.summary.Drifted()), thousands(highest))
	return c
}

// name says when a run was, and what it did not see.
func (r *run) name(tenants int) string {
	text := moment(r.at)
	if n := len(r.tenants); n < tenants {
		text += fmt.Sprintf(", %d of %d tenants", n, tenants)
	}
	if r.incomplete {
		text += ", incomplete"
	}
	if len(r.ignored) > 0 {
		text += ", " + Sanitize(ignored(r.ignored))
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

func half(top int) string { return thousands(top / 2) } // tops are even

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

// countsOf returns the numbers of a summary in the order of a table: each kind, all of
// them, and if so asked what is as declared.
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

func (v *pageView) byTenant(f *Fleet[plan.Drift]) {
	if len(f.Tenants) < 2 {
		return
	}
	for i, member := range f.Tenants {
		row := rowView{Name: clip(label(member.Tenant.Name), mostName)}
		if member.Report == nil {
			row.Error = "not reached: " + clip(Sanitize(member.Error), 300)
		} else {
			row.Counts = countsOf(member.Report.Summary, true)
			if len(member.Report.Items) > 0 {
				v.PickTenant = append(v.PickTenant, option{strconv.Itoa(i), row.Name})
			}
		}
		v.Tenants = append(v.Tenants, row)
	}
}

func (v *pageView) bySpace(f *Fleet[plan.Drift], history []run) {
	sums := map[string]plan.DriftSummary{}
	for _, member := range f.Tenants {
		if member.Report == nil {
			continue
		}
		for _, item := range member.Report.Items {
			sum := sums[item.Connection.Space]
			one := plan.DriftSummary{}
			one.Count(plan.DriftKind(v.kind(item.Kind)))
			sums[item.Connection.Space] = sum.Add(one)
		}
	}
	names := slices.Sorted(maps.Keys(sums))
	highest := 0
	for i, name := range names {
		v.spaces[name] = i
		highest = max(highest, sums[name].Drifted())
		v.PickSpace = append(v.PickSpace, option{strconv.Itoa(i), clip(label(name), mostName)})
	}
	if len(names) < 2 {
		v.PickSpace = nil
	}
	v.Trends = len(history) > 1
	for _, name := range names[:min(len(names), mostSpaces)] {
		row := rowView{Name: clip(label(name), mostName), Counts: countsOf(sums[name], false), Trend: trend(history, name)}
		for _, kind := range plan.DriftKinds() {
			if n := sums[name].Of(kind); n > 0 {
				row.Parts = append(row.Parts, partView{string(kind), n, percent(n, highest)})
			}
		}
		v.Spaces = append(v.Spaces, row)
	}
	if more := len(names) - len(v.Spaces); more > 0 {
		v.MoreSpaces = fmt.Sprintf("%s are not listed here.", plural(more, "more space"))
	}
}

// trend draws how many connections of a space differed, run by run.
func trend(history []run, space string) *trendView {
	history = history[max(0, len(history)-mostBars):]
	if len(history) < 2 {
		return nil
	}
	highest := 1
	for _, r := range history {
		highest = max(highest, r.spaces[space])
	}
	points := make([]string, len(history))
	for i, r := range history {
		x := float64(i) * 90 / float64(len(history)-1)
		y := 19 - float64(r.spaces[space])*18/float64(highest)
		points[i] = fmt.Sprintf("%.1f,%.1f", x, y)
	}
	return &trendView{strings.Join(points, " "), fmt.Sprintf("%d at first, %d at last", history[0].spaces[space], history[len(history)-1].spaces[space])}
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
	for _, o := range v.PickAction {
		v.Actions = append(v.Actions, o.Label)
	}
	for _, kind := range v.Kinds {
		if counts[kind] == nil {
			continue
		}
		v.PickKind = append(v.PickKind, kind)
		row := rowView{Name: kind}
		for _, o := range v.PickAction {
			row.Counts = append(row.Counts, counts[kind][o.Value])
		}
		v.ByKind = append(v.ByKind, row)
	}
}
