package qlik_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
)

const (
	me    = "GET /api/v1/users/me"
	users = "GET /api/v1/users"
	admin = `{"id": "u1", "name": "Ana", "email": "ana@example.com", "subject": "s|ana", "status": "active", "assignedRoles": [{"id": "r", "name": "TenantAdmin"}]}`

	getSpaces = "GET " + spaces
	getList   = "GET " + connections
	getOne    = "GET " + one
)

// small is a tenant with one space and one connection; routes replace its own.
func small(t *testing.T, routes map[string]route) *tenant {
	t.Helper()
	all := map[string]route{
		me:        always(200, admin),
		getSpaces: always(200, `{"data": [{"id": "s1", "name": "Finance", "type": "shared"}], "links": {"next": {"href": null}}}`),
		getList:   always(200, `{"data": [`+lake+`], "links": {"self": {"href": "/v1/x"}, "next": null}}`),
		getOne:    always(200, lakeDetail),
	}
	for name, route := range routes {
		all[name] = route
	}
	return newTenant(t, all)
}

const (
	lake = `{"qID": "c1", "id": "c1", "qName": "Orders lake", "space": "s1", "user": "u1", "datasourceID": "File_AmazonS3ConnectorV2",
		"qConnectStatement": "CUSTOM CONNECT TO \"password=hunter2\"", "qLogOn": 1, "qCredentialsID": "cr1", "qSeparateCredentials": false,
		"tags": ["DcaasAPI:x:1", "zeta", "qlsync:finance", "qlsync-key:aa", "alpha"]}`
	lakeDetail = `{"qID": "c1", "qName": "Orders lake", "space": "s1", "user": "u1", "datasourceID": "File_AmazonS3ConnectorV2",
		"qConnectionSecret": "hunter3", "qLogOn": "LOG_ON_SERVICE_USER", "qCredentialsID": "cr1", "tags": ["qlsync:finance", "qlsync-key:aa", "alpha"],
		"connectionProperties": {"region": "eu-west-1", "port": 12345678901234567890, "accessKey": "hunter4"}}`
)

var finance = connection.Scope{
	Spaces:  []connection.SpaceRef{{Name: "Finance"}},
	Details: func(*connection.Live) bool { return true },
}

