package qlik_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

const snowStatement = `CUSTOM CONNECT TO \"provider=QvOdbcConnectorPackage.exe;driver=snowflake;server=x.example;port=443;odd=1;\"`

// snow is a create in the statement form, with more fields.
func snow(more string) string {
	return `{"datasourceID": "snowflake", "qName": "Snow", "qType": "QvOdbcConnectorPackage.exe", "qConnectStatement": "` + snowStatement + `"` + more + `}`
}

func TestCreateTakesAStatement(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	const id = "b4a949cb-3aaf-4cd5-a140-dd3ea34f0d28"
	made := r.want(201, "POST", connections, snow(`, "qID": "`+id+`", "qLogOn": "LOG_ON_CURRENT_USER", "qUsername": "ana",
		"qPassword": "encoded", "tags": ["a"], "qArchitecture": 1, "qConnectionSecret": "s3cr3t", "owner": "an app"`))
	if made.body["qID"] != id || made.body["qLogOn"] != "LOG_ON_CURRENT_USER" || made.body["qCredentialsID"] == nil ||
		compact(t, made.body["tags"]) != `["a"]` || strings.Contains(made.text, "encoded") {
		t.Errorf("got %s, want the connection of the statement with credentials and without the encoded secret", made.text)
	}
	got := r.want(200, "GET", connections+"/"+id+"?parseConnection=true", "")
	if compact(t, got.body["connectionProperties"]) != `{"port":"443","server":"x.example"}` || got.body["qLogOn"] != 1.0 ||
		got.body["qArchitecture"] != 1.0 || got.body["qConnectStatement"] != strings.ReplaceAll(snowStatement, `\"`, `"`) {
		t.Errorf("got %s, want the properties of the statement", got.text)
	}
	if secret, _ := got.body["qConnectionSecret"].(string); secret == "" || strings.Contains(got.text, "s3cr3t") {
		t.Errorf("the connection secret is missing or the one that was sent: %q", secret)
	}
	if list := r.want(200, "GET", connections, ""); strings.Contains(list.text, "qConnectionSecret") {
		t.Error("the list has the connection secret")
	}
	if !r.CredentialEquals(id, "qPassword", "encoded") {
		t.Error("the password is not the one that was sent")
	}
	r.want(204, "PATCH", connections+"/"+id, `[{"op": "replace", "path": "/connectionProperties/port", "value": "444"}]`)
	if text, _ := r.want(200, "GET", connections+"/"+id, "").body["qConnectStatement"].(string); !strings.Contains(text, "port=444;") || !strings.Contains(text, "odd=1;") {
		t.Errorf("statement after a patch: %s", text)
	}
	r.noMisuse()
}

func TestCreateWithAStatementRefuses(t *testing.T) {
	tests := map[string]struct {
		body, detail string
		status       int
	}{
		"a log-on that is a number":     {snow(`, "qLogOn": 1`), "qLogOn", 400},
		"an unknown log-on":             {snow(`, "qLogOn": "2"`), "qLogOn", 400},
		"an architecture of its own":    {snow(`, "qArchitecture": 2`), "qArchitecture", 400},
		"33 tags":                       {snow(`, "tags": ["x"` + strings.Repeat(`,"x"`, 32) + `]`), "at most 32", 400},
		"ids that differ":               {snow(`, "qID": "b4a949cb-3aaf-4cd5-a140-dd3ea34f0d28", "qEngineObjectID": "x"`), "the same", 400},
		"an id that is no UUID":         {snow(`, "qID": "x"`), "UUID", 400},
		"properties next to it":         {snow(`, "connectionProperties": {}`), "unknown field", 400},
		"a statement of another form":   {strings.Replace(snow(""), "CUSTOM", "ODBC", 1), "CUSTOM CONNECT TO", 400},
		"another provider inside":       {strings.Replace(snow(""), "provider=QvOdbc", "provider=X", 1), "provider", 400},
		"no type":                       {strings.Replace(snow(""), `"qType": "QvOdbcConnectorPackage.exe", `, "", 1), "qType", 400},
		"no name":                       {strings.Replace(snow(""), `"qName": "Snow", `, "", 1), "qName", 400},
		"no data source":                {strings.Replace(snow(""), `"datasourceID": "snowflake", `, "", 1), "datasourceID", 400},
		"a space that is not there":     {snow(`, "space": "nope"`), "no access", 403},
		"credentials that do not exist": {snow(`, "qCredentialsID": "b4a949cb-3aaf-4cd5-a140-dd3ea34f0d28"`), "credential", 404},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, acme, qlik.Options{})
			if got := r.want(test.status, "POST", connections, test.body); !strings.Contains(got.detail(), test.detail) {
				t.Errorf("detail %q, want %q", got.detail(), test.detail)
			}
		})
	}
	t.Run("a name that is taken", func(t *testing.T) {
		r := newRig(t, acme, qlik.Options{})
		r.want(201, "POST", connections, snow(""))
		r.want(409, "POST", connections, snow(""))
	})
}

