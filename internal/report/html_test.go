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
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

func htmlDrift(d *plan.Drift, history ...report.Point) func(io.Writer) error {
	return func(w io.Writer) error { return report.HTML{History: history}.Drift(w, d) }
}

func pageOf(t failing, text string) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// elements returns the elements with a name and, if one is given, a class.
func elements(root *html.Node, tag, class string) []*html.Node {
	var found []*html.Node
	walk(root, func(n *html.Node) {
		if n.Type == html.ElementNode && n.Data == tag && (class == "" || slices.Contains(strings.Fields(attribute(n, "class")), class)) {
			found = append(found, n)
		}
	})
	return found
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func texts(nodes []*html.Node) []string {
	var all []string
	for _, n := range nodes {
		all = append(all, strings.Join(strings.Fields(textOf(n)), " "))
	}
	return all
}

func TestThePageShowsEveryConnection(t *testing.T) {
	d := everydayDrift()
	root := pageOf(t, print(t, htmlDrift(d)))
	if got := texts(elements(root, "h1", "")); len(got) != 1 || got[0] != "Of what was looked at, 4 of 39 declared connections differ from the files, and 2 more are not in the files." {
		t.Errorf("got the verdict %q, want 4 of 39 that differ and 2 more", got)
	}
	var got []string
	for _, summary := range elements(root, "summary", "") {
		if summary.Parent.Parent.Data == "section" {
			got = append(got, strings.Join(strings.Fields(textOf(summary)), " "))
		}
	}
	want := []string{
		"changedBudgetmssqlbo@example.com24 Nov 2026", "foreignExchange ratesrest", "missingOrders lakeFile_AmazonS3ConnectorV2",
		"unreadableRatesrest", "unmanagedBy handrest", "undeclaredRetiredrest",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the connections of the page differ (-want +got):\n%s", diff)
	}
	rows := texts(elements(elements(root, "details", "changed")[0], "tr", ""))
	wantRows := []string{
		"FieldDeclaredLive", "ownerana@example.combo@example.com", `tags["finance"]["finance","mine"]`, "properties.hostbudget.acme.exampleelsewhere.example",
		"properties.encrypttruenot live", "properties.drivermust be absentodbc",
		"properties.query… 3 equal lines FROM orders o JOIN customers c ON c.id = o.customer- WHERE o.year = 2024+ WHERE o.year = 2025 AND o.total > 0 GROUP BY 1, 2, 3… 2 equal lines",
		"credentials.password(secret) is to be written again; its value is never shown",
	}
	if diff := cmp.Diff(wantRows, rows); diff != "" {
		t.Errorf("the rows of the page differ (-want +got):\n%s", diff)
	}
	if notice := texts(elements(root, "div", "notice")); len(notice) != 1 || !strings.Contains(notice[0], "2 connections could not be read") {
		t.Errorf("got notices %q, want one about 2 connections that could not be read", notice)
	}
	if len(elements(root, "div", "chart")) != 0 {
		t.Error("got a chart, want none without a history")
	}
}

func TestThePageOfATenantWithoutDriftSaysSo(t *testing.T) {
	root := pageOf(t, print(t, htmlDrift(cleanDrift())))
	if got := texts(elements(root, "h1", "")); got[0] != "Everything is as declared: 1 connection." {
		t.Errorf("got the verdict %q, want everything as declared", got)
	}
	if len(elements(root, "details", "")) != 0 || strings.Contains(textOf(elements(root, "main", "")[0]), "differ") {
		t.Error("the page lists connections, want none without a difference")
	}
}

func TestThePageMarksWhatDiffersBetweenTwoTexts(t *testing.T) {
	for _, test := range []struct {
		name, before, after, want string
	}{
		{"in the middle", "orders-test.example", "orders-prod.example", "prod"},
		{"at the end", "REPORT", "REPORTS", "S"},
		{"only whole characters", "注文レイク注文", "注文レイコ注文", "コ"},
		{"nothing in common", "abc", "xyz", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := cleanDrift()
			d.Items = []plan.DriftItem{{Kind: plan.DriftChanged, Apply: "update", Fields: []plan.Field{field("/properties/p", test.before, test.after)}}}
			root := pageOf(t, print(t, htmlDrift(d)))
			cells := elements(root, "td", "")
			cells = cells[len(cells)-2:]
			if textOf(cells[0]) != test.before || textOf(cells[1]) != test.after {
				t.Errorf("got %q and %q, want %q and %q", textOf(cells[0]), textOf(cells[1]), test.before, test.after)
			}
			marks := texts(elements(cells[1], "mark", ""))
			if got := strings.Join(marks, ""); got != test.want {
				t.Errorf("marked %q, want %q", got, test.want)
			}
		})
	}
}

