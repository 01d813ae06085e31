package report_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// The goldens show values as the engine makes them, and values that are as hostile as
// possible.

const someHash = "sha256:1f0c7a5d3e2b4968a7c6d5e4f3a2b1c00f1e2d3c4b5a69788796a5b4c3d2e1f0"

func key(space, name string) connection.Key { return connection.Key{Space: space, Name: name} }

func at(line int) *connection.Position {
	return &connection.Position{File: "connections/finance.yaml", Line: line, Column: 5}
}

func field(path string, before, after any) plan.Field {
	return plan.Field{Path: path, Before: before, After: after}
}

func secretField(name string) plan.Field {
	return plan.Field{Path: "/credentials/" + name, Secret: true}
}

func list(items ...any) []any { return append([]any{}, items...) }

func number(text string) json.Number { return json.Number(text) }

// newPlan fills in what every plan has; the summary follows from the changes.
func newPlan(changes []plan.Change, steps ...plan.Step) *plan.Plan {
	p := &plan.Plan{
		Format: plan.Format, Hash: someHash, Project: "finance", Caller: "u-ana",
		Tenant:  plan.Tenant{Name: "prod", URL: "https://acme.eu.qlikcloud.com"},
		Changes: changes, Steps: append([]plan.Step{}, steps...), Warnings: []plan.Warning{}, Seen: []plan.Seen{},
		Estimate: plan.Estimate{Tier1Calls: 3 + len(steps), Tier2Calls: len(steps)},
	}
	if len(steps) > 0 {
		p.Estimate.Seconds = (len(steps) - 1) / 500 * 300
		p.Estimate.SecondsMax = p.Estimate.Seconds + 300
	}
	s := &p.Summary
	for i, c := range changes {
		counter := map[plan.Action]*int{
			plan.ActionCreate: &s.Create, plan.ActionAdopt: &s.Adopt, plan.ActionUpdate: &s.Update,
			plan.ActionMove: &s.Move, plan.ActionRecreate: &s.Recreate, plan.ActionDelete: &s.Delete,
		}[c.Action]
		if c.Refused.Holds() {
			counter = &s.Refused
		} else if c.Waits {
			counter = &s.Manual
		}
		*counter++
		if c.Position != nil {
			p.Changes[i].Declares = "sha256:00112233445566778899aabbccddeeff"
		}
		if c.ID != "" {
			p.Seen = append(p.Seen, plan.Seen{Connection: c.Connection, ID: c.ID, Digest: "sha256:00112233445566778899aabbccddeeff"})
		}
	}
	return p
}

func step(id string, kind connection.OperationKind, after []string, keys ...connection.Key) plan.Step {
	if after == nil {
		after = []string{}
	}
	s := plan.Step{ID: id, Kind: kind, Connections: keys, After: after, Calls: 1}
	if text := describes[kind]; text != "" {
		s.Does = []connection.Reason{{Code: "any", Args: map[string]any{"count": 1}, Text: text}}
	}
	if kind == connection.Recreate {
		s.Calls = 3
	}
	return s
}

var describes = map[connection.OperationKind]string{
	connection.Create: "creates it", connection.Patch: "sets 2 properties", connection.BulkUpdate: "moves them to another space",
	connection.BulkDelete: "deletes them", connection.Delete: "deletes it",
	connection.Recreate: "creates the new one next to the old one, then swaps their names",
}