func snapshot(t *testing.T, n *tenant, scope connection.Scope) *connection.Snapshot {
	t.Helper()
	got, err := n.provider().Snapshot(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestASnapshotHoldsWhatTheScopeNames(t *testing.T) {
	n := small(t, nil)
	got := snapshot(t, n, finance)
	ana := connection.User{ID: "u1", Name: "Ana", Email: "ana@example.com", Subject: "s|ana", Admin: true}
	want := &connection.Snapshot{
		Caller: ana,
		Spaces: []connection.Space{{ID: "s1", Name: "Finance", Type: "shared"}, {Name: "personal", Type: "personal"}},
		Users:  []connection.User{ana},
		Connections: []connection.Live{{
			ID: "c1", Key: connection.Key{Space: "Finance", Name: "Orders lake"}, SpaceID: "s1", OwnerID: "u1",
			DataSource: "File_AmazonS3ConnectorV2", Tags: []string{"alpha"},
			Record:         connection.Record{Project: "finance", Key: "aa"},
			Properties:     map[string]any{"region": "eu-west-1", "port": json.Number("12345678901234567890")},
			HasCredentials: true, CredentialsID: "cr1",
		}},
		Reads: 6, Details: 1, // one for the schema of the data source
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(connection.Snapshot{}, "Capabilities"), cmpopts.IgnoreFields(connection.Live{}, "Statement", "Parsed")); diff != "" {
		t.Errorf("the snapshot differs (-want +got):\n%s", diff)
	}
	list := n.last("GET", connections)
	if list.query != "includeDisabled=true&limit=100&noDatafiles=true&spaceId=s1" {
		t.Errorf("list query %q", list.query)
	}
	if detail := n.last("GET", one); detail.query != "parseConnection=true" {
		t.Errorf("detail query %q", detail.query)
	}
}

func TestDetailsAreReadOnlyWhereTheyAreWanted(t *testing.T) {
	n := small(t, nil)
	scope := finance
	scope.Details = func(live *connection.Live) bool { return live.Key.Name != "Orders lake" }
	got := snapshot(t, n, scope).Connections[0]
	if got.Properties != nil || got.Unreadable != "" || !slices.Equal(got.Tags, []string{"alpha", "zeta"}) {
		t.Errorf("got %+v, want the tags alpha and zeta without details", got)
	}
	if slices.Contains(n.log(), getOne) {
		t.Error("the details were read, want none")
	}
}

func TestDetailsAreNotReadWhereTheListSaysEnough(t *testing.T) {
	n := small(t, nil)
	scope := finance
	scope.Listed = func(live *connection.Live) bool { return live.Key.Name == "Orders lake" }
	if got := snapshot(t, n, scope).Connections[0]; got.Properties != nil || got.Unreadable != "" || got.OtherTags != 1 {
		t.Errorf("got %+v, want one other tag without details", got)
	}
	if slices.Contains(n.log(), getOne) {
		t.Error("the details were read, want none")
	}
}

func TestADataSourceNamesTheSpacesInWhichItDoesNotBelong(t *testing.T) {
	for id, want := range map[string][]string{
		"rest": {"data"}, "DG_mssql": {"data"},
		"repsrc_mssql": {"managed", "personal", "shared"}, "reptgt_qdis3": {"managed", "personal", "shared"},
	} {
		source, err := qlik.ParseDataSource(id, []byte(`{"connectionProperties": {}}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Sorted(maps.Keys(source.Unsuited)); !slices.Equal(got, want) {
			t.Errorf("%s does not belong in %v, want %v", id, got, want)
		}
		for _, why := range source.Unsuited {
			if !strings.Contains(why, "Spaces API") {
				t.Errorf("no source: %s", why)
			}
		}
	}
}

// TestAConnectionWithoutAnOwnerIsNotTakenForDataFiles keeps what a deleted account has left;
// the built-in connections are known by their type and names alone.
func TestAConnectionWithoutAnOwnerIsNotTakenForDataFiles(t *testing.T) {
	n := small(t, map[string]route{getList: always(200, `{"data": [
		{"id": "c1", "qName": "Orders lake", "space": "s1", "datasourceID": "rest"},
		{"id": "c2", "qName": "DataFiles", "space": "s1", "user": "u1"},
		{"id": "c3", "qName": "MyDataFiles", "space": "s1"},
		{"id": "c4", "qName": "Shared files", "space": "s1", "user": "u1", "qType": "qix-datafiles.exe"}]}`)})
	scope := finance
	scope.Details = nil
	got := snapshot(t, n, scope).Connections
	if len(got) != 1 || got[0].ID != "c1" || got[0].OwnerID != "" || got[0].Unreadable != "" {
		t.Errorf("got connections %+v, want c1 without an owner", got)
	}
}

// TestAConnectionWithoutADataSourceIsObsolete leaves alone what is older than data sources.
func TestAConnectionWithoutADataSourceIsObsolete(t *testing.T) {
	const old = `{"id": "c1", "qName": "Orders lake", "space": "s1", "user": "u1", "qType": "folder"}`
	n := small(t, map[string]route{getList: always(200, `{"data": [`+old+`]}`), getOne: always(200, old)})
	got := snapshot(t, n, finance).Connections
	if len(got) != 1 || !strings.Contains(got[0].Unreadable, `it is of an obsolete kind (type "folder", no data source)`) {
		t.Errorf("got connections %+v, want one of an obsolete kind", got)
	}
}

// TestSeparateCredentialsIsReadFromEitherPlace shows the switch where the properties or only
// the connection have it, and not where neither has it.
func TestSeparateCredentialsIsReadFromEitherPlace(t *testing.T) {
	for name, test := range map[string]struct {
		member, property string
		want             any
	}{
		"on, in the properties":       {`"qSeparateCredentials": true,`, `{"separateCredentials": true}`, true},
		"on, of the connection":       {`"qSeparateCredentials": true,`, `{}`, true},
		"on, as a text":               {`"qSeparateCredentials": "true",`, `{}`, true},
		"off, of the connection":      {`"qSeparateCredentials": false,`, `{}`, false},
		"the properties go before it": {`"qSeparateCredentials": false,`, `{"separateCredentials": "true"}`, "true"},
		"not told":                    {``, `{}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			body := `{"id": "c1", "qName": "Orders lake", "space": "s1", "user": "u1", "datasourceID": "mssql", ` + test.member + ` "connectionProperties": ` + test.property + `}`
			n := small(t, map[string]route{
				getList: always(200, `{"data": [`+body+`]}`), getOne: always(200, body),
				"GET /api/v1/data-sources/mssql/api-specs": always(200, `{"connectionProperties": {"properties": {"separateCredentials": {"type": "boolean"}}}}`),
			})
			if got := snapshot(t, n, finance).Connections[0].Properties["separateCredentials"]; got != test.want {
				t.Errorf("got separateCredentials %v, want %v", got, test.want)
			}
		})
	}
}

func TestAPersonalScopeIsTheCallersOwn(t *testing.T) {
	n := small(t, map[string]route{getList: always(200, `{"data": [
		{"id": "c1", "qName": "mine", "user": "u1"}, {"id": "c2", "qName": "theirs", "user": "u2"},
		{"id": "c3", "qName": "elsewhere", "user": "u1", "space": "s1"}, {"id": "c4", "qName": "DataFiles", "user": "u1"},
		{"id": "c5", "qName": "files", "qType": "qix-datafiles.exe"}, {"qName": "no id", "user": "u1"}]}`)})
	got := snapshot(t, n, connection.Scope{Spaces: []connection.SpaceRef{{Personal: true}}})
	if len(got.Connections) != 1 || got.Connections[0].Key != (connection.Key{Space: "personal", Name: "mine"}) {
		t.Errorf("got connections %+v, want personal/mine only", got.Connections)
	}
	if q := n.last("GET", connections).query; q != "includeDisabled=true&limit=100&noDatafiles=true&ownedByMe=true&personal=true" {
		t.Errorf("got query %q, want the personal connections of the caller", q)
	}
}

func TestScopesThatNameOddSpaces(t *testing.T) {
	odd := always(200, `{"data": [{"id": "s1", "name": "personal", "type": "shared"}, {"id": "s2", "name": "Fin", "type": "managed"}]}`)
	for name, test := range map[string]struct {
		ref  connection.SpaceRef
		want string // the spaceId that is listed; empty: nothing is
	}{
		"a space that is called personal goes by its id": {connection.SpaceRef{ID: "s1"}, "spaceId=s1"},
		"an exact name is found":                         {connection.SpaceRef{Name: "Fin"}, "spaceId=s2"},
		"letter case matters":                            {connection.SpaceRef{Name: "fin"}, ""},
		"an unknown name is not read":                    {connection.SpaceRef{Name: "Finance"}, ""},
		"an unknown id is not read":                      {connection.SpaceRef{ID: "s9"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			n := small(t, map[string]route{getSpaces: odd, getList: always(200, `{"data": []}`)})
			got := snapshot(t, n, connection.Scope{Spaces: []connection.SpaceRef{test.ref, test.ref}})
			want := []connection.Space{
				{ID: "s2", Name: "Fin", Type: "managed"}, {Name: "personal", Type: "personal"}, {ID: "s1", Name: "{id: s1}", Type: "shared"},
			}
			if !slices.Equal(got.Spaces, want) {
				t.Errorf("got spaces %+v, want %+v", got.Spaces, want)
			}
			var lists []string
			for _, r := range n.requests {
				if r.path == connections {
					lists = append(lists, r.query)
				}
			}
			if test.want == "" && len(lists) > 0 || test.want != "" && (len(lists) != 1 || !strings.Contains(lists[0], test.want)) {
				t.Errorf("got lists %q, want one with %q", lists, test.want)
			}
		})
	}
}

func TestPagesAreFollowedToTheEnd(t *testing.T) {
	page := func(id, next string) string {
		return `{"data": [{"id": "` + id + `", "qName": "n` + id + `", "space": "s1", "user": "u1"}], "links": {"next": {"href": ` + next + `}}}`
	}
	n := small(t, map[string]route{getList: func(w http.ResponseWriter, r *http.Request, _ int) {
		switch r.URL.Query().Get("page") {
		case "":
			say(w, 200, page("c1", `"https://acme.eu.qlikcloud.com:443`+connections+`?limit=100&page=page%3Dabc%2B"`)) // absolute
		case "page=abc+":
			say(w, 200, page("c2", `"`+connections+`?page=z"`)) // relative
		default:
			say(w, 200, page("c2", `null`)) // moved while the pages were turned
		}
	}})
	scope := connection.Scope{Spaces: finance.Spaces}
	if got := snapshot(t, n, scope); len(got.Connections) != 2 || got.Reads != 5 {
		t.Errorf("%d connections in %d reads", len(got.Connections), got.Reads)
	}
}

func TestPagesThatNeverEndAreAnError(t *testing.T) {
	n := small(t, map[string]route{getSpaces: always(200, `{"data": [], "links": {"next": {"href": "/api/v1/spaces?next=x"}}}`)})
	_, err := n.provider().Snapshot(t.Context(), finance)
	mustContain(t, err, "list spaces", "already read")
}

func TestAnIncompleteListSaysSo(t *testing.T) {
	n := small(t, map[string]route{getList: always(200, `{"data": [`+lake+`], "errors": [
		{"code": "DC-1", "title": "some could not be returned", "detail": "key-of-ana\nis tired"}, {}]}`)})
	want := []string{
		`the list of connections of space "Finance" is incomplete (DC-1: some could not be returned: (secret) is tired)`,
		`the list of connections of space "Finance" is incomplete (no reason given)`,
	}
	if diff := cmp.Diff(want, snapshot(t, n, finance).Incomplete); diff != "" {
		t.Errorf("reasons differ (-want +got):\n%s", diff)
	}
}

func TestReasonsAreBounded(t *testing.T) {
	n := small(t, map[string]route{getList: always(200, `{"data": [], "errors": [`+strings.Repeat(`{"title": "x"}, `, 29)+`{}]}`)})
	got := snapshot(t, n, finance).Incomplete
	if len(got) != 21 || got[20] != "and 10 more" {
		t.Errorf("got reasons %q, want 20 and a count of the other 10", got)
	}
}

func TestOneBadConnectionIsUnreadableAndTheRestGoesOn(t *testing.T) {
	for name, test := range map[string]struct {
		answer route
		reason string
	}{
		"forbidden":                   {always(403, refuse("DC-3", "no access", "")), "403 DC-3: no access"},
		"deleted meanwhile":           {always(404, ""), "404: Not Found"},
		"credentials do not decrypt":  {always(500, refuse("DC-5", "decryption failed", "")), "500 DC-5: decryption failed"},
		"an answer that is no JSON":   {always(200, "<html>"), "not whole JSON"},
		"properties are not returned": {always(200, `{"qID": "c1", "qName": "Orders lake"}`), "did not return its properties"},
	} {
		t.Run(name, func(t *testing.T) {
			got := snapshot(t, small(t, map[string]route{getOne: test.answer}), finance).Connections[0]
			if !strings.Contains(got.Unreadable, test.reason) || got.Properties != nil || got.OwnerID != "u1" {
				t.Errorf("got %+v, want an unreadable connection because %q", got, test.reason)
			}
		})
	}
}

func TestFailuresThatAreNotOfOneConnectionFailTheSnapshot(t *testing.T) {
	for name, test := range map[string]struct {
		path   string
		answer route
		fail   error
		want   string
		kind   error
	}{
		"a token refused in the middle": {one, always(401, ""), nil, `read connection "Finance/Orders lake"`, connection.ErrUnauthorized},
		"a service that is down":        {one, always(503, ""), nil, `read connection "Finance/Orders lake"`, nil},
		"a network that is gone":        {one, nil, refusedDial, "connection refused", connection.ErrUnreachable},
		"no list of spaces":             {spaces, always(500, ""), nil, "list spaces", nil},
		"no list of connections":        {connections, always(403, ""), nil, `list connections of space "Finance"`, connection.ErrForbidden},
		"no caller":                     {"/api/v1/users/me", always(200, "{}"), nil, "check that the url is that of a Qlik Cloud tenant", nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := small(t, map[string]route{"GET " + test.path: test.answer})
				n.fail = func(r *http.Request, _ int) error {
					if r.URL.Path == test.path {
						return test.fail
					}
					return nil
				}
				_, err := n.provider().Snapshot(t.Context(), finance)
				mustContain(t, err, test.want)
				if test.kind != nil && !errors.Is(err, test.kind) {
					t.Errorf("got error %v, want %v", err, test.kind)
				}
			})
		})
	}
}

