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
			c.yaml:7:18: data source "src" has no property "prot" (did you mean "port"?)
			c.yaml:7:27: data source "src" has no property "xyzzy"`},
		{"wrong types", "    properties: {host: [a], port: many, secure: 1, ratio: {a: b}, headers: x, shared: abcd}", `
			c.yaml:7:24: property "host" must be a string, not a list
			c.yaml:7:35: property "port" must be a whole number, not a string
			c.yaml:7:49: property "secure" must be true or false, not a number
			c.yaml:7:59: property "ratio" must be a number, not a map
			c.yaml:7:76: property "headers" must be a list, not a string
			c.yaml:7:87: property "shared" must not have more than 3 characters`},
		{"a fraction for a whole number", "    properties: {port: 1.5}", `c.yaml:7:24: property "port" must be a whole number`},
		{"a value out of bounds", "    properties: {port: 0, host: a_b}", `
			c.yaml:7:24: property "port" must be at least 1
			c.yaml:7:33: property "host" is not a valid hostname`},
		{"a value of no enum", "    properties: {region: eu-west-3, portText: 80, mode: x, twins: b}", `
			c.yaml:7:26: property "region" is none of the 7 allowed values (did you mean "eu-west-1", "eu-west-2" or "us-west-1"?)
			c.yaml:7:47: property "portText" must be "443" or "1433"
			c.yaml:7:57: property "mode" must be "Basic", "Anonymous" or "anonymouS2"
			c.yaml:7:67: property "twins" must be "a" or "A"`},
		{"mistakes inside a list", "    properties:\n      headers:\n        - {name: a, encrpt: true}\n        - {value: toolong}\n        - x", `
			c.yaml:9:21: unknown key "encrpt" (did you mean "encrypt"?)
			c.yaml:10:11: "name" is missing
			c.yaml:10:19: property "headers[1].value" must not have more than 5 characters
			c.yaml:11:11: property "headers[2]" must be a map, not a string`},
		{"the likeliest alternative", "    properties: {either: {a: x}, maybe: [1]}", `
			c.yaml:7:30: property "either.a" must be a whole number, not a string
			c.yaml:7:41: property "maybe" must be a whole number, not a list`},
		{"no alternative", "    properties: {either: 5}", `c.yaml:7:26: property "either" must be a map or a list, not a number`},
		{"credentials, whose values are not shown", "    credentials: {password: hunter2, region: eu-west-3, key: {env: K}}", `
			c.yaml:7:29: credential "password" must have at least 8 characters
			c.yaml:7:29: credential "password" must match the pattern ^x
			c.yaml:7:46: credential "region" is none of the 7 allowed values
			c.yaml:7:62: credential "key" must be a list, not a reference`},
	} {
		t.Run(test.name, func(t *testing.T) {
			problems := spec.CheckProperties(desired(t, test.text), catalog(sampleSchema, nil))
			if diff := cmp.Diff(lines(test.want), problems.Error()); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAConnectionMayHaveWhatTheSchemaDoesNotKnow(t *testing.T) {
	problems := spec.CheckProperties(desired(t, "    additionalProperties: allow\n    properties: {prot: [1], port: many}\n    credentials: {pin: {env: PIN}}"), catalog(sampleSchema, nil))
	want := lines(`
			c.yaml:8:18: data source "src" has no property "prot" (did you mean "port"?)
			c.yaml:8:35: property "port" must be a whole number, not a string
			c.yaml:9:19: data source "src" has no property "pin"`)
	if diff := cmp.Diff(want, problems.Error()); diff != "" {
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
		{"properties, at the key properties", "    properties: {host: a, database: null}", `c.yaml:7:5: data source "src" needs the property "database"`},
		{"properties, at the connection where there are none", "    tags: []", `
			c.yaml:3:5: data source "src" needs the property "database"
			c.yaml:3:5: data source "src" needs the property "host"`},
		{"a misspelt one, once", "    properties: {hots: a, database: b}", `c.yaml:7:18: data source "src" has no property "hots" (did you mean "host"?)`},
		{"a misspelt one that is only a warning", "    additionalProperties: allow\n    properties: {hots: a, database: b}", `
			c.yaml:8:5: data source "src" needs the property "host"
			c.yaml:8:18: data source "src" has no property "hots" (did you mean "host"?)`},
		{"all credentials or none", "    properties: {host: a, database: b}\n    credentials: {user: u}", `c.yaml:7:5: data source "src" needs the credential "password"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			problems := spec.CheckProperties(desired(t, test.text), catalog(schema, classes))
			if diff := cmp.Diff(lines(test.want), problems.Error()); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSchemasOfOtherDialectsAndWithMistakes(t *testing.T) {
	const unusable = `warning: the schema of data source "src" is not checked at %, which cannot be used here`
	cut := func(places ...string) (text string) {
		for _, place := range places {
			text += strings.ReplaceAll(unusable, "%", place) + "\n"
		}
		return text
	}
	const wrong = "error: c.yaml:7:24: property \"port\" must be a whole number, not a string"
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
			`warning: the schema of data source "src" cannot be used, as its references and alternatives check one value against more than 10000 schemas: only the names of its properties are checked`,
		},
		{"no schema", `[1]`, `warning: the schema of data source "src" is not a JSON Schema: its properties are not checked`},
		{"no JSON", `{`, `warning: the schema of data source "src" is not a JSON Schema: its properties are not checked`},
		{"no schema at all", ``, ``},
		{"no names, and none allowed", `{"additionalProperties": false}`, `error: c.yaml:7:18: unknown key "port"`},
		{"other names allowed, with a suggestion for what looks like a mistake", `{"properties": {"ports": {}}, "additionalProperties": true}`, `warning: c.yaml:7:18: data source "src" has no property "port" (did you mean "ports"?)`},
		{"other names allowed by a pattern", `{"properties": {"x": {}}, "patternProperties": {"^po": {}}}`, ``},
		{
			"names in branches", `{"oneOf": [{"properties": {"x": {}}}, {"$ref": "#/definitions/d"}], "definitions": {"d": {"required": ["port"], "properties": {"port": {"type": "integer"}}}}}`,
			"",
		},
		{"false", `{"properties": {"port": false}}`, `error: c.yaml:7:24: property "port" is not allowed here`},
	} {
		t.Run(test.name, func(t *testing.T) {
			problems := spec.CheckProperties(desired(t, "    properties: {port: many}"), catalog(test.schema, nil))
			var got strings.Builder
			for _, p := range problems {
				got.WriteString(string(p.Severity) + ": " + p.Error() + "\n")
			}
			if diff := cmp.Diff(strings.TrimSpace(test.want), strings.TrimSpace(got.String())); diff != "" {
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
		{"not known", &connection.Catalog{Known: []string{"rest", "srcs"}}, `c.yaml:5:17: there is no data source "src" (did you mean "srcs"?)`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := spec.CheckProperties(set, test.catalog).Error(); got != test.want {
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
			c.yaml:7:18: "password" is a secret and must not stand under properties (move it under credentials, as password: {env: NAME}; if it is not a secret, add notSensitive: [password])
			c.yaml:7:37: "username" is a part of the credentials (move it under credentials)
			c.yaml:7:50: "key" is a secret and must not stand under properties (move it under credentials, as key: {env: NAME}; if it is not a secret, add notSensitive: [key])`},
		{"that a part of the credentials must be absent", "    properties: {password: null, username: null}", ""},
		{"a secret inside a list under properties, at its value", "    properties:\n      headers:\n        - {name: a, value: 1}\n        - {name: b, value: hunter2, encrypt: true}\n        - hunter2", `
			c.yaml:10:28: holds a secret; move "headers" under credentials, with {env: NAME} or {file: PATH} for the value (if it is not a secret, add notSensitive: [headers])
			c.yaml:11:11: holds a secret; move "headers" under credentials, with {env: NAME} or {file: PATH} for the value (if it is not a secret, add notSensitive: [headers])`},
		{"an address with a password", "    properties: {url: \"https://me:hunter2@example.com\", map: {a: {b: hunter2}}}", `
			c.yaml:7:23: holds a secret; move "url" under credentials, with {env: NAME} or {file: PATH} for the value (if it is not a secret, add notSensitive: [url])
			c.yaml:7:62: holds a secret; move "map" under credentials, with {env: NAME} or {file: PATH} for the value (if it is not a secret, add notSensitive: [map])`},
		{"a secret in the open next to a reference", "    credentials: {headers: [{name: a, value: {env: A}}, {name: b, value: hunter2}], url: hunter2}", `
			c.yaml:7:74: a secret must not stand in a file (write {env: NAME} or {file: PATH} instead of the value)
			c.yaml:7:90: a secret must not stand in a file (write {env: NAME} or {file: PATH} instead of the value)`},
		{"references under properties", "    properties: {host: {env: H}, list: [{a: {file: x, encoding: base64}}]}", `
			c.yaml:7:18: "host" holds a reference, which works only under credentials (move it under credentials)
			c.yaml:7:34: "list" holds a reference, which works only under credentials (move it under credentials)`},
		{"secrets in the open", "    credentials: {password: hunter2, key: [{name: k, value: hunter2}, hunter3]}", `
			c.yaml:7:29: a secret must not stand in a file (write {env: NAME} or {file: PATH} instead of the value)
			c.yaml:7:61: a secret must not stand in a file (write {env: NAME} or {file: PATH} instead of the value)
			c.yaml:7:71: a secret must not stand in a file (write {env: NAME} or {file: PATH} instead of the value)`},
		{"a secret that is not there", "    credentials: {key: [{name: k}], password: {}}", `
			c.yaml:7:24: "key" is a secret, and nothing says where its value comes from (write {env: NAME} or {file: PATH} where the value belongs)
			c.yaml:7:47: "password" is a secret, and nothing says where its value comes from (write {env: NAME} or {file: PATH} where the value belongs)`},
		{"guesses that the connection lifts", "    notSensitive: [password, headers, url]\n    properties: {password: public, headers: [{name: b, value: hunter2}], url: hunter2}", ""},
		{"more than a guess, and listed anyway", "    notSensitive: [known, headers, key]\n    properties: {known: hunter2, headers: [{name: b, value: really}], key: public}", `
			c.yaml:7:20: "known" is a secret by the documentation or the schema of its data source, or holds one: notSensitive lifts only guesses (take it out of the list, and declare the secret under credentials)
			c.yaml:7:27: "headers" is a secret by the documentation or the schema of its data source, or holds one: notSensitive lifts only guesses (take it out of the list, and declare the secret under credentials)
			c.yaml:8:25: holds a secret; move "known" under credentials, with {env: NAME} or {file: PATH} for the value`},
		{"what is also sensitive", "    sensitive: [password]\n    notSensitive: [password]\n    properties: {password: public}", `
			c.yaml:8:20: "password" is also listed under sensitive (take it out of one of the two lists)
			c.yaml:9:18: "password" is a secret and must not stand under properties (move it under credentials, as password: {env: NAME})`},
		{"no guess is lifted of credentials", "    notSensitive: [password]\n    credentials: {password: hunter2}", `
			c.yaml:8:29: a secret must not stand in a file (write {env: NAME} or {file: PATH} instead of the value)`},
		{"properties under credentials", "    credentials: {host: h, headers: [{name: a, value: b}]}", `
			c.yaml:7:19: "host" is not a credential (move it under properties)
			c.yaml:7:28: "headers" is not a credential (move it under properties)`},
	} {
		t.Run(test.name, func(t *testing.T) {
			problems := spec.CheckCredentials(desired(t, test.text), classify, holdsSecret, knowsSecret)
			if diff := cmp.Diff(lines(test.want), problems.Error()); diff != "" {
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
