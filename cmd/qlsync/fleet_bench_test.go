package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/simulator"
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
)

// BenchmarkDriftOfAFleet reads 200 tenants with 50 connections each in full. The tenants run in the
// same process, and answer at once.
func BenchmarkDriftOfAFleet(b *testing.B) {
	const tenants, connections = 200, 50
	folder := b.TempDir()
	var seeded []map[string]any
	var declared strings.Builder
	declared.WriteString("version: 1\nconnections:\n")
	for i := range connections {
		seeded = append(seeded, map[string]any{
			"name": fmt.Sprintf("C%02d", i), "space": "Finance", "dataSource": "mssql", "properties": map[string]any{"host": fmt.Sprintf("db%d", i), "port": "1433"},
		})
		fmt.Fprintf(&declared, "  - {name: C%02d, space: Finance, dataSource: mssql, properties: {host: db%d, port: '1433'}}\n", i, i)
	}
	seed, err := json.Marshal(map[string]any{
		"count": tenants, "oauth": map[string]any{"clientId": "regional", "clientSecret": "open sesame"},
		"template": map[string]any{
			"users":  []any{map[string]any{"email": "ana@example.com"}},
			"spaces": []any{map[string]any{"name": "Finance", "type": "shared"}}, "connections": seeded,
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	fleet, err := qlik.NewFleet(seed, qlik.Options{})
	if err != nil {
		b.Fatal(err)
	}
	server, err := simulator.StartFleet(fleet, "")
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	var project strings.Builder
	project.WriteString("version: 1\nproject: acme\nconnections: [connections.yaml]\nspaces: [Finance]\ntenants:\n")
	for i, tenant := range fleet.Tenants {
		fmt.Fprintf(&project, "  %s: {url: %q, auth: {oauth: {clientId: regional, clientSecret: {env: SECRET}}}}\n", tenant.Name(), server.URLs[i+1])
	}
	for name, text := range map[string]string{"qlsync.yaml": project.String(), "connections.yaml": declared.String()} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		var out, said transcript
		env := &environment{
			stdout: &out, stderr: &said, workDir: workdir.Dir(folder),
			lookup: func(name string) (string, bool) { return "open sesame", name == "SECRET" },
		}
		if code := env.run(b.Context(), []string{"qlsync", "drift", "--all-tenants", "--reads", "full"}); code != exitOK {
			b.Fatalf("exit code %d: %s", code, said.String())
		}
	}
}