// scripts are what could run, or load something.
var scripts = regexp.MustCompile(`^on|^(src|href|srcset|action|formaction|data|xlink:href)$`)

func TestNoNameCanDoAnythingOnThePage(t *testing.T) {
	more := append([]string{
		`"`, "'", "`", `">`, `' onload='x`, "</title>", "</style>", "</script>", "</noscript>", "{{", "javascript:x", "\u2028",
	}, dangers...)
	name := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(more), 0, 5).Draw(t, "pieces"), "")
	})
	allowed := map[string]bool{}
	for _, write := range []func(io.Writer) error{htmlDrift(everydayDrift(), report.NewPoint(everydayDrift())), htmlPlan(everydayPlan())} {
		walk(pageOf(t, print(t, write)), func(n *html.Node) {
			if n.Type == html.ElementNode {
				allowed[n.Data] = true
			}
		})
	}
	for _, tag := range strings.Fields("noscript svg polyline select option") {
		allowed[tag] = true
	}
	rapid.Check(t, func(t *rapid.T) {
		d := cleanDrift()
		d.Project, d.Tenant = name.Draw(t, "project"), plan.Tenant{Name: name.Draw(t, "tenant"), URL: name.Draw(t, "url")}
		d.Incomplete = []string{name.Draw(t, "incomplete")}
		text := name.Draw(t, "text")
		for i := range rapid.SampledFrom([]int{1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 401}).Draw(t, "items") {
			d.Items = append(d.Items, plan.DriftItem{
				Kind: plan.DriftKind(rapid.SampledFrom([]string{"changed", "unmanaged", text}).Draw(t, "kind")), Connection: key(text, fmt.Sprint(text, i)),
				ID: text, DataSource: text, Owner: text, Reasons: []connection.Reason{{Text: text}}, Apply: rapid.SampledFrom([]string{"update", text}).Draw(t, "apply"),
				Fields: []plan.Field{field("/properties/"+text, text, text+"x"), field("/properties/x", strings.Repeat(text, 30), text+"\n"+text)},
			})
		}
		history := []report.Point{report.NewPoint(d), report.NewPoint(d)}
		history[1].At = history[1].At.Add(time.Hour)
		harmlessPage(t, allowed, htmlDrift(d, history...))

		one := key(text, name.Draw(t, "connection"))
		p := newPlan(nil)
		for range rapid.SampledFrom([]int{1, 1, 2, 2, 3, 401}).Draw(t, "changes") {
			p.Changes = append(p.Changes, plan.Change{
				Action: plan.Action(rapid.SampledFrom([]string{"update", "create", text}).Draw(t, "action")), Connection: one, From: &one,
				ID: text, DataSource: text, Reasons: []connection.Reason{{Text: text}}, Manual: connection.Reason{Text: text}, Refused: connection.Reason{Text: rapid.SampledFrom([]string{"", text}).Draw(t, "refused")}, Fields: d.Items[0].Fields,
			})
		}
		p.Steps = []plan.Step{{ID: text, Kind: connection.OperationKind(text), Connections: []connection.Key{one}, Does: []connection.Reason{{Text: text}}, After: []string{text}}}
		p.Project, p.Tenant, p.Hash, p.Snapshot = d.Project, d.Tenant, text, &plan.Source{Taken: text}
		p.Warnings, p.Refusal = []plan.Warning{{Reason: connection.Reason{Text: text}}}, &plan.Refusal{Reason: connection.Reason{Text: text, Next: text}}
		harmlessPage(t, allowed, htmlPlan(p))
	})
}

// harmlessPage checks that a page has only our elements, attributes and script.
func harmlessPage(t *rapid.T, allowed map[string]bool, write func(io.Writer) error) {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	own := 0
	walk(pageOf(t, out.String()), func(n *html.Node) {
		switch n.Type {
		case html.CommentNode:
			t.Errorf("got the comment %q on the page, want none", n.Data)
		case html.ElementNode:
			if !allowed[n.Data] {
				t.Errorf("got an element <%s> on the page, want only the allowed ones", n.Data)
			}
			if n.Data == "script" {
				own++
			}
			for _, a := range n.Attr {
				if scripts.MatchString(a.Key) && !(n.Data == "a" && a.Val == "#connections") {
					t.Errorf("got the attribute %s=%q, want none that can load or run something", a.Key, a.Val)
				}
				if a.Key == "class" && !classes.MatchString(a.Val) {
					t.Errorf("a class that is not ours: %q", a.Val)
				}
			}
		case html.TextNode:
			if strings.IndexFunc(n.Data, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }) >= 0 {
				t.Errorf("not printable: %q", n.Data)
			}
		}
	})
	if own != 1 {
		t.Errorf("there are %d scripts, want our own", own)
	}
}