func TestOwnersAreLookedUpByEmailThenBySubject(t *testing.T) {
	lookup := func(w http.ResponseWriter, r *http.Request, _ int) {
		switch r.URL.Query().Get("filter") {
		case `email eq "bob@example.com"`:
			say(w, 200, `{"data": [{"id": "u3", "email": "Bob@example.com", "status": "active"}, {"id": "u2", "email": "bob@example.com"},
				{"id": "u4", "email": "bob@example.com", "status": "disabled"}]}`)
		case `subject eq "a\"b\\c"`:
			say(w, 200, `{"data": [{"id": "u5", "subject": "a\"b\\c", "status": "active", "assignedRoles": [{"name": "AnalyticsAdmin"}]}]}`)
		default:
			say(w, 200, `{"data": []}`)
		}
	}
	n := small(t, map[string]route{users: lookup})
	got := snapshot(t, n, connection.Scope{Owners: []string{`a"b\c`, "bob@example.com", "nobody", "bob@example.com"}})
	var ids []string
	for _, user := range got.Users {
		ids = append(ids, user.ID)
		if user.Admin != (user.ID == "u1") {
			t.Errorf("got user %+v, want the role for u1 only", user)
		}
	}
	if strings.Join(ids, " ") != "u1 u2 u3 u5" {
		t.Errorf("got users %v, want u1 u2 u3 u5", ids)
	}
}

