package plan

import (
	"fmt"
	"slices"
	"strings"

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

// resolved is what resolve found: the declared connections with what their names mean in the tenant.
type resolved struct {
	targets  []*target // by key
	declared map[connection.Key]*target
	inScope  map[string]bool // names of the spaces whose connections matter
	problems connection.Problems
}

// problem notes an error once, however many times it is found.
func (r *resolved) problem(position connection.Position, hint, format string, args ...any) {
	p := connection.Problem{Position: position, Severity: connection.SeverityError, Message: fmt.Sprintf(format, args...), Hint: hint}
	if !slices.Contains(r.problems, p) {
		r.problems = append(r.problems, p)
	}
}

func (r *resolved) noSpace(t *tenant, ref connection.SpaceRef) {
	r.problem(ref.Position, t.hintSpace(ref.Name), "no space %q that this token can see", ref.String())
}

type resolver struct {
	resolved
	*tenant
	in    *Input
	first map[connection.Key]*target // by [connection.FoldKey]
}

// resolve looks up what the declarations name. What cannot be found is a problem.
func resolve(in *Input, tenant *tenant, messages connection.Messages) resolved {
	r := resolver{
		resolved: resolved{declared: map[connection.Key]*target{}, inScope: map[string]bool{}},
		tenant:   tenant, in: in, first: map[connection.Key]*target{},
	}
	r.findScope()
	for i := range in.Desired {
		t := r.locate(&in.Desired[i])
		if t == nil || !r.isFirst(t) {
			continue
		}
		for _, reason := range in.Rules.Check(t.Desired, t.source, &r.snapshot.Traits) {
			text, next := messages.Parts(reason.With("connection", t.key))
			r.problem(t.PositionOf(reason.Path), next, "%s", text)
		}
		t.ownerID = r.owner(t.Desired)
		r.selectStored(t)
		r.declared[t.key], r.targets = t, append(r.targets, t)
	}
	slices.SortFunc(r.targets, func(x, y *target) int { return x.key.Compare(y.key) })
	return r.resolved
}

func (r *resolver) findScope() {
	for _, ref := range r.in.Spaces {
		if slices.ContainsFunc(r.in.OnlyMoves, ref.Same) {
			continue // a space that is gone holds nothing to move
		}
		if space, ok := r.space(ref); ok {
			r.inScope[space.Name] = true
		}
	}
	for _, ref := range r.in.OnlyMoves {
		if space, ok := r.visible(ref); ok {
			delete(r.inScope, space.Name)
		}
	}
}

// locate returns the target at the declared space and name; nil where there is no such space.
func (r *resolver) locate(desired *connection.Desired) *target {
	space, ok := r.space(desired.Space)
	if !ok {
		return nil
	}
	if len(r.in.Spaces) > 0 && !r.inScope[space.Name] {
		r.problem(desired.PositionOf("/space"), "add it to spaces in the project file", "%q is outside of the project's spaces", space.Name)
	}
	return &target{
		Desired: desired, source: r.in.source(desired.DataSource),
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
	if first.key == t.key {
		r.problem(t.PositionOf(""), "", "%q is already declared at %s", t.key, first.PositionOf(""))
		return false
	}
	own, other := connection.QuoteApart(t.key.String(), first.key.String()) // by the id of the space here, and by its name there
	r.problem(t.PositionOf(""), "rename one of them", "%s differs only in %s from %s, which is declared at %s",
		own, connection.Resemblance(t.key.Name, first.key.Name), other, first.PositionOf(""))
	return false
}

// source returns the data source as the catalog knows it.
func (in *Input) source(id string) *connection.DataSource {
	if in.Catalog != nil && in.Catalog.DataSources[id] != nil {
		return in.Catalog.DataSources[id]
	}
	return &connection.DataSource{ID: id}
}

// space is like visible, and notes a problem where there is no such space.
func (r *resolver) space(ref connection.SpaceRef) (connection.Space, bool) {
	space, ok := r.visible(ref)
	if !ok {
		r.noSpace(r.tenant, ref)
	}
	return space, ok
}

// owner finds the declared owner's id.
func (r *resolver) owner(desired *connection.Desired) string {
	if desired.Owner == "" {
		if id := desired.OwnerID; slices.Contains(r.snapshot.NoUsers, id) {
			r.problem(desired.PositionOf("/owner"), "", "no user of the tenant has the id %q", id)
		}
		return desired.OwnerID
	}
	var found []string
	for _, user := range r.snapshot.Users {
		if strings.EqualFold(user.Email, desired.Owner) || user.Subject == desired.Owner {
			found = append(found, user.ID)
		}
	}
	switch len(found) {
	case 1:
		return found[0]
	case 0:
		r.problem(desired.PositionOf("/owner"), "", "no active user of the tenant has the e-mail or subject %q", desired.Owner)
	default:
		slices.Sort(found)
		r.problem(desired.PositionOf("/owner"), "declare it as {id: ...}", "%d users have the e-mail or subject %q: %s",
			len(found), desired.Owner, strings.Join(found, ", "))
	}
	return ""
}
