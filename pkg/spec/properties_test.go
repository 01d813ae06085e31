package spec_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// desired reads one connection, whose properties and credentials begin on line 7
// of the file c.yaml.
func desired(t *testing.T, text string) []connection.Desired {
	t.Helper()
	inFolder(t, `
-- qlsync.yaml --
version: 1
project: finance
connections: c.yaml
tenants: {demo: {url: "sim:tenant.yaml"}}
-- c.yaml --
version: 1
connections:
  - name: A
    space: S
    dataSource: src
    # the rest:
`+text)
	sets, problems := readAll(t, nil)
	if len(problems) > 0 {
		t.Fatalf("got problems %v, want none", problems)
	}
	return sets[0].Connections
}

// catalog holds one data source.
func catalog(schema string, properties map[string]connection.Property) *connection.Catalog {
	return &connection.Catalog{DataSources: map[string]*connection.DataSource{
		"src": {ID: "src", Schema: []byte(schema), Properties: properties},
	}}
}

const sampleSchema = `{
  "type": "object",
  "properties": {
    "host": {"type": "string", "format": "hostname"},
    "port": {"type": "integer", "minimum": 1, "maximum": 65535},
    "portText": {"type": "string", "enum": ["443", "1433"]},
    "ratio": {"type": "number"},
    "secure": {"type": "boolean", "default": false},
    "region": {"type": "string", "enum": ["eu-west-1", "eu-west-2", "eu-central-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2"]},
    "mode": {"enum": ["Basic", "Anonymous", "anonymouS2"]},
    "twins": {"enum": ["a", "A"]},
    "headers": {"type": "array", "items": {
      "type": "object", "required": ["name"], "additionalProperties": false,
      "properties": {"name": {"type": "string", "minLength": 1}, "value": {"type": "string", "maxLength": 5}, "encrypt": {"type": "boolean"}}}},
    "either": {"oneOf": [
      {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}},
      {"type": "object", "required": ["b", "c"]},
      {"type": "array", "items": {"type": "string"}}]},
    "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    "shared": {"$ref": "#/definitions/short"},
    "password": {"type": "string", "minLength": 8, "pattern": "^x"},
    "key": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}, "value": {"type": "string", "contentEncoding": "base64"}}}}
  },
  "definitions": {"short": {"type": "string", "maxLength": 3}}
}`

func TestValuesThatASchemaAccepts(t *testing.T) {
	for _, test := range []struct{ name, text string }{
		{"nothing at all", ""},
		{"plain values", "    properties: {host: h, port: 1433, ratio: 1.5, secure: true, region: eu-west-1}"},
		{"a number as text, and the reverse", `    properties: {port: "1433", ratio: "1.5", portText: 443}`},
		{"a switch as text", `    properties: {secure: "true", headers: [{name: a, encrypt: "False"}]}`},
		{"an enum in another letter case", "    properties: {region: EU-West-1, mode: basic}"},
		{"null, which must be absent", "    properties: {port: null, host: h}"},
		{"references for any text", `    credentials: {password: {env: P}, key: [{name: k, value: {file: k, encoding: base64}}], port: {env: PORT}, headers: [{name: a, value: {env: V}}]}`},
		{"an alternative", "    properties: {either: {a: 1}, maybe: 5}"},
		{"an alternative by another type, as text", `    properties: {either: [x], maybe: "5"}`},
		{"a definition of its own", "    properties: {shared: abc}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if problems := spec.CheckProperties(desired(t, test.text), catalog(sampleSchema, nil)); len(problems) > 0 {
				t.Errorf("got problems %v, want none: the schema accepts the value", problems)
			}
		})
	}
}

