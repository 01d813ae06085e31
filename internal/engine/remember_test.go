package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// TestACacheOfDependentsThatIsTooLargeIsReadAgain: it can be read again from the tenant. A history cannot, so that one
// that is too large is an error.
func TestACacheOfDependentsThatIsTooLargeIsReadAgain(t *testing.T) {
	folder := t.TempDir()
	s := &Session{host: &Host{}, project: &Project{Project: &spec.Project{}}, tenant: &spec.Tenant{Name: "prod", URL: "https://acme.example"}, usageCache: folder, sealKey: []byte("key")}
	large := func(path string) {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, limits.Cache.At(0)+1); err != nil {
			t.Fatal(err)
		}
	}
	large(s.usageFile())
	if m, err := s.recall(""); err != nil || m.known() != nil {
		t.Errorf("got %+v and error %v, want nothing remembered", m, err)
	}
	history := filepath.Join(folder, "history")
	large(history)
	if _, err := s.recall(history); err == nil || !strings.Contains(err.Error(), "history") {
		t.Errorf("got error %v, want one about the history", err)
	}
}

func TestAnAppThatMayUseAConnectionByItsNameIsReadAgain(t *testing.T) {
	digest := func(space, name string) string { return connection.KeyDigest(connection.Key{Space: space, Name: name}) }
	live := []connection.Live{{ID: "c1", Key: connection.Key{Space: "Finance", Name: "Orders"}}, {ID: "c2", Key: connection.Key{Space: "Finance", Name: "Rates"}}}
	fresh := readsFresh(live, map[string]bool{"c1": true})
	for name, c := range map[string]struct {
		use  connection.Use
		want bool
	}{
		"by its id":                 {connection.Use{ID: "c1"}, true},
		"by its space and name":     {connection.Use{ID: "gone", Key: digest("Finance", "Orders")}, true},
		"by its name alone":         {connection.Use{ID: "gone", Key: digest("Sales", "Orders"), Bare: digest("", "Orders")}, true},
		"another one":               {connection.Use{ID: "c2", Key: digest("Finance", "Rates"), Bare: digest("", "Rates")}, false},
		"one of an unknown name":    {connection.Use{ID: "gone"}, false},
		"one of the name elsewhere": {connection.Use{ID: "gone", Key: digest("Sales", "Orders")}, false},
	} {
		app := &connection.App{Reloads: []connection.Reload{{Uses: []connection.Use{c.use}}}}
		if got := fresh(app); got != c.want {
			t.Errorf("%s: got %v, want %v: no refusal rests on a cache", name, got, c.want)
		}
	}
}

// TestANewHistoryDoesNotHideWhatTheCacheHasSeen: the first run with --usage-history has a cache that knows more.
func TestANewHistoryDoesNotHideWhatTheCacheHasSeen(t *testing.T) {
	live := []connection.Live{{ID: "c1", Key: connection.Key{Space: "Finance", Name: "Orders"}}}
	app := connection.App{Item: connection.Item{ID: "app"}, Reloads: []connection.Reload{{ID: "r1", Uses: []connection.Use{{ID: "c1"}}}}}
	m := &memory{
		key: []byte("key"), history: filepath.Join(t.TempDir(), "history"),
		cached: (*impact.Kept)(nil).Keep(&connection.Usage{Apps: []connection.App{app}}, live),
	}
	later := &connection.Usage{Apps: []connection.App{{Item: app.Item}}}
	history, err := m.save(later, live)
	if err != nil {
		t.Fatal(err)
	}
	if got := impact.New(later, live, history).Dependents("c1"); len(got) != 1 {
		t.Errorf("got dependents %v, want the app: the cache has seen it, although the new file has not", got)
	}
}

// TestTwoRunsAtOnceLoseNothingOfAHistory: each has read the file before the other one has written it.
func TestTwoRunsAtOnceLoseNothingOfAHistory(t *testing.T) {
	live := []connection.Live{{ID: "c1", Key: connection.Key{Space: "Finance", Name: "Orders"}}}
	path := filepath.Join(t.TempDir(), "history")
	usage := func(id string) *connection.Usage {
		return &connection.Usage{Apps: []connection.App{{Item: connection.Item{ID: id}, Reloads: []connection.Reload{{ID: "r", Uses: []connection.Use{{ID: "c1"}}}}}}}
	}
	first, second := &memory{key: []byte("key"), history: path}, &memory{key: []byte("key"), history: path}
	if _, err := first.save(usage("a"), live); err != nil {
		t.Fatal(err)
	}
	if _, err := second.save(usage("b"), live); err != nil {
		t.Fatal(err)
	}
	kept, err := first.read(path)
	if err != nil || len(kept.History.Apps) != 2 {
		t.Errorf("got %+v and error %v, want the apps of both runs", kept, err)
	}
}

func TestAHistoryThatIsInUseIsWaitedFor(t *testing.T) {
	folder := t.TempDir()
	s := &Session{host: &Host{WorkDir: workdir.Dir(folder), Lookup: func(string) (string, bool) { return folder, true }}}
	unlock := s.lockUsage(t.Context(), "history")
	waited := make(chan struct{})
	go func() {
		s.lockUsage(t.Context(), "history")()
		close(waited)
	}()
	select {
	case <-waited:
		t.Error("the second run did not wait for the first one")
	case <-time.After(50 * time.Millisecond):
	}
	s.lockUsage(t.Context(), "another")()
	unlock()
	<-waited
}
