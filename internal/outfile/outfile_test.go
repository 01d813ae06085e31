package outfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func put(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, path, want string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != want {
		t.Errorf("%s holds %.60q, want %.60q", filepath.Base(path), text, want)
	}
}

// alone demands that a folder holds these names and nothing else.
func alone(t *testing.T, folder string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if strings.Join(names, " ") != strings.Join(want, " ") {
		t.Errorf("the folder holds %q, want %q", names, want)
	}
}

func demandMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	if runtime.GOOS == "windows" {
		return
	}
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != want {
		t.Errorf("%s has mode %v, want %v", filepath.Base(path), info.Mode(), want)
	}
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

func TestAFileHasTheModeItIsWrittenWithAndNotTheFormerOne(t *testing.T) {
	for _, mode := range []fs.FileMode{Private, Public} {
		for _, before := range []fs.FileMode{0, 0o600, 0o644, 0o666, 0o755, 0o444} {
			path := filepath.Join(t.TempDir(), "file")
			if before != 0 {
				put(t, path, "what was there before, and longer", before)
			}
			if err := Write(path, mode, text("new")); err != nil {
				t.Fatal(err)
			}
			expect(t, path, "new")
			demandMode(t, path, mode)
			alone(t, filepath.Dir(path), "file")
		}
	}
}

func TestAReaderKeepsTheOldFileAndOtherNamesOfItAreUntouched(t *testing.T) {
	folder := t.TempDir()
	path, other := filepath.Join(folder, "file"), filepath.Join(folder, "other")
	put(t, path, "old", 0o600)
	if err := os.Link(path, other); err != nil {
		t.Skip("hard links do not work here: ", err)
	}
	if err := WriteBytes(path, Private, []byte("new")); err != nil {
		t.Fatal(err)
	}
	expect(t, path, "new")
	expect(t, other, "old")
}

func TestNothingIsTouchedIfTheTextCannotBeMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	put(t, path, "old", 0o644)
	broken := errors.New("broken")
	err := Write(path, Private, func(w io.Writer) error { _, _ = io.WriteString(w, "half"); return broken })
	if !errors.Is(err, broken) {
		t.Errorf("got error %v, want the one of making the text", err)
	}
	expect(t, path, "old")
	demandMode(t, path, 0o644)
	alone(t, filepath.Dir(path), "file")
}

func TestNoLinkIsWrittenThroughOrReplaced(t *testing.T) {
	folder := t.TempDir()
	precious := filepath.Join(folder, "precious")
	for name, target := range map[string]string{"absolute": precious, "relative": "precious", "dangling": "nothing", "device": os.DevNull, "loop": "loop"} {
		t.Run(name, func(t *testing.T) {
			put(t, precious, "precious", 0o600)
			link := filepath.Join(folder, name)
			if err := os.Symlink(target, link); err != nil {
				t.Skip("links cannot be made here: ", err)
			}
			defer os.Remove(link)
			for call, err := range map[string]error{
				"Write":  Write(link, Private, text("new")),
				"Append": Append(link, Private, []byte("new\n")),
				"Check":  Check(link),
				"Create": Create(link, Public, []byte("new")),
			} {
				if err == nil || call != "Create" && !strings.Contains(err.Error(), "is a link") {
					t.Errorf("%s: got error %v, want one about the link", call, err)
				}
			}
			if at, err := os.Readlink(link); err != nil || at != target {
				t.Errorf("the link leads to %q, %v", at, err)
			}
			expect(t, precious, "precious")
			alone(t, folder, slicesOf("precious", name)...)
		})
	}
}

func slicesOf(a, b string) []string {
	if a > b {
		a, b = b, a
	}
	return []string{a, b}
}

func TestLinksAmongTheFoldersAreFollowed(t *testing.T) {
	folder := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(folder, "real"), 0o755), os.Symlink("real", filepath.Join(folder, "link"))); err != nil {
		t.Skip("links cannot be made here: ", err)
	}
	path := filepath.Join(folder, "link", "file")
	if err := errors.Join(Check(path), Write(path, Private, text("new"))); err != nil {
		t.Fatal(err)
	}
	expect(t, filepath.Join(folder, "real", "file"), "new")
}

func TestAMissingFolderAFolderAndANullDeviceAreDifferentErrors(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, "file"), "old", 0o600)
	for path, want := range map[string]string{
		filepath.Join(folder, "none", "file"): "there is no folder",
		filepath.Join(folder, "file", "file"): "", // the words are the system's on some systems
		folder:                                "is a folder",
	} {
		if err := Check(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check(%q): got error %v, want one with %q", path, err, want)
		}
		if err := Write(path, Private, text("new")); err == nil {
			t.Errorf("Write(%q) succeeds", path)
		}
	}
	if err := errors.Join(Check(os.DevNull), Write(os.DevNull, Private, text("new")), Append(os.DevNull, Private, []byte("new\n"))); err != nil {
		t.Error(err)
	}
	alone(t, folder, "file")
}

func TestCheckLeavesEverythingAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := Check(path); err != nil {
		t.Fatal(err)
	}
	alone(t, filepath.Dir(path))
	put(t, path, "old", 0o644)
	if err := Check(path); err != nil {
		t.Fatal(err)
	}
	expect(t, path, "old")
	demandMode(t, path, 0o644)
	alone(t, filepath.Dir(path), "file")
}

func TestCreateNeverReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := Create(path, Public, []byte("first")); err != nil {
		t.Fatal(err)
	}
	demandMode(t, path, Public)
	if err := Create(path, Public, []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got error %v, want one that says the file exists", err)
	}
	expect(t, path, "first")
}

func TestAppendEndsACutLineAndKeepsWhatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, line := range []string{"one\n", "two"} {
		if err := Append(path, Private, []byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	demandMode(t, path, Private)
	if err := Append(path, Private, []byte("three\n")); err != nil {
		t.Fatal(err)
	}
	expect(t, path, "one\ntwo\nthree\n")
}

func TestLinesAppendedAtTheSameTimeAreAllThereAndWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	line := bytes.Repeat([]byte("x"), 5000)
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			if err := Append(path, Private, append(bytes.Clone(line), '\n')); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for got := range bytes.Lines(whole) {
		if got = bytes.TrimSuffix(got, []byte("\n")); len(got) > 0 { // a writer may have met another one's half line
			lines++
			if !bytes.Equal(got, line) {
				t.Errorf("a line has %d bytes", len(got))
			}
		}
	}
	if lines != 20 {
		t.Errorf("got %d lines, want 20", lines)
	}
}

func TestWritersAtTheSameTimeLeaveOneWholeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			if err := WriteBytes(path, Private, bytes.Repeat([]byte{byte('a' + i)}, 100_000)); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(whole) != 100_000 || !bytes.Equal(whole, bytes.Repeat(whole[:1], 100_000)) {
		t.Error("the file mixes the text of two writers, want one whole text")
	}
	alone(t, filepath.Dir(path), "file")
}

func TestARenameIsTriedAgainForAboutASecondWhileTheFileIsInUse(t *testing.T) {
	inUse, other := errors.New("in use"), errors.New("other")
	isInUse := func(err error) bool { return errors.Is(err, inUse) }
	for name, test := range map[string]struct {
		free    time.Duration // when the file is free again
		then    error
		want    error
		atLeast time.Duration
		atMost  time.Duration
	}{
		"free":                 {0, nil, nil, 0, 0},
		"free soon":            {300 * time.Millisecond, nil, nil, 300 * time.Millisecond, 700 * time.Millisecond},
		"free in time":         {990 * time.Millisecond, nil, nil, 990 * time.Millisecond, time.Second},
		"never free":           {time.Hour, nil, inUse, time.Second, time.Second},
		"another error":        {0, other, other, 0, 0},
		"another error behind": {100 * time.Millisecond, other, other, 100 * time.Millisecond, 300 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				err := insist(patience, func() error {
					if time.Since(start) < test.free {
						return inUse
					}
					return test.then
				}, isInUse)
				if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
					t.Errorf("the error is %v, want %v", err, test.want)
				}
				if waited := time.Since(start); waited < test.atLeast || waited > test.atMost {
					t.Errorf("it took %v, want %v to %v", waited, test.atLeast, test.atMost)
				}
			})
		})
	}
}

func TestAPrivateFolderIsOursAndNoLink(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "above", "mine")
	for range 2 { // made, then found
		if err := PrivateFolder(path); err != nil {
			t.Fatal(err)
		}
		demandMode(t, path, fs.ModeDir|0o700)
	}
	if err := os.Chmod(path, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := PrivateFolder(path); err != nil {
		t.Fatal(err)
	}
	demandMode(t, path, fs.ModeDir|0o700)

	file := filepath.Join(folder, "file")
	put(t, file, "", 0o600)
	if err := PrivateFolder(file); err == nil {
		t.Error("a file is accepted as a private folder, want an error")
	}
	link := filepath.Join(folder, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Skip("links cannot be made here: ", err)
	}
	if err := PrivateFolder(link); err == nil || !strings.Contains(err.Error(), "link") {
		t.Errorf("got error %v, want one about the link", err)
	}
}

func TestAFileThatStaysOpenInAnotherProgramIsReportedWithTheNextStep(t *testing.T) {
	busy, other := errors.New("busy"), errors.New("other")
	isBusy := func(err error) bool { return errors.Is(err, busy) }
	for _, test := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{other, "other"},
		{&os.LinkError{Op: "rename", Old: "a.tmp", New: "b", Err: busy}, "busy. Close the program that has the file open, or make the file writable, and run the command again"},
	} {
		err := inUse(test.err, isBusy)
		if got := fmt.Sprint(err); test.err != nil && got != test.want || !errors.Is(err, test.err) && !errors.Is(err, busy) {
			t.Errorf("%v becomes %v, want %v", test.err, err, test.want)
		}
	}
}

func TestRemoveTakesALinkAndNotWhatItLeadsTo(t *testing.T) {
	folder := t.TempDir()
	file, link := filepath.Join(folder, "file"), filepath.Join(folder, "link")
	put(t, file, "precious", 0o600)
	if err := os.Symlink("file", link); err != nil {
		t.Skip("links cannot be made here: ", err)
	}
	if err := Remove(link); err != nil {
		t.Fatal(err)
	}
	expect(t, file, "precious")
	alone(t, folder, "file")
	if err := Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := Remove(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got error %v, want one that says the file does not exist", err)
	}
}
