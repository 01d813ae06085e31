package engine_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
)

func TestAClosedSessionKeepsNoConnectionToItsTenant(t *testing.T) {
	tenant, err := qlik.New([]byte(movingSeed), qlik.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var opened, open atomic.Int64
	server := httptest.NewUnstartedServer(tenant)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			opened.Add(1)
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		case http.StateActive, http.StateIdle, http.StateHijacked:
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	folder := t.TempDir()
	for name, text := range map[string]string{
		"qlsync.yaml": `{version: 1, project: acme, connections: [c.yaml], spaces: [Finance], tenants: {own: {url: "` + server.URL + `", auth: {apiKey: {env: KEY}}}}}`,
		"c.yaml":      `{version: 1, connections: []}`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	host := &engine.Host{
		WorkDir: workdir.Dir(folder), Secrets: transport.NewRedactor(), Lifetime: t.Context(),
		Lookup: func(name string) (string, bool) { return tenant.Token(), name == "KEY" },
	}
	session, err := mustReadProject(t, host).Open(t.Context(), engine.SessionOptions{Parallelism: 8})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := session.Drift(t.Context(), engine.DriftOptions{}); err != nil {
		t.Fatal(err)
	}
	session.Close()
	for range 100 { // the server notices a closed connection a moment later
		if open.Load() == 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if opened.Load() == 0 || open.Load() > 0 {
		t.Errorf("%d of %d connections are still open 5 s after the session was closed, want none", open.Load(), opened.Load())
	}
}