func TestPeopleAreTheOwnersOfWhatWasListedWhereTheyMayBeSeen(t *testing.T) {
	scope := finance
	scope.People, scope.Details = true, nil
	both := `{"data": [` + lake + `, {"qID": "c2", "qName": "Other", "space": "s1", "user": "u\"2", "updated": "2026-01-02T03:04:05.9+01:00"},
		{"qID": "c3", "qName": "Third", "space": "s1", "user": "u1", "updated": "yesterday"}]}`
	asked := func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.URL.Query().Get("filter") != `id eq "u\"2" or id eq "u1"` {
			t.Errorf("got filter %s, want both ids, escaped", r.URL.Query().Get("filter"))
		}
		say(w, 200, `{"data": [`+admin+`, {"id": "u\"2", "name": "Bo", "status": "disabled"}, {"id": "u9", "name": "not asked for"}]}`)
	}
	got := snapshot(t, small(t, map[string]route{getList: always(200, both), users: asked}), scope)
	want := []connection.User{
		{ID: "u1", Name: "Ana", Email: "ana@example.com", Subject: "s|ana", Admin: true}, {ID: "u\"2", Name: "Bo", Inactive: "disabled"},
	}
	if diff := cmp.Diff(want, got.People); diff != "" {
		t.Errorf("people differ (-want +got):\n%s", diff)
	}
	if len(got.Users) != 1 {
		t.Errorf("an owner could be looked for among %+v", got.Users)
	}
	var updated []string
	for _, live := range got.Connections {
		updated = append(updated, live.UpdatedAt.Format(time.RFC3339Nano))
	}
	if joined := strings.Join(updated, " "); !strings.Contains(joined, "2026-01-02T02:04:05.9Z") || strings.Count(joined, "0001-01-01") != 2 {
		t.Errorf("got updated %s, want one time in UTC and two that are unknown", joined)
	}

	refused := snapshot(t, small(t, map[string]route{users: always(403, `{}`)}), scope)
	if len(refused.People) != 0 || len(refused.Connections) != 1 {
		t.Errorf("got people %+v, want none, and one connection", refused.People)
	}
	if snapshot(t, small(t, nil), finance).People != nil {
		t.Error("got people, want none without a question for them")
	}
}

