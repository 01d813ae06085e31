package qlik_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	simqlik "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

var manyApps = flag.Int("apps", 600, "how many apps the large tenant has, and how many reads a window allows")

// withApps returns the tenant acme with more keys in its seed.
func withApps(t *testing.T, more map[string]any) string {
	t.Helper()
	text, err := json.Marshal(more)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(acme, "}") + "," + strings.TrimPrefix(string(text), "{")
}

type object = map[string]any

// loads is the script of an app that loads from connections.
func loads(names ...string) []object {
	var script []object
	for _, name := range names {
		script = append(script, object{"type": "load", "connection": name})
	}
	return script
}

// usage reads the usage for the caller of a snapshot.
func usage(t *testing.T, provider *qlik.Provider, scope connection.UsageScope) *connection.Usage {
	t.Helper()
	snapshot, err := provider.Snapshot(t.Context(), connection.Scope{Spaces: everything.Spaces})
	if err != nil {
		t.Fatal(err)
	}
	scope.Caller, scope.Spaces = snapshot.Caller, snapshot.Spaces
	got, err := provider.Usage(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	if got.At.Location() != time.UTC {
		t.Errorf("got the time %v of the reading, want it in UTC, as the reports show times: they count the reloads of its day", got.At)
	}
	return got
}

// calls counts the requests from a place in the log on, by the first part of their path.
func calls(tenant *inspect.Tenant, from int) map[string]int {
	count := map[string]int{}
	for _, r := range tenant.Requests()[from:] {
		count[strings.Split(strings.TrimPrefix(r.Path, "/api/v1/"), "/")[0]]++
	}
	return count
}

// snapshotCalls is how many requests the snapshot of [usage] makes: the caller, who is redirected to, the spaces, and the
// connections of three spaces.
const snapshotCalls = 6

func TestUsageCostsOneRequestForEachAppThatIsRead(t *testing.T) {
	var apps, sets, bases []object
	users := []object{{"id": "u-ana", "email": "ana@acme.example", "name": "Ana", "roles": []string{"TenantAdmin"}}, {"id": "u-bob", "email": "bob@acme.example", "name": "Bob"}}
	for i := range 120 {
		users = append(users, object{"email": fmt.Sprintf("user%d@acme.example", i)})
	}
	for i := range 230 {
		apps = append(apps, object{
			"name": fmt.Sprint("App ", i), "space": "Sales", "owner": fmt.Sprintf("user%d@acme.example", i%120), "script": loads("Finance/Ledger"),
			"reloads": []object{{"ago": "1h"}},
		})
	}
	for i := range 7 {
		set := object{"name": fmt.Sprint("Set ", i), "space": "Finance"}
		if i < 4 {
			set["connections"] = []string{"Ledger"}
		}
		sets, bases = append(sets, set), append(bases, object{"name": fmt.Sprint("Base ", i), "space": "Finance", "connections": []string{"Orders lake"}})
	}
	seed := withApps(t, object{"apps": apps, "dataSets": sets, "knowledgeBases": bases[:3]})
	var whole map[string]any
	if err := json.Unmarshal([]byte(seed), &whole); err != nil {
		t.Fatal(err)
	}
	whole["users"] = users
	text, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	tenant, provider := embed(t, string(text), simqlik.Options{})
	got := usage(t, provider, connection.UsageScope{})
	want := map[string]int{"items": 3, "apps": 230, "knowledgebases": 3, "data-sets": 4, "users": 2}
	if count := calls(tenant, snapshotCalls); fmt.Sprint(count) != fmt.Sprint(want) || got.Reads != 242 {
		t.Errorf("got requests %v, counted %d; want %v: one for each 100 items, each app, each knowledge base, each data set of a connection, and 100 owners",
			count, got.Reads, want)
	}
	if len(got.Apps) != 230 || len(got.Holders) != 7 || len(got.Owners) != 121 {
		t.Errorf("got %d apps, %d holders and %d owners; want 230, 7, and 120 with the caller", len(got.Apps), len(got.Holders), len(got.Owners))
	}
}

// large is a tenant of very many apps.
func large(t *testing.T) string {
	t.Helper()
	var apps []object
	for i := range *manyApps {
		apps = append(apps, object{
			"id": fmt.Sprintf("00000000-0000-4000-8000-%012d", i), "name": fmt.Sprint("App ", i), "space": "Sales",
			"script": loads("Finance/Ledger", "Finance/Orders lake", "Leads"), "reloads": []object{{"ago": "1h", "times": 10, "every": "24h"}},
		})
	}
	return withApps(t, object{"apps": apps, "rateLimits": object{"tier1": object{"requests": *manyApps, "seconds": 300}}})
}

// peak is the most memory that is in use at some moments, above what was in use before.
type peak struct{ before, most atomic.Uint64 }

func (p *peak) look() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	for most := p.most.Load(); m.HeapAlloc > most && !p.most.CompareAndSwap(most, m.HeapAlloc); most = p.most.Load() {
	}
	return m.HeapAlloc
}

