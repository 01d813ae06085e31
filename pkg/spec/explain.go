package spec

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// finding is a violation in the form of a reason. It contains names from the file and from the
// schema, never a value from the file.
type finding struct {
	tokens []string // where
	ofKey  bool     // at the key, not at the value
	reason connection.Reason
	// ofValue reports that the reason is about the value: it takes the arguments what and field.
	ofValue bool
}

// named returns the reason with the name of the value that it is about.
func (f finding) named(what, field string) connection.Reason {
	if !f.ofValue {
		return f.reason
	}
	return f.reason.With("what", what).With("field", field)
}

// explain returns the findings of a violation, one for each of its keys.
func explain(v violation, instance any) []finding {
	value := valueAt(instance, v.tokens)
	switch v.keyword {
	case "additionalProperties":
		return unknownKeys(v, value)
	case "required":
		return missingKeys(v, value)
	case "dependencies", "dependentRequired":
		return missingCompanions(v, value)
	}
	return []finding{{tokens: v.tokens, ofKey: v.ofKey, reason: reasonOf(v, value), ofValue: true}}
}

// lacksList reports whether a value is missing where an empty list is allowed.
func lacksList(v violation, value any) bool {
	_, least := v.schema["minItems"]
	return value == nil && !least && slices.Contains(schemaTypes(v.schema), any("array"))
}

// fewValues are listed in full.
const fewValues = 6

// notOneOf returns the reason of a value that is not among the allowed ones.
func notOneOf(value any, allowed []string) connection.Reason {
	if len(allowed) <= fewValues {
		return connection.Because("not-one-of", "allowed", allowed)
	}
	if text, isText := value.(string); isText {
		if meant := words.Closest(text, allowed, 3); len(meant) > 0 {
			return connection.Because("misspelt-value", "count", len(allowed), "meant", meant)
		}
	}
	return connection.Because("not-one-of-many", "count", len(allowed), "examples", allowed[:3])
}

// enumTexts returns the allowed values as people would write them.
func enumTexts(schema map[string]any) []string {
	values, _ := schema["enum"].([]any)
	texts := make([]string, 0, len(values))
	for _, value := range values {
		if value != nil {
			texts = append(texts, plainText(value))
		}
	}
	return texts
}

// plainText returns a JSON value of a schema as text.
func plainText(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	text, _ := json.Marshal(value)
	return string(text)
}

// unknownKeys finds the keys that a schema does not allow.
func unknownKeys(v violation, instance any) []finding {
	object, _ := instance.(map[string]any)
	known := entryNames(v.schema["properties"])
	var found []finding
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if slices.Contains(known, key) || matchesPattern(v.schema, key) {
			continue
		}
		found = append(found, finding{
			tokens: append(slices.Clone(v.tokens), key),
			ofKey:  true,
			reason: suggest(connection.Because("unknown-field", "field", key), key, known),
		})
	}
	return found
}

// entryNames returns the keys of a JSON object, sorted.
func entryNames(object any) []string {
	entries, _ := object.(map[string]any)
	return slices.Sorted(maps.Keys(entries))
}

// missingKeys finds missing required keys. A misspelt one is reported as an unknown key.
func missingKeys(v violation, instance any) []finding {
	object, _ := instance.(map[string]any)
	var misspelt map[string]bool
	if v.schema["additionalProperties"] == false {
		misspelt = meantBy(entryNames(object), entryNames(v.schema["properties"]))
	}
	var found []finding
	for _, key := range texts(v.schema["required"]) {
		if _, ok := object[key]; !ok && !misspelt[key] {
			found = append(found, finding{tokens: v.tokens, ofKey: true, reason: connection.Because("missing-field", "field", key)})
		}
	}
	return found
}

// missingCompanions finds missing keys that other keys require.
func missingCompanions(v violation, instance any) []finding {
	object, _ := instance.(map[string]any)
	companions, _ := v.schema[v.keyword].(map[string]any)
	var found []finding
	for _, key := range slices.Sorted(maps.Keys(companions)) {
		if _, ok := object[key]; !ok {
			continue
		}
		for _, needed := range texts(companions[key]) {
			if _, ok := object[needed]; !ok {
				found = append(found, finding{
					tokens: append(slices.Clone(v.tokens), key),
					ofKey:  true,
					reason: connection.Because("missing-companion", "field", key, "needed", needed),
				})
			}
		}
	}
	return found
}

