package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/schemas"
)

func drifts() *report.Fleet[plan.Drift] {
	west, south := cleanDrift(), everydayDrift()
	west.Tenant, south.Tenant = plan.Tenant{Name: "west", URL: "https://west.example"}, plan.Tenant{Name: "south", URL: "https://south.example"}
	return &report.Fleet[plan.Drift]{Format: report.DriftsFormat, Project: "finance", Tenants: []report.Member[plan.Drift]{
		{Tenant: everydayDrift().Tenant, Report: everydayDrift()},
		{Tenant: west.Tenant, Report: west},
		{Tenant: plan.Tenant{Name: "north", URL: "https://north.example"}, Error: "read caller: no such host\nand \x1b[31mmore @somebody"},
		{Tenant: south.Tenant, Report: south},
	}}
}

func plans() *report.Fleet[plan.Plan] {
	west, south := emptyPlan(), refusedPlan()
	west.Warnings, south.Warnings = []plan.Warning{}, []plan.Warning{}
	west.Tenant, south.Tenant = plan.Tenant{Name: "west", URL: "https://west.example"}, plan.Tenant{Name: "south", URL: "https://south.example"}
	return &report.Fleet[plan.Plan]{Format: report.PlansFormat, Project: "finance", Tenants: []report.Member[plan.Plan]{
		{Tenant: everydayPlan().Tenant, Report: everydayPlan()},
		{Tenant: west.Tenant, Report: west},
		{Tenant: plan.Tenant{Name: "north", URL: "https://north.example"}, Error: "::error::read caller: no such host"},
		{Tenant: south.Tenant, Report: south},
	}}
}

var fleets = map[string]func(io.Writer) error{
	"drifts.txt":       func(w io.Writer) error { return report.Text{}.Drifts(w, drifts()) },
	"drifts.md":        func(w io.Writer) error { return report.Markdown{}.Drifts(w, drifts()) },
	"drifts.junit.xml": func(w io.Writer) error { return report.JUnit{}.Drifts(w, drifts()) },
	"plans.txt":        func(w io.Writer) error { return report.Text{}.Plans(w, plans()) },
	"plans.md":         func(w io.Writer) error { return report.Markdown{}.Plans(w, plans()) },
}

func TestReportsOfSeveralTenantsReadAsTheirGoldens(t *testing.T) {
	for name, write := range fleets {
		t.Run(name, func(t *testing.T) {
			text := print(t, write)
			compare(t, name, text)
			if strings.HasSuffix(name, ".md") {
				harmless(t, text)
			}
			if !strings.Contains(text, "north") {
				t.Error("the report does not name the tenant that was not reached")
			}
			full := errors.New("disk full")
			if err := write(&small{0, full}); !errors.Is(err, full) {
				t.Errorf("got error %v, want that of the writer", err)
			}
		})
	}
}

func TestATenantOfWhichThereAreOnlyWarningsIsOneWithoutChanges(t *testing.T) {
	west := emptyPlan()
	west.Warnings = []plan.Warning{{Reason: connection.Reason{Text: "the vendored schema differs"}}}
	fleet := &report.Fleet[plan.Plan]{Format: report.PlansFormat, Project: "finance", Tenants: []report.Member[plan.Plan]{{Tenant: west.Tenant, Report: west}}}
	text := print(t, func(w io.Writer) error { return report.Text{}.Plans(w, fleet) })
	if !strings.Contains(text, "Warning: the vendored schema differs") || !strings.HasSuffix(text, "\n\nTenants: 0 with changes, 1 without.\n") || strings.Contains(text, "\n\n\n") {
		t.Errorf("got the warning or the count of tenants not as expected, want 1 without changes:\n%s", text)
	}
}

