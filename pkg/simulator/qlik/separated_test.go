package qlik_test

import (
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator/qlik"
)

const credentials = "/api/v1/data-credentials"

// sql is a create of a connection that separates credentials, with more properties.
func sql(name, more string) string {
	return `{"datasourceID": "mssql", "qName": "` + name + `", "connectionProperties": {"host": "h", "separateCredentials": true` + more + `}}`
}

func TestSeparatedCredentialsBelongToAUserAndOutliveTheConnection(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	made := r.want(201, "POST", connections, sql("A", `, "credentialsName": "ana's", "username": "u", "password": "p"`))
	id, key := made.body["qID"].(string), made.body["qCredentialsID"].(string)
	if made.body["qSeparateCredentials"] != true || !r.CredentialEquals(id, "password", "p") {
		t.Errorf("got %s, want per-user credentials that hold the password", made.text)
	}
	got := r.want(200, "GET", credentials+"/ana's?byCredentialName=true", "")
	if got.body["qID"] != key || got.body["qConnCount"] != 1.0 || got.body["qSeparated"] != 1.0 || strings.Contains(got.text, `"p"`) {
		t.Errorf("got the credential set %s, want it used by one connection and without the password", got.text)
	}
	again := r.want(201, "POST", connections, sql("B", `, "selectedCredentials": "`+key+`"`))
	if again.body["qCredentialsID"] != key || r.want(200, "GET", credentials+"/"+key, "").body["qConnCount"] != 2.0 {
		t.Errorf("got %s, want the same credential set, used by two connections", again.text)
	}
	r.want(204, "DELETE", connections+"/"+id, "")
	r.want(204, "DELETE", connections+"/"+again.body["qID"].(string), "")
	orphans := r.want(200, "POST", credentials+"/actions/filter-orphan", `{"qSeparated": 1, "datasourceID": "mssql"}`)
	if orphans.body["count"] != 1.0 || orphans.list("data")[0]["qID"] != key {
		t.Errorf("got orphans %s, want the set that outlived its connections", orphans.text)
	}
	if got := r.want(200, "POST", credentials+"/actions/filter-orphan", `{"qSeparated": 0}`); got.body["count"] != 0.0 {
		t.Errorf("got %s, want no orphan that is not per user", got.text)
	}
	r.want(204, "DELETE", credentials+"/"+key, "")
	r.want(404, "GET", credentials+"/"+key, "")
	r.noMisuse()
}

func TestSeparatedCredentialsArePatchedThroughTheConnection(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	id := r.want(201, "POST", connections, sql("A", `, "credentialsName": "c1", "username": "u", "password": "p"`)).body["qID"].(string)
	path := connections + "/" + id
	r.want(204, "PATCH", path, `[{"op": "replace", "path": "/connectionProperties/password", "value": "p2"}]`)
	if !r.CredentialEquals(id, "password", "p2") || !r.CredentialEquals(id, "username", "u") {
		t.Error("the patch changed more or less than the password")
	}
	r.want(204, "PATCH", path, `[{"op": "remove", "path": "/connectionProperties/username"}]`)
	if !r.CredentialEquals(id, "password", "p2") || r.CredentialEquals(id, "username", "u") {
		t.Error("the patch removed more or less than the user name")
	}
	r.want(204, "PATCH", path, `[{"op": "replace", "path": "/connectionProperties/credentialsName", "value": "c2"},
		{"op": "replace", "path": "/connectionProperties/password", "value": "p3"}]`)
	if sets := r.Credentials(); len(sets) != 2 || sets[1].Name != "c2" && sets[0].Name != "c2" {
		t.Errorf("got credential sets %+v, want two, one of them named c2", sets)
	}
	r.noMisuse()
}

