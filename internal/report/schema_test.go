package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/qlsync/qlsync/internal/doctor"
	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/schemas"
)

// outputs are values of each format, rich enough that every field is in one of them.
var outputs = []struct {
	name   string
	schema []byte
	values []any
}{
	{"plan", schemas.Plan(), []any{planWithImpact("Sales"), planSeenBlindly(), everydayPlan(), emptyPlan(), refusedPlan(), hostilePlan(), longValuesPlan(), thousandStepsPlan(), provedPlan()}},
	{"result", schemas.Result(), []any{everydayResult(), hostileResult(), &apply.Result{
		Format: apply.Format, Hash: someHash, Project: "finance", Items: []apply.Item{}, Began: looked, Ended: looked,
	}}},
	{"drift", schemas.Drift(), []any{driftWithImpact(), driftSeenBlindly(), everydayDrift(), cleanDrift(), hostileDrift(), &plan.Drift{
		Format: plan.DriftFormat, Project: "finance", Items: []plan.DriftItem{}, Ignored: plan.DriftKinds(), Reads: provedPlan().Reads,
	}}},
	{"problems", schemas.Problems(), []any{report.NewProblems(everydayProblems()), report.NewProblems(connection.Problems{{
		Position: connection.Position{File: "a.yaml", Line: 1, Column: 2, Item: connection.Place{Line: 3, Column: 4}}, Severity: connection.SeverityError, Message: "is wrong",
	}}), report.NewProblems(nil)}},
	{"vendored", schemas.Vendored(), []any{checkedSchemas(), report.Schemas{Format: report.SchemasFormat, Sources: []report.SchemaSource{}}}},
	{"fleet", schemas.Fleet(), []any{report.FleetList{Format: report.FleetListFormat, Project: "finance", Tenants: []report.FleetRow{}}, report.FleetList{
		Format: report.FleetListFormat, Project: "finance", Summary: report.FleetSummary{Chosen: 1, NotChosen: 2, LeftOut: 1}, Tenants: []report.FleetRow{
			{Name: "north-1", ID: "t-1", URL: "https://north-1.example", Region: "eu", Groups: []string{"canary"}, Wave: "canary"},
			{Host: "gone.example", Groups: []string{}, Status: "disabled"},
		},
	}}},
	{"doctor", schemas.Doctor(), []any{examinedTenants(), doctor.Report{Format: doctor.Format, Project: "finance", Tenants: []doctor.Examined{}}}},
	{"secrets", schemas.Secrets(), []any{listedSecrets(), doctor.Secrets{Format: doctor.SecretsFormat, Project: "finance", Tenants: []doctor.TenantSecrets{}}}},
	{"impact", schemas.Impact(), []any{listOf("Sales"), unusedOf("Sales"), listOf(hostileNames...)}},
	{"check", schemas.Check(), []any{checkOf("Sales"), checkOf(hostileNames...)}},
	{"version", schemas.Version(), []any{releaseBuild(), report.Build{Format: report.BuildFormat, Version: "devel", Go: "go1.26.8", Platform: "linux/amd64"}}},
}

func compile(t *testing.T, name string, schema []byte) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.Draft = jsonschema.Draft7
	compiler.LoadURL = func(url string) (io.ReadCloser, error) { return nil, errors.New(url + " is outside of the schema") }
	if err := compiler.AddResource(name, bytes.NewReader(schema)); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// asJSON returns a value as a program reads it from our output.
func asJSON(t *testing.T, value any) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(print(t, func(w io.Writer) error { return report.JSON(w, value) })))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		t.Fatal(err)
	}
	return decoded
}

func TestEveryOutputKeepsToItsSchema(t *testing.T) {
	for _, output := range outputs {
		t.Run(output.name, func(t *testing.T) {
			schema := compile(t, output.name+".json", output.schema)
			for i, value := range output.values {
				if err := schema.Validate(asJSON(t, value)); err != nil {
					t.Errorf("value %d does not keep to its schema: %#v", i, err)
				}
			}
		})
	}
}

// TestSchemasNameEveryFieldAndNoOther walks schemas and values side by side, so
// that a field that is added, renamed or dropped is noticed in both.
func TestSchemasNameEveryFieldAndNoOther(t *testing.T) {
	for _, output := range outputs {
		t.Run(output.name, func(t *testing.T) {
			var root map[string]any
			if err := json.Unmarshal(output.schema, &root); err != nil {
				t.Fatal(err)
			}
			w := walker{root: root, promised: map[string]bool{}, seen: map[string]bool{}}
			w.promise(root, "")
			for _, value := range output.values {
				w.walk(root, asJSON(t, value), "")
			}
			for field := range w.promised {
				if !w.seen[field] {
					t.Errorf("no value has %s", field)
				}
			}
			for field := range w.seen {
				if !w.promised[field] {
					t.Errorf("the schema does not name %s", field)
				}
			}
		})
	}
}

type walker struct {
	root           map[string]any
	promised, seen map[string]bool
}

