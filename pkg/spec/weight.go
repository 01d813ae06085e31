package spec

import (
	"fmt"
	"maps"
	"reflect"
	"regexp/syntax"
	"strings"

	"github.com/qlsync/qlsync/internal/jsontext"
	"github.com/qlsync/qlsync/internal/limits"
)

// MaxSchema is how large the schema of one data source may be, in bytes.
const MaxSchema = limits.SchemaBytes

const (
	// maxSchemaPaths is how many schemas one value may be checked against.
	maxSchemaPaths = limits.SchemaPaths
	// maxSchemaWork is how many checks a schema may cause in a project: the values of
	// the connections, times the schemas for each value.
	maxSchemaWork = 50_000_000
	// maxSchemas is how many schemas one schema may contain.
	maxSchemas = limits.SchemaParts
	// maxNested is how deep schemas may be nested or chained: the library's work grows with the square.
	maxNested = limits.SchemaDepth
	// maxPatterns is the size of all patterns of a schema with expanded repetitions, in characters.
	maxPatterns = limits.SchemaPatterns
)

// weigher computes the cost of a schema before the library compiles it. The library compiles and
// checks along every path through $ref, allOf, anyOf and similar keywords: 30 definitions that each
// refer twice to the previous one have a billion paths.
type weigher struct {
	doc any
	// known are all schemas of the document, by their addresses in memory.
	known map[uintptr]map[string]any
	// at holds the cost of each schema for a value of the current depth; below holds the cost for
	// values one level less deep, nil if there is none.
	at, below map[uintptr]int
	patterns  int
	deepest   int // how deep schemas are nested or chained
}

// weigh returns the maximum number of schemas against which one value is checked, for any nesting.
// The error says why the schema must not be compiled.
func weigh(doc map[string]any) (int, error) {
	w := &weigher{doc: doc, known: map[uintptr]map[string]any{}}
	w.collect(doc, 0)
	switch {
	case w.deepest > maxNested:
		return 0, fmt.Errorf("its schemas are nested more than %d deep", maxNested)
	case len(w.known) > maxSchemas:
		return 0, fmt.Errorf("it has more than %s schemas", limits.Grouped(maxSchemas))
	case w.patterns > maxPatterns:
		return 0, fmt.Errorf("its patterns stand for more than %s characters", limits.Grouped(maxPatterns))
	}
	heaviest := 0
	for range maxDepth {
		w.below, w.at = w.at, map[uintptr]int{}
		for _, schema := range w.known {
			heaviest = max(heaviest, w.weight(schema))
		}
		if heaviest > maxSchemaPaths {
			return 0, fmt.Errorf("its references and alternatives check one value against more than %s schemas", limits.Grouped(maxSchemaPaths))
		}
		if maps.Equal(w.below, w.at) {
			break
		}
	}
	return heaviest, nil
}

// collect finds the schemas that a schema leads to.
func (w *weigher) collect(schema any, depth int) {
	object, ok := schema.(map[string]any)
	if !ok || w.known[address(object)] != nil || len(w.known) > maxSchemas {
		return
	}
	w.known[address(object)] = object
	w.deepest = max(w.deepest, depth)
	if pattern, isText := object["pattern"].(string); isText {
		w.patterns = sum(w.patterns, patternSize(pattern))
	}
	for pattern := range jsontext.Object(object, "patternProperties") {
		w.patterns = sum(w.patterns, patternSize(pattern))
	}
	for _, inner := range w.same(object) {
		w.collect(inner, depth+1)
	}
	for keyword := range object {
		for _, inner := range within(object, keyword) {
			w.collect(inner, depth+1)
		}
	}
}

func address(schema map[string]any) uintptr { return reflect.ValueOf(schema).Pointer() }

// sum adds numbers and stops above every limit.
func sum(numbers ...int) int {
	total := 0
	for _, number := range numbers {
		total = min(total+number, 1<<30)
	}
	return total
}

