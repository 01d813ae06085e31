package spec

import (
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// override returns a connection with the overrides for a tenant merged in, in their order, as a
// connection is merged over the defaults of its file. The result has the place of the connection, and
// a value that an override declares has the place in the override.
func override(tree *node, tenant *Tenant) *node {
	overrides := tree.get("overrides")
	if overrides == nil {
		return tree
	}
	merged := without(tree, "overrides")
	for _, item := range overrides.items() {
		if !item.value.is(kindObject) || !tenant.isFor(item.value.get("for")) {
			continue
		}
		at := merged.place
		over := *merge(merged, without(item.value, "for"))
		over.place = at
		merged = &over
	}
	return merged
}

// isFor reports whether a tenant is one of those that the key for of an override selects: by its
// name, by one of its groups, or by both. A value of a wrong form selects nothing.
func (t *Tenant) isFor(selection *node) bool {
	name, group := selection.get("tenant"), selection.get("group")
	switch {
	case len(selection.entries()) == 0, name != nil && !words.Match(textOf(name), t.Name):
		return false
	case group == nil:
		return name != nil
	}
	return slices.ContainsFunc(t.Groups, func(own string) bool { return words.Match(textOf(group), own) })
}

// checkOverrides reports overrides that select no tenant: the declared values would silently stay in
// effect. A name is an error, and a pattern, which may be for future tenants, a warning.
func (r *reader) checkOverrides(n *notes, tree *node) {
	for _, item := range tree.get("overrides").items() {
		selection := item.value.get("for")
		if name := selection.get("tenant"); !r.project.known[textOf(name)] {
			r.checkSelection(n, name, "unknown-tenant", "tenant", r.tenants)
		}
		r.checkSelection(n, selection.get("group"), "unknown-group", "group", r.groups)
	}
}

func (r *reader) checkSelection(n *notes, pattern *node, code, what string, known []string) {
	text := textOf(pattern)
	switch {
	case text == "" || slices.ContainsFunc(known, func(name string) bool { return words.Match(text, name) }):
	case strings.ContainsAny(text, "*?"):
		n.warn(pattern.place, connection.Because("override-for-nobody", "pattern", text, "what", what))
	default:
		n.add(pattern.place, suggest(connection.Because(code, what, text), text, known))
	}
}
