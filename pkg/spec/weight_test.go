package spec

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/jsontext"
	"github.com/qlsync/qlsync/pkg/connection"
)

// doubled is a schema whose definitions each refer twice to the one before.
func doubled(definitions int, refer string) string {
	var text strings.Builder
	text.WriteString(`{"definitions": {"d0": {"type": "integer"}`)
	for i := 1; i < definitions; i++ {
		fmt.Fprintf(&text, `, "d%d": %s`, i, strings.ReplaceAll(refer, "BEFORE", fmt.Sprintf(`{"$ref": "#/definitions/d%d"}`, i-1)))
	}
	fmt.Fprintf(&text, `}, "properties": {"url": {"$ref": "#/definitions/d%d"}}}`, definitions-1)
	return text.String()
}

func TestASchemaThatMultipliesItselfIsRefusedWithItsName(t *testing.T) {
	list := strings.Repeat(`{"pattern": "(x{900}y{90}z)"}, `, 120)
	for name, schema := range map[string]string{
		"allOf":                     doubled(28, `{"allOf": [BEFORE, BEFORE]}`),
		"anyOf":                     doubled(28, `{"anyOf": [BEFORE, BEFORE]}`),
		"oneOf":                     doubled(28, `{"oneOf": [BEFORE, BEFORE]}`),
		"if and then":               doubled(28, `{"if": BEFORE, "then": BEFORE}`),
		"not next to if":            doubled(28, `{"not": BEFORE, "if": BEFORE}`),
		"dependencies":              doubled(28, `{"dependencies": {"a": BEFORE, "b": BEFORE}}`),
		"items":                     doubled(28, `{"items": {"anyOf": [BEFORE, BEFORE]}}`),
		"contains next to items":    doubled(28, `{"items": BEFORE, "contains": BEFORE}`),
		"several patterns":          doubled(28, `{"patternProperties": {"a": BEFORE, "b": BEFORE}}`),
		"recursion through items":   `{"properties": {"url": {"$ref": "#/definitions/a"}}, "definitions": {"a": {"items": {"allOf": [{"$ref": "#/definitions/a"}, {"$ref": "#/definitions/a"}]}}}}`,
		"recursion without an end":  `{"allOf": [{"$ref": "#"}]}`,
		"a longer way round":        `{"definitions": {"a": {"anyOf": [{"$ref": "#/definitions/b"}]}, "b": {"not": {"$ref": "#/definitions/a"}}}, "allOf": [{"$ref": "#/definitions/a"}]}`,
		"references of new dialect": `{"$schema": "https://json-schema.org/draft/2020-12/schema", "properties": {"a": {"allOf": [{"$dynamicRef": "#/properties/a"}]}}}`,
		"many schemas":              `{"properties": {"url": {"anyOf": [` + strings.Repeat(`{"type": "string"}, `, 11_000) + `true]}}}`,
		"schemas within schemas":    `{"properties": {"url": ` + strings.Repeat(`{"not": `, 4000) + `{}` + strings.Repeat(`}`, 4000) + `}}`,
		"patterns":                  `{"anyOf": [` + list + `true]}`,
		"a long enum in many":       doubled(12, `{"anyOf": [BEFORE, BEFORE], "enum": [`+strings.Repeat("1, ", 2000)+`2]}`),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			s, problems := prepareSource("rest", &connection.DataSource{Schema: []byte(schema)})
			if s == nil || s.checker != nil || len(problems) != 1 || problems[0].Code != "schema-refused" || problems[0].Args["dataSource"] != "rest" {
				t.Errorf("got schema %v and problems %v, want one problem that names rest and no checker", s, problems)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %v to refuse a schema that multiplies itself, want at most 5s", took)
			}
		})
	}
}

func TestSchemasAsPeopleWriteThemAreFarBelowTheLimit(t *testing.T) {
	for name, schema := range map[string]string{
		"a list of settings":      `{"properties": {` + strings.Repeat(`"a": {"type": "string"}, `, 300) + `"b": {"enum": ["x", "y"]}}}`,
		"a tree":                  `{"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}}`,
		"JSON":                    `{"items": {"$ref": "#"}, "additionalProperties": {"$ref": "#"}}`,
		"a base and alternatives": `{"definitions": {"base": {"properties": {"a": {}}}}, "allOf": [{"$ref": "#/definitions/base"}, {"oneOf": [{"$ref": "#/definitions/base"}, {"properties": {"b": {"items": {"$ref": "#"}}}}]}]}`,
		"many definitions in use": doubled(10, `{"allOf": [BEFORE, BEFORE]}`),
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := jsontext.Decode([]byte(schema))
			if err != nil {
				t.Fatal(err)
			}
			if weight, err := weigh(doc.(map[string]any)); err != nil || weight > maxSchemaPaths/2 {
				t.Errorf("got weight %d, error %v; want at most half of %d", weight, err, maxSchemaPaths)
			}
		})
	}
}

func TestASchemaIsNotAppliedToMoreValuesThanAnybodyWaitsFor(t *testing.T) {
	many := make([]any, 20_000)
	set := []connection.Desired{{DataSource: "rest", Properties: map[string]any{"url": many}}}
	catalog := &connection.Catalog{DataSources: map[string]*connection.DataSource{
		"rest": {ID: "rest", Schema: []byte(`{"properties": {"url": {"items": {"anyOf": [` + strings.Repeat(`{"type": "string"}, `, 4000) + `true]}}}}`)},
	}}
	_, problems := prepareSources(set, catalog)
	if len(problems) != 1 || problems[0].Code != "schema-too-costly" {
		t.Errorf("got problems %v, want one: the schema is applied too often", problems)
	}
}