// resolve follows a reference to a definition.
func (w *walker) resolve(schema any) map[string]any {
	node, _ := schema.(map[string]any)
	if ref, ok := node["$ref"].(string); ok {
		definitions := w.root["definitions"].(map[string]any)
		return definitions[strings.TrimPrefix(ref, "#/definitions/")].(map[string]any)
	}
	return node
}

func (w *walker) promise(schema any, path string) {
	node := w.resolve(schema)
	properties, _ := node["properties"].(map[string]any)
	for name, property := range properties {
		w.promised[path+"/"+name] = true
		w.promise(property, path+"/"+name)
	}
	if items, ok := node["items"]; ok {
		w.promise(items, path+"/*")
	}
}

// walk notes the fields of a value, but not what is within a value of unknown shape.
func (w *walker) walk(schema, value any, path string) {
	node := w.resolve(schema)
	switch value := value.(type) {
	case map[string]any:
		properties, ok := node["properties"].(map[string]any)
		for name, member := range value {
			if ok {
				w.seen[path+"/"+name] = true
				w.walk(properties[name], member, path+"/"+name)
			}
		}
	case []any:
		for _, item := range value {
			w.walk(node["items"], item, path+"/*")
		}
	}
}

func TestSchemasRefuseWhatMustNotBeSaid(t *testing.T) {
	type object = map[string]any
	first := func(value any, name string) object { return value.(object)[name].([]any)[0].(object) }
	for _, test := range []struct {
		name   string
		schema []byte
		value  any
		spoil  func(any)
	}{
		{"a plan with a secret's value", schemas.Plan(), everydayPlan(), func(v any) {
			fields := first(v, "changes")["fields"].([]any)
			fields[len(fields)-1].(object)["after"] = "hunter2"
		}},
		{"a drift with a secret's value", schemas.Drift(), everydayDrift(), func(v any) {
			fields := first(v, "drift")["fields"].([]any)
			fields[len(fields)-1].(object)["before"] = "hunter2"
		}},
		{"a plan with something unknown", schemas.Plan(), everydayPlan(), func(v any) { v.(object)["credentials"] = "hunter2" }},
		{"a change with something unknown", schemas.Plan(), everydayPlan(), func(v any) { first(v, "changes")["credentials"] = "hunter2" }},
		{"a step with its operations", schemas.Plan(), everydayPlan(), func(v any) { first(v, "steps")["items"] = []any{} }},
		{"a result with something unknown", schemas.Result(), everydayResult(), func(v any) { v.(object)["secrets"] = 1 }},
		{"a done item with an error", schemas.Result(), everydayResult(), func(v any) { first(v, "items")["error"] = "no" }},
		{"a done item that is partial", schemas.Result(), everydayResult(), func(v any) { first(v, "items")["partial"] = true }},
		{"a drift with something unknown", schemas.Drift(), everydayDrift(), func(v any) { first(v, "drift")["live"] = object{} }},
		{"a problem with something unknown", schemas.Problems(), report.NewProblems(everydayProblems()), func(v any) { first(v, "problems")["value"] = "x" }},
		{"a list of secrets with a value", schemas.Secrets(), listedSecrets(), func(v any) {
			first(first(v, "tenants"), "secrets")["value"] = "hunter2"
		}},
		{"a plan of another version", schemas.Plan(), everydayPlan(), func(v any) { v.(object)["format"] = "qlsync.plan/v2" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			schema, value := compile(t, "schema.json", test.schema), asJSON(t, test.value)
			test.spoil(value)
			if schema.Validate(value) == nil {
				t.Error("the schema accepts a value that must be refused")
			}
		})
	}
}

// TestFormatsAreThoseOfTheSchemas ties the constants to the contracts.
func TestFormatsAreThoseOfTheSchemas(t *testing.T) {
	for format, schema := range map[string][]byte{
		plan.Format: schemas.Plan(), apply.Format: schemas.Result(), plan.DriftFormat: schemas.Drift(), report.ProblemsFormat: schemas.Problems(),
		report.FleetListFormat: schemas.Fleet(), report.SchemasFormat: schemas.Vendored(), doctor.SecretsFormat: schemas.Secrets(), doctor.Format: schemas.Doctor(),
		impact.ListFormat: schemas.Impact(), impact.CheckFormat: schemas.Check(),
		report.BuildFormat: schemas.Version(),
	} {
		var head struct{ Title string }
		if err := json.Unmarshal(schema, &head); err != nil || head.Title != format {
			t.Errorf("%[1]s: got the title %[2]q of the schema, error %[3]v; want %[1]s", format, head.Title, err)
		}
	}
}

func TestAPlanReadsBackAsItWasWritten(t *testing.T) {
	for _, p := range []*plan.Plan{everydayPlan(), emptyPlan(), refusedPlan(), thousandStepsPlan()} {
		text := print(t, func(w io.Writer) error { return report.JSON(w, p) })
		back, err := report.ReadPlan(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if again := print(t, func(w io.Writer) error { return report.JSON(w, back) }); again != text {
			t.Error("the JSON differs after it was read and written again")
		}
		if connection.Canonical(asJSON(t, p)) != connection.Canonical(asJSON(t, back)) {
			t.Error("the values differ after the plan was read back")
		}
	}
}
