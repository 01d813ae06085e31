package connection

import (
	"slices"
	"strings"
)

// DesiredSpace is one space as the files declare it for one tenant. Spaces have no room for an
// ownership record: a declared space is created where it is missing, and completed, but it belongs
// to no project and is never deleted.
type DesiredSpace struct {
	Name string
	Type string // "shared", "managed" or "data"
	// Description is nil if it is not declared, and then not compared.
	Description *string
	// Members are compared as far as they are declared: further members and roles stay.
	Members []DesiredMember
	// ExactMembers removes all other members and roles, except the access of the caller and the owner.
	ExactMembers bool
	// At returns the position of the value at a path such as "/members/0/roles", as [Desired.At] does.
	At func(path string) Position
}

// PositionOf returns the position of the value at the path, or of the closest value around it.
func (d *DesiredSpace) PositionOf(path string) Position {
	if d.At == nil {
		return Position{}
	}
	return d.At(path)
}

// Ref returns the reference to the space by its name.
func (d *DesiredSpace) Ref() SpaceRef { return SpaceRef{Name: d.Name, Position: d.PositionOf("/name")} }

// AddTo adds to a scope what has to be read to compare the space.
func (d *DesiredSpace) AddTo(scope *Scope) {
	scope.SpaceDetails = append(scope.SpaceDetails, d.Name)
	for _, member := range d.Members {
		switch {
		case member.ID != "":
		case member.Kind == MemberUser:
			scope.Owners = append(scope.Owners, member.Name)
		case !slices.Contains(scope.Principals, member.Principal):
			scope.Principals = append(scope.Principals, member.Principal)
		}
	}
}

// DesiredMember is the roles that a user or a group has in a space.
type DesiredMember struct {
	Principal
	Roles []string // sorted
}

// Principal is a user, a group or an OAuth client.
type Principal struct {
	Kind PrincipalKind `json:"kind"`
	// Name is the e-mail address or the subject of a user, the name of a group, or the id of a client.
	// Empty in a declaration that has the ID.
	Name string `json:"name,omitempty"`
	// ID is the id that roles are assigned to: of a client, that of its bot user.
	ID string `json:"id,omitempty"`
	// Unreadable is why a snapshot has no id: the caller may not look the principal up. Empty otherwise.
	Unreadable string `json:"unreadable,omitempty"`
}

// String returns the principal for messages: "group Analysts".
func (p Principal) String() string {
	if p.Name == "" {
		return string(p.Kind) + " {id: " + p.ID + "}"
	}
	return string(p.Kind) + " " + p.Name
}

// PrincipalKind is a kind of [Principal].
type PrincipalKind string

// The kinds of principals.
const (
	MemberGroup  PrincipalKind = "group"
	MemberUser   PrincipalKind = "user"
	MemberClient PrincipalKind = "client"
)

// SpaceDetails is what a snapshot has of a declared space in addition to its [Space].
type SpaceDetails struct {
	ID          string `json:"id"`
	Description string `json:"description,omitempty"`
	OwnerID     string `json:"owner,omitempty"`
	// AssignableRoles are the roles that the caller may assign. Empty: unknown.
	AssignableRoles []string `json:"assignableRoles,omitempty"`
	// Members are all members except the owner, whom the service does not list, by kind, name and id.
	Members []Member `json:"members,omitempty"`
	// Unreadable says why the members could not be read; empty: they were read.
	Unreadable string `json:"unreadable,omitempty"`
}

// Member is one assignment of roles in a space.
type Member struct {
	// Assignment is the id of the assignment.
	Assignment string `json:"assignment"`
	Principal
	Roles []string `json:"roles"` // sorted
}

// newSpace begins the id of a space that does not exist yet. No service has such an id, and a name
// cannot contain a colon, so that nothing is written to another place if the id is not filled in.
const newSpace = "new:"

// NewSpace returns the space that a plan is about to create.
func NewSpace(name, kind string) Space { return Space{ID: newSpace + name, Name: name, Type: kind} }

// IsNew reports whether the space is one that a plan is about to create.
func (s Space) IsNew() bool { return strings.HasPrefix(s.ID, newSpace) }

// SpaceWrite is what an operation on a space writes. The kinds of such operations are [CreateSpace],
// [DescribeSpace], [AssignRoles], [ReplaceRoles] and [UnassignMember]; the key of the operation has no
// name, and its ID is that of the space. The provider reads the space or its members again before it
// writes; what it finds instead of what the plan saw is [ErrChanged]. An operation whose result is
// there already succeeds without a write.
type SpaceWrite struct {
	Space Space
	// Description is the new description, and SeenDescription the one that the plan saw.
	Description, SeenDescription string
	// Member is the member with its new roles, and SeenRoles the roles that the plan saw.
	Member    Member
	SeenRoles []string
}

// Takes reports whether an operation takes a role away from a member.
func (w *SpaceWrite) Takes(kind OperationKind) bool {
	return kind == UnassignMember || kind == ReplaceRoles &&
		slices.ContainsFunc(w.SeenRoles, func(role string) bool { return !slices.Contains(w.Member.Roles, role) })
}
