package spec

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// coerce copies a value in the form into which the service converts it under a schema: a text with
// a number or a boolean becomes one if the schema requires it, and the reverse; a value of an enum
// gets the enum's letter case. A reference becomes a text.
func (s *sourceSchema) coerce(schema any, value any, depth int) any {
	object, _ := schema.(map[string]any)
	for hops := 0; hops < maxDepth; hops++ {
		target, refers := object["$ref"].(string)
		if !refers {
			break
		}
		object, _ = s.follow(target).(map[string]any)
	}
	switch value := value.(type) {
	case connection.Reference:
		return ""
	case map[string]any:
		return s.coerceMap(object, value, depth)
	case []any:
		return s.coerceList(object, value, depth)
	}
	return coerceEnum(object, coerceType(object, value))
}

func (s *sourceSchema) coerceMap(schema, value map[string]any, depth int) any {
	properties, _ := schema["properties"].(map[string]any)
	copied := make(map[string]any, len(value))
	for name, inner := range value {
		of, known := properties[name]
		if !known {
			of = schema["additionalProperties"]
		}
		copied[name] = s.coerce(of, inner, depth+1)
	}
	if depth > maxDepth {
		return copied
	}
	parts, _ := schema["allOf"].([]any)
	for _, part := range parts {
		if same, ok := s.coerce(part, copied, depth+1).(map[string]any); ok {
			copied = same
		}
	}
	return copied
}

func (s *sourceSchema) coerceList(schema map[string]any, value []any, depth int) any {
	copied := make([]any, len(value))
	for i, inner := range value {
		of := schema["items"]
		if tuple, isTuple := of.([]any); isTuple {
			of = nil
			if i < len(tuple) {
				of = tuple[i]
			}
		}
		copied[i] = s.coerce(of, inner, depth+1)
	}
	return copied
}

// coerceType converts a scalar to a type that the schema allows.
func coerceType(schema map[string]any, value any) any {
	types := allowedTypes(schema)
	if len(types) == 0 {
		return value
	}
	allows := func(t string) bool { return slices.Contains(types, any(t)) }
	switch value := value.(type) {
	case string:
		switch {
		case allows("string"):
		case (allows("integer") || allows("number")) && jsonNumber.MatchString(value) && len(value) < 400 && moderate(value):
			return json.Number(value)
		case allows("boolean") && (strings.EqualFold(value, "true") || strings.EqualFold(value, "false")):
			return strings.EqualFold(value, "true")
		}
	case json.Number:
		if allows("string") && !allows("number") && !allows("integer") {
			return value.String()
		}
	case bool:
		if allows("string") && !allows("boolean") {
			return plainText(value)
		}
	}
	return value
}

// allowedTypes returns the types of a schema, or of its alternatives.
func allowedTypes(schema map[string]any) []any {
	types := schemaTypes(schema)
	if len(types) > 0 {
		return types
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		branches, _ := schema[keyword].([]any)
		for _, branch := range branches {
			inner, _ := branch.(map[string]any)
			types = append(types, schemaTypes(inner)...)
		}
	}
	return types
}

// coerceEnum returns the one value of an enum that differs from the value only in letter case and
// quotes; the value itself if there is none or several.
func coerceEnum(schema map[string]any, value any) any {
	allowed, _ := schema["enum"].([]any)
	if len(allowed) == 0 || value == nil || slices.Contains(allowed, value) {
		return value
	}
	var same []any
	for _, candidate := range allowed {
		if candidate != nil && strings.EqualFold(plainText(candidate), plainText(value)) {
			same = append(same, candidate)
		}
	}
	if len(same) == 1 {
		return same[0]
	}
	return value
}
