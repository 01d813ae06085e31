package spec

import (
	"maps"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/jsonpointer"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
)

// readComparisons reads lifecycle.compare; a null entry removes a default.
func readComparisons(tree *node) map[string]connection.Comparison {
	var comparisons map[string]connection.Comparison
	for _, entry := range tree.entries() {
		if !entry.value.is(kindObject) {
			continue
		}
		if comparisons == nil {
			comparisons = map[string]connection.Comparison{}
		}
		comparisons[entry.key] = connection.Comparison{
			As: textOf(entry.value.get("as")), By: textOf(entry.value.get("by")), OnlyDeclared: textOf(entry.value.get("only")) == "declared",
		}
	}
	return comparisons
}

// checkComparisons reports comparisons that cannot be intended. A comparison of an undeclared
// property is not a mistake if the defaults of the file are for several data sources;
// [CheckProperties] reports a property that no data source has.
func (n *notes) checkComparisons(tree *node, desired *connection.Desired) {
	for _, entry := range tree.entries() {
		if !entry.value.is(kindObject) {
			continue
		}
		rule := desired.Lifecycle.Compare[entry.key]
		value, declared := valueAtPath(desired.Properties, entry.key)
		items, isList := value.([]any)
		_, isMap := value.(map[string]any)
		by := entry.value.get("by")
		switch {
		case rule.As == "" && !rule.OnlyDeclared && rule.By == "":
			n.add(entry.place, connection.Because("comparison-without-rule", "property", entry.key))
		case rule.By != "" && rule.As != connection.CompareSet:
			n.add(by.place, connection.Because("comparison-key-without-set"))
		case !declared || value == nil:
		case rule.As == connection.CompareSet && !isList:
			n.add(entry.value.get("as").place, connection.Because("comparison-not-a-list", "property", entry.key, "found", kindName(value)))
		case rule.By != "" && len(items) > 0 && !slices.ContainsFunc(items, func(item any) bool { return hasKey(item, rule.By) }):
			n.add(by.place, suggest(connection.Because("comparison-key-not-found", "property", entry.key, "key", rule.By), rule.By, itemKeys(items)))
		case rule.OnlyDeclared && !isList && !isMap:
			n.add(entry.value.get("only").place, connection.Because("comparison-without-entries", "property", entry.key, "found", kindName(value)))
		}
	}
}

// valueAtPath returns the declared value at a path of names joined by dots. A property whose own
// name has dots has priority.
func valueAtPath(properties map[string]any, path string) (any, bool) {
	if value, ok := properties[path]; ok {
		return value, true
	}
	name, rest, deeper := strings.Cut(path, ".")
	inner, isMap := properties[name].(map[string]any)
	if !deeper || !isMap {
		return nil, false
	}
	return valueAtPath(inner, rest)
}

func hasKey(item any, key string) bool {
	object, ok := item.(map[string]any)
	return ok && object[key] != nil
}

func itemKeys(items []any) []string {
	keys := map[string]bool{}
	for _, item := range items {
		object, _ := item.(map[string]any)
		for key := range object {
			keys[key] = true
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

func kindName(value any) string {
	switch value.(type) {
	case map[string]any:
		return "a map"
	case []any:
		return "a list"
	case string:
		return "a text"
	case bool:
		return "a switch"
	}
	return "a number"
}

// checkCompared reports a comparison of a property that no connection with this comparison
// declares, and none of their data sources has: defaults may be for several data sources.
func checkCompared(set []connection.Desired, sources map[string]*sourceSchema) connection.Problems {
	known := map[string]bool{}
	for i := range set {
		for path := range set[i].Lifecycle.Compare {
			known[path] = known[path] || mayHave(sources[set[i].DataSource], &set[i], path)
		}
	}
	told := map[connection.Position]bool{}
	var problems connection.Problems
	for i := range set {
		d := &set[i]
		for _, path := range slices.Sorted(maps.Keys(d.Lifecycle.Compare)) {
			at := d.PositionOf("/lifecycle/compare/" + jsonpointer.Escape(path) + keyMark)
			if known[path] || told[at] {
				continue
			}
			told[at] = true
			name, _, _ := strings.Cut(path, ".")
			reason := suggest(connection.Because("comparison-unknown-property", "dataSource", d.DataSource, "property", name), name, sources[d.DataSource].names)
			problems = append(problems, messages.Problem(at, connection.SeverityError, reason))
		}
	}
	return problems
}

// mayHave reports whether a connection can have the property at a path, as far as known.
func mayHave(s *sourceSchema, d *connection.Desired, path string) bool {
	name, _, _ := strings.Cut(path, ".")
	if s == nil || s.open || d.UnknownAllowed || len(s.names) == 0 || s.knows(path) || s.knows(name) {
		return true
	}
	_, whole := d.Properties[path]
	_, outer := d.Properties[name]
	return whole || outer
}
