package qlik_test

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// reactions has what the client does about each kind of hostility, by the field of
// a fault. Time is fake; every fault must have fired, and nothing been misused.
var reactions = map[string]struct {
	does   string
	faults []simulator.Fault
	test   func(*testing.T, *inspect.Tenant, *qlik.Provider)
}{
	"Latency": {
		"waits for a slow answer",
		[]simulator.Fault{{Path: connections, Latency: 20 * time.Second}},
		func(t *testing.T, _ *inspect.Tenant, provider *qlik.Provider) {
			start := time.Now()
			if _, live := look(t, provider); len(live) != 4 || time.Since(start) < 20*time.Second {
				t.Errorf("got %d connections after %v, want 4 after at least 20s", len(live), time.Since(start))
			}
		},
	},
	"Status": {
		"repeats a read that found the service away, and gives up on one connection that stays broken",
		[]simulator.Fault{{Path: connections, Status: 503, Times: 2}, {Path: connections + "/*", Status: 500}},
		func(t *testing.T, _ *inspect.Tenant, provider *qlik.Provider) {
			_, live := look(t, provider)
			unreadable := slices.DeleteFunc(slices.Collect(maps.Values(live)), func(l connection.Live) bool { return l.Unreadable == "" })
			if len(live) != 4 || len(unreadable) != 1 || !strings.Contains(unreadable[0].Unreadable, "500") {
				t.Errorf("%d connections, unreadable %+v", len(live), unreadable)
			}
		},
	},
	"RetryAfter": {
		"waits as long as the answer says",
		[]simulator.Fault{{Path: connections, RetryAfter: 40}},
		func(t *testing.T, _ *inspect.Tenant, provider *qlik.Provider) { takes(t, provider, 40*time.Second) },
	},
	"RetryAfterDate": {
		"also where that is a date",
		[]simulator.Fault{{Path: connections, RetryAfter: 40, RetryAfterDate: true}},
		func(t *testing.T, _ *inspect.Tenant, provider *qlik.Provider) { takes(t, provider, 39*time.Second) },
	},
	"Body": {
		"takes the page of a proxy for what it is, and never quotes it",
		[]simulator.Fault{{Path: connections, Body: "<h1>Bad Gateway</h1>"}, {Path: "/api/v1/spaces", Status: 404, Body: "<h1>Lost</h1>"}},
		func(t *testing.T, _ *inspect.Tenant, provider *qlik.Provider) {
			_, err := provider.Snapshot(t.Context(), everything)
			if mustContain(t, err, "404", "not whole JSON"); strings.Contains(err.Error(), "<h1>") {
				t.Error(err)
			}
			look(t, provider)
		},
	},
	"Cut": {
		"repeats a read, and looks for a create, that got no answer",
		[]simulator.Fault{{Method: "GET", Path: connections, Cut: simulator.CutBefore, Times: 2}, {Method: "POST", Path: connections, Cut: simulator.CutAfter}},
		func(t *testing.T, tenant *inspect.Tenant, provider *qlik.Provider) {
			look(t, provider)
			must(t, provider.Execute(t.Context(), []connection.Operation{newRest}))
			if got := len(tenant.Writes()); got != 1 {
				t.Errorf("got %d writes, want 1", got)
			}
		},
	},
	"Truncate": {
		"repeats a read that breaks off half way",
		[]simulator.Fault{{Path: connections, Truncate: true}},
		func(t *testing.T, _ *inspect.Tenant, provider *qlik.Provider) {
			if _, live := look(t, provider); len(live) != 4 {
				t.Errorf("got %d connections, want 4", len(live))
			}
		},
	},
	"Answer": {
		"takes no other answer for an empty list",
		[]simulator.Fault{{Path: connections, Answer: `{"message": "maintenance"}`}},
		func(t *testing.T, _ *inspect.Tenant, provider *qlik.Provider) {
			_, err := provider.Snapshot(t.Context(), finance)
			mustContain(t, err, "not what the API describes", `it has no "data"`)
		},
	},
	"Served": {
		"looks for what a create was answered with another form has made",
		[]simulator.Fault{{Method: "POST", Path: connections, Answer: `{}`, Served: true}},
		func(t *testing.T, tenant *inspect.Tenant, provider *qlik.Provider) {
			operation := connection.Operation{
				Kind: connection.Create, Name: "Another lake", DataSource: "File_AmazonS3ConnectorV2",
				Space: &connection.Space{ID: "s-fin", Name: "Finance", Type: "shared"},
				Set:   map[string]any{"bucketName": "lake", "region": "eu-west-1"}, Record: &connection.Record{Project: "finance", Key: "bb"},
			}
			outcome := provider.Execute(t.Context(), []connection.Operation{operation})[0]
			if made, ok := tenant.Find("Finance", operation.Name); outcome.Err != nil || !ok || outcome.ID != made.ID {
				t.Errorf("got %+v for %v, want the id of the created connection", outcome, made)
			}
		},
	},
	"Omit": {
		"says that a list is incomplete",
		[]simulator.Fault{{Path: connections, Omit: []string{"Ledger"}, Times: -1}},
		func(t *testing.T, _ *inspect.Tenant, provider *qlik.Provider) {
			if got, live := look(t, provider); len(got.Incomplete) != 1 || len(live) != 3 {
				t.Errorf("incomplete %q, %d connections", got.Incomplete, len(live))
			}
		},
	},
	"NextHost": {
		"does not follow a page to another host",
		[]simulator.Fault{{Path: connections, NextHost: "evil.example", Times: -1}},
		func(t *testing.T, tenant *inspect.Tenant, provider *qlik.Provider) {
			_, err := provider.Snapshot(t.Context(), everything)
			mustContain(t, err, "follow next page", "leaves the tenant", "evil.example")
			if got := len(tenant.Requests()); got > 20 {
				t.Errorf("got %d requests, want at most 20", got)
			}
		},
	},
	"ExpireToken": {
		"does not try again with a refused API key",
		[]simulator.Fault{{Path: connections, ExpireToken: true, Times: -1}},
		func(t *testing.T, tenant *inspect.Tenant, provider *qlik.Provider) {
			_, err := provider.Snapshot(t.Context(), connection.Scope{Spaces: everything.Spaces[:1]})
			if mustContain(t, err, "is the API key valid"); !errors.Is(err, connection.ErrUnauthorized) {
				t.Error(err)
			}
			tried := slices.DeleteFunc(tenant.Requests(), func(r inspect.Request) bool { return r.Path != connections })
			if len(tried) != 1 {
				t.Errorf("got %d tries, want 1", len(tried))
			}
		},
	},
	"NoAdmin": {
		"names the role that bulk actions need",
		[]simulator.Fault{{Path: connections + "/actions/*", NoAdmin: true}},
		func(t *testing.T, _ *inspect.Tenant, provider *qlik.Provider) {
			_, live := look(t, provider)
			err := provider.Execute(t.Context(), []connection.Operation{{Kind: connection.BulkDelete, ID: live["Finance/Ledger"].ID}})[0].Err
			if mustContain(t, err, "need the role TenantAdmin"); !errors.Is(err, connection.ErrForbidden) {
				t.Error(err)
			}
		},
	},
	"Repeat": {
		"takes a list for incomplete that shows a connection twice",
		[]simulator.Fault{{Method: "GET", Path: connections, Repeat: true, Times: -1}},
		func(t *testing.T, _ *inspect.Tenant, provider *qlik.Provider) {
			snapshot, err := provider.Snapshot(t.Context(), connection.Scope{Spaces: []connection.SpaceRef{{Name: "Finance"}}})
			if err != nil || len(snapshot.Incomplete) != 1 || !strings.Contains(snapshot.Incomplete[0], "listed twice") {
				t.Fatalf("got error %v and %+v, want a snapshot that is incomplete because of a connection listed twice", err, snapshot)
			}
			seen := map[string]bool{}
			for _, live := range snapshot.Connections {
				if seen[live.ID] {
					t.Errorf("%q is there twice", live.Key)
				}
				seen[live.ID] = true
			}
		},
	},
	"Without": {
		"does not guess the space of a connection that names none",
		[]simulator.Fault{{Path: connections, Without: []string{"space"}, Times: -1}},
		func(t *testing.T, _ *inspect.Tenant, provider *qlik.Provider) {
			got, live := look(t, provider)
			if told := strings.Join(got.Incomplete, "; "); len(live) != 1 || !strings.Contains(told, "2 of 2 connections do not say which space they are in") {
				t.Errorf("%d connections, incomplete: %q; want the personal one alone, and the two of Finance told", len(live), told)
			}
		},
	},
	"Of": {
		"keeps what has a space, and says that the list is incomplete",
		[]simulator.Fault{{Path: connections, Without: []string{"space"}, Of: []string{"Ledger"}, Times: -1}},
		func(t *testing.T, _ *inspect.Tenant, provider *qlik.Provider) {
			got, live := look(t, provider)
			if told := strings.Join(got.Incomplete, "; "); len(live) != 3 || !strings.Contains(told, "1 of 2 connections do not say which space they are in") {
				t.Errorf("%d connections, incomplete: %q; want all but Ledger, and one of two told", len(live), told)
			}
		},
	},
	"Count": {
		"takes a list for incomplete that counts less than it lists",
		[]simulator.Fault{{Path: connections, Count: -2, Times: -1}},
		func(t *testing.T, _ *inspect.Tenant, provider *qlik.Provider) {
			got, live := look(t, provider)
			if told := strings.Join(got.Incomplete, "; "); len(live) != 4 || !strings.Contains(told, "the tenant lists 2 and counts only 0") {
				t.Errorf("%d connections, incomplete: %q; want all four, and that two are not counted", len(live), told)
			}
		},
	},
	"Lie": {
		"believes the details, not the statements of a list",
		[]simulator.Fault{{Path: connections, Lie: "another", Times: -1}},
		func(t *testing.T, _ *inspect.Tenant, provider *qlik.Provider) {
			if _, live := look(t, provider); live["Sales/Leads"].Properties["url"] != "https://a.example" || live["personal/Mine"].Properties["url"] != "https://b.example" {
				t.Errorf("got %+v, want the properties of each connection from its own answer", live)
			}
		},
	},
	"Percent": {
		"waits where others have used the tier up, and goes on with the other one",
		[]simulator.Fault{{Method: "POST", Path: connections, Percent: 100}},
		func(t *testing.T, tenant *inspect.Tenant, provider *qlik.Provider) {
			start := time.Now()
			second := newRest
			second.Name = "Second"
			for _, operation := range []connection.Operation{newRest, second} {
				must(t, provider.Execute(t.Context(), []connection.Operation{operation}))
			}
			if took := time.Since(start); took < time.Minute || took > 6*time.Minute {
				t.Errorf("took %v, want 1 to 6 minutes", took)
			}
			if got := len(tenant.Writes()); got < 3 || got > 6 { // two, and a few that were refused
				t.Errorf("got %d writes, want 3 to 6", got)
			}
		},
	},
}

