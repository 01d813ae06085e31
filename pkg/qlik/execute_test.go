package qlik_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
)

const (
	post       = "POST " + connections
	patchOne   = "PATCH " + one
	deleteOne  = "DELETE " + one
	bulkUpdate = "POST " + connections + "/actions/update"
	bulkDelete = "POST " + connections + "/actions/delete"
)

var (
	financeSpace  = connection.Space{ID: "s1", Name: "Finance", Type: "shared"}
	personalSpace = connection.Space{Name: "personal", Type: "personal"}
	ours          = connection.Record{Project: "finance", Key: "aa", Credentials: "1:bb", Protected: true}
)

func newLake() connection.Operation {
	return connection.Operation{
		Kind: connection.Create, Key: connection.Key{Space: "Finance", Name: "Orders lake"},
		Name: "Orders lake", Space: &financeSpace, DataSource: "File_AmazonS3ConnectorV2",
		Set:         map[string]any{"region": "eu-west-1", "storeSseHeader": nil},
		Credentials: map[string]any{"secretKey": connection.NewSecret("hunter2 <&>"), "files": []any{map[string]any{"value": connection.NewSecret("pem")}}},
		Tags:        &[]string{"orders"}, Record: &ours,
	}
}

func execute(t *testing.T, n *tenant, operations ...connection.Operation) []connection.Outcome {
	t.Helper()
	outcomes := n.provider().Execute(t.Context(), operations)
	if len(outcomes) != len(operations) {
		t.Fatalf("%d outcomes of %d operations", len(outcomes), len(operations))
	}
	return outcomes
}

func TestACreateSendsThePropertiesForm(t *testing.T) {
	n := newTenant(t, map[string]route{post: always(201, `{"qID": "c9", "qName": "Orders lake"}`)})
	got := execute(t, n, newLake())[0]
	if got.Err != nil || got.ID != "c9" {
		t.Fatalf("got outcome %+v, want c9 without an error", got)
	}
	want := `{"datasourceID":"File_AmazonS3ConnectorV2","qName":"Orders lake","space":"s1",` +
		`"tags":["orders","qlsync:finance","qlsync-key:aa","qlsync-credentials:1:bb","qlsync-protected"],` +
		`"connectionProperties":{"files":[{"value":"pem"}],"region":"eu-west-1","secretKey":"hunter2 <&>"}}`
	if body := n.last("POST", connections).body; body != want {
		t.Errorf("got body %s, want %s", body, want)
	}
}

func TestAPersonalCreateNamesNoSpace(t *testing.T) {
	n := newTenant(t, map[string]route{post: always(201, `{"id": "c9"}`)})
	operation := newLake()
	operation.Space = &personalSpace
	if got := execute(t, n, operation)[0]; got.ID != "c9" || got.Err != nil {
		t.Errorf("got outcome %+v, want c9 without an error", got)
	}
	if body := n.last("POST", connections).body; strings.Contains(body, `"space"`) {
		t.Errorf("got body %s, want no space", body)
	}
}

func TestATenantThatInsistsOnTheTutorialSpelling(t *testing.T) {
	n := newTenant(t, map[string]route{post: inTurn(
		always(400, refuse("DCERROR-0010", "Bad or invalid request", "Field dataSourceId is missing")), always(201, `{"id": "c9"}`))})
	provider := n.provider()
	for range 2 {
		if got := provider.Execute(t.Context(), []connection.Operation{newLake()})[0]; got.Err != nil {
			t.Fatal(got.Err)
		}
	}
	if len(n.requests) != 3 || !strings.Contains(n.requests[1].body, `"dataSourceId":`) || strings.Contains(n.requests[2].body, `"datasourceID":`) {
		t.Errorf("got requests %v, want one more with dataSourceId and that spelling from then on", n.requests)
	}
}

