package engine

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/workdir"
)

// The pipelines that a release writes install that release, and run the action of its commit.
func TestTheWorkflowsOfAReleaseArePinnedToItsCommit(t *testing.T) {
	const commit = "3f786850e387550fdab836ed7e6dc881de23001b"
	for name, want := range map[string]string{"v1.2.3": "action@" + commit + " # v1.2.3; ", "devel": "action@" + exampleVersion + " # "} {
		host := &Host{Version: name, WorkDir: workdir.Dir(t.TempDir()), Lookup: func(string) (string, bool) { return "", false }}
		for _, forge := range Forges() {
			done, err := host.InitPipeline(context.Background(), PipelineOptions{Forge: forge, Commit: commit})
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range done.Written {
				text, err := os.ReadFile(host.at(file))
				if err != nil {
					t.Fatal(err)
				}
				if strings.HasPrefix(file, ".github/") && !strings.Contains(string(text), want) {
					t.Errorf("%s of %s has no %q:\n%s", file, name, want, text)
				}
				if isPipeline := filepath.Ext(file) == ".yml"; isPipeline && name != "devel" && strings.Contains(string(text), exampleVersion) {
					t.Errorf("%s of %s installs %s, want the version of qlsync:\n%s", file, name, exampleVersion, text)
				}
			}
		}
	}
}
