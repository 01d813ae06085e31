package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/spec"
)

// An engine that names a service would have a special case for it.
func TestTheEngineNamesNoProvider(t *testing.T) {
	named := regexp.MustCompile(`(?i)` + strings.Join(spec.Providers(), "|"))
	ours := strings.NewReplacer("github.com/qlsync/qlsync", "")
	for _, room := range []string{"pkg/plan", "internal/targets", "internal/match", "internal/compare", "internal/schedule", "pkg/apply", "internal/report", "internal/doctor"} {
		files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(room), "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("got no files of %s (%v), want those of the package", room, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(ours.Replace(string(text)), "\n") {
				if found := named.FindString(line); found != "" {
					t.Errorf("%s:%d names %s, want no provider named in: %s", file, i+1, found, strings.TrimSpace(line))
				}
			}
		}
	}
}

func TestOnlyTheSeamNamesAProvidersPackage(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	engine, err := filepath.Glob(filepath.Join("..", "..", "internal", "engine", "*.go"))
	if err != nil || len(engine) == 0 {
		t.Fatalf("no files of the engine: %v", err)
	}
	files = append(files, engine...)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") || filepath.Base(file) == "provider.go" {
			continue
		}
		for _, provider := range spec.Providers() {
			if strings.Contains(string(text), `"github.com/qlsync/qlsync/pkg/`+provider+`"`) {
				t.Errorf("%s imports pkg/%s", file, provider)
			}
		}
	}
}
