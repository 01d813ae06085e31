package report_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	unsafe "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// markdowns are all reports in markdown.
var markdowns = map[string]func(io.Writer) error{
	"plan":           mdPlan(everydayPlan()),
	"plan-empty":     mdPlan(emptyPlan()),
	"plan-refused":   mdPlan(refusedPlan()),
	"plan-long":      mdPlan(longValuesPlan()),
	"plan-hostile":   mdPlan(hostilePlan()),
	"result":         mdResult(everydayResult()),
	"result-hostile": mdResult(hostileResult()),
	"drift":          mdDrift(everydayDrift()),
	"drift-clean":    mdDrift(cleanDrift()),
	"drift-hostile":  mdDrift(hostileDrift()),
}

func mdPlan(p *plan.Plan) func(io.Writer) error {
	return func(w io.Writer) error { return report.Markdown{}.Plan(w, p) }
}

func mdResult(r *apply.Result) func(io.Writer) error {
	return func(w io.Writer) error { return report.Markdown{}.Result(w, r) }
}

func mdDrift(d *plan.Drift) func(io.Writer) error {
	return func(w io.Writer) error { return report.Markdown{}.Drift(w, d) }
}

func TestMarkdownReadsAsItsGoldens(t *testing.T) {
	for name, write := range markdowns {
		t.Run(name, func(t *testing.T) { compare(t, name+".md", print(t, write)) })
	}
}

// render turns markdown into HTML as the sites do: CommonMark with GitHub's tables,
// links and strikethroughs, and raw HTML let through.
func render(t failing, markdown string) *html.Node {
	t.Helper()
	site := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(unsafe.WithUnsafe()))
	var out bytes.Buffer
	if err := site.Convert([]byte(markdown), &out); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(&out)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

type failing interface {
	Helper()
	Fatal(...any)
	Errorf(string, ...any)
}

// walk visits a node and what is in it.
func walk(node *html.Node, visit func(*html.Node)) {
	visit(node)
	for child := range node.ChildNodes() {
		walk(child, visit)
	}
}

func within(node *html.Node, tags ...string) bool {
	for ; node != nil; node = node.Parent {
		if slices.Contains(tags, node.Data) && node.Type == html.ElementNode {
			return true
		}
	}
	return false
}

func textOf(node *html.Node) string {
	var text strings.Builder
	walk(node, func(n *html.Node) {
		if n.Type == html.TextNode {
			text.WriteString(n.Data)
		}
	})
	return text.String()
}

// all returns the texts of all elements of a kind.
func all(root *html.Node, tag string) []string {
	var texts []string
	walk(root, func(n *html.Node) {
		if n.Type == html.ElementNode && n.Data == tag {
			texts = append(texts, textOf(n))
		}
	})
	return texts
}

// ours are the elements that reports in markdown are made of.
var ours = strings.Fields("html head body h3 h4 p strong b code pre span sub br blockquote ul li table thead tbody tr th td details summary")

// reference is what GitHub or GitLab link or replace, in the text of one element.
var reference = regexp.MustCompile(`[@#!$%~&^][A-Za-z0-9"{]|\[[a-z]+:|:[a-z0-9_+-]+:`)

var openFence = regexp.MustCompile("(?m)^`{3,}[a-z]+$")

// harmless fails where a renderer shows something that the report does not mean.
func harmless(t failing, markdown string) {
	t.Helper()
	root := render(t, markdown)
	comments := 0
	walk(root, func(n *html.Node) {
		switch {
		case n.Type == html.CommentNode:
			comments++
		case n.Type == html.ElementNode && !slices.Contains(ours, n.Data):
			t.Errorf("got an element <%s> with %q, want only those that the report writes", n.Data, textOf(n))
		case n.Type == html.ElementNode && len(n.Attr) > 0 && n.Attr[0].Key != "class" && n.Attr[0].Key != "style":
			t.Errorf("got the attribute %v of <%s>, want only class or style", n.Attr, n.Data)
		case n.Type == html.TextNode && !within(n, "code", "pre") && reference.MatchString(strings.TrimPrefix(strings.TrimPrefix(n.Data, "[!CAUTION]"), "[!WARNING]")):
			t.Errorf("the comment refers to something on the forge: %q", n.Data)
		}
	})
	if comments != 1 || !strings.HasPrefix(markdown, "<!-- qlsync:") {
		t.Errorf("got %d comments, want only the marker at the beginning", comments)
	}
	if open, closed := strings.Count(markdown, "\n<details>"), strings.Count(markdown, "\n</details>\n"); open != closed || len(all(root, "details")) != open {
		t.Errorf("%d details are opened, %d closed, %d seen", open, closed, len(all(root, "details")))
	}
	if fences := openFence.FindAllString(markdown, -1); len(fences) != len(all(root, "pre")) {
		t.Errorf("%d blocks of code are opened, %d seen", len(fences), len(all(root, "pre")))
	}
	if got := size(markdown); got > 65_536 {
		t.Errorf("got %d characters, want at most 65,536", got)
	}
}

