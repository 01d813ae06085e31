package spec

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/qlsync/qlsync/internal/jsonpointer"
)

// compileForeign compiles a schema from a service: in any dialect, perhaps with keywords of another
// one, patterns that Go does not support, or external references. Unusable parts are removed from
// the document, which is changed, and listed; the rest is compiled. The checker is nil if nothing
// usable remains. The error says why the schema is refused as a whole; weight is the result of
// [weigh].
func compileForeign(doc map[string]any) (c *checker, weight int, unusable []string, err error) {
	unusable = cutReferences(doc)
	weight, err = weigh(doc)
	if err != nil {
		return nil, 0, nil, err
	}
	for range maxRepairs {
		c, err := compile(doc)
		if err == nil {
			slices.Sort(unusable)
			return c, weight, slices.Compact(unusable), nil
		}
		cut := cutInvalid(doc, err)
		if len(cut) == 0 {
			return nil, weight, append(unusable, err.Error()), nil
		}
		unusable = append(unusable, cut...)
	}
	return nil, weight, unusable, nil
}

// maxRepairs bounds the rounds of removal; each one finds all mistakes that the previous one has
// not hidden.
const maxRepairs = 20

// cutReferences removes references out of the document from every schema: its own address, unknown
// dialects, and missing targets.
func cutReferences(doc map[string]any) (unusable []string) {
	address, _ := doc["$id"].(string)
	eachSchema(doc, nil, 0, func(schema map[string]any, tokens []string) {
		for _, key := range []string{"$id", "id"} {
			if id, isText := schema[key].(string); isText && !strings.HasPrefix(id, "#") {
				delete(schema, key)
			}
		}
		if dialect, stated := schema["$schema"]; stated && (len(tokens) > 0 || !knownDialect(dialect)) {
			delete(schema, "$schema")
			if len(tokens) == 0 {
				unusable = append(unusable, "/$schema")
			}
		}
		target, refers := schema["$ref"]
		if !refers {
			return
		}
		text, _ := target.(string)
		if address != "" {
			text = strings.TrimPrefix(text, strings.TrimSuffix(address, "#"))
		}
		schema["$ref"] = text
		if !resolves(doc, text) {
			delete(schema, "$ref")
			unusable = append(unusable, jsonpointer.Join(append(tokens, "$ref")...))
		}
	})
	return unusable
}

// knownDialect reports whether the library reads a dialect.
func knownDialect(dialect any) bool {
	text, _ := dialect.(string)
	text = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(text, "https://"), "http://"), "#")
	switch text {
	case "json-schema.org/draft-04/schema", "json-schema.org/draft-06/schema", "json-schema.org/draft-07/schema",
		"json-schema.org/draft/2019-09/schema", "json-schema.org/draft/2020-12/schema":
		return true
	}
	return false
}

// resolves reports whether a reference leads to a schema of the document.
func resolves(doc any, reference string) bool {
	fragment, local := strings.CutPrefix(reference, "#")
	if !local {
		return false
	}
	for _, token := range splitLocation(fragment) {
		next, found := childOf(doc, token)
		if !found {
			return false
		}
		doc = next
	}
	switch doc.(type) {
	case map[string]any, bool:
		return fragment == "" || strings.HasPrefix(fragment, "/")
	}
	return false
}

// eachSchema visits a schema and every schema within it, in a fixed order.
func eachSchema(schema any, tokens []string, depth int, visit func(map[string]any, []string)) {
	object, ok := schema.(map[string]any)
	if !ok || depth > maxDepth {
		return
	}
	visit(object, tokens)
	for _, keyword := range slices.Sorted(maps.Keys(object)) {
		if inner, used := subschema(object, []string{keyword}); used == 1 {
			eachSchema(inner, append(slices.Clone(tokens), keyword), depth+1, visit)
			continue
		}
		for _, token := range childTokens(object[keyword]) {
			if inner, used := subschema(object, []string{keyword, token}); used == 2 {
				eachSchema(inner, append(slices.Clone(tokens), keyword, token), depth+1, visit)
			}
		}
	}
}

// childTokens lists the entries of an object, or the items of a list.
func childTokens(value any) []string {
	if list, ok := value.([]any); ok {
		tokens := make([]string, len(list))
		for i := range list {
			tokens[i] = fmt.Sprint(i)
		}
		return tokens
	}
	return entryNames(value)
}

// cutInvalid removes the keywords that the dialect's own schema rejects.
func cutInvalid(doc map[string]any, err error) (cut []string) {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	for _, tokens := range leafLocations(invalid) {
		if where, ok := cutKeyword(doc, tokens); ok {
			cut = append(cut, where)
		}
	}
	slices.Sort(cut)
	return cut
}

// leafLocations returns the places in the instance that an error is about.
func leafLocations(e *jsonschema.ValidationError) (locations [][]string) {
	if len(e.Causes) == 0 {
		return [][]string{splitLocation(e.InstanceLocation)}
	}
	for _, cause := range e.Causes {
		locations = append(locations, leafLocations(cause)...)
	}
	return locations
}

// cutKeyword removes the keyword at or above the tokens, or the entry that is not a schema but
// should be one.
func cutKeyword(doc map[string]any, tokens []string) (where string, ok bool) {
	for last := len(tokens); last > 0; last-- {
		switch container := valueAt(doc, tokens[:last-1]).(type) {
		case map[string]any:
			if _, found := container[tokens[last-1]]; !found {
				return "", false // cut already
			}
			if _, keyword := keywordAt(doc, tokens[:last]); keyword != "" && keyword != tokens[last-1] {
				continue // a part of a keyword's value: go up to the keyword
			}
			delete(container, tokens[last-1])
			return jsonpointer.Join(tokens[:last]...), true
		case nil:
			return "", false
		}
	}
	return "", false
}

// matchesPattern reports whether a schema allows a key by a pattern.
func matchesPattern(schema map[string]any, key string) bool {
	patterns, _ := schema["patternProperties"].(map[string]any)
	for pattern := range patterns {
		if expression, err := regexp.Compile(pattern); err == nil && expression.MatchString(key) {
			return true
		}
	}
	return false
}
