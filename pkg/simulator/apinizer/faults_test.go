package apinizer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer/inspect"
)

// hostile returns the manager with the faults of a file.
func hostile(t *testing.T, seed, faults string) *rig {
	t.Helper()
	list, err := apinizer.ParseFaults([]byte(faults))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return newRig(t, seed, apinizer.Options{Faults: list, Now: func() time.Time { return now }})
}

func TestFaultsAreData(t *testing.T) {
	const path = connections + "Mail/"
	tests := map[string]struct {
		faults string
		do     func(t *testing.T, r *rig)
	}{
		"a status, in the dialect": {`[{"status": 500}]`, func(t *testing.T, r *rig) {
			if got := r.want(500, "GET", path, "").text; got != `{"status":"FAILURE","resultMessage":"An unexpected error occurred"}` {
				t.Errorf("got %s, want the failure of status 500", got)
			}
			r.want(200, "GET", path, "")
		}},
		"too many requests, with the wait": {`[{"retryAfter": 7}]`, func(t *testing.T, r *rig) {
			if got := r.want(429, "GET", path, ""); got.header.Get("Retry-After") != "7" || !strings.Contains(got.text, "Rate limit exceeded") {
				t.Errorf("got %s, want a refusal by the rate limit with Retry-After 7", got.text)
			}
		}},
		"a page of a proxy, under 404": {`[{"status": 404, "body": "<h1>Not Found</h1>"}]`, func(t *testing.T, r *rig) {
			if got := r.want(404, "DELETE", path, ""); got.text != "<h1>Not Found</h1>" || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
				t.Errorf("got %s, want the HTML page of a 404", got.text)
			}
			r.one("Mail")
		}},
		"a page of a proxy, under 200": {`[{"status": 200, "body": "<h1>Sign in</h1>"}]`, func(_ *testing.T, r *rig) {
			r.want(200, "PUT", path, mail+`}`)
			r.one("Mail")
		}},
		"cut before the write": {`[{"method": "DELETE", "cut": "before"}]`, func(t *testing.T, r *rig) {
			if _, err := r.try("DELETE", path, ""); err == nil {
				t.Error("got an answer, want none: the fault cuts it off")
			}
			r.one("Mail")
		}},
		"cut after the write": {`[{"method": "DELETE", "cut": "after"}]`, func(t *testing.T, r *rig) {
			if _, err := r.try("DELETE", path, ""); err == nil {
				t.Error("got an answer, want none: the fault cuts it off")
			}
			r.want(400, "GET", path, "")
		}},
		"cut off half way": {`[{"truncate": true}]`, func(t *testing.T, r *rig) {
			if _, err := r.try("PUT", path, mail+`, "port": 9}`); err == nil || !strings.Contains(err.Error(), "unexpected EOF") {
				t.Errorf("got error %v, want a body that ends early", err)
			}
			if r.one("Mail")["port"] != 9.0 {
				t.Error("the connection has the old port, want the written one")
			}
		}},
		"late": {`[{"latency": "1ms", "status": 503}]`, func(_ *testing.T, r *rig) {
			r.want(503, "GET", path, "")
		}},
		"an expired token, once for a personal one": {`[{"expireToken": true}]`, func(t *testing.T, r *rig) {
			if got := r.want(401, "GET", path, "").text; !strings.Contains(got, "Token was expired!") {
				t.Errorf("got %s, want an expired token", got)
			}
			r.want(200, "GET", path, "")
		}},
		"an expired token, for ever for an access token": {`[{"path": "/apiops/projects/*/connections/*/", "expireToken": true}]`, func(_ *testing.T, r *rig) {
			const grant = "grant_type=client_credentials&client_id=ana&client_secret=open+sesame"
			r.token = r.form(200, grant).body["access_token"].(string)
			r.want(401, "GET", path, "")
			r.want(401, "GET", path, "")
			r.token = r.form(200, grant).body["access_token"].(string)
			r.want(200, "GET", path, "")
		}},
		"the right to write is gone": {`[{"noAdmin": true}]`, func(t *testing.T, r *rig) {
			r.want(200, "GET", path, "") // it waits for a write
			if got := r.want(400, "DELETE", path, "").text; !strings.Contains(got, "required permission") {
				t.Errorf("got %s, want a missing permission", got)
			}
			r.want(200, "DELETE", path, "")
		}},
		"a list that counts more than it shows": {`[{"omit": ["Mail"]}]`, func(t *testing.T, r *rig) {
			r.want(200, "GET", connections+"?type=ftp", "")
			if got := r.want(200, "GET", connections+"?type=email", ""); len(got.items()) != 0 || got.body["resultCount"] != 1.0 {
				t.Errorf("got %s, want an empty page of a list that counts 1", got.text)
			}
			if got := r.want(200, "GET", connections+"?type=email", "").names(); got != "Mail" {
				t.Errorf("got names %s after the faults of the list, want Mail", got)
			}
		}},
		"a list that counts less than it has": {`[{"count": -1}]`, func(t *testing.T, r *rig) {
			r.want(200, "PUT", path, mail+`}`) // it waits for a list
			if got := r.want(200, "GET", connections+"?type=email", ""); len(got.items()) != 1 || got.body["resultCount"] != 0.0 {
				t.Errorf("want one item and a count of 0: %s", got.text)
			}
		}},
		"items of a list without a member": {`[{"without": ["name"], "of": ["Mail"]}]`, func(t *testing.T, r *rig) {
			r.want(200, "GET", connections+"?type=ftp", "")
			if got := r.want(200, "GET", connections+"?type=email", ""); len(got.items()) != 1 || strings.Contains(got.text, `"name"`) {
				t.Errorf("want one item without a name: %s", got.text)
			}
			r.one("Mail")
		}},
		"one push fails, and is done again": {`[{"deploy": "fails"}]`, func(t *testing.T, r *rig) {
			r.want(200, "PUT", path, mail+`, "deployToWorker": false}`) // it waits for a push
			got := r.want(200, "PUT", path, mail+`}`)
			if c, _ := r.Find("Payments", "Mail"); c.Deployed || !strings.Contains(got.text, "saved successfully but deployment to environments failed") {
				t.Errorf("got %s, want a saved connection that is not deployed", got.text)
			}
			r.want(200, "PUT", path, mail+`}`)
			if c, _ := r.Find("Payments", "Mail"); !c.Deployed {
				t.Error("the connection is not deployed, want it deployed")
			}
		}},
		"a delete that the workers do not hear of": {`[{"method": "DELETE", "deploy": "partly"}]`, func(t *testing.T, r *rig) {
			if got := r.want(200, "DELETE", path, "").text; !strings.Contains(got, `"success":false`) {
				t.Errorf("got %s for the fault of DELETE, want success false", got)
			}
			r.want(400, "GET", path, "")
		}},
		"a push that is not told of": {`[{"deploy": "unknown"}]`, func(t *testing.T, r *rig) {
			if got := result(r.want(200, "PUT", path, mail+`}`)); got != "null" {
				t.Errorf("got result %s for the fault of PUT, want null", got)
			}
		}},
		"no token, in the manner of OAuth": {`[{"path": "/apiops/auth/token", "status": 500}]`, func(t *testing.T, r *rig) {
			if got := r.form(500, "grant_type=client_credentials").body["error"]; got != "server_error" {
				t.Errorf("got the OAuth error %v, want server_error", got)
			}
		}},
		"later, and twice": {`[{"skip": 1, "times": 2, "status": 502}]`, func(t *testing.T, r *rig) {
			var got []int
			for range 4 {
				got = append(got, r.do("GET", path, "").status)
			}
			if fmt.Sprint(got) != "[200 502 502 200]" {
				t.Errorf("got statuses %v, want the two faults between two answers: [200 502 502 200]", got)
			}
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := hostile(t, acme, test.faults)
			if len(r.UnfiredFaults()) != 1 {
				t.Error("the fault counts as fired before any request")
			}
			test.do(t, r)
			if never := r.UnfiredFaults(); len(never) > 0 {
				t.Errorf("never fired: %v", never)
			}
			r.noMisuse()
		})
	}
}