func size(text string) int { return len(utf16.Encode([]rune(text))) }

func TestMarkdownIsNothingButWhatWeMeant(t *testing.T) {
	for name, write := range markdowns {
		t.Run(name, func(t *testing.T) { harmless(t, print(t, write)) })
	}
}

// dangers are pieces of names that mean something in markdown, HTML, on a site or in
// a pipeline.
var dangers = []string{
	"`", "``", "```", "~~~", "|", "\\", "*", "**", "_", "<", ">", "<script>", "</details>", "<!--", "-->", "<!-- qlsync:plan ", "[x](http://evil.example)",
	"![i](//evil.example/i.png)", "@somebody", "@org/team", "#1", "org/repo#2", "GH-3", "!4", ":tada:", ":100:", "$x$", "~~", "www.evil.example", "https://evil.example",
	"ana@example.com", "&amp;", "&#64;you", "    ", "\n", "\r\n\r\n", "- ", "1. ", "1) ", "# ", "> ", "---", "===", "::error::", "##[group]", "\x1b[31m", "\u202e", "\x00", "\xff",
	"🧾", "注文", "a", " ", "\t", "%s", "{{ x }}", "[[wiki]]", "&epic", "<b>", "|--|", "^[1]", "[^1]:",
}

func TestNoNameCanDoAnythingInMarkdown(t *testing.T) {
	name := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(dangers), 0, 6).Draw(t, "pieces"), rapid.SampledFrom([]string{"", " "}).Draw(t, "between"))
	})
	rapid.Check(t, func(t *rapid.T) {
		k := connection.Key{Space: name.Draw(t, "space"), Name: name.Draw(t, "name")}
		fields := []plan.Field{
			field("/properties/"+name.Draw(t, "property"), name.Draw(t, "before"), name.Draw(t, "after")),
			field("/properties/long", strings.Repeat(name.Draw(t, "line")+"\n", 3)+"x", name.Draw(t, "line")+strings.Repeat("y", 90)),
		}
		reason, tenant := name.Draw(t, "reason"), plan.Tenant{Name: name.Draw(t, "tenant"), URL: name.Draw(t, "url")}
		p := newPlan([]plan.Change{
			{Action: plan.ActionUpdate, Connection: k, DataSource: reason, Reasons: []connection.Reason{{Text: reason}}, Fields: fields},
			{Action: plan.ActionDelete, Connection: k, Reasons: []connection.Reason{{Text: reason}}},
			{Action: plan.ActionCreate, Connection: k, Refused: connection.Reason{Text: reason}, Position: &connection.Position{File: name.Draw(t, "file"), Line: 100, Column: 5}},
		}, step("s1", connection.Patch, nil, k))
		p.Tenant, p.Project, p.Warnings = tenant, name.Draw(t, "project"), []plan.Warning{{Connection: &k, Reason: connection.Reason{Text: reason}}}
		p.Refusal = &plan.Refusal{Reason: connection.Reason{Text: reason, Next: reason}}
		r := &apply.Result{Hash: name.Draw(t, "hash"), Project: p.Project, Tenant: tenant, Items: []apply.Item{
			{Connection: k, Action: plan.ActionUpdate, Outcome: apply.Failed, Why: said(reason)}, {Connection: k, Action: plan.Action(reason), Outcome: apply.Done},
		}}
		d := &plan.Drift{Project: p.Project, Tenant: tenant, Incomplete: []string{reason}, Items: []plan.DriftItem{
			{Kind: plan.DriftChanged, Connection: k, DataSource: reason, Reasons: []connection.Reason{{Text: reason}}, Owner: reason, Apply: "update", Fields: fields},
			{Kind: plan.DriftUnmanaged, Connection: k, Apply: reason},
		}}
		for _, write := range []func(io.Writer) error{mdPlan(p), mdResult(r), mdDrift(d)} {
			var out bytes.Buffer
			if err := write(&out); err != nil {
				t.Fatal(err)
			}
			harmless(t, out.String())
		}
		var out bytes.Buffer
		if err := mdPlan(p)(&out); err != nil {
			t.Fatal(err)
		}
		single := strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace // the name of the space may be escaped
		if shown, want := all(render(t, out.String()), "code"), single(strings.ReplaceAll(report.Sanitize(k.Name), "  ", ` \x20`)); strings.Trim(want, " ") != "" && !slices.ContainsFunc(shown, func(text string) bool {
			return strings.Contains(single(text), strings.Trim(want, " "))
		}) {
			t.Errorf("%q is not shown: %q", want, shown)
		}
	})
}

