package report

import (
	"crypto/sha256"
	_ "embed" // the page is made of files
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// HTML writes a plan or drift as one file that needs neither a network nor a script: a script only
// adds search and filters. The policy of the page allows that script and blocks everything else:
// the page loads nothing.
//
// A page is smaller than 10 MB. Beyond that limit, the page shows only the number of differences of
// a connection, and then only the number of connections; the page says so.
type HTML struct {
	// History holds earlier runs and this one, by time; see [ReadHistory]. Without it, a page of drift
	// has no chart.
	History []Point
}

var (
	//go:embed web/page.css
	pageStyle string
	//go:embed web/page.js
	pageScript string
	//go:embed web/page.tmpl
	pageText string
	//go:embed web/impact.js
	impactScript string
	//go:embed web/impact.tmpl
	impactText string

	pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"options": unbrokenOptions}).Parse(pageText + impactText))
)

const (
	// pageFull is the length, in bytes, up to which connections are shown completely, and pageMost the
	// maximum length of a page.
	pageFull = 9_200_000
	pageMost = 9_800_000
	// longestText bounds one value on the page, in characters, and mostLines the lines of one
	// difference.
	longestText = 2_000
	mostLines   = 200
)

// Drift writes the page of one tenant.
func (h HTML) Drift(w io.Writer, d *plan.Drift) error {
	return h.Drifts(w, &Fleet[plan.Drift]{
		Project: d.Project, Tenants: []Member[plan.Drift]{{Tenant: d.Tenant, Report: d}},
	})
}

// Drifts writes one page of several tenants.
func (h HTML) Drifts(w io.Writer, f *Fleet[plan.Drift]) error {
	f = byWeight(f, driftWeight)
	view := newDriftView(f, h.History)
	out := &counter{w: w}
	out.run("head", view)
	for t, member := range f.Tenants {
		if member.Report != nil {
			items := member.Report.Items
			view.list(out, t, len(items), func(i int) string { return items[i].Connection.Space },
				func(i int, full bool) itemView { return view.driftItem(t, &items[i], member.Report.Impact, full) })
		}
	}
	view.end(out)
	out.run("foot", view)
	return out.err
}

// counter writes templates, counts bytes, and keeps the first error.
type counter struct {
	w   io.Writer
	n   int
	err error
}

func (c *counter) Write(text []byte) (int, error) {
	n, err := c.w.Write(text)
	c.n += n
	return n, err
}

func (c *counter) write(text string) {
	if c.err == nil {
		_, c.err = io.WriteString(c, text)
	}
}

func (c *counter) run(name string, data any) {
	if c.err == nil {
		c.err = pageTemplate.ExecuteTemplate(c, name, data)
	}
}

// list writes items of one tenant that are sorted by space. Items include their fields until the
// page is nearly full.
func (v *pageView) list(out *counter, tenant, n int, space func(int) string, item func(i int, full bool) itemView) {
	for begin := 0; begin < n && out.n < pageMost && out.err == nil; {
		end := begin + 1
		for end < n && space(end) == space(begin) {
			end++
		}
		out.run("group", v.group(tenant, space(begin), end-begin))
		for i := begin; i < end && out.n < pageMost && out.err == nil; i++ {
			one := item(i, out.n < pageFull)
			if one.Shortened != "" {
				v.briefly++
			}
			out.run("item", one)
			v.shown++
		}
		out.write("</section>")
		begin = end
	}
}

// end ends the list of connections, and writes what is missing from it.
func (v *pageView) end(out *counter) {
	if v.Total > 0 {
		out.write("</section>")
	}
	switch {
	case v.shown < v.Total:
		v.LeftOut = fmt.Sprintf("This page is full: %s more connections are not shown, and %s are shown without their fields. The JSON report has everything.",
			words.Number(v.Total-v.shown), words.Number(v.briefly))
	case v.briefly > 0:
		v.LeftOut = fmt.Sprintf("This page is full: %s connections are shown without their fields. The JSON report has everything.", words.Number(v.briefly))
	}
}

type groupView struct{ Label, Name, Tenant, Count string }

func (v *pageView) group(tenant int, space string, n int) groupView {
	g := groupView{Name: label(space), Count: words.Number(n)}
	g.Label = "Space " + g.Name
	if len(v.tenants) > 1 {
		g.Tenant = v.tenants[tenant]
		g.Label += " of tenant " + g.Tenant
	}
	return g
}

// itemView is one connection on the page.
type itemView struct {
	Kind, Space, Apply, Tenant string // what the filters use
	Label, Name, Source        string
	Aside, Day                 string
	Remarks                    []string
	Facts                      []factView
	Was, Is                    string // the headings of the two sides
	One                        bool   // only the second side exists
	Fields                     []fieldView
	Dependents                 []dependentView
	MoreDependents             string
	Shortened                  string
	Open, Overwrites           bool
	// Long keeps folded content out of the DOM until it is unfolded: a browser that runs the script
	// treats the content of <noscript> as text, which is cheap.
	Long bool
}

type factView struct{ Name, Text string }

// fact adds a fact about a connection.
func (i *itemView) fact(name, text string) {
	if text != "" {
		i.Facts = append(i.Facts, factView{name, clip(text, longestText)})
	}
}