func TestAReadingOfVeryManyAppsYieldsToOthersAndFitsInMemory(t *testing.T) {
	seed := large(t)
	synctest.Test(t, func(t *testing.T) {
		tenant, _ := embed(t, seed, simqlik.Options{})
		provider, err := qlik.New(qlik.Config{
			URL: "http://127.0.0.1:8080", Auth: qlik.Auth{APIKey: connection.NewSecret(tenant.Token())}, HTTPClient: &http.Client{Transport: embedded{tenant}},
			Limits: qlik.Limits{Reads: connection.RateLimit{Requests: *manyApps, Window: 5 * time.Minute}},
		})
		if err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		var memory peak
		memory.before.Store(memory.look())
		var planned time.Duration
		var requests int
		begin, slowest := time.Now(), time.Duration(0)
		done := make(chan struct{})
		go func() { // what an apply reads in the meantime
			defer close(done)
			for range 12 {
				time.Sleep(30 * time.Second)
				at := time.Now()
				if _, err := provider.Snapshot(t.Context(), connection.Scope{Spaces: everything.Spaces}); err != nil {
					t.Error(err)
				}
				slowest = max(slowest, time.Since(at))
			}
		}()
		got := usage(t, provider, connection.UsageScope{
			Planned: func(n int, wait time.Duration) { requests, planned = n, wait },
			Reading: func(done, _ int) {
				if done%250 == 0 {
					memory.look()
				}
			},
		})
		took := time.Since(begin)
		<-done
		spare := min(1000, *manyApps/2) // reads that stay free
		reads := *manyApps + *manyApps/100 + 13*snapshotCalls
		windows := time.Duration(reads/(*manyApps-spare)) * 5 * time.Minute
		if len(got.Apps) != *manyApps || requests != *manyApps || took > windows+5*time.Second || planned > took || planned+5*time.Second < took {
			t.Errorf("got %d apps by %d requests in %v, announced as %v; want %d, in %v", len(got.Apps), requests, took, planned, *manyApps, windows)
		}
		if slowest > 0 {
			t.Errorf("got a wait of %v for the reads of others, want none", slowest)
		}
		if refused := slices.IndexFunc(tenant.Requests(), func(r inspect.Request) bool { return r.Status == 429 }); refused >= 0 {
			t.Errorf("got a 429 for request %d, want none", refused)
		}
		used := (memory.most.Load() - memory.before.Load()) >> 20
		t.Logf("%d apps: %d MiB more than before, with the garbage of the embedded tenant", *manyApps, used)
		if used > 300 {
			t.Errorf("got %d MiB, want at most 300", used)
		}

		known := map[string]connection.App{}
		for _, app := range got.Apps {
			known[app.ID] = app
		}
		for i := range 50 {
			if err := tenant.Reload(fmt.Sprint("App ", i*7), inspect.SeedReload{}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(5 * time.Minute)
		from, begin := len(tenant.Requests()), time.Now()
		warm := usage(t, provider, connection.UsageScope{Known: known})
		if warm.Reads > 110 || warm.Cached != *manyApps-50 || time.Since(begin) > 0 {
			t.Errorf("got %d requests %v, %d apps from the cache after %v; want at most 110 requests without a wait, and 50 apps read",
				warm.Reads, calls(tenant, from), warm.Cached, time.Since(begin))
		}
	})
}

func TestAppsThatMayHaveChangedAreReadAgain(t *testing.T) {
	seed := withApps(t, object{"apps": []object{
		{"name": "Board", "space": "Finance", "script": loads("Ledger"), "reloads": []object{{"ago": "30h", "failed": true, "errorCode": "TIMEOUT"}}},
	}})
	_, provider := embed(t, seed, simqlik.Options{Now: func() time.Time { return time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC) }})
	read := usage(t, provider, connection.UsageScope{})
	tests := map[string]struct {
		change func(*connection.App)
		scope  connection.UsageScope
		cached int
	}{
		"nothing":                   {change: func(*connection.App) {}, cached: 1},
		"the end of the reload":     {change: func(a *connection.App) { a.State.ReloadedAt = a.State.ReloadedAt.Add(-time.Second) }},
		"the status of the reload":  {change: func(a *connection.App) { a.State.Status = "ok" }},
		"the app":                   {change: func(a *connection.App) { a.State.UpdatedAt = a.State.UpdatedAt.Add(time.Second) }},
		"unknown when":              {change: func(a *connection.App) { a.State.UpdatedAt = time.Time{} }},
		"a decision rests on it":    {change: func(*connection.App) {}, scope: connection.UsageScope{Fresh: func(*connection.App) bool { return true }}},
		"its error code is unknown": {change: func(*connection.App) {}, scope: connection.UsageScope{ErrorCodes: true}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			known := read.Apps[0]
			test.change(&known)
			test.scope.Known = map[string]connection.App{known.ID: known}
			if got := usage(t, provider, test.scope); got.Cached != test.cached || len(got.Apps) != 1 || len(got.Apps[0].Reloads) != 1 {
				t.Errorf("got %d apps from the cache, want %d", got.Cached, test.cached)
			}
		})
	}
}

