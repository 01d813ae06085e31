//go:build unix

package outfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
)

// helper is the environment variable that makes the test binary write the file that it
// names, under the limits and with the streams of the test.
const helper = "OUTFILE_TEST_WRITE"

func TestMain(m *testing.M) {
	if path := os.Getenv(helper); path != "" {
		if limit := os.Getenv(helper + "_LIMIT"); limit != "" {
			bound := syscall.Rlimit{Cur: 4096, Max: 4096}
			if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &bound); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(3)
			}
		}
		if err := WriteBytes(path, Private, bytes.Repeat([]byte("n"), 100_000)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestAFileThatGrowsTooLargeLeavesTheOldOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	put(t, path, "old", 0o644)
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), helper+"="+path, helper+"_LIMIT=1")
	said, err := command.CombinedOutput()
	if command.ProcessState.ExitCode() != 1 || !strings.Contains(string(said), path) {
		t.Fatalf("got end %v, want exit code 1 with the path in %s", err, said)
	}
	expect(t, path, "old")
	alone(t, filepath.Dir(path), "file")
}

func TestAStreamOfTheProcessIsAppendedTo(t *testing.T) {
	for _, name := range []string{"/dev/stdout", "/dev/fd/1"} {
		path := filepath.Join(t.TempDir(), "file")
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(file, "before:"); err != nil {
			t.Fatal(err)
		}
		command := exec.Command(os.Args[0])
		command.Env, command.Stdout = append(os.Environ(), helper+"="+name), file
		if err := command.Run(); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		expect(t, path, "before:"+strings.Repeat("n", 100_000))
		alone(t, filepath.Dir(path), "file")
	}
}

func TestAPipeOfTheShellIsWritten(t *testing.T) { // >(...)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Args[0])
	command.Env, command.ExtraFiles = append(os.Environ(), helper+"=/dev/fd/3"), []*os.File{writer}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	got, err := io.ReadAll(reader)
	if err := errors.Join(err, command.Wait()); err != nil || len(got) != 100_000 {
		t.Fatalf("got %d bytes, error %v; want 100,000 through the pipe", len(got), err)
	}
}

func TestAClosedStreamIsAnError(t *testing.T) {
	for _, name := range []string{"/dev/fd/999999", "/dev/fd/none"} {
		if err := WriteBytes(name, Private, []byte("new")); err == nil {
			t.Errorf("%s is written, want an error for a closed stream", name)
		}
	}
}

func TestAFIFOIsWrittenAndStaysOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("FIFOs cannot be made here: ", err)
	}
	if err := Check(path); err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	go func() {
		text, err := os.ReadFile(path)
		got <- fmt.Sprint(string(text), err)
	}()
	if err := WriteBytes(path, Private, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if said := <-got; said != "new<nil>" {
		t.Errorf("the reader got %q, want the text and no error", said)
	}
	demandMode(t, path, fs.ModeNamedPipe|0o600)
	alone(t, filepath.Dir(path), "fifo")
}

// TestAPipeThatNobodyReadsIsAnError: no signal ends the wait for a reader.
func TestAPipeThatNobodyReadsIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("FIFOs cannot be made here: ", err)
	}
	synctest.Test(t, func(t *testing.T) {
		err := WriteBytes(path, Private, []byte("new"))
		if err == nil || !strings.Contains(err.Error(), "nobody has read the pipe for 10 s. Start its reader first") {
			t.Errorf("got %v, want an error that says what to do", err)
		}
	})
}

func TestAFullDeviceIsAnErrorAndStaysADevice(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full here")
	}
	if err := WriteBytes("/dev/full", Private, []byte("new")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got error %v, want ENOSPC of the device", err)
	}
	if info, err := os.Lstat("/dev/full"); err != nil || info.Mode().IsRegular() {
		t.Errorf("got mode %v, error %v; want the device kept", info.Mode(), err)
	}
}
