package report_test

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

func htmlPlan(p *plan.Plan) func(io.Writer) error {
	return func(w io.Writer) error { return report.HTML{}.Plan(w, p) }
}

// changesOn lists the changes on a page: the label, the name and the data source, and the number of fields.
func changesOn(root *html.Node) []string {
	var found []string
	for _, summary := range elements(root, "summary", "") {
		if summary.Parent.Parent.Data == "section" {
			found = append(found, strings.Join(texts([]*html.Node{
				elements(summary, "b", "")[0], elements(summary, "span", "")[0], elements(summary, "i", "")[0],
			}), "|"))
		}
	}
	return found
}

func TestThePageOfAPlanShowsEveryChange(t *testing.T) {
	root := pageOf(t, print(t, htmlPlan(everydayPlan())))
	want := []string{
		"+ create|Budgetmssql|7 fields", "+ create|Clicksgbq|1 field", "= adopt|Exchange ratesrest|", "> move|Orders lakeFile_AmazonS3ConnectorV2|4 fields",
		"~ update|Ratesrest|3 fields", "! recreate|Warehousesnowflake|1 field", "- delete|Retiredrest|",
		"~ rotate|Ledgersnowflake|2 fields", "= record|Ticketsrest|", "! rotate|Leadssnowflake|1 field",
	}
	if diff := cmp.Diff(want, changesOn(root)); diff != "" {
		t.Errorf("the changes on the page (-want +got):\n%s", diff)
	}
	verdict := texts(elements(root, "h1", ""))
	if want := "7 changes, and 1 of them destroys a connection; 1 waits for a person, 2 are refused."; len(verdict) != 1 || verdict[0] != want {
		t.Errorf("the verdict is %q, want %q", verdict, want)
	}
	rows := texts(elements(elements(root, "details", "move")[0], "tr", ""))
	wantRows := []string{"FieldNowPlanned", "nameOrders S3Orders lake", `tags[]["lake","orders"]`, "properties.storeSseHeaderAES256removed", `properties.endpointnot set""`}
	if diff := cmp.Diff(wantRows, rows); diff != "" {
		t.Errorf("the fields of the move (-want +got):\n%s", diff)
	}
	if rows := texts(elements(elements(root, "details", "create")[0], "tr", "")); rows[0] != "FieldPlanned" || rows[1] != "ownerana@example.com" {
		t.Errorf("the fields of a create are %q, want only the planned side", rows)
	}
	notices := texts(elements(root, "div", "notice"))
	for i, want := range []string{"1 connection destroyed", "1 change will not be made", "2 warnings"} {
		if i >= len(notices) || !strings.HasPrefix(notices[i], want) {
			t.Errorf("the notices are %q, want %q at %d", notices, want, i)
		}
	}
	for _, want := range []string{"Hash " + someHash, "5 write calls and 8 read calls", "Credentials, not in the hash"} {
		if !strings.Contains(strings.Join(strings.Fields(textOf(root)), " "), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestThePageOfAPlanSaysAtItsTopThatItIsRefusedOrEmpty(t *testing.T) {
	for name, test := range map[string]struct {
		plan *plan.Plan
		want string
	}{
		"refused": {refusedPlan(), "Refused: nothing of this plan may be applied."},
		"empty":   {emptyPlan(), "Nothing to do: 40 connections are as declared."},
	} {
		t.Run(name, func(t *testing.T) {
			root := pageOf(t, print(t, htmlPlan(test.plan)))
			if got := texts(elements(root, "h1", "")); got[0] != test.want {
				t.Errorf("the verdict is %q, want %q", got, test.want)
			}
			if r := test.plan.Refusal; r != nil && !strings.Contains(textOf(root), r.Reason.Text) {
				t.Errorf("the page does not say why: %q", r.Reason.Text)
			}
		})
	}
}

func TestThePageOfPlansNamesEachTenant(t *testing.T) {
	root := pageOf(t, print(t, func(w io.Writer) error { return report.HTML{}.Plans(w, plans()) }))
	heads := texts(elements(root, "h3", ""))
	for _, want := range []string{"Finance on prod 6", "Finance on south 2"} {
		if !slices.Contains(heads, want) {
			t.Errorf("the groups are %q, want %q among them", heads, want)
		}
	}
	steps := texts(elements(root, "h2", ""))
	for _, want := range []string{"Steps on prod", "Steps on south"} {
		if !slices.Contains(steps, want) {
			t.Errorf("the headings are %q, want %q among them", steps, want)
		}
	}
	if text := textOf(root); !strings.Contains(text, "1 tenant could not be looked at") || !strings.Contains(text, "no such host") {
		t.Error("the page does not name the tenant that was not reached")
	}
}

// boxesOf returns the boxes of a drawing: left, top, in pixels.
func boxesOf(t failing, root *html.Node) (boxes [][2]int, width, height int) {
	t.Helper()
	number := regexp.MustCompile(`\d+`)
	pair := func(style string) (all [2]int) {
		for i, text := range number.FindAllString(style, 2) {
			all[i], _ = strconv.Atoi(text)
		}
		return all
	}
	flow := elements(root, "div", "flow")
	if len(flow) == 0 {
		return nil, 0, 0
	}
	for _, li := range elements(flow[0], "li", "") {
		boxes = append(boxes, pair(attribute(li, "style")))
	}
	size := pair(attribute(flow[0], "style"))
	return boxes, size[0], size[1]
}

// apart makes steps that share no line: each of another kind than the one before it.
func apart(n int, after func(i int) []string) []plan.Step {
	steps := make([]plan.Step, n)
	for i := range steps {
		steps[i] = step(fmt.Sprint("s", i), []connection.OperationKind{connection.Create, connection.Patch}[i%2], after(i), key("Finance", fmt.Sprint("C", i)))
	}
	return steps
}

func TestStepsAreDrawnUpToFiftyAndATableBeyond(t *testing.T) {
	for _, test := range []struct{ steps, boxes int }{{1, 1}, {50, 50}, {51, 0}} {
		root := pageOf(t, print(t, htmlPlan(newPlan(everydayPlan().Changes, apart(test.steps, func(int) []string { return nil })...))))
		if boxes, _, _ := boxesOf(t, root); len(boxes) != test.boxes {
			t.Errorf("%d steps are drawn as %d boxes, want %d", test.steps, len(boxes), test.boxes)
		}
		if rows := elements(elements(root, "table", "words")[0], "tr", ""); len(rows) != test.steps+1 {
			t.Errorf("the table of %d steps has %d rows, want one more for the heading", test.steps, len(rows))
		}
	}
}

func TestNoBoxOfADrawingCoversAnotherOneAndEveryArrowLeadsOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		waits := map[int][]int{}
		n := rapid.IntRange(1, 50).Draw(t, "steps")
		steps := apart(n, func(i int) (ids []string) {
			for range rapid.IntRange(0, min(i, 3)).Draw(t, "edges") {
				first := rapid.IntRange(0, i-1).Draw(t, "first")
				if !slices.Contains(waits[i], first) {
					waits[i], ids = append(waits[i], first), append(ids, fmt.Sprint("s", first))
				}
			}
			return ids
		})
		var out bytes.Buffer
		if err := htmlPlan(newPlan(nil, steps...))(&out); err != nil {
			t.Fatal(err)
		}
		root := pageOf(t, out.String())
		boxes, width, height := boxesOf(t, root)
		if len(boxes) != n {
			t.Fatalf("%d steps are drawn as %d boxes", n, len(boxes))
		}
		for i, a := range boxes {
			if a[0]+200 > width || a[1]+54 > height {
				t.Errorf("box %d at %v is outside of the drawing, which is %d by %d", i, a, width, height)
			}
			for j, b := range boxes[:i] {
				if max(a[0], b[0]) < min(a[0], b[0])+200 && max(a[1], b[1]) < min(a[1], b[1])+54 {
					t.Errorf("box %d at %v covers box %d at %v", i, a, j, b)
				}
			}
		}
		arrows := len(elements(root, "path", "arrow"))
		edges := 0
		for i := range n {
			for _, first := range waits[i] {
				if !slices.ContainsFunc(waits[i], func(other int) bool { return comesBefore(waits, first, other) }) {
					edges++
				}
			}
		}
		if arrows != edges {
			t.Errorf("%d arrows are drawn, want %d: one for each step that nothing between implies", arrows, edges)
		}
	})
}

