package qlik_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	"github.com/qlsync/qlsync/pkg/simulator"
	simqlik "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// acme is a tenant in which Ana administers and Bob does not.
const acme = `{
  "caller": "ana@acme.example", "token": "key-of-ana", "oauth": {"clientId": "bot", "clientSecret": "open sesame"},
  "users": [
    {"id": "u-ana", "email": "ana@acme.example", "name": "Ana", "roles": ["TenantAdmin"]},
    {"id": "u-bob", "email": "bob@acme.example", "name": "Bob"}],
  "spaces": [{"id": "s-fin", "name": "Finance", "type": "shared"}, {"id": "s-sal", "name": "Sales", "type": "managed"}],
  "connections": [
    {"name": "Orders lake", "space": "Finance", "dataSource": "File_AmazonS3ConnectorV2", "tags": ["orders"],
     "properties": {"region": "eu-west-1", "bucketName": "orders"}, "credentials": {"accessKey": "AKIA1", "secretKey": "s3cr3t"}},
    {"name": "Ledger", "space": "Finance", "dataSource": "mssql", "owner": "bob@acme.example",
     "properties": {"host": "db1", "port": "1433"}, "credentials": {"username": "sa", "password": "pw1"}},
    {"name": "Leads", "space": "Sales", "dataSource": "rest", "properties": {"url": "https://a.example"}},
    {"name": "Mine", "dataSource": "rest", "properties": {"url": "https://b.example"}},
    {"name": "His", "dataSource": "rest", "owner": "bob@acme.example", "properties": {"url": "https://b.example"}}]
}`

// embedded is the embedded tenant as a network in memory, so that time may be fake.
type embedded struct{ *inspect.Tenant }

