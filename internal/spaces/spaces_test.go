package spaces_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/spaces"
	"github.com/qlsync/qlsync/pkg/connection"
)

func group(name string, roles ...string) connection.DesiredMember {
	return connection.DesiredMember{Principal: connection.Principal{Kind: connection.MemberGroup, Name: name}, Roles: roles}
}

func member(kind connection.PrincipalKind, name, id string, roles ...string) connection.Member {
	return connection.Member{Assignment: "a-" + id, Principal: connection.Principal{Kind: kind, Name: name, ID: id}, Roles: roles}
}

// tenant has the space Finance, owned by olga, with two members. The caller ana is a member by her
// own assignment, and not an administrator.
func tenant() *connection.Snapshot {
	return &connection.Snapshot{
		Caller: connection.User{ID: "ana", Email: "ana@x"}, Users: []connection.User{{ID: "ana", Email: "ana@x"}, {ID: "bob", Email: "bob@x", Subject: "S\\bob"}, {ID: "olga", Email: "olga@x"}},
		Spaces: []connection.Space{{Name: "personal", Type: "personal"}, {ID: "f", Name: "Finance", Type: "shared"}},
		SpaceDetails: []connection.SpaceDetails{{
			ID: "f", Description: "Books", OwnerID: "olga", AssignableRoles: []string{"consumer", "facilitator", "producer"},
			Members: []connection.Member{
				member(connection.MemberGroup, "Analysts", "g1", "consumer"),
				member(connection.MemberUser, "ana@x", "ana", "facilitator", "producer"),
			},
		}},
		Principals: []connection.Principal{
			{Kind: connection.MemberGroup, Name: "Analysts", ID: "g1"},
			{Kind: connection.MemberGroup, Name: "Writers", ID: "g2"},
			{Kind: connection.MemberGroup, Name: "Twins", ID: "g3"},
			{Kind: connection.MemberGroup, Name: "Twins", ID: "g4"},
			{Kind: connection.MemberClient, Name: "ci", ID: "bot"},
			{Kind: connection.MemberGroup, Name: "Hidden", Unreadable: "403"},
		},
	}
}

