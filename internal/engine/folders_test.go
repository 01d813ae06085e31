package engine

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/spec"
)

// homeless returns a host whose home folder cannot be written, with a folder for
// temporary files of its own.
func homeless(t *testing.T) (host *Host, temporary string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the cache folder and the temporary files are found otherwise on Windows")
	}
	file := filepath.Join(t.TempDir(), "file") // no folder can be made below a file, also not by root
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	temporary = t.TempDir()
	t.Setenv("HOME", file)
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("TMPDIR", temporary)
	return &Host{Lookup: os.LookupEnv}, temporary
}

func TestALockFindsASafePlaceWithoutAHomeFolder(t *testing.T) {
	host, temporary := homeless(t)
	for _, home := range []string{os.Getenv("HOME"), ""} {
		t.Setenv("HOME", home)
		folder, err := host.LockFolder("")
		if err != nil || !strings.HasPrefix(folder, temporary) {
			t.Fatalf("HOME=%s: got folder %q, error %v; want one inside the temporary folder", home, folder, err)
		}
		for _, made := range []string{folder, filepath.Dir(folder)} {
			if info, err := os.Lstat(made); err != nil || info.Mode() != os.ModeDir|0o700 {
				t.Errorf("%s: got mode %v, error %v; want a folder with 0700", made, info.Mode(), err)
			}
		}
	}
}

func TestALockTakesNoFolderThatSomebodyElseMayHavePrepared(t *testing.T) {
	host, temporary := homeless(t)
	folder, err := host.LockFolder("")
	if err != nil {
		t.Fatal(err)
	}
	above := filepath.Dir(folder)
	for name, prepare := range map[string]func(elsewhere string) error{
		"a link": func(elsewhere string) error { return os.Symlink(elsewhere, above) },
		"a link below": func(elsewhere string) error {
			return errors.Join(os.Mkdir(above, 0o700), os.Symlink(elsewhere, folder))
		},
		"a file":         func(string) error { return os.WriteFile(above, nil, 0o600) },
		"another user's": func(string) error { return errors.Join(os.Mkdir(above, 0o700), os.Chown(above, 65534, 65534)) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.RemoveAll(above); err != nil {
				t.Fatal(err)
			}
			elsewhere := t.TempDir()
			if err := prepare(elsewhere); errors.Is(err, os.ErrPermission) {
				t.Skip("only root can do this: ", err)
			} else if err != nil {
				t.Fatal(err)
			}
			_, err := host.LockFolder("")
			if err == nil || !strings.Contains(err.Error(), "--lock-dir DIR") || !strings.Contains(err.Error(), temporary) {
				t.Errorf("got error %v, want one with the folder and --lock-dir DIR", err)
			}
			if entries, _ := os.ReadDir(elsewhere); len(entries) > 0 {
				t.Errorf("got files outside the temporary folder: %v, want none", entries)
			}
			named := filepath.Join(t.TempDir(), "locks")
			if folder, err := host.LockFolder(named); err != nil || folder != named {
				t.Errorf("got %q, error %v; want the folder of --lock-dir", folder, err)
			}
		})
	}
}

func TestALockIsNeverWrittenThroughALink(t *testing.T) {
	host, _ := homeless(t)
	folder := t.TempDir()
	precious := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(precious, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Session{host: host, project: &Project{Project: &spec.Project{Name: "acme"}}, tenant: &spec.Tenant{Name: "test", URL: "https://acme.example"}}
	path := filepath.Join(folder, s.digest())
	for _, link := range []string{path + ".json", path + ".lock"} {
		_ = os.Remove(link)
		if err := os.Symlink(precious, link); err != nil {
			t.Fatal(err)
		}
		unlock, err := s.Lock(t.Context(), folder, 0)
		if strings.HasSuffix(link, ".lock") != (err != nil) {
			t.Errorf("%s: got error %v, want one only for the link of the lock", filepath.Ext(link), err)
		}
		if err == nil {
			unlock()
		}
		if text, err := os.ReadFile(precious); err != nil || string(text) != "precious" {
			t.Errorf("%s: the file behind the link holds %q, %v", filepath.Ext(link), text, err)
		}
	}
}
