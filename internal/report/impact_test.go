package report_test

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

var looked = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// doubt returns a reason with all of its parts.
func doubt(text string) connection.Reason {
	return connection.Reason{Code: "impact-not-read", Args: map[string]any{"error": text}, Text: text, Next: "look in the hub"}
}

func sightOf(as string) impact.Sight {
	return impact.Sight{
		At: looked, As: as, Admin: false, Apps: 7, Unchecked: 2,
		Unseen: impact.UnseenCounts{NotReadable: 1, NotListed: true, NeverReloaded: 1, DirectQuery: 1, UnknownConnection: 1, Incomplete: []connection.Reason{doubt(as)}},
	}
}

// dependentsCalled returns one dependent of each name, whose last reload failed.
func dependentsCalled(names ...string) []impact.Dependent {
	var all []impact.Dependent
	for i, name := range names {
		all = append(all, impact.Dependent{
			Kind: connection.DependentApp, ID: name, Name: name, Space: name, Owner: name, Viewers: &i, How: connection.UseLoad | connection.UseStore,
			FirstSeen: looked, LastSeen: looked, Reloaded: looked, Failing: true, ErrorCode: name, Succeeded: looked, Failed: looked, Former: true,
		})
	}
	return append(all,
		impact.Dependent{Kind: connection.DependentKnowledgeBase, ID: "k", Name: names[0], How: connection.UseRefer},
		impact.Dependent{Kind: connection.DependentDataSet, ID: "d", Name: names[0], How: connection.UseRefer})
}

func listOf(names ...string) *impact.List {
	dependents := dependentsCalled(names...)
	one := impact.Impacted{Connection: key(names[0], names[0]), ID: "c1", Count: impact.CountOf(dependents, looked), Unchecked: 2, Dependents: dependents}
	return &impact.List{Format: impact.ListFormat, Project: names[0], Tenant: impact.Tenant{Name: names[0], URL: "https://x.example", ID: "t1"}, Sight: sightOf(names[0]), App: "Sales*", Connections: []impact.Impacted{one}, Elsewhere: names}
}

func unusedOf(name string) *impact.List {
	list := listOf(name)
	list.Connections = []impact.Impacted{}
	list.Unused = &impact.UnusedList{Days: 30, WithoutUse: 3, Recent: 1, Doubts: []connection.Reason{doubt(name)}, Proven: []impact.UnusedConnection{
		{Connection: key(name, name), ID: name, DataSource: name, Declared: &connection.Position{File: name, Line: 1, Column: 1, Item: connection.Place{Line: 2, Column: 3}}, UpdatedAt: looked},
	}}
	return list
}

func checkOf(names ...string) *impact.Check {
	one := impact.Checked{Connection: key(names[0], names[0]), ID: "c1", Apps: len(names), Reloaded: len(names), Unchecked: 1, LastSucceeded: looked, LastFailed: looked, Failing: []impact.Failing{}}
	for _, d := range dependentsCalled(names...)[:len(names)] {
		one.Failing = append(one.Failing, impact.Failing{Dependent: d, Worked: true})
	}
	return &impact.Check{Format: impact.CheckFormat, Project: names[0], Tenant: impact.Tenant{Name: names[0], URL: "https://x.example", ID: "t1"}, Sight: sightOf(names[0]), Since: looked, Connections: []impact.Checked{one}}
}

func planWithImpact(names ...string) *plan.Plan {
	p := everydayPlan()
	list := listOf(names...)
	for i := range p.Changes {
		if c := &p.Changes[i]; c.ID != "" {
			one := list.Connections[0]
			one.Connection, one.ID, one.Breaks = c.Connection, c.ID, impact.BreakRename
			p.Impact = &impact.Report{Sight: list.Sight, Connections: []impact.Impacted{one}, Refused: &impact.Refused{Dependents: 3, Unknown: true}}
			return p
		}
	}
	panic("the plan has no change of a live connection")
}

// planSeenBlindly is a plan whose dependents could not be read.
func planSeenBlindly() *plan.Plan {
	p, why := everydayPlan(), doubt("no source is known")
	p.Impact = &impact.Report{Connections: []impact.Impacted{}, Unknown: &why}
	return p
}

func driftWithImpact() *plan.Drift {
	d := everydayDrift()
	d.Impact = planWithImpact("Sales").Impact
	return d
}

