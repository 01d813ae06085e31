// Command pages writes plans and drift reports in HTML for the browser tests into a folder, with a
// file of their numbers.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: pages FOLDER"))
	}
	folder := os.Args[1]
	history := points()
	one := everyday()
	write(folder, "everyday.html", func(w io.Writer) error { return report.HTML{History: history}.Drift(w, one) })
	write(folder, "clean.html", func(w io.Writer) error { return report.HTML{}.Drift(w, clean()) })
	write(folder, "hostile.html", func(w io.Writer) error { return report.HTML{History: history[:3]}.Drift(w, hostile()) })
	write(folder, "large.html", func(w io.Writer) error { return report.HTML{History: history}.Drift(w, large()) })
	write(folder, "fleet.html", func(w io.Writer) error { return report.HTML{History: fleetPoints(history)}.Drifts(w, fleet(one)) })
	write(folder, "waves.html", func(w io.Writer) error {
		return report.HTML{History: fleetPoints(history)}.Drifts(w, inWaves(fleet(one)))
	})
	write(folder, "plan-waves.html", func(w io.Writer) error { return report.HTML{}.Plans(w, inWaves(plansOf(everydayPlan()))) })
	for name, p := range map[string]*plan.Plan{
		"plan": everydayPlan(), "plan-chain": chainPlan(), "plan-empty": emptyPlan(), "plan-refused": refusedPlan(), "plan-hostile": hostilePlan(), "plan-large": largePlan(),
	} {
		write(folder, name+".html", func(w io.Writer) error { return report.HTML{}.Plan(w, p) })
	}
	write(folder, "plan-fleet.html", func(w io.Writer) error { return report.HTML{}.Plans(w, plansOf(everydayPlan())) })
	writeImpacts(folder)
	numbers := make([]int, len(history))
	for i, point := range history {
		numbers[i] = point.Summary.Drifted()
	}
	write(folder, "numbers.json", func(w io.Writer) error {
		return json.NewEncoder(w).Encode(map[string]any{"history": numbers, "hostile": hostileNames, "items": len(one.Items)})
	})
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "pages:", err)
	os.Exit(1)
}

func write(folder, name string, write func(io.Writer) error) {
	file, err := os.Create(filepath.Join(folder, name))
	if err != nil {
		fail(err)
	}
	if err := write(file); err != nil {
		fail(err)
	}
	if err := file.Close(); err != nil {
		fail(err)
	}
}

var (
	now    = time.Date(2026, 11, 25, 3, 15, 0, 0, time.UTC)
	tenant = plan.Tenant{Name: "prod", URL: "https://acme.eu.qlikcloud.com"}
)

func points() []report.Point {
	random := rand.New(rand.NewPCG(7, 7))
	all := make([]report.Point, 45)
	for i := range all {
		s := plan.DriftSummary{
			Changed: 2 + random.IntN(5), Missing: random.IntN(3), Unmanaged: 4 + i/9, Foreign: i / 30, Unreadable: random.IntN(2), Clean: 120 - i/2,
		}
		if i == 20 {
			s = plan.DriftSummary{Clean: 131}
		}
		all[i] = report.Point{
			Format: report.HistoryFormat, At: now.AddDate(0, 0, i-len(all)+1), Project: "finance", Tenant: "prod", Summary: s,
			Spaces: map[string]int{"Finance": s.Changed + s.Missing, "Sales": s.Unmanaged, "Supply chain": s.Foreign + s.Unreadable},
		}
	}
	all[len(all)-1].Summary = everyday().Summary
	return all
}

// fleetPoints returns runs over all reachable tenants, and occasionally over one.
func fleetPoints(one []report.Point) []report.Point {
	var all []report.Point
	for i, point := range one {
		for j := range 12 {
			if j == 4 || i%9 == 5 && j != 3 {
				continue
			}
			point.Tenant = fmt.Sprintf("customer-%02d", j+1)
			all = append(all, point)
		}
	}
	return all
}

func drift(items []plan.DriftItem, clean int) *plan.Drift {
	d := &plan.Drift{Format: plan.DriftFormat, Project: "finance", Tenant: tenant, At: now, Items: items}
	d.Summary.Clean = clean
	for _, item := range items {
		d.Summary.Count(item.Kind)
	}
	return d
}