func TestAStatementMayHoldAToken(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	got := r.want(201, "POST", connections, `{"datasourceID": "rest", "qName": "n", "connectionProperties": {"url": "https://a.example",
		"queryHeaders": [{"name": "X-Token", "value": "in the open"}, {"name": "X-Key", "value": "hidden", "encrypt": true}]}}`)
	text := got.body["qConnectStatement"].(string)
	if !strings.Contains(text, "queryHeaders=X-Token%2in the open;") || strings.Contains(text, "hidden") {
		t.Errorf("got statement %s, want the header in the open and not the hidden one", text)
	}
}

func TestPatchOfTheStatement(t *testing.T) {
	const statement = `{"op": "replace", "path": "/qConnectStatement", "value": "CUSTOM CONNECT TO \"provider=QvOdbcConnectorPackage.exe;driver=sqlserver;host=db9;\""}`
	r := newRig(t, acme, qlik.Options{})
	path := connections + "/" + r.id("Finance", "Ledger")
	r.want(400, "PATCH", path, `[`+statement+`, {"op": "replace", "path": "/qUsername", "value": "u"}]`)
	r.want(204, "PATCH", path, `[`+statement+`, {"op": "replace", "path": "/qPassword", "value": "enc"}, {"op": "replace", "path": "/qUsername", "value": "u"}]`)
	got := r.want(200, "GET", path+"?parseConnection=true", "")
	if compact(t, got.body["connectionProperties"]) != `{"host":"db9"}` || got.body["qCredentialsID"] == nil {
		t.Errorf("got %s, want host db9 and the stored credentials", got.text)
	}
	id := r.id("Finance", "Ledger")
	if !r.CredentialEquals(id, "qPassword", "enc") || r.CredentialEquals(id, "password", "pw1") {
		t.Error("the new password is not the only credential")
	}
	r.noMisuse()
}

func TestPut(t *testing.T) {
	const put = `{"qID": "ID", "qEngineObjectID": "ID", "qName": "Ledger 2", "qType": "QvOdbcConnectorPackage.exe", "qConnectStatement":
		"CUSTOM CONNECT TO \"provider=QvOdbcConnectorPackage.exe;driver=sqlserver;host=db2;database=d;\""`
	tests := map[string]struct {
		body   string
		status int
		detail string
	}{
		"changes name and statement":      {put + `}`, 204, ""},
		"takes every documented field":    {put + `, "qLogOn": "0", "qUsername": "u", "qPassword": "p", "datasourceID": "mssql", "qArchitecture": 0, "qConnectionSecret": "", "qSeparateCredentials": false}`, 204, ""},
		"has no tags":                     {put + `, "tags": []}`, 400, "unknown field tags"},
		"needs the id":                    {strings.Replace(put, `"qID": "ID", `, "", 1) + `}`, 400, "qID"},
		"needs the engine's id":           {strings.Replace(put, `"qEngineObjectID": "ID", `, "", 1) + `}`, 400, "qEngineObjectID"},
		"keeps the id":                    {strings.Replace(put, `"ID"`, `"x"`, 1) + `}`, 400, "those of the connection"},
		"keeps the data source":           {put + `, "datasourceID": "rest"}`, 400, "datasourceID"},
		"refuses a taken name":            {strings.Replace(put, "Ledger 2", "Orders lake", 1) + `}`, 409, "exists"},
		"refuses a space it cannot enter": {put + `, "space": "nope"}`, 403, "no access"},
		"refuses unknown credentials":     {put + `, "qCredentialsID": "b4a949cb-3aaf-4cd5-a140-dd3ea34f0d28"}`, 404, "credential"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, acme, qlik.Options{})
			id := r.id("Finance", "Ledger")
			got := r.want(test.status, "PUT", connections+"/"+id, strings.ReplaceAll(test.body, `"ID"`, `"`+id+`"`))
			if !strings.Contains(got.detail(), test.detail) {
				t.Errorf("detail %q, want %q", got.detail(), test.detail)
			}
			if !r.CredentialEquals(id, "password", "pw1") || r.CredentialEquals(id, "qPassword", "p") {
				t.Error("PUT changed credentials")
			}
			if test.status != 204 {
				return
			}
			parsed := r.want(200, "GET", connections+"/"+id+"?parseConnection=true", "").body["connectionProperties"]
			if got := compact(t, parsed); !strings.HasPrefix(got, `{"database":"d","host":"db2"`) {
				t.Errorf("the properties are not those of the statement: %s", got)
			}
		})
	}
}

