package qlik_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// withApps is the tenant of the tests with apps.
var withApps = strings.Replace(acme, `"connections": [`, `"apps": [
    {"name": "Board", "space": "Finance", "owner": "bob@acme.example", "viewers": 7,
     "script": [{"type": "load", "connection": "Orders lake"}, {"type": "store", "connection": "Vault/Gold"}, {"type": "include", "connection": "Ledger"}],
     "reloads": [{"ago": "1h", "times": 12, "every": "24h"}]},
    {"name": "Closed", "space": "Finance", "owner": "ana@acme.example", "unreadable": true, "reloads": [{"ago": "1h"}]},
    {"name": "Mine", "owner": "ana@acme.example", "script": [{"type": "load", "connection": "endpoints"}], "reloads": [{"ago": "2h", "skipStore": true}]},
    {"name": "His", "owner": "bob@acme.example"},
    {"name": "Live", "space": "Vault", "directQuery": true, "script": [{"type": "load", "connection": "Gold"}], "reloads": [{"ago": "3h"}]}],
  "knowledgeBases": [{"name": "Docs", "space": "Finance", "connections": ["Orders lake"]}],
  "dataSets": [{"name": "Table", "space": "Finance", "connections": ["Ledger"]}, {"name": "File", "space": "Finance"}],
  "connections": [`, 1)

func at(moment string) func() time.Time {
	now, err := time.Parse(time.RFC3339, moment)
	if err != nil {
		panic(err)
	}
	return func() time.Time { return now }
}

// itemNames returns the names of all items, page by page.
func (r *rig) itemNames(query string) []string {
	r.t.Helper()
	var found []string
	path := "/api/v1/items?limit=3&noActions=true&" + query
	for range 9 {
		got := r.want(200, "GET", path, "")
		for _, item := range got.list("data") {
			found = append(found, item["name"].(string))
		}
		next, _ := got.body["links"].(map[string]any)["next"].(map[string]any)
		if next == nil {
			slices.Sort(found)
			return found
		}
		path = next["href"].(string)
	}
	r.t.Fatal("got no end of the pages")
	return nil
}

func (r *rig) appID(name string) string {
	r.t.Helper()
	for _, app := range r.Apps() {
		if app.Name == name {
			return app.ID
		}
	}
	r.t.Fatalf("got no app %q", name)
	return ""
}

func TestItemsAreWhatTheCallerMaySee(t *testing.T) {
	tests := map[string]struct {
		seed      string
		behaviour qlik.Behaviour
		want      []string
	}{
		"an administrator":               {withApps, qlik.Behaviour{}, []string{"Board", "Closed", "Docs", "File", "Live", "Mine", "Table"}},
		"one who sees personal items":    {withApps, qlik.Behaviour{ListPersonalItems: true}, []string{"Board", "Closed", "Docs", "File", "His", "Live", "Mine", "Table"}},
		"a user, who is in no vault":     {strings.Replace(withApps, `"caller": "ana@`, `"caller": "bob@`, 1), qlik.Behaviour{}, []string{"Board", "Closed", "Docs", "File", "His", "Table"}},
		"a user with the switch changed": {strings.Replace(withApps, `"caller": "ana@`, `"caller": "bob@`, 1), qlik.Behaviour{ListPersonalItems: true}, []string{"Board", "Closed", "Docs", "File", "His", "Table"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, test.seed, qlik.Options{Behaviour: test.behaviour})
			if got := r.itemNames("resourceType=app,knowledgebase,dataset"); !slices.Equal(got, test.want) {
				t.Errorf("got items %q, want %q", got, test.want)
			}
		})
	}
	r := newRig(t, withApps, qlik.Options{})
	if got := r.itemNames("resourceType=dataset"); !slices.Equal(got, []string{"File", "Table"}) {
		t.Errorf("got data sets %q, want File and Table", got)
	}
	if got := r.itemNames("resourceType=app&spaceId=personal"); !slices.Equal(got, []string{"Mine"}) {
		t.Errorf("got personal apps %q, want Mine", got)
	}
}

func TestReloadMetadataHasTheLastTenReloads(t *testing.T) {
	r := newRig(t, withApps, qlik.Options{Now: at("2026-11-29T12:00:00Z")})
	metadata := func(status int, app, query string) []map[string]any {
		t.Helper()
		return r.want(status, "GET", "/api/v1/apps/"+r.appID(app)+"/reloads/metadata/"+query, "").list("data")
	}
	board := metadata(200, "Board", "")
	if len(board) != 10 || board[0]["endTime"] != "2026-11-29T11:00:00Z" || board[9]["endTime"] != "2026-11-20T11:00:00Z" {
		t.Fatalf("got %d reloads, from %v to %v, want the last ten days, newest first", len(board), board[0]["endTime"], board[9]["endTime"])
	}
	lake, _ := r.Find("Finance", "Orders lake")
	statement := board[0]["statements"].([]any)[0].(map[string]any)
	include := board[0]["includeFiles"].([]any)[0].(map[string]any)
	if statement["connectionId"] != lake.ID || statement["connection"] != "Orders lake" || statement["type"] != "Load" || include["connection"] != "Ledger" {
		t.Errorf("got statement %v and file %v, want a load of Orders lake and Ledger", statement, include)
	}
	if got := metadata(200, "Board", board[3]["reloadId"].(string)); len(got) != 1 || got[0]["reloadId"] != board[3]["reloadId"] {
		t.Errorf("got %v, want one reload", got)
	}
	if got := metadata(200, "Mine", ""); len(got) != 0 {
		t.Errorf("got %v, want reloads without store statements only on request", got)
	}
	mine := metadata(200, "Mine", "?includeSkipStoreReloads=true")
	if endpoint := mine[0]["statements"].([]any)[0].(map[string]any); endpoint["connection"] != "endpoints" || endpoint["connectionId"] != nil {
		t.Errorf("got %v, want a load of an unknown connection", endpoint)
	}
	if got := metadata(200, "Live", ""); len(got[0]["statements"].([]any)) != 0 {
		t.Errorf("got %v, want no statements of Direct Query", got)
	}
	metadata(403, "Closed", "")
	metadata(404, "His", "")
}