// classes are names of ours.
var classes = regexp.MustCompile(`^[a-z -]*$`)

func TestThePageStaysBelowTenMegabytesAndSaysWhatItLeavesOut(t *testing.T) {
	large := func(items, length int) *plan.Drift {
		d := cleanDrift()
		for i := range items {
			d.Items = append(d.Items, plan.DriftItem{
				Kind: plan.DriftChanged, Connection: key("Space", fmt.Sprintf("Connection %06d", i)), Apply: "update",
				Fields: []plan.Field{field("/properties/a", strings.Repeat("a\n", length), strings.Repeat("b\n", length)+fmt.Sprint(i))},
			})
		}
		d.Summary.Changed = items
		return d
	}
	for _, test := range []struct {
		name          string
		items, length int
		brief, left   bool
	}{
		{"everything fits", 2_000, 2, false, false},
		{"differences that are too much for the page", 1_500, 100, true, false},
		{"connections that are too many for the page", 7_000, 40, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := print(t, htmlDrift(large(test.items, test.length)))
			if len(text) >= 10_000_000 {
				t.Errorf("got a page of %d bytes, want less than 10,000,000", len(text))
			}
			shown, brief := strings.Count(text, `<details class="changed"`), strings.Count(text, "the report as JSON has ")
			if (brief > 0) != test.brief || (shown < test.items) != test.left {
				t.Errorf("%d of %d are shown, %d briefly", shown, test.items, brief)
			}
			_, said, _ := strings.Cut(text, "This page is full: ")
			said, _, _ = strings.Cut(said, "</p>")
			said = strings.ReplaceAll(said, ",", "")
			if test.brief && !strings.Contains(said, fmt.Sprint(brief)) || test.left && !strings.Contains(said, fmt.Sprint(test.items-shown)) || !test.brief && said != "" {
				t.Errorf("%d of %d items are shown, %d briefly, but the page says %q", shown, test.items, brief, said)
			}
		})
	}
}

func TestThePageDrawsItsHistory(t *testing.T) {
	var history []report.Point
	for i := range 400 {
		d := everydayDrift()
		d.At = time.Date(2025, 10, 1, 3, 0, 0, 0, time.UTC).AddDate(0, 0, i)
		d.Summary = plan.DriftSummary{Changed: i % 7, Missing: i % 3, Clean: 90}
		history = append(history, report.NewPoint(d))
	}
	root := pageOf(t, print(t, htmlDrift(everydayDrift(), history...)))
	var bars, want []string
	for _, bar := range elements(root, "div", "bar") {
		bars = append(bars, attribute(bar, "data-n"))
	}
	for _, p := range history[len(history)-90:] {
		want = append(want, fmt.Sprint(p.Summary.Drifted()))
	}
	if diff := cmp.Diff(want, bars); diff != "" {
		t.Errorf("the bars of the history differ (-want +got):\n%s", diff)
	}
	text := textOf(root)
	for _, said := range []string{"34 earlier runs are not listed.", "3 Nov 2026, 03:00 UTC, incomplete: 6 changed, 2 missing"} {
		if !strings.Contains(text, said) {
			t.Errorf("the page does not say %q", said)
		}
	}
}

// nightly returns the points of a run over tenants without drift, one day of November. The
// tenant named cut could not be read as a whole.
func nightly(day int, tenants ...string) []report.Point {
	var points []report.Point
	for _, name := range tenants {
		d := cleanDrift()
		d.Tenant.Name, d.At = name, time.Date(2026, 11, day, 3, 0, 0, 0, time.UTC)
		if name == "cut" {
			d.Incomplete = []string{"some were left out"}
		}
		points = append(points, report.NewPoint(d))
	}
	return points
}

func TestTheHistorySaysWhatARunDidNotSee(t *testing.T) {
	history := slices.Concat(nightly(1, "east", "west"), nightly(2, "east"), nightly(3, "east", "cut"))
	text := textOf(pageOf(t, print(t, htmlDrift(cleanDrift(), history...))))
	for _, said := range []string{"1 Nov 2026, 03:00 UTC, tenants: east, west", "2 Nov 2026, 03:00 UTC, tenant: east", "3 Nov 2026, 03:00 UTC, incomplete: no drift"} {
		if !strings.Contains(text, said) {
			t.Errorf("the page does not say %q", said)
		}
	}
}