// within returns the schemas under a keyword of a schema.
func within(schema map[string]any, keyword string) []any {
	if _, written := schema[keyword]; !written {
		return nil
	}
	if inner, used := subschema(schema, []string{keyword}); used == 1 {
		return []any{inner}
	}
	var found []any
	switch value := schema[keyword].(type) {
	case []any:
		if _, used := subschema(schema, []string{keyword, "0"}); used == 2 || keyword == "items" {
			found = value
		}
	case map[string]any:
		for name := range value {
			if inner, used := subschema(schema, []string{keyword, name}); used == 2 {
				found = append(found, inner)
			}
		}
	}
	return found
}

// same returns the schemas that a schema applies to the same value.
func (w *weigher) same(schema map[string]any) []any {
	var found []any
	for _, keyword := range []string{"$ref", "$recursiveRef", "$dynamicRef"} {
		if target, refers := schema[keyword].(string); refers {
			found = append(found, valueAt(w.doc, splitLocation(strings.TrimPrefix(target, "#"))))
		}
	}
	for _, keyword := range []string{"not", "if", "then", "else", "allOf", "anyOf", "oneOf", "dependencies", "dependentSchemas"} {
		found = append(found, within(schema, keyword)...)
	}
	return found
}

// underWay marks a schema that has led back to itself at the same value.
const underWay = -1

// weight returns how many schemas a schema checks for a value of the current depth. Other keywords
// with a cost count as schemas too: a long enum is as much work.
func (w *weigher) weight(schema any) int {
	object, ok := schema.(map[string]any)
	if !ok {
		return 1
	}
	id := address(object)
	switch known, met := w.at[id]; {
	case known == underWay:
		return maxSchemaPaths + 1
	case met:
		return known
	}
	w.at[id] = underWay
	enum, _ := object["enum"].([]any)
	required, _ := object["required"].([]any)
	pattern, _ := object["pattern"].(string)
	total := 1 + len(enum)/16 + len(required)/16 + len(jsontext.Object(object, "properties"))/32 + patternSize(pattern)/4
	for _, inner := range w.same(object) {
		total = sum(total, w.weight(inner))
	}
	total = sum(total, max(w.ofEntry(object), w.ofItem(object)))
	w.at[id] = total
	return total
}

// lower returns the weights of the schemas under some keywords, for the values one level below: the
// sum, and the largest.
func (w *weigher) lower(schema map[string]any, keywords ...string) (total, largest int) {
	for _, keyword := range keywords {
		for _, inner := range within(schema, keyword) {
			weight := 0
			if object, ok := inner.(map[string]any); ok {
				weight = w.below[address(object)]
			}
			total, largest = sum(total, weight), max(largest, weight)
		}
	}
	return total, largest
}

// ofEntry returns the weight of the heaviest entry of an object. Entries with different names are
// different values, and additionalProperties applies to the remaining names.
func (w *weigher) ofEntry(schema map[string]any) int {
	_, named := w.lower(schema, "properties", "additionalProperties")
	others, _ := w.lower(schema, "patternProperties", "propertyNames", "unevaluatedProperties")
	return sum(named, others)
}

// ofItem returns the weight of the heaviest item of a list.
func (w *weigher) ofItem(schema map[string]any) int {
	_, placed := w.lower(schema, "items", "prefixItems", "additionalItems")
	others, _ := w.lower(schema, "contains", "unevaluatedItems")
	return sum(placed, others)
}

// patternSize returns the length of a pattern with expanded repetitions; zero for a pattern that Go
// does not support, because it is not used.
func patternSize(pattern string) int {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0
	}
	return expressionSize(parsed)
}

func expressionSize(expression *syntax.Regexp) int {
	size := 1 + len(expression.Rune)
	for _, part := range expression.Sub {
		size = sum(size, expressionSize(part))
	}
	if expression.Op == syntax.OpRepeat {
		size = min(size*max(expression.Min, expression.Max, 1), 1<<30)
	}
	return size
}