func TestReportsOfSeveralTenantsKeepToTheirSchemasAndReadBack(t *testing.T) {
	keeps := func(schema, inner []byte, value any) {
		t.Helper()
		decoded := asJSON(t, value)
		if err := compile(t, "fleet.json", schema).Validate(decoded); err != nil {
			t.Errorf("got %#v, want a fleet that keeps to its schema", err)
		}
		for _, member := range decoded.(map[string]any)["tenants"].([]any) {
			if one, ok := member.(map[string]any)["report"]; ok {
				if err := compile(t, "one.json", inner).Validate(one); err != nil {
					t.Errorf("got %#v, want the report of a tenant that keeps to its schema", err)
				}
			}
		}
	}
	keeps(schemas.Drifts(), schemas.Drift(), drifts())
	keeps(schemas.Plans(), schemas.Plan(), plans())

	var text bytes.Buffer
	if err := report.JSON(&text, drifts()); err != nil {
		t.Fatal(err)
	}
	again, err := report.ReadFleet[plan.Drift](&text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(print(t, fleets["drifts.txt"]), print(t, func(w io.Writer) error { return report.Text{}.Drifts(w, again) })); diff != "" {
		t.Errorf("the drifts that were read back differ (-want +got):\n%s", diff)
	}
}

func TestAHistoryKeepsToItsSchema(t *testing.T) {
	for _, d := range []*plan.Drift{everydayDrift(), cleanDrift(), hostileDrift()} {
		d.At = everydayDrift().At
		var line bytes.Buffer
		if err := report.NewPoint(d).Line(&line); err != nil {
			t.Fatal(err)
		}
		var value any
		if err := json.Unmarshal(line.Bytes(), &value); err != nil || strings.Count(line.String(), "\n") != 1 {
			t.Fatalf("no line of JSON: %s, %v", line.String(), err)
		}
		if err := compile(t, "history.json", schemas.History()).Validate(value); err != nil {
			t.Errorf("got %#v, want a history that keeps to its schema", err)
		}
	}
}

func TestTheJUnitOfSeveralTenantsHasASuiteForEach(t *testing.T) {
	var read struct {
		Errors int `xml:"errors,attr"`
		Suites []struct {
			Name   string `xml:"name,attr"`
			Errors int    `xml:"errors,attr"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(print(t, fleets["drifts.junit.xml"])), &read); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(read); got != "{5 [{finance on prod 2} {finance on west 0} {finance on north 1} {finance on south 2}]}" {
		t.Errorf("got suites %s, want one with its count for each of 4 tenants", got)
	}
}

func TestThePageOfSeveralTenantsSaysWhoWasNotReached(t *testing.T) {
	text := print(t, func(w io.Writer) error { return report.HTML{}.Drifts(w, drifts()) })
	root := pageOf(t, text)
	for _, said := range []string{"finance on 4 tenants", "8 of 79 declared connections differ", "north: read caller: no such host", "north" + "not reached: read caller"} {
		if !strings.Contains(textOf(root), said) {
			t.Errorf("the page does not say %q", said)
		}
	}
	if len(elements(root, "details", "changed")) != 2 || !strings.Contains(text, `data-tenant="1"`) || !strings.Contains(text, `data-tenant="2"`) {
		t.Error("the page does not separate the connections of the two tenants")
	}
}

// All forms of a merged report say which attempts are lost with their logs.
func TestEveryFormNamesTheLostAttempts(t *testing.T) {
	const lost = "attempt 1 of shard 2/8"
	ofPlans, ofDrifts := plans(), drifts()
	ofResults := &report.Fleet[apply.Result]{Format: report.ResultsFormat, Project: "finance", Tenants: []report.Member[apply.Result]{memberOf(resultOn("east", apply.Done))}}
	ofPlans.Lost, ofDrifts.Lost, ofResults.Lost = []string{lost}, []string{lost}, []string{lost}
	check := func(what, name string, write func(io.Writer) error) {
		text := strings.NewReplacer("&#32;", " ", "\\/", "/").Replace(print(t, write))
		if !strings.Contains(text, lost) {
			t.Errorf("%s as %s does not name %q:\n%s", what, name, lost, text)
		}
	}
	for _, name := range report.PlansFormats().Names() {
		check("a plan", name, func(w io.Writer) error { return report.PlansFormats().Write(name, report.Text{}, w, ofPlans) })
	}
	for _, name := range report.DriftsFormats(report.HTML{}).Names() {
		check("drift", name, func(w io.Writer) error {
			return report.DriftsFormats(report.HTML{}).Write(name, report.Text{}, w, ofDrifts)
		})
	}
	for _, name := range report.ResultsFormats().Names() {
		check("a result", name, func(w io.Writer) error { return report.ResultsFormats().Write(name, report.Text{}, w, ofResults) })
	}
}

func TestThePagesListTheTenantsBelowTheirWaves(t *testing.T) {
	ofDrifts := drifts()
	ofDrifts.Rollout = &report.Rollout{StopAfter: 1, Waves: []report.Wave{{Name: "canary", Tenants: 1}, {Name: "rest", Tenants: 3}}}
	for i := range ofDrifts.Tenants {
		ofDrifts.Tenants[i].Wave = "rest"
	}
	ofDrifts.Tenants[1].Wave = "canary" // west, without drift, which would be behind the others
	root := pageOf(t, print(t, func(w io.Writer) error { return report.HTML{}.Drifts(w, ofDrifts) }))
	var rows []string
	for _, table := range elements(root, "table", "grid") {
		if attribute(table, "id") == "tenants" {
			for _, row := range elements(table, "tr", "")[1:] {
				rows = append(rows, strings.Join(strings.Fields(textOf(elements(row, "th", "")[0])), " "))
			}
		}
	}
	if len(rows) != len(ofDrifts.Tenants)+2 || rows[0] != "Wave canary 1 tenant" || rows[1] != "west" || rows[2] != fmt.Sprintf("Wave rest %d tenants", len(ofDrifts.Tenants)-1) {
		t.Errorf("got the rows %q, want the canary below its heading, then the rest", rows)
	}
}
