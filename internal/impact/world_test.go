package impact_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	simqlik "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// now is when all worlds of the tests are read.
var now = time.Date(2026, time.November, 29, 12, 0, 0, 0, time.UTC)

// object is a part of a seed.
type object = map[string]any

// handler serves an embedded tenant without a network.
type handler struct{ http.Handler }

func (h handler) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	response := w.Result()
	response.Request = r
	return response, nil
}

// world is an embedded tenant and a provider for it.
type world struct {
	*inspect.Tenant
	provider *qlik.Provider
	clock    time.Time
}

// seedOf returns a seed with two spaces, three users (Ana is the caller and an administrator unless the seed says
// otherwise) and the connections A to E in Finance.
func seedOf(more object) object {
	seed := object{
		"token":    "key-of-ana-0123456789",
		"tenantId": "tenant",
		"users": []object{
			{"email": "ana@example.com", "name": "Ana", "roles": []string{"TenantAdmin"}},
			{"email": "bo@example.com", "name": "Bo"},
			{"email": "cy@example.com", "name": "Cy"},
		},
		"spaces":    []object{{"name": "Finance", "type": "shared"}, {"name": "Sales", "type": "shared"}},
		"behaviour": object{"listPersonalItems": true},
	}
	var connections []object
	for _, name := range []string{"A", "B", "C", "D", "E"} {
		connections = append(connections, object{
			"name": name, "space": "Finance", "dataSource": "rest", "properties": object{"url": "https://" + name + ".example"},
		})
	}
	seed["connections"] = connections
	for key, value := range more {
		if behaviour, ok := value.(object); ok && key == "behaviour" {
			for name, is := range behaviour {
				seed["behaviour"].(object)[name] = is
			}
			continue
		}
		seed[key] = value
	}
	return seed
}

func embed(t testing.TB, seed object, options simqlik.Options) *world {
	t.Helper()
	text, err := json.Marshal(seed)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{clock: now}
	options.Now = func() time.Time { return w.clock }
	w.Tenant, err = inspect.New(text, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if unfired := w.UnfiredFaults(); len(unfired) > 0 {
			t.Errorf("got faults that never fired: %+v", unfired)
		}
		if misuse := w.Misuse(); len(misuse) > 0 {
			t.Errorf("got misuse %q, want none", misuse)
		}
	})
	w.provider, err = qlik.New(qlik.Config{
		URL: "http://127.0.0.1:8080", Auth: qlik.Auth{APIKey: connection.NewSecret(w.Token())}, HTTPClient: &http.Client{Transport: handler{w.Tenant}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// read returns the usage and the connections, as the engine reads them.
func (w *world) read(t testing.TB, scope connection.UsageScope) (*connection.Usage, []connection.Live) {
	t.Helper()
	snapshot, err := w.provider.Snapshot(context.Background(), connection.Scope{
		Spaces: []connection.SpaceRef{{Name: "Finance"}, {Name: "Sales"}, {Personal: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	scope.Caller, scope.Spaces = snapshot.Caller, snapshot.Spaces
	usage, err := w.provider.Usage(context.Background(), scope)
	if err != nil {
		t.Fatal(err)
	}
	return usage, snapshot.Connections
}

// index returns the index of what the caller sees.
func (w *world) index(t testing.TB, history *impact.History) *impact.Index {
	t.Helper()
	usage, live := w.read(t, connection.UsageScope{})
	return indexOf(usage, live, history)
}

// indexOf returns the index of a reading, and of a history before it.
func indexOf(usage *connection.Usage, live []connection.Live, history *impact.History) *impact.Index {
	return impact.New(usage, live, history.With(usage, live))
}

// id returns the id of a connection in Finance.
func (w *world) id(t testing.TB, name string) string {
	t.Helper()
	found, ok := w.Find("Finance", name)
	if !ok {
		t.Fatalf("got no connection %q in Finance", name)
	}
	return found.ID
}

// App returns the id of an app.
func (w *world) App(t testing.TB, name string) string {
	t.Helper()
	for _, app := range w.Apps() {
		if app.Name == name {
			return app.ID
		}
	}
	t.Fatalf("got no app %q", name)
	return ""
}

func load(names ...string) []object {
	var script []object
	for _, name := range names {
		script = append(script, object{"type": "load", "connection": name})
	}
	return script
}

func inspectConnection(name string) inspect.SeedConnection {
	return inspect.SeedConnection{Name: name, Space: "Finance", DataSource: "rest", Properties: object{"url": "https://x.example"}}
}