func TestCreatesThatFail(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		kind   error
		want   string
	}{
		"a name that is taken":     {409, refuse("DC-9", "exists", ""), connection.ErrConflict, "409 DC-9: exists"},
		"a property that is wrong": {400, refuse("DC-0", "bad", "secretKey hunter2 <&> is bad"), connection.ErrInvalid, "secretKey (secret) is bad"},
		"no address to sign in at": {201, `{"authUrl": "javascript:alert(1)"}`, connection.ErrInvalid, "the address to sign in at is not an https URL"},
		"no access to the space":   {403, "", connection.ErrForbidden, "403"},
		"an unknown data source":   {400, refuse("DC-0", "bad", "data source X is unknown"), connection.ErrInvalid, "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			n := newTenant(t, map[string]route{post: always(test.status, test.body)})
			err := execute(t, n, newLake())[0].Err
			mustContain(t, err, "create connection: ", test.want)
			if !errors.Is(err, test.kind) || len(n.requests) != 1 {
				t.Errorf("got error %v after %d requests, want %v after one", err, len(n.requests), test.kind)
			}
		})
	}
}

// TestACreateThatMayHaveHappenedIsLookedFor breaks the create and then shows a
// list with something, or nothing, at its place.
func TestACreateThatMayHaveHappenedIsLookedFor(t *testing.T) {
	marks := `"qlsync:finance", "qlsync-key:aa", "qlsync-credentials:1:bb", "qlsync-protected"`
	entry := func(name, tags string) string {
		return fmt.Sprintf(`{"id": "c1", "qName": %q, "space": "s1", "user": "u1", "tags": [%s]}`, name, tags)
	}
	detail := func(source, region string) string {
		return fmt.Sprintf(`{"id": "c1", "qName": "Orders lake", "datasourceID": %q, "connectionProperties": {"region": %q, "port": "1433", "files": [{"value": "pem"}], "other": 1}}`, source, region)
	}
	right := detail("File_AmazonS3ConnectorV2", "eu-west-1")
	for name, test := range map[string]struct {
		answer, list route
		detail       string
		done         bool
		looks        int
	}{
		"it is there":                       {always(504, ""), always(200, entry("Orders lake", `"orders", "DcaasAPI:x", `+marks)), right, true, 1},
		"it is there after a while":         {always(502, ""), inTurn(always(200, ""), always(200, ""), always(200, entry("Orders lake", `"orders", `+marks))), right, true, 3},
		"the answer told no id":             {always(201, "{}"), always(200, entry("Orders lake", `"orders", `+marks)), right, true, 1},
		"it is not there":                   {always(503, ""), always(200, ""), "", false, 3},
		"another's is there":                {always(503, ""), always(200, entry("Orders lake", `"orders"`)), right, false, 3},
		"ours is there with another region": {always(503, ""), always(200, entry("Orders lake", `"orders", `+marks)), detail("File_AmazonS3ConnectorV2", "us-east-1"), false, 3},
		"ours is there from another source": {always(503, ""), always(200, entry("Orders lake", `"orders", `+marks)), detail("rest", "eu-west-1"), false, 3},
		"the search finds nothing":          {always(503, ""), always(403, "{"), "", false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				wrapped := func(w http.ResponseWriter, r *http.Request, attempt int) {
					test.list(wrapData{w}, r, attempt)
				}
				n := newTenant(t, map[string]route{post: test.answer, getList: wrapped, getOne: always(200, test.detail)})
				operation := newLake()
				operation.Set["port"] = json.Number("1433") // comes back as text
				got := execute(t, n, operation)[0]
				log := n.log()
				if test.done && (got.Err != nil || got.ID != "c1") || !test.done && !errors.Is(got.Err, connection.ErrUnknownOutcome) {
					t.Errorf("got outcome %+v, want it found: %v", got, test.done)
				}
				if posts, looks := count(log, post), count(log, getList); posts != 1 || looks != test.looks {
					t.Errorf("%d creates, %d looks", posts, looks)
				}
			})
		})
	}
}

// wrapData turns a list of items into a page.
type wrapData struct{ http.ResponseWriter }

func (w wrapData) Write(items []byte) (int, error) {
	return w.ResponseWriter.Write([]byte(`{"data": [` + string(items) + `]}`))
}

