package qlik_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// Where the published documents contradict each other or themselves, the client
// keeps to one side, and the embedded tenant holds it to that. The rows are those
// of our list of contradictions, by number; a row that is about the documents alone
// is tested by what is sent, or what is accepted.
var contradictions = []struct {
	row   int
	topic string
	test  func(*testing.T)
}{
	{1, "the body of a patch is a bare array", patchIsABareArray},
	{2, "the key in a patch is value, and Value is understood", patchSaysValue},
	{3, "a create names its data source once, and in the other spelling if that one is asked for", createNamesItsSourceOnce},
	{4, "an answer names a data source as datasourceID here and as dataSourceId there", answersSpellBothWays},
	{5, "the space of a look-up is spaceId, and the answer is checked", spaceIsAskedForAndChecked},
	{6, "the id is qID, or else id", idIsEither},
	{7, "qLogOn is a number here and a text there, and is not sent", logOnIsEither},
	{8, "a page size is always asked for, and pages are followed to the end", pagesAreAskedFor},
	{9, "31 tags fit into a create, with all of ours", tagsFit},
	{10, "createdAt and updatedAt of the newer copy are no news", newerDatesAreIgnored},
	{11, "the provider in a statement is not the type, and no statement is ever sent", statementsAreNotOurs},
	{12, "separateCredentials is the boolean and its text", separateCredentialsIsEither},
	{13, "a number is itself and its text", numbersAreEither},
	{14, "a switch that is a text is the switch", switchesAreEither},
	{15, "a value of an enum is that of the api-specs", enumsAreThoseOfTheSpecs},
	{16, "nothing is ever put, which would not write credentials", nothingIsPut},
	{17, "credentials are patched, and the id stays", credentialsArePatched},
	{18, "a patch touches what may be patched", patchesTouchWhatTheyMay},
	{19, "a bulk update does not rename", bulkUpdatesDoNotRename},
	{20, "bulk actions ask for a role, by name, and degrade without it", bulkAsksForTheRole},
	{21, "an item of a 207 with a status and an error has failed", itemWithErrorHasFailed},
	{22, "a sign-in begins with a create, and a boolean", signInBeginsWithACreate},
	{23, "a create has no owner", createHasNoOwner},
	{24, "a patch goes to an id", patchGoesToAnID},
	{25, "a token is sent behind Bearer", tokenFollowsBearer},
	{26, "links to oneself are not followed", selfLinksAreIgnored},
	{27, "tags, privileges and properties are no texts", listsAreLists},
	{28, "a statement has no backslash once it is read", statementsAreEscapedOnce},
	{29, "a port is what is declared", portsAreAsDeclared},
	{30, "there is no list of credentials", credentialsHaveNoList},
	{31, "Qlik's own package speaks this API", packageSpeaksIt},
	{32, "the privileges of a create answer are not read", privilegesOfACreateAreNotRead},
	{33, "user is the owner", userIsTheOwner},
	{34, "no token and no role outlives a run", nothingIsRemembered},
	{35, "an owner can be changed", ownersCanBeChanged},
}

func TestContradictionsOfTheDocuments(t *testing.T) {
	for i, c := range contradictions {
		if c.row != i+1 {
			t.Fatalf("got row %d, want row %d", c.row, i+1)
		}
		t.Run(fmt.Sprintf("%02d %s", c.row, c.topic), c.test)
	}
	if len(contradictions) != 35 {
		t.Errorf("got %d contradictions, want 35", len(contradictions))
	}
}

// wire sends a request that the client would not send to an embedded tenant.
func wire(t *testing.T, tenant *inspect.Tenant, method, path, body string) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:8080"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+tenant.Token())
	request.Header.Set("Content-Type", "application/json")
	response, err := embedded{tenant}.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer := map[string]any{}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &answer); err != nil {
			t.Fatalf("%s is not JSON: %v", text, err)
		}
	}
	return response.StatusCode, answer
}