func TestWhoReadsReloadMetadataIsASwitch(t *testing.T) {
	asOwner := strings.Replace(withApps, `"caller": "ana@`, `"caller": "bob@`, 1)
	tests := []struct {
		seed      string
		behaviour qlik.Behaviour
		app       string
		want      int
	}{
		{withApps, qlik.Behaviour{}, "Board", 200}, // Bob's
		{withApps, qlik.Behaviour{ReloadsByOwnerOnly: true}, "Board", 403},
		{asOwner, qlik.Behaviour{ReloadsByOwnerOnly: true}, "Board", 200},
		{asOwner, qlik.Behaviour{}, "Closed", 403}, // Ana's
		{asOwner, qlik.Behaviour{ReloadsForAll: true}, "Closed", 403},
		{strings.Replace(asOwner, `"unreadable": true, `, "", 1), qlik.Behaviour{}, "Closed", 403},
		{strings.Replace(asOwner, `"unreadable": true, `, "", 1), qlik.Behaviour{ReloadsForAll: true}, "Closed", 200},
	}
	for i, test := range tests {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			r := newRig(t, test.seed, qlik.Options{Behaviour: test.behaviour})
			r.want(test.want, "GET", "/api/v1/apps/"+r.appID(test.app)+"/reloads/metadata/", "")
		})
	}
}

func TestAReloadFailsWhenItsConnectionIsGone(t *testing.T) {
	now := at("2026-11-29T12:00:00Z")()
	r := newRig(t, withApps, qlik.Options{Now: func() time.Time { return now }})
	status := func() string {
		t.Helper()
		now = now.Add(time.Minute)
		queued := r.want(201, "POST", "/api/v1/reloads", `{"appId": "`+r.appID("Board")+`"}`)
		if queued.body["status"] != "QUEUED" {
			t.Errorf("got %s, want a queued reload", queued.text)
		}
		done := r.want(200, "GET", "/api/v1/reloads/"+queued.body["id"].(string), "")
		listed := r.want(200, "GET", "/api/v1/reloads?sort=-endTime&limit=1&appId="+r.appID("Board")+"&filter="+url.QueryEscape(`type eq "external"`), "").list("data")
		if len(listed) != 1 || listed[0]["id"] != queued.body["id"] || listed[0]["log"] != nil {
			t.Errorf("got %v, want the newest reload without its log", listed)
		}
		return fmt.Sprint(done.body["status"], " ", done.body["errorCode"])
	}
	if got := status(); got != "SUCCEEDED <nil>" {
		t.Errorf("got %s, want success while all connections exist", got)
	}
	gold, _ := r.Find("Vault", "Gold")
	if err := r.Edit(gold.ID, func(c *inspect.Connection) { c.Name = "Silver" }); err != nil {
		t.Fatal(err)
	}
	if got := status(); got != "FAILED CONNECTION_NOT_FOUND" {
		t.Errorf("got %s, want a failure because Gold was renamed", got)
	}
	if got := r.Apps()[0].Reloads[9].Lines; len(got) != 1 || got[0].Name != "Orders lake" {
		t.Errorf("got statements %v, want only those before the failure", got)
	}
	if err := r.Edit(gold.ID, func(c *inspect.Connection) { c.Name = "Gold" }); err != nil {
		t.Fatal(err)
	}
	if got := status(); got != "SUCCEEDED <nil>" {
		t.Errorf("got %s, want success after the name is back", got)
	}
}

func TestKnowledgeBasesAndDataSetsNameTheirConnections(t *testing.T) {
	for _, nested := range []bool{false, true} {
		r := newRig(t, withApps, qlik.Options{Behaviour: qlik.Behaviour{NestedDataSetConnection: nested}})
		lake, _ := r.Find("Finance", "Orders lake")
		ledger, _ := r.Find("Finance", "Ledger")
		ids := map[string]string{}
		for _, item := range r.want(200, "GET", "/api/v1/items?limit=100&resourceType=dataset,knowledgebase", "").list("data") {
			ids[item["name"].(string)] = item["resourceId"].(string)
		}
		if got := r.want(200, "GET", "/api/v1/knowledgebases/"+ids["Docs"], ""); !strings.Contains(got.text, `"connectionId":"`+lake.ID) {
			t.Errorf("got %s, want the connection of Docs", got.text)
		}
		got := r.want(200, "GET", "/api/v1/data-sets/"+ids["Table"], "")
		if !strings.Contains(got.text, ledger.ID) || (got.body["createdByConnectionId"] == nil) != nested {
			t.Errorf("got %s, want the connection of Table, nested: %v", got.text, nested)
		}
		r.want(404, "GET", "/api/v1/data-sets/nothing", "")
	}
}
