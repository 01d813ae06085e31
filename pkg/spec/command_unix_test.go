//go:build unix

package spec

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// TestWhatACommandHasStartedEndsWithIt lets a command start another one that holds its
// output and a pipe: while anything of it lives, the pipe has no end.
func TestWhatACommandHasStartedEndsWithIt(t *testing.T) {
	for name, script := range map[string]string{
		"by an interrupt":              "exec 3> alive; sleep 600 & wait",
		"when it is waited for enough": "exec 3> alive; sleep 600 & exit 0",
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			pipe := filepath.Join(folder, "alive")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			resolver := NewResolver(folder, os.LookupEnv)
			resolver.allowExec, resolver.grace = true, time.Millisecond
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			failed := make(chan error, 1)
			go func() {
				_, err := resolver.Resolve(ctx, connection.Reference{Exec: []string{"sh", "-c", script}})
				failed <- err
			}()
			alive, err := os.Open(pipe) // waits for the command to open it
			if err != nil {
				t.Fatal(err)
			}
			defer alive.Close()
			if name == "by an interrupt" {
				interrupt()
			}
			if err := <-failed; err == nil {
				t.Error("no error")
			}
			if err := alive.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(alive); err != nil {
				t.Errorf("something of it still runs: %v", err)
			}
		})
	}
}
