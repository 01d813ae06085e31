package workdir_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/workdir"
)

func TestRelativePathsAreOpenedBelowTheFolderAndShownAsTheyWereGiven(t *testing.T) {
	folder := t.TempDir()
	dir := workdir.Dir(folder)
	absolute := filepath.Join(t.TempDir(), "x")
	for path, want := range map[string]string{
		"a.yaml": filepath.Join(folder, "a.yaml"), "../b/c": folder + string(filepath.Separator) + "../b/c", ".": folder + string(filepath.Separator) + ".",
		absolute: absolute, "": "",
	} {
		if got := dir.Path(path); got != want {
			t.Errorf("%q is opened as %q, want %q", path, got, want)
		}
		if got := workdir.Dir("").Path(path); got != path {
			t.Errorf("without a folder, %q is opened as %q, want it unchanged", path, got)
		}
	}
	_, err := os.Stat(dir.Path("missing/file"))
	err = dir.Shown(fmt.Errorf("read: %w", err))
	if want := " missing/file: "; !strings.Contains(filepath.ToSlash(err.Error()), want) || strings.Contains(err.Error(), folder) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got the error %q (not found: %v), want one that names%sand not the folder before it", err, errors.Is(err, fs.ErrNotExist), want)
	}
	other := errors.New("no path at all")
	if dir.Shown(other) != other || dir.Shown(nil) != nil {
		t.Error("an error without a path of the folder is not returned as it is")
	}
	if got := dir.Relative(filepath.Join(folder, "a", "b")); filepath.ToSlash(got) != "a/b" || dir.Relative(absolute) != absolute {
		t.Errorf("got %q for a path below the folder, and %q for %q", got, dir.Relative(absolute), absolute)
	}
}

func TestAPathBehindALinkIsWhereTheSystemSays(t *testing.T) {
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, "there", "below"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("there", "below"), filepath.Join(folder, "link")); err != nil {
		t.Skip(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "there", "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(workdir.Dir(folder).Path("link/../file")); err != nil {
		t.Errorf("link/../file is next to the target of the link, and was looked for elsewhere: %v", err)
	}
}