func count(log []string, what string) (n int) {
	for _, line := range log {
		if line == what {
			n++
		}
	}
	return n
}

func TestAPatchIsOneRequestWithEverything(t *testing.T) {
	n := newTenant(t, map[string]route{patchOne: always(204, ""), getOne: always(200, `{"qID": "c1", "qName": "Orders lake",
		"tags": ["DcaasAPI:x:1", "old", "qlsync:finance", "qlsync-next:7"], "connectionProperties": {"region": "a", "b/~c": 1, "gone": 2}}`)})
	got := execute(t, n, connection.Operation{
		Kind: connection.Patch, ID: "c1", Name: "New", Space: &financeSpace,
		Set:         map[string]any{"region": "b", "b/~c": "x", "extra": false},
		Remove:      []string{"gone", "never there"},
		Credentials: map[string]any{"secretKey": connection.NewSecret("hunter2")},
		Tags:        &[]string{"b", "a"}, Record: &ours,
	})[0]
	if got.Err != nil || got.ID != "c1" {
		t.Fatalf("got outcome %+v, want c1 without an error", got)
	}
	want := `[{"op":"replace","path":"/qName","value":"New"},{"op":"add","path":"/space","value":"s1"},` +
		`{"op":"add","path":"/tags","value":["b","a","qlsync:finance","qlsync-key:aa","qlsync-credentials:1:bb","qlsync-protected","DcaasAPI:x:1","qlsync-next:7"]},` +
		`{"op":"add","path":"/connectionProperties/b~1~0c","value":"x"},{"op":"add","path":"/connectionProperties/extra","value":false},` +
		`{"op":"add","path":"/connectionProperties/region","value":"b"},{"op":"add","path":"/connectionProperties/secretKey","value":"hunter2"},` +
		`{"op":"remove","path":"/connectionProperties/gone"}]`
	if body := n.last("PATCH", one).body; body != want {
		t.Errorf("got body %s, want %s", body, want)
	}
}

func TestPatchesOfTags(t *testing.T) {
	live := []string{"DcaasAPI:x:1", "mine", "qlsync:finance", "qlsync-key:aa"}
	for name, test := range map[string]struct {
		tags   *[]string
		record *connection.Record
		want   string // tags sent; empty: no patch at all
	}{
		"new tags leave the mark":   {&[]string{"new"}, nil, `["new","qlsync:finance","qlsync-key:aa","DcaasAPI:x:1"]`},
		"no tags leave the mark":    {&[]string{}, nil, `["qlsync:finance","qlsync-key:aa","DcaasAPI:x:1"]`},
		"a new mark leaves tags":    {nil, &connection.Record{Project: "finance", Protected: true}, `["mine","qlsync:finance","qlsync-protected","DcaasAPI:x:1"]`},
		"an empty mark lets go":     {nil, &connection.Record{}, `["mine","DcaasAPI:x:1"]`},
		"what is there is not sent": {&[]string{"mine"}, &connection.Record{Project: "finance", Key: "aa"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			n := newTenant(t, map[string]route{
				getOne:   always(200, `{"qID": "c1", "qName": "Orders lake", "tags": `+text(t, live)+`}`),
				patchOne: always(204, ""),
			})
			if err := execute(t, n, connection.Operation{Kind: connection.Patch, ID: "c1", Tags: test.tags, Record: test.record})[0].Err; err != nil {
				t.Fatal(err)
			}
			if test.want == "" {
				if slices.Contains(n.log(), patchOne) {
					t.Error("a patch was sent, want none")
				}
				return
			}
			if body := n.last("PATCH", one).body; body != `[{"op":"add","path":"/tags","value":`+test.want+`}]` {
				t.Errorf("got body %s, want the tags %s", body, test.want)
			}
		})
	}
}

