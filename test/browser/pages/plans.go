package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// planOf fills in the common fields of a plan; the summary follows from the changes.
func planOf(changes []plan.Change, steps ...plan.Step) *plan.Plan {
	p := &plan.Plan{
		Format: plan.Format, Hash: "sha256:1f0c7a5d3e2b4968a7c6d5e4f3a2b1c00f1e2d3c4b5a69788796a5b4c3d2e1f0", Project: "finance", Tenant: tenant,
		Changes: changes, Steps: steps, Estimate: plan.Estimate{Tier1Calls: 3 + len(steps), Tier2Calls: len(steps), SecondsMax: 300},
	}
	s := &p.Summary
	s.Unchanged = 98
	for _, c := range changes {
		counter := map[plan.Action]*int{
			plan.ActionCreate: &s.Create, plan.ActionAdopt: &s.Adopt, plan.ActionUpdate: &s.Update,
			plan.ActionMove: &s.Move, plan.ActionRecreate: &s.Recreate, plan.ActionDelete: &s.Delete,
		}[c.Action]
		switch {
		case c.Refused.Holds():
			counter = &s.Refused
		case c.Waits:
			counter = &s.Manual
		}
		*counter++
	}
	return p
}

func step(id string, kind connection.OperationKind, does string, after []string, keys ...connection.Key) plan.Step {
	s := plan.Step{ID: id, Kind: kind, Connections: keys, After: after, Calls: 1}
	if does != "" {
		s.Does = said(does)
	}
	return s
}

func secret(name string) plan.Field { return plan.Field{Path: "/credentials/" + name, Secret: true} }

func everydayPlan() *plan.Plan {
	from := key("Finance", "Orders S3")
	p := planOf([]plan.Change{
		{Action: plan.ActionCreate, Connection: key("Finance", "Budget"), DataSource: "mssql", Position: at(4), Fields: []plan.Field{
			field("/owner", nil, "ana.moreau@acme.example"), field("/tags", nil, []any{"finance", "nightly"}),
			field("/properties/QueryTimeout", nil, json.Number("60")), field("/properties/encrypt", nil, true),
			field("/properties/query", nil, statement), secret("password"),
		}},
		{
			Action: plan.ActionCreate, Connection: key("Finance", "Clicks"), DataSource: "gbq", Position: at(8), Waits: true,
			Manual: connection.Reason{Text: "a person must sign in: declare the code under credentials, as authCode: {env: NAME}"},
		},
		{Action: plan.ActionAdopt, Connection: key("Finance", "Exchange rates"), ID: "c-1", DataSource: "rest", Position: at(12)},
		{
			Action: plan.ActionAdopt, Connection: key("Finance", "Ledger"), ID: "c-8", DataSource: "snowflake", Position: at(14),
			Fields: []plan.Field{field("/properties/warehouse", "REPORTING_L", "REPORTING_XL"), secret("password")},
		},
		{
			Action: plan.ActionMove, Connection: key("Finance", "Orders lake"), From: &from, ID: "c-2", DataSource: "File_AmazonS3ConnectorV2",
			Position: at(20), Reasons: said("moved in the files"), Fields: []plan.Field{
				field("/name", "Orders S3", "Orders lake"), field("/properties/storeSseHeader", "AES256", nil),
				field("/properties/endpoint", "https://s3.eu-west-1.amazonaws.com/acme-orders-archive-test/2024/raw", "https://s3.eu-west-1.amazonaws.com/acme-orders-archive-prod/2024/raw"),
			},
		},
		{
			Action: plan.ActionUpdate, Connection: key("Finance", "Rates"), ID: "c-3", DataSource: "rest", Position: at(31),
			Fields: []plan.Field{field("/properties/query", strings.Replace(statement, "2025", "2024", 1), statement)},
		},
		{
			Action: plan.ActionRecreate, Connection: key("Sales", "Leads"), ID: "c-4", DataSource: "snowflake", Position: at(40),
			Reasons: said("a change of data source recreates the connection"), Fields: []plan.Field{field("/dataSource", "mssql", "snowflake")},
		},
		{Action: plan.ActionDelete, Connection: key("Sales", "Retired"), ID: "c-5", DataSource: "rest", Reasons: said("owned by this project and no longer declared")},
		{
			Action: plan.ActionUpdate, Connection: key("Supply chain", "Stock levels"), ID: "c-6", DataSource: "rest", Position: at(80),
			Refused: connection.Reason{Text: `it belongs to project "logistics". Remove it from these files, or take the tag qlsync:logistics off it`},
		},
	},
		step("s1", connection.Create, "", nil, key("Finance", "Budget")),
		step("s2", connection.Patch, "adds the ownership record", nil, key("Finance", "Exchange rates")),
		step("s3", connection.Patch, "sets 1 property, writes the credentials", nil, key("Finance", "Ledger")),
		step("s4", connection.BulkUpdate, "moves 1 connection to another space", nil, key("Finance", "Orders lake")),
		step("s5", connection.Patch, "renames it, sets 1 property, removes 1 property", []string{"s4"}, key("Finance", "Orders lake")),
		step("s6", connection.Recreate, "creates the new one next to the old one, then swaps their names", []string{"s5"}, key("Sales", "Leads")),
		step("s7", connection.Patch, "sets 1 property", []string{"s5"}, key("Finance", "Rates")),
		step("s8", connection.BulkDelete, "", []string{"s1", "s2", "s3", "s5", "s6", "s7"}, key("Sales", "Retired")),
	)
	rates := key("Finance", "Rates")
	p.Warnings = []plan.Warning{{Connection: &rates, Reason: connection.Reason{Text: "host changes from a.example to b.example: the stored credentials will be sent to b.example"}}}
	p.Rotations = []plan.Change{{
		Action: plan.ActionRotate, Connection: key("Finance", "Invoices"), ID: "c-7", DataSource: "snowflake", Position: at(60),
		Reasons: said("the values behind its references have changed"), Fields: []plan.Field{secret("password"), secret("username")},
	}}
	p.Summary.Rotate = 1
	return p
}