func TestARunOverOneTenantAndARunOverAllAreNotOneLineOfTheChart(t *testing.T) {
	history := slices.Concat(nightly(1, "prod", "west"), nightly(2, "prod"), nightly(3, "prod", "west"), nightly(4, "west"))
	for i := range history {
		history[i].Summary.Changed = 5
	}
	root := pageOf(t, print(t, func(w io.Writer) error { return report.HTML{History: history}.Drifts(w, drifts()) }))
	var bars []string
	for _, bar := range elements(root, "div", "bar") {
		bars = append(bars, attribute(bar, "data-n"))
	}
	if want := []string{"10", "10"}; !slices.Equal(bars, want) {
		t.Errorf("the bars show %v connections, want %v: a run over one tenant shows fewer", bars, want)
	}
	if said := "2 runs of other tenants are not drawn"; !strings.Contains(textOf(root), said) {
		t.Errorf("the page does not say %q", said)
	}
	if rows := elements(elements(root, "table", "grid")[0], "tr", ""); len(rows) != 5 {
		t.Errorf("the table of the history has %d rows, want a heading and 4 runs", len(rows))
	}
	trends := map[string]string{}
	for _, row := range elements(root, "tr", "") {
		for _, line := range elements(row, "svg", "trend") {
			trends[textOf(elements(row, "th", "")[0])] = attribute(line, "aria-label")
		}
	}
	if trends["prod"] != "5 at first, 5 at last" {
		t.Errorf("the lines over time are %v: that of tenant prod has to show the runs over prod", trends)
	}
}

func TestNamesOfDifferentTenantsAreNotAddedUp(t *testing.T) {
	root := pageOf(t, print(t, func(w io.Writer) error { return report.HTML{}.Drifts(w, drifts()) }))
	var rows []string
	for _, table := range elements(root, "table", "grid") {
		if attribute(table, "id") == "spaces" {
			rows = texts(elements(table, "th", ""))
		}
	}
	for _, want := range []string{"Finance on prod", "Finance on south", "Sales on prod", "Sales on south"} {
		if !slices.Contains(rows, want) {
			t.Errorf("the table of spaces has the rows %q, want one named %q", rows, want)
		}
	}
	if options := texts(elements(root, "option", "")); !slices.Contains(options, "Finance on south") {
		t.Errorf("the filters offer %q, want the space of one tenant", options)
	}
}

func TestADayHasOneLabelBelowTheChart(t *testing.T) {
	var history []report.Point
	for hour := range 20 {
		d := cleanDrift()
		d.At = time.Date(2026, 11, 1, hour, 0, 0, 0, time.UTC)
		history = append(history, report.NewPoint(d))
	}
	root := pageOf(t, print(t, htmlDrift(cleanDrift(), history...)))
	if labels := texts(elements(elements(root, "div", "dates")[0], "span", "")); !slices.Equal(labels, []string{"1 Nov 2026"}) {
		t.Errorf("twenty runs of one day have the labels %q, want one", labels)
	}
}

func TestNoFormOfDriftShowsASecret(t *testing.T) {
	d := cleanDrift()
	d.Items = []plan.DriftItem{{Kind: plan.DriftChanged, Apply: "update", Fields: append(longValuesPlan().Changes[3].Fields,
		plan.Field{Path: "/credentials/password", Before: "canary-3", After: "canary-4", Secret: true})}}
	for name, write := range map[string]func(io.Writer) error{
		"html": htmlDrift(d), "junit": junitDrift(d), "markdown": mdDrift(d), "text": func(w io.Writer) error { return report.Text{}.Drift(w, d) },
	} {
		if text := print(t, write); strings.Contains(text, "canary") || !strings.Contains(text, connection.Placeholder) {
			t.Errorf("%s shows a secret, or no placeholder", name)
		}
	}
}

