package plan

import (
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// problem notes a mistake.
func (r *resolver) problem(position connection.Position, reason connection.Reason) {
	r.problems = append(r.problems, problem{position, reason})
}

type resolver struct {
	resolved
	files   *files
	first   map[connection.Key]*target // by [connection.FoldKey]
	owners  map[string][]string        // ids, by "address " and an address in small letters, and by "subject " and a subject
	noUsers map[string]bool            // ids
}

// resolve looks up what the declarations name. What cannot be found is a problem, and so is what the
// provider says of a declaration ([connection.Rules]). Of two declarations of one connection, the
// second one is a problem, and is left out.
func resolve(files *files, rules connection.Rules, tenant *tenant) resolved {
	r := resolver{
		resolved: resolved{tenant: tenant, declared: map[connection.Key]*target{}, inScope: map[string]bool{}, disabled: map[string]bool{}},
		files:    files, first: map[connection.Key]*target{}, owners: map[string][]string{}, noUsers: map[string]bool{},
	}
	for _, user := range tenant.snapshot.Users {
		for _, name := range []string{"address " + strings.ToLower(user.Email), "subject " + user.Subject} {
			r.owners[name] = append(r.owners[name], user.ID)
		}
	}
	for _, id := range tenant.snapshot.NoUsers {
		r.noUsers[id] = true
	}
	r.findDisabled()
	r.findScope()
	for i := range files.Desired {
		t := r.locate(&files.Desired[i])
		if t == nil || !r.isFirst(t) {
			continue
		}
		for _, reason := range rules.Check(t.Desired, t.source, &r.snapshot.Capabilities) {
			r.problem(t.PositionOf(reason.Path), reason.With("connection", t.key))
		}
		t.ownerID = r.owner(t.Desired)
		r.selectStored(t)
		r.declared[t.key], r.targets = t, append(r.targets, t)
	}
	slices.SortFunc(r.targets, func(x, y *target) int { return x.key.Compare(y.key) })
	return r.resolved
}

func (r *resolver) findDisabled() {
	disabled := r.snapshot.Disabled
	if r.files.Catalog != nil {
		disabled = slices.Concat(disabled, r.files.Catalog.Disabled)
	}
	for _, dataSource := range disabled {
		r.disabled[dataSource] = true
	}
}

func (r *resolver) findScope() {
	onlyMoves := map[connection.SpaceRef]bool{}
	for _, ref := range r.files.OnlyMoves {
		onlyMoves[plain(ref)] = true
	}
	for _, ref := range r.files.Spaces {
		if onlyMoves[plain(ref)] {
			continue // a space that is gone holds nothing to move
		}
		if space, ok := r.space(ref); ok {
			r.inScope[space.Name] = true
		}
	}
	for _, ref := range r.files.OnlyMoves {
		if space, ok := r.visible(ref); ok {
			delete(r.inScope, space.Name)
		}
	}
}

// plain returns a reference without its position.
func plain(ref connection.SpaceRef) connection.SpaceRef {
	return connection.SpaceRef{Name: ref.Name, ID: ref.ID, Personal: ref.Personal}
}

// locate returns the target at the declared space and name; nil where there is no such space.
func (r *resolver) locate(desired *connection.Desired) *target {
	space, ok := r.space(desired.Space)
	if !ok {
		return nil
	}
	if len(r.files.Spaces) > 0 && !r.inScope[space.Name] {
		r.problem(desired.PositionOf("/space"), connection.Because("outside-spaces", "space", space.Name))
	}
	return &target{
		Desired: desired, source: r.files.source(desired.DataSource),
		space: space, key: connection.Key{Space: space.Name, Name: desired.Name},
	}
}

// isFirst reports whether no declaration before has the same key, or one that differs only in
// letter case or normalisation.
func (r *resolver) isFirst(t *target) bool {
	folded := connection.FoldKey(t.key)
	first := r.first[folded]
	if first == nil {
		r.first[folded] = t
		return true
	}
	reason := connection.Because("already-declared", "connection", t.key)
	if first.key != t.key { // by the id of the space here, and by its name there
		reason = contrast("declared-almost-alike", t.key.String(), first.key.String(), connection.Resemblance(t.key.Name, first.key.Name))
	}
	r.problem(t.PositionOf(""), reason.With("at", first.PositionOf("")))
	return false
}

// space returns the space with exactly the name or id of the reference, and notes a problem where
// there is none.
func (r *resolver) space(ref connection.SpaceRef) (connection.Space, bool) {
	space, ok := r.visible(ref)
	if !ok {
		r.problem(ref.Position, r.noSpace(ref))
	}
	return space, ok
}

// owner finds the declared owner's id.
func (r *resolver) owner(desired *connection.Desired) string {
	if desired.Owner == "" {
		if id := desired.OwnerID; r.noUsers[id] {
			r.problem(desired.PositionOf("/owner"), connection.Because("no-user-id", "user", id))
		}
		return desired.OwnerID
	}
	found := slices.Concat(r.owners["address "+strings.ToLower(desired.Owner)], r.owners["subject "+desired.Owner])
	slices.Sort(found)
	switch found = slices.Compact(found); len(found) {
	case 1:
		return found[0]
	case 0:
		r.problem(desired.PositionOf("/owner"), connection.Because("no-user", "user", desired.Owner))
	default:
		r.problem(desired.PositionOf("/owner"), connection.Because("several-users", "count", len(found), "user", desired.Owner, "ids", found))
	}
	return ""
}
