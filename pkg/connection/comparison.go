package connection

import (
	"slices"
	"strings"
)

// Comparison is the rule for which differences between a declared and a live value count. The value
// that is written is always the declared one.
type Comparison struct {
	// As is [CompareSet], [CompareIgnoreCase] or empty.
	As string
	// By is the key by which [CompareSet] recognises items. Empty: by the whole item.
	By string
	// OnlyDeclared ignores entries of maps that are not declared, at any depth.
	OnlyDeclared bool
}

// The values of [Comparison.As].
const (
	CompareSet        = "set"        // the order of a list does not count
	CompareIgnoreCase = "ignoreCase" // letter case of texts does not count, at any depth
)

// EqualBy reports whether a live value is the declared one under the rules for the path and the
// paths below it. A path without a rule is compared by [Equal].
func EqualBy(rules map[string]Comparison, path string, declared, live any) bool {
	if len(rules) == 0 || Equal(declared, live) {
		return Equal(declared, live)
	}
	if rule, ok := rules[path]; ok {
		return rule.equal(declared, live)
	}
	want, isMap := declared.(map[string]any)
	have, both := live.(map[string]any)
	if !isMap || !both || len(want) != len(have) || !hasRuleBelow(rules, path) {
		return false
	}
	for name, value := range want {
		other, present := have[name]
		if !present || !EqualBy(rules, path+"."+name, value, other) {
			return false
		}
	}
	return true
}

func hasRuleBelow(rules map[string]Comparison, path string) bool {
	for at := range rules {
		if strings.HasPrefix(at, path+".") {
			return true
		}
	}
	return false
}

// equal reports whether a live value is the declared one under this rule.
func (c Comparison) equal(declared, live any) bool {
	switch want := declared.(type) {
	case map[string]any:
		have, ok := live.(map[string]any)
		return ok && c.equalMaps(want, have)
	case []any:
		have, ok := live.([]any)
		return ok && c.equalLists(want, have)
	case string:
		have, ok := live.(string)
		return ok && (want == have || c.As == CompareIgnoreCase && FoldName(want) == FoldName(have))
	}
	return Equal(declared, live)
}

func (c Comparison) equalMaps(want, have map[string]any) bool {
	if !c.OnlyDeclared && len(want) != len(have) {
		return false
	}
	if c.As == CompareSet {
		c.As = "" // the rule for order is for the items of one list
	}
	for name, value := range want {
		other, present := have[name]
		if !present || !c.equal(value, other) {
			return false
		}
	}
	return true
}

func (c Comparison) equalLists(want, have []any) bool {
	if c.As == CompareSet {
		if c.OnlyDeclared && c.By == "" {
			return containsAll(have, want)
		}
		sortedWant, isKnown := c.sorted(want)
		sortedHave, areBoth := c.sorted(have)
		if isKnown && areBoth { // otherwise the items cannot be matched, and the order counts
			want, have = sortedWant, sortedHave
		}
		c.As, c.By = "", ""
	}
	return slices.EqualFunc(want, have, c.equal)
}

// containsAll reports whether a live list has each declared item, as often as it is declared.
// Items without a key are compared as a whole, because nothing else identifies them.
func containsAll(have, want []any) bool {
	left := slices.Clone(have)
	for _, item := range want {
		at := slices.IndexFunc(left, func(other any) bool { return Equal(item, other) })
		if at < 0 {
			return false
		}
		left = slices.Delete(left, at, at+1)
	}
	return true
}

// sorted returns a list in the order of the identities of its items. ok is false where an item has
// no identity, or two items have the same value at the key.
func (c Comparison) sorted(list []any) ([]any, bool) {
	type identified struct {
		by   string
		item any
	}
	items := make([]identified, len(list))
	for i, item := range list {
		by, ok := c.identity(item)
		if !ok {
			return nil, false
		}
		items[i] = identified{by, item}
	}
	slices.SortStableFunc(items, func(a, b identified) int { return strings.Compare(a.by, b.by) })
	sorted := make([]any, len(items))
	for i, item := range items {
		if c.By != "" && i > 0 && item.by == items[i-1].by {
			return nil, false
		}
		sorted[i] = item.item
	}
	return sorted, true
}

// identity returns the value that identifies an item: the value at the key, or the whole item. A
// map without the key and a redacted value have no identity.
func (c Comparison) identity(item any) (string, bool) {
	if c.By != "" {
		object, ok := item.(map[string]any)
		if item, ok = object[c.By], ok && object[c.By] != nil; !ok {
			return "", false
		}
	}
	if len(Secrets(item)) > 0 {
		return "", false
	}
	return Canonical(item), true
}
