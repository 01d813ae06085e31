package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/keyrecord"
	"github.com/qlsync/qlsync/pkg/connection"
)

// target is a declared connection whose names have been looked up in the tenant.
type target struct {
	*connection.Desired
	key     connection.Key
	space   connection.Space
	ownerID string                 // empty: not declared
	source  *connection.DataSource // never nil; empty where the tenant has none
	// lacks says which stored credentials the tenant does not have; empty: none.
	lacks string
	// selects is the property that selects them.
	selects string
}

// Scope says what must be read of a tenant to plan for the files: the
// connections of the project's spaces, in detail where they are declared, moved
// from, or owned by the project.
func Scope(in Input) connection.Scope {
	type place struct{ spaceName, spaceID, name string }
	matters := map[place]bool{}
	add := func(space connection.SpaceRef, name string) {
		switch {
		case space.Personal:
			matters[place{spaceName: connection.PersonalSpace, name: name}] = true
		case space.ID != "":
			matters[place{spaceID: space.ID, name: name}] = true
		default:
			matters[place{spaceName: space.Name, name: name}] = true
		}
	}
	var owners, ownerIDs []string
	for i := range in.Desired {
		add(in.Desired[i].Space, in.Desired[i].Name)
		if owner := in.Desired[i].Owner; owner != "" {
			owners = append(owners, owner)
		} else if id := in.Desired[i].OwnerID; id != "" {
			ownerIDs = append(ownerIDs, id)
		}
	}
	stored, linked := storedIn(in)
	for _, move := range in.Moves {
		add(move.From.Space, move.From.Name)
		add(move.To.Space, move.To.Name)
	}
	slices.Sort(owners)
	return connection.Scope{
		Spaces: in.Spaces,
		Owners: slices.Compact(owners), OwnerIDs: ownerIDs,
		Stored: stored,
		Linked: linked,
		Details: func(live *connection.Live) bool {
			return live.Mark.Project == in.Project ||
				matters[place{spaceName: live.Key.Space, name: live.Key.Name}] ||
				matters[place{spaceID: live.SpaceID, name: live.Key.Name}]
		},
		Listed:    listed(in),
		Secretive: func(live *connection.Live) bool { return keyrecord.MayHide(live, in.Desired) },
	}
}

// resolve looks up what a declaration names. What cannot be found is a problem.
func (a *analysis) resolve() {
	for _, ref := range a.in.Spaces {
		if slices.ContainsFunc(a.in.OnlyMoves, ref.Same) {
			continue // a space that is gone holds nothing to move
		}
		if space, ok := a.space(ref); ok {
			a.inScope[space.Name] = true
		}
	}
	for _, ref := range a.in.OnlyMoves {
		if space, ok := a.visible(ref); ok {
			delete(a.inScope, space.Name)
		}
	}
	places := map[connection.Key]*target{}
	for i := range a.in.Desired {
		desired := &a.in.Desired[i]
		t := &target{Desired: desired, source: a.source(desired.DataSource)}
		space, ok := a.space(desired.Space)
		if !ok {
			continue
		}
		t.space, t.key = space, connection.Key{Space: space.Name, Name: desired.Name}
		if len(a.in.Spaces) > 0 && !a.inScope[space.Name] {
			a.problem(desired.PositionOf("/space"), "add it to spaces in the project file",
				"%q is outside of the project's spaces", space.Name)
		}
		switch first := places[connection.FoldKey(t.key)]; {
		case first == nil:
			places[connection.FoldKey(t.key)] = t
		case first.key == t.key:
			a.problem(desired.PositionOf(""), "", "%q is already declared at %s", t.key, first.PositionOf(""))
			continue
		default: // by the id of the space here, and by its name there
			own, other := connection.QuoteApart(t.key.String(), first.key.String())
			a.problem(desired.PositionOf(""), "rename one of them", "%s differs only in %s from %s, which is declared at %s",
				own, connection.Resemblance(t.key.Name, first.key.Name), other, first.PositionOf(""))
			continue
		}
		for _, reason := range a.in.Rules.Check(desired, t.source, &a.in.Snapshot.Traits) {
			text, next := a.messages.Parts(reason.With("connection", t.key))
			a.problem(desired.PositionOf(reason.Path), next, "%s", text)
		}
		t.ownerID = a.owner(desired)
		a.selectStored(t)
		a.targets = append(a.targets, t)
	}
	slices.SortFunc(a.targets, func(x, y *target) int { return x.key.Compare(y.key) })
}

func (a *analysis) source(id string) *connection.DataSource {
	if a.in.Catalog != nil {
		if source := a.in.Catalog.DataSources[id]; source != nil {
			return source
		}
	}
	return &connection.DataSource{ID: id}
}

// visible finds a space by its exact name or id.
func (a *analysis) visible(ref connection.SpaceRef) (connection.Space, bool) {
	space, ok := a.spaces[connection.SpaceRef{Name: ref.Name, ID: ref.ID, Personal: ref.Personal}]
	return space, ok
}

// space is like visible, and notes a problem where there is no such space.
func (a *analysis) space(ref connection.SpaceRef) (connection.Space, bool) {
	if space, ok := a.visible(ref); ok {
		return space, true
	}
	a.problem(ref.Position, a.meantSpace(ref), "no space %q that this token can see", ref.String())
	return connection.Space{}, false
}

// owner finds the declared owner's id.
func (a *analysis) owner(desired *connection.Desired) string {
	if desired.Owner == "" {
		if id := desired.OwnerID; slices.Contains(a.in.Snapshot.NoUsers, id) {
			a.problem(desired.PositionOf("/owner"), "", "no user of the tenant has the id %q", id)
		}
		return desired.OwnerID
	}
	var found []string
	for _, user := range a.in.Snapshot.Users {
		if strings.EqualFold(user.Email, desired.Owner) || user.Subject == desired.Owner {
			found = append(found, user.ID)
		}
	}
	switch len(found) {
	case 1:
		return found[0]
	case 0:
		a.problem(desired.PositionOf("/owner"), "", "no active user of the tenant has the e-mail or subject %q", desired.Owner)
	default:
		slices.Sort(found)
		a.problem(desired.PositionOf("/owner"), "declare it as {id: ...}", "%d users have the e-mail or subject %q: %s",
			len(found), desired.Owner, strings.Join(found, ", "))
	}
	return ""
}

// problem notes an error once, however many times it is found.
func (a *analysis) problem(position connection.Position, hint, format string, args ...any) {
	p := connection.Problem{Position: position, Severity: connection.SeverityError, Message: fmt.Sprintf(format, args...), Hint: hint}
	if !slices.Contains(a.problems, p) {
		a.problems = append(a.problems, p)
	}
}
