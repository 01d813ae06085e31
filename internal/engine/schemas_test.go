package engine

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/vendored"
	"github.com/qlsync/qlsync/pkg/spec"
)

// TestWhichVendoredSchemasAreATenantsBusiness has two tenants share a folder.
func TestWhichVendoredSchemasAreATenantsBusiness(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("qlsync.yaml", `{version: 1, project: acme, connections: [c.yaml], tenants: {prod: {url: "sim:x"}, test: {url: "sim:y"}}}`)
	const connections = `version: 1
defaults: {space: Finance}
connections:
  - {name: A, dataSource: both}
  - {name: B, dataSource: onlyProd, tenants: [prod]}
  - {name: C, dataSource: onlyTest, tenants: [test]}
`
	lock := vendored.Lock{DataSources: map[string]vendored.Locked{
		"both": {Tenant: "test"}, "onlyProd": {Tenant: "test"}, "onlyTest": {Tenant: "prod"},
		"unusedProd": {Tenant: "prod"}, "unusedTest": {Tenant: "test"}, "unusedOld": {Tenant: "a tenant of yesterday"},
	}}
	for _, test := range []struct{ name, files, want string }{
		{"prod", connections, "both onlyProd unusedOld unusedProd"},
		{"test", connections, "both onlyTest unusedOld unusedTest"},
		{"prod", connections + "  - {name: }\n", "both onlyProd"}, // with a mistake, what is not in use is not known
	} {
		write("c.yaml", test.files)
		project, problems := spec.LoadProject("qlsync.yaml")
		if problems.Err() != nil {
			t.Fatalf("got problems %v, want none", problems)
		}
		tenant, err := project.Tenant(test.name)
		if err != nil {
			t.Fatal(err)
		}
		s := &Session{host: &Host{}, project: &Project{Project: project, host: &Host{}}, tenant: tenant}
		s.declared, s.problems = project.Desired(tenant, nil)
		ids := s.concerned([]string{"both", "onlyProd", "onlyTest", "unusedProd", "unusedTest", "unusedOld", "made"}, lock)
		slices.Sort(ids)
		if got := strings.Join(slices.Compact(ids), " "); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestEditorsKnowTheDataSourcesOfEveryProvider(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"qlsync.yaml":       `{version: 1, project: acme, tenants: {shop: {provider: apinizer, url: "sim:y"}, prod: {url: "sim:x"}}}`,
		"schemas/rest.json": `{"connectionProperties": {"properties": {"url": {"type": "string"}}}}`,
	} {
		if err := (&Host{}).replaceFile(name, []byte(text), nil); err != nil {
			t.Fatal(err)
		}
	}
	project, _ := spec.LoadProject("qlsync.yaml")
	if _, err := (&Project{Project: project, host: &Host{}}).WriteEditorSchemas(project.Tenants); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("schemas/" + spec.EditorConnections)
	if err != nil || !strings.Contains(string(text), `"rest.properties"`) || !strings.Contains(string(text), `"syslog.properties"`) {
		t.Errorf("got error %v, want the properties of rest and of syslog in\n%s", err, text)
	}
}
