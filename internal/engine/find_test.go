package engine_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/workdir"
)

// hostIn returns a host in a folder, of a user with that home directory.
func hostIn(folder, home string) *engine.Host {
	return &engine.Host{WorkDir: workdir.Dir(folder), Lookup: func(name string) (string, bool) {
		return home, name == "HOME" || name == "USERPROFILE"
	}}
}

func TestTheNearestProjectFileAboveIsFoundWithinTheRepositoryAndBelowTheHomeDirectory(t *testing.T) {
	const file = engine.ProjectFile
	for name, test := range map[string]struct {
		files []string // those with a slash at their end are folders
		in    string
		home  string
		want  string // empty: none
	}{
		"in the folder itself":                    {[]string{file, "a/" + file}, "a", "", file},
		"two folders above":                       {[]string{file, "a/b/"}, "a/b", "", "../../" + file},
		"the nearest of two":                      {[]string{file, "a/" + file, "a/b/"}, "a/b", "", "../" + file},
		"at the root of the repository":           {[]string{file, ".git/", "a/"}, "a", "", "../" + file},
		"not above the root of the repository":    {[]string{file, "a/.git/", "a/b/"}, "a/b", "", ""},
		"not above a work tree, with a file .git": {[]string{file, "a/.git", "a/b/"}, "a/b", "", ""},
		"not in the home directory":               {[]string{file, "a/"}, "a", ".", ""},
		"in the home directory, if started there": {[]string{file}, ".", ".", file},
		"not above the home directory":            {[]string{file, "home/a/"}, "home/a", "home", ""},
		"no folder of that name":                  {[]string{"a/b/"}, "a/b", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for _, path := range append(test.files, test.in+"/") {
				at := filepath.Join(root, filepath.FromSlash(path))
				if err := os.MkdirAll(filepath.Dir(at+"x"), 0o700); err != nil {
					t.Fatal(err)
				}
				if !strings.HasSuffix(path, "/") {
					if err := os.WriteFile(at, nil, 0o600); err != nil {
						t.Fatal(err)
					}
					continue
				}
				if err := os.MkdirAll(at, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			home := "/no-home"
			if test.home != "" {
				home = filepath.Join(root, test.home)
			}
			got, err := hostIn(filepath.Join(root, filepath.FromSlash(test.in)), home).FindProject("")
			if test.want == "" {
				if err == nil || !strings.Contains(err.Error(), "qlsync init") {
					t.Errorf("got the file %q and the error %v, want none and an error that names qlsync init", got, err)
				}
				return
			}
			if err != nil || filepath.ToSlash(got) != test.want {
				t.Errorf("got the file %q (%v), want %q", got, err, test.want)
			}
		})
	}
}

// Whoever can write to /tmp could have other users find a project there, and read their tokens.
func TestAProjectFileOfAnotherUserIsOnlyUsedIfItIsNamed(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, engine.ProjectFile)
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "windows" || os.Chown(file, 12345, -1) != nil {
		t.Skip("only an administrator of a Unix system can give a file away")
	}
	below := filepath.Join(root, "below")
	if err := os.Mkdir(below, 0o700); err != nil {
		t.Fatal(err)
	}
	host := hostIn(below, "/no-home")
	if got, err := host.FindProject(""); err == nil || !strings.Contains(err.Error(), "pass -c ../qlsync.yaml") {
		t.Errorf("got the file %q and the error %v, want an error that says how to name the file", got, err)
	}
	if got, err := host.FindProject(".."); err != nil || filepath.ToSlash(got) != "../qlsync.yaml" {
		t.Errorf("got the file %q (%v) for the folder that is named, want ../qlsync.yaml", got, err)
	}
}
