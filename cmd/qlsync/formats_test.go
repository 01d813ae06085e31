package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/schemas"
)

// TestTheReferenceOfFormatsIsThatOfTheSchemas compares docs/reference/formats.md with the JSON Schemas.
func TestTheReferenceOfFormatsIsThatOfTheSchemas(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Formats\n\n" +
		"<!-- Written from the JSON Schemas in the folder schemas: change those and run `make docs`. -->\n\n" +
		"This page lists every key of the files that people write, and of the JSON that qlsync writes. The JSON Schemas (draft-07) are in\n" +
		"the folder [`schemas`](../../schemas). A key in *italics* is optional. A later version may add keys to a JSON format, but does not\n" +
		"remove a key or change its meaning.\n")
	for _, f := range []struct {
		by   string
		text []byte
	}{
		{"`qlsync.yaml`. [Files](files.md) explains the keys.", schemas.Project()},
		{"Connection files. [Files](files.md) explains the keys.", schemas.Connections()},
		{"`fleet refresh`, as `tenants.lock.json`", schemas.Tenants()},
		{"`fleet list --format json`", schemas.Fleet()},
		{"`plan --format json`, `plan --out`", schemas.Plan()},
		{"`plan --all-tenants --format json`", schemas.Plans()},
		{"`apply --format json`", schemas.Result()},
		{"`apply --all-tenants --format json`", schemas.Results()},
		{"`drift --format json`", schemas.Drift()},
		{"`drift --all-tenants --format json`", schemas.Drifts()},
		{"`impact --format json`", schemas.Impact()},
		{"`check --format json`", schemas.Check()},
		{"`drift --history`, one line for each run and tenant", schemas.History()},
		{"`validate --format json`", schemas.Problems()},
		{"`doctor --format json`", schemas.Doctor()},
		{"`secrets --format json`", schemas.Secrets()},
		{"`schemas list --format json`, `schemas check --format json`", schemas.Vendored()},
		{"`version --format json`", schemas.Version()},
	} {
		of := schemaRows{shown: map[string]string{}}
		if err := json.Unmarshal(f.text, &of.root); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\nUsed by: %s\n\n| key | type | meaning |\n|---|---|---|\n", of.root.text("title"), of.root.text("description"), f.by)
		of.write(&b, of.root, "")
	}
	file := filepath.Join("..", "..", "docs", "reference", "formats.md")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if difference := firstDifference(string(got), b.String()); difference != "" {
		t.Errorf("docs/reference/formats.md does not match the JSON Schemas. Run make docs, and commit what it changes:\n%s", difference)
	}
}

// schemaNode is an object of a JSON Schema.
type schemaNode map[string]any

func (n schemaNode) text(key string) string { text, _ := n[key].(string); return text }

func (n schemaNode) node(key string) schemaNode { node, _ := n[key].(map[string]any); return node }

// schemaRows writes the rows of one format.
type schemaRows struct {
	root  schemaNode
	shown map[string]string // the path of the first row of each definition of an object
}

// write writes a row for each property of an object, and of the objects in it, below a path.
func (s schemaRows) write(b *strings.Builder, object schemaNode, path string) {
	required, _ := object["required"].([]any)
	properties := object.node("properties")
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		reference := properties.node(key).text("$ref")
		property, name := s.resolved(properties.node(key)), "`"+path+key+"`"
		kind, first := s.kind(property), s.shown[reference]
		if first != "" {
			kind = "as `" + first + "`"
		} else if reference != "" && property.node("properties") != nil {
			s.shown[reference] = path + key
		}
		if !slices.Contains(required, any(key)) {
			name = "*" + name + "*"
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", name, cell(kind), cell(property.text("description")))
		if first != "" {
			continue
		}
		s.write(b, property, path+key+".")
		s.write(b, s.resolved(property.node("additionalProperties")), path+key+".NAME.")
		s.write(b, s.resolved(property.node("items")), path+key+"[].")
	}
}

// resolved returns the definition to which a reference leads, with the description next to the reference.
func (s schemaRows) resolved(n schemaNode) schemaNode {
	name, isReference := strings.CutPrefix(n.text("$ref"), "#/definitions/")
	if !isReference {
		return n
	}
	if strings.Contains(name, "/") { // a part of a definition, which has rows of its own
		return schemaNode{"type": "object", "description": n["description"]}
	}
	target := maps.Clone(s.resolved(s.root.node("definitions").node(name)))
	if n["description"] != nil {
		target["description"] = n["description"]
	}
	return target
}

// kind describes the type of a value in words.
func (s schemaRows) kind(n schemaNode) string {
	types, _ := n["type"].([]any)
	if kind := n.text("type"); kind != "" {
		types = []any{kind}
	}
	var kinds []string
	for _, kind := range types {
		switch {
		case kind == "array" && n.node("items") != nil:
			kinds = append(kinds, "list of "+s.kind(s.resolved(n.node("items"))))
		case kind != "null":
			kinds = append(kinds, kind.(string))
		}
	}
	for _, key := range []string{"oneOf", "anyOf"} {
		alternatives, _ := n[key].([]any)
		for _, alternative := range alternatives {
			if len(types) == 0 {
				kinds = append(kinds, s.kind(s.resolved(alternative.(map[string]any))))
			}
		}
	}
	values, _ := n["enum"].([]any)
	if n["const"] != nil {
		values = append(values, n["const"])
	}
	for _, value := range values {
		if value != nil {
			kinds = append(kinds, fmt.Sprintf("`%v`", value))
		}
	}
	kinds = slices.Compact(kinds)
	if len(kinds) == 0 {
		return "any"
	}
	text := strings.Join(kinds, " or ")
	if fallback, ok := n["default"]; ok {
		text += fmt.Sprintf("; default `%v`", fallback)
	}
	return text
}
