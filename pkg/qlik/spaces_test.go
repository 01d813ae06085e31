package qlik_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	planned "github.com/qlsync/qlsync/internal/spaces"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	simqlik "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

const spaceSeed = `{"users": [{"email": "ana@x", "roles": ["TenantAdmin"]}, {"email": "bob@x"}], "groups": ["Analysts", "Writers"],
	"oauth": {"clientId": "ci", "clientSecret": "s"},
	"spaces": [{"name": "Finance", "type": "shared", "description": "Old", "assignments": [
		{"group": "Analysts", "roles": ["consumer"]}, {"user": "bob@x", "roles": ["producer"]}]}]}`

// wanted is a completed Finance with exact members, and a new Lab.
func wanted() []connection.DesiredSpace {
	books, trials := "Books", "Trials"
	group := func(name string, roles ...string) connection.DesiredMember {
		return connection.DesiredMember{Principal: connection.Principal{Kind: connection.MemberGroup, Name: name}, Roles: roles}
	}
	client := connection.DesiredMember{Principal: connection.Principal{Kind: connection.MemberClient, Name: "ci"}, Roles: []string{"facilitator"}}
	return []connection.DesiredSpace{
		{Name: "Finance", Type: "shared", Description: &books, ExactMembers: true, Members: []connection.DesiredMember{group("Analysts", "consumer", "producer"), client}},
		{Name: "Lab", Type: "shared", Description: &trials, Members: []connection.DesiredMember{group("Writers", "producer")}},
	}
}

// spacePlan returns the operations that the declared spaces need now, by their texts.
func spacePlan(t *testing.T, provider *qlik.Provider) []connection.Operation {
	t.Helper()
	var scope connection.Scope
	declared := wanted()
	for i := range declared {
		declared[i].AddTo(&scope)
	}
	snapshot, err := provider.Snapshot(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	var operations []connection.Operation
	for _, change := range planned.Find(declared, snapshot) {
		if change.Refused.Holds() {
			t.Fatalf("got the refusal %v, want a change that can be made", change.Refused)
		}
		operations = append(operations, change.Operations...)
	}
	return operations
}

// executeSpaces carries out operations, with the id of the space that the first of them creates. It returns
// the errors by the texts of the operations.
func executeSpaces(t *testing.T, provider *qlik.Provider, operations []connection.Operation) map[string]error {
	t.Helper()
	errs, created := map[string]error{}, ""
	for _, operation := range operations {
		if operation.ID == "" && operation.Kind != connection.CreateSpace {
			operation.ID = created
		}
		outcome := provider.Execute(t.Context(), []connection.Operation{operation})[0]
		if operation.Kind == connection.CreateSpace {
			created = outcome.ID
		}
		if outcome.Err != nil {
			errs[textOfSpaceOperation(operation)] = outcome.Err
		}
	}
	return errs
}

func textOfSpaceOperation(o connection.Operation) string {
	return strings.TrimSpace(fmt.Sprint(o.Kind, " ", o.Write.Space.Name, " ", o.Write.Member.Name))
}

func membersOf(tenant *inspect.Tenant) string {
	var lines []string
	for _, s := range tenant.Spaces() {
		for _, m := range s.Members {
			lines = append(lines, fmt.Sprint(s.Name, " ", s.Description, ": ", m.Type, " ", m.Name, " ", m.Roles))
		}
	}
	return strings.Join(lines, "\n")
}

const spacesAsWanted = `Finance Books: bot ci@bots.invalid [facilitator]
Finance Books: group Analysts [consumer producer]
Lab Trials: group Writers [producer]`

func TestSpacesAreCreatedAndCompletedOnce(t *testing.T) {
	tenant, provider := embed(t, spaceSeed, simqlik.Options{PageSize: 1})
	if errs := executeSpaces(t, provider, spacePlan(t, provider)); len(errs) > 0 {
		t.Fatalf("got errors %v, want none", errs)
	}
	if got := membersOf(tenant); got != spacesAsWanted {
		t.Errorf("the tenant has\n%s\nwant\n%s", got, spacesAsWanted)
	}
	if left := spacePlan(t, provider); len(left) > 0 {
		t.Errorf("got %d operations again, want none", len(left))
	}
}

// TestALostAnswerToASpaceWriteIsNoSecondWrite cuts the connection before and after each write.
func TestALostAnswerToASpaceWriteIsNoSecondWrite(t *testing.T) {
	for _, cut := range []simqlik.Cut{simqlik.CutBefore, simqlik.CutAfter} {
		for _, at := range []struct{ method, path string }{
			{"POST", "/api/v1/spaces"},
			{"PATCH", "/api/v1/spaces/*"},
			{"POST", "/api/v1/spaces/*/assignments"},
			{"PUT", "/api/v1/spaces/*/assignments/*"},
			{"DELETE", "/api/v1/spaces/*/assignments/*"},
		} {
			t.Run(string(cut)+" "+at.method+" "+at.path, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					tenant, provider := embed(t, spaceSeed, simqlik.Options{Faults: []simqlik.Fault{{Method: at.method, Path: at.path, Cut: cut}}})
					if errs := executeSpaces(t, provider, spacePlan(t, provider)); len(errs) > 0 {
						t.Errorf("got errors %v, want each write found or sent again", errs)
					}
					if got := membersOf(tenant); got != spacesAsWanted {
						t.Errorf("the tenant has\n%s\nwant\n%s", got, spacesAsWanted)
					}
				})
			})
		}
	}
}