func TestTraitsDependOnTheRole(t *testing.T) {
	for name, test := range map[string]struct {
		role                    string
		space, owner, existence connection.OperationKind
	}{
		"a tenant admin works in bulk":     {"TenantAdmin", connection.BulkUpdate, connection.BulkUpdate, connection.BulkDelete},
		"an analytics admin does not":      {"AnalyticsAdmin", connection.Patch, "", connection.Delete},
		"a user without a role one by one": {"", connection.Patch, "", connection.Delete},
	} {
		t.Run(name, func(t *testing.T) {
			n := small(t, map[string]route{me: always(200, strings.Replace(admin, "TenantAdmin", test.role, 1))})
			capabilities := snapshot(t, n, connection.Scope{}).Capabilities
			if capabilities.Space != test.space || capabilities.Owner != test.owner || capabilities.Existence != test.existence {
				t.Errorf("space by %q, owner by %q, existence by %q", capabilities.Space, capabilities.Owner, capabilities.Existence)
			}
			if capabilities.Writes.Requests != 500 || capabilities.BatchSize[connection.BulkDelete] != 100 {
				t.Errorf("got %+v, want 500 writes and 100 items in a bulk delete", capabilities)
			}
		})
	}
}

func TestPatchableValues(t *testing.T) {
	for name, test := range map[string]struct {
		value any
		want  bool
	}{
		"a string":             {"x", true},
		"a switch":             {true, true},
		"an integer":           {json.Number("-12"), true},
		"a decimal":            {json.Number("1.5"), false},
		"an exponent":          {json.Number("1e3"), false},
		"a list with objects":  {[]any{map[string]any{"name": "x"}}, true},
		"an object":            {map[string]any{}, false},
		"null":                 {nil, false},
		"a secret":             {connection.NewSecret("x"), true},
		"a secret not yet had": {connection.Reference{Env: "X"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			demands := qlik.Rules{}.Assess(connection.Difference{
				Live: &connection.Live{}, Declared: &connection.Desired{}, Source: &connection.DataSource{}, Set: map[string]any{"x": test.value},
			})
			if got := !demands.Recreate.Holds(); got != test.want {
				t.Errorf("a patch can set it: %v, want %v", got, test.want)
			}
		})
	}
}

