package qlik_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

func TestEachServiceHasItsFormOfErrors(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	tests := map[string]struct{ status, trace bool }{
		connections + "/00000000-0000-4000-8000-000000000000":           {status: true},
		"/api/v1/data-credentials/00000000-0000-4000-8000-000000000000": {status: true},
		"/api/v1/data-sources/nothing/api-specs":                        {},
		"/api/v1/spaces/nothing":                                        {trace: true},
		"/api/v1/users/nobody":                                          {status: true, trace: true},
	}
	for path, test := range tests {
		got := r.want(404, "GET", path, "")
		if (got.list("errors")[0]["status"] == 404.0) != test.status || (got.body["traceId"] != nil) != test.trace {
			t.Errorf("%s: got %s, want a status in the error: %v, a trace id: %v", path, got.text, test.status, test.trace)
		}
	}
}

func TestEveryRouteNeedsABearerToken(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	for _, path := range []string{connections, "/api/v1/data-sources", "/api/v1/spaces", "/api/v1/users/me"} {
		for _, token := range []string{"", "wrong"} {
			r.token = token
			if got := r.want(401, "GET", path, ""); len(got.list("errors")) != 1 {
				t.Errorf("%s: got %s, want one error", path, got.text)
			}
		}
	}
	request, err := http.NewRequest("GET", r.url+connections, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "key-of-ana") // as in old examples, without Bearer
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 401 {
		t.Errorf("got status %d without a token, want 401", response.StatusCode)
	}
}

func TestClientCredentialsReturnATokenOfTheBotUser(t *testing.T) {
	now := time.Date(2026, 11, 11, 0, 0, 0, 0, time.UTC)
	r := newRig(t, asBob, qlik.Options{Now: func() time.Time { return now }})
	r.token = ""
	const ask = `{"client_id": "ci", "client_secret": "open sesame", "grant_type": "client_credentials", "scope": "user_default"}`
	got := r.want(200, "POST", "/oauth/token", ask)
	if got.body["token_type"] != "bearer" || got.body["expires_in"] != 21600.0 || got.body["expires_at"] != "2026-11-11T06:00:00.000Z" {
		t.Errorf("got %s, want a bearer token for 21600 seconds", got.text)
	}
	r.token = got.body["access_token"].(string)
	me := r.want(200, "GET", r.want(301, "GET", "/api/v1/users/me", "").header.Get("Location"), "")
	if me.body["name"] != "Bot user of ci" {
		t.Errorf("got the caller %s, want the bot user of ci", me.text)
	}
	r.want(201, "POST", connections, `{"datasourceID": "rest", "qName": "n", "connectionProperties": {}}`)
	r.want(207, "POST", bulkUpdate, `{"connections": []}`) // the bot is an administrator
	now = now.Add(6 * time.Hour)
	r.want(401, "GET", connections, "")
	r.noMisuse()
}

func TestTheTokenEndpointRefuses(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	without := newRig(t, strings.Replace(acme, `"oauth": {"clientId": "ci", "clientSecret": "open sesame"},`, "", 1), qlik.Options{})
	const grant = `"grant_type": "client_credentials"}`
	tests := map[string]struct {
		who    *rig
		body   string
		status int
	}{
		"a wrong secret":    {r, `{"client_id": "ci", "client_secret": "x", ` + grant, 401},
		"an unknown client": {r, `{"client_id": "x", "client_secret": "open sesame", ` + grant, 401},
		"no clients at all": {without, `{"client_id": "", "client_secret": "", ` + grant, 401},
		"another grant":     {r, `{"client_id": "ci", "client_secret": "open sesame", "grant_type": "password"}`, 400},
		"a form":            {r, `client_id=ci&client_secret=x`, 400},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.who.in(t).want(test.status, "POST", "/oauth/token", test.body); len(got.list("errors")) != 1 {
				t.Errorf("got the refusal %s, want one error", got.text)
			}
		})
	}
}

func TestWrongRequestsAreRecordedAsMisuse(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	r.want(400, "GET", "/api/v1/apps", "")
	r.want(400, "PUT", connections, `{}`)
	r.want(400, "GET", connections+"?fliter=x", "")
	r.want(400, "POST", connections, `{"connectionString": "top secret"}`)
	r.want(400, "DELETE", connections+"/"+r.id("", "Mine"), `{}`)
	r.want(400, "POST", connections, `{"datasourceID": "rest", "qName": "n", "connectionProperties": {"x": 1}}`) // bad, but no misuse
	got := r.Misuse()
	want := []string{"/api/v1/apps", "PUT", `"fliter"`, "connectionString", "takes no body"}
	if len(got) != len(want) {
		t.Fatalf("got misuse %q, want %q", got, want)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) || strings.Contains(got[i], "top secret") {
			t.Errorf("misuse %d: %q, want %q", i, got[i], want[i])
		}
	}
}