func TestAPatchReadsFirstOnlyIfItMustAndStopsAtForeignConnections(t *testing.T) {
	for name, test := range map[string]struct {
		operation connection.Operation
		reads     int
		kind      error
	}{
		"a rename reads nothing":            {connection.Operation{Name: "New"}, 0, nil},
		"credentials read nothing":          {connection.Operation{Credentials: map[string]any{"a": "b"}}, 0, nil},
		"a mark on another project's stops": {connection.Operation{Record: &ours}, 1, connection.ErrChanged},
		"a property of another's stops":     {connection.Operation{Set: map[string]any{"a": "b"}}, 1, connection.ErrChanged},
	} {
		t.Run(name, func(t *testing.T) {
			n := newTenant(t, map[string]route{getOne: always(200, `{"qID": "c1", "qName": "Orders lake", "tags": ["qlsync:sales"]}`), patchOne: always(204, "")})
			test.operation.Kind, test.operation.ID = connection.Patch, "c1"
			err := execute(t, n, test.operation)[0].Err
			if !errors.Is(err, test.kind) || count(n.log(), getOne) != test.reads || count(n.log(), patchOne) != 1-test.reads {
				t.Errorf("got error %v after %v, want %v and %d reads", err, n.log(), test.kind, test.reads)
			}
		})
	}
}

func TestAPatchOfWhatIsGoneIsNotFound(t *testing.T) {
	n := newTenant(t, map[string]route{getOne: always(404, "")})
	err := execute(t, n, connection.Operation{Kind: connection.Patch, ID: "c1", Record: &ours})[0].Err
	if !errors.Is(err, connection.ErrNotFound) {
		t.Errorf("got error %v, want ErrNotFound", err)
	}
}

func TestARemovalThatMayHaveHappenedIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTenant(t, map[string]route{
			getOne: inTurn(
				always(200, `{"qID": "c1", "qName": "Orders lake", "connectionProperties": {"gone": 1, "kept": 1}}`),
				always(200, `{"qID": "c1", "qName": "Orders lake", "connectionProperties": {"kept": 2}}`)),
			patchOne: inTurn(always(502, ""), always(204, "")),
		})
		err := execute(t, n, connection.Operation{Kind: connection.Patch, ID: "c1", Set: map[string]any{"kept": "2"}, Remove: []string{"gone"}})[0].Err
		if err != nil {
			t.Fatal(err)
		}
		if body := n.last("PATCH", one).body; body != `[{"op":"add","path":"/connectionProperties/kept","value":"2"}]` {
			t.Errorf("the second body is %s", body)
		}
	})
}

func TestDeletes(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		kind   error
	}{
		"done":              {204, nil},
		"gone already":      {404, nil},
		"not allowed":       {403, connection.ErrForbidden},
		"down all the time": {503, connection.ErrUnknownOutcome},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newTenant(t, map[string]route{deleteOne: always(test.status, "")})
				err := execute(t, n, connection.Operation{Kind: connection.Delete, ID: "c1"})[0].Err
				if !errors.Is(err, test.kind) || (err == nil) != (test.kind == nil) {
					t.Errorf("got error %v, want %v", err, test.kind)
				}
			})
		})
	}
}

func TestABulkUpdateSendsSpacesWithTheirTypes(t *testing.T) {
	n := newTenant(t, map[string]route{bulkUpdate: always(207, `{"data": [{"id": "c3", "status": 204}, {"id": "c1", "status": 204}, {"id": "c2", "status": 204}]}`)})
	for _, outcome := range execute(t, n,
		connection.Operation{Kind: connection.BulkUpdate, ID: "c1", Space: &financeSpace},
		connection.Operation{Kind: connection.BulkUpdate, ID: "c2", Space: &personalSpace},
		connection.Operation{Kind: connection.BulkUpdate, ID: "c3", OwnerID: "u2"},
	) {
		if outcome.Err != nil {
			t.Error(outcome.Err)
		}
	}
	want := `{"connections":[{"id":"c1","spaceId":"s1","spaceType":"shared"},{"id":"c2","spaceId":"","spaceType":"personal"},{"id":"c3","ownerId":"u2"}]}`
	if body := n.last("POST", connections+"/actions/update").body; body != want {
		t.Errorf("got body %s, want %s", body, want)
	}
}

