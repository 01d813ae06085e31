package spec_test

import (
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
)

const spacesProject = `
-- qlsync.yaml --
version: 1
project: acme
variables: {team: Finance}
tenants:
  eu: {url: "https://eu.example", auth: {apiKey: {env: K}}}
  us: {url: "https://us.example", auth: {apiKey: {env: K}}}
-- connections/a.yaml --
version: 1
spaces:
`

func TestSpacesAreReadForTheirTenants(t *testing.T) {
	inFolder(t, spacesProject+`
  - name: ${var.team}
    type: shared
    description: Books of ${var.team}
    exactMembers: true
    members:
      - group: ${var.team} Analysts
        roles: [producer, consumer]
      - user: {id: u1}
        roles: [facilitator]
      - client: c1
        roles: [producer]
  - {name: Archive, type: data, tenants: [us]}
`)
	sets, problems := readAll(t, nil)
	if len(problems) > 0 {
		t.Fatalf("got problems %s, want none", codes(problems))
	}
	eu, us := sets[0], sets[1]
	if len(eu.Prepared) != 1 || len(us.Prepared) != 2 || spaceNames(us.Spaces) != "Finance Archive" {
		t.Fatalf("got %d and %d spaces, scope %q, want Finance in both and Archive in us, in the scope too", len(eu.Prepared), len(us.Prepared), spaceNames(us.Spaces))
	}
	got := eu.Prepared[0]
	if got.Name != "Finance" || got.Type != "shared" || *got.Description != "Books of Finance" || !got.ExactMembers || len(got.Members) != 3 {
		t.Fatalf("got %+v, want the space with its variables filled in", got)
	}
	if m := got.Members[0]; m.String() != "group Finance Analysts" || strings.Join(m.Roles, " ") != "consumer producer" {
		t.Errorf("got %v with roles %v, want the group with sorted roles", m.Principal, m.Roles)
	}
	if m := got.Members[1]; m.Kind != connection.MemberUser || m.ID != "u1" || m.Name != "" {
		t.Errorf("got %+v, want the user with the id", m)
	}
	if at := got.PositionOf("/members/1/roles"); at.File != "connections/a.yaml" || at.Line != 12 {
		t.Errorf("got position %s, want that of the roles of the second member", at)
	}
	if us.Prepared[1].Description != nil {
		t.Error("a description that is not declared is compared")
	}
}

func TestMistakesInSpacesHavePositions(t *testing.T) {
	tests := map[string]struct{ spaces, want string }{
		"the personal space":           {`- {name: personal, type: shared}`, "3:12: personal-space-declared"},
		"a refused character":          {`- {name: "a:b", type: shared}`, "3:12: space-name-refused space=a:b"},
		"an unknown type":              {`- {name: A, type: personal}`, `3:21: not-one-of allowed="[shared managed data]"`},
		"no type":                      {`- {name: A}`, "3:5: missing-field"},
		"twice":                        {"- {name: A, type: shared}\n  - {name: a, type: data}", "4:12: duplicate-space first=connections/a.yaml:3:12 space=a"},
		"a member of two kinds":        {`- {name: A, type: shared, members: [{group: g, user: u, roles: [consumer]}]}`, "3:39: one-member-kind"},
		"a member of no kind":          {`- {name: A, type: shared, members: [{roles: [consumer]}]}`, "3:39: one-member-kind"},
		"a member twice":               {`- {name: A, type: shared, members: [{group: g, roles: [consumer]}, {group: G, roles: [producer]}]}`, `3:70: duplicate-member member="group G"`},
		"a role in other letters":      {`- {name: A, type: shared, members: [{group: g, roles: [Consumer]}]}`, "3:58: role-letter-case meant=consumer role=Consumer"},
		"a member without roles":       {`- {name: A, type: shared, members: [{group: g, roles: []}]}`, "3:57: empty"},
		"exact without members":        {`- {name: A, type: shared, exactMembers: true}`, "3:29: missing-companion"},
		"a tenant that does not exist": {`- {name: A, type: shared, tenants: [uk]}`, "unknown-tenant"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inFolder(t, spacesProject+"  "+test.spaces+"\n")
			_, problems := readAll(t, nil)
			if text := codes(problems); !strings.Contains(text, test.want) {
				t.Errorf("got problems\n%s\nwant %s", text, test.want)
			}
		})
	}
}

func TestASpaceIsWithinTheProjectAndItsProvider(t *testing.T) {
	inFolder(t, strings.Replace(spacesProject, "project: acme", "project: acme\nspaces: [Finanse]", 1)+"  - {name: Finance, type: shared}\n")
	_, problems := readAll(t, nil)
	if text := codes(problems); !strings.Contains(text, "a.yaml:3:12: space-not-in-project meant=Finanse space=Finance") {
		t.Errorf("got problems\n%s\nwant the space outside of those of the project", text)
	}
	inFolder(t, strings.Replace(spacesProject, "us.example\", auth: {apiKey: {env: K}}", "us.example\", provider: apinizer, auth: {token: {env: K}}", 1)+"  - {name: Finance, type: shared}\n")
	_, problems = readAll(t, nil)
	if text := codes(problems); text != "connections/a.yaml:3:5: spaces-unsupported provider=apinizer" {
		t.Errorf("got problems\n%s\nwant only the provider without spaces", text)
	}
}
