package release

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"
)

// TestGoInstallBuildsAVersionFromAModuleProxy publishes this commit as a version in a module proxy of files, and
// installs it as docs/how-to/install.md describes. A replacement in go.mod, a file that Git ignores, a name
// that a module may not have, or a folder that became a module of its own would prevent that.
func TestGoInstallBuildsAVersionFromAModuleProxy(t *testing.T) {
	version := module.Version{Path: "github.com/qlsync/qlsync", Version: "v0.99.0"}
	root := git(t, "rev-parse", "--show-toplevel")
	proxy := t.TempDir()
	folder := filepath.Join(proxy, version.Path, "@v")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	archive, err := os.Create(filepath.Join(folder, version.Version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	if err := modzip.CreateFromVCS(archive, version, root, "HEAD", ""); err != nil {
		t.Fatalf("HEAD cannot be a module: %v", err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := json.Marshal(map[string]any{"Version": version.Version, "Time": time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	for extension, content := range map[string]string{".info": string(info), ".mod": git(t, "show", "HEAD:go.mod") + "\n"} {
		if err := os.WriteFile(filepath.Join(folder, version.Version+extension), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "list"), []byte(version.Version+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}

	// The cache of the modules is itself a proxy of what this project needs. The new version must not get into it.
	bin := t.TempDir()
	install := exec.Command("go", "install", version.Path+"/cmd/qlsync@latest")
	install.Dir = t.TempDir()
	install.Env = append(os.Environ(),
		"GOPROXY=file://"+proxy+",file://"+filepath.Join(goEnv(t, "GOMODCACHE"), "cache", "download"), "GOSUMDB=off", "GOFLAGS=-modcacherw -trimpath",
		"GOMODCACHE="+t.TempDir(), "GOBIN="+bin, "GOTOOLCHAIN=local", "CGO_ENABLED=0")
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("go install: %v\n%s", err, out)
	}
	if got, want := strings.TrimSpace(start(t, filepath.Join(bin, "qlsync"), "-v")), "qlsync "+version.Version; got != want {
		t.Errorf("the installed program prints %q, want %q", got, want)
	}
}