func (e embedded) RoundTrip(r *http.Request) (response *http.Response, err error) {
	defer func() {
		switch cut := recover(); cut {
		case nil:
		case http.ErrAbortHandler:
			response, err = nil, io.EOF
		default:
			panic(cut)
		}
	}()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	e.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

// embed makes the embedded tenant and a provider for it; after the test, every
// fault must have fired and no request may have broken the contract.
func embed(t *testing.T, seed string, options simqlik.Options) (*inspect.Tenant, *qlik.Provider) {
	t.Helper()
	tenant, err := inspect.New([]byte(seed), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if unfired := tenant.UnfiredFaults(); len(unfired) > 0 {
			t.Errorf("faults that never fired: %+v", unfired)
		}
		if misuse := tenant.Misuse(); len(misuse) > 0 {
			t.Errorf("got misuse %q, want none", misuse)
		}
	})
	provider, err := qlik.New(qlik.Config{
		URL: "http://127.0.0.1:8080", Auth: qlik.Auth{APIKey: connection.NewSecret(tenant.Token())},
		Project: "finance", HTTPClient: &http.Client{Transport: embedded{tenant}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return tenant, provider
}

var everything = connection.Scope{
	Spaces:  []connection.SpaceRef{{Name: "Finance"}, {Name: "Sales"}, {Personal: true}},
	Details: func(*connection.Live) bool { return true },
}

func look(t *testing.T, provider *qlik.Provider) (*connection.Snapshot, map[string]connection.Live) {
	t.Helper()
	got, err := provider.Snapshot(t.Context(), everything)
	if err != nil {
		t.Fatal(err)
	}
	byKey := map[string]connection.Live{}
	for _, live := range got.Connections {
		byKey[live.Key.String()] = live
	}
	return got, byKey
}

func must(t *testing.T, outcomes []connection.Outcome) []connection.Outcome {
	t.Helper()
	for _, outcome := range outcomes {
		if outcome.Err != nil {
			t.Fatal(outcome.Err)
		}
	}
	return outcomes
}

func TestTheEmbeddedTenantIsReadWhole(t *testing.T) {
	tenant, provider := embed(t, acme, simqlik.Options{PageSize: 1})
	scope := everything
	scope.Owners = []string{"BOB@acme.example"}
	got, err := provider.Snapshot(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, live := range got.Connections {
		keys = append(keys, live.Key.String())
	}
	if want := []string{"Finance/Ledger", "Finance/Orders lake", "Sales/Leads", "personal/Mine"}; !slices.Equal(keys, want) {
		t.Errorf("got connections %q, want %q", keys, want)
	}
	if len(got.Users) != 2 || got.Caller.ID != "u-ana" || !got.Caller.Admin {
		t.Errorf("got users %+v, want two and ana as the caller with the role", got.Users)
	}
	if reads := len(tenant.Requests()); reads != got.Reads {
		t.Errorf("%d reads, and the tenant has counted %d", got.Reads, reads)
	}
	ledger := got.Connections[0]
	if !ledger.HasCredentials || ledger.OwnerID != "u-bob" || connection.Canonical(ledger.Properties) != `{"host":"db1","port":"1433"}` {
		t.Errorf("got ledger %+v, want the one of bob with credentials", ledger)
	}
}

func TestTheLifeOfAConnection(t *testing.T) {
	tenant, provider := embed(t, acme, simqlik.Options{})
	id := must(t, provider.Execute(t.Context(), []connection.Operation{{
		Kind: connection.Create, Name: "Raw", Space: &connection.Space{ID: "s-fin", Name: "Finance", Type: "shared"}, DataSource: "File_AmazonS3ConnectorV2",
		Set: map[string]any{"bucketName": "raw"}, Credentials: map[string]any{"accessKey": connection.NewSecret("A"), "secretKey": connection.NewSecret("S1")},
		Tags: &[]string{"raw"}, Record: &ours,
	}}))[0].ID
	must(t, provider.Execute(t.Context(), []connection.Operation{{
		Kind: connection.Patch, ID: id, Name: "Raw lake", Set: map[string]any{"bucketName": "lake", "region": "eu-west-1"},
		Credentials: map[string]any{"secretKey": connection.NewSecret("S2")}, Tags: &[]string{"lake"}, Record: &connection.Record{Project: "finance", Key: "bb"},
	}}))
	_, live := look(t, provider)
	want := connection.Live{
		ID: id, Key: connection.Key{Space: "Finance", Name: "Raw lake"}, SpaceID: "s-fin", OwnerID: "u-ana", DataSource: "File_AmazonS3ConnectorV2",
		Family: "QvWebStorageProviderConnectorPackage.exe",
		Tags:   []string{"lake"}, OtherTags: 1, Record: connection.Record{Project: "finance", Key: "bb"}, HasCredentials: true,
		Properties: map[string]any{"bucketName": "lake", "region": "eu-west-1"},
	}
	stored, _ := tenant.Find("Finance", "Raw lake")
	want.CreatedAt, want.UpdatedAt = stored.Created.UTC().Truncate(time.Millisecond), stored.Updated.UTC().Truncate(time.Millisecond)
	if diff := cmp.Diff(want, live["Finance/Raw lake"], cmpopts.EquateEmpty(), cmpopts.IgnoreFields(connection.Live{}, "Statement", "Parsed", "CredentialsID")); diff != "" {
		t.Errorf("the connection differs (-want +got):\n%s", diff)
	}
	if !slices.ContainsFunc(stored.Tags, func(tag string) bool { return strings.HasPrefix(tag, "DcaasAPI:") }) {
		t.Errorf("the server's tag is gone: %q", stored.Tags)
	}
	if !tenant.CredentialEquals(id, "secretKey", "S2") || !tenant.CredentialEquals(id, "accessKey", "A") {
		t.Error("the credentials are not those that were sent")
	}
	must(t, provider.Execute(t.Context(), []connection.Operation{{Kind: connection.Patch, ID: id, Remove: []string{"region"}}}))
	must(t, provider.Execute(t.Context(), []connection.Operation{{Kind: connection.Delete, ID: id}}))
	must(t, provider.Execute(t.Context(), []connection.Operation{{Kind: connection.Delete, ID: id}}))
	if _, there := tenant.Find("Finance", "Raw lake"); there {
		t.Error("the connection exists after its delete")
	}
}

func TestBulkOperationsAtTheEmbeddedTenant(t *testing.T) {
	tenant, provider := embed(t, acme, simqlik.Options{})
	_, live := look(t, provider)
	sales := &connection.Space{ID: "s-sal", Name: "Sales", Type: "managed"}
	must(t, provider.Execute(t.Context(), []connection.Operation{
		{Kind: connection.BulkUpdate, ID: live["Finance/Ledger"].ID, Space: sales},
		{Kind: connection.BulkUpdate, ID: live["Sales/Leads"].ID, Space: &personalSpace},
		{Kind: connection.BulkUpdate, ID: live["personal/Mine"].ID, OwnerID: "u-bob", Space: sales},
	}))
	_, moved := look(t, provider)
	for _, key := range []string{"Sales/Ledger", "personal/Leads", "Sales/Mine"} {
		if moved[key].ID == "" {
			t.Errorf("%s is not there", key)
		}
	}
	outcomes := provider.Execute(t.Context(), []connection.Operation{
		{Kind: connection.BulkDelete, ID: moved["Sales/Ledger"].ID},
		{Kind: connection.BulkDelete, ID: "00000000-0000-4000-8000-000000000000"},
	})
	must(t, outcomes)
	if got := len(tenant.Connections()); got != 4 {
		t.Errorf("got %d connections, want 4", got)
	}
}

func TestACallerWithoutTheRole(t *testing.T) {
	_, provider := embed(t, strings.Replace(acme, `"caller": "ana@`, `"caller": "bob@`, 1), simqlik.Options{})
	got, live := look(t, provider)
	if got.Caller.Admin || got.Capabilities.Space != connection.Patch {
		t.Errorf("got %+v, want no role and moves by patch", got)
	}
	sales := &connection.Space{ID: "s-sal", Name: "Sales", Type: "managed"}
	err := provider.Execute(t.Context(), []connection.Operation{{Kind: connection.BulkUpdate, ID: live["Finance/Ledger"].ID, Space: sales}})[0].Err
	if !errors.Is(err, connection.ErrForbidden) {
		t.Errorf("got error %v, want ErrForbidden", err)
	}
	must(t, provider.Execute(t.Context(), []connection.Operation{{Kind: connection.Patch, ID: live["Finance/Ledger"].ID, Space: sales}}))
	if _, moved := look(t, provider); moved["Sales/Ledger"].ID == "" {
		t.Error("the connection was not moved")
	}
}

// TestFaultsOfTheEmbeddedTenant does the same few things while one thing goes
// wrong, and wants each done exactly once anyway.
func TestFaultsOfTheEmbeddedTenant(t *testing.T) {
	for name, test := range map[string]struct {
		faults []simqlik.Fault
		kind   error // of the create
	}{
		"a create cut after it happened is found":     {[]simqlik.Fault{{Method: "POST", Path: connections, Cut: simqlik.CutAfter}}, nil},
		"a create cut before it happened is reported": {[]simqlik.Fault{{Method: "POST", Path: connections, Cut: simqlik.CutBefore}}, connection.ErrUnknownOutcome},
		"a create that met a limit is sent again":     {[]simqlik.Fault{{Method: "POST", Path: connections, RetryAfter: 40}}, nil},
		"a gateway page instead of the list":          {[]simqlik.Fault{{Method: "GET", Path: connections, Body: "<html>"}}, nil},
		"patches cut after they happened":             {[]simqlik.Fault{{Method: "PATCH", Path: connections + "/*", Cut: simqlik.CutAfter, Times: 2}}, nil},
		"reads that break":                            {[]simqlik.Fault{{Method: "GET", Path: connections + "/*", Cut: simqlik.CutBefore, Times: 3}}, nil},
		"a bulk delete cut after it happened":         {[]simqlik.Fault{{Method: "POST", Path: connections + "/actions/*", Cut: simqlik.CutAfter}}, nil},
		"a bulk delete that stays unavailable":        {[]simqlik.Fault{{Method: "POST", Path: connections + "/actions/*", Status: 503, Times: 4}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tenant, provider := embed(t, acme, simqlik.Options{Faults: test.faults})
				_, live := look(t, provider)
				created := provider.Execute(t.Context(), []connection.Operation{{
					Kind: connection.Create, Name: "Raw", Space: &connection.Space{ID: "s-fin"}, DataSource: "File_AmazonS3ConnectorV2",
					Set: map[string]any{"bucketName": "raw"}, Record: &ours,
				}})[0]
				stored, there := tenant.Find("Finance", "Raw")
				if !errors.Is(created.Err, test.kind) || there != (test.kind == nil) || created.ID != stored.ID {
					t.Errorf("outcome %+v, there %v", created, there)
				}
				must(t, provider.Execute(t.Context(), []connection.Operation{{
					Kind: connection.Patch, ID: live["Finance/Orders lake"].ID, Set: map[string]any{"bucketName": "b2", "storeSseHeader": "x"},
				}}))
				must(t, provider.Execute(t.Context(), []connection.Operation{{Kind: connection.BulkDelete, ID: live["Finance/Ledger"].ID}}))
				_, after := look(t, provider)
				if after["Finance/Orders lake"].Properties["bucketName"] != "b2" || after["Finance/Ledger"].ID != "" {
					t.Errorf("got %+v, want the patched bucket and no Ledger", after)
				}
			})
		})
	}
}

func TestAnIncompleteListOfTheEmbeddedTenant(t *testing.T) {
	_, provider := embed(t, acme, simqlik.Options{Faults: []simqlik.Fault{{Method: "GET", Path: connections, Omit: []string{"Ledger"}, Times: -1}}})
	got, live := look(t, provider)
	if len(got.Incomplete) == 0 || !strings.Contains(got.Incomplete[0], `space "Finance"`) || live["Finance/Ledger"].ID != "" {
		t.Errorf("got incomplete %q, want the space Finance and no Ledger", got.Incomplete)
	}
}

func TestDataSourcesOfTheEmbeddedTenant(t *testing.T) {
	_, provider := embed(t, acme, simqlik.Options{})
	got, err := provider.DataSources(t.Context(), []string{"File_AmazonS3ConnectorV2", "rest", "mssqk"})
	if err != nil {
		t.Fatal(err)
	}
	if s3 := got.DataSources["File_AmazonS3ConnectorV2"]; s3 == nil || s3.Properties["region"].Default != "us-east-1" {
		t.Errorf("got S3 %+v, want the region us-east-1 as the default", s3)
	}
	if len(got.DataSources) != 2 || !slices.Contains(got.Known, "mssql") {
		t.Errorf("got catalog %+v, want two data sources and mssql among the known ones", got)
	}
}

func TestOAuthAndARealServer(t *testing.T) {
	tenant, err := inspect.New([]byte(acme), simqlik.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server, err := simulator.Start(tenant, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	provider, err := qlik.New(qlik.Config{URL: server.URL, Auth: qlik.Auth{ClientID: connection.NewSecret("bot"), ClientSecret: connection.NewSecret("open sesame")}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := provider.Snapshot(t.Context(), connection.Scope{Spaces: []connection.SpaceRef{{Name: "Finance"}}})
	if err != nil || len(got.Connections) != 2 {
		t.Errorf("got %+v, error %v; want two connections", got, err)
	}
	wrong, err := qlik.New(qlik.Config{URL: server.URL, Auth: qlik.Auth{ClientID: connection.NewSecret("bot"), ClientSecret: connection.NewSecret("open")}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wrong.Snapshot(t.Context(), connection.Scope{}); !errors.Is(err, connection.ErrUnauthorized) {
		t.Errorf("got error %v, want ErrUnauthorized", err)
	}
}
