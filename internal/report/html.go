package report

import (
	"crypto/sha256"
	_ "embed" // the page is made of files
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// HTML writes drift as one file that needs no network and no script: a script only
// adds search and filters. Its policy lets nothing run but that script, and load
// nothing at all.
//
// A page stays below 10 MB: beyond that, the differences of what is left are
// shortened to their number, and then connections are counted; the page says so.
type HTML struct {
	// History holds earlier runs and this one, by time; see [ReadHistory]. Without
	// it, there is no chart.
	History []Point
}

var (
	//go:embed web/drift.css
	pageStyle string
	//go:embed web/drift.js
	pageScript string
	//go:embed web/drift.tmpl
	pageText string

	pageTemplate = template.Must(template.New("page").Parse(pageText))
)

const (
	// pageFull is up to which length everything is shown of each connection, and
	// pageMost where a page ends; in bytes.
	pageFull = 9_200_000
	pageMost = 9_800_000
	// longestText bounds one value on the page, in characters, and mostLines the
	// lines of one difference.
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
	view := newPageView(f, h.History)
	out := &counter{w: w}
	out.run("head", view)
	shown, briefly := view.items(out, f)
	view.leaveOut(shown, briefly)
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

func (c *counter) run(name string, data any) {
	if c.err == nil {
		c.err = pageTemplate.ExecuteTemplate(c, name, data)
	}
}

// items writes the connections that differ, and tells how many, and how many of
// them without their differences.
func (v *pageView) items(out *counter, f *Fleet[plan.Drift]) (shown, briefly int) {
	for t, member := range f.Tenants {
		if member.Report == nil {
			continue
		}
		items := member.Report.Items
		for begin := 0; begin < len(items) && out.n < pageMost && out.err == nil; {
			end := begin + 1
			for end < len(items) && items[end].Connection.Space == items[begin].Connection.Space {
				end++
			}
			out.run("group", v.group(f, t, items[begin:end]))
			for i := begin; i < end && out.n < pageMost && out.err == nil; i++ {
				item := v.item(f, t, &items[i], out.n < pageFull)
				if item.Shortened != "" {
					briefly++
				}
				out.run("item", item)
				shown++
			}
			if out.err == nil {
				_, out.err = io.WriteString(out, "</section>")
			}
			begin = end
		}
	}
	return shown, briefly
}

// leaveOut says what is not on the page.
func (v *pageView) leaveOut(shown, briefly int) {
	switch {
	case shown < v.Total:
		v.LeftOut = fmt.Sprintf("This page is full: %s more differ and are not shown, and of %s only the number of fields is. The report as JSON has all of it.",
			thousands(v.Total-shown), thousands(briefly))
	case briefly > 0:
		v.LeftOut = fmt.Sprintf("This page is full: of %s connections only the number of fields is shown. The report as JSON has all of it.", thousands(briefly))
	}
}

type groupView struct{ Label, Name, Tenant, Count string }

func (v *pageView) group(f *Fleet[plan.Drift], tenant int, items []plan.DriftItem) groupView {
	g := groupView{Name: label(items[0].Connection.Space), Count: thousands(len(items))}
	g.Label = "Space " + g.Name
	if len(f.Tenants) > 1 {
		g.Tenant = label(f.Tenants[tenant].Tenant.Name)
		g.Label += " of tenant " + g.Tenant
	}
	return g
}

// itemView is one connection on the page.
type itemView struct {
	Kind, Space, Apply, Tenant            string
	Name, Source, Owner, Day, When, Would string
	Remarks                               []string
	Position, ID                          string
	Fields                                []fieldView
	Shortened                             string
	// Long leaves what is folded until it is unfolded: a browser that runs the script
	// takes the content of <noscript> for a text, which costs it nothing.
	Long bool
}

// fieldView is one difference: two values side by side, the lines of a long one, or
// a note.
type fieldView struct {
	Name          string
	Before, After *sideView
	Lines         []lineView
	Note          string
}

// sideView is one value, of which the mark is what the other one has not; or, where
// there is none, what that means.
type sideView struct {
	None             bool
	Head, Mark, Tail string
}

type lineView struct{ Class, Text string }

func (v *pageView) item(f *Fleet[plan.Drift], tenant int, item *plan.DriftItem, full bool) itemView {
	out := itemView{
		Long: v.Long,
		Kind: v.kind(item.Kind), Space: strconv.Itoa(v.spaces[item.Connection.Space]), Apply: Sanitize(item.Apply),
		Name: label(item.Connection.Name), Source: Sanitize(item.DataSource), Owner: Sanitize(item.Owner),
		Would: strings.TrimPrefix(Sanitize(wouldDo(item.Apply)), "apply would "), ID: Sanitize(item.ID),
	}
	if len(f.Tenants) > 1 {
		out.Tenant = strconv.Itoa(tenant)
	}
	if item.Reason != "" {
		out.Remarks = append(out.Remarks, clip(Sanitize(item.Reason), longestText))
	}
	if !item.UpdatedAt.IsZero() {
		out.Day, out.When = item.UpdatedAt.UTC().Format("2 Jan 2006"), moment(item.UpdatedAt)
	}
	if item.Position != nil {
		out.Position = Sanitize(item.Position.String())
	}
	if !full && len(item.Fields) > 0 {
		out.Shortened = words.Count(len(item.Fields), "field") + " differ; the report as JSON has them."
		return out
	}
	for _, field := range item.Fields {
		out.Fields = append(out.Fields, viewField(field))
	}
	return out
}

func viewField(f plan.Field) fieldView {
	out := fieldView{Name: label(fieldName(f.Path))}
	before, after := inline(f.Before), inline(f.After)
	switch {
	case f.Secret:
		out.Note = connection.Placeholder + " is to be written again; its value is never shown"
	case f.Before != nil && before == "", f.After != nil && after == "":
		for i, line := range difference(f.Before, f.After) {
			if i == mostLines {
				out.Lines = append(out.Lines, lineView{"gap", "… and more lines"})
				break
			}
			out.Lines = append(out.Lines, viewLine(line))
		}
	case f.Before == nil:
		out.Before, out.After = &sideView{None: true, Head: "must be absent"}, &sideView{Head: bare(f.After)}
	case f.After == nil:
		out.Before, out.After = &sideView{Head: bare(f.Before)}, &sideView{None: true, Head: "not live"}
	default:
		before, after = bare(f.Before), bare(f.After)
		if before == after {
			before, after = inline(f.Before), inline(f.After) // a text and a number
		}
		head, tail := common(before, after)
		out.Before, out.After = viewSide(before, head, tail), viewSide(after, head, tail)
	}
	return out
}

// bare returns a value on one line, a text without its quotes where these tell nothing.
func bare(value any) string {
	text, ok := value.(string)
	if !ok || text == "" || Sanitize(text) != text || strings.TrimSpace(text) != text || json.Valid([]byte(text)) {
		return inline(value)
	}
	return text
}

func viewSide(text string, head, tail int) *sideView {
	if head+tail == 0 {
		return &sideView{Head: text}
	}
	return &sideView{Head: text[:head], Mark: text[head : len(text)-tail], Tail: text[len(text)-tail:]}
}

// common measures what two texts have in common at the beginning and at the end, in
// bytes, whole characters only. Texts that have little in common have nothing.
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

// moment returns a time as a sentence has it, in UTC.
func moment(at time.Time) string { return at.UTC().Format("2 Jan 2006, 15:04 UTC") }

// thousands returns 12345 as 12,345.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// pagePolicy lets the page's own script run, and nothing else.
func pagePolicy() string {
	sum := sha256.Sum256([]byte(pageScript))
	return "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; script-src 'sha256-" +
		base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Both stand in the page as they are in their files: neither is made of anything else.
func pageStyleElement() template.HTML { return template.HTML("<style>" + pageStyle + "</style>") } //nolint:gosec // our own file

func pageScriptElement() template.HTML { return template.HTML("<script>" + pageScript + "</script>") } //nolint:gosec // our own file