// chainPlan returns a plan with steps in many layers, as long chains of renames have.
func chainPlan() *plan.Plan {
	var changes []plan.Change
	var steps []plan.Step
	for i := range 12 {
		k := key("Finance", fmt.Sprintf("Quarter %d", i+1))
		changes = append(changes, plan.Change{Action: plan.ActionMove, Connection: k, ID: fmt.Sprint("c", i), DataSource: "rest", Position: at(i)})
		var after []string
		if i%4 > 0 {
			after = []string{steps[i-1].ID}
		}
		if i > 8 {
			after = append(after, "s2")
		}
		steps = append(steps, step(fmt.Sprint("s", i+1), connection.Patch, "renames it", after, k))
	}
	return planOf(changes, append(steps, step("s13", connection.BulkDelete, "", []string{"s4", "s8", "s12"}, key("Finance", "Old")))...)
}

// said is a reason with a text alone.
func said(text string) []connection.Reason { return []connection.Reason{{Text: text}} }

func emptyPlan() *plan.Plan { return planOf(nil) }

func refusedPlan() *plan.Plan {
	p := everydayPlan()
	p.Refusal = &plan.Refusal{
		Rule: plan.RuleMaxDeletes, Reason: connection.Reason{
			Text: "the plan would delete 1 of 7 owned connections, but policy.maxDeletes allows 0", Next: "if this is intended, pass --confirm-deletes 1@" + p.Hash,
		},
	}
	return p
}

func hostilePlan() *plan.Plan {
	var changes []plan.Change
	var steps []plan.Step
	actions := []plan.Action{plan.ActionCreate, plan.ActionAdopt, plan.ActionUpdate, plan.ActionMove, plan.ActionRecreate, plan.ActionDelete}
	for i, name := range hostileNames {
		k := key(hostileNames[i/7*7], name)
		changes = append(changes, plan.Change{
			Action: actions[i%len(actions)], Connection: k, From: &k, ID: name, DataSource: name, Reasons: said(name), Manual: connection.Reason{Text: name},
			Position: &connection.Position{File: name, Line: 3, Column: 1},
			Fields: []plan.Field{
				field("/properties/"+name, name, name+"!"), field("/properties/long", strings.Repeat(name+"\n", 4), strings.Repeat(name+"\n", 3)+"x"),
			},
		})
		steps = append(steps, step(name+fmt.Sprint(i), connection.OperationKind(name), name, hostileNames[:i%3], k))
	}
	changes[3].Refused = connection.Reason{Text: hostileNames[0]}
	p := planOf(changes, steps...)
	p.Project, p.Tenant, p.Hash = hostileNames[0], plan.Tenant{Name: hostileNames[1], URL: hostileNames[4]}, hostileNames[2]
	p.Warnings = []plan.Warning{{Reason: connection.Reason{Text: hostileNames[0]}}}
	p.Refusal = &plan.Refusal{Reason: connection.Reason{Text: hostileNames[0], Next: hostileNames[1]}}
	p.Snapshot = &plan.Source{Taken: hostileNames[0]}
	return p
}

// largePlan returns a plan that changes 10,000 connections in as many steps.
func largePlan() *plan.Plan {
	var changes []plan.Change
	var steps []plan.Step
	for _, item := range large().Items {
		changes = append(changes, plan.Change{
			Action: plan.ActionUpdate, Connection: item.Connection, ID: item.ID, DataSource: item.DataSource, Position: item.Position, Fields: item.Fields,
		})
		id := fmt.Sprint("s", len(steps)+1)
		steps = append(steps, step(id, []connection.OperationKind{connection.Patch, connection.Create}[len(steps)%2], "sets 2 properties", nil, item.Connection))
	}
	return planOf(changes, steps...)
}

func plansOf(one *plan.Plan) *report.Fleet[plan.Plan] {
	f := &report.Fleet[plan.Plan]{Format: report.PlansFormat, Project: "finance"}
	for i := range 6 {
		p := *one
		p.Tenant = plan.Tenant{Name: fmt.Sprintf("customer-%02d", i+1), URL: fmt.Sprintf("https://customer-%02d.eu.qlikcloud.com", i+1)}
		member := report.Member[plan.Plan]{Tenant: p.Tenant, Report: &p}
		switch {
		case i == 4:
			member.Report, member.Error = nil, "read caller: GET /api/v1/users/me: dial tcp: lookup customer-05.eu.qlikcloud.com: no such host"
		case i%3 != 0:
			member.Report = emptyPlan()
			member.Report.Tenant = p.Tenant
		}
		f.Tenants = append(f.Tenants, member)
	}
	return f
}