func key(space, name string) connection.Key { return connection.Key{Space: space, Name: name} }

func field(path string, before, after any) plan.Field {
	return plan.Field{Path: path, Before: before, After: after}
}

func at(line int) *connection.Position {
	return &connection.Position{File: "connections/finance.yaml", Line: line, Column: 5}
}

const statement = `SELECT o.id,
       o.customer,
       o.total
  FROM orders o
  JOIN customers c ON c.id = o.customer
 WHERE o.year = 2025
   AND o.total > 0
 GROUP BY 1, 2, 3
 ORDER BY o.id
`

func everyday() *plan.Drift {
	ago := func(hours int) time.Time { return now.Add(-time.Duration(hours) * time.Hour) }
	return drift([]plan.DriftItem{
		{
			Kind: plan.DriftChanged, Connection: key("Finance", "Budget warehouse"), ID: "5c1f0d7e-9f3b-4a51-8f3a-1c7a3f0b9d11", DataSource: "snowflake", Apply: "update",
			Position: at(4), Owner: "bo.lindqvist@acme.example", UpdatedAt: ago(11), Fields: []plan.Field{
				field("/tags", []any{"finance", "nightly"}, []any{"finance", "nightly", "temp"}),
				field("/properties/server", "acme-prod.eu-west-1.snowflakecomputing.com", "acme-test.eu-west-1.snowflakecomputing.com"),
				field("/properties/warehouse", "REPORTING_L", "REPORTING_XL"),
				field("/properties/role", "ANALYST", nil),
				field("/properties/timeout", nil, json.Number("900")),
			},
		},
		{
			Kind: plan.DriftChanged, Connection: key("Finance", "Invoices"), ID: "a1", DataSource: "mssql", Apply: "update", Position: at(21),
			Owner: "ana.moreau@acme.example", UpdatedAt: ago(40), Reasons: []connection.Reason{{Text: "credentialsVersion 3 -> 4"}}, Fields: []plan.Field{
				field("/properties/query", strings.Replace(statement, "2025", "2024", 1), statement),
				{Path: "/credentials/password", Secret: true},
			},
		},
		{Kind: plan.DriftMissing, Connection: key("Finance", "Orders lake"), DataSource: "File_AmazonS3ConnectorV2", Apply: "create", Position: at(33)},
		{Kind: plan.DriftUnmanaged, Connection: key("Sales", "CRM copy (do not use)"), ID: "b1", DataSource: "rest", Apply: "nothing", Owner: "sam@acme.example", UpdatedAt: ago(2300)},
		{
			Kind: plan.DriftUndeclared, Connection: key("Sales", "Leads 2024"), ID: "b2", DataSource: "File_GoogleCloudStorageConnector", Apply: "delete",
			Reasons: []connection.Reason{{Text: "owned by this project and no longer declared"}}, Owner: "deploy-bot", UpdatedAt: ago(900),
		},
		{
			Kind: plan.DriftForeign, Connection: key("Supply chain", "Stock levels"), ID: "c1", DataSource: "rest", Apply: "refuse", Position: at(80),
			Reasons: []connection.Reason{{Text: `it belongs to project "logistics". Remove it from these files, or take the tag qlsync:logistics off it`}}, Owner: "li.wei@acme.example", UpdatedAt: ago(70),
		},
		{
			Kind: plan.DriftUnreadable, Connection: key("Supply chain", "Tracking"), ID: "c2", DataSource: "rest", Apply: "refuse", Position: at(88),
			Reasons: []connection.Reason{{Text: "it cannot be read: GET /api/v1/data-connections/c2 was answered with 403: Forbidden"}},
		},
	}, 98)
}

func clean() *plan.Drift { return drift([]plan.DriftItem{}, 105) }

// hostileNames are names that a tenant's users may choose.
var hostileNames = []string{
	"<script>window.harmed = 1</script>", `"><img src=x onerror="window.harmed = 2">`, "' onmouseover='window.harmed = 3", "</style><style>*{display:none}",
	"javascript:window.harmed=4", "{{.Policy}}", "${window.harmed = 5}", strings.Repeat("🧾", 256), strings.Repeat("W", 200), "注文レイク " + strings.Repeat("長い", 60),
	"مخزن الطلبات", "evil\u202egnp.exe", "two\nlines", "\x00\x1b[31m", "]]>", "<!-- -->", "&lt;b&gt;", " ", "",
}

