package spec

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// finding is a violation in words that a person understands. The words hold
// names from the file and from the schema, never a value from the file.
type finding struct {
	tokens []string // where
	ofKey  bool     // at the key, not at the value
	// predicate says what is wrong with the value, to be put behind its name:
	// "must be a string, not a list".
	predicate string
	// sentence says it alone. Exactly one of the two is set.
	sentence string
	hint     string
}

// explain puts a violation into words; several if it is about several keys.
func explain(v violation, instance any) []finding {
	at := finding{tokens: v.tokens, ofKey: v.ofKey}
	switch v.keyword {
	case "additionalProperties":
		return unknownKeys(v, valueAt(instance, v.tokens))
	case "type":
		at.hint = emptyList(v, valueAt(instance, v.tokens))
	case "required":
		return missingKeys(v, valueAt(instance, v.tokens))
	case "dependencies", "dependentRequired":
		return missingCompanions(v, valueAt(instance, v.tokens))
	case "enum":
		allowed := enumTexts(v.schema)
		if len(allowed) > fewValues {
			at.predicate = fmt.Sprintf("is none of the %d allowed values", len(allowed))
			if text, isText := valueAt(instance, v.tokens).(string); isText {
				at.hint = meantValues(text, allowed)
			}
			return []finding{at}
		}
	}
	at.predicate = predicate(v, valueAt(instance, v.tokens))
	return []finding{at}
}

// emptyList reports how to say that a list is empty, to somebody who wrote nothing.
func emptyList(v violation, value any) string {
	if _, least := v.schema["minItems"]; value != nil || least || !slices.Contains(schemaTypes(v.schema), any("array")) {
		return ""
	}
	return "write [] if there is none"
}

// fewValues are listed in full.
const fewValues = 6

// meantValues suggests some of many allowed values.
func meantValues(text string, allowed []string) string {
	meant := words.Closest(text, allowed, 3)
	if len(meant) == 0 {
		return "for example " + alternatives(allowed[:3])
	}
	return "did you mean " + alternatives(meant) + "?"
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
			tokens:   append(slices.Clone(v.tokens), key),
			ofKey:    true,
			sentence: fmt.Sprintf("unknown key %q", key),
			hint:     words.DidYouMean(key, known),
		})
	}
	return found
}

// entryNames returns the keys of a JSON object, sorted.
func entryNames(object any) []string {
	entries, _ := object.(map[string]any)
	return slices.Sorted(maps.Keys(entries))
}

// missingKeys finds the keys that a schema requires. One that is there under a
// misspelt name is told as an unknown key.
func missingKeys(v violation, instance any) []finding {
	object, _ := instance.(map[string]any)
	var misspelt map[string]bool
	if v.schema["additionalProperties"] == false {
		misspelt = meantBy(entryNames(object), entryNames(v.schema["properties"]))
	}
	var found []finding
	for _, key := range texts(v.schema["required"]) {
		if _, ok := object[key]; !ok && !misspelt[key] {
			found = append(found, finding{tokens: v.tokens, ofKey: true, sentence: fmt.Sprintf("%q is missing", key)})
		}
	}
	return found
}

// missingCompanions finds the keys that others need beside them.
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
					tokens:   append(slices.Clone(v.tokens), key),
					ofKey:    true,
					sentence: fmt.Sprintf("%q needs %q next to it", key, needed),
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

// predicate says what a value must be.
func predicate(v violation, value any) string {
	switch v.keyword {
	case "type", "pattern", "enum", "const":
		if message, ok := v.schema["errorMessage"].(string); ok {
			return message
		}
	}
	limit := plainText(v.schema[v.keyword])
	switch v.keyword {
	case "type":
		return "must be " + typeNames(schemaTypes(v.schema)) + notType(v, value)
	case "enum":
		return "must be " + alternatives(enumTexts(v.schema))
	case "const":
		return "must be " + limit
	case "minimum":
		return "must be at least " + limit
	case "maximum":
		return "must be at most " + limit
	case "exclusiveMinimum":
		return "must be more than " + limit
	case "exclusiveMaximum":
		return "must be less than " + limit
	case "multipleOf":
		return "must be a multiple of " + limit
	case "minLength", "minItems", "minProperties":
		return tooFew(v.keyword, limit)
	case "maxLength", "maxItems", "maxProperties":
		return "must not have more than " + limit + " " + elements(v.keyword, limit)
	case "pattern":
		return "must match the pattern " + limit
	case "format":
		return "is not a valid " + limit
	case "uniqueItems":
		return "has an item twice"
	case "oneOf":
		return "fits more than one of the allowed forms"
	case "contains", "minContains", "maxContains":
		return "does not have the items that the schema asks for"
	case "additionalItems":
		return "has too many items"
	case "", "not", "then", "else", "items", "unevaluatedProperties", "unevaluatedItems":
		return "is not allowed here"
	}
	return "does not satisfy " + strconv.Quote(v.keyword) + " of the schema"
}

// notType says which type was found instead, where that helps.
func notType(v violation, value any) string {
	if _, isNumber := value.(json.Number); isNumber && slices.Contains(schemaTypes(v.schema), any("integer")) {
		return ""
	}
	return ", not " + typeOf(value)
}

func tooFew(keyword, limit string) string {
	if limit == "1" {
		return "must not be empty"
	}
	return "must have at least " + limit + " " + elements(keyword, limit)
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

// typeNames says which types are allowed: "a string or a list".
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
