package outfile_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/qlsync/qlsync/internal/outfile"
)

func TestAFileBelongsToItsOwner(t *testing.T) {
	file := filepath.Join(t.TempDir(), "qlsync.yaml")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(file)
	if err != nil {
		t.Fatal(err)
	}
	if !outfile.IsOwned(file, info) {
		t.Error("a file of this user is reported as another user's")
	}
	if runtime.GOOS == "windows" {
		if outfile.IsOwned(file+".missing", info) {
			t.Error("a file whose owner cannot be read is reported as this user's")
		}
		return
	}
	if os.Chown(file, 12345, -1) != nil {
		t.Skip("only an administrator can give a file away")
	}
	if info, err = os.Lstat(file); err != nil {
		t.Fatal(err)
	}
	if outfile.IsOwned(file, info) {
		t.Error("a file of another user is reported as this user's")
	}
}
