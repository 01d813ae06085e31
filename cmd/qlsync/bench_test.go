package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
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
				if code := runLine([]string{"qlsync", "plan", "-c", config}, nil, &stdout, &stderr); code != exitOK {
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

// BenchmarkPlanWithACache plans for 10,000 connections in 50 spaces of which nothing
// has changed, over a road of 50 ms. The bound that users are promised is 3 s.
func BenchmarkPlanWithACache(b *testing.B) {
	const spaces, each = 50, 200
	var files, seed strings.Builder
	files.WriteString("version: 1\ndefaults: {dataSource: rest, properties: {url: \"https://a.example\"}}\nconnections:\n")
	seed.WriteString(`{"token": "key", "users": [{"email": "ana@example.com", "roles": ["TenantAdmin"]}], "rateLimits": {"tier1": {"requests": 1000000, "seconds": 1}}, "spaces": [`)
	for i := range spaces {
		fmt.Fprintf(&seed, `%s{"name": "Space %d", "type": "shared"}`, strings.Repeat(",", min(i, 1)), i)
	}
	seed.WriteString(`], "connections": [`)
	for i := range spaces * each {
		fmt.Fprintf(&files, "  - {name: C%d, space: Space %d}\n", i, i%spaces)
		fmt.Fprintf(&seed, `%s{"name": "C%d", "space": "Space %d", "dataSource": "rest", "properties": {"url": "https://a.example"}, "tags": ["qlsync:bench"]}`,
			strings.Repeat(",", min(i, 1)), i, i%spaces)
	}
	seed.WriteString("]}")
	tenant, err := inspect.New([]byte(seed.String()), simulator.Options{})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(50 * time.Millisecond)
		tenant.ServeHTTP(w, r)
	}))
	defer server.Close()
	folder := b.TempDir()
	for name, text := range map[string]string{
		"connections.yaml": files.String(), "key": "key",
		"qlsync.yaml": "version: 1\nproject: bench\nconnections: [connections.yaml]\nrateLimits: {reads: {rate: 1000000}}\n" +
			"tenants: {test: {url: \"" + server.URL + "\", auth: {apiKey: {file: key}}}}\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	plan := func(parallelism string) {
		var stdout, stderr bytes.Buffer
		line := []string{"qlsync", "plan", "-c", filepath.Join(folder, "qlsync.yaml"), "--cache", filepath.Join(folder, "cache"), "--parallelism", parallelism}
		if code := runLine(line, nil, &stdout, &stderr); code != exitOK || !strings.Contains(stdout.String(), "Nothing to do: 10000") {
			b.Fatalf("exit code %d: %s%s", code, stdout.String(), stderr.String())
		}
	}
	plan("100")
	before, plans := len(tenant.Requests()), 0
	for b.Loop() {
		plan("8")
		plans++
	}
	b.ReportMetric(float64(len(tenant.Requests())-before)/float64(plans), "calls/plan")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/plan")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/3, "of-3s")
}