func TestAFaultThatFindsNothingHasNotFired(t *testing.T) {
	for _, fault := range []string{`{"deploy": "fails"}`, `{"omit": ["Nix"]}`, `{"noAdmin": true}`, `{"method": "PATCH", "status": 500}`} {
		r := hostile(t, acme, "["+fault+"]")
		r.want(200, "GET", connections+"?type=email", "")
		if len(r.UnfiredFaults()) != 1 {
			t.Errorf("%s counts as fired", fault)
		}
	}
}

func TestFaultsOfAFileAreStrict(t *testing.T) {
	for faults, want := range map[string]string{
		`[{"sttus": 1}]`:           "faults[0]: unknown field sttus",
		`[{"method": "GET"}]`:      "faults[0]: has no effect",
		`[{"nextHost": "x"}]`:      "nextHost",
		`[{"percent": 5}]`:         "rateLimit",
		`[{"deploy": "succeeds"}]`: `deploy "succeeds" is none of`,
		`[{}, {"deploy": "null"}]`: "faults[1]: deploy",
		`{"status": 500}`:          "faults",
		`[{"latency": "soon"}]`:    "latency",
	} {
		if _, err := apinizer.ParseFaults([]byte(faults)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q", faults, err, want)
		}
	}
	if _, err := inspect.New([]byte(acme), apinizer.Options{Faults: []apinizer.Fault{{Deploy: "x"}}}); err == nil {
		t.Error("got no error for a wrong fault of Options")
	}
}
