package qlik_test

import (
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/qlik"
)

// hostile returns the tenant with the faults of a file.
func hostile(t *testing.T, seed, faults string) *rig {
	t.Helper()
	list, err := qlik.ParseFaults([]byte(faults))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return newRig(t, seed, qlik.Options{Faults: list, Now: func() time.Time { return now }})
}

func TestFaultsAreData(t *testing.T) {
	tests := map[string]struct {
		faults string
		do     func(t *testing.T, r *rig)
	}{
		"Retry-After may be a date": {`[{"retryAfter": 90, "retryAfterDate": true, "status": 503}]`, func(t *testing.T, r *rig) {
			if got := r.want(503, "GET", connections, "").header.Get("Retry-After"); got != "Thu, 01 Jan 2026 00:01:30 GMT" {
				t.Errorf("got Retry-After %q, want the date 90 seconds later", got)
			}
		}},
		"a body may be cut off half way": {`[{"path": "/api/v1/data-connections", "truncate": true}]`, func(t *testing.T, r *rig) {
			if _, err := r.try("GET", connections, ""); err == nil || !strings.Contains(err.Error(), "unexpected EOF") {
				t.Errorf("got error %v, want a body that ends early", err)
			}
			r.want(200, "GET", connections, "")
		}},
		"a cut body waits for a body": {`[{"truncate": true}]`, func(t *testing.T, r *rig) {
			r.want(204, "DELETE", connections+"/"+r.id("", "Mine"), "")
			if len(r.UnfiredFaults()) != 1 {
				t.Error("the fault counts as fired before its request")
			}
			if _, err := r.try("GET", connections, ""); err == nil {
				t.Error("got a whole body, want one that is cut off")
			}
		}},
		"the next page may be on another host": {`[{"nextHost": "elsewhere.example"}]`, func(t *testing.T, r *rig) {
			r.want(200, "GET", connections, "") // without limit there are no pages: it waits
			next, _ := r.want(200, "GET", connections+"?limit=1", "").at("links", "next", "href").(string)
			if !strings.HasPrefix(next, "http://elsewhere.example/api/v1/data-connections?") {
				t.Errorf("got next link %s, want one of another host", next)
			}
		}},
		"omitted items wait for a list that has them": {`[{"omit": ["Ledger"]}]`, func(t *testing.T, r *rig) {
			r.want(200, "GET", "/api/v1/spaces", "")
			r.want(200, "GET", connections+"?personal=true", "")
			if got := r.want(200, "GET", connections, ""); len(got.list("errors")) != 1 {
				t.Errorf("got %s, want one error inside an answer with status 200", got.text)
			}
		}},
		"items of a list may be without a member": {`[{"without": ["space"], "of": ["Ledger"]}]`, func(t *testing.T, r *rig) {
			r.want(200, "GET", connections+"?personal=true", "") // Ledger is not in it: it waits
			placeless := ""
			for _, item := range r.want(200, "GET", connections+"?spaceId="+r.space("Finance")+"&noDatafiles=true", "").list("data") {
				if _, there := item["space"]; !there {
					placeless += item["qName"].(string) + " "
				}
			}
			if placeless != "Ledger " {
				t.Errorf("without space are %s, want Ledger alone", placeless)
			}
		}},
		"data sources may be without an id": {`[{"path": "/api/v1/data-sources", "without": ["dataSourceId"], "of": ["rest"]}]`, func(t *testing.T, r *rig) {
			unnamed, all := 0, r.want(200, "GET", "/api/v1/data-sources", "").list("dataSources")
			for _, item := range all {
				if _, there := item["dataSourceId"]; !there {
					unnamed++
				}
			}
			if unnamed != 1 || len(all) < 20 {
				t.Errorf("%d of %d data sources have no id, want one", unnamed, len(all))
			}
		}},
		"all items may be without a member": {`[{"without": ["qID", "id"]}]`, func(t *testing.T, r *rig) {
			if got := r.want(200, "GET", connections, ""); strings.Contains(got.text, `"qID"`) || strings.Contains(got.text, `"id"`) {
				t.Errorf("an item has an id: %s", got.text)
			}
		}},
		"a list may count less than it has": {`[{"count": -1}]`, func(t *testing.T, r *rig) {
			r.want(200, "GET", "/api/v1/users", "") // it waits for a list that counts
			got := r.want(200, "GET", connections, "")
			if count, items := got.at("meta", "count"), len(got.list("data")); count != float64(items-1) {
				t.Errorf("it counts %v and lists %d, want one less than it lists", count, items)
			}
		}},
		"a list of spaces may count more than it has": {`[{"count": 2}]`, func(t *testing.T, r *rig) {
			got := r.want(200, "GET", "/api/v1/spaces", "")
			if count, items := got.at("meta", "count"), len(got.list("data")); count != float64(items+2) {
				t.Errorf("it counts %v and lists %d, want two more than it lists", count, items)
			}
		}},
		"an API key may be refused once": {`[{"expireToken": true}]`, func(_ *testing.T, r *rig) {
			r.want(401, "GET", connections, "")
			r.want(200, "GET", connections, "")
		}},
		"an access token stays expired": {`[{"path": "/api/v1/*", "expireToken": true}]`, func(_ *testing.T, r *rig) {
			const ask = `{"client_id": "ci", "client_secret": "open sesame", "grant_type": "client_credentials"}`
			r.token = r.want(200, "POST", "/oauth/token", ask).body["access_token"].(string)
			r.want(401, "GET", connections, "")
			r.want(401, "GET", connections, "")
			r.token = r.want(200, "POST", "/oauth/token", ask).body["access_token"].(string)
			r.want(200, "GET", connections, "")
		}},
		"the caller may be without roles": {`[{"noAdmin": true, "method": "POST"}]`, func(_ *testing.T, r *rig) {
			r.want(403, "POST", bulkUpdate, `{"connections": []}`)
			r.want(207, "POST", bulkUpdate, `{"connections": []}`)
		}},
		"another client may use up a tier": {`[{"percent": 100, "tier": 2}]`, func(t *testing.T, r *rig) {
			r.want(200, "GET", connections, "")
			if got := r.want(429, "POST", bulkUpdate, `{"connections": []}`).header.Get("Retry-After"); got != "300" {
				t.Errorf("got Retry-After %q, want 300", got)
			}
			r.want(200, "GET", connections, "")
		}},
		"a fault may wait first": {`[{"latency": "1ms", "status": 500}]`, func(_ *testing.T, r *rig) {
			r.want(500, "GET", connections, "")
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := hostile(t, acme, test.faults)
			test.do(t, r)
			if never := r.UnfiredFaults(); len(never) > 0 {
				t.Errorf("never fired: %v", never)
			}
			r.noMisuse()
		})
	}
}