// everydayPlan has every action, and most of what can be said of one.
func everydayPlan() *plan.Plan {
	from := key("Finance", "Orders S3")
	p := newPlan([]plan.Change{
		{Action: plan.ActionCreate, Connection: key("Finance", "Budget"), DataSource: "mssql", Position: at(4), Fields: []plan.Field{
			field("/owner", nil, "ana@example.com"), field("/tags", nil, list("finance", "nightly")),
			field("/properties/QueryTimeout", nil, number("60")), field("/properties/encrypt", nil, true),
			field("/properties/host", nil, "budget.acme.example"), secretField("password"), secretField("username"),
		}},
		{
			Action: plan.ActionCreate, Connection: key("Finance", "Clicks"), DataSource: "gbq", Position: at(8),
			Manual: connection.Reason{Code: "sign-in", Args: map[string]any{"code": "authCode"}, Text: "a person must sign in: declare the code under credentials, as authCode: {env: NAME}"}, Waits: true,
			Fields: []plan.Field{field("/properties/OAuthMechanism", nil, "1")},
		},
		{Action: plan.ActionAdopt, Connection: key("Finance", "Exchange rates"), ID: "c-1", DataSource: "rest", Position: at(12)},
		{
			Action: plan.ActionMove, Connection: key("Finance", "Orders lake"), From: &from, ID: "c-2", DataSource: "File_AmazonS3ConnectorV2",
			Position: at(20), Reasons: []connection.Reason{{Code: "moved", Args: map[string]any{"from": "Finance/Old"}, Text: "moved in the files", Next: "keep the block until every tenant has it"}}, Fields: []plan.Field{
				field("/name", "Orders S3", "Orders lake"), field("/tags", list(), list("lake", "orders")),
				field("/properties/storeSseHeader", "AES256", nil), field("/properties/endpoint", nil, ""),
			},
		},
		{
			Action: plan.ActionUpdate, Connection: key("Finance", "Rates"), ID: "c-3", DataSource: "rest", Position: at(31),
			Reasons: []connection.Reason{{Text: "a change of url must carry the credentials"}}, Fields: []plan.Field{
				field("/properties/url", "https://rates.example.com/v1", "https://rates.example.com/v2"),
				field("/properties/allow~1deny", false, true), secretField("password"),
			},
		},
		{
			Action: plan.ActionRecreate, Connection: key("Finance", "Warehouse"), ID: "c-4", DataSource: "snowflake", Position: at(40),
			Refused: connection.Reason{Code: "needs-recreate", Args: map[string]any{"property": "dataSource"}, Text: "a change of data source needs recreate, which is not supported yet"},
			Fields:  []plan.Field{field("/dataSource", "mssql", "snowflake")},
		},
		{
			Action: plan.ActionDelete, Connection: key("Sales", "Retired"), ID: "c-5", DataSource: "rest",
			Reasons: []connection.Reason{{Text: "owned by this project and no longer declared"}},
		},
	},
		step("s1", connection.Create, nil, key("Finance", "Budget")),
		step("s2", connection.Patch, nil, key("Finance", "Exchange rates")),
		step("s3", connection.Patch, nil, key("Finance", "Orders lake")),
		step("s4", connection.Patch, nil, key("Finance", "Rates")),
		step("s5", connection.BulkDelete, []string{"s1", "s2", "s3", "s4"}, key("Sales", "Retired")),
	)
	p.Rotations = []plan.Change{
		{
			Action: plan.ActionRotate, Connection: key("Finance", "Ledger"), ID: "c-7", DataSource: "snowflake", Position: at(60),
			Reasons: []connection.Reason{{Code: "rotate-changed", Args: map[string]any{"count": 1}, Text: "the values behind its references have changed"}}, Fields: []plan.Field{secretField("password"), secretField("username")},
		},
		{
			Action: plan.ActionRecord, Connection: key("Finance", "Tickets"), ID: "c-8", DataSource: "rest", Position: at(70),
			Reasons: []connection.Reason{{Text: "nothing is recorded of the values of its credentials that the key can be compared with", Next: "they are taken as they are"}},
		},
		{
			Action: plan.ActionRotate, Connection: key("Sales", "Leads"), ID: "c-9", DataSource: "snowflake", Position: &connection.Position{File: "connections/finance.yaml", Line: 80, Column: 5, Item: connection.Place{Line: 82, Column: 7}},
			Reasons: []connection.Reason{{Text: "asked for"}}, Fields: []plan.Field{secretField("password")},
			Refused: connection.Reason{Code: "rotate-needs-recreate", Args: map[string]any{"count": 1}, Text: "writing its credentials needs a recreate (update: recreate), which must be reviewed. Raise credentialsVersion"},
		},
	}
	p.Summary.Rotate, p.Summary.Record, p.Summary.Refused = 1, 1, p.Summary.Refused+1
	p.Summary.Unchanged = 40
	p.Summary.Omitted = 2
	rates := key("Finance", "Rates")
	p.Warnings = []plan.Warning{
		{Connection: &rates, Reason: connection.Reason{Code: "host-gets-credentials", Args: map[string]any{"property": "url"}, Text: "these credentials will be sent to another host: url changes"}},
		{Reason: connection.Reason{Text: "nothing is deleted, because 2 connections could not be read"}},
	}
	return p
}

