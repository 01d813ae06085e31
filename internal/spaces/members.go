package spaces

import (
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// members compares the members of a space.
func (f *finder) members(c *Change, details *connection.SpaceDetails) {
	d := c.Declared
	if d.Members == nil && !d.ExactMembers {
		return
	}
	if details.Unreadable != "" {
		c.refuse(connection.Because("members-unreadable", "error", details.Unreadable), "/members")
		return
	}
	kept, first := map[string]bool{f.snapshot.Caller.ID: true, details.OwnerID: true}, map[string]connection.Principal{}
	for i := range d.Members {
		wanted := &d.Members[i]
		at := "/members/" + strconv.Itoa(i)
		id, wrong := f.resolve(wanted.Principal, details)
		if wrong.Holds() {
			c.refuse(wrong, at+"/"+string(wanted.Kind))
			continue
		}
		if other, again := first[id]; again {
			c.refuse(connection.Because("same-member", "member", wanted.Principal, "other", other), at+"/"+string(wanted.Kind))
			continue
		}
		first[id] = wanted.Principal
		isOwner := id == details.OwnerID // has all roles, and is not listed
		member := connection.Member{Principal: connection.Principal{Kind: wanted.Kind, Name: wanted.Name, ID: id}, Roles: wanted.Roles}
		live := slices.IndexFunc(details.Members, func(m connection.Member) bool {
			return m.ID == id || wanted.Kind == connection.MemberClient && m.ID == wanted.Name
		})
		if live >= 0 {
			kept[details.Members[live].ID] = true
		}
		switch {
		case isOwner:
		case live < 0:
			f.checkRoles(c, details, wanted.Roles, at)
			c.field(wanted.Principal, nil, member.Roles)
			c.add(connection.AssignRoles, connection.SpaceWrite{Member: member})
		default:
			f.roles(c, details, &details.Members[live], member, at)
		}
	}
	if d.ExactMembers {
		f.remove(c, details, kept)
	}
}

// roles compares the roles of a member. Only an exact list takes roles away, and never those that the
// caller may have from them.
func (f *finder) roles(c *Change, details *connection.SpaceDetails, live *connection.Member, member connection.Member, at string) {
	var added []string
	for _, role := range member.Roles {
		if !slices.Contains(live.Roles, role) {
			added = append(added, role)
		}
	}
	kept := live.Roles
	if c.Declared.ExactMembers {
		kept = f.needed(details, live)
	}
	member.Roles = slices.Compact(slices.Sorted(slices.Values(slices.Concat(kept, member.Roles))))
	if slices.Equal(member.Roles, live.Roles) {
		return
	}
	f.checkRoles(c, details, added, at)
	member.Assignment, member.ID = live.Assignment, live.ID
	who := member.Principal
	if who.Name != "" {
		who.ID = ""
	}
	c.field(who, live.Roles, member.Roles)
	c.add(connection.ReplaceRoles, connection.SpaceWrite{Member: member, SeenRoles: live.Roles})
}

// remove removes the members that are not kept, as far as the caller needs none of their roles.
func (f *finder) remove(c *Change, details *connection.SpaceDetails, kept map[string]bool) {
	for i := range details.Members {
		live := &details.Members[i]
		if kept[live.ID] {
			continue
		}
		left := f.needed(details, live)
		switch {
		case len(left) == 0:
			c.field(live.Principal, live.Roles, nil)
			c.add(connection.UnassignMember, connection.SpaceWrite{Member: *live, SeenRoles: live.Roles})
		case !slices.Equal(left, live.Roles):
			member := *live
			member.Roles = left
			c.field(live.Principal, live.Roles, left)
			c.add(connection.ReplaceRoles, connection.SpaceWrite{Member: member, SeenRoles: live.Roles})
		}
	}
}

// manages is the role with which a member assigns roles, also to itself.
const manages = "facilitator"

// needed returns the roles of a member that the caller may have from it: all of the caller itself, and
// those of a group, which the caller may be in, that nothing else is known to give the caller.
func (f *finder) needed(details *connection.SpaceDetails, live *connection.Member) (roles []string) {
	caller := f.snapshot.Caller
	switch {
	case live.ID == caller.ID:
		return live.Roles
	case live.Kind != connection.MemberGroup, caller.Admin, details.OwnerID == caller.ID:
		return nil
	}
	for _, role := range live.Roles {
		if !slices.ContainsFunc(details.Members, func(m connection.Member) bool {
			return m.ID == caller.ID && (slices.Contains(m.Roles, role) || slices.Contains(m.Roles, manages))
		}) {
			roles = append(roles, role)
		}
	}
	return roles
}

// checkRoles refuses a change that assigns roles which the caller may not assign in the space.
func (f *finder) checkRoles(c *Change, details *connection.SpaceDetails, roles []string, at string) {
	for _, role := range roles {
		if len(details.AssignableRoles) > 0 && !slices.Contains(details.AssignableRoles, role) {
			c.refuse(connection.Because("role-not-assignable", "role", role, "type", c.Space.Type, "roles", details.AssignableRoles), at+"/roles")
		}
	}
}

// Identify returns the id that a plan has for a declared member of a space.
func Identify(who connection.Principal, snapshot *connection.Snapshot, details *connection.SpaceDetails) (id string, wrong connection.Reason) {
	f := finder{snapshot: snapshot}
	return f.resolve(who, details)
}

// resolve returns the id of a declared member. A client without a bot user is sent by its own id:
// which of the two ids the service takes for a client that was never used is not documented.
// Where the caller may not look a client up, each client that is a member may be that one.
func (f *finder) resolve(who connection.Principal, details *connection.SpaceDetails) (id string, wrong connection.Reason) {
	if who.ID != "" {
		return who.ID, connection.Reason{}
	}
	var ids []string
	for _, known := range f.snapshot.Principals {
		if known.Kind != who.Kind || known.Name != who.Name {
			continue
		}
		switch {
		case known.Unreadable == "":
			ids = append(ids, known.ID)
		case who.Kind != connection.MemberClient || slices.ContainsFunc(details.Members, func(m connection.Member) bool { return m.Kind == who.Kind && m.ID != who.Name }):
			return "", connection.Because("member-not-looked-up", "member", who, "error", known.Unreadable)
		}
	}
	if who.Kind == connection.MemberUser {
		ids = append(ids, f.usersNamed(who.Name)...)
	}
	slices.Sort(ids)
	switch ids = slices.Compact(ids); {
	case len(ids) == 1:
		return ids[0], connection.Reason{}
	case len(ids) > 1:
		return "", connection.Because("several-members", "member", who, "ids", ids)
	case who.Kind == connection.MemberClient:
		return who.Name, connection.Reason{}
	}
	return "", connection.Because("no-member", "member", who)
}

// usersNamed returns the ids of the users with an e-mail address or a subject.
func (f *finder) usersNamed(name string) (ids []string) {
	for _, user := range f.snapshot.Users {
		if strings.EqualFold(user.Email, name) || user.Subject == name {
			ids = append(ids, user.ID)
		}
	}
	return ids
}