func TestOnlyACodeIsKeptOfAFailedReload(t *testing.T) {
	const secret = "SECRET-OF-A-SCRIPT"
	for code, want := range map[string]string{
		"EngineConnectorError": "EngineConnectorError", "RELOADS-013": "RELOADS-013",
		"cannot connect with password=" + secret: "", secret + "\n": "",
	} {
		seed := withApps(t, object{"apps": []object{
			{"name": "Board", "space": "Finance", "script": loads("Ledger"), "reloads": []object{{"ago": "3h"}, {"ago": "1h", "failed": true, "errorCode": code}}},
			{"name": "Fine", "space": "Finance", "script": loads("Ledger"), "reloads": []object{{"ago": "1h"}}},
		}})
		tenant, provider := embed(t, seed, simqlik.Options{})
		got := usage(t, provider, connection.UsageScope{ErrorCodes: true})
		codes := ""
		for _, app := range got.Apps {
			codes += app.LastReload().ErrorCode
		}
		if text, err := json.Marshal(got); err != nil || codes != want || strings.Contains(string(text), secret) {
			t.Errorf("%q: got code %q and error %v in %s, want %q and no log line", code, codes, err, text, want)
		}
		if count := calls(tenant, snapshotCalls); count["reloads"] != 1 {
			t.Errorf("got requests %v, want one for the code of the failed reload", count)
		}
	}
}

