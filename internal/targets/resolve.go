package targets

import (
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Resolved is what [Resolve] has found. Each declared connection is a target, but for those whose
// space does not exist, and those that are declared twice.
type Resolved struct {
	*Tenant
	Targets  []*Target // by key
	Declared map[connection.Key]*Target
	// InScope holds the names of the spaces of the project. A space that only moves come from is none.
	InScope map[string]bool
	// Disabled holds the data sources with which nothing can be created or changed.
	Disabled map[string]bool
	Problems []Problem
}

type resolver struct {
	Resolved
	files   *Files
	first   map[connection.Key]*Target // by [connection.FoldKey]
	owners  map[string][]string        // ids, by "address " and an address in small letters, and by "subject " and a subject
	noUsers map[string]bool            // ids
}

// problem notes a mistake.
func (r *resolver) problem(position connection.Position, reason connection.Reason) {
	r.Problems = append(r.Problems, Problem{position, reason})
}

// Resolve looks up what the declarations name. What cannot be found is a problem, and so is what the
// provider says of a declaration ([connection.Rules]). Of two declarations of one connection, the
// second one is a problem, and is left out.
func Resolve(files *Files, rules connection.Rules, tenant *Tenant) Resolved {
	r := resolver{
		Resolved: Resolved{Tenant: tenant, Declared: map[connection.Key]*Target{}, InScope: map[string]bool{}, Disabled: map[string]bool{}},
		files:    files, first: map[connection.Key]*Target{}, owners: map[string][]string{}, noUsers: map[string]bool{},
	}
	for _, user := range tenant.Snapshot.Users {
		for _, name := range []string{"address " + strings.ToLower(user.Email), "subject " + user.Subject} {
			r.owners[name] = append(r.owners[name], user.ID)
		}
	}
	for _, id := range tenant.Snapshot.NoUsers {
		r.noUsers[id] = true
	}
	r.findDisabled()
	r.findScope()
	for i := range files.Desired {
		t := r.locate(&files.Desired[i])
		if t == nil || !r.isFirst(t) {
			continue
		}
		r.selectChoices(t)
		for _, reason := range rules.Check(t.Desired, t.Source, &r.Snapshot.Capabilities) {
			r.problem(t.PositionOf(reason.Path), reason.With("connection", t.Key))
		}
		t.TenantOwner = r.owner(t.Desired)
		files.selectStored(t, tenant.Snapshot.Stored)
		r.Declared[t.Key], r.Targets = t, append(r.Targets, t)
	}
	slices.SortFunc(r.Targets, func(x, y *Target) int { return x.Key.Compare(y.Key) })
	return r.Resolved
}

// findDisabled finds what the tenant or the catalog calls disabled.
func (r *resolver) findDisabled() {
	disabled := r.Snapshot.Disabled
	if r.files.Catalog != nil {
		disabled = slices.Concat(disabled, r.files.Catalog.Disabled)
	}
	for _, dataSource := range disabled {
		r.Disabled[dataSource] = true
	}
}

// findScope finds the spaces of the project.
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
			r.InScope[space.Name] = true
		}
	}
	for _, ref := range r.files.OnlyMoves {
		if space, ok := r.Visible(ref); ok {
			delete(r.InScope, space.Name)
		}
	}
}

// locate returns the target at the declared space and name; nil where there is no such space.
func (r *resolver) locate(desired *connection.Desired) *Target {
	space, ok := r.space(desired.Space)
	if !ok {
		return nil
	}
	if len(r.files.Spaces) > 0 && !r.InScope[space.Name] {
		r.problem(desired.PositionOf("/space"), connection.Because("outside-spaces", "space", space.Name))
	}
	return &Target{
		Desired: desired, Source: r.files.source(desired.DataSource),
		TenantSpace: space, Key: connection.Key{Space: space.Name, Name: desired.Name},
	}
}

// isFirst reports whether no declaration before has the same key, or one that differs only in
// letter case or normalisation.
func (r *resolver) isFirst(t *Target) bool {
	folded := connection.FoldKey(t.Key)
	first := r.first[folded]
	if first == nil {
		r.first[folded] = t
		return true
	}
	reason := connection.Because("already-declared", "connection", t.Key)
	if first.Key != t.Key { // by the id of the space here, and by its name there
		reason = Contrast("declared-almost-alike", t.Key.String(), first.Key.String(), connection.Resemblance(t.Key.Name, first.Key.Name))
	}
	r.problem(t.PositionOf(""), reason.With("at", first.PositionOf("")))
	return false
}

// space returns the space with exactly the name or id of the reference, and notes a problem where
// there is none.
func (r *resolver) space(ref connection.SpaceRef) (connection.Space, bool) {
	space, ok := r.Visible(ref)
	if !ok {
		r.problem(ref.Position, r.NoSpace(ref))
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
