// Package spaces compares declared spaces with those of a tenant, and decides what has to be written.
// It is pure.
//
// A space has no room for an ownership record, so it is completed and never owned: what is missing is
// created or added, nothing is deleted, and members are removed only where the files say that the
// list of members is exact.
package spaces

import (
	"slices"

	"github.com/qlsync/qlsync/internal/jsonpointer"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Change is what is to happen to one declared space.
type Change struct {
	Declared *connection.DesiredSpace
	// Space is the space; it [connection.Space.IsNew] if the change creates it.
	Space connection.Space
	// Fields are the differences: /type, /description, and /members/KIND NAME with the roles.
	Fields []connection.Field
	// Refused is why the change is not made; none if it is.
	Refused connection.Reason
	// Blocks reports whether a refusal also refuses the changes of connections in the space: there is no
	// such space, or it is another one than the declared one.
	Blocks bool
	// Operations are the writes, in their order. None if the change is refused.
	Operations []connection.Operation
}

// Key returns the key of the space.
func (c *Change) Key() connection.Key { return connection.Key{Space: c.Declared.Name} }

// Find returns the changes of the declared spaces that are not as declared, by name.
func Find(declared []connection.DesiredSpace, snapshot *connection.Snapshot) []Change {
	f := finder{snapshot: snapshot}
	var changes []Change
	for i := range declared {
		c := Change{Declared: &declared[i]}
		f.compare(&c)
		if c.Refused.Holds() {
			c.Operations = nil
		}
		if c.Refused.Holds() || len(c.Operations) > 0 {
			changes = append(changes, c)
		}
	}
	slices.SortFunc(changes, func(x, y Change) int { return x.Key().Compare(y.Key()) })
	return changes
}

// WithNew returns the snapshot with the spaces that the changes create.
func WithNew(snapshot *connection.Snapshot, changes []Change) *connection.Snapshot {
	with := *snapshot
	with.Spaces = slices.Clip(with.Spaces)
	for i := range changes {
		if changes[i].Space.IsNew() {
			with.Spaces = append(with.Spaces, changes[i].Space)
		}
	}
	return &with
}

type finder struct{ snapshot *connection.Snapshot }

// compare fills in a change; without operations and refusal there is nothing to do.
func (f *finder) compare(c *Change) {
	d := c.Declared
	found := Named(f.snapshot, d.Name)
	if found == nil {
		f.create(c)
		return
	}
	c.Space = *found
	if c.Space.Type != d.Type {
		c.Fields = append(c.Fields, connection.Field{Path: "/type", Before: c.Space.Type, After: d.Type})
		c.Refused, c.Blocks = connection.Because("space-type-differs", "live", c.Space.Type).About("/type"), true
		return
	}
	details := DetailsOf(f.snapshot, c.Space.ID)
	if details == nil {
		details = &connection.SpaceDetails{Unreadable: "the snapshot does not have them"}
	}
	if d.Description != nil && details.ID == "" {
		c.refuse(connection.Because("members-unreadable", "error", details.Unreadable), "")
		return
	}
	if d.Description != nil && *d.Description != details.Description {
		c.Fields = append(c.Fields, connection.Field{Path: "/description", Before: text(details.Description), After: text(*d.Description)})
		c.add(connection.DescribeSpace, connection.SpaceWrite{Description: *d.Description, SeenDescription: details.Description})
	}
	f.members(c, details)
}

// Named returns the space of a snapshot that a declaration with this name is about; nil: there is none.
func Named(snapshot *connection.Snapshot, name string) *connection.Space {
	at := slices.IndexFunc(snapshot.Spaces, func(s connection.Space) bool { return s.ID != "" && s.Name == name })
	if at < 0 {
		return nil
	}
	return &snapshot.Spaces[at]
}

// DetailsOf returns the details of the space with this id; nil: the snapshot does not have them.
func DetailsOf(snapshot *connection.Snapshot, id string) *connection.SpaceDetails {
	at := slices.IndexFunc(snapshot.SpaceDetails, func(s connection.SpaceDetails) bool { return s.ID == id })
	if at < 0 {
		return nil
	}
	return &snapshot.SpaceDetails[at]
}

// create plans a space that is not there.
func (f *finder) create(c *Change) {
	d := c.Declared
	c.Space = connection.NewSpace(d.Name, d.Type)
	c.Fields = append(c.Fields, connection.Field{Path: "/type", After: d.Type})
	write := connection.SpaceWrite{}
	if d.Description != nil && *d.Description != "" {
		write.Description = *d.Description
		c.Fields = append(c.Fields, connection.Field{Path: "/description", After: *d.Description})
	}
	c.add(connection.CreateSpace, write)
	for _, other := range f.snapshot.Spaces {
		if differ := connection.Resemblance(d.Name, other.Name); differ != "" {
			own, like := connection.QuoteApart(d.Name, other.Name)
			c.Refused = connection.Because("space-almost-there", "own", own, "other", like, "difference", differ).About("/name")
		}
	}
	f.members(c, &connection.SpaceDetails{OwnerID: f.snapshot.Caller.ID})
	c.Blocks = c.Refused.Holds()
}

// text is a description as a value of a field; nil where there is none.
func text(description string) any {
	if description == "" {
		return nil
	}
	return description
}

func (c *Change) add(kind connection.OperationKind, write connection.SpaceWrite) {
	write.Space = c.Space
	id := c.Space.ID
	if c.Space.IsNew() {
		id = ""
	}
	c.Operations = append(c.Operations, connection.Operation{Kind: kind, Key: c.Key(), ID: id, Write: &write})
}

// refuse keeps the first refusal.
func (c *Change) refuse(reason connection.Reason, path string) {
	if !c.Refused.Holds() {
		c.Refused = reason.About(path)
	}
}

func (c *Change) field(who connection.Principal, before, after []string) {
	list := func(roles []string) any {
		if len(roles) == 0 {
			return nil
		}
		values := make([]any, len(roles))
		for i, role := range roles {
			values[i] = role
		}
		return values
	}
	c.Fields = append(c.Fields, connection.Field{Path: "/members/" + jsonpointer.Escape(who.String()), Before: list(before), After: list(after)})
}
