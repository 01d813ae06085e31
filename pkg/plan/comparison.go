package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// alike reports whether a live value is what is declared, as far as lifecycle.compare asks for it at
// the path or below it.
func alike(rules map[string]connection.Comparison, path string, want, have any) bool {
	if len(rules) == 0 || connection.Equal(want, have) {
		return connection.Equal(want, have)
	}
	if rule, ok := rules[path]; ok {
		return alikeBy(rule, want, have)
	}
	declared, isMap := want.(map[string]any)
	live, both := have.(map[string]any)
	if !isMap || !both || len(declared) != len(live) || !slices.ContainsFunc(slices.Collect(maps.Keys(rules)), func(p string) bool { return strings.HasPrefix(p, path+".") }) {
		return false
	}
	for name, value := range declared {
		other, present := live[name]
		if !present || !alike(rules, path+"."+name, value, other) {
			return false
		}
	}
	return true
}

// alikeBy compares by one rule.
func alikeBy(rule connection.Comparison, want, have any) bool {
	switch want := want.(type) {
	case map[string]any:
		have, ok := have.(map[string]any)
		if !ok || !rule.OnlyDeclared && len(want) != len(have) {
			return false
		}
		inner := rule
		if rule.As == connection.CompareSet {
			inner.As = "" // it is about the items of one list
		}
		for name, value := range want {
			other, present := have[name]
			if !present || !alikeBy(inner, value, other) {
				return false
			}
		}
		return true
	case []any:
		have, ok := have.([]any)
		if ok && rule.As == connection.CompareSet && rule.OnlyDeclared && rule.By == "" {
			return containsAll(have, want)
		}
		if !ok || len(want) != len(have) {
			return false
		}
		if rule.As == connection.CompareSet {
			want, have = sameOrder(rule, want, have)
			rule.As, rule.By = "", ""
		}
		return slices.EqualFunc(want, have, func(a, b any) bool { return alikeBy(rule, a, b) })
	case string:
		have, ok := have.(string)
		return ok && (want == have || rule.As == connection.CompareIgnoreCase && connection.FoldName(want) == connection.FoldName(have))
	}
	return connection.Equal(want, have)
}

// containsAll reports whether a live list has each declared item, as often as it is declared.
// Items without a key are compared as a whole, because nothing else identifies them.
func containsAll(have, want []any) bool {
	left := slices.Clone(have)
	for _, item := range want {
		at := slices.IndexFunc(left, func(other any) bool { return connection.Equal(item, other) })
		if at < 0 {
			return false
		}
		left = slices.Delete(left, at, at+1)
	}
	return true
}

// sameOrder returns two lists in the order of what identifies their items. Where an item has no such
// key, or two have the same, nobody can tell which is meant: both lists stay as they are.
func sameOrder(rule connection.Comparison, want, have []any) (declared, live []any) {
	byKey := func(list []any) ([]any, bool) {
		items := map[string]any{}
		for _, item := range list {
			key, ok := itemKey(rule, item)
			if _, again := items[key]; !ok || again && rule.By != "" {
				return nil, false
			}
			if rule.By != "" {
				items[key] = item
			}
		}
		sorted := slices.Clone(list)
		slices.SortStableFunc(sorted, func(a, b any) int {
			keyA, _ := itemKey(rule, a)
			keyB, _ := itemKey(rule, b)
			return strings.Compare(keyA, keyB)
		})
		return sorted, true
	}
	declared, known := byKey(want)
	live, found := byKey(have)
	if !known || !found {
		return want, have
	}
	return declared, live
}

// itemKey returns what identifies an item: the value at the key, or the whole item. A map without the
// key, and a value that is hidden, have no identity.
func itemKey(rule connection.Comparison, item any) (string, bool) {
	if rule.By != "" {
		object, ok := item.(map[string]any)
		if item, ok = object[rule.By], ok && object[rule.By] != nil; !ok {
			return "", false
		}
	}
	if len(connection.Secrets(item)) > 0 {
		return "", false
	}
	return connection.Canonical(item), true
}
