package qlik_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
)

func TestATenantIsExaminedAsFarAsTheCallerSees(t *testing.T) {
	_, provider := embed(t, acme, simulator.Options{})
	found := provider.Examine(t.Context(), []connection.SpaceRef{{Name: "Finance"}, {Name: "Nowhere"}, {Personal: true}})
	if found.Err != nil || found.CallerUnknown != "" || found.Caller.Email != "ana@acme.example" || !slices.Equal(found.Roles, []string{"TenantAdmin"}) {
		t.Errorf("got caller %+v, want ana as TenantAdmin", found)
	}
	if len(found.Spaces) != 3 || !found.Spaces[0].Found || found.Spaces[1].Found || !found.Spaces[2].Found {
		t.Fatalf("got spaces %+v, want three, the second one not found", found.Spaces)
	}
	var names []string
	for _, space := range found.Spaces {
		for _, one := range space.Connections {
			names = append(names, one.Key.String())
			if !slices.Contains(one.Privileges, "update") {
				t.Errorf("%s: got privileges %q, want update among them", one.Key, one.Privileges)
			}
		}
	}
	if !slices.Equal(names, []string{"Finance/Ledger", "Finance/Orders lake", "personal/Mine"}) {
		t.Errorf("got connections %q, want those of Finance and the personal one", names)
	}
}

func TestWhatATenantSaysAboutRightsMayBeMissingOrOdd(t *testing.T) {
	space := func(meta string) string {
		return `{"data": [{"id": "s1", "name": "Finance", "type": "shared"` + meta + `}]}`
	}
	live := func(privileges string) string {
		return `{"data": [{"qID": "c1", "qName": "Lake", "space": "s1", "user": "u1"` + privileges + `}]}`
	}
	for name, test := range map[string]struct {
		space, live       string
		roles, privileges []string // nil: unknown
	}{
		"neither":                    {space(""), live(""), nil, nil},
		"both":                       {space(`, "meta": {"roles": ["consumer"]}`), live(`, "privileges": ["read"]`), []string{"consumer"}, []string{"read"}},
		"no roles are no evidence":   {space(`, "meta": {"roles": []}`), live(`, "privileges": []`), nil, []string{}},
		"texts in place of lists":    {space(`, "meta": "none"`), live(`, "privileges": "read"`), nil, nil},
		"nulls":                      {space(`, "meta": null, "ownerId": null`), live(`, "privileges": null`), nil, nil},
		"roles that are no texts":    {space(`, "meta": {"roles": {"a": 1}}`), live(`, "privileges": [1, 2]`), nil, nil},
		"the owner is listed as one": {space(`, "ownerId": "u1", "meta": {"roles": ["consumer"]}`), live(""), []string{"consumer", "owner"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			n := newTenant(t, map[string]route{
				me: always(200, `{"id": "u1"}`), getSpaces: always(200, test.space), getList: always(200, test.live),
			})
			found := examine(t, n)
			if found.Err != nil || len(found.Spaces) != 1 || len(found.Spaces[0].Connections) != 1 {
				t.Fatalf("got %+v, want one space with one connection", found)
			}
			if got := found.Spaces[0].Roles; !slices.Equal(got, test.roles) || (got == nil) != (test.roles == nil) {
				t.Errorf("got roles %#v, want %#v", got, test.roles)
			}
			if got := found.Spaces[0].Connections[0].Privileges; !slices.Equal(got, test.privileges) || (got == nil) != (test.privileges == nil) {
				t.Errorf("got privileges %#v, want %#v", got, test.privileges)
			}
			if _, err := provider(t, n).Snapshot(t.Context(), connection.Scope{Spaces: finance.Spaces}); err != nil {
				t.Errorf("and a plan cannot be made: %v", err)
			}
		})
	}
}

func provider(t *testing.T, n *tenant) *qlik.Provider {
	t.Helper()
	made, err := qlik.New(n.config())
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func examine(t *testing.T, n *tenant) connection.Examination {
	t.Helper()
	return provider(t, n).Examine(t.Context(), []connection.SpaceRef{{Name: "Finance"}})
}

func TestOnePartThatFailsKeepsNoOtherFromBeingExamined(t *testing.T) {
	dated := func(status int, body string) route {
		return func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
			say(w, status, body)
		}
	}
	spaces := always(200, `{"data": [{"id": "s1", "name": "Finance", "type": "shared"}]}`)
	lists := always(200, `{"data": []}`)
	forbidden := refuse("X", "no", "")

	refused := examine(t, newTenant(t, map[string]route{me: dated(401, forbidden)}))
	if !errors.Is(refused.Err, connection.ErrUnauthorized) || refused.Skew == nil || refused.Skew.Round(time.Minute) != time.Hour {
		t.Errorf("a token that is refused: %+v", refused)
	}
	unknown := examine(t, newTenant(t, map[string]route{me: always(403, forbidden), getSpaces: spaces, getList: lists}))
	if unknown.Err != nil || !strings.Contains(unknown.CallerUnknown, "403") || !unknown.Spaces[0].Found || unknown.Spaces[0].Err != nil {
		t.Errorf("a caller who may not see himself: %+v", unknown)
	}
	hidden := examine(t, newTenant(t, map[string]route{me: always(200, `{"id": "u1"}`), getSpaces: always(403, forbidden)}))
	if hidden.Err != nil || hidden.Caller.ID != "u1" || !errors.Is(hidden.Spaces[0].Err, connection.ErrForbidden) {
		t.Errorf("spaces that nobody may list: %+v", hidden)
	}
	closed := examine(t, newTenant(t, map[string]route{me: always(200, `{"id": "u1"}`), getSpaces: spaces, getList: always(403, forbidden)}))
	if !closed.Spaces[0].Found || !errors.Is(closed.Spaces[0].Err, connection.ErrForbidden) {
		t.Errorf("a space that cannot be read: %+v", closed)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n := newTenant(t, nil)
	if interrupted := provider(t, n).Examine(ctx, finance.Spaces); !errors.Is(interrupted.Err, context.Canceled) {
		t.Errorf("after an interrupt: got %+v, want context.Canceled", interrupted)
	}
}