func TestNamesOfAppsAreSanitized(t *testing.T) {
	seed := withApps(t, object{"apps": []object{
		{"name": "Board \u202egnp.exe\x1b[31m key-of-ana", "space": "Finance", "script": loads("Ledger"), "reloads": []object{{"ago": "1h"}}},
	}})
	_, provider := embed(t, seed, simqlik.Options{})
	name := usage(t, provider, connection.UsageScope{}).Apps[0].Name
	if strings.ContainsAny(name, "\u202e\x1b") || strings.Contains(name, "key-of-ana") || !strings.HasPrefix(name, "Board") {
		t.Errorf("got name %q, want no control character and no secret", name)
	}
}

func TestHostilePagesOfItems(t *testing.T) {
	var apps []object
	for i := range 150 {
		apps = append(apps, object{"name": fmt.Sprint("App ", i), "space": "Finance", "reloads": []object{{"ago": "1h"}}})
	}
	seed := withApps(t, object{"apps": apps})
	item := `{"resourceType": "app", "resourceId": "x", "name": "X", "resourceAttributes": 7, "itemViews": "many", "resourceReloadStatus": {}}`
	tests := map[string]struct {
		fault      simqlik.Fault
		apps       int
		incomplete bool
	}{
		"the link leads to another host": {simqlik.Fault{Path: "/api/v1/items", NextHost: "evil.example"}, 0, true},
		"the second page has no data":    {simqlik.Fault{Path: "/api/v1/items", Skip: 1, Answer: "{}"}, 100, true},
		"an item is listed twice":        {simqlik.Fault{Path: "/api/v1/items", Answer: `{"data": [` + item + "," + item + `], "links": {}}`}, 1, true},
		"an item has no id":              {simqlik.Fault{Path: "/api/v1/items", Answer: `{"data": [` + item + `, {"resourceType": "app"}], "links": {}}`}, 1, true},
		"an item of another type":        {simqlik.Fault{Path: "/api/v1/items", Answer: `{"data": [` + item + `, {"resourceType": "note", "resourceId": "n"}], "links": {}}`}, 1, false},
		"an id that leads elsewhere":     {simqlik.Fault{Path: "/api/v1/items", Answer: `{"data": [{"resourceType": "app", "resourceId": "../users"}], "links": {}}`}, 1, false},
		"a circle of pages":              {simqlik.Fault{Path: "/api/v1/items", Answer: `{"data": [` + item + `], "links": {"next": {"href": "/api/v1/items?limit=100&noActions=true&resourceType=app%2Cknowledgebase%2Cdataset"}}}`}, 1, true},
		"no right to the list":           {simqlik.Fault{Path: "/api/v1/items", Status: 403}, 0, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, provider := embed(t, seed, simqlik.Options{Faults: []simqlik.Fault{test.fault}})
			got := usage(t, provider, connection.UsageScope{})
			if len(got.Apps) != test.apps || (len(got.Incomplete) > 0) != test.incomplete {
				t.Errorf("got %d apps, incomplete: %v; want %d, incomplete: %v", len(got.Apps), got.Incomplete, test.apps, test.incomplete)
			}
			if test.apps == 1 && !got.Apps[0].Unread.Holds() {
				t.Errorf("got %+v, want an app that could not be read", got.Apps[0])
			}
		})
	}
}

func TestAReadingEndsWhenEverythingFails(t *testing.T) {
	seed := withApps(t, object{"apps": []object{{"name": "Board", "space": "Finance"}}})
	_, provider := embed(t, seed, simqlik.Options{Faults: []simqlik.Fault{{Path: "/api/v1/items", Status: 401}}})
	if _, err := provider.Usage(t.Context(), connection.UsageScope{}); err == nil {
		t.Error("got no error without a sign-in, want one: nothing can be read")
	}
	_, provider = embed(t, seed, simqlik.Options{Faults: []simqlik.Fault{{Path: "/api/v1/apps/*/reloads/metadata/", Status: 401}}})
	if _, err := provider.Usage(t.Context(), connection.UsageScope{}); err == nil {
		t.Error("got no error when the sign-in ends, want one")
	}
}