// told returns a line for each operation, and for a refusal its code and place.
func told(changes []spaces.Change) string {
	var lines []string
	for i := range changes {
		c := &changes[i]
		if c.Refused.Holds() {
			lines = append(lines, fmt.Sprintf("refused %s %s blocks=%v", c.Refused.Code, c.Refused.Path, c.Blocks))
		}
		for _, operation := range c.Operations {
			w := operation.Write
			line := string(operation.Kind) + " " + operation.ID
			switch operation.Kind {
			case connection.CreateSpace:
				line += w.Space.Name + " " + w.Space.Type + " " + w.Description
			case connection.DescribeSpace:
				line += " " + w.Description
			default:
				line += fmt.Sprintf(" %s %s %v", w.Member.ID, w.Member.Assignment, w.Member.Roles)
			}
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
	}
	return strings.Join(lines, "\n")
}

func TestASpaceIsCompletedAndNothingIsTakenAway(t *testing.T) {
	books, trials := "Books", "Trials"
	user := func(name string, roles ...string) connection.DesiredMember {
		return connection.DesiredMember{Principal: connection.Principal{Kind: connection.MemberUser, Name: name}, Roles: roles}
	}
	client := connection.DesiredMember{Principal: connection.Principal{Kind: connection.MemberClient, Name: "ci"}, Roles: []string{"producer"}}
	unused := connection.DesiredMember{Principal: connection.Principal{Kind: connection.MemberClient, Name: "never used"}, Roles: []string{"producer"}}
	for name, test := range map[string]struct {
		declared connection.DesiredSpace
		change   func(*connection.Snapshot)
		want     string
	}{
		"as declared": {declared: connection.DesiredSpace{Name: "Finance", Type: "shared", Description: &books, Members: []connection.DesiredMember{group("Analysts", "consumer")}}},
		"a description that is not declared is not compared": {declared: connection.DesiredSpace{Name: "Finance", Type: "shared"}},
		"another description":                                {declared: connection.DesiredSpace{Name: "Finance", Type: "shared", Description: &trials}, want: "patch-space f Trials"},
		"a member is added":                                  {declared: connection.DesiredSpace{Name: "Finance", Type: "shared", Members: []connection.DesiredMember{group("Writers", "producer")}}, want: "assign f g2 [producer]"},
		"a role is added to those that are there":            {declared: connection.DesiredSpace{Name: "Finance", Type: "shared", Members: []connection.DesiredMember{group("Analysts", "producer")}}, want: "set-roles f g1 a-g1 [consumer producer]"},
		"a user by subject":                                  {declared: connection.DesiredSpace{Name: "Finance", Type: "shared", Members: []connection.DesiredMember{user("S\\bob", "consumer")}}, want: "assign f bob [consumer]"},
		"a client by its bot user":                           {declared: connection.DesiredSpace{Name: "Finance", Type: "shared", Members: []connection.DesiredMember{client}}, want: "assign f bot [producer]"},
		"a client without a bot user by its own id":          {declared: connection.DesiredSpace{Name: "Finance", Type: "shared", Members: []connection.DesiredMember{unused}}, want: "assign f never used [producer]"},
		"the owner has all roles and is not listed":          {declared: connection.DesiredSpace{Name: "Finance", Type: "shared", Members: []connection.DesiredMember{user("olga@x", "producer")}}},
		"a new space, with the caller as owner": {
			declared: connection.DesiredSpace{Name: "Lab", Type: "data", Description: &trials, Members: []connection.DesiredMember{group("Writers", "producer"), user("ana@x", "producer")}},
			want:     "create-space Lab data Trials\nassign g2 [producer]",
		},
		"another type":                     {declared: connection.DesiredSpace{Name: "Finance", Type: "managed", Description: &trials}, want: "refused space-type-differs /type blocks=true"},
		"a name in other letters":          {declared: connection.DesiredSpace{Name: "finance", Type: "shared"}, want: "refused space-almost-there /name blocks=true"},
		"a group that is not there":        {declared: connection.DesiredSpace{Name: "Finance", Type: "shared", Description: &trials, Members: []connection.DesiredMember{group("analysts", "consumer")}}, want: "refused no-member /members/0/group blocks=false"},
		"a group that is there twice":      {declared: connection.DesiredSpace{Name: "Finance", Type: "shared", Members: []connection.DesiredMember{group("Twins", "consumer")}}, want: "refused several-members /members/0/group blocks=false"},
		"a group that nobody may look up":  {declared: connection.DesiredSpace{Name: "Finance", Type: "shared", Members: []connection.DesiredMember{group("Hidden", "consumer")}}, want: "refused member-not-looked-up /members/0/group blocks=false"},
		"one user by two names":            {declared: connection.DesiredSpace{Name: "Finance", Type: "shared", Members: []connection.DesiredMember{user("bob@x", "consumer"), user("S\\bob", "producer")}}, want: "refused same-member /members/1/user blocks=false"},
		"a role of another type of space":  {declared: connection.DesiredSpace{Name: "Finance", Type: "shared", Members: []connection.DesiredMember{group("Writers", "publisher")}}, want: "refused role-not-assignable /members/0/roles blocks=false"},
		"a new space for an unknown group": {declared: connection.DesiredSpace{Name: "Lab", Type: "data", Members: []connection.DesiredMember{group("analysts", "consumer")}}, want: "refused no-member /members/0/group blocks=true"},
		"a role where the assignable ones are unknown": {
			declared: connection.DesiredSpace{Name: "Finance", Type: "shared", Members: []connection.DesiredMember{group("Writers", "newrole")}},
			change:   func(s *connection.Snapshot) { s.SpaceDetails[0].AssignableRoles = nil }, want: "assign f g2 [newrole]",
		},
		"members that cannot be read": {
			declared: connection.DesiredSpace{Name: "Finance", Type: "shared", Members: []connection.DesiredMember{group("Writers", "consumer")}},
			change:   func(s *connection.Snapshot) { s.SpaceDetails[0].Unreadable = "403" }, want: "refused members-unreadable /members blocks=false",
		},
		"a description that was not read": {
			declared: connection.DesiredSpace{Name: "Finance", Type: "shared", Description: &trials},
			change:   func(s *connection.Snapshot) { s.SpaceDetails = nil }, want: "refused members-unreadable  blocks=false",
		},
		"exact: a client that nobody may look up may be each client that is a member": {
			declared: connection.DesiredSpace{Name: "Finance", Type: "shared", ExactMembers: true, Members: []connection.DesiredMember{unused}},
			change: func(s *connection.Snapshot) {
				s.Principals = append(s.Principals, connection.Principal{Kind: connection.MemberClient, Name: "never used", Unreadable: "403"})
				s.SpaceDetails[0].Members = append(s.SpaceDetails[0].Members, member(connection.MemberClient, "bot@x", "bot", "producer"))
			},
			want: "refused member-not-looked-up /members/0/client blocks=false",
		},
		"exact: a role stays that the caller may have from a group only": {
			declared: connection.DesiredSpace{Name: "Finance", Type: "shared", ExactMembers: true, Members: []connection.DesiredMember{group("Analysts", "consumer")}},
			change: func(s *connection.Snapshot) {
				s.SpaceDetails[0].Members[0].Roles = []string{"codeveloper", "consumer", "producer"}
				s.SpaceDetails[0].Members[1].Roles = []string{"producer"}
				s.SpaceDetails[0].Members = append(s.SpaceDetails[0].Members, member(connection.MemberGroup, "Writers", "g2", "consumer", "producer"))
			},
			want: "set-roles f g1 a-g1 [codeveloper consumer]\nset-roles f g2 a-g2 [consumer]",
		},
		"exact: nothing depends on the groups of an administrator": {
			declared: connection.DesiredSpace{Name: "Finance", Type: "shared", ExactMembers: true, Members: []connection.DesiredMember{}},
			change:   func(s *connection.Snapshot) { s.Caller.Admin = true }, want: "unassign f g1 a-g1 [consumer]",
		},
		"exact: further members and roles go, the caller's stay": {
			declared: connection.DesiredSpace{Name: "Finance", Type: "shared", ExactMembers: true, Members: []connection.DesiredMember{group("Analysts", "producer"), user("ana@x", "facilitator")}},
			change: func(s *connection.Snapshot) {
				s.SpaceDetails[0].Members = append(s.SpaceDetails[0].Members, member(connection.MemberGroup, "Writers", "g2", "producer"), member(connection.MemberUser, "bob@x", "bob", "consumer"))
			},
			want: "set-roles f g1 a-g1 [producer]\nunassign f g2 a-g2 [producer]\nunassign f bob a-bob [consumer]",
		},
		"exact, and no members: never the caller, never the owner": {
			declared: connection.DesiredSpace{Name: "Finance", Type: "shared", ExactMembers: true, Members: []connection.DesiredMember{}},
			change: func(s *connection.Snapshot) {
				s.SpaceDetails[0].Members = append(s.SpaceDetails[0].Members, member(connection.MemberUser, "olga@x", "olga", "consumer"))
			},
			want: "unassign f g1 a-g1 [consumer]",
		},
		"exact: a group stays that may be what gives the caller access": {
			declared: connection.DesiredSpace{Name: "Finance", Type: "shared", ExactMembers: true, Members: []connection.DesiredMember{}},
			change: func(s *connection.Snapshot) {
				s.SpaceDetails[0].Members = []connection.Member{member(connection.MemberGroup, "Analysts", "g1", "consumer"), member(connection.MemberUser, "bob@x", "bob", "consumer")}
			},
			want: "unassign f bob a-bob [consumer]",
		},
	} {
		t.Run(name, func(t *testing.T) {
			live := tenant()
			if test.change != nil {
				test.change(live)
			}
			if got := told(spaces.Find([]connection.DesiredSpace{test.declared}, live)); got != test.want {
				t.Errorf("got the operations\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestANewSpaceHasAnIDThatNoServiceHas(t *testing.T) {
	live := tenant()
	changes := spaces.Find([]connection.DesiredSpace{{Name: "Lab", Type: "shared"}, {Name: "Finance", Type: "data"}}, live)
	with := spaces.WithNew(live, changes)
	if len(live.Spaces) != 2 || len(with.Spaces) != 3 || !with.Spaces[2].IsNew() || with.Spaces[2].ID != "new:Lab" {
		t.Errorf("got %v, and %v in the snapshot itself; want the new space only in the copy", with.Spaces, live.Spaces)
	}
	if record := connection.KeyRecord(with.Spaces[2], "Orders"); record != connection.KeyDigest(connection.Key{Space: "Lab", Name: "Orders"}) {
		t.Errorf("got the record %s, want the one over the name of the space, which every version accepts", record)
	}
}