func TestABodyNeedsItsContentType(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	request, err := http.NewRequest("POST", r.url+connections, strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 400 || len(r.Misuse()) != 1 {
		t.Errorf("status %d, misuse %q", response.StatusCode, r.Misuse())
	}
}

func TestRequestsAreLogged(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	r.want(200, "GET", connections+"?limit=1", "")
	r.want(404, "DELETE", connections+"/00000000-0000-4000-8000-000000000000", "")
	got := r.Requests()
	want := inspect.Request{Method: "GET", Path: connections, Query: "limit=1", Tier: 1, Status: 200}
	if len(got) != 2 || got[0] != want {
		t.Errorf("got requests %+v, want two, the first %+v", got, want)
	}
	if writes := r.Writes(); len(writes) != 1 || writes[0].Method != "DELETE" || writes[0].Status != 404 {
		t.Errorf("got writes %+v, want the DELETE with status 404 only", writes)
	}
}

func TestATierIsBlockedUntilItsWindowMoves(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r := newRig(t, acme, qlik.Options{
		Now:        func() time.Time { return now },
		RateLimits: qlik.RateLimits{Tier2: qlik.Limit{Requests: 2, Seconds: 300}},
	})
	write := func(status int) reply {
		t.Helper()
		return r.want(status, "DELETE", connections+"/00000000-0000-4000-8000-000000000000", "")
	}
	write(404)
	now = now.Add(100*time.Second + time.Millisecond)
	write(404)
	got := write(429)
	if got.header.Get("Retry-After") != "200" {
		t.Errorf("got Retry-After %q, want 200", got.header.Get("Retry-After"))
	}
	if errs := got.list("errors"); errs[0]["code"] != "HTTP-429" || errs[0]["title"] != "API rate limit reached." ||
		errs[0]["detail"] != "You need to wait 200 seconds until limit is lifted." || errs[0]["status"] != nil {
		t.Errorf("got %s, want the 429 body of the rate limit with 200 seconds", got.text)
	}
	r.want(200, "GET", connections, "") // the other tier goes on
	now = now.Add(199 * time.Second)
	write(429) // refused requests did not count, and did not lengthen the wait
	now = now.Add(time.Second)
	write(404)
	write(429)
}

func TestLimitsAreThoseOfTheSeedAndPerUser(t *testing.T) {
	r := newRig(t, strings.Replace(acme, `"token"`, `"rateLimits": {"tier1": {"requests": 1, "seconds": 60}}, "token"`, 1), qlik.Options{})
	r.want(200, "GET", connections, "")
	r.want(429, "GET", "/api/v1/spaces", "")
	r.token = r.want(200, "POST", "/oauth/token", `{"client_id": "ci", "client_secret": "open sesame", "grant_type": "client_credentials"}`).body["access_token"].(string)
	r.want(200, "GET", connections, "") // the bot has its own budget
}

func TestTheDocumentedLimitsAreTheDefault(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r := newRig(t, acme, qlik.Options{Now: func() time.Time { return now }})
	for range 500 {
		r.want(404, "DELETE", connections+"/00000000-0000-4000-8000-000000000000", "")
	}
	r.want(429, "DELETE", connections+"/00000000-0000-4000-8000-000000000000", "")
}

func TestFaults(t *testing.T) {
	const id = "/00000000-0000-4000-8000-000000000000"
	t.Run("a status, as often as asked for", func(t *testing.T) {
		r := newRig(t, acme, qlik.Options{Faults: []qlik.Fault{{Method: "GET", Path: connections + "/*", Status: 503, Skip: 1, Times: 2}}})
		for _, status := range []int{404, 503, 503, 404} {
			r.want(status, "GET", connections+id, "")
		}
		if len(r.UnfiredFaults()) != 0 {
			t.Error("the fault counts as unfired")
		}
	})
	t.Run("a status for ever", func(t *testing.T) {
		r := newRig(t, acme, qlik.Options{Faults: []qlik.Fault{{Status: 500, Times: -1}}})
		for range 5 {
			r.want(500, "GET", connections, "")
		}
	})
	t.Run("too many requests", func(t *testing.T) {
		r := newRig(t, acme, qlik.Options{Faults: []qlik.Fault{{RetryAfter: 7}}})
		got := r.want(429, "GET", connections, "")
		if got.header.Get("Retry-After") != "7" || !strings.Contains(got.detail(), "7 seconds") {
			t.Errorf("got headers %v and %s, want 7 seconds in both", got.header, got.text)
		}
		r.want(200, "GET", connections, "")
	})
	t.Run("a body that is no JSON", func(t *testing.T) {
		r := newRig(t, acme, qlik.Options{Faults: []qlik.Fault{{Body: "<h1>Bad Gateway</h1>"}}})
		got := r.want(502, "GET", connections, "")
		if got.text != "<h1>Bad Gateway</h1>" || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
			t.Errorf("got headers %v and %s, want the HTML page of a bad gateway", got.header, got.text)
		}
	})
	t.Run("a connection cut before the write", func(t *testing.T) {
		r := newRig(t, acme, qlik.Options{Faults: []qlik.Fault{{Method: "POST", Cut: qlik.CutBefore}}})
		if _, err := r.try("POST", connections, `{"datasourceID": "rest", "qName": "n", "connectionProperties": {}}`); err == nil {
			t.Error("got an answer, want none: the fault cuts it off")
		}
		if _, found := r.Find("", "n"); found {
			t.Error("the connection was created, want the cut before the create")
		}
	})
	t.Run("a connection cut after the write", func(t *testing.T) {
		r := newRig(t, acme, qlik.Options{Faults: []qlik.Fault{{Method: "POST", Cut: qlik.CutAfter}}})
		if _, err := r.try("POST", connections, `{"datasourceID": "rest", "qName": "n", "connectionProperties": {}}`); err == nil {
			t.Error("got an answer, want none: the fault cuts it off")
		}
		if _, found := r.Find("", "n"); !found {
			t.Error("the connection was not created, want the cut after the create")
		}
		if w := r.Writes(); len(w) != 1 || w[0].Status != 0 {
			t.Errorf("got writes %+v, want one without a status: the fault cut its answer off", w)
		}
	})
	t.Run("an incomplete list", func(t *testing.T) {
		r := newRig(t, acme, qlik.Options{Faults: []qlik.Fault{{Path: connections, Omit: []string{"Ledger"}}}})
		got := r.want(200, "GET", connections+"?noDatafiles=true&sort=qName", "")
		if got.names() != "Gold,Mine,Orders lake" || len(got.list("errors")) != 1 || got.at("meta", "count") != 4.0 {
			t.Errorf("got %s, want three of four connections and one error", got.text)
		}
	})
	t.Run("one that no request meets is reported", func(t *testing.T) {
		r := newRig(t, acme, qlik.Options{Faults: []qlik.Fault{{Method: "PATCH", Status: 500}}})
		r.want(200, "GET", connections, "")
		if got := r.UnfiredFaults(); len(got) != 1 || got[0].Method != "PATCH" {
			t.Errorf("got unfired faults %+v, want that of PATCH", got)
		}
	})
	for name, f := range map[string]qlik.Fault{"without effect": {}, "with a broken path": {Path: "[", Status: 500}, "with another cut": {Cut: "halfway"}} {
		t.Run("one "+name+" is refused", func(t *testing.T) {
			if _, err := inspect.New([]byte(acme), qlik.Options{Faults: []qlik.Fault{f}}); err == nil {
				t.Error("got no error for a wrong fault, want one")
			}
		})
	}
}

func TestLatencyPassesInFakeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant, err := inspect.New([]byte(acme), qlik.Options{Faults: []qlik.Fault{{Latency: time.Hour}}})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		request := httptest.NewRequestWithContext(t.Context(), "GET", connections, nil)
		request.Header.Set("Authorization", "Bearer "+tenant.Token())
		w := httptest.NewRecorder()
		tenant.ServeHTTP(w, request)
		if waited := time.Since(began); waited != time.Hour || w.Code != 200 {
			t.Errorf("got status %d after %v, want 200 after the latency of an hour", w.Code, waited)
		}
	})
}

func TestConcurrentRequestsDoNotDisturbEachOther(t *testing.T) {
	r := newRig(t, seedOf(50), qlik.Options{})
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			name := string(rune('a' + i))
			if got, err := r.try("POST", connections, `{"datasourceID": "rest", "qName": "`+name+`", "connectionProperties": {}}`); err != nil || got.status != 201 {
				t.Errorf("create: got error %v, status %d; want 201", err, got.status)
			}
			for range 10 {
				if got, err := r.try("GET", connections+"?limit=20", ""); err != nil || got.status != 200 {
					t.Errorf("list: got error %v, status %d; want 200", err, got.status)
				}
			}
			if got, err := r.try("DELETE", connections+"/"+name+"?type=connectionname", ""); err != nil || got.status != 204 {
				t.Errorf("delete: got error %v, status %d; want 204", err, got.status)
			}
		})
	}
	group.Wait()
	if n := len(r.Connections()); n != 50 {
		t.Errorf("%d connections are left", n)
	}
	r.noMisuse()
}
