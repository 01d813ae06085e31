package spec

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/jsontext"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/schemas"
)

// The files, below the folder of vendored schemas, that editors read.
const (
	EditorConnections = "editor/connections.schema.json"
	EditorProject     = "editor/qlsync.schema.json"
)

// EditorSchemas returns the JSON Schemas (draft-07) for language servers: one for connection files,
// with the properties of each data source of the catalog, and one for the project file.
//
// An editor sees one file and no variables, so its schemas accept more than [CheckProperties]:
// values with variables, and missing properties that the defaults could contain. Everything that
// they refuse, validate refuses too, except enum values in another letter case, because an editor
// offers one spelling.
func EditorSchemas(catalog *connection.Catalog) (connections, project []byte) {
	doc := ownSchema(schemas.Connections())
	definitions := doc["definitions"].(map[string]any)
	var items, root []any
	for _, id := range slices.Sorted(maps.Keys(catalog.DataSources)) {
		source := catalog.DataSources[id]
		prepared, _ := prepareSource(id, source)
		if prepared == nil || !infile.IsPlainName(id) {
			continue
		}
		prepared.define(definitions)
		isSource := hasEntry("dataSource", map[string]any{"const": id})
		items = append(items, map[string]any{"if": isSource, "then": reference(id, "connection")})
		root = append(root, map[string]any{
			"if": hasEntry("defaults", isSource),
			"then": map[string]any{"properties": map[string]any{
				"defaults": reference(id, "connection"),
				"connections": map[string]any{"items": map[string]any{
					"if":   map[string]any{"not": map[string]any{"required": []any{"dataSource"}}},
					"then": reference(id, "connection"),
				}},
			}},
		})
	}
	if len(items) > 0 {
		item := valueAt(doc, []string{"properties", "connections", "items"}).(map[string]any)
		item["allOf"], doc["allOf"] = items, root
		definitions["dataSource"] = offer(definitions["dataSource"], slices.Sorted(maps.Keys(catalog.DataSources)))
	}
	definitions["credential"].(map[string]any)["defaultSnippets"] = []any{
		map[string]any{"label": "{env: NAME}", "body": map[string]any{"env": "${1:NAME}"}},
		map[string]any{"label": "{file: PATH}", "body": map[string]any{"file": "${1:PATH}"}},
	}
	return jsontext.Indented(doc), jsontext.Indented(ownSchema(schemas.Project()))
}

// Modeline returns the line at the top of a file by which language servers for YAML
// find its schema: the file, the folder of the schemas, and which of them it is.
func Modeline(file, schemasDir, schema string) string {
	target := filepath.Join(schemasDir, filepath.FromSlash(schema))
	if relative, err := filepath.Rel(filepath.Dir(file), target); err == nil {
		target = relative
	}
	return "# yaml-language-server: $schema=" + filepath.ToSlash(target)
}

// ownSchema decodes one of our own schemas without its address, which an editor would try to open.
func ownSchema(text []byte) map[string]any {
	doc, err := jsontext.Decode(text)
	if err != nil {
		panic("spec: an embedded schema is no JSON: " + err.Error())
	}
	delete(doc.(map[string]any), "$id")
	return doc.(map[string]any)
}

// hasEntry returns the schema of objects with an entry that satisfies another schema.
func hasEntry(key string, schema any) map[string]any {
	return map[string]any{"required": []any{key}, "properties": map[string]any{key: schema}}
}

func reference(id, what string) map[string]any {
	return map[string]any{"$ref": "#/definitions/" + definition(id, what)}
}

func definition(id, what string) string { return id + "." + what }

// offer makes an editor propose values of a text without refusing others.
func offer(schema any, values []string) map[string]any {
	offered := maps.Clone(schema.(map[string]any))
	offered["anyOf"] = []any{map[string]any{"enum": toItems(values)}, map[string]any{"type": "string"}}
	return offered
}

func toItems(texts []string) []any {
	items := make([]any, len(texts))
	for i, text := range texts {
		items[i] = text
	}
	return items
}

// define adds the schema of a connection of the data source.
func (s *sourceSchema) define(definitions map[string]any) {
	schemas := map[string]any{}
	s.gather(s.doc, schemas, map[string]bool{})
	properties, credentials := map[string]any{}, map[string]any{}
	for name, schema := range schemas {
		if s.properties[name].Class == connection.ClassProperty {
			properties[name] = s.milder(schema, 0)
			if key := s.properties[name].ChosenBy; key != "" {
				byName := hasEntry(key, map[string]any{"type": "string"})
				byName["type"], byName["additionalProperties"] = "object", false
				properties[name] = described(schema, map[string]any{"anyOf": []any{properties[name], byName}})
			}
			continue
		}
		credentials[name] = described(schema, map[string]any{}) // that it is a credential is demanded of all of them
	}
	definitions[definition(s.id, "properties")] = map[string]any{"type": []any{"object", "null"}, "properties": properties}
	definitions[definition(s.id, "credentials")] = map[string]any{"type": []any{"object", "null"}, "properties": credentials}
	values := map[string]any{"properties": reference(s.id, "properties"), "credentials": reference(s.id, "credentials")}
	inOverrides := map[string]any{"items": map[string]any{"properties": values}}
	connection := map[string]any{"properties": map[string]any{
		"properties": values["properties"], "credentials": values["credentials"], "overrides": inOverrides,
	}}
	if len(s.names) > 0 && !s.open {
		connection["if"] = map[string]any{"not": hasEntry("additionalProperties", map[string]any{"const": "allow"})}
		closed := map[string]any{"patternProperties": s.knownPatterns(), "additionalProperties": false}
		connection["then"] = map[string]any{"properties": map[string]any{"properties": closed, "credentials": closed}}
	}
	definitions[definition(s.id, "connection")] = connection
}

