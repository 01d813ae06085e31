package engine

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// appReader is a provider of one app. It counts how often the app was read.
type appReader struct {
	connection.Provider
	reads int
	uses  string // id of a connection
}

var reloaded = time.Date(2026, time.November, 29, 12, 0, 0, 0, time.UTC)

func (r *appReader) Usage(_ context.Context, scope connection.UsageScope) (*connection.Usage, error) {
	usage := &connection.Usage{Caller: connection.User{Admin: true}, At: reloaded, OthersPersonal: true}
	app, known := scope.Known["app"]
	if !known || scope.Fresh(&app) {
		r.reads++
		app = connection.App{
			Item: connection.Item{ID: "app"}, State: connection.AppState{ReloadedAt: reloaded, UpdatedAt: reloaded},
			Reloads: []connection.Reload{{ID: "1", At: reloaded, Success: true, Uses: []connection.Use{{ID: r.uses, How: connection.UseLoad}}}},
		}
	}
	usage.Apps = []connection.App{app}
	return usage, nil
}

// remembering returns a session that keeps usage in a folder, for a caller with the key.
func remembering(folder, key string, reader *appReader) *Session {
	return &Session{
		host: &Host{WorkDir: workdir.Dir(folder)}, project: &Project{Project: &spec.Project{Name: "acme"}}, tenant: &spec.Tenant{Name: "prod", URL: "https://acme.example"},
		provider: reader, cache: "cache", sealKey: sealKey(auth{apiKey: connection.NewSecret(key)}, nil), secrets: secrets{redactor: &transport.Redactor{}},
	}
}

var twoConnections = &connection.Snapshot{Connections: []connection.Live{
	{ID: "a", Key: connection.Key{Space: "Finance", Name: "A"}}, {ID: "b", Key: connection.Key{Space: "Finance", Name: "B"}},
}}

// dependents returns how many dependents a run finds.
func dependents(t *testing.T, s *Session, o UsageOptions, id string) int {
	t.Helper()
	index, _, err := s.index(t.Context(), twoConnections, twoConnections.Connections, o)
	if err != nil {
		t.Fatal(err)
	}
	return len(index.Dependents(id))
}

// sealed returns the one file in a folder.
func sealed(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.usage"))
	if err != nil || len(files) != 1 {
		t.Fatalf("got files %q and error %v, want one file", files, err)
	}
	return files[0]
}

func TestAnUnchangedAppIsReadOnceAndAgainForADecision(t *testing.T) {
	folder, reader := t.TempDir(), &appReader{uses: "a"}
	for i, want := range []struct {
		decides string
		reads   int
	}{{"", 1}, {"", 1}, {"b", 1}, {"a", 2}, {"", 2}} {
		s := remembering(folder, "key", reader)
		if got := dependents(t, s, UsageOptions{decides: map[string]bool{want.decides: true}}, "a"); got != 1 || reader.reads != want.reads {
			t.Errorf("run %d: got %d dependents and %d reads, want 1 and %d", i, got, reader.reads, want.reads)
		}
	}
}

func TestAForgedCacheHidesNoUse(t *testing.T) {
	folder, reader := t.TempDir(), &appReader{uses: "a"}
	dependents(t, remembering(folder, "key", reader), UsageOptions{}, "a")
	file := sealed(t, filepath.Join(folder, "cache"))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// The same app, without its use: once under the old seal, once sealed by somebody without the key.
	other := &appReader{uses: "elsewhere"}
	foreign := t.TempDir()
	dependents(t, remembering(foreign, "another key", other), UsageOptions{}, "a")
	forged, err := os.ReadFile(sealed(t, filepath.Join(foreign, "cache")))
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{strings.Replace(string(text), `"id":"a"`, `"id":"x"`, 1), string(forged), "", "garbage", string(text[:len(text)/2])} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := dependents(t, remembering(folder, "key", reader), UsageOptions{}, "a"); got != 1 {
			t.Errorf("got %d dependents with the cache %.40q, want 1", got, content)
		}
	}
}

func TestAHistoryOfAnotherSignInIsNotReplaced(t *testing.T) {
	folder := t.TempDir()
	o := UsageOptions{History: "history"}
	dependents(t, remembering(folder, "key", &appReader{uses: "a"}), o, "a")
	before, err := os.ReadFile(filepath.Join(folder, "history"))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = remembering(folder, "another key", &appReader{uses: "b"}).index(t.Context(), twoConnections, twoConnections.Connections, o)
	if err == nil || !strings.Contains(err.Error(), "another sign-in") {
		t.Errorf("got error %v, want one about the sign-in", err)
	}
	if after, err := os.ReadFile(filepath.Join(folder, "history")); err != nil || string(after) != string(before) {
		t.Errorf("got %.40q and error %v, want the history unchanged", after, err)
	}
	// What the history saw counts, also where the app has other uses now.
	reader := &appReader{uses: "b"}
	s := remembering(folder, "key", reader)
	s.cache = ""
	if got := dependents(t, s, UsageOptions{History: "history", decides: map[string]bool{"a": true}}, "a"); got != 1 || reader.reads != 1 {
		t.Errorf("got %d dependents after %d reads, want the one of the history and one read", got, reader.reads)
	}
}
