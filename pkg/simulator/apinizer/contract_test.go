package apinizer_test

import (
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer"
)

// TestAConnectionLives walks through create, list, get, update and delete in both dialects (facts, sections 2 and 3).
func TestAConnectionLives(t *testing.T) {
	const path, body = connections + "Hook/", `{"type": "webhook", "name": "Hook", "fullUrl": "https://a.example", "timeout": 5}`
	for dialect, want := range map[string]struct{ read, write string }{
		"current": {
			`{"status":"SUCCESS","resultList":[{"type":"webhook","name":"Hook","description":null,"deployToWorker":true,"enabled":true,"httpMethod":"GET","fullUrl":"https://a.example","headerList":[],"timeout":5,"connectionPoolMaxConnectionPerHost":24,"connectionPoolMaxConnectionTotal":48}],"resultCount":1}`,
			`{"status":"SUCCESS","deploymentResult":{"success":true,"detailList":[{"envName":"production","podName":"worker-1","success":true,"detail":"Deployed","responseTime":12},{"envName":"production","podName":"worker-2","success":true,"detail":"Deployed","responseTime":12}]}}`,
		},
		"legacy": {
			`{"success":true,"resultList":[{"type":"webhook","name":"Hook","description":null,"deployToWorker":true,"enabled":true,"httpMethod":"GET","fullUrl":"https://a.example","headerList":[],"timeout":5,"connectionPoolMaxConnectionPerHost":24,"connectionPoolMaxConnectionTotal":48}],"resultCount":1}`,
			`{"success":true,"deploymentResult":{"success":true,"deploymentResults":[{"environmentName":"production","success":true,"message":"Deployed"}]}}`,
		},
	} {
		t.Run(dialect, func(t *testing.T) {
			r := newRig(t, under(`"dialect": "`+dialect+`"`), apinizer.Options{})
			if got := r.want(200, "POST", path, body).text; got != want.write {
				t.Errorf("got %s for POST, want %s", got, want.write)
			}
			if got := r.want(200, "GET", path, "").text; got != want.read {
				t.Errorf("got %s for GET, want %s", got, want.read)
			}
			if got := r.want(200, "GET", connections+"?type=webhook", "").text; got != want.read {
				t.Errorf("got %s for the list, want %s", got, want.read)
			}
			if got := r.want(200, "PUT", path, `{"type": "webhook", "name": "Hook", "fullUrl": "https://b.example"}`).text; got != want.write {
				t.Errorf("got %s for PUT, want %s", got, want.write)
			}
			if got := r.one("Hook"); got["timeout"] != 2.0 || got["fullUrl"] != "https://b.example" {
				t.Errorf("a PUT did not replace everything: %v", got)
			}
			if got := r.want(200, "DELETE", path, "").text; got != want.write {
				t.Errorf("got %s for DELETE, want %s", got, want.write)
			}
			if got := r.want(200, "GET", connections+"?type=webhook", "").text; r.do("GET", path, "").status == 200 || len(got) > 60 {
				t.Errorf("got a connection after DELETE, want none: %s", got)
			}
			r.noMisuse()
		})
	}
}