func TestHistoryIsReadBackByTimeWithoutWhatIsBrokenOrOthers(t *testing.T) {
	var file bytes.Buffer
	var want []report.Point
	for i, tenant := range []string{"prod", "test", "prod"} {
		d := everydayDrift()
		d.Tenant.Name, d.At = tenant, time.Date(2026, 11, 24-i, 3, 0, 0, 0, time.UTC)
		p := report.NewPoint(d)
		if err := p.Line(&file); err != nil {
			t.Fatal(err)
		}
		if tenant == "prod" {
			want = append([]report.Point{p}, want...)
		}
	}
	file.WriteString("\n{\"format\": \"qlsync.history/v1\", \"at\": \"2026\n{}\n[1]\n")
	file.WriteString(strings.Repeat(" ", 9<<20) + "\n") // more than a line may have
	other := everydayDrift()
	other.Project = "sales"
	if err := report.NewPoint(other).Line(&file); err != nil {
		t.Fatal(err)
	}
	got, broken, err := report.ReadHistory(&file, "finance", []string{"prod"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" || broken != 4 {
		t.Errorf("%d broken lines; %s", broken, diff)
	}
}

func TestEveryFormOfDriftSaysWhichKindsWereLeftOut(t *testing.T) {
	d := everydayDrift()
	d.Incomplete = nil
	for _, kind := range plan.DriftKinds() {
		d.Ignore(kind)
	}
	d.Ignore(plan.DriftChanged)
	for name, said := range map[string]string{
		"html": "Of what was looked at, everything is as declared", "junit": `skipped="6"`,
		"markdown": "no drift in what was looked at", "text": "changed and missing and undeclared and unmanaged and foreign and unreadable connections are left out",
	} {
		write := map[string]func(io.Writer) error{
			"html": htmlDrift(d), "junit": junitDrift(d), "markdown": mdDrift(d), "text": func(w io.Writer) error { return report.Text{}.Drift(w, d) },
		}[name]
		if text := print(t, write); !strings.Contains(text, said) {
			t.Errorf("%s does not say %q:\n%.2000s", name, said, text)
		}
	}
}

func TestAPageOfTenantsOfWhichNoneCouldBeLookedAtSaysSo(t *testing.T) {
	f := &report.Fleet[plan.Drift]{Project: "finance", Tenants: []report.Member[plan.Drift]{{Tenant: plan.Tenant{Name: "a"}, Error: "no such host"}}}
	text := print(t, func(w io.Writer) error { return report.HTML{}.Drifts(w, f) })
	if !strings.Contains(text, "<h1>Nothing could be looked at.</h1>") || strings.Contains(text, "Everything") {
		t.Errorf("the page does not say that nothing could be looked at:\n%.3000s", text)
	}
}

func TestThePageOfSeveralTenantsIsAHeatMapWithTheWorstTenantFirst(t *testing.T) {
	fleet := &report.Fleet[plan.Drift]{Project: "acme"}
	add := func(name string, changed, missing int) {
		d := &plan.Drift{Summary: plan.DriftSummary{Changed: changed, Missing: missing, Clean: 5}}
		for range changed {
			d.Items = append(d.Items, plan.DriftItem{Kind: plan.DriftChanged})
		}
		for range missing {
			d.Items = append(d.Items, plan.DriftItem{Kind: plan.DriftMissing})
		}
		fleet.Tenants = append(fleet.Tenants, report.Member[plan.Drift]{Tenant: plan.Tenant{Name: name}, Report: d})
	}
	add("calm", 0, 0)
	add("mild", 1, 0)
	add("worst", 9, 1)
	fleet.Tenants = append(fleet.Tenants, report.Member[plan.Drift]{Tenant: plan.Tenant{Name: "away"}, Error: "no such host"})

	root := pageOf(t, print(t, func(w io.Writer) error { return report.HTML{}.Drifts(w, fleet) }))
	var table *html.Node
	for _, candidate := range elements(root, "table", "grid") {
		if attribute(candidate, "id") == "tenants" {
			table = candidate
		}
	}
	if table == nil {
		t.Fatal("the page has no table of the tenants")
	}
	var names []string
	for _, head := range elements(table, "th", "") {
		if attribute(head, "scope") == "row" {
			names = append(names, textOf(head))
		}
	}
	if want := []string{"away", "worst", "mild", "calm"}; !slices.Equal(names, want) {
		t.Errorf("got the tenants %v, want %v", names, want)
	}
	heat := map[string]string{}
	for _, cell := range elements(table, "td", "heat") {
		heat[attribute(cell, "class")+" "+textOf(cell)] = attribute(cell, "style")
	}
	want := map[string]string{"heat changed 9": "--heat:1", "heat missing 1": "--heat:0.3", "heat changed 1": "--heat:0.3"}
	if !maps.Equal(heat, want) {
		t.Errorf("got the coloured cells %v, want %v", heat, want)
	}
	var text strings.Builder
	if err := (report.Text{}).Drifts(&text, fleet); err != nil {
		t.Fatal(err)
	}
	_, lines, _ := strings.Cut(text.String(), "\naway () was not read: no such host\n")
	if lines == "" || !strings.HasPrefix(lines, "worst (): 9 changed, 1 missing, 5 clean\nmild (): 1 changed, 5 clean\ncalm (): no drift, 5 clean\n") {
		t.Errorf("got the report %s, want one line for each tenant, the worst one first", text.String())
	}
}
