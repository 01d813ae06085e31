package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/transport"
)

// locked takes the lock of a project and a tenant.
func locked(t *testing.T, cache, name, url string) func() {
	t.Helper()
	file := filepath.Join(t.TempDir(), "qlsync.yaml")
	text := fmt.Sprintf("version: 1\nproject: %s\ntenants: {test: {url: %q, auth: {apiKey: {env: KEY}}}}\n", name, url)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	host := &engine.Host{Secrets: transport.NewRedactor(), Lookup: func(name string) (string, bool) {
		value, ok := map[string]string{"XDG_CACHE_HOME": cache, "KEY": "key-of-the-test"}[name]
		return value, ok
	}}
	project, err := host.ReadProject(t.Context(), engine.ProjectOptions{File: file})
	if err != nil {
		t.Fatal(err)
	}
	s, err := project.Open(t.Context(), engine.SessionOptions{Parallelism: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	unlock, err := s.Lock(t.Context(), "", 0)
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
		t.Error("got writes while another process held the lock, want none")
	}
	told := regexp.MustCompile(`another apply of project acme to tenant test is running \(process \d+, since 20\d\d-.*, in .*\)\. Nothing was written\. Wait until it has ended, or pass --lock-timeout 10m to wait for it`)
	if !told.MatchString(k.output) {
		t.Errorf("got output without the holder of the lock: %s", k.output)
	}
	k.run(t, exitOK, "plan") // reading is for everybody

	locked(t, k.values["XDG_CACHE_HOME"], "other", url)()
	locked(t, k.values["XDG_CACHE_HOME"], "acme", "https://other.example")()

	released := time.AfterFunc(100*time.Millisecond, unlock)
	defer released.Stop()
	k.run(t, exitOK, "apply", "--auto-approve", "--lock-timeout", "1m")
	k.run(t, exitOK, "apply", "--auto-approve")
}

func TestALockIsInAFolderOfItsUser(t *testing.T) {
	cache := t.TempDir()
	unlock := locked(t, cache, "acme", "https://acme.example")
	files, _ := filepath.Glob(filepath.Join(cache, "qlsync", "locks", "*"))
	if len(files) != 2 {
		t.Fatalf("got files %q, want two: the lock and its holder", files)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got mode %v, error %v; want 0600", file, info.Mode(), err)
		}
		if text, _ := os.ReadFile(file); bytes.Contains(text, []byte("example")) {
			t.Errorf("the file %s shows the address of the tenant: %s", file, text)
		}
	}
	unlock()
	if files, _ := filepath.Glob(filepath.Join(cache, "qlsync", "locks", "*.json")); len(files) > 0 {
		t.Errorf("left behind: %q", files)
	}
}
