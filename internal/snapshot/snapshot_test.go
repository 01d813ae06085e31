package snapshot_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/qlsync/qlsync/internal/snapshot"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	"github.com/qlsync/qlsync/pkg/simulator"
	simqlik "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/schemas"
)

const seed = `{
  "users": [{"name": "Ana Example", "email": "ana@example.com", "roles": ["TenantAdmin"]}, {"name": "Bo", "email": "bo@example.com"}],
  "spaces": [{"name": "Finance", "type": "shared"}, {"name": "Sales", "type": "shared"}],
  "connections": [
    {"name": "Rates", "space": "Finance", "dataSource": "rest", "tags": ["daily"], "properties": {
      "url": "https://rates.example.com", "authSchema": "anonymous",
      "queryHeaders": [{"name": "Accept", "value": "text/csv"}, {"name": "Authorization", "value": "Bearer canary-1"}]}},
    {"name": "Other", "space": "Finance", "dataSource": "rest", "properties": {"url": "https://other.example.com/canary-2"}},
    {"name": "Leads", "space": "Sales", "dataSource": "rest", "properties": {"url": "https://leads.example.com"}}
  ]
}`

// live returns a provider of a tenant in memory, and what a project asks of it.
func live(t *testing.T) (connection.Provider, connection.Scope) {
	tenant, err := simqlik.New([]byte(seed), simqlik.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server, err := simulator.Start(tenant, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	provider, err := qlik.New(qlik.Config{URL: server.URL, Auth: qlik.Auth{APIKey: connection.NewSecret(server.Token)}})
	if err != nil {
		t.Fatal(err)
	}
	return provider, connection.Scope{
		Spaces: []connection.SpaceRef{{Name: "Finance"}}, Owners: []string{"bo@example.com"},
		Details: func(l *connection.Live) bool { return l.Key.Name == "Rates" },
	}
}

// written returns a snapshot as it is written, and read again.
func written(t *testing.T) (*snapshot.File, []byte, connection.Provider, connection.Scope) {
	provider, scope := live(t)
	file, err := snapshot.Take(t.Context(), provider, func(*connection.Catalog) connection.Scope { return scope }, []string{"rest"})
	if err != nil {
		t.Fatal(err)
	}
	file.Project, file.Tenant = "acme", snapshot.Tenant{Name: "demo", URL: "https://acme.example"}
	text, err := json.Marshal(file.Redacted())
	if err != nil {
		t.Fatal(err)
	}
	read, err := snapshot.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return read, text, provider, scope
}

func TestAFileKeepsToItsSchemaAndHoldsNoSecret(t *testing.T) {
	_, text, _, _ := written(t)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat = true
	if err := compiler.AddResource("snapshot.json", bytes.NewReader(schemas.Snapshot())); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("snapshot.json")
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("got %#v, want a file that keeps to its schema", err)
	}
	for _, hidden := range []string{"canary", "Ana Example", "leads"} {
		if strings.Contains(string(text), hidden) {
			t.Errorf("the file holds %q: %s", hidden, text)
		}
	}
}

func TestAProviderOfAFileReturnsWhatTheTenantReturned(t *testing.T) {
	file, _, tenant, scope := written(t)
	provider := snapshot.NewProvider(file, qlik.Rules{}, nil)
	want, err := tenant.Snapshot(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	got, err := provider.Snapshot(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	want.Caller.Name, want.Users[0].Name, want.Users[1].Name = "", "", ""
	for i := range want.Connections {
		want.Connections[i].Statement, want.Connections[i].Parsed, want.Connections[i].CreatedAt = 0, 0, time.Time{} // never written
	}
	secrets := cmp.Comparer(func(connection.Secret, connection.Secret) bool { return true })
	if diff := cmp.Diff(want, got, secrets); diff != "" {
		t.Errorf("the snapshot of the file differs (-want +got):\n%s", diff)
	}
	catalog, err := tenant.DataSources(t.Context(), []string{"rest"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := provider.DataSources(t.Context(), []string{"rest"})
	if err != nil {
		t.Fatal(err)
	}
	asText := cmp.Transformer("text", func(schema json.RawMessage) string {
		var compact bytes.Buffer
		_ = json.Compact(&compact, schema)
		return compact.String()
	})
	if diff := cmp.Diff(catalog, again, asText); diff != "" {
		t.Errorf("the catalog of the file differs (-want +got):\n%s", diff)
	}
}

func TestWhatWasNotAskedIsNotTakenForAbsent(t *testing.T) {
	file, _, _, scope := written(t)
	local := &connection.Catalog{DataSources: map[string]*connection.DataSource{"snowflake": {ID: "snowflake"}}}
	provider := snapshot.NewProvider(file, qlik.Rules{}, local)
	t.Run("a space and an owner", func(t *testing.T) {
		wider := scope
		wider.Spaces = append(wider.Spaces, connection.SpaceRef{Name: "Sales"}, connection.SpaceRef{Personal: true})
		wider.Owners = []string{"cy@example.com"}
		_, err := provider.Snapshot(t.Context(), wider)
		if err == nil || !strings.Contains(err.Error(), `the space "Sales", the space "personal", the owner "cy@example.com"`) {
			t.Errorf("got error %v, want each space and owner that was not asked for", err)
		}
	})
	t.Run("a data source", func(t *testing.T) {
		_, err := provider.DataSources(t.Context(), []string{"rest", "snowflake", "gbq"})
		if err == nil || !strings.Contains(err.Error(), `the data source "gbq"`) || strings.Contains(err.Error(), "snowflake") {
			t.Errorf("got error %v, want the data source gbq only", err)
		}
	})
	t.Run("the details of a connection", func(t *testing.T) {
		wider := scope
		wider.Details = func(*connection.Live) bool { return true }
		got, err := provider.Snapshot(t.Context(), wider)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range got.Connections {
			if (l.Unreadable != "") != (l.Key.Name == "Other") {
				t.Errorf("%s: got unreadable %q, want a reason only for Other", l.Key, l.Unreadable)
			}
		}
	})
	t.Run("a space of the file that is not asked for", func(t *testing.T) {
		got, err := provider.Snapshot(t.Context(), connection.Scope{})
		if err != nil || len(got.Connections) != 0 {
			t.Errorf("got %d connections, error %v; want none", len(got.Connections), err)
		}
	})
}

func TestASnapshotIsNeverWrittenTo(t *testing.T) {
	file, _, _, _ := written(t)
	provider := snapshot.NewProvider(file, qlik.Rules{}, nil)
	for _, outcome := range provider.Execute(t.Context(), make([]connection.Operation, 2)) {
		if !errors.Is(outcome.Err, snapshot.ErrReadOnly) || !errors.Is(outcome.Err, connection.ErrNotSent) {
			t.Errorf("got error %v, want ErrReadOnly and ErrNotSent", outcome.Err)
		}
	}
}

func TestFilesThatAreNoSnapshots(t *testing.T) {
	for name, text := range map[string]string{
		"a secret":          "canary-of-a-file",
		"other JSON":        `{"canary": 1}`,
		"a plan":            `{"format": "qlsync.plan/v1", "canary": 1}`,
		"a newer one":       `{"format": "qlsync.snapshot/v2"}`,
		"half of one":       `{"format": "qlsync.snapshot/v1", "taken": "2026-01-01T00:00:00Z"}`,
		"one of other form": `{"format": "qlsync.snapshot/v1", "taken": "canary"}`,
		"nothing":           ``,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := snapshot.Decode(strings.NewReader(text))
			if err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "snapshot") {
				t.Errorf("got error %v, want one about a snapshot that does not quote the file", err)
			}
		})
	}
}