func refusedPlan() *plan.Plan {
	p := newPlan([]plan.Change{
		{Action: plan.ActionDelete, Connection: key("Finance", "One"), ID: "c-1", DataSource: "rest", Reasons: []connection.Reason{{Text: "owned by this project and no longer declared"}}},
		{Action: plan.ActionDelete, Connection: key("Finance", "Three"), ID: "c-3", DataSource: "rest", Reasons: []connection.Reason{{Text: "owned by this project and no longer declared"}}},
	}, step("s1", connection.BulkDelete, nil, key("Finance", "One"), key("Finance", "Three")))
	p.Summary.Unchanged = 5
	p.Snapshot = &plan.Source{Taken: "2026-11-24T02:00:00Z"}
	p.Refusal = &plan.Refusal{
		Rule: plan.RuleMaxDeletes, Reason: connection.Reason{
			Code: "max-deletes", Args: map[string]any{"deletes": 2, "owned": 7, "allowed": 0},
			Text: "the plan would delete 2 of 7 owned connections, but policy.maxDeletes allows 0", Next: "if this is intended, pass --confirm-deletes 2@" + someHash,
		},
	}
	return p
}

func emptyPlan() *plan.Plan {
	p := newPlan([]plan.Change{})
	p.Summary.Unchanged = 40
	p.Summary.Omitted = 2
	return p
}

// hostileNames are what a tenant's users may call things.
var hostileNames = []string{
	"\x1b[2J\x1b[31mcleared", "\u009b31mC1", "two\nlines\r", "bell\a and tab\t", "evil\u202egnp.exe", "zero\u200bwidth",
	"not utf-8 \x9b31m", "%s %d %!v(PANIC=x) %%", "注文レイク", "🧾 invoices", "é combined", "::error::forged", "##vso[task.setvariable]x", "a ##[group]b",
	strings.Repeat("a very long name ", 12) + "end", "", " ", "\"quoted\" and \\back", "\x00",
}

func hostilePlan() *plan.Plan {
	var changes []plan.Change
	var steps []plan.Step
	for i, name := range hostileNames {
		k := key(hostileNames[i/6*6], name)
		changes = append(changes, plan.Change{
			Action: plan.ActionUpdate, Connection: k, ID: "c\x1b-" + fmt.Sprint(i), DataSource: "rest" + hostileNames[i%7],
			Reasons: []connection.Reason{{Text: "because of " + name}}, Position: &connection.Position{File: "a\x1b[1m.yaml", Line: 1, Column: 2, Item: connection.Place{Line: 3, Column: 4}},
			Fields: []plan.Field{field("/properties/"+name, name, list(name, map[string]any{name: name}))},
		})
		steps = append(steps, step(fmt.Sprint("s", i+1), connection.Patch, nil, k))
	}
	changes[2].Refused = connection.Reason{Text: "no\x1b[0m: " + hostileNames[2]}
	p := newPlan(changes, steps...)
	p.Project, p.Tenant = "fin\x1bance", plan.Tenant{Name: "pr\u202eod", URL: "https://\x1b]8;;evil\x07", ID: "t\x1b[1m"}
	p.Warnings = []plan.Warning{{Connection: &changes[0].Connection, Reason: connection.Reason{Text: "careful \x1b[5m"}}}
	p.Refusal = &plan.Refusal{Rule: plan.RuleEmpty, Reason: connection.Reason{Text: "no\x1b[0m", Next: "do\nthis"}}
	return p
}

const sql = `SELECT o.id,
       o.customer,
       o.total
  FROM orders o
  JOIN customers c ON c.id = o.customer
 WHERE o.year = 2024
   AND o.total > 0
 GROUP BY 1, 2, 3
 ORDER BY o.id
 LIMIT 1000
`

