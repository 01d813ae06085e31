package release

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// TestTheSameCommitIsTheSameProgramOnAnotherComputer builds the program of this platform again, from a clone in another
// folder and without anything that was compiled before.
func TestTheSameCommitIsTheSameProgramOnAnotherComputer(t *testing.T) {
	r := readBuilt(t)
	here := slices.IndexFunc(platforms, platform.runsHere)
	if here < 0 || r.modified {
		t.Skip("NOT CHECKED: the working tree differs from its commit, or there is no release for this platform")
	}
	clone := filepath.Join(t.TempDir(), "another folder")
	run(t, "git", "clone", "--quiet", "--no-hardlinks", git(t, "rev-parse", "--show-toplevel"), clone)
	run(t, "git", "-C", clone, "checkout", "--quiet", r.commit)
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=true", "-ldflags", "-s -w -X main.release=v"+r.version, "-o", "bin/qlsync", "./cmd/qlsync")
	build.Dir = clone
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOCACHE="+t.TempDir())
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	again, err := os.ReadFile(filepath.Join(clone, "bin", "qlsync"))
	if err != nil {
		t.Fatal(err)
	}
	if first := unpack(t, r, platforms[here])[platforms[here].program()].content; !bytes.Equal(first, again) {
		t.Error("a second build of the commit is another program than the one in the archive")
	}
}
