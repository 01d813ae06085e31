package qlik_test

import (
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator/qlik"
)

func TestPatchChanges(t *testing.T) {
	const headers = `[{"op": "add", "path": "/connectionProperties/queryHeaders", "value": [{"name": "A", "value": "1"}]}`
	tests := map[string]struct {
		name, ops, want string // want: the properties afterwards
	}{
		"a property":                     {"Orders lake", `[{"op": "replace", "path": "/connectionProperties/bucketName", "value": "b2"}]`, `{"bucketName":"b2","region":"eu-west-1"}`},
		"one that was not there":         {"Orders lake", `[{"op": "add", "path": "/connectionProperties/storeSseHeader", "value": "AES256"}]`, `{"bucketName":"orders","region":"eu-west-1","storeSseHeader":"AES256"}`},
		"with Value, as tutorials do":    {"Orders lake", `[{"op": "add", "path": "/connectionProperties/bucketName", "Value": "b3"}]`, `{"bucketName":"b3","region":"eu-west-1"}`},
		"a removal":                      {"Orders lake", `[{"op": "remove", "path": "/connectionProperties/bucketName"}]`, `{"region":"eu-west-1"}`},
		"an integer and a boolean":       {"Ledger", `[{"op": "add", "path": "/connectionProperties/QueryTimeout", "value": 60}, {"op": "add", "path": "/connectionProperties/separateCredentials", "value": true}]`, `{"QueryTimeout":60,"host":"db1","port":"1433","separateCredentials":true}`},
		"a port as a number":             {"Ledger", `[{"op": "replace", "path": "/connectionProperties/port", "value": 1434}]`, `{"host":"db1","port":1434}`},
		"a list as a whole":              {"Mine", headers + `]`, `{"queryHeaders":[{"name":"A","value":"1"}],"url":"https://a.example"}`},
		"one part of a list":             {"Mine", headers + `, {"op": "replace", "path": "/connectionProperties/queryHeaders/0/value", "value": "2"}]`, `{"queryHeaders":[{"name":"A","value":"2"}],"url":"https://a.example"}`},
		"a host with its credentials":    {"Ledger", `[{"op": "replace", "path": "/connectionProperties/host", "value": "db2"}, {"op": "replace", "path": "/connectionProperties/password", "value": "x"}]`, `{"host":"db2","port":"1433"}`},
		"credentials that are not there": {"Mine", `[{"op": "replace", "path": "/connectionProperties/password", "value": "x"}]`, `{"url":"https://a.example"}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, acme, qlik.Options{})
			path := connections + "/" + r.find(test.name)
			before := r.want(200, "GET", path, "")
			if got := r.want(204, "PATCH", path, test.ops); got.text != "" {
				t.Errorf("got body %q for a 204, want an empty one", got.text)
			}
			after := r.want(200, "GET", path+"?parseConnection=true", "")
			if got := compact(t, after.body["connectionProperties"]); got != test.want {
				t.Errorf("got %s\nwant %s", got, test.want)
			}
			if after.body["updated"].(string) <= before.body["updated"].(string) {
				t.Error("updated did not move")
			}
			r.noMisuse()
		})
	}
}

// find returns the id of a connection wherever it is.
func (r *rig) find(name string) string {
	r.t.Helper()
	for _, c := range r.Connections() {
		if c.Name == name {
			return c.ID
		}
	}
	r.t.Fatalf("no connection %q", name)
	return ""
}

func TestPatchRefuses(t *testing.T) {
	const host = `{"op": "replace", "path": "/connectionProperties/host", "value": "db2"}`
	const password = `{"op": "replace", "path": "/connectionProperties/password", "value": "x"}`
	tests := map[string]struct {
		ops    string
		status int
		detail string
	}{
		"the old object form":                    {`{"patchData": [{"op": "replace", "path": "/qName", "value": "x"}]}`, 400, "patchData"},
		"no operation":                           {`[]`, 400, "no operation"},
		"another operation":                      {`[{"op": "move", "path": "/qName", "value": "x"}]`, 400, "op must be"},
		"an unknown key":                         {`[{"op": "add", "path": "/qName", "value": "x", "from": "/tags"}]`, 400, "unknown field [0].from"},
		"no value":                               {`[{"op": "add", "path": "/qName"}]`, 400, "Field value is missing"},
		"an object":                              {`[{"op": "add", "path": "/connectionProperties/host", "value": {"a": 1}}]`, 400, "string, boolean, integer or array"},
		"null":                                   {`[{"op": "add", "path": "/connectionProperties/port", "value": null}]`, 400, "string, boolean, integer or array"},
		"a decimal":                              {`[{"op": "add", "path": "/connectionProperties/QueryTimeout", "value": 1.5}]`, 400, "string, boolean, integer or array"},
		"an unknown property":                    {`[{"op": "add", "path": "/connectionProperties/prot", "value": "1"}]`, 400, `unknown property "prot"`},
		"the wrong type":                         {`[{"op": "add", "path": "/connectionProperties/port", "value": ["1"]}]`, 400, "must be of type string"},
		"all properties at once":                 {`[{"op": "add", "path": "/connectionProperties", "value": ["1"]}]`, 400, "cannot be patched"},
		"an unknown path":                        {`[{"op": "add", "path": "/qType", "value": "1"}]`, 400, "cannot be patched"},
		"one tag of several":                     {`[{"op": "add", "path": "/tags/0", "value": "1"}]`, 400, "cannot be patched"},
		"the inside of a digest":                 {`[{"op": "add", "path": "/connectionProperties/password/$sealed", "value": "1"}]`, 400, "cannot be patched"},
		"a list with a digest":                   {`[{"op": "add", "path": "/connectionProperties/password", "value": [{"$sealed": "1"}]}]`, 400, "reserved key"},
		"a replacement of what is not there":     {`[{"op": "replace", "path": "/connectionProperties/database", "value": "d"}]`, 400, "does not apply"},
		"a removal of what is not there":         {`[{"op": "remove", "path": "/connectionProperties/database"}]`, 400, "does not apply"},
		"an empty name":                          {`[{"op": "replace", "path": "/qName", "value": ""}]`, 400, "qName cannot be empty"},
		"a removed name":                         {`[{"op": "remove", "path": "/qName"}]`, 400, "qName cannot be empty"},
		"a name of the wrong type":               {`[{"op": "replace", "path": "/qName", "value": 7}]`, 400, "qName"},
		"tags of the wrong type":                 {`[{"op": "replace", "path": "/tags", "value": "x"}]`, 400, "tags"},
		"too many tags":                          {`[{"op": "replace", "path": "/tags", "value": ["x"` + strings.Repeat(`,"x"`, 32) + `]}]`, 400, "at most 32 tags"},
		"a taken name":                           {`[{"op": "replace", "path": "/qName", "value": "Orders lake"}]`, 409, "exists"},
		"a space that is not there":              {`[{"op": "replace", "path": "/space", "value": "nope"}]`, 403, "no access"},
		"statement and properties, July rule 1":  {`[{"op": "replace", "path": "/qConnectStatement", "value": "s"}, ` + password + `]`, 400, "in one request"},
		"statement alone, July rule 2":           {`[{"op": "replace", "path": "/qConnectStatement", "value": "s"}]`, 400, "needs credentials"},
		"host alone, July rule 3":                {`[` + host + `]`, 400, "needs credentials"},
		"host with a removed password, rule 3":   {`[` + host + `, {"op": "remove", "path": "/connectionProperties/password"}]`, 400, "needs credentials"},
		"credentials in two places, July rule 4": {`[{"op": "replace", "path": "/qPassword", "value": "s"}, ` + password + `]`, 400, "both"},
		"a password that is no string":           {`[{"op": "replace", "path": "/qPassword", "value": 1}]`, 400, "must be a string"},
		"a removed statement":                    {`[{"op": "remove", "path": "/qConnectStatement"}, {"op": "add", "path": "/qPassword", "value": "s"}]`, 400, "cannot be removed"},
		"a statement of another connector":       {`[{"op": "add", "path": "/qConnectStatement", "value": "CUSTOM CONNECT TO \"provider=QvRestConnector.exe;\""}, {"op": "add", "path": "/qPassword", "value": "s"}]`, 400, "provider"},
		"credentials that are not there":         {`[{"op": "add", "path": "/qCredentialsID", "value": "00000000-0000-4000-8000-000000000000"}]`, 404, "not found"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, acme, qlik.Options{})
			path := connections + "/" + r.id("Finance", "Ledger")
			before := r.want(200, "GET", path+"?parseConnection=true", "").text
			got := r.want(test.status, "PATCH", path, test.ops)
			if !strings.Contains(got.detail(), test.detail) {
				t.Errorf("detail %q, want %q", got.detail(), test.detail)
			}
			if after := r.want(200, "GET", path+"?parseConnection=true", "").text; after != before {
				t.Errorf("a refused patch changed something: %s", after)
			}
		})
	}
}

func TestPatchIsAllOrNothing(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	r.want(400, "PATCH", connections+"/"+r.id("Finance", "Ledger"), `[{"op": "replace", "path": "/qName", "value": "Other"},
		{"op": "replace", "path": "/connectionProperties/nope", "value": "x"}]`)
	r.id("Finance", "Ledger")
}

func TestPatchChangesNameSpaceAndTags(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	id := r.id("Finance", "Orders lake")
	r.want(204, "PATCH", connections+"/"+id, `[{"op": "replace", "path": "/qName", "value": "Lake"},
		{"op": "replace", "path": "/space", "value": "`+r.space("Griffin")+`"}, {"op": "add", "path": "/tags", "value": ["a", "b"]}]`)
	if c, found := r.Find("Griffin", "Lake"); !found || c.ID != id || strings.Join(c.Tags, ",") != "a,b" {
		t.Errorf("got found %v: %+v; want the connection in Griffin with the tags a and b", found, c)
	}
	if _, found := r.Find("Finance", "Orders lake"); found {
		t.Error("the old name is still taken")
	}
	r.want(204, "PATCH", connections+"/"+id, `[{"op": "replace", "path": "/space", "value": ""}, {"op": "replace", "path": "/tags", "value": []}]`)
	if c, found := r.Find("", "Lake"); !found || len(c.Tags) != 0 {
		t.Errorf("not moved to the personal space: %+v", c)
	}
	if !r.CredentialEquals(id, "secretKey", "s3cr3t") {
		t.Error("a move lost the credentials")
	}
	r.want(403, "PATCH", connections+"/DataFiles?type=connectionname", `[{"op": "replace", "path": "/qName", "value": "x"}]`)
	r.noMisuse()
}

func TestPatchOfOneCredentialKeepsTheOthers(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	id := r.id("Finance", "Orders lake")
	r.want(204, "PATCH", connections+"/"+id, `[{"op": "replace", "path": "/connectionProperties/secretKey", "value": "n3w"}]`)
	if !r.CredentialEquals(id, "secretKey", "n3w") || r.CredentialEquals(id, "secretKey", "s3cr3t") {
		t.Error("the secret is not the new one")
	}
	if !r.CredentialEquals(id, "accessKey", "AKIA1") {
		t.Error("the access key is lost")
	}
}

func TestPatchReachesIntoCredentialLists(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	r.want(201, "POST", connections, `{"datasourceID": "File_GoogleCloudStorageConnector", "qName": "G",
		"connectionProperties": {"bucketName": "b", "serviceAccountKeyFile": [{"name": "k.json", "value": "AAA"}]}}`)
	id := r.id("", "G")
	if !r.CredentialEquals(id, "serviceAccountKeyFile", `[{"name": "k.json", "value": "AAA"}]`) {
		t.Fatal("the key file is not the one that was sent")
	}
	r.want(204, "PATCH", connections+"/"+id, `[{"op": "replace", "path": "/connectionProperties/serviceAccountKeyFile/0/value", "value": "BBB"}]`)
	if !r.CredentialEquals(id, "serviceAccountKeyFile/0/value", "BBB") || !r.CredentialEquals(id, "serviceAccountKeyFile/0/name", "k.json") {
		t.Error("the patch changed more or less than the value of the key file")
	}
	if r.CredentialEquals(id, "serviceAccountKeyFile", `[{"name": "k.json", "value": "AAA"}]`) || r.CredentialEquals(id, "nope", "x") {
		t.Error("a credential that is not stored equals a value")
	}
	r.want(204, "PATCH", connections+"/"+id, `[{"op": "remove", "path": "/connectionProperties/serviceAccountKeyFile"}]`)
	if r.HasCredentials(id) {
		t.Error("got credentials after their removal, want none")
	}
	r.noMisuse()
}

func TestAHostChangeUnlinksSeparatedCredentials(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	id := r.id("Finance", "Ledger")
	r.want(204, "PATCH", connections+"/"+id, `[{"op": "add", "path": "/connectionProperties/separateCredentials", "value": true}]`)
	r.want(204, "PATCH", connections+"/"+id, `[{"op": "replace", "path": "/connectionProperties/host", "value": "db2"},
		{"op": "replace", "path": "/connectionProperties/password", "value": "x"}]`)
	if got := r.want(200, "GET", connections+"/"+id, ""); got.body["qCredentialsID"] != nil || got.body["qSeparateCredentials"] != true {
		t.Errorf("still linked: %s", got.text)
	}
}
