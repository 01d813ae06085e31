package spec

import (
	"maps"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Group is a named selection of tenants. A tenant is in the group if one of the patterns matches.
type Group struct {
	Name     string
	Position connection.Position
	patterns []groupPattern
}

// groupPattern is a pattern for each of some attributes or columns of a tenant. All of them must
// match.
type groupPattern map[string]string

// has reports whether a tenant is in the group. A pattern matches no attribute that is unknown.
func (g *Group) has(tenant *Tenant) bool {
	return slices.ContainsFunc(g.patterns, func(p groupPattern) bool {
		for name, pattern := range p {
			value, _ := tenant.attribute(name)
			switch name {
			case attributeName:
				value = tenant.Name
			case attributeHost:
				pattern = strings.ToLower(pattern)
			}
			if value == "" || !words.Match(pattern, value) {
				return false
			}
		}
		return true
	})
}

// readGroups reads the groups, and sets the groups of each tenant.
func (n *notes) readGroups(p *Project, tree *node) {
	known := map[string]bool{}
	for i := range p.Tenants {
		for name := range p.Tenants[i].Columns {
			known[name] = true
		}
	}
	columns := slices.Concat(tenantAttributes(), slices.Sorted(maps.Keys(known)))
	if p.Fleet != nil && p.LockDigest == "" {
		columns = nil // unknown
	}
	for _, entry := range tree.entries() {
		group := Group{Name: entry.key, Position: position(n.file, entry.place)}
		items := entry.value.items()
		if !entry.value.is(kindList) {
			items = []child{{place: entry.value.place, value: entry.value}}
		}
		for _, item := range items {
			group.patterns = append(group.patterns, n.groupPattern(item.value, columns))
		}
		isEmpty := true
		for i := range p.Tenants {
			if tenant := &p.Tenants[i]; group.has(tenant) {
				tenant.Groups, isEmpty = append(tenant.Groups, group.Name), false
			}
		}
		if isEmpty && n.errors == 0 {
			n.warn(entry.place, connection.Because("group-without-tenants", "group", group.Name))
		}
		p.Groups = append(p.Groups, group)
	}
}

// GroupNames returns the names of the groups, in their order.
func (p *Project) GroupNames() []string {
	names := make([]string, len(p.Groups))
	for i := range p.Groups {
		names[i] = p.Groups[i].Name
	}
	return names
}

// groupPattern reads one item of a group: a pattern for the name, or a map of patterns by columns.
// The columns are nil if they are unknown.
func (n *notes) groupPattern(tree *node, columns []string) groupPattern {
	if tree.is(kindString) {
		return groupPattern{attributeName: tree.text}
	}
	pattern := groupPattern{}
	for _, entry := range tree.entries() {
		if columns != nil && !slices.Contains(columns, entry.key) {
			n.add(entry.place, suggest(connection.Because("unknown-tenant-attribute", "attribute", entry.key), entry.key, columns))
		}
		pattern[entry.key] = textOf(entry.value)
	}
	if len(pattern) == 0 {
		return groupPattern{attributeName: ""} // the check of the structure has reported it
	}
	return pattern
}