func TestDuplicate(t *testing.T) {
	const action = connections + "/actions/duplicate"
	r := newRig(t, acme, qlik.Options{})
	id := r.id("Finance", "Orders lake")
	made := r.want(201, "POST", action, `{"id": "`+id+`"}`)
	if made.body["qName"] != "Orders lake (1)" || made.body["qLogOn"] != "1" || made.body["tags"] != nil || made.body["qCredentialsID"] == nil {
		t.Errorf("got the duplicate %s, want its own name, no tags and the credentials", made.text)
	}
	if !r.CredentialEquals(made.body["qID"].(string), "secretKey", "s3cr3t") {
		t.Error("the credentials were not copied")
	}
	made = r.want(201, "POST", action, `{"id": "`+id+`", "name": "Mine too", "spaceId": "", "qUsername": "u", "qPassword": "enc"}`)
	copied := made.body["qID"].(string)
	if c, found := r.Find("", "Mine too"); !found || c.ID != copied || r.CredentialEquals(copied, "secretKey", "s3cr3t") || !r.CredentialEquals(copied, "qPassword", "enc") {
		t.Errorf("got found %v: %+v; want the copy with the copied credentials", found, c)
	}
	r.want(409, "POST", action, `{"id": "`+id+`", "name": "Ledger"}`)
	r.want(400, "POST", action, `{"name": "x"}`)
	r.want(400, "POST", action, `{"id": "`+id+`", "name": "DataFiles"}`)
	r.want(400, "POST", action, `{"id": "`+r.want(200, "GET", connections+"/DataFiles?type=connectionname", "").body["qID"].(string)+`"}`)
	r.want(404, "POST", action, `{"id": "00000000-0000-4000-8000-000000000000"}`)
	r.want(403, "POST", action, `{"id": "`+r.find("His")+`"}`)
	r.want(403, "POST", action, `{"id": "`+id+`", "spaceId": "nope"}`)
	r.noMisuse()
}

