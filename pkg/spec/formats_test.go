package spec

import (
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/jsonpointer"
	"github.com/qlsync/qlsync/internal/jsontext"
	"github.com/qlsync/qlsync/schemas"
)

// The formats of our outputs are checked here, where JSON Schema is known.

const (
	samplePlan = `{"format": "qlsync.plan/v1", "hash": "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
 "project": "finance", "tenant": {"name": "prod", "url": "https://acme.eu.qlikcloud.com"}, "caller": "ana",
 "changes": [{"action": "update", "connection": {"space": "Finance", "name": "Orders lake"}, "id": "1",
              "fields": [{"path": "/properties/region", "before": "us-east-1", "after": "eu-west-1"}, {"path": "/credentials/secretKey", "secret": true}]}],
 "steps": [{"id": "s1", "kind": "patch", "connections": [{"space": "Finance", "name": "Orders lake"}], "after": [], "calls": 1}],
 "summary": {"create": 0, "adopt": 0, "update": 1, "move": 0, "recreate": 0, "delete": 0, "unchanged": 40, "refused": 0, "omitted": 0},
 "estimate": {"tier1Calls": 3, "tier2Calls": 1, "seconds": 0, "secondsMax": 300}, "warnings": [],
 "seen": [{"connection": {"space": "Finance", "name": "Orders lake"}, "id": "1", "digest": "sha256:0123456789abcdef0123456789abcdef"}]}`
	sampleResult = `{"format": "qlsync.result/v1", "hash": "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
 "project": "finance", "tenant": {"name": "prod", "url": "https://acme.eu.qlikcloud.com"}, "ledger": {"planned": 1, "done": 0, "failed": 1, "blocked": 0, "skipped": 0},
 "items": [{"connection": {"space": "Finance", "name": "A"}, "action": "update", "outcome": "failed", "error": "no"}]}`
	sampleDrift = `{"format": "qlsync.drift/v1", "project": "finance", "tenant": {"name": "prod", "url": "https://acme.eu.qlikcloud.com"}, "summary": {"changed": 1, "missing": 0, "unmanaged": 0, "foreign": 0, "unreadable": 0, "clean": 39},
 "drift": [{"kind": "changed", "apply": "update", "connection": {"space": "Finance", "name": "A"}, "id": "1", "fields": [{"path": "/properties/region", "before": "a", "after": null}]}]}`
	sampleProblems = `{"format": "qlsync.problems/v1", "problems": [{"position": {"file": "a.yaml", "line": 1, "column": 2}, "severity": "error", "message": "no"}]}`
)

func TestTheFormatsOfOutputs(t *testing.T) {
	plan, result, drift, problems := schemas.Plan(), schemas.Result(), schemas.Drift(), schemas.Problems()
	for _, test := range []struct {
		name   string
		schema []byte
		text   string
		where  string // of the one violation; empty: none
	}{
		{"a plan", plan, samplePlan, ""},
		{"a plan of another version", plan, replaced(samplePlan, "plan/v1", "plan/v2"), "/format"},
		{"a plan with a short hash", plan, replaced(samplePlan, "0123456789abcdef", ""), "/hash"},
		{"a plan with a secret's value", plan, replaced(samplePlan, `"secret": true`, `"secret": true, "after": "hunter2"`), "/changes/0/fields/1/after"},
		{"a plan with an unknown action", plan, replaced(samplePlan, `"action": "update"`, `"action": "upsert"`), "/changes/0/action"},
		{"a result", result, sampleResult, ""},
		{"a result without an outcome", result, replaced(sampleResult, `"outcome": "failed", `, ""), "/items/0"},
		{"a drift", drift, sampleDrift, ""},
		{"a drift of an unknown kind", drift, replaced(sampleDrift, `"kind": "changed"`, `"kind": "odd"`), "/drift/0/kind"},
		{"problems", problems, sampleProblems, ""},
		{"problems of an unknown severity", problems, replaced(sampleProblems, `"error"`, `"fatal"`), "/problems/0/severity"},
	} {
		t.Run(test.name, func(t *testing.T) {
			instance, err := jsontext.Decode([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			violations, err := mustCompile(test.schema).check(instance, func(violation) bool { return false })
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case test.where == "" && len(violations) > 0:
				t.Errorf("got violations %v, want none", violations)
			case test.where != "" && (len(violations) != 1 || jsonpointer.Join(violations[0].tokens...) != test.where):
				t.Errorf("got violations %v, want one at %s", violations, test.where)
			}
		})
	}
}

func replaced(text, old, fresh string) string { return strings.Replace(text, old, fresh, 1) }