// TestHostileNeighboursOfASpace lets another client change the tenant between the plan and the writes.
func TestHostileNeighboursOfASpace(t *testing.T) {
	for name, test := range map[string]struct {
		neighbour func(*inspect.Tenant) error
		failed    string // the operations that fail; all of them with ErrChanged
		want      string
	}{
		"creates the space": {
			func(tenant *inspect.Tenant) error { return tenant.AddSpace("Lab", "shared") },
			"create-space Lab", "another client has created a shared space of this name",
		},
		"renames the space": {
			func(tenant *inspect.Tenant) error { return tenant.RenameSpace("Finance", "Treasury") },
			"assign Finance ci, patch-space Finance, set-roles Finance Analysts, unassign Finance bob@x", "the space was renamed",
		},
		"removes a member": {
			func(tenant *inspect.Tenant) error { return tenant.Unassign("Finance", "Analysts") },
			"set-roles Finance Analysts", "the member was removed",
		},
		"removes the member that is to be removed": {
			func(tenant *inspect.Tenant) error { return tenant.Unassign("Finance", "bob@x") }, "", "",
		},
		"gives other roles": {
			func(tenant *inspect.Tenant) error {
				return tenant.Assign("Finance", "bob@x", "consumer", "facilitator")
			},
			"unassign Finance bob@x", "the member has got other roles",
		},
		"adds the member with the roles": {
			func(tenant *inspect.Tenant) error { return tenant.Assign("Finance", "ci@bots.invalid", "facilitator") }, "", "",
		},
		"adds the member with other roles": {
			func(tenant *inspect.Tenant) error { return tenant.Assign("Finance", "ci@bots.invalid", "consumer") },
			"assign Finance ci", "the member has got other roles",
		},
		"writes another description": {
			func(tenant *inspect.Tenant) error { return tenant.DescribeSpace("Finance", "Theirs") },
			"patch-space Finance", "the space has another description",
		},
	} {
		t.Run(name, func(t *testing.T) {
			tenant, provider := embed(t, spaceSeed, simqlik.Options{})
			operations := spacePlan(t, provider)
			if err := test.neighbour(tenant); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(test.failed, "create-space") {
				operations = operations[len(operations)-2 : len(operations)-1]
			}
			errs := executeSpaces(t, provider, operations)
			if got := strings.Join(slices.Sorted(maps.Keys(errs)), ", "); got != test.failed {
				t.Errorf("got failures %q, want %q", got, test.failed)
			}
			for operation, err := range errs {
				if !errors.Is(err, connection.ErrChanged) || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%s: got %v, want that %s", operation, err, test.want)
				}
			}
		})
	}
}

func TestASpaceOfThatNameThatTheTokenCannotSee(t *testing.T) {
	seed := strings.Replace(spaceSeed, `"roles": ["TenantAdmin"]}`, `"roles": ["SharedSpaceCreator"]}`, 1)
	seed = strings.Replace(seed, `"spaces": [`, `"spaces": [{"name": "Lab", "type": "managed", "owner": "bob@x", "members": []}, `, 1)
	_, provider := embed(t, seed, simqlik.Options{})
	operations := spacePlan(t, provider)
	outcome := provider.Execute(t.Context(), operations[len(operations)-2:len(operations)-1])[0]
	if !errors.Is(outcome.Err, connection.ErrConflict) || !strings.Contains(outcome.Err.Error(), "this token may not see it") {
		t.Errorf("got %v, want that the token may not see the space", outcome.Err)
	}
}

// TestALostCreateIsNotAnothersSpace: the answer to the create is lost, and another user has the name.
func TestALostCreateIsNotAnothersSpace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant, provider := embed(t, spaceSeed, simqlik.Options{Faults: []simqlik.Fault{{Method: "POST", Path: "/api/v1/spaces", Cut: simqlik.CutBefore}}})
		operations := spacePlan(t, provider)
		if err := tenant.AddSpace("Lab", "managed"); err != nil {
			t.Fatal(err)
		}
		outcome := provider.Execute(t.Context(), operations[len(operations)-2:len(operations)-1])[0]
		if outcome.Err == nil || outcome.ID != "" {
			t.Errorf("got the id %q and the error %v, want a failure: the space has another type", outcome.ID, outcome.Err)
		}
	})
}

