//go:build unix

package simulator_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator"
)

func TestAStateThatIsADeviceIsNotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	if err := os.Symlink("/dev/zero", path); err != nil {
		t.Skip(err)
	}
	tenant, err := simulator.Open([]byte(`{"users": [{"email": "ana@example.com"}]}`), path, simulator.Options{})
	if err == nil {
		_ = tenant.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "is not a regular file") {
		t.Error(err)
	}
}