// longValuesPlan has values that do not fit on a line.
func longValuesPlan() *plan.Plan {
	header := func(name, value string) any { return map[string]any{"name": name, "value": value} }
	update := func(name string, fields ...plan.Field) plan.Change {
		return plan.Change{Action: plan.ActionUpdate, Connection: key("Finance", name), ID: "id of " + name, DataSource: "rest", Position: at(3), Fields: fields}
	}
	url := "https://rates.example.com/api/v2/exchange?from=EUR&to=USD&precision=6&date=2024-01-01"
	return newPlan([]plan.Change{
		update("Lists",
			field("/properties/customHeaders",
				list(header("Accept", "application/json"), header("X-Team", "finance & co"), header("X-Stage", "test")),
				list(header("Accept", "application/json"), header("X-Team", "finance & co"), header("X-Stage", "prod"), header("X-New", "<yes>"), "::warning::x")),
			field("/properties/gone", list(header("Accept", "application/json"), header("X-Team", "finance and controlling")), list()),
			field("/properties/map", map[string]any{"a": number("1"), "path": "https://x.example/?a=1&b=2", "z": list("a long text in a list")},
				map[string]any{"a": number("2"), "path": "https://x.example/?a=1&b=2", "z": list("a long text in a list")})),
		update("Lines",
			field("/properties/query", sql, strings.Replace(sql, "2024", "2025", 1)),
			field("/properties/first", sql, strings.Replace(sql, "SELECT", "SELECT DISTINCT", 1)),
			field("/properties/end", sql, strings.TrimSuffix(sql, "\n")),
			field("/properties/blanks", sql, strings.Replace(sql, "o.customer,\n", "o.customer,  \n", 1)),
			field("/properties/returns", "BEGIN;\r\nSELECT 1;\r\nSELECT 2 FROM a_table_with_a_long_name;\r\n", "BEGIN;\nSELECT 1;\nSELECT 2 FROM a_table_with_a_long_name;\n"),
			field("/properties/cleared", sql, ""), field("/properties/added", nil, sql), field("/properties/removed", sql, nil)),
		update("Strings",
			field("/properties/pair", "https://rates.example.com/api/v1/exchange", "https://rates.example.com/api/v2/exchange"),
			field("/properties/url", url, strings.Replace(url, "EUR", "GBP", 1)),
			field("/properties/cjk", "短い値です", "これは三十文字を超えているけれども六十桁には届かない値"),
			field("/properties/hostile", url+"\x1b[31m\nred", url)),
		update("Secrets",
			field("/properties/token", connection.NewSecret("canary-1"), "now it is in the open"),
			field("/properties/nested", list(map[string]any{"name": "key.json", "value": connection.NewSecret("canary-2")}), list()),
			secretField("password")),
	})
}

// thousandStepsPlan creates 1,000 connections, moves 300, patches 120 behind their
// own moves, and deletes a few at the end.
func thousandStepsPlan() *plan.Plan {
	var changes []plan.Change
	var steps []plan.Step
	var all []string
	add := func(kind connection.OperationKind, after []string, keys ...connection.Key) string {
		s := step(fmt.Sprint("s", len(steps)+1), kind, after, keys...)
		steps = append(steps, s)
		return s.ID
	}
	for i := range 1000 {
		k := key("Bulk", fmt.Sprintf("Bucket %04d", i))
		changes = append(changes, plan.Change{Action: plan.ActionCreate, Connection: k, DataSource: "rest", Position: at(i + 3)})
		all = append(all, add(connection.Create, nil, k))
	}
	moved := make([]connection.Key, 300)
	for i := range moved {
		moved[i] = key("Moved", fmt.Sprintf("Table %03d", i))
	}
	var moves []string
	for i := range 3 {
		moves = append(moves, add(connection.BulkUpdate, nil, moved[i*100:(i+1)*100]...))
	}
	for i := range 120 {
		all = append(all, add(connection.Patch, moves[i/60:i/60+1], moved[i]))
	}
	for i := range 5 {
		all = append(all, add(connection.Patch, moves[2:], key("Moved", fmt.Sprint("Late ", i))))
	}
	add(connection.BulkDelete, all, key("Old", "One"), key("Old", "Two"))
	p := newPlan(changes, steps...)
	return p
}

// said returns a reason whose sentence is written.
func said(text string) connection.Reason { return connection.Reason{Text: text} }