func TestALongCommentSaysWhatItLeavesOut(t *testing.T) {
	var changes []plan.Change
	var keys []connection.Key
	long := strings.Repeat("a long line of a statement that somebody wrote once\n", 60)
	for i := range 900 {
		k := key(fmt.Sprintf("Space %02d", i%90), fmt.Sprintf("Connection 注文 %03d", i))
		c := plan.Change{Action: plan.ActionUpdate, Connection: k, DataSource: "rest", Fields: []plan.Field{field("/properties/query", long, long+fmt.Sprint(i))}}
		switch {
		case i%9 == 0:
			c = plan.Change{Action: plan.ActionDelete, Connection: k, DataSource: "rest", Reasons: []connection.Reason{{Text: "owned by this project and no longer declared"}}}
		case i%9 == 1:
			c.Refused = connection.Reason{Text: "it is protected"}
		}
		changes, keys = append(changes, c), append(keys, k)
	}
	slices.SortStableFunc(changes, func(x, y plan.Change) int { return x.Connection.Compare(y.Connection) })
	p := newPlan(changes, step("s1", connection.BulkUpdate, nil, keys...))
	for i := range 300 {
		p.Warnings = append(p.Warnings, plan.Warning{Connection: &keys[i], Reason: connection.Reason{Text: "these credentials will be sent to another host"}})
	}
	text := print(t, mdPlan(p))
	harmless(t, text)
	if size(text) < 40_000 {
		t.Errorf("got %d characters, want at least 40,000: the limit is not used", size(text))
	}
	shown := render(t, text)
	for _, quote := range all(shown, "blockquote") {
		more := regexp.MustCompile(`and (\d+) more`).FindStringSubmatch(quote)
		if more == nil {
			t.Fatalf("a list is not shortened: %s", quote)
		}
		items := strings.Count(quote, "Connection")
		want := map[string]int{"destroys": 100, "not be made": 100, "warnings": 300}
		for word, n := range want {
			if strings.Contains(quote, word) && fmt.Sprint(n-items) != more[1] {
				t.Errorf("%s: %d items and %s more are not %d", word, items, more[1], n)
			}
		}
	}
	more := regexp.MustCompile(`… and (\d+) more that are not shown`).FindStringSubmatch(textOf(shown))
	if more == nil {
		t.Fatal("the comment does not say what it leaves out")
	}
	_, list, _ := strings.Cut(text, "#### Destroyed")
	if n := strings.Count(list, "<b>"); fmt.Sprint(900-n) != more[1] {
		t.Errorf("%d changes are shown and %s are not, of 900", n, more[1])
	}
	if rows := all(shown, "tr"); strings.Join(strings.Fields(rows[len(rows)-1]), " ") != "together 700 100 100" {
		t.Errorf("the table's sum is %q", rows[len(rows)-1])
	}
}