func TestFaultsOfAFileAreStrict(t *testing.T) {
	tests := map[string]struct{ faults, want string }{
		"an unknown key":             {`[{"status": 500, "sttus": 1}]`, "faults[0]: unknown field sttus"},
		"no list":                    {`{"status": 500}`, "faults: "},
		"no effect":                  {`[{"method": "GET"}]`, "faults[0]: has no effect"},
		"a latency without unit":     {`[{"latency": "7"}]`, "latency"},
		"a latency that is a number": {`[{"latency": 7}]`, "latency"},
		"another cut":                {`[{"cut": "halfway"}]`, "neither"},
		"a status that is none":      {`[{"status": 99}]`, "status 99"},
		"a date of no time":          {`[{"retryAfterDate": true, "status": 503}]`, "needs retryAfter"},
		"more than everything":       {`[{"percent": 101}]`, "1 to 100"},
		"a tier of nothing":          {`[{"tier": 1, "status": 500}]`, "needs percent"},
		"items of nothing":           {`[{"of": ["Ledger"], "status": 500}]`, "needs without"},
		"a broken path":              {`[{"path": "[", "status": 500}]`, "path"},
		"all mistakes at once":       {`[{}, {"status": 500}, {"cut": "x"}]`, "faults[2]: cut"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := qlik.ParseFaults([]byte(test.faults)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestAFaultIsWrittenAsItIsRead(t *testing.T) {
	const text = `{"method":"GET","path":"/api/v1/*","times":-1,"retryAfter":7,"latency":"1.5s"}`
	list, err := qlik.ParseFaults([]byte("[" + text + "]"))
	if err != nil {
		t.Fatal(err)
	}
	if got := list[0].String(); got != text || list[0].Latency != 1500*time.Millisecond {
		t.Errorf("got fault %s, want %s with a latency of 1.5s", got, text)
	}
}
