package qlik_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// TestSwitches does the same thing with a switch off and on, set by Options and by the seed.
func TestSwitches(t *testing.T) {
	tests := map[string]struct {
		on      qlik.Behaviour
		seed    string
		caller  string // acme, or asBob
		do      func(r *rig) string
		off, is string
	}{
		"credentials are patched by the owner only": {
			qlik.Behaviour{CredentialsByOwnerOnly: true}, `{"credentialsByOwnerOnly": true}`, acme, func(r *rig) string {
				path := connections + "/" + r.id("Finance", "Ledger") // Bob's
				r.want(204, "PATCH", path, `[{"op": "replace", "path": "/qName", "value": "L"}]`)
				return r.status("PATCH", path, `[{"op": "replace", "path": "/connectionProperties/password", "value": "x"}]`)
			}, "204", "403",
		},
		"a patch of tags keeps the server's": {
			qlik.Behaviour{KeepServerTag: true}, `{"keepServerTag": true}`, acme, func(r *rig) string {
				path := connections + "/" + r.made(`{"url": "https://a.example"}`)
				r.want(204, "PATCH", path, `[{"op": "replace", "path": "/tags", "value": ["a"]}]`)
				return compact(r.t, r.want(200, "GET", path, "").body["tags"])
			}, `["a"]`, `["a","DcaasAPI:QvRestConnector.exe:3.30.0"]`,
		},
		"a patch of the space is refused": {
			qlik.Behaviour{RefuseSpacePatch: true}, `{"refuseSpacePatch": true}`, acme, func(r *rig) string {
				return r.status("PATCH", connections+"/"+r.id("", "Mine"), `[{"op": "add", "path": "/space", "value": "`+r.space("Finance")+`"}]`)
			}, "204", "400",
		},
		"values are normalised": {
			qlik.Behaviour{NormaliseValues: true},
			`{"normaliseValues": true}`, acme, func(r *rig) string {
				id := r.want(201, "POST", connections, `{"datasourceID": "mssql", "qName": "n", "connectionProperties":
					{"host": "h", "port": 1500, "QueryTimeout": "7", "separateCredentials": "false"}}`).body["qID"].(string)
				return r.parsed(id)
			}, `{"QueryTimeout":"7","host":"h","port":1500,"separateCredentials":"false"}`,
			`{"QueryTimeout":7,"host":"h","maxStringLength":4096,"port":"1500","separateCredentials":false}`,
		},
		"settings of separated credentials are not read back": {
			qlik.Behaviour{HideCredentialSettings: true}, `{"hideCredentialSettings": true}`, acme, func(r *rig) string {
				return r.parsed(r.want(201, "POST", connections, sql("n", `, "credentialsName": "c", "password": "p"`)).body["qID"].(string))
			}, `{"credentialsName":"c","host":"h","separateCredentials":true}`, `{"host":"h","separateCredentials":true}`,
		},
		"separateCredentials is not read back": {
			qlik.Behaviour{HideSeparateCredentials: true}, `{"hideSeparateCredentials": true}`, acme, func(r *rig) string {
				id := r.want(201, "POST", connections, sql("n", `, "credentialsName": "c", "password": "p"`)).body["qID"].(string)
				return fmt.Sprint(r.parsed(id), r.want(200, "GET", connections+"/"+id, "").body["qSeparateCredentials"])
			}, `{"credentialsName":"c","host":"h","separateCredentials":true}true`, `{"credentialsName":"c","host":"h"}true`,
		},
		"optional members are left out": {
			qlik.Behaviour{Without: []string{"user", "created"}}, `{"without": ["user", "created"]}`, acme, func(r *rig) string {
				body := r.want(200, "GET", connections+"/"+r.id("Finance", "Ledger"), "").body
				return fmt.Sprint(body["user"] != nil, body["created"] != nil, body["updated"] != nil)
			}, "true true true", "false false true",
		},
		"a host change of what has no credentials needs none": {
			qlik.Behaviour{AnonymousHostChange: true}, `{"anonymousHostChange": true}`, acme, func(r *rig) string {
				const move = `[{"op": "replace", "path": "/connectionProperties/HOST", "value": "https://b.example"}]`
				statuses := r.status("PATCH", connections+"/"+r.made(`{"url": "https://a.example"}`), strings.Replace(move, "HOST", "url", 1))
				return statuses + " " + r.status("PATCH", connections+"/"+r.id("Finance", "Ledger"), strings.Replace(move, "HOST", "host", 1))
			}, "400 400", "204 400",
		},
		"only a password comes with a change of host": {
			qlik.Behaviour{HostChangeNeedsPassword: true}, `{"hostChangeNeedsPassword": true}`, acme, func(r *rig) string {
				path := connections + "/" + r.id("Finance", "Ledger")
				const move = `[{"op": "replace", "path": "/connectionProperties/host", "value": "h2"}, {"op": "add", "path": "/connectionProperties/`
				return r.status("PATCH", path, move+`username", "value": "x"}]`) + " " + r.status("PATCH", path, move+`password", "value": "x"}]`)
			}, "204 204", "400 204",
		},
		"a patch says value": {
			qlik.Behaviour{StrictPatchKeys: true}, `{"strictPatchKeys": true}`, acme, func(r *rig) string {
				return r.status("PATCH", connections+"/"+r.id("Finance", "Ledger"), `[{"op": "replace", "path": "/qName", "Value": "L"}]`)
			}, "204", "400",
		},
		"schemas are detailed": {
			qlik.Behaviour{DetailedSpecs: true}, `{"detailedSpecs": true}`, acme, func(r *rig) string {
				got := r.want(200, "GET", "/api/v1/data-sources/mssql/api-specs", "")
				return compact(r.t, []any{
					got.at("connectionProperties", "required"), got.at("connectionProperties", "properties", "password", "format"),
					got.at("connectionProperties", "properties", "host", "type"),
				})
			}, `[null,null,"string"]`, `[["host"],"password","string"]`,
		},
		"a list without limit is paged": {
			qlik.Behaviour{DefaultPageSize: 2}, `{"defaultPageSize": 2}`, acme, func(r *rig) string {
				list := r.want(200, "GET", connections+"?noDatafiles=true", "")
				return fmt.Sprint(len(list.list("data")), list.at("links", "next") != nil, list.at("meta", "count"))
			}, "4 false 4", "2 true 4",
		},
		"a removed property falls back to its default": {
			qlik.Behaviour{RestoreDefaults: true}, `{"restoreDefaults": true}`, acme, func(r *rig) string {
				id := r.id("Finance", "Orders lake")
				r.want(204, "PATCH", connections+"/"+id, `[{"op": "remove", "path": "/connectionProperties/region"}, {"op": "remove", "path": "/connectionProperties/bucketName"}]`)
				return r.parsed(id)
			}, `{}`, `{"region":"us-east-1"}`,
		},
		"values are rewritten": {
			qlik.Behaviour{RewriteValues: true},
			`{"rewriteValues": true}`, acme, func(r *rig) string {
				return r.parsed(r.made(`{"queryHeaders": [{"name": "Z", "value": "1"}, {"name": "A", "value": "2", "encrypt": "false"}]}`))
			}, `{"queryHeaders":[{"name":"Z","value":"1"},{"encrypt":"false","name":"A","value":"2"}]}`,
			`{"queryHeaders":[{"encrypt":"false","name":"A","value":"2"},{"encrypt":false,"name":"Z","value":"1"}]}`,
		},
		"a duplicate has the tags": {
			qlik.Behaviour{DuplicateCopiesTags: true}, `{"duplicateCopiesTags": true}`, acme, func(r *rig) string {
				return compact(r.t, r.want(201, "POST", connections+"/actions/duplicate", `{"id": "`+r.id("Finance", "Orders lake")+`"}`).body["tags"])
			}, `null`, `["orders"]`,
		},
		"names ignore case": {
			qlik.Behaviour{NamesIgnoreCase: true}, `{"namesIgnoreCase": true}`, acme, func(r *rig) string {
				found := r.status("GET", connections+"/MINE?type=connectionname", "")
				return found + " " + r.status("POST", connections, `{"datasourceID": "rest", "qName": "mine", "connectionProperties": {}}`)
			}, "404 201", "200 409",
		},
		"unknown properties are ignored": {
			qlik.Behaviour{IgnoreUnknownProperties: true}, `{"ignoreUnknownProperties": true}`, acme, func(r *rig) string {
				return r.status("POST", connections, `{"datasourceID": "rest", "qName": "n", "connectionProperties": {"nope": 1}}`)
			}, "400", "201",
		},
		"bulk actions have a maximum": {
			qlik.Behaviour{BulkMaximum: 1}, `{"bulkMaximum": 1}`, acme, func(r *rig) string {
				const two = `{"connections": [{"id": "a"}, {"id": "b"}]}`
				return r.status("POST", bulkUpdate, two) + " " + r.status("POST", connections+"/actions/delete", two)
			}, "207 207", "400 400",
		},
		"the user name is shown": {
			qlik.Behaviour{ShowUsername: true},
			`{"showUsername": true}`, acme, func(r *rig) string {
				id := r.id("Finance", "Ledger")
				before := r.parsed(id)
				r.want(204, "PATCH", connections+"/"+id, `[{"op": "replace", "path": "/connectionProperties/username", "value": "new"}]`)
				return before + r.parsed(id)
			}, `{"host":"db1","port":"1433"}{"host":"db1","port":"1433"}`,
			`{"host":"db1","port":"1433","username":"sa"}{"host":"db1","port":"1433","username":"new"}`,
		},
		"a new owner finds unusable credentials": {
			qlik.Behaviour{OwnerChangeKeepsCredentials: true}, `{"ownerChangeKeepsCredentials": true}`, acme, func(r *rig) string {
				id := r.id("Finance", "Orders lake")
				r.want(207, "POST", bulkUpdate, `{"connections": [{"id": "`+id+`", "ownerId": "`+r.user("bob@acme.example")+`"}]}`)
				c, _ := r.Find("Finance", "Orders lake")
				moved := [2]bool{c.HasCredentials, c.Stale}
				r.want(204, "PATCH", connections+"/"+id, `[{"op": "replace", "path": "/connectionProperties/secretKey", "value": "x"}]`)
				c, _ = r.Find("Finance", "Orders lake")
				return compact(r.t, moved) + compact(r.t, [2]bool{c.HasCredentials, c.Stale})
			}, `[false,false][true,false]`, `[true,true][true,false]`,
		},
		"only datasourceID is taken": {
			qlik.Behaviour{DataSourceKey: "datasourceID"}, `{"dataSourceKey": "datasourceID"}`, acme, bothKeys, "201 201", "201 400",
		},
		"only dataSourceId is taken": {
			qlik.Behaviour{DataSourceKey: "dataSourceId"}, `{"dataSourceKey": "dataSourceId"}`, acme, bothKeys, "201 201", "400 201",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			seeded := strings.Replace(test.caller, `"token"`, `"behaviour": `+test.seed+`, "token"`, 1)
			for _, way := range []struct {
				name, seed string
				options    qlik.Options
				want       string
			}{
				{"off", test.caller, qlik.Options{}, test.off},
				{"by options", test.caller, qlik.Options{Behaviour: test.on}, test.is},
				{"by the seed", seeded, qlik.Options{}, test.is},
			} {
				r := newRig(t, way.seed, way.options)
				if got := test.do(r); got != way.want {
					t.Errorf("%s: got %s, want %s", way.name, got, way.want)
				}
				r.noMisuse()
			}
		})
	}
}