func TestMembersWithoutTheRightToReadThem(t *testing.T) {
	_, provider := embed(t, spaceSeed, simqlik.Options{Faults: []simqlik.Fault{
		{Method: "GET", Path: "/api/v1/groups", Status: 403, Times: 3},
		{Method: "GET", Path: "/api/v1/spaces/*/assignments", Status: 403},
	}})
	var scope connection.Scope
	declared := wanted()
	for i := range declared {
		declared[i].AddTo(&scope)
	}
	snapshot, err := provider.Snapshot(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, change := range planned.Find(declared, snapshot) {
		codes = append(codes, change.Refused.Code)
	}
	if got := strings.Join(codes, " "); got != "members-unreadable member-not-looked-up" {
		t.Errorf("got refusals %q, want that the members and the group cannot be read", got)
	}
}

// TestARemovalThatIsNotFoundIsNotARemoval answers 404 to the removal of a member who is there.
func TestARemovalThatIsNotFoundIsNotARemoval(t *testing.T) {
	tenant, provider := embed(t, spaceSeed, simqlik.Options{Faults: []simqlik.Fault{{Method: "DELETE", Path: "/api/v1/spaces/*/assignments/*", Status: 404}}})
	errs := executeSpaces(t, provider, spacePlan(t, provider))
	if err := errs["unassign Finance bob@x"]; err == nil || !strings.Contains(membersOf(tenant), "bob@x") {
		t.Errorf("got the error %v and the members\n%s\nwant an error, and that the member is there", err, membersOf(tenant))
	}
}

// TestARefusedSignInIsNotAboutTheObject lets a token expire at any read of a snapshot, and then refuses
// the sign-in. The snapshot must not show that as members or groups that this caller may not read.
func TestARefusedSignInIsNotAboutTheObject(t *testing.T) {
	for name, expires := range map[string]simqlik.Fault{
		"a declared group": {Path: "/api/v1/groups"},
		"the members":      {Path: "/api/v1/spaces/*/assignments"},
		"a member's group": {Path: "/api/v1/groups", Skip: 2},
		"a member":         {Path: "/api/v1/users"},
	} {
		t.Run(name, func(t *testing.T) {
			expires.ExpireToken = true
			tenant, _ := embed(t, spaceSeed, simqlik.Options{Faults: []simqlik.Fault{
				expires,
				{Method: "POST", Path: "/oauth/token", Skip: 1, Times: -1, Status: 400},
			}})
			provider, err := qlik.New(qlik.Config{
				URL: "http://127.0.0.1:8080", HTTPClient: &http.Client{Transport: embedded{tenant}}, Parallelism: 1,
				Auth: qlik.Auth{ClientID: connection.NewSecret("ci"), ClientSecret: connection.NewSecret("s")},
			})
			if err != nil {
				t.Fatal(err)
			}
			scope := connection.Scope{SpaceDetails: []string{"Finance"}, Principals: []connection.Principal{
				{Kind: connection.MemberGroup, Name: "Writers"}, {Kind: connection.MemberGroup, Name: "Readers"},
			}}
			if snapshot, err := provider.Snapshot(t.Context(), scope); !errors.Is(err, connection.ErrUnauthorized) {
				t.Errorf("got %+v and the error %v, want the refusal of the sign-in", snapshot, err)
			}
		})
	}
}

func TestABulkActionIsNotHalvedBecauseOfTheSignIn(t *testing.T) {
	tenant, _ := embed(t, acme, simqlik.Options{Faults: []simqlik.Fault{
		{Path: "/api/v1/data-connections/actions/*", ExpireToken: true, Times: -1},
		{Method: "POST", Path: "/oauth/token", Skip: 1, Times: -1, Status: 400},
	}})
	provider, err := qlik.New(qlik.Config{
		URL: "http://127.0.0.1:8080", HTTPClient: &http.Client{Transport: embedded{tenant}},
		Auth: qlik.Auth{ClientID: connection.NewSecret("bot"), ClientSecret: connection.NewSecret("open sesame")},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, live := look(t, provider)
	for _, outcome := range provider.Execute(t.Context(), []connection.Operation{
		{Kind: connection.BulkUpdate, ID: live["Finance/Ledger"].ID, OwnerID: "u-ana"},
		{Kind: connection.BulkUpdate, ID: live["Finance/Orders lake"].ID, OwnerID: "u-bob"},
	}) {
		if !errors.Is(outcome.Err, connection.ErrUnauthorized) || outcome.Path != "" {
			t.Errorf("got the error %v about %q, want the refusal of the sign-in", outcome.Err, outcome.Path)
		}
	}
	if sent := tenant.Requests(); len(slices.DeleteFunc(sent, func(r inspect.Request) bool { return !strings.Contains(r.Path, "/actions/") })) != 1 {
		t.Errorf("got %+v, want one bulk action", sent)
	}
}
