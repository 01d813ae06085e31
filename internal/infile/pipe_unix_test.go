//go:build unix

package infile_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/qlsync/qlsync/internal/infile"
)

func TestAPipeIsReadOnlyWhereTheCommandLineNamesIt(t *testing.T) {
	folder := t.TempDir()
	pipe := filepath.Join(folder, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	if _, err := infile.Read(pipe, 10); !errors.Is(err, infile.ErrNotRegular) {
		t.Error(err)
	}
	wrote := make(chan error, 1)
	go func() { wrote <- os.WriteFile(pipe, []byte("12345"), 0o600) }()
	if text, err := infile.ReadArgument(pipe, 5); string(text) != "12345" || err != nil {
		t.Errorf("got %q, error %v; want the bytes of the pipe up to the limit", text, err)
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
	var large *infile.TooLargeError
	go func() { _ = os.WriteFile(pipe, make([]byte, 1<<20), 0o600) }()
	if _, err := infile.ReadArgument(pipe, 5); !errors.As(err, &large) {
		t.Error(err)
	}
}

func TestASocketIsNotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Skip(err)
	}
	defer listener.Close()
	if _, err := infile.ReadArgument(path, 10); !errors.Is(err, infile.ErrNotRegular) {
		t.Error(err)
	}
}

func TestADeviceInAFolderThatIsReadIsAFailure(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"pipe.yaml", "pipe"} {
		if err := syscall.Mkfifo(filepath.Join(folder, name), 0o600); err != nil {
			t.Skip(err)
		}
	}
	mustLink(t, "/dev/zero", filepath.Join(folder, "zero.yaml"))
	if got, want := walk(t, folder, folder), []string{"! pipe.yaml: not a regular file", "! zero.yaml: a link that leads out of the project"}; !equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAFolderWithoutRightsIsAFailure(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads everything")
	}
	folder := t.TempDir()
	write(t, filepath.Join(folder, "closed", "a.yaml"), "")
	write(t, filepath.Join(folder, "open.yaml"), "")
	if err := os.Chmod(filepath.Join(folder, "closed"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(folder, "closed"), 0o700) })
	if got, want := walk(t, folder, folder), []string{"open.yaml", "! closed: read folder: permission denied"}; !equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