func TestAHostChangeDropsTheLinkUnlessTheLinkIsSetAgain(t *testing.T) {
	const host = `[{"op": "replace", "path": "/connectionProperties/host", "value": "h2"}, {"op": "add", "path": "/connectionProperties/`
	tests := map[string]struct {
		op     string
		linked bool
	}{
		"values alone":       {`password", "value": "x"}]`, false},
		"a name with values": {`password", "value": "x"}, {"op": "add", "path": "/connectionProperties/credentialsName", "value": "new"}]`, true},
		"a selection":        {`selectedCredentials", "value": "KEY"}]`, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, acme, qlik.Options{})
			made := r.want(201, "POST", connections, sql("A", `, "credentialsName": "old", "username": "u", "password": "p"`))
			path, key := connections+"/"+made.body["qID"].(string), made.body["qCredentialsID"].(string)
			r.want(204, "PATCH", path, strings.Replace(host+test.op, "KEY", key, 1))
			if got := r.want(200, "GET", path, ""); (got.body["qCredentialsID"] != nil) != test.linked {
				t.Errorf("got %s, want a link to the credentials: %v", got.text, test.linked)
			}
			r.want(200, "GET", credentials+"/"+key, "") // the set itself stays
		})
	}
}

func TestCredentialsOfOthersCannotBeUsed(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	key := r.want(201, "POST", connections, sql("A", `, "password": "p"`)).body["qCredentialsID"].(string)
	r.token = r.want(200, "POST", "/oauth/token", `{"client_id": "ci", "client_secret": "open sesame", "grant_type": "client_credentials"}`).body["access_token"].(string)
	r.want(404, "POST", connections, sql("B", `, "selectedCredentials": "`+key+`"`))
	r.want(404, "GET", credentials+"/"+key, "")
	r.token = r.Token()
	r.want(404, "POST", connections, strings.Replace(strings.Replace(sql("B", `, "selectedCredentials": "`+key+`"`), "mssql", "rest", 1), `"host": "h"`, `"url": "u"`, 1))
}

func TestCredentialWrites(t *testing.T) {
	const put = `{"qName": "n", "qType": "QvOdbcConnectorPackage.exe", "qUsername": "u", "qPassword": "enc"`
	tests := map[string]struct {
		method, body string
		status       int
	}{
		"a patched password":     {"PATCH", `[{"op": "replace", "path": "/qPassword", "value": "enc"}]`, 204},
		"a patched name":         {"PATCH", `[{"op": "replace", "path": "/qName", "value": "n"}]`, 204},
		"the old object form":    {"PATCH", `{"patchData": []}`, 400},
		"another path":           {"PATCH", `[{"op": "replace", "path": "/qType", "value": "x"}]`, 400},
		"a removal":              {"PATCH", `[{"op": "remove", "path": "/qName"}]`, 400},
		"a name that is taken":   {"PATCH", `[{"op": "replace", "path": "/qName", "value": "B"}]`, 409},
		"a replacement":          {"PUT", put + `}`, 204},
		"one without a password": {"PUT", `{"qName": "n", "qType": "x", "qUsername": "u"}`, 400},
		"one of another type":    {"PUT", strings.Replace(put, "QvOdbc", "X", 1) + `}`, 400},
		"one with a connection":  {"PUT", put + `, "connectionId": "x"}`, 400},
		"one with another id":    {"PUT", put + `, "qID": "x"}`, 400},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, acme, qlik.Options{})
			key := r.want(201, "POST", connections, sql("A", `, "password": "p"`)).body["qCredentialsID"].(string)
			r.want(201, "POST", connections, sql("B", `, "password": "p"`))
			r.want(test.status, test.method, credentials+"/"+key, test.body)
		})
	}
	r := newRig(t, acme, qlik.Options{})
	r.want(400, "GET", credentials+"/x", "")
	r.want(404, "DELETE", credentials+"/x?byCredentialName=true", "")
	id := r.id("Finance", "Ledger")
	embedded := credentials + "/" + r.want(200, "GET", connections+"/"+id, "").body["qCredentialsID"].(string)
	if got := r.want(200, "GET", embedded, ""); got.body["qSeparated"] != 0.0 {
		t.Errorf("got %s, want embedded credentials", got.text)
	}
	r.want(204, "PATCH", embedded, `[{"op": "replace", "path": "/qPassword", "value": "enc"}]`)
	if !r.CredentialEquals(id, "qPassword", "enc") {
		t.Error("the embedded credentials did not change")
	}
	r.want(204, "DELETE", embedded, "")
	if r.HasCredentials(id) {
		t.Error("got credentials after their removal, want none")
	}
	newRig(t, asBob, qlik.Options{}).want(403, "POST", credentials+"/actions/filter-orphan", `{}`)
}