// knownPatterns are patterns of the names that the schema knows. As patterns they
// are not offered a second time.
func (s *sourceSchema) knownPatterns() map[string]any {
	quoted := make([]string, len(s.names))
	for i, name := range s.names {
		quoted[i] = quotePattern.Replace(name)
	}
	patterns := map[string]any{"^(" + strings.Join(quoted, "|") + ")$": map[string]any{}}
	for _, schema := range s.patterns {
		for pattern := range jsontext.Object(schema, "patternProperties") {
			patterns[pattern] = map[string]any{}
		}
	}
	return patterns
}

// quotePattern makes a text a pattern of itself in every dialect.
var quotePattern = strings.NewReplacer(
	`\`, `\\`, `.`, `\.`, `+`, `\+`, `*`, `\*`, `?`, `\?`, `(`, `\(`, `)`, `\)`,
	`[`, `\[`, `]`, `\]`, `{`, `\{`, `}`, `\}`, `^`, `\^`, `$`, `\$`, `|`, `\|`, `/`, `\/`,
)

// gather finds the schema of each property, in all branches; the first one counts.
func (s *sourceSchema) gather(schema any, found map[string]any, followed map[string]bool) {
	object, ok := schema.(map[string]any)
	if !ok {
		return
	}
	for name, property := range jsontext.Object(object, "properties") {
		if _, known := found[name]; !known {
			found[name] = property
		}
	}
	if target, ok := object["$ref"].(string); ok && !followed[target] {
		followed[target] = true
		s.gather(s.follow(target), found, followed)
	}
	for _, keyword := range []string{"if", "then", "else"} {
		s.gather(object[keyword], found, followed)
	}
	for _, keyword := range []string{"allOf", "anyOf", "oneOf", "dependencies", "dependentSchemas"} {
		for _, token := range childTokens(object[keyword]) {
			inner, _ := childOf(object[keyword], token)
			s.gather(inner, found, followed)
		}
	}
}

// described adds what a schema says to people.
func described(schema any, to map[string]any) map[string]any {
	object, _ := schema.(map[string]any)
	for _, keyword := range []string{"title", "description", "default", "examples", "deprecated"} {
		if value, ok := object[keyword]; ok {
			to[keyword] = value
		}
	}
	return to
}

// maxInlined bounds how deep a schema is copied.
const maxInlined = 8

// milder returns the schema of a value for an editor: a type that the service converts, a text with
// a variable, or null.
func (s *sourceSchema) milder(schema any, depth int) any {
	object, ok := schema.(map[string]any)
	if !ok || depth > maxInlined {
		return true
	}
	for hops := 0; hops < maxInlined; hops++ {
		target, refers := object["$ref"].(string)
		if !refers {
			break
		}
		object, _ = s.follow(target).(map[string]any)
	}
	if object == nil {
		return true
	}
	allowed := []any{
		map[string]any{"type": "string", "pattern": `\$\{`},
		map[string]any{"type": "null"},
	}
	if values, isEnum := object["enum"].([]any); isEnum {
		return described(object, map[string]any{"anyOf": append([]any{map[string]any{"enum": alsoPlain(values)}}, allowed...)})
	}
	types := allowedTypes(object)
	if len(types) == 0 {
		return described(object, map[string]any{})
	}
	for i, t := range types {
		if text, isText := t.(string); isText && !slices.Contains(types[:i], t) {
			allowed = append(s.ofType(text, object, depth), allowed...)
		}
	}
	return described(object, map[string]any{"anyOf": allowed})
}

// alsoPlain adds the numbers and booleans that some texts spell, because the service accepts both.
func alsoPlain(values []any) []any {
	all := slices.Clone(values)
	for _, value := range values {
		text, isText := value.(string)
		switch {
		case !isText:
		case text == "true" || text == "false":
			all = append(all, text == "true")
		case jsonNumber.MatchString(text) && moderate(text):
			all = append(all, json.Number(text))
		}
	}
	return all
}

// ofType returns the forms in which a value of a type may be written.
func (s *sourceSchema) ofType(name string, schema map[string]any, depth int) []any {
	keep := func(form map[string]any, keywords ...string) map[string]any {
		for _, keyword := range keywords {
			if value, ok := schema[keyword]; ok {
				form[keyword] = value
			}
		}
		return form
	}
	switch name {
	case "string":
		return []any{map[string]any{"type": []any{"string", "number", "boolean"}}}
	case "integer", "number":
		return []any{
			keep(map[string]any{"type": name}, "minimum", "maximum"),
			map[string]any{"type": "string", "pattern": `^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`},
		}
	case "boolean":
		return []any{
			map[string]any{"type": "boolean"},
			map[string]any{"type": "string", "pattern": "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$"},
		}
	case "array":
		form := map[string]any{"type": "array"}
		if items, ok := schema["items"].(map[string]any); ok {
			form["items"] = s.milder(items, depth+1)
		}
		return []any{form}
	case "object":
		form := keep(map[string]any{"type": "object"}, "required")
		if properties := jsontext.Object(schema, "properties"); len(properties) > 0 {
			inner := make(map[string]any, len(properties))
			for name, property := range properties {
				inner[name] = s.milder(property, depth+1)
			}
			form["properties"] = inner
			if schema["additionalProperties"] == false && len(jsontext.Object(schema, "patternProperties")) == 0 {
				form["additionalProperties"] = false
			}
		}
		return []any{form}
	}
	return nil
}