// TestABulkAnswerIsReadItemByItem moves or deletes one connection, c1.
func TestABulkAnswerIsReadItemByItem(t *testing.T) {
	for name, test := range map[string]struct {
		action string
		item   string
		live   route // what a fresh read shows; nil: it must not be read
		kind   error // of the error
		want   string
	}{
		"a success":                            {bulkUpdate, `{"id": "c1", "status": 204}`, nil, nil, ""},
		"a failure":                            {bulkUpdate, `{"id": "c1", "status": 409, "error": {"code": "DC-9", "title": "exists"}}`, nil, connection.ErrConflict, "409 DC-9: exists"},
		"a failure without an error":           {bulkUpdate, `{"id": "c1", "status": 403}`, nil, connection.ErrForbidden, "403: Forbidden"},
		"a success status with an error":       {bulkUpdate, `{"id": "c1", "status": 204, "error": {"title": "no", "status": 403}}`, nil, connection.ErrForbidden, "403: no"},
		"a missing item that was moved":        {bulkUpdate, ``, always(200, `{"qID": "c1", "qName": "Orders lake", "space": "s1"}`), nil, ""},
		"a missing item that was not moved":    {bulkUpdate, ``, always(200, `{"qID": "c1", "qName": "Orders lake", "space": "s2"}`), connection.ErrUnknownOutcome, "does not mention the connection"},
		"a missing item that is gone":          {bulkUpdate, ``, always(404, ""), connection.ErrNotFound, "404"},
		"an item without a status":             {bulkUpdate, `{"id": "c1"}`, always(200, `{"qID": "c1", "qName": "Orders lake", "space": "s1"}`), nil, ""},
		"a delete of what is gone":             {bulkDelete, `{"id": "c1", "status": 404, "error": {"title": "gone"}}`, nil, nil, ""},
		"a missing delete that happened":       {bulkDelete, ``, always(404, ""), nil, ""},
		"a missing delete that did not":        {bulkDelete, ``, always(200, `{"qID": "c1", "qName": "Orders lake"}`), connection.ErrUnknownOutcome, "does not mention the connection"},
		"a missing delete that nobody can see": {bulkDelete, ``, always(500, ""), connection.ErrUnknownOutcome, "does not mention the connection"},
	} {
		t.Run(name, func(t *testing.T) {
			routes := map[string]route{test.action: always(207, `{"data": [`+test.item+`]}`)}
			if test.live != nil {
				routes[getOne] = test.live
			}
			operation := connection.Operation{Kind: connection.BulkDelete, ID: "c1"}
			if test.action == bulkUpdate {
				operation = connection.Operation{Kind: connection.BulkUpdate, ID: "c1", Space: &financeSpace}
			}
			err := execute(t, newTenant(t, routes), operation)[0].Err
			if test.kind == nil && err != nil || !errors.Is(err, test.kind) {
				t.Errorf("got error %v, want %v", err, test.kind)
			}
			if test.want != "" {
				mustContain(t, err, string(operation.Kind)+": ", test.want)
			}
		})
	}
}

func TestABulkCallThatIsRefusedAsAWhole(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		kind   error
		want   string
	}{
		"403 names the role":        {403, connection.ErrForbidden, "need the role TenantAdmin"},
		"400 is reported for each":  {400, connection.ErrInvalid, "400"},
		"503 is settled by reading": {503, connection.ErrUnknownOutcome, "503"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newTenant(t, map[string]route{
					bulkDelete: always(test.status, "{}"), getOne: always(200, `{"qID": "c1", "qName": "Orders lake"}`),
					"GET " + connections + "/c2": always(404, ""),
				})
				outcomes := execute(t, n,
					connection.Operation{Kind: connection.BulkDelete, ID: "c1"}, connection.Operation{Kind: connection.BulkDelete, ID: "c2"})
				mustContain(t, outcomes[0].Err, test.want)
				if !errors.Is(outcomes[0].Err, test.kind) {
					t.Errorf("got error %v, want %v", outcomes[0].Err, test.kind)
				}
				if settled := outcomes[1].Err == nil; settled != (test.status == 503) {
					t.Errorf("the second outcome is %v", outcomes[1].Err)
				}
			})
		})
	}
}

