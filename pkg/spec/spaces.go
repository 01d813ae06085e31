package spec

import (
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// spaceRoles are the known roles in spaces. Their letter case matters to the service. A role that is
// not among them may be a new one.
var spaceRoles = []string{
	"basicconsumer", "codeveloper", "consumer", "contributor", "dataconsumer", "datapreview", "facilitator", "operator", "producer", "publisher",
}

// maxSpaceName is how long the name of a space may be, in characters.
const maxSpaceName = 256

// readSpaces reads the spaces of a file that must exist; scope is the spaces of the project.
func (r *reader) readSpaces(n *notes, set *DesiredSet, file source, scope []connection.SpaceRef) {
	for i := file.spaces; i < file.moves; i++ {
		tree := file.trees.tree(i)
		if !r.isHere(n, tree.get("tenants")) {
			continue
		}
		if system, known := systemOf(r.tenant.Provider); known && !system.keepsSpaces {
			n.add(tree.place, connection.Because("spaces-unsupported", "provider", r.tenant.Provider))
			continue
		}
		known := n.errors
		space := r.space(n, tree)
		space.At = file.at(declared{tree: int32(i), item: -1}, r.tenant)
		if n.errors == known && space.Name != "" && !outside(n, tree.get("name"), space.Ref(), scope) {
			r.distinctSpace(n, space.Ref())
		}
		if first, again := r.prepared[connection.FoldName(space.Name)]; again {
			n.add(tree.get("name").place, connection.Because("duplicate-space", "space", space.Name, "first", first.Position.String()))
			continue
		}
		r.prepared[connection.FoldName(space.Name)] = space.Ref()
		if n.errors == known {
			set.Prepared = append(set.Prepared, space)
		}
	}
}

// space reads one space. Parts of the wrong form are omitted, because they were reported before.
func (r *reader) space(n *notes, tree *node) connection.DesiredSpace {
	fill := r.scope.fill(n)
	space := connection.DesiredSpace{Type: textOf(tree.get("type")), ExactMembers: isTrue(tree.get("exactMembers"))}
	if name := tree.get("name"); name.is(kindString) {
		space.Name = n.spaceName(name, fill)
	}
	if text := tree.get("description"); text.is(kindString) {
		filled, _ := fill(text.place, text.text)
		space.Description = &filled
	}
	taken := map[connection.Principal]bool{}
	for _, item := range tree.get("members").items() {
		if !item.value.is(kindObject) {
			continue
		}
		member := n.member(item.value, fill)
		folded := member.Principal
		folded.Name = strings.ToLower(folded.Name)
		if taken[folded] {
			n.add(item.place, connection.Because("duplicate-member", "member", member.Principal.String()))
		}
		taken[folded] = true
		space.Members = append(space.Members, member)
	}
	return space
}

// spaceName reads the name of a space that must exist; empty if it caused a problem.
func (n *notes) spaceName(tree *node, fill filler) string {
	name, ok := fill(tree.place, tree.text)
	switch {
	case !ok:
	case name == connection.PersonalSpace:
		n.add(tree.place, connection.Because("personal-space-declared"))
	case strings.ContainsAny(name, "\"*?<>/|\\:"), len([]rune(name)) > maxSpaceName:
		n.add(tree.place, connection.Because("space-name-refused", "space", name))
	default:
		n.checkWords(tree.place, name, "the name of a space")
		return name
	}
	return ""
}

// member reads one member.
func (n *notes) member(tree *node, fill filler) connection.DesiredMember {
	var member connection.DesiredMember
	found := 0
	for _, kind := range []connection.PrincipalKind{connection.MemberGroup, connection.MemberUser, connection.MemberClient} {
		value := tree.get(string(kind))
		if tree.entry(string(kind)) == nil {
			continue
		}
		found++
		member.Principal = connection.Principal{Kind: kind}
		if value.is(kindObject) {
			member.ID, _ = fill(value.place, textOf(value.get("id")))
		} else {
			member.Name, _ = fill(value.place, textOf(value))
		}
	}
	if found != 1 {
		n.add(tree.place, connection.Because("one-member-kind"))
	}
	for _, item := range tree.get("roles").items() {
		role := textOf(item.value)
		if like := strings.ToLower(role); role != like && slices.Contains(spaceRoles, like) {
			n.add(item.place, connection.Because("role-letter-case", "role", role, "meant", like))
		}
		if role != "" && !slices.Contains(member.Roles, role) {
			member.Roles = append(member.Roles, role)
		}
	}
	slices.Sort(member.Roles)
	return member
}

// Prepares reports whether a space is one that must exist, so that apply creates it where it is missing.
func (set *DesiredSet) Prepares(space connection.SpaceRef) bool {
	return slices.ContainsFunc(set.Prepared, func(d connection.DesiredSpace) bool { return d.Ref().Same(space) })
}
