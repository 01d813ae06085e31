package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkPlan plans a whole project against an embedded tenant, from reading
// the files to the last line of text: 1,000 connections in ten spaces, of which
// one in ten differs. The bound that users are promised is 2 s.
func BenchmarkPlan(b *testing.B) {
	for _, connections := range []int{100, 1000} {
		b.Run(fmt.Sprintf("connections=%d", connections), func(b *testing.B) {
			config := benchProject(b, connections)
			want := fmt.Sprintf("%d to update", connections/10)
			for b.Loop() {
				var stdout, stderr bytes.Buffer
				if code := run([]string{"qlsync", "plan", "-c", config}, nil, &stdout, &stderr); code != exitOK {
					b.Fatalf("exit code %d: %s", code, stderr.String())
				}
				if !strings.Contains(stdout.String(), want) {
					b.Fatalf("the plan does not say %q:\n%s", want, stdout.String())
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/plan")
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/2, "of-2s")
		})
	}
}

// benchProject writes a project and the tenant that it plans against.
func benchProject(b *testing.B, connections int) string {
	var files, seed strings.Builder
	files.WriteString("version: 1\nconnections:\n")
	seed.WriteString("users: [{name: Ana, email: ana@example.com, roles: [TenantAdmin]}]\nspaces:\n")
	for i := range 10 {
		fmt.Fprintf(&seed, "  - {name: Space %d, type: shared}\n", i)
	}
	seed.WriteString("connections:\n")
	for i := range connections {
		bucket := fmt.Sprintf("b%d", i)
		if i%10 == 0 {
			bucket = "changed-by-hand"
		}
		fmt.Fprintf(&files, "  - {name: C%d, space: Space %d, dataSource: File_AmazonS3ConnectorV2, properties: {region: eu-west-1, bucketName: b%d}}\n", i, i/10%10, i)
		fmt.Fprintf(&seed, "  - {name: C%d, space: Space %d, dataSource: File_AmazonS3ConnectorV2, properties: {region: eu-west-1, bucketName: %s}, tags: [\"qlsync:bench\"]}\n", i, i/10%10, bucket)
	}
	folder := b.TempDir()
	for name, text := range map[string]string{
		"qlsync.yaml":      "version: 1\nproject: bench\nconnections: [connections.yaml]\ntenants: {demo: {url: \"sim:tenant.yaml\"}}\n",
		"connections.yaml": files.String(),
		"tenant.yaml":      seed.String(),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return filepath.Join(folder, "qlsync.yaml")
}
