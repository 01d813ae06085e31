//go:build unix

package spec_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/qlsync/qlsync/pkg/spec"
)

// A path with two slashes is a share on Windows, and an ordinary path here: a folder that
// is listed shows that the link was followed.
func TestTheListOfInputsFollowsNoLinkToAShare(t *testing.T) {
	folder, elsewhere := t.TempDir(), t.TempDir()
	file := filepath.Join(folder, "qlsync.yaml")
	text := "version: 1\nproject: acme\nconnections: [c.yaml]\ntenants: {demo: {url: \"sim:tenant.yaml\"}}\n"
	for path, text := range map[string]string{file: text, filepath.Join(folder, "c.yaml"): "version: 1\n", filepath.Join(elsewhere, "rest.json"): "{}"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	listed := func(target string) (schemas int) {
		link := filepath.Join(folder, "schemas")
		_ = os.Remove(link)
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		project, problems := spec.LoadProject(file)
		if project == nil {
			t.Fatalf("got no project, want one: %v", problems)
		}
		for _, input := range project.Inputs(nil) {
			if input.Schema {
				schemas++
			}
		}
		return schemas
	}
	if n := listed(elsewhere); n != 1 {
		t.Errorf("%d schemas behind a link", n)
	}
	if n := listed("/" + elsewhere); n != 0 {
		t.Errorf("%d schemas behind a link to a share", n)
	}
}
