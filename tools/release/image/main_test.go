package main

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// indexOf returns the index of a release whose programs have a content of their own.
func indexOf(t *testing.T, version, content string) (v1.ImageIndex, *release) {
	t.Helper()
	built := &release{version: version, commit: "c0ffee", date: time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC), binaries: map[string]string{}}
	for _, architecture := range []string{"amd64", "arm64"} {
		file := filepath.Join(t.TempDir(), "qlsync")
		if err := os.WriteFile(file, []byte(architecture+content), 0o755); err != nil {
			t.Fatal(err)
		}
		built.binaries[architecture] = file
	}
	index, err := buildIndex(built)
	if err != nil {
		t.Fatal(err)
	}
	return index, built
}

func digest(t *testing.T, index v1.ImageIndex) string {
	t.Helper()
	hash, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return hash.String()
}

func TestTheSameProgramsAreTheSameImage(t *testing.T) {
	first, _ := indexOf(t, "1.2.3", "program")
	again, _ := indexOf(t, "1.2.3", "program")
	other, _ := indexOf(t, "1.2.3", "another")
	if digest(t, first) != digest(t, again) || digest(t, first) == digest(t, other) {
		t.Errorf("got the digests %s and %s for equal programs and %s for another one, want two equal ones", digest(t, first), digest(t, again), digest(t, other))
	}
}

func TestAnImageIsPushedUnderItsVersionAndAReleaseAlsoAsLatest(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	image := strings.TrimPrefix(server.URL, "http://") + "/qlsync/qlsync"
	release, built := indexOf(t, "1.2.3", "program")
	if err := pushIndex(image, release, built); err != nil {
		t.Fatal(err)
	}
	preview, built := indexOf(t, "1.3.0-rc.1", "newer program")
	if err := pushIndex(image, preview, built); err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[string]string{"1.2.3": digest(t, release), "latest": digest(t, release), "1.3.0-rc.1": digest(t, preview)} {
		reference, err := name.NewTag(image + ":" + tag)
		if err != nil {
			t.Fatal(err)
		}
		got, err := remote.Index(reference)
		if err != nil {
			t.Fatalf("pull the tag %s: %v", tag, err)
		}
		if digest(t, got) != want {
			t.Errorf("the tag %s is %s, want %s", tag, digest(t, got), want)
		}
	}
}