// strict is an embedded tenant that is also sent what it must refuse.
func strict(t *testing.T, options simulator.Options) (*inspect.Tenant, *qlik.Provider) {
	t.Helper()
	tenant, err := inspect.New([]byte(acme), options)
	if err != nil {
		t.Fatal(err)
	}
	provider, err := qlik.New(qlik.Config{
		URL: "http://127.0.0.1:8080", Auth: qlik.Auth{APIKey: connection.NewSecret(tenant.Token())},
		Project: "finance", HTTPClient: &http.Client{Transport: embedded{tenant}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return tenant, provider
}

func wantStatus(t *testing.T, tenant *inspect.Tenant, want int, method, path, body string) map[string]any {
	t.Helper()
	got, answer := wire(t, tenant, method, path, body)
	if got != want {
		t.Errorf("%s %s %s: status %d, want %d: %v", method, path, body, got, want, answer)
	}
	return answer
}

func pathOf(t *testing.T, tenant *inspect.Tenant, space, name string) string {
	t.Helper()
	found, ok := tenant.Find(space, name)
	if !ok {
		t.Fatalf("got no connection %s/%s, want one in the tenant", space, name)
	}
	return connections + "/" + found.ID
}

// everyWrite sends one operation of each kind to a scripted tenant, and returns the
// requests.
func everyWrite(t *testing.T) []sent {
	t.Helper()
	n := small(t, map[string]route{
		post:           always(201, `{"qID": "c9"}`),
		"PATCH " + one: always(204, ""),
		deleteOne:      always(204, ""),
		bulkUpdate:     always(207, `{"data": [{"id": "c1", "status": 204}]}`),
		bulkDelete:     always(207, `{"data": [{"id": "c1", "status": 204}]}`),
	})
	patch := connection.Operation{
		Kind: connection.Patch, ID: "c1", Name: "New", Space: &financeSpace, Set: map[string]any{"region": "eu-west-2", "a/b~c": "x"},
		Remove: []string{"port"}, Credentials: map[string]any{"secretKey": connection.NewSecret("s")}, Tags: &[]string{"t"}, Record: &ours,
	}
	for _, operation := range []connection.Operation{
		newLake(), patch,
		{Kind: connection.Delete, ID: "c1"},
		{Kind: connection.BulkUpdate, ID: "c1", Space: &financeSpace, OwnerID: "u2"},
		{Kind: connection.BulkDelete, ID: "c1"},
	} {
		must(t, execute(t, n, operation))
	}
	return slices.DeleteFunc(n.requests, func(s sent) bool { return s.method == http.MethodGet })
}

func bodyOf(t *testing.T, requests []sent, method, path string) string {
	t.Helper()
	for _, request := range requests {
		if request.method == method && request.path == path {
			return request.body
		}
	}
	t.Fatalf("got no request %s %s, want one in the log", method, path)
	return ""
}

func patchIsABareArray(t *testing.T) {
	if body := bodyOf(t, everyWrite(t), "PATCH", one); !strings.HasPrefix(body, `[{"op":`) {
		t.Errorf("got body %s, want a bare array", body)
	}
	tenant, _ := strict(t, simulator.Options{})
	wantStatus(t, tenant, 400, "PATCH", pathOf(t, tenant, "Finance", "Ledger"), `{"patchData": [{"op": "replace", "path": "/qName", "value": "x"}]}`)
}

func patchSaysValue(t *testing.T) {
	if body := bodyOf(t, everyWrite(t), "PATCH", one); strings.Contains(body, `"Value"`) || !strings.Contains(body, `"value":`) {
		t.Errorf("got body %s, want value in lower case", body)
	}
	tenant, _ := strict(t, simulator.Options{})
	wantStatus(t, tenant, 204, "PATCH", pathOf(t, tenant, "Finance", "Ledger"), `[{"op": "replace", "path": "/qName", "Value": "x"}]`)
}

func createNamesItsSourceOnce(t *testing.T) {
	if body := bodyOf(t, everyWrite(t), "POST", connections); strings.Count(strings.ToLower(body), "datasourceid") != 1 || !strings.Contains(body, `"datasourceID":`) {
		t.Errorf("got body %s, want datasourceID once", body)
	}
	for _, spelling := range []string{"", "datasourceID", "dataSourceId"} {
		tenant, provider := strict(t, simulator.Options{Behaviour: simulator.Behaviour{DataSourceKey: spelling}})
		create := connection.Operation{Kind: connection.Create, Name: "n", Space: &fin, DataSource: "rest", Set: map[string]any{}, Record: &ours}
		for _, name := range []string{"n", "m"} { // the second one knows
			create.Name = name
			must(t, provider.Execute(t.Context(), []connection.Operation{create}))
		}
		want := 2
		if spelling == "dataSourceId" {
			want = 3
		}
		if got := len(tenant.Writes()); got != want {
			t.Errorf("%q: %d writes, want %d", spelling, got, want)
		}
	}
}

func answersSpellBothWays(t *testing.T) {
	_, provider := embed(t, acme, simulator.Options{})
	_, live := look(t, provider)
	if got := live["Finance/Ledger"].DataSource; got != "mssql" {
		t.Errorf("data source %q", got)
	}
	catalog, err := provider.DataSources(t.Context(), []string{"nope"})
	if err != nil || !slices.Contains(catalog.Known, "mssql") {
		t.Errorf("got known data sources %q, error %v; want mssql among them", catalog.Known, err)
	}
	n := small(t, map[string]route{getList: always(200, `{"data": [`+strings.ReplaceAll(lake, "datasourceID", "dataSourceId")+`]}`)})
	if got := snapshot(t, n, connection.Scope{Spaces: finance.Spaces}).Connections[0].DataSource; got != "File_AmazonS3ConnectorV2" {
		t.Errorf("data source %q", got)
	}
}

func spaceIsAskedForAndChecked(t *testing.T) {
	elsewhere := strings.NewReplacer(`"c1"`, `"c2"`, `"space": "s1"`, `"space": "s2"`).Replace(lake)
	n := small(t, map[string]route{getList: always(200, `{"data": [`+elsewhere+`, `+lake+`]}`)})
	got := snapshot(t, n, connection.Scope{Spaces: finance.Spaces})
	if len(got.Connections) != 1 || got.Connections[0].ID != "c1" {
		t.Errorf("got connections %+v, want c1 only", got.Connections)
	}
	if query := n.last("GET", connections).query; !strings.Contains(query, "spaceId=s1") || strings.Contains(query, "space=") {
		t.Errorf("got query %s, want spaceId and not space", query)
	}
	tenant, _ := strict(t, simulator.Options{})
	wantStatus(t, tenant, 400, "GET", connections+"/Ledger?type=connectionname&space=s-fin", "")
	wantStatus(t, tenant, 200, "GET", connections+"/Ledger?type=connectionname&spaceId=s-fin", "")
}

func idIsEither(t *testing.T) {
	for name, text := range map[string]string{
		"qID alone": strings.Replace(lake, `"id": "c1", `, "", 1), "id alone": strings.Replace(lake, `"qID": "c1", `, "", 1),
	} {
		n := small(t, map[string]route{getList: always(200, `{"data": [`+text+`]}`)})
		if got := snapshot(t, n, finance).Connections; len(got) != 1 || got[0].ID != "c1" {
			t.Errorf("%s: got %+v, want c1 only", name, got)
		}
	}
	tenant, _ := strict(t, simulator.Options{})
	if got := wantStatus(t, tenant, 200, "GET", pathOf(t, tenant, "Finance", "Ledger"), ""); got["id"] != got["qID"] || got["id"] == nil {
		t.Errorf("got %v, want id and qID alike", got)
	}
}

func logOnIsEither(t *testing.T) {
	for _, logOn := range []string{`1`, `"1"`, `"LOG_ON_CURRENT_USER"`, `null`} {
		n := small(t, map[string]route{getList: always(200, `{"data": [`+strings.Replace(lake, `"qLogOn": 1`, `"qLogOn": `+logOn, 1)+`]}`)})
		if got := snapshot(t, n, finance).Connections; len(got) != 1 {
			t.Errorf("qLogOn %s: got %+v, want one connection", logOn, got)
		}
	}
	for _, request := range everyWrite(t) {
		if strings.Contains(request.body, "qLogOn") {
			t.Errorf("got qLogOn in %s %s, want it in no request", request.path, request.body)
		}
	}
	tenant, _ := strict(t, simulator.Options{})
	path := pathOf(t, tenant, "Finance", "Ledger")
	if got := wantStatus(t, tenant, 200, "GET", path, ""); got["qLogOn"] != 1.0 {
		t.Errorf("qLogOn of a get: %v", got["qLogOn"])
	}
	if got := wantStatus(t, tenant, 201, "POST", connections+"/actions/duplicate", `{"id": "`+filepath.Base(path)+`"}`); got["qLogOn"] != "1" {
		t.Errorf("qLogOn of a duplicate: %v", got["qLogOn"])
	}
}

func pagesAreAskedFor(t *testing.T) {
	tenant, provider := embed(t, acme, simulator.Options{PageSize: 1})
	if _, live := look(t, provider); len(live) != 4 {
		t.Errorf("got %d connections, want 4 from several pages", len(live))
	}
	for _, request := range tenant.Requests() {
		if list := request.Path == connections || request.Path == spaces; list && !strings.Contains(request.Query, "limit=100") {
			t.Errorf("got %s?%s, want limit=100 in every list", request.Path, request.Query)
		}
	}
}

func tagsFit(t *testing.T) {
	tenant, provider := embed(t, acme, simulator.Options{})
	var tags []string
	for i := range 26 {
		tags = append(tags, fmt.Sprintf("tag %02d", i))
	}
	full := connection.Record{Project: "finance", Key: "aa", Credentials: "1:bb", Protected: true, Moved: "cc"}
	create := connection.Operation{Kind: connection.Create, Name: "n", Space: &fin, DataSource: "rest", Set: map[string]any{}, Record: &full, Tags: &tags}
	id := must(t, provider.Execute(t.Context(), []connection.Operation{create}))[0].ID
	full.Key = "bb"
	must(t, provider.Execute(t.Context(), []connection.Operation{{Kind: connection.Patch, ID: id, Record: &full, Tags: &tags}}))
	stored, _ := tenant.Find("Finance", "n")
	if len(stored.Tags) != 32 { // 31, and the server's own
		t.Errorf("got %d tags, want 32", len(stored.Tags))
	}
	tooMany, _ := json.Marshal(append(tags, "1", "2", "3", "4", "5", "6"))
	wantStatus(t, tenant, 400, "POST", connections, `{"datasourceID": "rest", "qName": "o", "connectionProperties": {}, "tags": `+string(tooMany)+`}`)
}

func newerDatesAreIgnored(t *testing.T) {
	newer := strings.Replace(lake, `"qLogOn"`, `"createdAt": 7, "updatedAt": {"no": "date"}, "ownerId": [], "qLogOn"`, 1)
	n := small(t, map[string]route{getList: always(200, `{"data": [`+newer+`]}`)})
	if got := snapshot(t, n, finance).Connections; len(got) != 1 || got[0].OwnerID != "u1" {
		t.Errorf("got %+v, want c1 with its owner", got)
	}
	tenant, _ := strict(t, simulator.Options{})
	got := wantStatus(t, tenant, 200, "GET", pathOf(t, tenant, "Finance", "Ledger"), "")
	if got["created"] == nil || got["updated"] == nil || got["createdAt"] != nil {
		t.Errorf("got %v, want created and updated without createdAt", got)
	}
}

func statementsAreNotOurs(t *testing.T) {
	for _, request := range everyWrite(t) {
		if strings.Contains(request.body, "Statement") || strings.Contains(request.body, "CUSTOM CONNECT") || strings.Contains(request.body, "qType") {
			t.Errorf("got a statement or a type in %s %s, want it in no request", request.path, request.body)
		}
	}
	tenant, _ := strict(t, simulator.Options{})
	got := wantStatus(t, tenant, 200, "GET", pathOf(t, tenant, "Finance", "Orders lake"), "")
	if statement := fmt.Sprint(got["qConnectStatement"]); !strings.Contains(statement, "provider=QvWebConnectorPackage.exe;") || got["qType"] != "QvWebStorageProviderConnectorPackage.exe" {
		t.Errorf("statement %s of type %v", statement, got["qType"])
	}
}

// alike compares a declared and a live value as the planner does.
func alike(t *testing.T, property connection.Property, pairs ...[2]any) {
	t.Helper()
	for _, pair := range pairs {
		if a, b := qlik.Normalize(property, pair[0]), qlik.Normalize(property, pair[1]); !connection.Equal(a, b) {
			t.Errorf("%v and %v are normalized to %v and %v, want the same value", pair[0], pair[1], a, b)
		}
	}
}

// accepts makes a connection of an embedded tenant from each of the properties.
func accepts(t *testing.T, source string, properties ...string) {
	t.Helper()
	tenant, _ := strict(t, simulator.Options{})
	for i, text := range properties {
		wantStatus(t, tenant, 201, "POST", connections, fmt.Sprintf(`{"datasourceID": %q, "qName": "n%d", "connectionProperties": %s}`, source, i, text))
	}
}

func separateCredentialsIsEither(t *testing.T) {
	boolean := connection.Property{Type: "boolean"}
	alike(t, boolean, [2]any{"true", true}, [2]any{"false", false}, [2]any{"True", true})
	accepts(t, "mssql", `{"host": "h", "separateCredentials": true}`, `{"host": "h", "separateCredentials": "true"}`)
	tenant, provider := embed(t, acme, simulator.Options{})
	ledger, _ := tenant.Find("Finance", "Ledger")
	must(t, provider.Execute(t.Context(), []connection.Operation{{Kind: connection.Patch, ID: ledger.ID, Set: map[string]any{"separateCredentials": true}}}))
	if _, live := look(t, provider); !live["Finance/Ledger"].PerUserCredentials {
		t.Error("the connection has no per-user credentials, want them")
	}
}

func numbersAreEither(t *testing.T) {
	for _, kind := range []string{"integer", "string", "number"} {
		alike(t, connection.Property{Type: kind}, [2]any{"1433", json.Number("1433")}, [2]any{"443", json.Number("443")})
	}
	accepts(t, "mssql", `{"host": "h", "port": "1433"}`, `{"host": "h", "port": 1433}`)
	tenant, provider := embed(t, acme, simulator.Options{})
	ledger, _ := tenant.Find("Finance", "Ledger")
	must(t, provider.Execute(t.Context(), []connection.Operation{{Kind: connection.Patch, ID: ledger.ID, Set: map[string]any{"port": json.Number("1434")}}}))
}

func switchesAreEither(t *testing.T) {
	alike(t, connection.Property{Type: "string"}, [2]any{"true", true})
	alike(t, connection.Property{Type: "boolean"}, [2]any{"true", true})
	accepts(t, "databricks", `{"host": "h", "SSL": "true"}`)
	accepts(t, "rest", `{"allowWithConnection": "true", "enableMutualSSL": "false"}`, `{"allowWithConnection": true}`)
	accepts(t, "repsrc_mysql", `{"server": "h", "sshEnable": true}`)
	accepts(t, "repsrc_postgresql", `{"server": "h", "sslCompression": true, "captureDDLs": false}`)
}

func enumsAreThoseOfTheSpecs(t *testing.T) {
	tenant, provider := strict(t, simulator.Options{})
	catalog, err := provider.DataSources(t.Context(), []string{"athena"})
	if err != nil {
		t.Fatal(err)
	}
	property := catalog.DataSources["athena"].Properties["AuthenticationType"]
	if !slices.Contains(property.Enum, "IAM Credentials") {
		t.Fatalf("got values %q, want IAM Credentials among them", property.Enum)
	}
	alike(t, property, [2]any{"iam credentials", "IAM Credentials"})
	const create = `{"datasourceID": "athena", "qName": "n", "connectionProperties": {"AuthenticationType": "`
	wantStatus(t, tenant, 400, "POST", connections, create+`<IAM_CREDENTIALS>"}}`)
	wantStatus(t, tenant, 201, "POST", connections, create+`IAM Credentials"}}`)
}

func nothingIsPut(t *testing.T) {
	for _, request := range everyWrite(t) {
		if request.method == http.MethodPut {
			t.Errorf("got PUT %s, want no PUT", request.path)
		}
	}
	tenant, _ := strict(t, simulator.Options{})
	path := pathOf(t, tenant, "Finance", "Ledger")
	id := filepath.Base(path)
	wantStatus(t, tenant, 204, "PUT", path, `{"qID": "`+id+`", "qEngineObjectID": "`+id+`", "qName": "Ledger", "qType": "QvOdbcConnectorPackage.exe",
		"qConnectStatement": "CUSTOM CONNECT TO \"provider=QvOdbcConnectorPackage.exe;driver=sqlserver;host=db1;port=1433;\"", "qPassword": "new"}`)
	if !tenant.CredentialEquals(id, "password", "pw1") {
		t.Error("a put has changed the password")
	}
}

func credentialsArePatched(t *testing.T) {
	tenant, provider := embed(t, acme, simulator.Options{})
	before, _ := tenant.Find("Finance", "Ledger")
	must(t, provider.Execute(t.Context(), []connection.Operation{{
		Kind: connection.Patch, ID: before.ID, Credentials: map[string]any{"password": connection.NewSecret("pw2")},
	}}))
	after, _ := tenant.Find("Finance", "Ledger")
	if after.ID != before.ID || !tenant.CredentialEquals(after.ID, "password", "pw2") || !tenant.CredentialEquals(after.ID, "username", "sa") {
		t.Errorf("got %+v before and %+v after, want the same connection with the new password and the old user name", before, after)
	}
}

func patchesTouchWhatTheyMay(t *testing.T) {
	var operations []struct{ Path string }
	if err := json.Unmarshal([]byte(bodyOf(t, everyWrite(t), "PATCH", one)), &operations); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, operation := range operations {
		paths = append(paths, operation.Path)
	}
	want := []string{"/qName", "/space", "/tags", "/connectionProperties/a~1b~0c", "/connectionProperties/region", "/connectionProperties/secretKey", "/connectionProperties/port"}
	if !slices.Equal(paths, want) {
		t.Errorf("got paths %q, want %q", paths, want)
	}
	tenant, _ := strict(t, simulator.Options{})
	path := pathOf(t, tenant, "Finance", "Ledger")
	for _, field := range []string{"/qType", "/datasourceID", "/user", "/qID", "/created", "/connectionProperties", "/qLogOn"} {
		wantStatus(t, tenant, 400, "PATCH", path, `[{"op": "replace", "path": "`+field+`", "value": "x"}]`)
	}
}

func bulkUpdatesDoNotRename(t *testing.T) {
	if body := bodyOf(t, everyWrite(t), "POST", connections+"/actions/update"); strings.Contains(body, "ame") {
		t.Errorf("got body %s, want no name in a bulk update", body)
	}
	tenant, _ := strict(t, simulator.Options{})
	id := filepath.Base(pathOf(t, tenant, "Finance", "Ledger"))
	wantStatus(t, tenant, 207, "POST", connections+"/actions/update", `{"connections": [{"id": "`+id+`", "name": "Renamed"}]}`)
	pathOf(t, tenant, "Finance", "Ledger")
}

func bulkAsksForTheRole(t *testing.T) {
	_, provider := embed(t, strings.Replace(acme, `"caller": "ana@`, `"caller": "bob@`, 1), simulator.Options{})
	got, live := look(t, provider)
	err := provider.Execute(t.Context(), []connection.Operation{{Kind: connection.BulkDelete, ID: live["Finance/Ledger"].ID}})[0].Err
	if mustContain(t, err, "TenantAdmin"); !errors.Is(err, connection.ErrForbidden) {
		t.Errorf("got error %v, want ErrForbidden", err)
	}
	capabilities := got.Capabilities
	if capabilities.Existence != connection.Delete || capabilities.Space != connection.Patch || capabilities.Owner != "" {
		t.Errorf("got %+v, want single deletes and patches and no change of owner", capabilities)
	}
	must(t, provider.Execute(t.Context(), []connection.Operation{{Kind: connection.Delete, ID: live["Finance/Ledger"].ID}}))
	n := small(t, map[string]route{me: always(200, strings.Replace(admin, "TenantAdmin", "AnalyticsAdmin", 1))})
	if snapshot(t, n, finance).Caller.Admin {
		t.Error("AnalyticsAdmin counts as TenantAdmin")
	}
}

func itemWithErrorHasFailed(t *testing.T) {
	for _, item := range []string{
		`{"id": "c1", "status": 204, "error": {"code": "DC-1", "title": "no", "status": 403}}`,
		`{"id": "c1", "status": 403}`,
	} {
		n := newTenant(t, map[string]route{bulkUpdate: always(207, `{"data": [`+item+`]}`)})
		err := execute(t, n, connection.Operation{Kind: connection.BulkUpdate, ID: "c1", OwnerID: "u2"})[0].Err
		if !errors.Is(err, connection.ErrForbidden) {
			t.Errorf("%s: got error %v, want ErrForbidden", item, err)
		}
	}
	n := newTenant(t, map[string]route{bulkUpdate: always(207, `{"data": [{"id": "c1", "status": 204}]}`)})
	must(t, execute(t, n, connection.Operation{Kind: connection.BulkUpdate, ID: "c1", OwnerID: "u2"}))
}

func signInBeginsWithACreate(t *testing.T) {
	n := newTenant(t, map[string]route{post: always(201, `{"authUrl": "https://login.example/"}`)})
	ask := big
	ask.Kind = connection.AskSignIn
	execute(t, n, ask)
	if body := n.last("POST", connections).body; !strings.Contains(body, `"authUrlOnly":true`) {
		t.Errorf("got body %s, want authUrlOnly", body)
	}
	tenant, _ := strict(t, simulator.Options{})
	const create = `{"datasourceID": "gbq", "qName": "n", "connectionProperties": {"OAuthMechanism": "1", "authCode": ""}, "authUrlOnly": `
	wantStatus(t, tenant, 400, "POST", "/api/v1/dcaas/actions/data-connections", create+`"true"}`)
	wantStatus(t, tenant, 400, "POST", connections, create+`"true"}`)
	wantStatus(t, tenant, 400, "POST", connections, strings.Replace(create, `""`, `"a-code"`, 1)+`true}`)
	if got := wantStatus(t, tenant, 201, "POST", connections, create+`true}`); got["authUrl"] == nil {
		t.Errorf("got %v, want an authUrl", got)
	}
}

func createHasNoOwner(t *testing.T) {
	if body := bodyOf(t, everyWrite(t), "POST", connections); strings.Contains(body, "wner") {
		t.Errorf("got body %s, want no owner in a create", body)
	}
	tenant, _ := strict(t, simulator.Options{})
	wantStatus(t, tenant, 400, "POST", connections, `{"datasourceID": "rest", "qName": "n", "connectionProperties": {}, "owner": "u-bob"}`)
	got := wantStatus(t, tenant, 201, "POST", connections, `{"datasourceID": "rest", "qName": "n", "qType": "QvRestConnector.exe", "owner": "u-bob",
		"qConnectStatement": "CUSTOM CONNECT TO \"provider=QvRestConnector.exe;url=https://a.example;\""}`)
	if got["user"] != "u-ana" {
		t.Errorf("got owner %v, want the caller u-ana", got["user"])
	}
}

func patchGoesToAnID(t *testing.T) {
	for _, request := range everyWrite(t) {
		if request.query != "" {
			t.Errorf("got %s %s?%s, want no query", request.method, request.path, request.query)
		}
	}
	tenant, _ := strict(t, simulator.Options{})
	if _, err := tenant.Add(inspect.SeedConnection{Name: "Ledger", Space: "Sales", DataSource: "rest", Properties: map[string]any{}}); err != nil {
		t.Fatal(err)
	}
	const rename = `[{"op": "replace", "path": "/qName", "value": "x"}]`
	wantStatus(t, tenant, 400, "PATCH", connections+"/Ledger?type=connectionname", rename)
	wantStatus(t, tenant, 400, "PATCH", connections+"/Ledger?type=connectionname&spaceId=s-fin", rename)
	wantStatus(t, tenant, 204, "PATCH", connections+"/Leads?type=connectionname", rename)
}

func tokenFollowsBearer(t *testing.T) {
	for _, request := range everyWrite(t) {
		if got := request.header.Get("Authorization"); got != "Bearer key-of-ana" {
			t.Errorf("got Authorization %q, want the key after Bearer", got)
		}
	}
	tenant, _ := strict(t, simulator.Options{})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8080"+spaces, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", tenant.Token())
	if response, err := (embedded{tenant}).RoundTrip(request); err != nil || response.StatusCode != 401 {
		t.Errorf("got response %v, error %v; want status 401", response, err)
	}
}

func selfLinksAreIgnored(t *testing.T) {
	for _, href := range []string{"/v1/data-connections/c1", "https://elsewhere.example/x", "::no url"} {
		n := small(t, map[string]route{getList: always(200, `{"data": [`+lake+`], "links": {"self": {"href": "`+href+`"}}}`)})
		if got := snapshot(t, n, finance).Connections; len(got) != 1 {
			t.Errorf("%s: got %+v, want one connection", href, got)
		}
	}
}

func listsAreLists(t *testing.T) {
	tenant, _ := strict(t, simulator.Options{})
	got := wantStatus(t, tenant, 200, "GET", pathOf(t, tenant, "Finance", "Orders lake")+"?parseConnection=true", "")
	tags, isList := got["tags"].([]any)
	privileges, alsoList := got["privileges"].([]any)
	properties, isMap := got["connectionProperties"].(map[string]any)
	if !isList || !alsoList || !isMap || len(tags)*len(privileges)*len(properties) == 0 {
		t.Errorf("got %v, want lists of tags and privileges and a map of properties", got)
	}
	n := small(t, map[string]route{getList: always(200, `{"data": [`+strings.Replace(lake, `"tags": [`, `"tags": "a,b", "more": [`, 1)+`]}`)})
	odd := snapshot(t, n, finance)
	if len(odd.Connections) != 0 || len(odd.Incomplete) != 1 || !strings.Contains(odd.Incomplete[0], "a JSON string where it should not") {
		t.Errorf("tags that are a text: %+v, incomplete %q", odd.Connections, odd.Incomplete)
	}
}

func statementsAreEscapedOnce(t *testing.T) {
	tenant, _ := strict(t, simulator.Options{})
	got := wantStatus(t, tenant, 200, "GET", pathOf(t, tenant, "Finance", "Ledger"), "")
	if text := fmt.Sprint(got["qConnectStatement"]); !strings.HasPrefix(text, `CUSTOM CONNECT TO "provider=`) || strings.Contains(text, `\`) {
		t.Errorf("got statement %s, want it escaped once", text)
	}
}

func portsAreAsDeclared(t *testing.T) {
	accepts(t, "teradata", `{"host": "h", "port": "1025"}`, `{"host": "h", "port": "1433"}`, `{"host": "h"}`)
	alike(t, connection.Property{Type: "integer"}, [2]any{"1025", json.Number("1025")})
}

func credentialsHaveNoList(t *testing.T) {
	tenant, _ := strict(t, simulator.Options{})
	wantStatus(t, tenant, 400, "GET", "/api/v1/data-credentials", "")
	wantStatus(t, tenant, 400, "POST", "/api/v1/data-credentials", "{}")
	if len(tenant.Misuse()) != 2 {
		t.Errorf("got misuse %q, want two requests", tenant.Misuse())
	}
}

// packageSpeaksIt: the outside witness drives the embedded tenant with the package.
func packageSpeaksIt(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "test", "witness", "witness.test.js"))
	if err != nil {
		t.Fatal(err)
	}
	for _, operation := range []string{"getDataConnections", "createDataConnection", "patchDataConnection", "deleteDataConnection"} {
		if !strings.Contains(string(text), operation) {
			t.Errorf("the witness does not call %s", operation)
		}
	}
}

func privilegesOfACreateAreNotRead(t *testing.T) {
	for _, privileges := range []string{`["read", "update", "delete"]`, `[]`, `"read"`} {
		n := newTenant(t, map[string]route{post: always(201, `{"qID": "c9", "privileges": `+privileges+`}`)})
		must(t, execute(t, n, newLake()))
	}
	tenant, _ := strict(t, simulator.Options{})
	made := wantStatus(t, tenant, 201, "POST", connections, `{"datasourceID": "rest", "qName": "n", "connectionProperties": {}}`)
	got := wantStatus(t, tenant, 200, "GET", connections+"/"+fmt.Sprint(made["qID"]), "")
	if short, whole := made["privileges"].([]any), got["privileges"].([]any); len(short) != 3 || len(whole) != 6 {
		t.Errorf("got privileges %v, then %v; want 3 from the create and 6 from the read", short, whole)
	}
}

func userIsTheOwner(t *testing.T) {
	tenant, provider := embed(t, acme, simulator.Options{})
	_, live := look(t, provider)
	if got := live["Finance/Ledger"].OwnerID; got != "u-bob" {
		t.Errorf("got owner %q, want u-bob", got)
	}
	made := wantStatus(t, tenant, 201, "POST", connections, `{"datasourceID": "rest", "qName": "n", "space": "s-fin", "connectionProperties": {}}`)
	if made["user"] != "u-ana" {
		t.Errorf("the owner of what Ana makes is %v", made["user"])
	}
}

func nothingIsRemembered(t *testing.T) {
	n := small(t, map[string]route{
		"POST /oauth/token": always(200, `{"access_token": "t", "token_type": "bearer", "expires_in": 21600}`),
		me:                  inTurn(always(200, admin), always(200, strings.Replace(admin, "TenantAdmin", "Developer", 1))),
	})
	config := n.config()
	config.Auth = qlik.Auth{ClientID: connection.NewSecret("bot"), ClientSecret: connection.NewSecret("sesame")}
	for _, want := range []bool{true, false} { // each run has a provider of its own
		provider, err := qlik.New(config)
		if err != nil {
			t.Fatal(err)
		}
		got, err := provider.Snapshot(t.Context(), finance)
		if err != nil || got.Caller.Admin != want || got.Capabilities.Owner != map[bool]connection.OperationKind{true: connection.BulkUpdate}[want] {
			t.Errorf("got role and kind of a change of owner %v, error %v; want the role %v", got, err, want)
		}
	}
	if got := n.attempts["POST /oauth/token"]; got != 2 {
		t.Errorf("%d tokens for two runs", got)
	}
}

func ownersCanBeChanged(t *testing.T) {
	_, provider := embed(t, acme, simulator.Options{})
	_, live := look(t, provider)
	must(t, provider.Execute(t.Context(), []connection.Operation{{Kind: connection.BulkUpdate, ID: live["Finance/Ledger"].ID, OwnerID: "u-ana"}}))
	if _, after := look(t, provider); after["Finance/Ledger"].OwnerID != "u-ana" {
		t.Errorf("got owner %q, want u-ana", after["Finance/Ledger"].OwnerID)
	}
}