func everydayResult() *apply.Result {
	items := []apply.Item{
		{Connection: key("Finance", "Budget"), Action: plan.ActionCreate, Outcome: apply.Done, ID: "c-9", Position: at(4)},
		{
			Connection: key("Finance", "Clicks"), Action: plan.ActionCreate, Outcome: apply.Blocked, Position: at(8),
			Why: connection.Reason{Code: "other-project", Args: map[string]any{"project": "sales"}, Text: "a person must sign in first: open the address"}, SignInURL: "https://login.example/?state=5&client_id=7",
		},
		{Connection: key("Finance", "Exchange rates"), Action: plan.ActionAdopt, Outcome: apply.Done, ID: "c-1", Position: at(12), Overwrites: true},
		{
			Connection: key("Finance", "Orders lake"), Action: plan.ActionMove, Outcome: apply.Failed, ID: "c-2", Position: at(20), Partial: true, Unknown: true,
			Why: said("patch connection: PATCH /api/v1/data-connections/c-2 was answered with 500: internal error (trace 7f) (done: bulk-update)"),
		},
		{
			Connection: key("Finance", "Rates"), Action: plan.ActionUpdate, Outcome: apply.Blocked, ID: "c-3", Position: at(31),
			Why: said(`it needs the patch of "Finance/Orders lake", which was not done`),
		},
		{
			Connection: key("Finance", "Warehouse"), Action: plan.ActionRecreate, Outcome: apply.Blocked, ID: "c-4", Position: at(40),
			Why: said("a change of data source needs recreate, which is not supported yet"),
		},
		{
			Connection: key("Sales", "Mail"), Action: plan.ActionUpdate, Outcome: apply.Pending, ID: "c-6", Position: at(52),
			Why: said("update connection: saved, but not in effect: gateway-1: no answer"),
		},
		{Connection: key("Sales", "Retired"), Action: plan.ActionDelete, Outcome: apply.Skipped, ID: "c-5", Why: said("interrupted before its turn")},
		{
			Connection: key("Sales", "Targets"), Action: plan.ActionUpdate, Outcome: apply.Done, ID: "c-6", Position: at(52),
			Differs: &plan.Finding{
				Fields:  []plan.Field{field("/properties/timeout", "30", nil), field("/properties/url", "https://a.example", "https://A.example"), secretField("password")},
				Reasons: []connection.Reason{{Code: "credentials-version", Args: map[string]any{"from": "1", "to": "2"}, Text: "credentialsVersion 1 -> 2"}}, Advice: connection.Reason{Code: "may-be-unreadable", Args: map[string]any{"properties": []string{"timeout"}}, Text: "if the service does not show timeout, set lifecycle.unreadable: [timeout]"},
			},
		},
		{
			Connection: key("Sales", "Tickets"), Action: plan.ActionUpdate, Outcome: apply.Done, ID: "c-7", Position: at(60),
			Differs: &plan.Finding{Unseen: true, Reasons: []connection.Reason{{Text: "it cannot be read", Next: "GET /api/v1/data-connections/c-7 was answered with 403: Forbidden"}}},
		},
	}
	return &apply.Result{
		Format: apply.Format, Hash: someHash, Project: "finance", Tenant: plan.Tenant{Name: "demo", URL: "sim:tenant.yaml"},
		Ledger: apply.Ledger{Planned: 10, Done: 4, Pending: 1, Failed: 1, Blocked: 3, Skipped: 1, Differs: 1, Unseen: 1}, Items: items,
		Unverified: connection.Reason{Code: "not-read-again", Args: map[string]any{"error": "read caller: acme.eu.qlikcloud.com not reachable"}, Text: "read caller: acme.eu.qlikcloud.com not reachable"},
	}
}

func hostileResult() *apply.Result {
	r := &apply.Result{Format: apply.Format, Hash: someHash, Project: "fin\x1bance", Tenant: plan.Tenant{Name: "pr\u202eod", URL: "https://\x1b[1m", ID: "t\x1b[1m"}}
	for _, name := range hostileNames {
		r.Items = append(r.Items, apply.Item{
			Connection: key("Finance", name), Action: plan.ActionUpdate, Outcome: apply.Failed, ID: "c", Why: said("400 " + name),
			Position: &connection.Position{File: "a\x1b[1m.yaml", Line: 1, Column: 2, Item: connection.Place{Line: 3, Column: 4}},
		})
	}
	r.Ledger = apply.Ledger{Planned: len(r.Items), Failed: len(r.Items)}
	return r
}