func TestMistakesOfTheCallerAreErrorsAndSendNothing(t *testing.T) {
	patch := connection.Operation{Kind: connection.Patch, ID: "c1", Name: "x"}
	remove := connection.Operation{Kind: connection.Delete, ID: "c1"}
	with := func(change func(*connection.Operation)) connection.Operation {
		operation := newLake()
		change(&operation)
		return operation
	}
	many := slices.Repeat([]connection.Operation{{Kind: connection.BulkDelete, ID: "c1"}}, 101)
	for name, test := range map[string]struct {
		operations []connection.Operation
		want       string
	}{
		"two of a single kind": {[]connection.Operation{remove, remove}, "2 operations in one call, at most 1"},
		"two patches":          {[]connection.Operation{patch, patch}, "2 operations in one call, at most 1"},
		"two kinds":            {[]connection.Operation{{Kind: connection.BulkDelete, ID: "c1"}, patch}, "two kinds"},
		"too large a batch":    {many, "101 operations in one call, at most 100"},
		"a recreate":           {[]connection.Operation{{Kind: connection.Recreate, ID: "c1"}}, "not an operation of this provider"},
		"no id":                {[]connection.Operation{{Kind: connection.Delete}}, `"" is not an id`},
		"an id that is a path": {[]connection.Operation{{Kind: connection.Delete, ID: ".."}}, `".." is not an id`},
		"a create nowhere":     {[]connection.Operation{with(func(o *connection.Operation) { o.Space = nil })}, "space, name or data source is missing"},
		"an unresolved password": {[]connection.Operation{with(func(o *connection.Operation) {
			o.Credentials["secretKey"] = connection.Reference{Env: "KEY"}
		})}, "reference {env: KEY} is not resolved"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, outcome := range execute(t, newTenant(t, nil), test.operations...) {
				mustContain(t, outcome.Err, test.want)
			}
		})
	}
	if got := newTenant(t, nil).provider().Execute(t.Context(), nil); len(got) != 0 {
		t.Errorf("outcomes of nothing: %v", got)
	}
}

func TestTheSizeOfBulkRequestsDoesNotBindARow(t *testing.T) {
	n := newTenant(t, map[string]route{"PATCH " + connections + "/old": always(204, ""), "PATCH " + connections + "/new": always(204, "")})
	config := n.config()
	config.BatchSize = 1
	provider, err := qlik.New(config)
	if err != nil {
		t.Fatal(err)
	}
	must(t, provider.ExecuteGroup(t.Context(), connection.Group{Operations: []connection.Operation{rename("old", "aside"), rename("new", "real")}}))
}

// TestADefaultThatIsFilledInCanBeChanged sets a property that is shown only as the default.
func TestADefaultThatIsFilledInCanBeChanged(t *testing.T) {
	const seed = `{"caller": "ana@x.example", "users": [{"email": "ana@x.example", "roles": ["TenantAdmin"]}], "spaces": [{"name": "Finance", "type": "shared"}],
		"connections": [{"name": "Lake", "space": "Finance", "dataSource": "DG_mssql", "properties": {"host": "db"}, "credentials": {"username": "sa", "password": "pw"}}]}`
	tenant, provider := embed(t, seed, simulator.Options{Behaviour: simulator.Behaviour{NormaliseValues: true}})
	stored, _ := tenant.Find("Finance", "Lake")
	got := provider.Execute(t.Context(), []connection.Operation{{Kind: connection.Patch, ID: stored.ID, Set: map[string]any{"port": "1500"}}})[0]
	if now, _ := tenant.Find("Finance", "Lake"); got.Err != nil || now.Properties["port"] != "1500" {
		t.Errorf("outcome %v, properties %v", got.Err, now.Properties)
	}
}