func hostile() *plan.Drift {
	var items []plan.DriftItem
	kinds := plan.DriftKinds()
	for i, name := range hostileNames {
		items = append(items, plan.DriftItem{
			Kind: kinds[i%len(kinds)], Connection: key(hostileNames[i/7*7], name), ID: name, DataSource: name, Owner: name, Reasons: []connection.Reason{{Text: name}}, Apply: "update",
			UpdatedAt: now, Position: &connection.Position{File: name, Line: 3, Column: 1},
			Fields: []plan.Field{
				field("/properties/"+name, name, name+"!"), field("/properties/long", strings.Repeat(name+"\n", 4), strings.Repeat(name+"\n", 3)+"x"),
			},
		})
	}
	d := drift(items, 3)
	d.Project, d.Tenant = hostileNames[0], plan.Tenant{Name: hostileNames[1], URL: hostileNames[4]}
	d.Incomplete = []string{hostileNames[0]}
	return d
}

// large returns a report of a tenant on which 10,000 connections differ.
func large() *plan.Drift {
	items := make([]plan.DriftItem, 10_000)
	for i := range items {
		items[i] = plan.DriftItem{
			Kind: plan.DriftChanged, Connection: key(fmt.Sprintf("Space %03d", i/100), fmt.Sprintf("Connection %05d", i)),
			ID: fmt.Sprintf("5c1f0d7e-9f3b-4a51-8f3a-%012d", i), DataSource: "rest", Apply: "update", Position: at(i),
			Owner: fmt.Sprintf("owner%d@acme.example", i%40), UpdatedAt: now.Add(-time.Duration(i) * time.Minute),
			Fields: []plan.Field{
				field("/properties/url", fmt.Sprintf("https://orders-%d.example.com/v1", i), fmt.Sprintf("https://orders-%d.example.com/v2", i)),
				field("/properties/timeout", json.Number("30"), json.Number("60")),
				field("/tags", []any{"orders"}, []any{"orders", "temp"}),
			},
		}
		if i%7 == 3 {
			items[i].Kind, items[i].Apply, items[i].Fields, items[i].Position = plan.DriftUnmanaged, "nothing", nil, nil
		}
	}
	return drift(items, 30_000)
}

// inWaves divides the tenants of a merged report into waves. The log of an attempt is lost.
func inWaves[T any](f *report.Fleet[T]) *report.Fleet[T] {
	f.Rollout = &report.Rollout{StopAfter: 1, Check: "30m", Waves: []report.Wave{{Name: "canary", Tenants: 2}, {Name: "first-tenth-of-the-others", Tenants: 1}, {Name: "rest", Tenants: len(f.Tenants) - 3}}}
	for i := range f.Tenants {
		f.Tenants[i].Wave = f.Rollout.Waves[[]int{2, 0, 1, 0}[min(i, 3)]].Name
		if i > 3 {
			f.Tenants[i].Wave = "rest"
		}
	}
	f.Lost = []string{"attempt 1 of shard 2/8"}
	return f
}

func fleet(one *plan.Drift) *report.Fleet[plan.Drift] {
	f := &report.Fleet[plan.Drift]{Format: report.DriftsFormat, Project: "finance"}
	for i := range 12 {
		d := *one
		d.Tenant = plan.Tenant{Name: fmt.Sprintf("customer-%02d", i+1), URL: fmt.Sprintf("https://customer-%02d.eu.qlikcloud.com", i+1)}
		member := report.Member[plan.Drift]{Tenant: d.Tenant, Report: &d}
		switch {
		case i == 4:
			member.Report, member.Error = nil, "read caller: GET /api/v1/users/me: dial tcp: lookup customer-05.eu.qlikcloud.com: no such host"
		case i%3 != 0:
			member.Report = clean()
			member.Report.Tenant = d.Tenant
		case i == 6:
			d.Items = slices.DeleteFunc(slices.Clone(d.Items), func(item plan.DriftItem) bool { return item.Kind != plan.DriftChanged })
			d.Summary = plan.DriftSummary{Changed: len(d.Items), Clean: d.Summary.Clean}
		}
		f.Tenants = append(f.Tenants, member)
	}
	return f
}