func TestSecretsInPropertiesAreShielded(t *testing.T) {
	n := small(t, map[string]route{getOne: always(200, `{"qID": "c1", "qName": "x", "user": "u1", "datasourceID": "rest", "connectionProperties": {
		"url": "https://x", "username": "sa", "password": "hunter2", "rootCertificates": [{"name": "token.pem", "value": "public"}],
		"queryHeaders": [{"name": "X-Tenant", "value": "acme"}, {"name": "authorization", "value": "Bearer hunter2"},
			{"name": "x", "value": "hunter2", "encrypt": "true"}, {"name": "y", "encrypt": true}],
		"queryParameters": [{"name": "api_key", "value": "hunter2"}, {"name": "page", "value": 2}],
		"nested": {"list": [{"accessToken": "hunter2", "n": 1}]}}}`)})
	got := snapshot(t, n, finance).Connections[0].Properties
	want := `{"nested":{"list":[{"accessToken":"(secret)","n":1}]},` +
		`"queryHeaders":[{"name":"X-Tenant","value":"acme"},{"name":"authorization","value":"(secret)"},` +
		`{"encrypt":"true","name":"x","value":"(secret)"},{"encrypt":true,"name":"y"}],` +
		`"queryParameters":[{"name":"api_key","value":"(secret)"},{"name":"page","value":2}],` +
		`"rootCertificates":[{"name":"token.pem","value":"public"}],"url":"https://x"}`
	if text := connection.Canonical(got); text != want {
		t.Errorf("got properties %s, want %s", text, want)
	}
}

