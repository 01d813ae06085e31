package connection

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
)

// Equal reports whether two JSON values are the same. A [Secret] equals nothing,
// not even itself: what cannot be seen cannot be compared. A nil map or list is
// not an empty one.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && (a == nil) == (b == nil) && maps.EqualFunc(a, b, Equal)
	case []any:
		b, ok := b.([]any)
		return ok && (a == nil) == (b == nil) && slices.EqualFunc(a, b, Equal)
	case Secret:
		return false
	}
	return reflect.DeepEqual(a, b)
}

// Canonical returns the one JSON text of a value: object keys sorted, numbers as
// they were written, references by name, secrets as placeholders.
func Canonical(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		// Only a value outside the package's JSON model gets here.
		panic("connection: value is not JSON: " + err.Error())
	}
	return string(text)
}

// mapLeaves copies a tree with each leaf replaced, visiting maps by sorted key.
func mapLeaves(tree any, replace func(any) any) any {
	switch node := tree.(type) {
	case map[string]any:
		if node == nil {
			return node
		}
		copied := make(map[string]any, len(node))
		for _, key := range slices.Sorted(maps.Keys(node)) {
			copied[key] = mapLeaves(node[key], replace)
		}
		return copied
	case []any:
		if node == nil {
			return node
		}
		copied := make([]any, len(node))
		for i, item := range node {
			copied[i] = mapLeaves(item, replace)
		}
		return copied
	}
	return replace(tree)
}