// comesBefore reports whether a step comes before another one, directly or not.
func comesBefore(waits map[int][]int, first, then int) bool {
	return slices.ContainsFunc(waits[then], func(w int) bool { return w == first || comesBefore(waits, first, w) })
}

func TestThePageOfALargePlanStaysBelowTenMegabytes(t *testing.T) {
	var changes []plan.Change
	for i := range 9_000 {
		changes = append(changes, plan.Change{
			Action: plan.ActionUpdate, Connection: key("Space", fmt.Sprintf("Connection %06d", i)),
			Fields: []plan.Field{field("/properties/a", strings.Repeat("a\n", 40), strings.Repeat("b\n", 40)+fmt.Sprint(i))},
		})
	}
	text := print(t, htmlPlan(newPlan(changes, apart(9_000, func(int) []string { return nil })...)))
	if len(text) >= 10_000_000 {
		t.Errorf("the page has %d bytes, want less than 10 MB", len(text))
	}
	if shown := strings.Count(text, `<details class="update"`); !strings.Contains(text, fmt.Sprintf("This page is full: %d,%03d more connections are not shown", (9_000-shown)/1000, (9_000-shown)%1000)) {
		t.Errorf("%d of 9,000 changes are shown, and the page does not count the others", shown)
	}
	if said := "8,500 more groups of steps are not listed."; !strings.Contains(text, said) {
		t.Errorf("the page does not say %q", said)
	}
}