func TestTheListIsFiltered(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	tests := map[string]string{
		`qName eq "ledger"`:                                       "Ledger",
		`qName ne "Ledger"`:                                       "Gold,Mine,Orders lake",
		`qName co "LA" or qName sw "gol"`:                         "Gold,Orders lake",
		`qName ew "e" and not (datasourceID eq "rest")`:           "Orders lake",
		`qType eq "QvRestConnector.exe"`:                          "Mine",
		`qType sw "QvOdbc" and (qName gt "h" and qName le "m")`:   "Ledger",
		`qName ge "mine" and qName lt "mineral"`:                  "Mine",
		`qri co "snowflake"`:                                      "Gold",
		`datasourceID pr and qName co "g"`:                        "Gold,Ledger",
		`created gt "2000-01-10T15:04:05Z"`:                       "Gold,Ledger,Mine,Orders lake",
		`updated lt "2026-01-02T03:04:05.910Z"`:                   "",
		`created eq "2026-01-02T04:04:05.91+01:00"`:               "Gold,Ledger,Mine,Orders lake",
		`qName co "o" or qName co "i" and datasourceID eq "rest"`: "Gold,Mine,Orders lake",
	}
	for filter, want := range tests {
		t.Run(filter, func(t *testing.T) {
			if got := r.in(t).want(200, "GET", connections+"?noDatafiles=true&sort=qName&filter="+url.QueryEscape(filter), "").names(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	for _, filter := range []string{`space eq "x"`, `qName is "x"`, `qName eq x`, `created gt "yesterday"`, `created co "2026"`, `not qName eq "x"`, `(qName pr`, `qName`, `qName eq`} {
		r.want(400, "GET", connections+"?filter="+url.QueryEscape(filter), "")
	}
	if got := r.want(200, "GET", connections+"?filter="+url.QueryEscape(`qName eq "nothing"`), ""); len(got.list("data")) != 4 {
		t.Errorf("the filter should not apply to DataFiles: %s", got.names())
	}
	r.noMisuse()
}

func TestTheOtherListParameters(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	bob := r.user("bob@acme.example")
	for query, want := range map[string]string{
		"?sort=-qName&userId=" + bob:                      "Ledger,His",
		"?sort=qName&caseinsensitive=true&locale=de":      "Gold,Ledger,Mine,Orders lake",
		"?owner=an-app&sort=%2BqName":                     "Gold,Ledger,Mine,Orders lake",
		"?userId=" + bob + "&personal=true&extended=true": "His",
	} {
		if got := r.want(200, "GET", connections+query, "").names(); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	if got := r.want(200, "GET", connections+"?dataName=connections&noDatafiles=true", ""); len(got.list("connections")) != 4 || got.body["data"] != nil {
		t.Errorf("got %s, want four connections under that name only", got.text)
	}
	r.want(400, "GET", connections+"?dataName=", "")
	if got := r.want(200, "GET", connections+"/"+r.id("Finance", "Ledger")+"?extended=true", ""); got.at("qCredentials", "ciphertext") == nil {
		t.Errorf("got %s, want the encrypted credentials that extended asks for", got.text)
	}
	r.noMisuse()
	other := newRig(t, asBob, qlik.Options{})
	other.want(403, "GET", connections+"?userId="+other.user("ana@acme.example"), "")
}

func TestDataSourcesCanBeSwitchedOff(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	const settings = "/api/v1/data-sources/rest/settings"
	if got := r.want(200, "GET", settings, ""); got.body["disabled"] != false {
		t.Errorf("got settings %s, want an enabled data source", got.text)
	}
	r.want(200, "PUT", settings, `{"disabled": true}`)
	r.want(404, "GET", "/api/v1/data-sources/rest/api-specs", "")
	if got := r.want(200, "GET", settings, ""); got.body["disabled"] != true {
		t.Errorf("got settings %s, want a disabled data source", got.text)
	}
	if got := r.want(200, "GET", connections+"?noDatafiles=true", "").names(); strings.Contains(got, "Mine") {
		t.Errorf("a connection of a disabled data source is listed: %s", got)
	}
	r.want(400, "PUT", settings, `{}`)
	r.want(404, "PUT", "/api/v1/data-sources/nope/settings", `{"disabled": true}`)
	r.want(404, "GET", "/api/v1/data-sources/nope/settings", "")
	r.want(200, "PUT", settings, `{"disabled": false}`)
	r.want(200, "GET", "/api/v1/data-sources/rest/api-specs", "")
	got := r.want(200, "GET", "/api/v1/data-sources?includeui=true&detail=true", "")
	if first := got.list("dataSources")[0]; first["uiInfo"] == nil || len(got.list("connectorNodes")) == 0 {
		t.Errorf("got %s, want uiInfo and connector nodes", got.text)
	}
	r.noMisuse()
	newRig(t, asBob, qlik.Options{}).want(403, "PUT", settings, `{"disabled": true}`)
}

func TestGateways(t *testing.T) {
	r := newRig(t, strings.Replace(acme, `"token"`, `"gateways": [{"name": "Munich", "default": true}, {"id": "a::b", "name": "Lund"}], "token"`, 1), qlik.Options{})
	got := r.want(200, "GET", "/api/v1/data-sources/DG_snowflake/gateways?forceRefresh=true", "").list("gateways")
	if len(got) != 2 || got[0]["default"] != true || got[1]["id"] != "a::b" {
		t.Errorf("got gateways %v, want two: the default one and a::b", got)
	}
	r.want(404, "GET", "/api/v1/data-sources/snowflake/gateways", "")
	r.want(404, "GET", "/api/v1/data-sources/DG_nope/gateways", "")
	const create = `{"datasourceID": "DG_snowflake", "qName": "n", "connectionProperties": {"server": "x", "gatewayInstance": "`
	r.want(400, "POST", connections, create+`c::d"}}`)
	if made := r.want(201, "POST", connections, create+`a::b"}}`); made.body["qType"] != "QlikConnectorsCommonService.exe" {
		t.Errorf("got %s, want the type of the gateway's connector service", made.text)
	}
	r.noMisuse()
	newRig(t, acme, qlik.Options{}).want(404, "GET", "/api/v1/data-sources/DG_snowflake/gateways", "")
}

func TestUsersAreFilteredByABody(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	const path = "/api/v1/users/actions/filter"
	if got := r.want(200, "POST", path+"?limit=1", `{"filter": "name co \"a\" and (status eq \"active\")"}`); got.names() != "Ana" {
		t.Errorf("got users %s, want Ana only", got.text)
	}
	r.want(400, "POST", path, `{"filter": "status co \"a\""}`)
	r.want(400, "POST", path, `{"filter": "id eq \"x\"`+strings.Repeat(` or id eq \"x\"`, 100)+`"}`)
	for range 197 {
		r.want(200, "POST", path, `{}`)
	}
	r.want(429, "POST", path, `{}`)
	r.want(200, "GET", "/api/v1/users", "")
	r.noMisuse()
}

// gbq is a create of a BigQuery connection that a person signs in for.
func gbq(more string) string {
	return `{"datasourceID": "gbq", "qName": "Big", "connectionProperties": {"OAuthMechanism": "1", "Catalog": "p", "authCode": "` + more + `}`
}

func TestInteractiveOAuth(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	begun := r.want(201, "POST", connections, gbq(`"}, "authUrlOnly": true`))
	address, _ := begun.body["authUrl"].(string)
	if _, made := r.Find("", "Big"); made || address == "" || len(begun.body) != 1 {
		t.Fatalf("got made %v: %s; want no connection before the sign-in, and only the address in the answer", made, begun.text)
	}
	code, err := r.SignIn(address)
	if err != nil {
		t.Fatal(err)
	}
	if page := r.want(200, "GET", address, ""); !strings.Contains(page.text, code) {
		t.Errorf("the page does not show the code: %s", page.text)
	}
	r.want(400, "POST", connections, gbq(`"}`))
	r.want(400, "POST", connections, gbq(`wrong"}`))
	made := r.want(201, "POST", connections, gbq(code+`"}`))
	if strings.Contains(made.text, code) || made.body["qCredentialsID"] == nil {
		t.Errorf("got %s, want credentials and no code in the answer", made.text)
	}
	r.want(400, "POST", connections, strings.Replace(gbq(code+`"}`), "Big", "Bigger", 1)) // a code is for one use
	if _, err := r.SignIn(address); err == nil {
		t.Error("the address can be used again")
	}
	next, _ := r.want(201, "POST", connections, gbq(`"}, "authUrlOnly": true`)).body["authUrl"].(string)
	code, err = r.SignIn(next)
	if err != nil || next == address {
		t.Fatalf("got error %v, next address %q; want a new address", err, next)
	}
	const ops = `[{"op": "replace", "path": "/connectionProperties/Catalog", "value": "q"}]`
	path := connections + "/" + made.body["qID"].(string)
	if status := r.patchWithCode(path, ops, "code="+code); status != 204 {
		t.Errorf("got status %d for a patch with a fresh code, want 204", status)
	}
	if status := r.patchWithCode(path, ops, code); status != 400 {
		t.Errorf("got status %d for a patch with a used code, want 400", status)
	}
	r.want(204, "PATCH", path, ops)                                                                       // a value that is not secret needs no code
	r.want(400, "PATCH", path, `[{"op": "add", "path": "/connectionProperties/authCode", "value": "x"}]`) // a patch takes it in the header
	r.noMisuse()
	r.want(201, "POST", connections, `{"datasourceID": "rest", "qName": "n", "authUrlOnly": true, "connectionProperties": {}}`) // ignored
	if status := r.patchWithCode(connections+"/"+r.id("", "Mine"), `[{"op": "replace", "path": "/qName", "value": "m"}]`, "x"); status != 400 || len(r.Misuse()) != 1 {
		t.Errorf("status %d, misuse %q", status, r.Misuse())
	}
}

func (r *rig) patchWithCode(path, body, code string) int {
	r.t.Helper()
	request, err := http.NewRequest("PATCH", r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("qlik-auth-code", code)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		r.t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

func TestASignInSurvivesTheProcess(t *testing.T) {
	file := t.TempDir() + "/state.json"
	open := func() *inspect.Tenant {
		tenant, err := inspect.Open([]byte(acme), file, qlik.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return tenant
	}
	var address string
	t.Run("begin", func(t *testing.T) {
		address = serve(t, open()).want(201, "POST", connections, gbq(`"}, "authUrlOnly": true`)).body["authUrl"].(string)
	})
	t.Run("end", func(t *testing.T) {
		r := serve(t, open())
		code, err := r.SignIn(address)
		if err != nil {
			t.Fatal(err)
		}
		r.want(201, "POST", connections, gbq(code+`"}`))
	})
}
