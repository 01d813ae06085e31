//go:build unix

package engine

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/pkg/plan"
)

// TestAHistoryThatIsAPipeIsRefused has a pipe that nobody reads: opening the pipe to write would
// wait forever, and no signal would end the wait.
func TestAHistoryThatIsAPipeIsRefused(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Skip(err)
	}
	refused := make(chan error, 1)
	go func() { refused <- new(Host).AppendHistory(name, &plan.Drift{}) }()
	select {
	case err := <-refused:
		if !errors.Is(err, infile.ErrNotRegular) {
			t.Errorf("got the error %v, want one that says that it is not a regular file", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("got no answer within 20 s, want the pipe to be refused: it was opened")
	}
}