func bothKeys(r *rig) string {
	first := r.status("POST", connections, `{"datasourceID": "rest", "qName": "n1", "connectionProperties": {}}`)
	return first + " " + r.status("POST", connections, `{"dataSourceId": "rest", "qName": "n2", "connectionProperties": {}}`)
}

func (r *rig) status(method, path, body string) string {
	r.t.Helper()
	return compact(r.t, r.do(method, path, body).status)
}

// made creates a REST connection and returns its id.
func (r *rig) made(properties string) string {
	r.t.Helper()
	return r.want(201, "POST", connections, `{"datasourceID": "rest", "qName": "made", "connectionProperties": `+properties+`}`).body["qID"].(string)
}

func (r *rig) parsed(id string) string {
	r.t.Helper()
	return compact(r.t, r.want(200, "GET", connections+"/"+id+"?parseConnection=true", "").body["connectionProperties"])
}

func TestATenantOfOneUserHasHalfTheLimit(t *testing.T) {
	const one = `{"users": [{"email": "ana@acme.example"}], "rateLimits": {"tier1": {"requests": 10, "seconds": 60}}}`
	for name, test := range map[string]struct {
		seed string
		on   bool
		most int
	}{
		"off":               {one, false, 10},
		"one user":          {one, true, 5},
		"two users":         {strings.Replace(one, `"}]`, `"}, {"email": "bob@acme.example"}]`, 1), true, 10},
		"a limit of one":    {strings.Replace(one, "10", "1", 1), false, 1},
		"half of one: none": {strings.Replace(one, "10", "1", 1), true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			r := newRig(t, test.seed, qlik.Options{Now: func() time.Time { return now }, Behaviour: qlik.Behaviour{TenantLimit: test.on}})
			for range test.most {
				r.want(200, "GET", connections, "")
			}
			if wait := r.want(429, "GET", connections, "").header.Get("Retry-After"); wait != "60" {
				t.Errorf("got Retry-After %q, want 60: half the limit of a tenant with more users", wait)
			}
			now = now.Add(time.Minute)
			if test.most > 0 {
				r.want(200, "GET", connections, "")
			}
		})
	}
}

func TestWrongSwitchesAreRefused(t *testing.T) {
	for name, b := range map[string]qlik.Behaviour{"a negative maximum": {BulkMaximum: -1}, "an unknown key": {DataSourceKey: "id"}} {
		t.Run(name, func(t *testing.T) {
			if _, err := inspect.New([]byte(acme), qlik.Options{Behaviour: b}); err == nil {
				t.Error("got no error for a wrong switch, want one")
			}
		})
	}
}
