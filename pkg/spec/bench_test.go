package spec_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/spec"
)

// BenchmarkValidate reads and checks one file of 10,000 connections, 160,000
// lines, and its parts.
func BenchmarkValidate(b *testing.B) {
	const n = 10_000
	text := spec.ManyConnections(n)
	folder := b.TempDir()
	path := filepath.Join(folder, "qlsync.yaml")
	for name, content := range map[string]string{
		path:                            "version: 1\nproject: finance\nconnections: c.yaml\nvariables: {stage: dev}\ntenants: {demo: {url: 'sim:x'}}",
		filepath.Join(folder, "c.yaml"): text,
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	read := func(b *testing.B) *spec.DesiredSet {
		project, problems := spec.LoadProject(path)
		set, more := project.Desired(&project.Tenants[0], nil)
		if len(problems)+len(more) > 0 || len(set.Connections) != n {
			b.Fatalf("got problems %v and %v, want %d connections without any", problems, more, n)
		}
		return set
	}
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			read(b)
		}
	})
	set := read(b)
	b.Run("check", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if problems := spec.CheckProperties(set.Connections, catalog(sampleSchema, nil)); len(problems) > 0 {
				b.Fatalf("got problems %v, want none with the properties", problems)
			}
			if problems := spec.CheckCredentials(set.Connections, classify, holdsSecret, knowsSecret); len(problems) > 0 {
				b.Fatalf("got problems %v, want none with the credentials", problems)
			}
		}
	})
	b.Run("all", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			set := read(b)
			spec.CheckProperties(set.Connections, catalog(sampleSchema, nil))
			spec.CheckCredentials(set.Connections, classify, holdsSecret, knowsSecret)
		}
	})
	b.Run("all wrong", func(b *testing.B) {
		wrong := strings.ReplaceAll(strings.ReplaceAll(text, "tags: [one", "tgas: [one"), "1433", "many")
		if err := os.WriteFile(filepath.Join(folder, "c.yaml"), []byte(wrong), 0o600); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			project, _ := spec.LoadProject(path)
			set, problems := project.Desired(&project.Tenants[0], nil)
			problems = spec.Collect(problems, spec.CheckProperties(set.Connections, catalog(sampleSchema, nil)))
			if len(problems) != 1001 { // no more are reported
				b.Fatalf("got %d problems, want 1001: the limit and the line about the rest", len(problems))
			}
		}
	})
}