var newRest = connection.Operation{
	Kind: connection.Create, Name: "Raw", Space: &fin, DataSource: "rest", Set: map[string]any{"url": "https://a.example"}, Record: &ours,
}

func takes(t *testing.T, provider *qlik.Provider, least time.Duration) {
	t.Helper()
	start := time.Now()
	look(t, provider)
	if took := time.Since(start); took < least || took > least+10*time.Second {
		t.Errorf("took %v, want %v to %v", took, least, least+10*time.Second)
	}
}

func TestTheClientMeetsEveryKindOfHostility(t *testing.T) {
	places := []string{"Method", "Path", "Skip", "Times", "Tier", "Deploy"} // where, how often; and another service's
	fault := reflect.TypeFor[simulator.Fault]()
	for i := range fault.NumField() {
		name := fault.Field(i).Name
		if slices.Contains(places, name) {
			continue
		}
		reaction, known := reactions[name]
		if !known {
			t.Errorf("nothing is said about %s", name)
			continue
		}
		t.Run(name+": it "+reaction.does, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tenant, provider := embed(t, acme, simulator.Options{Faults: reaction.faults, PageSize: 1})
				reaction.test(t, tenant, provider)
			})
		})
	}
}

// TestAnExpiredTokenIsRenewedOnce: what an API key cannot, an OAuth client can.
func TestAnExpiredTokenIsRenewedOnce(t *testing.T) {
	tenant, _ := embed(t, acme, simulator.Options{Faults: []simulator.Fault{{Path: connections, ExpireToken: true}}})
	provider, err := qlik.New(qlik.Config{
		URL: "http://127.0.0.1:8080", HTTPClient: &http.Client{Transport: embedded{tenant}},
		Auth: qlik.Auth{ClientID: connection.NewSecret("bot"), ClientSecret: connection.NewSecret("open sesame")},
	})
	if err != nil {
		t.Fatal(err)
	}
	look(t, provider)
	tokens := slices.DeleteFunc(tenant.Requests(), func(r inspect.Request) bool { return r.Path != "/oauth/token" })
	if len(tokens) != 2 {
		t.Errorf("got %d tokens, want 2", len(tokens))
	}
}

// TestWhatSignsInStaysOnTheTenant lets the token endpoint send the client elsewhere,
// with every redirect that would take the body along.
func TestWhatSignsInStaysOnTheTenant(t *testing.T) {
	var stranger atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		stranger.Add(1)
		say(w, 200, `{"access_token": "t"}`)
	}))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		tenant := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/oauth/token", status))
		provider, err := qlik.New(qlik.Config{
			URL: tenant.URL, Auth: qlik.Auth{ClientID: connection.NewSecret("bot"), ClientSecret: connection.NewSecret("open sesame")},
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = provider.Snapshot(t.Context(), connection.Scope{})
		mustContain(t, err, "get token for the OAuth client")
		if strings.Contains(err.Error(), "sesame") {
			t.Error(err)
		}
		tenant.Close()
	}
	if got := stranger.Load(); got > 0 {
		t.Errorf("a stranger got %d requests", got)
	}
}
