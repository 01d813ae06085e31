package qlik_test

import (
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator/qlik"
)

// company has a creator of shared spaces, a member who manages one, and a viewer.
const company = `{"users": [
	{"email": "root@x", "roles": ["TenantAdmin"]}, {"email": "maker@x", "roles": ["SharedSpaceCreator"]},
	{"email": "lead@x"}, {"email": "viewer@x", "groups": ["Readers"]}],
	"groups": ["Writers"], "oauth": {"clientId": "ci", "clientSecret": "s"},
	"spaces": [{"name": "Sales", "type": "managed", "owner": "root@x", "description": "Of sales", "assignments": [
		{"user": "lead@x", "roles": ["facilitator"]}, {"group": "Readers", "roles": ["consumer"]}, {"client": "ci", "roles": ["publisher"]}]}]`

func companyAs(t *testing.T, caller string) *rig {
	t.Helper()
	return newRig(t, company+`, "caller": "`+caller+`"}`, qlik.Options{})
}

const spaces = "/api/v1/spaces"

func TestASpaceIsCreatedByThoseWithTheRole(t *testing.T) {
	tests := map[string]struct {
		caller, body string
		status       int
	}{
		"an administrator, any type":       {"root@x", `{"name": "New", "type": "data", "description": "d"}`, 201},
		"a creator of shared spaces":       {"maker@x", `{"name": "New", "type": "shared"}`, 201},
		"of another type":                  {"maker@x", `{"name": "New", "type": "managed"}`, 403},
		"a user without roles":             {"viewer@x", `{"name": "New", "type": "shared"}`, 403},
		"a name that is taken":             {"root@x", `{"name": "Sales", "type": "managed"}`, 409},
		"a name with a character too much": {"root@x", `{"name": "a:b", "type": "managed"}`, 400},
		"an unknown type":                  {"root@x", `{"name": "New", "type": "personal"}`, 400},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { companyAs(t, test.caller).want(test.status, "POST", spaces, test.body) })
	}
	r := companyAs(t, "maker@x")
	made := r.want(201, "POST", spaces, `{"name": "New", "type": "shared", "description": "d"}`)
	if made.body["ownerId"] != r.user("maker@x") || made.body["description"] != "d" || compact(t, made.at("meta", "assignableRoles")) != `["codeveloper","consumer","dataconsumer","facilitator","producer"]` {
		t.Errorf("got %s, want a space of the caller with 5 assignable roles", made.text)
	}
	if got := r.want(200, "GET", spaces+"/"+made.body["id"].(string)+"/assignments", ""); len(got.list("data")) != 0 {
		t.Errorf("got %s, want no assignment: the owner is not listed", got.text)
	}
}

func TestASpaceIsPatchedExceptItsType(t *testing.T) {
	r := companyAs(t, "lead@x")
	sales := spaces + "/" + r.space("Sales")
	got := r.want(200, "PATCH", sales, `[{"op": "replace", "path": "/description", "value": "New"}, {"op": "replace", "path": "/name", "value": "Sales 2"}]`)
	if got.body["name"] != "Sales 2" || got.body["description"] != "New" || got.body["type"] != "managed" {
		t.Errorf("got %s, want the new name and description", got.text)
	}
	r.want(400, "PATCH", sales, `[{"op": "replace", "path": "/type", "value": "shared"}]`)
	r.want(404, "PATCH", spaces+"/nope", `[]`)
	viewer := companyAs(t, "viewer@x")
	viewer.want(403, "PATCH", sales, `[{"op": "replace", "path": "/description", "value": "New"}]`)
}

func TestAssignmentsAreOneForEachAssignee(t *testing.T) {
	r := companyAs(t, "root@x")
	at := spaces + "/" + r.space("Sales") + "/assignments"
	if got := r.want(200, "GET", at+"?limit=2", ""); len(got.list("data")) != 2 || got.at("meta", "count") != 3.0 || got.at("links", "next") == nil {
		t.Errorf("got %s, want the first two of three assignments", got.text)
	}
	writers := r.want(200, "GET", "/api/v1/groups?filter=name+eq+%22writers%22", "").list("data")[0]["id"].(string)
	body := func(id, roles string) string {
		return `{"type": "group", "assigneeId": "` + id + `", "roles": [` + roles + `]}`
	}
	made := r.want(201, "POST", at, body(writers, `"contributor"`))
	one := at + "/" + made.body["id"].(string)
	r.want(409, "POST", at, body(writers, `"consumer"`))
	r.want(400, "POST", at, body(writers, `"Consumer"`))
	r.want(400, "POST", at, body("nobody", `"consumer"`))
	r.want(409, "POST", at, `{"type": "user", "assigneeId": "`+r.user("root@x")+`", "roles": ["consumer"]}`)
	if got := r.want(200, "PUT", one, `{"roles": ["consumer", "operator"]}`); compact(t, got.body["roles"]) != `["consumer","operator"]` {
		t.Errorf("got %s, want the whole list of roles", got.text)
	}
	r.want(400, "PUT", one, `{"roles": ["producer"]}`)
	r.want(204, "DELETE", one, "")
	r.want(404, "DELETE", one, "")
	viewer := companyAs(t, "viewer@x")
	if got := viewer.want(200, "GET", at, ""); len(got.list("data")) != 3 {
		t.Errorf("got %s, want the three assignments, which a member sees", got.text)
	}
	viewer.want(403, "POST", at, body(writers, `"consumer"`))
	companyAs(t, "maker@x").want(404, "GET", at, "")
	r.noMisuse()
}

func TestTheBotUserOfAClientIsFoundByTheClient(t *testing.T) {
	r := companyAs(t, "root@x")
	if got := r.want(200, "GET", "/api/v1/users?filter=clientId+eq+%22ci%22", ""); got.names() != "Bot user of ci" {
		t.Errorf("got %s, want the bot user of the client", got.names())
	}
	group := r.want(200, "GET", "/api/v1/groups", "")
	if group.names() != "Readers,Writers" {
		t.Errorf("got groups %s, want those of the seed by name", group.names())
	}
	id := group.list("data")[0]["id"].(string)
	if got := r.want(200, "GET", "/api/v1/groups/"+id, ""); got.body["name"] != "Readers" {
		t.Errorf("got %s, want the group with the id", got.text)
	}
	r.want(404, "GET", "/api/v1/groups/nope", "")
}