func TestTheMarkerNamesWhatThePlanIsAbout(t *testing.T) {
	p := everydayPlan()
	first, _, _ := strings.Cut(print(t, mdPlan(p)), "\n")
	if want := "<!-- qlsync:plan tenant=prod project=finance hash=" + someHash + " -->"; first != want {
		t.Errorf("got %s, want %s", first, want)
	}
	p.Tenant.Name, p.Project, p.Hash = "a b--><script>", "-->", "sha256:00 -->\n<script>"
	first, _, _ = strings.Cut(print(t, mdPlan(p)), "\n")
	if want := "<!-- qlsync:plan tenant=a+b--%3E%3Cscript%3E project=--%3E hash=sha256:00script -->"; first != want {
		t.Errorf("got %s, want %s", first, want)
	}
}

func TestMarkdownShowsNoSecret(t *testing.T) {
	p := longValuesPlan()
	p.Changes = append(p.Changes, plan.Change{Action: plan.ActionUpdate, Fields: []plan.Field{
		{Path: "/credentials/password", Before: "canary-3", After: "canary-4", Secret: true},
	}})
	if text := print(t, mdPlan(p)); strings.Contains(text, "canary") || !strings.Contains(text, connection.Placeholder) {
		t.Errorf("got a secret or no placeholder: %s", text)
	}
}

func TestMarkdownDoesNotDependOnChance(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(markdowns)) {
		if first, second := print(t, markdowns[name]), print(t, markdowns[name]); first != second {
			t.Errorf("%s differs from run to run", name)
		}
	}
}

func TestTheTableOfAResultCountsWhatIsPending(t *testing.T) {
	r := everydayResult()
	r.Items = []apply.Item{
		{Connection: connection.Key{Space: "S", Name: "a"}, Action: plan.ActionUpdate, Outcome: apply.Pending, Why: said("sign in")},
		{Connection: connection.Key{Space: "S", Name: "b"}, Action: plan.ActionUpdate, Outcome: apply.Done},
	}
	r.Ledger = apply.Ledger{Planned: 2, Done: 1, Pending: 1}
	text := print(t, mdResult(r))
	for _, said := range []string{"| Space | done | pending |", "| <code>S</code> | 1 | 1 |", "**1 change saved but not in effect.**"} {
		if !strings.Contains(text, said) {
			t.Errorf("the table does not say %q:\n%s", said, text)
		}
	}
}

func TestTheTablesOfPlansCountAsTheirSummaries(t *testing.T) {
	const todo = "a person must sign in"
	p := newPlan([]plan.Change{
		{Action: plan.ActionCreate, Connection: key("Finance", "A"), DataSource: "gbq", Position: at(4), Manual: connection.Reason{Text: todo}},
		{Action: plan.ActionCreate, Connection: key("Finance", "B"), DataSource: "gbq", Position: at(5), Manual: connection.Reason{Text: todo}, Waits: true},
		{Action: plan.ActionRecreate, Connection: key("Finance", "C"), ID: "c", DataSource: "gbq", Position: at(6), Manual: connection.Reason{Text: todo}, Waits: true},
		{Action: plan.ActionUpdate, Connection: key("Finance", "D"), ID: "d", DataSource: "gbq", Position: at(7), Manual: connection.Reason{Text: todo}, Waits: true, Refused: connection.Reason{Text: "the name is taken"}},
	})
	fleet := &report.Fleet[plan.Plan]{Tenants: []report.Member[plan.Plan]{{Tenant: p.Tenant, Report: p}}}
	for row, write := range map[string]func(io.Writer) error{
		"Finance": mdPlan(p),
		"prod":    func(w io.Writer) error { return report.Markdown{}.Plans(w, fleet) },
	} {
		text := print(t, write)
		if !strings.Contains(text, " create | manual | refused |\n") || !strings.Contains(text, "| <code>"+row+"</code> | 1 | 2 | 1 |\n") ||
			!strings.Contains(text, "1 to create, 2 to sign in for, 1 refused") || strings.Contains(text, "estroy") {
			t.Errorf("got another table than that of the summaries, want 1 create, 2 manual, 1 refused and no destroy column:\n%s", text)
		}
	}
}
