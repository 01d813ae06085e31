package spec

import (
	"testing"

	"github.com/qlsync/qlsync/internal/jsonpointer"
	"github.com/qlsync/qlsync/pkg/connection"
)

const editorSource = `{"type": "object", "properties": {
  "host": {"type": "string", "description": "Where it is."},
  "port": {"type": "integer", "default": 443, "maximum": 65535},
  "secure": {"type": "boolean"},
  "mode": {"type": "string", "enum": ["0", "1", "both"]},
  "tuned": {"$ref": "#/definitions/tuned"},
  "password": {"type": "string", "minLength": 8},
  "headers": {"type": "array", "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}, "additionalProperties": false}}},
  "allOf": [{"if": {"properties": {"mode": {"const": "1"}}}, "then": {"properties": {"code": {"type": "string"}}}}],
  "definitions": {"tuned": {"type": "array", "items": {"$ref": "#/definitions/tuned"}}}}`

// editor checks YAML as an editor would.
func editor(t *testing.T, text string) []string {
	t.Helper()
	connections, _ := EditorSchemas(&connection.Catalog{DataSources: map[string]*connection.DataSource{
		"src": {ID: "src", Schema: []byte(editorSource), Properties: map[string]connection.Property{"password": {Class: connection.ClassSecret}}},
		"any": {ID: "any", Schema: []byte(`{"type": "object", "additionalProperties": true, "properties": {"host": {"type": "string"}}}`)},
	}})
	root, problems := parseYAML("a.yaml", []byte(text))
	if len(problems) > 0 {
		t.Fatalf("got problems %v, want none", problems)
	}
	violations, err := mustCompile(connections).check(root.value(), func(violation) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	found := []string{}
	for _, v := range violations {
		found = append(found, jsonpointer.Join(v.tokens...)+" "+v.keyword)
	}
	return found
}

func TestWhatAnEditorTakes(t *testing.T) {
	for _, text := range []string{
		"connections: [{name: a, dataSource: src, properties: {host: h, port: 1, secure: true, mode: both}}]",
		`connections: [{name: a, dataSource: src, properties: {host: 1, port: "1", secure: "TRUE", mode: 0, tuned: [[[]]], headers: [{name: x}]}}]`,
		`connections: [{name: a, dataSource: src, properties: {host: "${var.a}", port: "${var.a}", secure: "${var.a}", mode: "${var.a}"}}]`,
		"connections: [{name: a, dataSource: src, properties: {host: null, port: null, code: x}}]",
		"connections: [{name: a, dataSource: src, credentials: {password: {env: A}, headers: [{name: x, value: {env: B}}]}}]",
		"connections: [{name: a, dataSource: src, additionalProperties: allow, properties: {prot: 1}}]",
		"connections: [{name: a, dataSource: other, properties: {prot: 1}}]",
		"connections: [{name: a, dataSource: any, properties: {prot: 1}}]",
		"defaults: {dataSource: src, properties: {port: 1}}\nconnections: [{name: a, dataSource: other, properties: {prot: 1}}]",
	} {
		if found := editor(t, "version: 1\n"+text); len(found) > 0 {
			t.Errorf("%s: got marks %q, want none", text, found)
		}
	}
}

func TestWhatAnEditorMarks(t *testing.T) {
	for text, want := range map[string]string{
		"connections: [{name: a, dataSource: src, properties: {prot: 1}}]":                                  "/connections/0/properties additionalProperties",
		"connections: [{name: a, dataSource: src, properties: {port: many}}]":                               "/connections/0/properties/port pattern",
		"connections: [{name: a, dataSource: src, properties: {port: 70000}}]":                              "/connections/0/properties/port maximum",
		"connections: [{name: a, dataSource: src, properties: {mode: 2}}]":                                  "/connections/0/properties/mode enum",
		"connections: [{name: a, dataSource: src, properties: {headers: [{nam: x, name: y}]}}]":             "/connections/0/properties/headers/0 additionalProperties",
		"connections: [{name: a, dataSource: src, credentials: {pasword: {env: A}}}]":                       "/connections/0/credentials additionalProperties",
		"connections: [{name: a, dataSource: src, credentials: {password: {evn: A, env: B}}}]":              "/connections/0/credentials/password additionalProperties",
		"connections: [{name: a, propertys: {}}]":                                                           "/connections/0 additionalProperties",
		"defaults: {dataSource: src, properties: {prot: 1}}":                                                "/defaults/properties additionalProperties",
		"defaults: {dataSource: src}\nconnections: [{name: a, properties: {prot: 1}}]":                      "/connections/0/properties additionalProperties",
		"defaults: {dataSource: any}\nconnections: [{name: a, dataSource: src, properties: {secure: [1]}}]": "/connections/0/properties/secure type",
	} {
		if found := editor(t, "version: 1\n"+text); len(found) != 1 || found[0] != want {
			t.Errorf("%s: got marks %q, want only %q", text, found, want)
		}
	}
}

func TestTheModelineLeadsFromTheFileToTheSchema(t *testing.T) {
	for _, test := range []struct{ file, schemas, want string }{
		{"connections/a.yaml", "schemas", "../schemas/" + EditorConnections},
		{"/p/connections/deep/a.yaml", "/p/schemas", "../../schemas/" + EditorConnections},
		{"a.yaml", "schemas", "schemas/" + EditorConnections},
		{"p/a.yaml", "/elsewhere", "/elsewhere/" + EditorConnections},
	} {
		if got := Modeline(test.file, test.schemas, EditorConnections); got != "# yaml-language-server: $schema="+test.want {
			t.Errorf("got modeline %q, want the schema %q", got, test.want)
		}
	}
}
