package report

import (
	"cmp"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/internal/words"
)

// mostUses is how many rows the table of a page has: a browser takes long to lay out more.
const mostUses = 5_000

// impactView is the content of a page of dependents around its table.
type impactView struct {
	Policy, Title, When, Verdict, Heading, Foot string
	Style, Script                               template.HTML
	Notices                                     []noticeView
	Figures                                     []figureView
	Picture                                     *pictureView
	Columns                                     []string
	LeftOut                                     string
}

// impactRow is one use in the table, or one unused connection.
type impactRow struct {
	Connection, Space, Name, Kind, Place, Owner, Viewers, Reload string
	SortViewers                                                  int
	SortReload                                                   int64
	Failing                                                      bool
}

// Impact writes what depends on connections as one file, with a picture: the connections on one
// side, the dependents on the other, and spaces as groups.
func (HTML) Impact(w io.Writer, l *impact.List) error {
	v := newImpactView(l)
	out := &counter{w: w}
	out.run("impact-head", v)
	rows, shown := 0, 0
	if l.Unused != nil {
		for i := range l.Unused.Proven {
			one := &l.Unused.Proven[i]
			if rows++; rows <= mostUses && out.n < pageMost {
				out.run("unused-row", impactRow{Connection: clip(label(one.Connection.Name), mostName), Space: clip(label(one.Connection.Space), mostName), Kind: Sanitize(one.DataSource), Name: Sanitize(removal(one))})
				shown++
			}
		}
	}
	for i := range l.Connections {
		one := &l.Connections[i]
		row := impactRow{Connection: clip(label(one.Connection.Name), mostName), Space: clip(label(one.Connection.Space), mostName), SortViewers: -1}
		if len(one.Dependents) == 0 {
			row.Name = "nothing that can be seen"
			if rows++; rows <= mostUses && out.n < pageMost {
				out.run("impact-row", row)
				shown++
			}
		}
		for j := range one.Dependents {
			if rows++; rows <= mostUses && out.n < pageMost {
				out.run("impact-row", row.of(&one.Dependents[j], l))
				shown++
			}
		}
	}
	if rows > shown {
		v.LeftOut = fmt.Sprintf("This page is full: %s more rows are not shown. The CSV and JSON reports have all rows.", words.Number(rows-shown))
	}
	out.run("impact-foot", v)
	return out.err
}

// of returns the row with a dependent.
func (r impactRow) of(d *impact.Dependent, l *impact.List) impactRow {
	view := viewDependent(d, l.At)
	r.Name, r.Kind, r.Place, r.Owner, r.Viewers, r.Reload, r.Failing = view.Name, view.Kind, view.Space, view.Owner, view.Viewers, view.Reload, d.Failing
	if d.Viewers != nil {
		r.SortViewers = *d.Viewers
	}
	if !d.Reloaded.IsZero() {
		r.SortReload = d.Reloaded.Unix()
	}
	return r
}

func newImpactView(l *impact.List) *impactView {
	v := &impactView{
		Policy: pagePolicy(impactScript), Style: pageStyleElement(), Script: pageScriptElement(impactScript),
		Title: "Dependents of the connections of " + Sanitize(l.Project) + " on tenant " + tenantOf(l.Tenant), When: moment(l.At),
		Heading: "Uses", Columns: []string{"Connection", "Space", "Dependent", "Kind", "Its space", "Owner", "Viewers", "Last reload"},
		Foot: "Made by qlsync. Uses come from reloads, knowledge bases and data sets. Other uses can exist.",
	}
	var gaps []string
	for _, line := range sightLines(l.Sight) {
		gaps = append(gaps, Sanitize(line))
	}
	if line := elsewhere(l); line != "" {
		gaps = append(gaps, line)
	}
	v.Notices = append(v.Notices, noticeView{Head: "What was looked at", Items: gaps})
	if l.Unused != nil {
		v.unused(l.Unused)
		return v
	}
	dependents, failing, used := map[string]bool{}, map[string]bool{}, map[string]bool{}
	edgesOf(l, func(one *impact.Impacted, d *impact.Dependent) {
		key := string(d.Kind) + d.ID
		dependents[key], used[one.ID] = true, true
		if isApp(d) && d.Failing {
			failing[key] = true
		}
	})
	v.Verdict = fmt.Sprintf("%s, used by %s %s.", words.Count(len(l.Connections), "connection"), words.Number(len(dependents)),
		words.Plural(len(dependents), "app or other object", "apps and other objects"))
	if l.App != "" {
		v.Verdict = fmt.Sprintf("%s used by apps called %s.", words.Count(len(l.Connections), "connection"), Sanitize(l.App))
	}
	v.Figures = []figureView{
		newFigure("adopt", "connections", "in the spaces of the project", len(l.Connections)),
		newFigure("clean", "dependents", "apps, knowledge bases and data sets", len(dependents)),
		newFigure("missing", "failing", "apps whose last reload failed", len(failing)),
		newFigure("unreadable", "no known use", "this proves nothing", len(l.Connections)-len(used)),
	}
	v.Picture = newPicture(l)
	return v
}

