package spec

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/qlsync/qlsync/internal/jsonpointer"
)

// checker is a compiled JSON Schema. It may be used concurrently.
type checker struct {
	// doc is the decoded schema, for details that the library only has as prose.
	doc      any
	compiled *jsonschema.Schema
	// shape accepts most values without the library. Nil: the library checks all.
	shape *shape
	// shapes are those of the items of its lists.
	shapes map[string]*shape
}

// schemaURL is the address of every schema during compilation. Because it is absolute, the library
// does not use the working directory.
const schemaURL = "https://schema.invalid/schema"

// compile compiles a decoded JSON Schema, by default as draft-07. It never loads anything from the
// network or from files, which the library would do by default.
func compile(doc any) (c *checker, err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("schema: %v", caught)
		}
	}()
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.Draft = jsonschema.Draft7
	compiler.AssertFormat = true
	compiler.LoadURL = func(address string) (io.ReadCloser, error) {
		return nil, errors.New("schemas elsewhere are not read")
	}
	if err := compiler.AddResource(schemaURL, bytes.NewReader(text)); err != nil {
		return nil, err
	}
	compiled, err := compiler.Compile(schemaURL)
	if err != nil {
		return nil, err
	}
	return &checker{doc: doc, compiled: compiled}, nil
}

// ofItems returns the checker of each item of the list that an object has at a key; nil
// where there is none.
func (c *checker) ofItems(key string) *checker {
	property := c.compiled.Properties[key]
	if property == nil {
		return nil
	}
	items, ok := property.Items.(*jsonschema.Schema)
	if !ok {
		return nil
	}
	return &checker{doc: c.doc, compiled: items, shape: c.shapes[key]}
}

// violation is one keyword of a schema that a value does not satisfy.
type violation struct {
	// tokens lead to the value in the instance.
	tokens []string
	// ofKey reports that the last token itself is at fault, as a name.
	ofKey   bool
	keyword string
	// schema is the object that holds the keyword; nil where a boolean forbids
	// everything.
	schema map[string]any
}

// check returns the violations of an instance, in a fixed order. Violations that ignore accepts
// count as satisfied, including within alternatives. An error is about the schema, not about the
// instance.
func (c *checker) check(instance any, ignore func(violation) bool) (found []violation, err error) {
	defer func() {
		// The library panics on unforeseen schemas.
		if caught := recover(); caught != nil {
			found, err = nil, fmt.Errorf("schema: %v", caught)
		}
	}()
	err = c.compiled.Validate(instance)
	if err == nil {
		return nil, nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return nil, err
	}
	return c.flatten(invalid, ignore), nil
}

// flatten returns the leaves of the library's tree of errors, and of alternatives those of the
// likeliest one. The order does not depend on the library's, which is random.
func (c *checker) flatten(e *jsonschema.ValidationError, ignore func(violation) bool) []violation {
	v := c.violation(e)
	alternatives := v.keyword == "anyOf" || v.keyword == "oneOf"
	if len(e.Causes) == 0 || v.keyword == "contains" || v.keyword == "minContains" {
		if ignore(v) {
			return nil
		}
		return []violation{v}
	}
	branches := make([][]violation, len(e.Causes))
	for i, cause := range e.Causes {
		branches[i] = c.flatten(cause, ignore)
	}
	if alternatives {
		return likeliest(v, branches)
	}
	all := slices.Concat(branches...)
	slices.SortStableFunc(all, func(a, b violation) int {
		return cmp.Or(slices.Compare(a.tokens, b.tokens), cmp.Compare(a.keyword, b.keyword))
	})
	return all
}

// likeliest returns the alternative that was probably meant: of those that allow the value's type,
// the one with the fewest violations. If none does, the violation is the wrong type.
func likeliest(of violation, branches [][]violation) []violation {
	var best []violation
	var types []any
	for _, branch := range branches {
		if len(branch) == 0 {
			return nil
		}
		wrongType := slices.IndexFunc(branch, func(v violation) bool {
			return v.keyword == "type" && slices.Equal(v.tokens, of.tokens)
		})
		if wrongType >= 0 {
			types = append(types, schemaTypes(branch[wrongType].schema)...)
		} else if best == nil || len(branch) < len(best) {
			best = branch
		}
	}
	if best != nil {
		return best
	}
	return []violation{{tokens: of.tokens, keyword: "type", schema: map[string]any{"type": types}}}
}

// schemaTypes returns the types that a schema names, as it names them.
func schemaTypes(schema map[string]any) []any {
	switch types := schema["type"].(type) {
	case string:
		return []any{types}
	case []any:
		return types
	}
	return nil
}

// violation translates one node of the library's tree.
func (c *checker) violation(e *jsonschema.ValidationError) violation {
	_, location, _ := strings.Cut(e.AbsoluteKeywordLocation, "#")
	schema, keyword := keywordAt(c.doc, splitLocation(location))
	return violation{
		tokens:  splitLocation(e.InstanceLocation),
		ofKey:   strings.Contains(e.KeywordLocation, "/propertyNames/"),
		keyword: keyword,
		schema:  schema,
	}
}

// splitLocation splits a location of the library: a JSON pointer whose tokens
// are also escaped as parts of a URL.
func splitLocation(location string) []string {
	tokens := jsonpointer.Split(location)
	for i, token := range tokens {
		if !strings.Contains(token, "%") {
			continue
		}
		if plain, err := url.PathUnescape(token); err == nil {
			tokens[i] = jsonpointer.Unescape(plain)
		}
	}
	return tokens
}

// keywordAt follows tokens from the root of a schema and returns the last keyword on the way, with
// its schema. The keyword is empty if the tokens end at a schema.
func keywordAt(doc any, tokens []string) (schema map[string]any, keyword string) {
	for len(tokens) > 0 {
		schema, ok := doc.(map[string]any)
		if !ok {
			return nil, ""
		}
		next, used := subschema(schema, tokens)
		if used == 0 || used == 1 && len(tokens) == 1 {
			return schema, tokens[0]
		}
		doc, tokens = next, tokens[used:]
	}
	schema, _ = doc.(map[string]any)
	return schema, ""
}

// subschema follows tokens from a schema to the next schema within it, and returns how many it
// used; zero if they lead to something else.
func subschema(schema map[string]any, tokens []string) (next any, used int) {
	value := schema[tokens[0]]
	switch tokens[0] {
	case "not", "if", "then", "else", "contains", "propertyNames", "additionalProperties",
		"additionalItems", "unevaluatedProperties", "unevaluatedItems":
		return value, 1
	case "items":
		if _, isList := value.([]any); !isList {
			return value, 1
		}
	case "properties", "patternProperties", "definitions", "$defs", "dependencies", "dependentSchemas",
		"allOf", "anyOf", "oneOf", "prefixItems":
	default:
		return nil, 0
	}
	if len(tokens) < 2 {
		return nil, 0
	}
	next, found := childOf(value, tokens[1])
	if _, isList := next.([]any); !found || isList {
		return nil, 0
	}
	return next, 2
}

// childOf returns an entry or an item of a JSON value.
func childOf(value any, token string) (child any, found bool) {
	switch value := value.(type) {
	case map[string]any:
		child, found = value[token]
	case []any:
		if i, ok := index(token, len(value)); ok {
			return value[i], true
		}
	}
	return child, found
}

// valueAt follows tokens through a JSON value; nil where they lead nowhere.
func valueAt(value any, tokens []string) any {
	for _, token := range tokens {
		value, _ = childOf(value, token)
	}
	return value
}
