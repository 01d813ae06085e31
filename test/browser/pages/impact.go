package main

import (
	"fmt"
	"io"
	"time"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// writeImpacts writes pages of dependents: of a usual tenant, of hostile names, and of a large one.
func writeImpacts(folder string) {
	for name, list := range map[string]*impact.List{
		"impact": usesOf(12, 40, "Dashboard %d"), "impact-hostile": hostileUses(), "impact-large": usesOf(600, 5_000, "App %d"),
	} {
		write(folder, name+".html", func(w io.Writer) error { return report.HTML{}.Impact(w, list) })
	}
	write(folder, "plan-impact.html", func(w io.Writer) error { return report.HTML{}.Plan(w, impactPlan()) })
	unused := usesOf(0, 0, "")
	unused.Unused = &impact.UnusedList{Days: 30, WithoutUse: 1, Proven: []impact.UnusedConnection{{Connection: key("Finance", "Old rates"), ID: "old", DataSource: "rest", Owned: true}}}
	write(folder, "impact-unused.html", func(w io.Writer) error { return report.HTML{}.Impact(w, unused) })
}

func sight(apps int) impact.Sight {
	return impact.Sight{At: now, As: "ana@example.com", Admin: true, Apps: apps, Unchecked: 41, Unseen: impact.UnseenCounts{NotReadable: 41, NeverReloaded: 7}}
}

// usesOf returns that many connections, each of them used by some of the apps.
func usesOf(connections, apps int, name string) *impact.List {
	list := &impact.List{Project: "acme", Tenant: impact.Tenant(tenant), Sight: sight(apps), Connections: []impact.Impacted{}}
	for i := range connections {
		one := impact.Impacted{Connection: key([]string{"Finance", "Sales", "HR"}[i*3/connections], fmt.Sprintf("Connection %d", i)), ID: fmt.Sprint("c", i), Unchecked: 41}
		for j := i % 7; j < apps && i%5 < 4; j += 3 + i%11 + apps/60 {
			viewers := (apps - j) * 3
			one.Dependents = append(one.Dependents, impact.Dependent{
				Kind: connection.DependentApp, ID: fmt.Sprint("a", j), Name: fmt.Sprintf(name, j), Space: []string{"Reports", "Sales", ""}[j%3], Owner: "Bo",
				Viewers: &viewers, How: connection.UseLoad, Reloaded: now.Add(-time.Duration(j) * time.Hour), Failing: j%9 == 4,
			})
		}
		one.Count = impact.CountOf(one.Dependents, now)
		list.Connections = append(list.Connections, one)
	}
	return list
}

func hostileUses() *impact.List {
	list := usesOf(0, 0, "")
	for i, name := range hostileNames {
		one := impact.Impacted{Connection: key(name, name), ID: fmt.Sprint(i), Dependents: []impact.Dependent{
			{Kind: connection.DependentApp, ID: fmt.Sprint(i), Name: name, Space: name, Owner: name, How: connection.UseLoad, Failing: true, ErrorCode: name, Reloaded: now},
		}}
		one.Count = impact.CountOf(one.Dependents, now)
		list.Connections = append(list.Connections, one)
	}
	list.As, list.Project = hostileNames[0], hostileNames[0]
	return list
}

// impactPlan is a plan that renames a connection on which 12 apps depend.
func impactPlan() *plan.Plan {
	p := everydayPlan()
	used := usesOf(12, 40, "Dashboard %d").Connections[1]
	for i := range p.Changes {
		if c := &p.Changes[i]; c.ID != "" {
			used.Connection, used.ID, used.Breaks = c.Connection, c.ID, impact.BreakRename
			p.Impact = &impact.Report{Sight: sight(40), Connections: []impact.Impacted{used}}
			break
		}
	}
	p.Refusal = &plan.Refusal{Rule: impact.RuleImpact, Reason: connection.Reason{
		Text: "the plan can break what depends on its connections: Finance/Orders has 12 dependents, and impact.refuse allows 5", Next: "if this is intended, pass --confirm-impact 12@" + p.Hash,
	}}
	return p
}
