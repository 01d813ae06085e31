package inspect

import (
	"fmt"
	"slices"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
)

// Space is a space as it is stored.
type Space struct {
	ID, Name, Type, Description, Owner string
	Members                            []Member // by type, then id of the assignee
}

// Member is an assignment of roles.
type Member struct {
	Type, ID string // of the assignee
	Name     string // of a group, or the e-mail address of a user
	Roles    []string
}

// Spaces returns all spaces of the tenant, by name.
func (t *Tenant) Spaces() []Space {
	t.store.RLock()
	defer t.store.RUnlock()
	var all []Space
	for _, s := range t.store.World.Spaces {
		one := Space{ID: s.ID, Name: s.Name, Type: s.Type, Description: s.Description, Owner: s.Owner}
		for _, a := range s.Assignments {
			member := Member{Type: a.Type, ID: a.Assignee, Roles: slices.Sorted(slices.Values(a.Roles))}
			if g := t.store.World.Group(a.Assignee); g != nil {
				member.Name = g.Name
			} else if u := t.store.World.User(a.Assignee); u != nil {
				member.Name = u.Email
			}
			one.Members = append(one.Members, member)
		}
		slices.SortFunc(one.Members, func(a, b Member) int {
			return slices.Compare([]string{a.Type, a.Name, a.ID}, []string{b.Type, b.Name, b.ID})
		})
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b Space) int { return slices.Compare([]string{a.Name}, []string{b.Name}) })
	return all
}

func (t *Tenant) editSpace(name string, edit func(*model.Space)) error {
	t.store.Lock()
	defer t.store.Unlock()
	s := t.store.World.SpaceByName(name)
	if s == nil {
		return fmt.Errorf("edit space %q: not found", name)
	}
	edit(s)
	return t.store.Save()
}

// AddSpace creates a space that the caller owns, as another client would.
func (t *Tenant) AddSpace(name, kind string) error {
	t.store.Lock()
	defer t.store.Unlock()
	if t.store.World.SpaceByName(name) != nil {
		return fmt.Errorf("add space %q: the name is taken", name)
	}
	t.store.World.AddSpace(name, kind, t.store.Caller, model.Touched(t.store.Now(), model.SeedTime))
	return t.store.Save()
}

// Unassign takes the roles of a group, by name, or a user, by e-mail address, away from a space.
func (t *Tenant) Unassign(space, member string) error {
	return t.editSpace(space, func(s *model.Space) {
		s.Assignments = slices.DeleteFunc(slices.Clone(s.Assignments), func(a model.Assignment) bool {
			g, u := t.store.World.Group(a.Assignee), t.store.World.User(a.Assignee)
			return g != nil && g.Name == member || u != nil && u.Email == member
		})
	})
}

// Assign sets the roles of a member of a space, by e-mail address, to exactly these.
func (t *Tenant) Assign(space, email string, roles ...string) error {
	if err := t.Unassign(space, email); err != nil {
		return err
	}
	return t.editSpace(space, func(s *model.Space) {
		for _, u := range t.store.World.Users {
			if u.Email == email {
				s.Assign(model.AssignedUser, u.ID, roles, model.Touched(t.store.Now(), model.SeedTime))
			}
		}
	})
}

// DescribeSpace writes the description of a space.
func (t *Tenant) DescribeSpace(space, description string) error {
	return t.editSpace(space, func(s *model.Space) { s.Description = description })
}