func TestValuesThatASchemaRefuses(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"an unknown property, at its key", "    properties: {prot: 1, xyzzy: null}", `
			c.yaml:7:18: unknown-property dataSource=src meant=port property=prot
			c.yaml:7:27: unknown-property dataSource=src property=xyzzy`},
		{"wrong types", "    properties: {host: [a], port: many, secure: 1, ratio: {a: b}, headers: x, shared: abcd}", `
			c.yaml:7:24: wrong-type expected="a string" field=host found="a list" what=property
			c.yaml:7:35: wrong-type expected="a whole number" field=port found="a string" what=property
			c.yaml:7:49: wrong-type expected="true or false" field=secure found="a number" what=property
			c.yaml:7:59: wrong-type expected="a number" field=ratio found="a map" what=property
			c.yaml:7:76: wrong-type expected="a list" field=headers found="a string" what=property
			c.yaml:7:87: too-long field=shared limit=3 unit=characters what=property`},
		{"a fraction for a whole number", "    properties: {port: 1.5}", `c.yaml:7:24: wrong-type expected="a whole number" field=port found="a fraction" what=property`},
		{"a value out of bounds", "    properties: {port: 0, host: a_b}", `
			c.yaml:7:24: below-minimum field=port limit=1 what=property
			c.yaml:7:33: wrong-format field=host format=hostname what=property`},
		{"a value of no enum", "    properties: {region: eu-west-3, portText: 80, mode: x, twins: b}", `
			c.yaml:7:26: misspelt-value count=7 field=region meant="[eu-west-1 eu-west-2 us-west-1]" what=property
			c.yaml:7:47: not-one-of allowed="[443 1433]" field=portText what=property
			c.yaml:7:57: not-one-of allowed="[Basic Anonymous anonymouS2]" field=mode what=property
			c.yaml:7:67: not-one-of allowed="[a A]" field=twins what=property`},
		{"mistakes inside a list", "    properties:\n      headers:\n        - {name: a, encrpt: true}\n        - {value: toolong}\n        - x", `
			c.yaml:9:21: unknown-field field=encrpt meant=encrypt
			c.yaml:10:11: missing-field field=name
			c.yaml:10:19: too-long field=headers[1].value limit=5 unit=characters what=property
			c.yaml:11:11: wrong-type expected="a map" field=headers[2] found="a string" what=property`},
		{"the likeliest alternative", "    properties: {either: {a: x}, maybe: [1]}", `
			c.yaml:7:30: wrong-type expected="a whole number" field=either.a found="a string" what=property
			c.yaml:7:41: wrong-type expected="a whole number" field=maybe found="a list" what=property`},
		{"no alternative", "    properties: {either: 5}", `c.yaml:7:26: wrong-type expected="a map or a list" field=either found="a number" what=property`},
		{"credentials, whose values are not shown", "    credentials: {password: hunter2, region: eu-west-3, key: {env: K}}", `
			c.yaml:7:29: too-short field=password limit=8 unit=characters what=credential
			c.yaml:7:29: wrong-pattern field=password pattern=^x what=credential
			c.yaml:7:46: not-one-of-many count=7 field=region what=credential
			c.yaml:7:62: wrong-type expected="a list" field=key found="a reference" what=credential`},
	} {
		t.Run(test.name, func(t *testing.T) {
			problems := spec.CheckProperties(desired(t, test.text), catalog(sampleSchema, nil))
			if diff := cmp.Diff(lines(test.want), codes(problems)); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAConnectionMayHaveWhatTheSchemaDoesNotKnow(t *testing.T) {
	problems := spec.CheckProperties(desired(t, "    additionalProperties: allow\n    properties: {prot: [1], port: many}\n    credentials: {pin: {env: PIN}}"), catalog(sampleSchema, nil))
	want := lines(`
			c.yaml:8:18: unknown-property dataSource=src meant=port property=prot (warning)
			c.yaml:8:35: wrong-type expected="a whole number" field=port found="a string" what=property
			c.yaml:9:19: unknown-property dataSource=src property=pin (warning)`)
	if diff := cmp.Diff(want, codes(problems)); diff != "" {
		t.Errorf("problems differ (-want +got):\n%s", diff)
	}
	for i, severity := range []connection.Severity{connection.SeverityWarning, connection.SeverityError, connection.SeverityWarning} {
		if problems[i].Severity != severity {
			t.Errorf("%v: got severity %v, want %v", problems[i], problems[i].Severity, severity)
		}
	}
}

func TestWhatASchemaRequires(t *testing.T) {
	schema := `{"required": ["host", "database", "region", "user", "password"],
		"properties": {"host": {}, "database": {}, "region": {"default": "x"}, "user": {}, "password": {}}}`
	classes := map[string]connection.Property{"user": {Class: connection.ClassCredential}, "password": {Class: connection.ClassSecret}}
	for _, test := range []struct{ name, text, want string }{
		{"properties, at the key properties", "    properties: {host: a, database: null}", `c.yaml:7:5: missing-property dataSource=src property=database what=property`},
		{"properties, at the connection where there are none", "    tags: []", `
			c.yaml:3:5: missing-property dataSource=src property=database what=property
			c.yaml:3:5: missing-property dataSource=src property=host what=property`},
		{"a misspelt one, once", "    properties: {hots: a, database: b}", `c.yaml:7:18: unknown-property dataSource=src meant=host property=hots`},
		{"a misspelt one that is only a warning", "    additionalProperties: allow\n    properties: {hots: a, database: b}", `
			c.yaml:8:5: missing-property dataSource=src property=host what=property
			c.yaml:8:18: unknown-property dataSource=src meant=host property=hots (warning)`},
		{"all credentials or none", "    properties: {host: a, database: b}\n    credentials: {user: u}", `c.yaml:7:5: missing-property dataSource=src property=password what=credential`},
	} {
		t.Run(test.name, func(t *testing.T) {
			problems := spec.CheckProperties(desired(t, test.text), catalog(schema, classes))
			if diff := cmp.Diff(lines(test.want), codes(problems)); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSchemasOfOtherDialectsAndWithMistakes(t *testing.T) {
	const unusable = `schema-part-unusable dataSource=src where=% (warning)`
	cut := func(places ...string) (text string) {
		for _, place := range places {
			text += strings.ReplaceAll(unusable, "%", place) + "\n"
		}
		return text
	}
	const wrong = `c.yaml:7:24: wrong-type expected="a whole number" field=port found="a string" what=property`
	for _, test := range []struct{ name, schema, want string }{
		{"a pattern that Go does not know", `{"properties": {"port": {"type": "integer"}, "x": {"pattern": "^(?!a)"}}}`, cut("/properties/x/pattern") + wrong},
		{"a pattern of names that Go does not know", `{"properties": {"port": {"type": "integer"}}, "patternProperties": {"^(?!a)": {}}}`, cut("/patternProperties/^(?!a)") + wrong},
		{
			"references to elsewhere", `{"properties": {"port": {"type": "integer"}, "x": {"$ref": "http://example.com/x.json"}, "y": {"$ref": "file:///etc/passwd"}, "z": {"$ref": "#/nowhere"}}}`,
			cut("/properties/x/$ref", "/properties/y/$ref", "/properties/z/$ref") + wrong,
		},
		{"an address of its own", `{"$id": "https://example.com/s.json", "properties": {"port": {"$ref": "https://example.com/s.json#/definitions/p"}}, "definitions": {"p": {"type": "integer"}}}`, wrong},
		{"an unknown dialect", `{"$schema": "https://example.com/dialect", "properties": {"port": {"type": "integer"}}}`, cut("/$schema") + wrong},
		{"draft-04", `{"$schema": "http://json-schema.org/draft-04/schema#", "properties": {"port": {"type": "integer", "minimum": 0, "exclusiveMinimum": true}}}`, wrong},
		{"2020-12", `{"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": {"p": {"type": "integer"}}, "properties": {"port": {"$ref": "#/$defs/p", "minimum": 2}}, "unevaluatedProperties": false}`, wrong},
		{
			"OpenAPI", `{"properties": {"port": {"type": "integer", "required": true, "exclusiveMinimum": true, "nullable": true}, "x": {"type": "file"}, "y": {"required": ["a", 7]}}}`,
			cut("/properties/port/exclusiveMinimum", "/properties/port/required", "/properties/x/type", "/properties/y/required") + wrong,
		},
		{
			"entries that are no schemas", `{"properties": {"port": {"type": "integer"}, "x": "text"}, "allOf": ["y"], "enum": []}`,
			cut("/allOf", "/enum", "/properties/x") + wrong,
		},
		{
			"a schema that refers to itself", `{"allOf": [{"$ref": "#"}, {"$ref": "#"}], "properties": {"port": {"type": "integer"}}}`,
			`schema-refused dataSource=src reason="its references and alternatives check one value against more than 10,000 schemas" (warning)`,
		},
		{"no schema", `[1]`, `schema-invalid dataSource=src (warning)`},
		{"no JSON", `{`, `schema-invalid dataSource=src (warning)`},
		{"no schema at all", ``, ``},
		{"no names, and none allowed", `{"additionalProperties": false}`, `c.yaml:7:18: unknown-field field=port`},
		{"other names allowed, with a suggestion for what looks like a mistake", `{"properties": {"ports": {}}, "additionalProperties": true}`, `c.yaml:7:18: unknown-property dataSource=src meant=ports property=port (warning)`},
		{"other names allowed by a pattern", `{"properties": {"x": {}}, "patternProperties": {"^po": {}}}`, ``},
		{
			"names in branches", `{"oneOf": [{"properties": {"x": {}}}, {"$ref": "#/definitions/d"}], "definitions": {"d": {"required": ["port"], "properties": {"port": {"type": "integer"}}}}}`,
			"",
		},
		{"false", `{"properties": {"port": false}}`, `c.yaml:7:24: not-allowed field=port what=property`},
	} {
		t.Run(test.name, func(t *testing.T) {
			problems := spec.CheckProperties(desired(t, "    properties: {port: many}"), catalog(test.schema, nil))
			if diff := cmp.Diff(strings.TrimSpace(test.want), codes(problems)); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDataSourcesThatATenantDoesNotHave(t *testing.T) {
	set := desired(t, "    tags: []")
	for _, test := range []struct {
		name    string
		catalog *connection.Catalog
		want    string
	}{
		{"no catalog", nil, ""},
		{"an empty catalog", &connection.Catalog{}, ""},
		{"known, but not described", &connection.Catalog{Known: []string{"src"}}, ""},
		{"not known", &connection.Catalog{Known: []string{"rest", "srcs"}}, `c.yaml:5:17: unknown-data-source dataSource=src meant=srcs`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := codes(spec.CheckProperties(set, test.catalog)); got != test.want {
				t.Errorf("got problems %q, want %q", got, test.want)
			}
		})
	}
}

// classify knows a few names.
func classify(_, property string) connection.Class {
	switch property {
	case "password", "key":
		return connection.ClassSecret
	case "username":
		return connection.ClassCredential
	}
	return connection.ClassProperty
}

// knowsSecret knows the property known, and known inside a value.
func knowsSecret(_, property string, value any) bool {
	return property == "known" || strings.Contains(connection.Canonical(value), "really")
}

// holdsSecret reports whether a value contains hunter2 anywhere.
func holdsSecret(_, _ string, value any) bool {
	return strings.Contains(connection.Canonical(value), "hunter2")
}

func TestWhatBelongsToTheCredentials(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"everything in its place", `    properties: {host: h, files: {file: 1, x: 2}}
    credentials: {username: u, password: {env: P}, key: [{name: k.json, value: {file: k}}], headers: [{name: a, value: {env: A}}, {name: b, value: plain}]}`, ""},
		{"secrets under properties", "    properties: {password: hunter2, username: u, key: {env: K}}", `
			c.yaml:7:18: suspect-in-properties property=password
			c.yaml:7:37: credential-in-properties property=username
			c.yaml:7:50: suspect-in-properties property=key`},
		{"that a part of the credentials must be absent", "    properties: {password: null, username: null}", ""},
		{"a secret inside a list under properties, at its value", "    properties:\n      headers:\n        - {name: a, value: 1}\n        - {name: b, value: hunter2, encrypt: true}\n        - hunter2", `
			c.yaml:10:28: suspect-inside-property property=headers
			c.yaml:11:11: suspect-inside-property property=headers`},
		{"an address with a password", "    properties: {url: \"https://me:hunter2@example.com\", map: {a: {b: hunter2}}}", `
			c.yaml:7:23: suspect-inside-property property=url
			c.yaml:7:62: suspect-inside-property property=map`},
		{"a secret in the open next to a reference", "    credentials: {headers: [{name: a, value: {env: A}}, {name: b, value: hunter2}], url: hunter2}", `
			c.yaml:7:74: secret-in-plain-text
			c.yaml:7:90: secret-in-plain-text`},
		{"references under properties", "    properties: {host: {env: H}, list: [{a: {file: x, encoding: base64}}]}", `
			c.yaml:7:18: reference-in-properties property=host
			c.yaml:7:34: reference-in-properties property=list`},
		{"secrets in the open", "    credentials: {password: hunter2, key: [{name: k, value: hunter2}, hunter3]}", `
			c.yaml:7:29: secret-in-plain-text
			c.yaml:7:61: secret-in-plain-text
			c.yaml:7:71: secret-in-plain-text`},
		{"a secret that is not there", "    credentials: {key: [{name: k}], password: {}}", `
			c.yaml:7:24: secret-without-source property=key
			c.yaml:7:47: secret-without-source property=password`},
		{"guesses that the connection lifts", "    notSensitive: [password, headers, url]\n    properties: {password: public, headers: [{name: b, value: hunter2}], url: hunter2}", ""},
		{"more than a guess, and listed anyway", "    notSensitive: [known, headers, key]\n    properties: {known: hunter2, headers: [{name: b, value: really}], key: public}", `
			c.yaml:7:20: not-sensitive-secret property=known
			c.yaml:7:27: not-sensitive-secret property=headers
			c.yaml:8:25: secret-inside-property property=known`},
		{"what is also sensitive", "    sensitive: [password]\n    notSensitive: [password]\n    properties: {password: public}", `
			c.yaml:8:20: sensitive-and-not property=password
			c.yaml:9:18: secret-in-properties property=password`},
		{"no guess is lifted of credentials", "    notSensitive: [password]\n    credentials: {password: hunter2}", `
			c.yaml:8:29: secret-in-plain-text`},
		{"properties under credentials", "    credentials: {host: h, headers: [{name: a, value: b}]}", `
			c.yaml:7:19: not-a-credential property=host
			c.yaml:7:28: not-a-credential property=headers`},
	} {
		t.Run(test.name, func(t *testing.T) {
			problems := spec.CheckCredentials(desired(t, test.text), classify, holdsSecret, knowsSecret)
			if diff := cmp.Diff(lines(test.want), codes(problems)); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzSchema(f *testing.F) {
	for _, seed := range []string{
		sampleSchema, `{"$ref": "#/properties/port"}`, `{"allOf": [{"$ref": "#"}]}`, `{"properties": {"port": {"$ref": "#/properties/port"}}}`,
		`{"properties": {"port": {"multipleOf": 0}}}`, `{"definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}, "allOf": [{"$ref": "#/definitions/a"}]}`,
	} {
		f.Add(seed)
	}
	set := []connection.Desired{{
		Name: "A", DataSource: "src", Properties: map[string]any{"port": "1", "headers": []any{map[string]any{"name": true}}},
		Credentials: map[string]any{"password": connection.Reference{Env: "P"}},
	}}
	f.Fuzz(func(_ *testing.T, schema string) {
		spec.CheckProperties(set, catalog(schema, nil))
	})
}
