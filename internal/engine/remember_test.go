package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/pkg/spec"
)

// TestACacheOfDependentsThatIsTooLargeIsReadAgain: it can be read again from the tenant. A history cannot, so that one
// that is too large is an error.
func TestACacheOfDependentsThatIsTooLargeIsReadAgain(t *testing.T) {
	folder := t.TempDir()
	s := &Session{host: &Host{}, project: &Project{Project: &spec.Project{}}, tenant: &spec.Tenant{Name: "prod", URL: "https://acme.example"}, cache: folder, sealKey: []byte("key")}
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
