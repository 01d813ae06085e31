package spec_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/spec"
	"github.com/qlsync/qlsync/schemas"
)

// Every key that people write has a line of its own here.
const (
	wholeProject = `version: 1
project: p
connections: [c.yaml]
spaces:
  - id: "1"
schemas: schemas
variables:
  stage: dev
rateLimits:
  reads:
    rate: 10
    window: 5m
    burst: 5
  writes:
    rate: 10
policy:
  prune: owned
  adopt: none
  maxDeletes: 5
  maxRecreates: 5
  impact:
    warn: 1
    refuse: 20
    unknown: refuse
  update: patch
defaultTenant: a
fleet:
  from:
    organization:
      url: https://console.example
      auth:
        oauth:
          clientId: x
          privateKey:
            env: K
          keyId: k1
      where: status eq "active"
  hosts: ["*.example"]
  tenant:
    name: n
    url: https://n.example
    auth:
      apiKey:
        env: K
    spaces: [S]
rollout:
  waves:
    - name: canary
      group: first
    - name: part
      share: 10%
    - name: rest
  stopAfter:
    failed: 2
  check: 30m
groups:
  first:
    name: a
  others: [b, m]
tenants:
  a:
    id: T1
    provider: qlik
    url: https://a.example
    auth:
      apiKey:
        env: K
        encoding: base64
    rateLimits:
      reads:
        rate: 10
    variables:
      stage: prod
  b:
    url: https://b.example
    auth:
      oauth:
        clientId: x
        clientSecret:
          file: F
  m:
    provider: apinizer
    ownership: marked
    url: https://m.example
    auth:
      token:
        exec: [op]
      user: u
      password:
        env: K
`
	wholeConnections = `version: 1
defaults:
  space: Finance
  dataSource: rest
  tenants: [a]
  owner: ana@example.com
  tags: [x]
  properties:
    one: 1
  credentials:
    two: {env: X}
  additionalProperties: refuse
  sensitive: [s]
  notSensitive: [n]
  credentialsVersion: 1
  lifecycle:
    preventDestroy: true
connections:
  - name: A
    space:
      id: "1"
    dataSource: rest
    tenants: [a]
    owner: ana@example.com
    tags: [x]
    properties:
      url: https://a.example
      deep:
        inside: 1
    credentials:
      password:
        file: F
        encoding: base64
      username:
        env: X
      other:
        exec: [op]
    additionalProperties: refuse
    sensitive: [password]
    notSensitive: [host]
    credentialsVersion: 1
    lifecycle:
      preventDestroy: true
      ignoreChanges: [tags]
      update: patch
      recreate: refuse
      adopt: false
      unreadable: [url]
      impact:
        warn: 1
        refuse: 20
        unknown: refuse
      compare:
        deep.inside:
          as: set
          by: name
          only: declared
    forEach: [x]
    overrides:
      - for:
          tenant: a
          group: g
        tags: [y]
spaces:
  - name: Finance
    type: shared
    description: Books
    members:
      - group:
          id: "1"
        roles: [consumer]
      - user: ana@example.com
        roles: [producer]
      - client: ci
        roles: [facilitator]
    exactMembers: true
    tenants: [a]
moved:
  - from:
      space: Finance
      name: B
    to:
      space: Finance
      name: A
`
)

func TestAKeyWithoutAValueIsAnErrorEverywhere(t *testing.T) {
	inFolder(t, "")
	for _, file := range []struct{ name, text, schema string }{
		{"qlsync.yaml", wholeProject, string(schemas.Project())}, {"c.yaml", wholeConnections, string(schemas.Connections())},
	} {
		lines := strings.SplitAfter(file.text, "\n")
		for i, line := range lines {
			bare := strings.TrimLeft(line, " -")
			key, _, isKey := strings.Cut(bare, ":")
			if !isKey {
				continue
			}
			indent := len(line) - len(bare)
			end := i + 1 // the lines below the key go too
			for end < len(lines) && len(lines[end])-len(strings.TrimLeft(lines[end], " -")) > indent {
				end++
			}
			for path, text := range map[string]string{"qlsync.yaml": wholeProject, "c.yaml": wholeConnections} {
				if path == file.name {
					text = strings.Join(lines[:i], "") + line[:indent] + key + ":\n" + strings.Join(lines[end:], "")
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			project, problems := spec.LoadProject("qlsync.yaml")
			if project != nil && len(project.Tenants) > 0 {
				_, more := project.Desired(&project.Tenants[0], nil)
				problems = spec.Collect(problems, more)
			}
			want := fmt.Sprintf("%s:%d:%d: empty-value key=%s\n", file.name, i+1, indent+1, key)
			if !strings.Contains("\n"+codes(problems)+"\n", "\n"+want) {
				t.Errorf("got problems\n%s\nwant %s", codes(problems), want)
			}
		}
		var schema any
		if err := json.Unmarshal([]byte(file.schema), &schema); err != nil {
			t.Fatal(err)
		}
		for _, key := range keysOfSchema(schema) {
			if !strings.Contains(file.text, key+":") {
				t.Errorf("%s has no key %q, so the table cannot say what an empty value means", file.name, key)
			}
		}
	}
}

// keysOfSchema lists the keys that a schema knows, at every depth.
func keysOfSchema(schema any) []string {
	var keys []string
	switch node := schema.(type) {
	case map[string]any:
		if properties, ok := node["properties"].(map[string]any); ok {
			for key, value := range properties {
				if _, isSchema := value.(map[string]any); isSchema && node["type"] != nil {
					keys = append(keys, key)
				}
			}
		}
		for _, value := range node {
			keys = append(keys, keysOfSchema(value)...)
		}
	case []any:
		for _, value := range node {
			keys = append(keys, keysOfSchema(value)...)
		}
	}
	return keys
}