// remark adds a sentence.
func (i *itemView) remark(text string) {
	if text != "" {
		i.Remarks = append(i.Remarks, clip(Sanitize(text), longestText))
	}
}

// show adds the fields, or their number if the page is nearly full.
func (i *itemView) show(fields []plan.Field, s sides, full bool) {
	i.Was, i.Is = s.was, s.is
	if !full && len(fields) > 0 {
		i.Shortened = words.Count(len(fields), "field") + " " + words.Plural(len(fields), "differs", "differ") + "; the report as JSON has " + words.Plural(len(fields), "it", "them") + "."
		return
	}
	for _, field := range fields {
		i.Fields = append(i.Fields, viewField(field, s))
	}
}

// fieldView is one difference: two values next to each other, the lines of a long one, or a note.
type fieldView struct {
	Name          string
	Before, After *sideView
	Lines         []lineView
	Note          string
}

// sideView is one value, in which the part that the other side lacks is marked; or, if there is no
// value, what that means.
type sideView struct {
	None             bool
	Head, Mark, Tail string
}

type lineView struct{ Class, Text string }

// sides are the names of the two sides of a difference, the meaning of a missing value, and what
// happens to a secret.
type sides struct{ was, is, noWas, noIs, secret string }

var (
	driftSides = sides{"Declared", "Live", "must be absent", "not live", "is to be written again"}
	planSides  = sides{"Now", "Planned", "not set", "removed", "is written"}
)

func viewField(f plan.Field, s sides) fieldView {
	out := fieldView{Name: clip(label(fieldName(f.Path)), longestText)}
	before, beforeFits := bare(f.Before)
	after, afterFits := bare(f.After)
	switch {
	case f.Secret:
		out.Note = connection.Placeholder + " " + s.secret + "; its value is never shown"
	case !beforeFits, !afterFits:
		for i, line := range difference(f.Before, f.After) {
			if i == mostLines {
				out.Lines = append(out.Lines, lineView{"gap", "… and more lines"})
				break
			}
			out.Lines = append(out.Lines, viewLine(line))
		}
	case f.Before == nil:
		out.Before, out.After = &sideView{None: true, Head: s.noWas}, &sideView{Head: after}
	case f.After == nil:
		out.Before, out.After = &sideView{Head: before}, &sideView{None: true, Head: s.noIs}
	default:
		if before == after {
			before, after = inline(f.Before), inline(f.After) // a text and a number
		}
		head, tail := common(before, after)
		out.Before, out.After = viewSide(before, head, tail), viewSide(after, head, tail)
	}
	return out
}

// bare returns a value on one line, a text without its quotes if they are not needed. fits reports
// whether the value fits on the line: a text of one line does unless it is very long.
func bare(value any) (string, bool) {
	text, ok := value.(string)
	switch {
	case value == nil:
		return "", true
	case !ok:
		text = inline(value)
		return text, text != ""
	case text == "" || Sanitize(text) != text || strings.TrimSpace(text) != text || json.Valid([]byte(text)):
		text = Sanitize(strconv.Quote(text))
	}
	return text, !strings.Contains(value.(string), "\n") && len(text) <= longestText
}

func viewSide(text string, head, tail int) *sideView {
	if head+tail == 0 {
		return &sideView{Head: text}
	}
	return &sideView{Head: text[:head], Mark: text[head : len(text)-tail], Tail: text[len(text)-tail:]}
}

// common returns the lengths, in bytes, of the common beginning and end of two texts, in whole
// characters. For texts with little in common it returns zero.
func common(a, b string) (head, tail int) {
	for _, r := range a {
		if !strings.HasPrefix(b[head:], string(r)) {
			break
		}
		head += len(string(r))
	}
	restA, restB := []rune(a[head:]), []rune(b[head:])
	for i := 1; i <= min(len(restA), len(restB)) && restA[len(restA)-i] == restB[len(restB)-i]; i++ {
		tail += len(string(restA[len(restA)-i]))
	}
	if 2*(head+tail) < max(len(a), len(b)) {
		return 0, 0
	}
	return head, tail
}

func viewLine(line diffLine) lineView {
	text := clip(line.text, longestText)
	switch line.sign {
	case '-':
		return lineView{"minus", "- " + text}
	case '+':
		return lineView{"plus", "+ " + text}
	case '.':
		return lineView{"gap", "… " + text}
	}
	return lineView{"", "  " + text}
}

// moment formats a time in UTC for a sentence.
func moment(at time.Time) string { return at.UTC().Format("2 Jan 2006, 15:04 UTC") }

// pagePolicy returns the policy that allows only the page's own script.
func pagePolicy(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; script-src 'sha256-" +
		base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

var optionName = regexp.MustCompile(`--[a-z]+(-[a-z]+)+`)

// unbrokenOptions returns a text whose option names are not broken at their hyphens.
func unbrokenOptions(text string) template.HTML {
	return template.HTML(optionName.ReplaceAllString(template.HTMLEscapeString(text), `<span class="option">$0</span>`)) //nolint:gosec // escaped
}

// Both elements contain only embedded files.
func pageStyleElement() template.HTML { return template.HTML("<style>" + pageStyle + "</style>") } //nolint:gosec // our own file

func pageScriptElement(script string) template.HTML {
	return template.HTML("<script>" + script + "</script>") //nolint:gosec // our own file
}
