//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/limits"
)

// The documentation promises these limits for one file of 10,000 connections and 160,000
// lines, on two cores.
const (
	promisedTime   = 2500 * time.Millisecond
	promisedMemory = 500 << 20 // bytes
)

// BenchmarkValidate validates such a file in a process of its own, as a pipeline
// does, and fails where it takes more than is promised. It is a benchmark because a
// test would fail on a machine that does something else.
func BenchmarkValidate(b *testing.B) {
	folder := b.TempDir()
	program := filepath.Join(folder, "qlsync")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		b.Fatalf("go build: got error %v, want success\n%s", err, out)
	}
	schema, err := os.ReadFile(filepath.Join("..", "..", "testdata", "broken", "schemas", "snowflake.json"))
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{
		"qlsync.yaml":            "version: 1\nproject: bench\nvariables: {stage: dev}\ntenants: {demo: {url: \"sim:tenant.yaml\"}}\n",
		"connections/all.yaml":   manyLines(10_000),
		"schemas/snowflake.json": string(schema),
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	var memory int64
	for b.Loop() {
		command := exec.Command(program, "validate")
		command.Dir = folder
		out, err := command.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "10,000 connections in 1 file are valid") || strings.Contains(string(out), "no schema") {
			b.Fatalf("got error %v, want 10000 valid connections checked with their schemas\n%s", err, out)
		}
		if usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
			memory = max(memory, usage.Maxrss<<10)
		}
	}
	each := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(each.Seconds(), "s/file")
	b.ReportMetric(each.Seconds()/promisedTime.Seconds(), "of-2.5s")
	b.ReportMetric(float64(memory)/promisedMemory, "of-500MB")
	if each > promisedTime || memory > promisedMemory {
		b.Errorf("%v and %d MB for each file", each, memory>>20)
	}
}

// BenchmarkPlanOfAllThatATenantMayHave plans to create as many connections as may be declared for
// a tenant. The bounds are those of the bombs, on a processor that does nothing else.
func BenchmarkPlanOfAllThatATenantMayHave(b *testing.B) {
	folder := b.TempDir()
	program := filepath.Join(folder, "qlsync")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		b.Fatalf("go build: got error %v, want success\n%s", err, out)
	}
	connections := "version: 1\ndefaults: {space: Finance, dataSource: File_AmazonS3ConnectorV2}\nconnections:\n" +
		numbered("  - name: Connection %[1]d of orders and customers\n    properties: {region: eu-west-1, bucketName: acme-bucket-%[1]d}\n    credentials: {secretKey: {env: S%[1]d}, accessKey: {env: A%[1]d}}\n", limits.TenantConnections)
	for name, text := range map[string]string{
		"qlsync.yaml": "version: 1\nproject: bench\nconnections: [c.yaml]\ntenants: {demo: {url: \"sim:t.yaml\"}}\n",
		"c.yaml":      connections,
		"t.yaml":      "users: [{name: Ana, email: ana@example.com, roles: [TenantAdmin]}]\nspaces: [{name: Finance, type: shared}]\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		command := exec.Command(program, "plan")
		command.Dir = folder
		out, err := command.CombinedOutput()
		if want := fmt.Sprintf("Plan: %d to create.", limits.TenantConnections); err != nil || !strings.Contains(string(out), want) {
			b.Fatalf("got %v and %.500s, want %q", err, out, want)
		}
		took := command.ProcessState.UserTime() + command.ProcessState.SystemTime()
		b.ReportMetric(took.Seconds(), "cpu-s/plan")
		if usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
			b.ReportMetric(float64(usage.Maxrss>>10), "MiB")
			if usage.Maxrss<<10 > bombMemory || took > bombTime {
				b.Errorf("got %v of processor time and %d MiB, want at most %v and %d", took, usage.Maxrss>>10, bombTime, bombMemory>>20)
			}
		}
	}
}

// manyLines is a file of connections with 16 lines each.
func manyLines(connections int) string {
	var file strings.Builder
	file.WriteString("version: 1\ndefaults: {space: Finance, dataSource: snowflake, properties: {role: READER}}\nconnections:\n")
	for i := range connections {
		fmt.Fprintf(&file, `  - name: Connection %d
    space: Space %d
    tags: [one, two]
    properties:
      server: acme-${var.stage}-%d.snowflakecomputing.com
      port: 443
      database: DATABASE_%d
      schema: PUBLIC
      warehouse: WAREHOUSE
      authenticator: snowflake_jwt
    credentials:
      username: QLIK
      password: {env: PASSWORD_%d}
      PRIV_KEY_FILE: [{name: key.pem, value: {file: key.pem, encoding: base64}}]
    credentialsVersion: 3
    lifecycle: {preventDestroy: true}
`, i, i%20, i, i, i)
	}
	return file.String()
}