func TestMarksAreReadFromTags(t *testing.T) {
	for name, test := range map[string]struct {
		tags   []string
		user   []string
		record connection.Record
	}{
		"none": {[]string{"b", "a"}, []string{"a", "b"}, connection.Record{}},
		"all of them": {
			[]string{"qlsync-protected", "qlsync:finance", "a", "qlsync-credentials:3:ab", "qlsync-key:cd", "DcaasAPI:x:1"},
			[]string{"a"},
			connection.Record{Project: "finance", Key: "cd", Credentials: "3:ab", Protected: true},
		},
		"two projects are foreign to each":      {[]string{"qlsync:sales", "qlsync:finance"}, nil, connection.Record{Project: "finance,sales"}},
		"the first of two keys counts":          {[]string{"qlsync-key:b", "qlsync-key:a"}, nil, connection.Record{Key: "a"}},
		"those of a newer qlsync are no user's": {[]string{"qlsync-next:1", "qlsyncing"}, []string{"qlsyncing"}, connection.Record{}},
	} {
		t.Run(name, func(t *testing.T) {
			detail := `{"qID": "c1", "qName": "x", "user": "u1", "connectionProperties": {}, "tags": ` + text(t, test.tags) + `}`
			got := snapshot(t, small(t, map[string]route{getOne: always(200, detail)}), finance).Connections[0]
			if !slices.Equal(got.Tags, test.user) || got.Record != test.record {
				t.Errorf("tags %q, mark %+v", got.Tags, got.Record)
			}
		})
	}
}

// TestWhatASchemaMarksIsHiddenThoughNoFileNamesTheDataSource: a file may name another data
// source than the live connection has, which is then a difference to be shown.
func TestWhatASchemaMarksIsHiddenThoughNoFileNamesTheDataSource(t *testing.T) {
	const specs = "GET /api/v1/data-sources/vault/api-specs"
	routes := lists(text(t, map[string]any{
		"qID": "c1", "qName": "A", "space": "s1", "user": "u1", "datasourceID": "vault", "connectionProperties": map[string]any{
			"pin": "canary", "plain": "shown", "number": 7, "none": nil, "empty": "", "tree": map[string]any{"code": "canary", "plain": "shown"},
			"list": []any{map[string]any{"value": "canary", "name": "shown"}}, "map": map[string]any{"a": "canary", "b": true},
		},
	}))
	routes[specs] = always(200, `{"connectionProperties": {"properties": {
		"pin": {"writeOnly": true}, "plain": {}, "number": {"format": "password"}, "none": {"writeOnly": true}, "empty": {"writeOnly": true},
		"tree": {"properties": {"code": {"writeOnly": true}}}, "list": {"items": {"properties": {"value": {"format": "password"}}}},
		"map": {"additionalProperties": {"writeOnly": true}}}}}`)
	n := newTenant(t, routes)
	provider := n.provider()
	for range 2 {
		got, err := provider.Snapshot(t.Context(), finance)
		if err != nil {
			t.Fatal(err)
		}
		const want = `{"empty":"","list":[{"name":"shown","value":"(secret)"}],"map":{"a":"(secret)","b":"(secret)"},"none":null,` +
			`"number":"(secret)","pin":"(secret)","plain":"shown","tree":{"code":"(secret)","plain":"shown"}}`
		if diff := cmp.Diff(want, connection.Canonical(got.Connections[0].Properties)); diff != "" {
			t.Errorf("properties differ (-want +got):\n%s", diff)
		}
	}
	if n.attempts[specs] != 1 {
		t.Errorf("the schema was read %d times", n.attempts[specs])
	}
	routes[specs] = always(403, refuse("AUTHZ-1", "no", ""))
	got := snapshot(t, newTenant(t, routes), finance).Connections[0]
	if got.Properties != nil || !strings.Contains(got.Unreadable, `read data source "vault": `) {
		t.Errorf("got %+v without the schema, want an unreadable connection", got)
	}
}