// unused sets the content of a page of unused connections.
func (v *impactView) unused(u *impact.UnusedList) {
	v.Heading, v.Columns = "Unused connections", []string{"Connection", "Space", "Data source", "How to remove it"}
	v.Verdict = fmt.Sprintf("%s unused for %s.", words.Count(len(u.Proven), "connection"), words.Count(u.Days, "day"))
	if len(u.Doubts) > 0 {
		v.Verdict = fmt.Sprintf("No connection can be reported as unused for %s.", words.Count(u.Days, "day"))
		var doubts []string
		for _, doubt := range u.Doubts {
			doubts = append(doubts, Sanitize(doubt.String()))
		}
		v.Notices = append(v.Notices, noticeView{Head: "Why", Items: doubts})
	}
	v.Figures = []figureView{
		newFigure("clean", "unused", "nothing has used them", len(u.Proven)),
		newFigure("unreadable", "no known use", "this alone proves nothing", u.WithoutUse),
		newFigure("changed", "recent", "created or changed in that time", u.Recent),
	}
}

// pictureView is a drawing of uses.
type pictureView struct {
	Width, Height int
	Legend, Text  string
	Lines         []lineOfUse
	Labels        []labelOfUse
}

type lineOfUse struct {
	From, To, Path string
	Failing        bool
}

type labelOfUse struct {
	Class, Node, Text, Title string
	X, Y                     int
	Right                    bool
}

// Limits of the drawing: with more, only the connections and dependents with the most uses are drawn.
const (
	mostDrawn      = 300 // on each side
	mostLinesDrawn = 2000
	rowHeight      = 18
	mostSide       = 330
	middleWidth    = 300
	mostDrawnName  = 44
)

// drawnNode is a connection or a dependent in the drawing.
type drawnNode struct {
	id, space, name, title string
	uses, y                int
}

// newPicture draws uses; nil if there is none.
func newPicture(l *impact.List) *pictureView {
	left, right := map[string]*drawnNode{}, map[string]*drawnNode{}
	type use struct {
		from, to string
		failing  bool
	}
	var uses []use
	edgesOf(l, func(one *impact.Impacted, d *impact.Dependent) {
		from, to := "c "+one.ID, string(d.Kind)+" "+d.ID
		if left[from] == nil {
			left[from] = &drawnNode{space: one.Connection.Space, name: one.Connection.Name, title: label(one.Connection.Name) + " · " + label(one.Connection.Space)}
		}
		if right[to] == nil {
			right[to] = &drawnNode{space: placeOf(d), name: d.Name, title: label(d.Name) + " · " + kindOf(d) + " · " + label(placeOf(d))}
		}
		left[from].uses++
		right[to].uses++
		uses = append(uses, use{from, to, isApp(d) && d.Failing})
	})
	if len(uses) == 0 {
		return nil
	}
	a := widthOf(left)
	b := a + middleWidth
	p := &pictureView{Width: b + widthOf(right)}
	p.Height = max(p.side(left, "c", a-8, false), p.side(right, "d", b+8, true)) + rowHeight
	for _, one := range uses {
		from, to := left[one.from], right[one.to]
		if from.id == "" || to.id == "" || len(p.Lines) == mostLinesDrawn {
			continue
		}
		bend := middleWidth / 2
		p.Lines = append(p.Lines, lineOfUse{
			From: from.id, To: to.id, Failing: one.failing,
			Path: fmt.Sprintf("M%d %dC%d %d %d %d %d %d", a, from.y-4, a+bend, from.y-4, b-bend, to.y-4, b, to.y-4),
		})
	}
	p.Text = fmt.Sprintf("%s drawn between %s and %s; the table below has all of them.",
		words.Count(len(p.Lines), "use"), words.Count(len(left), "connection"), words.Count(len(right), "dependent"))
	p.Legend = "Connections are on the left, what depends on them is on the right, grouped by space. Red: the last reload failed."
	if len(p.Lines) < len(uses) {
		p.Legend += fmt.Sprintf(" Only %s of %s uses are drawn: those of the %s connections and dependents with the most uses. The table has all of them.",
			words.Number(len(p.Lines)), words.Number(len(uses)), words.Number(mostDrawn))
	}
	return p
}

// widthOf returns the width that the longest name on a side needs.
func widthOf(nodes map[string]*drawnNode) int {
	most := 0
	for _, node := range nodes {
		most = max(most, cells(shortened(label(node.name))), cells(shortened(label(node.space))))
	}
	return min(20+8*most, mostSide)
}

// side places the nodes of a side, the most used ones if there are too many, and returns the height.
func (p *pictureView) side(nodes map[string]*drawnNode, prefix string, x int, isRight bool) int {
	var drawn []*drawnNode
	for _, id := range slices.Sorted(maps.Keys(nodes)) {
		drawn = append(drawn, nodes[id])
	}
	slices.SortStableFunc(drawn, func(a, b *drawnNode) int { return cmp.Compare(b.uses, a.uses) })
	drawn = drawn[:min(len(drawn), mostDrawn)]
	slices.SortStableFunc(drawn, func(a, b *drawnNode) int {
		return cmp.Or(strings.Compare(a.space, b.space), strings.Compare(a.name, b.name))
	})
	y := 0
	for i, node := range drawn {
		if i == 0 || drawn[i-1].space != node.space {
			y += rowHeight + rowHeight/2
			p.Labels = append(p.Labels, labelOfUse{Class: "space", Text: shortened(label(node.space)), Title: label(node.space), X: x, Y: y, Right: isRight})
		}
		y += rowHeight
		node.id, node.y = prefix+strconv.Itoa(i), y
		p.Labels = append(p.Labels, labelOfUse{Class: "node", Node: node.id, Text: shortened(label(node.name)), Title: node.title, X: x, Y: y, Right: isRight})
	}
	return y
}

// shortened cuts a name for the drawing; the title has all of it.
func shortened(name string) string {
	if runes := []rune(name); len(runes) > mostDrawnName {
		return string(runes[:mostDrawnName-1]) + "…"
	}
	return name
}
