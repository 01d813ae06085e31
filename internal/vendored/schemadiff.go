package vendored

import (
	"fmt"
	"maps"
	"slices"

	"github.com/qlsync/qlsync/internal/jsontext"
	"github.com/qlsync/qlsync/pkg/connection"
)

// CompareSchemas returns the differences between two versions of a data source's schema, by
// property name, then in the rest of it. Schemas with the same content have no differences, even if
// their versions differ.
func CompareSchemas(before, after *connection.DataSource) []connection.SchemaChange {
	if canonicalSchema(before.Schema) == canonicalSchema(after.Schema) {
		return nil
	}
	was, is := schemaObject(before.Schema), schemaObject(after.Schema)
	old, fresh := jsontext.Object(was, "properties"), jsontext.Object(is, "properties")
	names := slices.Sorted(maps.Keys(old))
	names = append(names, slices.Sorted(maps.Keys(fresh))...)
	slices.Sort(names)
	var changes []connection.SchemaChange
	for _, name := range slices.Compact(names) {
		o, hadIt := old[name]
		f, hasIt := fresh[name]
		switch {
		case !hadIt:
			changes = append(changes, connection.SchemaChange{Property: name, Kind: connection.SchemaAdded, Details: describeProperty(f)})
		case !hasIt:
			changes = append(changes, connection.SchemaChange{Property: name, Kind: connection.SchemaRemoved})
		case connection.Canonical(o) != connection.Canonical(f):
			changes = append(changes, connection.SchemaChange{Property: name, Kind: connection.SchemaChanged, Details: compareKeywords(o, f)})
		}
	}
	delete(was, "properties")
	delete(is, "properties")
	if details := compareKeywords(was, is); len(details) > 0 {
		changes = append(changes, connection.SchemaChange{Kind: connection.SchemaChanged, Details: details})
	}
	return changes
}

// schemaObject decodes a schema, with its sets sorted; empty if it is not an object.
func schemaObject(text []byte) map[string]any {
	doc, err := jsontext.Decode(text)
	object, ok := doc.(map[string]any)
	if err != nil || !ok {
		return map[string]any{}
	}
	sortSets(object)
	return object
}

// describeProperty returns a short description of a new property.
func describeProperty(schema any) []string {
	object, _ := schema.(map[string]any)
	var details []string
	for _, keyword := range []string{"type", "default", "enum"} {
		if value, ok := object[keyword]; ok {
			details = append(details, keyword+" "+jsontext.Line(value))
		}
	}
	return details
}

// compareKeywords returns which keywords of a schema differ and, for lists, what was added and
// removed.
func compareKeywords(before, after any) []string {
	old, okOld := before.(map[string]any)
	fresh, okFresh := after.(map[string]any)
	if !okOld || !okFresh {
		return []string{jsontext.Line(before) + " -> " + jsontext.Line(after)}
	}
	keywords := append(slices.Collect(maps.Keys(old)), slices.Collect(maps.Keys(fresh))...)
	slices.Sort(keywords)
	var details []string
	for _, keyword := range slices.Compact(keywords) {
		o, hadIt := old[keyword]
		f, hasIt := fresh[keyword]
		switch {
		case hadIt && hasIt && connection.Canonical(o) == connection.Canonical(f):
		case (keyword == "enum" || keyword == "required") && isListOrNone(o) && isListOrNone(f):
			details = append(details, compareLists(keyword, o, f)...)
		case !hadIt:
			details = append(details, fmt.Sprintf("%s %s", keyword, shortened(f)))
		case !hasIt:
			details = append(details, fmt.Sprintf("no %s, which was %s", keyword, shortened(o)))
		default:
			details = append(details, fmt.Sprintf("%s %s -> %s", keyword, shortened(o), shortened(f)))
		}
	}
	return details
}

// compareLists returns what was added to and removed from a list of values.
func compareLists(keyword string, before, after any) []string {
	old, fresh := itemsInLine(before), itemsInLine(after)
	var details []string
	for _, item := range fresh {
		if !slices.Contains(old, item) {
			details = append(details, keyword+" gains "+item)
		}
	}
	for _, item := range old {
		if !slices.Contains(fresh, item) {
			details = append(details, keyword+" loses "+item)
		}
	}
	return details
}

func isListOrNone(value any) bool {
	_, isList := value.([]any)
	return isList || value == nil
}

func itemsInLine(list any) []string {
	items, _ := list.([]any)
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = jsontext.Line(item)
	}
	return texts
}

// longDetail is the length beyond which a value of a schema is truncated.
const longDetail = 60

func shortened(value any) string {
	text := []rune(jsontext.Line(value))
	if len(text) <= longDetail {
		return string(text)
	}
	return string(text[:longDetail]) + "..."
}
