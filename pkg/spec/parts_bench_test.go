package spec

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// BenchmarkParts takes the validation of one file of 10,000 connections and 160,000
// lines apart: parsing the text, walking the library's tree, checking the structure,
// reading the declarations, and checking them against a schema. It reports the share of
// the time of each part.
func BenchmarkParts(b *testing.B) {
	text := []byte(ManyConnections(10_000))
	catalog := &connection.Catalog{DataSources: map[string]*connection.DataSource{"src": {ID: "src", Schema: []byte(partsSchema)}}}
	p := &Project{formats: compileFormats()}
	names := []string{"parse", "walk", "structure", "read", "validate"}
	spent := make([]time.Duration, len(names))
	for b.Loop() {
		var found []int
		clock := time.Now()
		lap := func(part int) {
			spent[part] += time.Since(clock)
			clock = time.Now()
		}
		document, problem := readDocument("c.yaml", text)
		lap(0)
		w := newWalker("c.yaml")
		root, _ := w.walk(document, 0)
		lap(1)
		n := &notes{file: "c.yaml", problems: w.problems}
		n.checkStructure(p.formats.connections, root)
		lap(2)
		r := &reader{project: p, tenant: &Tenant{}, scope: newScope("", map[string]string{"stage": "dev"})}
		var set []connection.Desired
		for _, item := range root.get("connections").items() {
			set = append(set, r.connection(n, merge(root.get("defaults"), item.value)))
		}
		lap(3)
		found = append(found, len(n.problems), len(CheckProperties(set, catalog)))
		lap(4)
		if problem != nil || found[0]+found[1] > 0 || len(set) != 10_000 {
			b.Fatalf("got problem %v, problems %v and counts %v for %d connections; want 10,000 connections without any", problem, n.problems, found, len(set))
		}
	}
	all := time.Duration(0)
	for _, part := range spent {
		all += part
	}
	for i, name := range names {
		b.ReportMetric(100*float64(spent[i])/float64(all), "%-"+name)
	}
}

const partsSchema = `{"type": "object", "additionalProperties": false, "properties": {
  "secure": {"type": "boolean"}, "host": {"type": "string", "format": "hostname"}, "port": {"type": "integer", "maximum": 65535},
  "ratio": {"type": "number"}, "region": {"type": "string", "enum": ["eu-west-1", "us-east-1"]}, "mode": {"enum": ["basic", "none"]},
  "headers": {"type": "array", "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "value": {"type": "string"}}}},
  "password": {"type": "string"}, "key": {"type": "array"}}}`

// ManyConnections is one file of n connections with 16 lines each, for the benchmarks of both test
// packages.
func ManyConnections(n int) string {
	var file strings.Builder
	file.WriteString("version: 1\ndefaults: {space: Finance, dataSource: src, properties: {secure: true}}\nconnections:\n")
	for i := range n {
		fmt.Fprintf(&file, `  - name: Connection %d
    space: Space %d
    tags: [one, two]
    properties:
      host: host-%d.example.com
      port: 1433
      ratio: 1.5
      region: eu-west-1
      mode: basic
      headers:
        - name: X-Name
          value: ${var.stage}
    credentials:
      password: {env: PASSWORD_%d}
      key: [{name: key.json, value: {file: key.json, encoding: base64}}]
    credentialsVersion: 3
`, i, i%20, i, i)
	}
	return file.String()
}