func driftSeenBlindly() *plan.Drift {
	d := everydayDrift()
	d.Impact = planSeenBlindly().Impact
	return d
}

func TestReportsOfDependentsAreSafeWithAnyName(t *testing.T) {
	list, unused, check, p := listOf(hostileNames...), unusedOf(hostileNames[0]), checkOf(hostileNames...), planWithImpact(hostileNames...)
	for name, text := range map[string]string{
		"text":           print(t, func(w io.Writer) error { return report.Text{}.Impact(w, list) }),
		"unused":         print(t, func(w io.Writer) error { return report.Text{}.Impact(w, unused) }),
		"csv":            print(t, func(w io.Writer) error { return report.ImpactCSV(w, list) }),
		"json":           print(t, func(w io.Writer) error { return report.JSON(w, list) }),
		"html":           print(t, func(w io.Writer) error { return report.HTML{}.Impact(w, list) }),
		"check":          print(t, func(w io.Writer) error { return report.Text{}.Check(w, check) }),
		"check markdown": print(t, func(w io.Writer) error { return report.Markdown{}.Check(w, check) }),
		"plan":           print(t, func(w io.Writer) error { return report.Text{}.Plan(w, p) }),
		"plan markdown":  print(t, func(w io.Writer) error { return report.Markdown{}.Plan(w, p) }),
		"plan html":      print(t, func(w io.Writer) error { return report.HTML{}.Plan(w, p) }),
	} {
		for _, forbidden := range []string{"\x1b", "\u202e", "\n::", "##[", "##vso["} {
			if strings.Contains(text, forbidden) {
				t.Errorf("%s: got %q in the output, want it escaped", name, forbidden)
			}
		}
		if strings.HasSuffix(name, "html") || strings.HasSuffix(name, "markdown") {
			if strings.Contains(text, "<img") || strings.Contains(text, "<script>alert") {
				t.Errorf("%s: got markup of a name in the output, want it escaped", name)
			}
		}
		if strings.HasSuffix(name, "markdown") && len(text) > 65_536*2 {
			t.Errorf("%s: got %d bytes, want a comment that a forge accepts", name, len(text))
		}
	}
}

func TestNoCellIsAFormula(t *testing.T) {
	for _, name := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", `"=1`, "|calc", "%0a=1"} {
		text := print(t, func(w io.Writer) error { return report.ImpactCSV(w, listOf(name)) })
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || len(rows) != 4 || len(rows[1]) != len(rows[0]) {
			t.Fatalf("%q: got %q and error %v, want a header and three rows", name, rows, err)
		}
		for i, cell := range slices.Concat(rows[1:]...) {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@|%\t\r \\\"") || strings.HasPrefix(cell, "＝") {
				t.Errorf("%q: got the cell %q in column %d, want a text", name, cell, i%len(rows[0]))
			}
		}
	}
}

func TestACommentWithVeryManyDependentsFits(t *testing.T) {
	names := make([]string, 5_000)
	for i := range names {
		names[i] = strings.Repeat("Dashboard ", 8) + string(rune('a'+i%26))
	}
	text := print(t, func(w io.Writer) error { return report.Markdown{}.Plan(w, planWithImpact(names...)) })
	if len(text) > 65_536 || !strings.Contains(text, "more that are not shown here") {
		t.Errorf("got a comment of %d characters, want at most 65536, and how many dependents are left out", len(text))
	}
}

// A plan file without the evidence, as earlier versions wrote it, is still read.
func TestThePlanFileKeepsWhatWasSeen(t *testing.T) {
	p := planWithImpact("Sales")
	text := print(t, func(w io.Writer) error { return report.JSON(w, p) })
	read, err := report.ReadPlan(strings.NewReader(text))
	if err != nil || read.Impact == nil || read.Hash != p.Hash {
		t.Fatalf("got error %v, want the plan with its evidence and its hash", err)
	}
	if again := print(t, func(w io.Writer) error { return report.JSON(w, read) }); again != text {
		t.Error("got another text after reading, want the same")
	}
	var old map[string]any
	if err := json.Unmarshal([]byte(text), &old); err != nil {
		t.Fatal(err)
	}
	delete(old, "impact")
	without, _ := json.Marshal(old)
	if read, err := report.ReadPlan(strings.NewReader(string(without))); err != nil || read.Impact != nil {
		t.Errorf("got error %v for a plan file without evidence, want none", err)
	}
}