func everydayDrift() *plan.Drift {
	return &plan.Drift{
		Format: plan.DriftFormat, Project: "finance", Tenant: plan.Tenant{Name: "prod", URL: "https://acme.eu.qlikcloud.com"},
		At:         time.Date(2026, 11, 25, 3, 15, 0, 0, time.UTC),
		Summary:    plan.DriftSummary{Changed: 1, Missing: 1, Undeclared: 1, Unmanaged: 1, Foreign: 1, Unreadable: 1, Clean: 35},
		Incomplete: []string{"2 connections could not be read"},
		Items: []plan.DriftItem{
			{
				Kind: plan.DriftChanged, Connection: key("Finance", "Budget"), ID: "c-1", DataSource: "mssql", Apply: "update", Position: at(4),
				Owner: "bo@example.com", UpdatedAt: time.Date(2026, 11, 24, 16, 5, 6, 910_000_000, time.UTC), Reasons: []connection.Reason{{Code: "credentials-version", Args: map[string]any{"from": "1", "to": "2"}, Text: "credentialsVersion 1 -> 2"}}, Fields: []plan.Field{
					field("/owner", "ana@example.com", "bo@example.com"), field("/tags", list("finance"), list("finance", "mine")),
					field("/properties/host", "budget.acme.example", "elsewhere.example"), field("/properties/encrypt", true, nil),
					field("/properties/driver", nil, "odbc"), field("/properties/query", sql, strings.Replace(sql, "2024", "2025", 1)),
					secretField("password"),
				},
			},
			{Kind: plan.DriftForeign, Connection: key("Finance", "Exchange rates"), ID: "c-2", DataSource: "rest", Apply: plan.ApplyRefuse, Reasons: []connection.Reason{{Text: `it belongs to project "sales"`}}, Position: at(12)},
			{Kind: plan.DriftMissing, Connection: key("Finance", "Orders lake"), DataSource: "File_AmazonS3ConnectorV2", Apply: "create", Position: at(20)},
			{Kind: plan.DriftUnreadable, Connection: key("Finance", "Rates"), ID: "c-3", DataSource: "rest", Apply: plan.ApplyRefuse, Reasons: []connection.Reason{{Text: "it cannot be read: 403 forbidden", Next: "use the token of a member of the space"}}, Position: &connection.Position{File: "connections/finance.yaml", Line: 31, Column: 5, Item: connection.Place{Line: 33, Column: 7}}},
			{Kind: plan.DriftUnmanaged, Connection: key("Sales", "By hand"), ID: "c-4", DataSource: "rest", Apply: plan.ApplyNothing},
			{Kind: plan.DriftUndeclared, Connection: key("Sales", "Retired"), ID: "c-5", DataSource: "rest", Apply: "delete", Reasons: []connection.Reason{{Text: "owned by this project and no longer declared"}}},
		},
	}
}

func cleanDrift() *plan.Drift {
	d := everydayDrift()
	d.Items, d.Incomplete, d.Summary = []plan.DriftItem{}, nil, plan.DriftSummary{Clean: 1}
	return d
}

func hostileDrift() *plan.Drift {
	d := cleanDrift()
	d.Project, d.Tenant = "fin\x1bance", plan.Tenant{Name: "pr\u202eod", URL: "https://\x1b[1m", ID: "t\x1b[1m"}
	d.Incomplete = []string{"no\x1b[0m", "two\nlines"}
	for _, name := range hostileNames {
		d.Items = append(d.Items, plan.DriftItem{
			Kind: plan.DriftChanged, Connection: key("Finance", name), ID: "c\x1b", DataSource: "rest", Reasons: []connection.Reason{{Text: "because of " + name}}, Apply: "update",
			Fields: []plan.Field{field("/properties/"+name, name, nil), field("/properties/x"+name, nil, name)},
		})
	}
	d.Summary.Changed = len(hostileNames)
	return d
}

func everydayProblems() connection.Problems {
	position := func(file string, line, column int) connection.Position {
		return connection.Position{File: file, Line: line, Column: column}
	}
	return connection.Problems{
		{Severity: connection.SeverityError, Message: "the project names no tenant"},
		{Position: position("connections/empty.yaml", 0, 0), Severity: connection.SeverityWarning, Message: "the file declares nothing"},
		{Position: position("connections/finance.yaml", 6, 5), Severity: connection.SeverityError, Message: `unknown key "propertys"`, Hint: `did you mean "properties"?`},
		{Position: position("connections/finance.yaml", 120, 14), Severity: connection.SeverityError, Message: `variable "stag" is not defined`, Code: "no-variable", Args: map[string]any{"name": "stag"}},
		{Position: position("日本\x1b[1m.yaml", 1, 1), Severity: connection.SeverityError, Message: "hostile \x1b[31m\n100 %d", Hint: "\u202e"},
	}
}
