package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/pkg/spec"
)

// lockContext is that of an apply with these flags.
func lockContext(t *testing.T, args ...string) *cli.Context {
	t.Helper()
	flags := flag.NewFlagSet("apply", flag.ContinueOnError)
	flags.Duration(lockFlag.Name, 0, "")
	flags.String(lockFolderFlag.Name, "", "")
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	c := cli.NewContext(nil, flags, nil)
	c.Context = t.Context()
	return c
}

// locked takes the lock of a project and a tenant.
func locked(t *testing.T, cache, project, url string) func() {
	t.Helper()
	s := &session{
		env: &environment{lookup: func(name string) (string, bool) {
			return map[string]string{"XDG_CACHE_HOME": cache}[name], true
		}},
		project: &spec.Project{Name: project}, tenant: &spec.Tenant{Name: "test", URL: url},
	}
	unlock, err := s.lock(lockContext(t))
	if err != nil {
		t.Fatal(err)
	}
	return unlock
}

func TestTwoAppliesOfOneProjectToOneTenantDoNotRunAtOnce(t *testing.T) {
	k := newKilling(t)
	k.values["XDG_CACHE_HOME"] = t.TempDir()
	url := k.server.URL
	unlock := locked(t, k.values["XDG_CACHE_HOME"], "acme", url)

	writes := k.seen
	if k.run(t, exitPartial, "apply", "--auto-approve"); k.seen != writes {
		t.Error("it wrote while another one held the lock")
	}
	told := regexp.MustCompile(`another apply of project acme to tenant test is running: process \d+, since 20\d\d-.*, in .*; wait for it, or for a while with --lock-timeout`)
	if !told.MatchString(k.output) {
		t.Errorf("it does not say who holds the lock: %s", k.output)
	}
	k.run(t, exitOK, "plan") // reading is for everybody

	locked(t, k.values["XDG_CACHE_HOME"], "other", url)()
	locked(t, k.values["XDG_CACHE_HOME"], "acme", "https://other.example")()

	released := time.AfterFunc(100*time.Millisecond, unlock)
	defer released.Stop()
	k.run(t, exitOK, "apply", "--auto-approve", "--lock-timeout", "1m")
	k.run(t, exitOK, "apply", "--auto-approve")
}

func TestALockStandsWhereOnlyItsUserLooks(t *testing.T) {
	cache := t.TempDir()
	unlock := locked(t, cache, "acme", "https://acme.example")
	files, _ := filepath.Glob(filepath.Join(cache, "qlsync", "locks", "*"))
	if len(files) != 2 {
		t.Fatalf("files %q", files)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
		if text, _ := os.ReadFile(file); bytes.Contains(text, []byte("example")) {
			t.Errorf("%s holds %s", file, text)
		}
	}
	unlock()
	if files, _ := filepath.Glob(filepath.Join(cache, "qlsync", "locks", "*.json")); len(files) > 0 {
		t.Errorf("left behind: %q", files)
	}
}
