//go:build unix

package qlik_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator/qlik"
)

func TestAStateThatIsADeviceIsNotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	if err := os.Symlink("/dev/zero", path); err != nil {
		t.Skip(err)
	}
	tenant, err := qlik.Open([]byte(`{"users": [{"email": "ana@example.com"}]}`), path, qlik.Options{})
	if err == nil {
		_ = tenant.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "is not a regular file") {
		t.Error(err)
	}
}