// texts returns the strings of a JSON list.
func texts(list any) []string {
	items, _ := list.([]any)
	var found []string
	for _, item := range items {
		if text, ok := item.(string); ok {
			found = append(found, text)
		}
	}
	return found
}

// reasonOf returns the reason of a violation that is about a value.
func reasonOf(v violation, value any) connection.Reason {
	switch v.keyword {
	case "type", "pattern", "enum", "const":
		if rule, ok := v.schema["errorMessage"].(string); ok {
			return connection.Because("wrong-form", "rule", rule)
		}
	}
	limit := plainText(v.schema[v.keyword])
	switch v.keyword {
	case "type":
		return wrongType(v, value)
	case "enum":
		return notOneOf(value, enumTexts(v.schema))
	case "const":
		return connection.Because("not-the-value", "value", limit)
	case "minimum":
		return connection.Because("below-minimum", "limit", limit)
	case "maximum":
		return connection.Because("above-maximum", "limit", limit)
	case "exclusiveMinimum":
		return connection.Because("not-above", "limit", limit)
	case "exclusiveMaximum":
		return connection.Because("not-below", "limit", limit)
	case "multipleOf":
		return connection.Because("not-a-multiple", "limit", limit)
	case "minLength", "minItems", "minProperties":
		if limit == "1" {
			return connection.Because("empty")
		}
		return connection.Because("too-short", "limit", limit, "unit", elements(v.keyword, limit))
	case "maxLength", "maxItems", "maxProperties":
		return connection.Because("too-long", "limit", limit, "unit", elements(v.keyword, limit))
	case "pattern":
		return connection.Because("wrong-pattern", "pattern", limit)
	case "format":
		return connection.Because("wrong-format", "format", limit)
	case "uniqueItems":
		return connection.Because("duplicate-item")
	case "oneOf":
		return connection.Because("several-forms")
	case "contains", "minContains", "maxContains":
		return connection.Because("missing-items")
	case "additionalItems":
		return connection.Because("too-many-items")
	case "", "not", "then", "else", "items", "unevaluatedProperties", "unevaluatedItems":
		return connection.Because("not-allowed")
	}
	return connection.Because("schema-not-satisfied", "keyword", v.keyword)
}

// wrongType returns the reason of a value of another type than the schema allows.
func wrongType(v violation, value any) connection.Reason {
	reason := connection.Because("wrong-type", "expected", typeNames(schemaTypes(v.schema)), "found", typeOf(value))
	if _, isNumber := value.(json.Number); isNumber && slices.Contains(schemaTypes(v.schema), any("integer")) {
		return reason.With("found", "a fraction")
	}
	if lacksList(v, value) {
		reason.Code = "null-for-list"
	}
	return reason
}

// elements names what a keyword such as maxItems counts.
func elements(keyword, limit string) string {
	name := "character"
	switch {
	case strings.HasSuffix(keyword, "Items"):
		name = "item"
	case strings.HasSuffix(keyword, "Properties"):
		return map[bool]string{true: "entry", false: "entries"}[limit == "1"]
	}
	if limit != "1" {
		name += "s"
	}
	return name
}

// typeNames returns the allowed types for a sentence: "a string or a list".
func typeNames(types []any) string {
	names := make([]string, 0, len(types))
	for _, t := range types {
		name := typeName(plainText(t))
		if name != "null" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if last := len(names) - 1; last > 0 {
		return strings.Join(names[:last], ", ") + " or " + names[last]
	}
	return strings.Join(names, "")
}

func typeName(schemaType string) string {
	switch schemaType {
	case "string":
		return "a string"
	case "integer":
		return "a whole number"
	case "number":
		return "a number"
	case "boolean":
		return "true or false"
	case "array":
		return "a list"
	case "object":
		return "a map"
	}
	return schemaType
}

// typeOf names the type of a value.
func typeOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "true or false"
	case json.Number:
		return "a number"
	case []any:
		return "a list"
	case map[string]any:
		return "a map"
	case connection.Reference:
		return "a reference"
	}
	return "a string"
}
