package engine_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
)

const movingSeed = `{"tenantId": "t-own", "users": [{"name": "Ana", "email": "ana@example.com", "roles": ["TenantAdmin"]}],
	"spaces": [{"name": "Finance", "type": "shared"}]}`

// movingHost is a host that belongs to a tenant at first, and later to another one.
type movingHost struct {
	tenant *qlik.Tenant
	// id is what the other tenant reports; nil: the host still belongs to the first one. "" is 404.
	id     atomic.Pointer[string]
	writes atomic.Int64
}

func (h *movingHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if id := h.id.Load(); id != nil && r.URL.Path == "/api/v1/tenants/me" {
		w.Header().Set("Content-Type", "application/json")
		if *id == "" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte(`{"id": "` + *id + `"}`))
		return
	}
	if r.Method != http.MethodGet {
		h.writes.Add(1)
	}
	h.tenant.ServeHTTP(w, r)
}

// openMoving opens a session on a host, for a project that declares the id.
func openMoving(t *testing.T, h *movingHost) *engine.Session {
	t.Helper()
	var err error
	if h.tenant, err = qlik.New([]byte(movingSeed), qlik.Options{}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	folder := t.TempDir()
	for name, text := range map[string]string{
		"qlsync.yaml": `{version: 1, project: acme, connections: [c.yaml], tenants: {own: {id: t-own, url: "` + server.URL + `", auth: {apiKey: {env: KEY}}}}}`,
		"c.yaml": `{version: 1, connections: [{name: Rates, space: Finance, dataSource: rest,
			properties: {url: "https://rates.example.com", authSchema: basic}, credentials: {username: me, password: {env: PASSWORD}}}]}`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	values := map[string]string{"KEY": h.tenant.Token(), "PASSWORD": "hunter2-canary"}
	host := &engine.Host{
		WorkDir: workdir.Dir(folder), Secrets: transport.NewRedactor(), Lifetime: t.Context(),
		Lookup: func(name string) (string, bool) { value, set := values[name]; return value, set },
	}
	project, err := host.ReadProject(t.Context(), engine.ProjectOptions{File: "qlsync.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	session, err := project.Open(t.Context(), engine.SessionOptions{Parallelism: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(session.Close)
	return session
}

func TestNothingIsWrittenToATenantWithAnotherId(t *testing.T) {
	evil, gone := "t-evil", ""
	for name, c := range map[string]struct {
		before, after *string // what the host reports before the plan, and after it
		refused       string
		writes        int64
	}{
		"the host stays": {nil, nil, "", 1},
		"the host belonged to another tenant before":  {&evil, &evil, "tenant-id-differs", 0},
		"the host moves between the plan and a write": {nil, &evil, "tenant-id-differs", 0},
		"the host stops telling its id":               {nil, &gone, "tenant-id-gone", 0},
		"the host never tells its id":                 {&gone, &gone, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := &movingHost{}
			session := openMoving(t, h)
			h.id.Store(c.before)
			p, err := session.Plan(t.Context(), engine.PlanOptions{})
			if err == nil {
				h.id.Store(c.after)
				_, err = session.Apply(t.Context(), p, 2)
			}
			refusal, _ := errors.AsType[*engine.Refusal](err)
			switch {
			case c.refused == "" && err != nil:
				t.Errorf("the apply ended with %v, want no error", err)
			case c.refused != "" && (refusal == nil || refusal.Reason.Code != c.refused):
				t.Errorf("the apply ended with %v, want a refusal with the code %s", err, c.refused)
			}
			if got := h.writes.Load(); got != c.writes {
				t.Errorf("the host got %d writes, want %d", got, c.writes)
			}
		})
	}
}
