package spec_test

import (
	"path/filepath"
	"testing"

	"github.com/qlsync/qlsync/pkg/spec"
)

const severalTenants = `
-- qlsync.yaml --
version: 1
project: acme
tenants: {prod: {url: "sim:prod.yaml"}, test: {url: "sim:test.yaml"}}
-- connections/a.yaml --
version: 1
connections:
  - {name: L-edger, space: Finance, dataSource: src, credentials: {password: {env: FINANCE_L_EDGER_PASSWORD}}}
`

func TestWhichFilesAProjectReads(t *testing.T) {
	inFolder(t, severalTenants+"-- other/a.yaml --\n-- connections/a.txt --\n")
	project, _ := spec.LoadProject("qlsync.yaml")
	absolute, err := filepath.Abs("connections/a.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]bool{
		"connections/a.yaml": true, "./connections/../connections/a.yaml": true, absolute: true,
		"other/a.yaml": false, "connections/a.txt": false, "connections/missing.yaml": false,
	} {
		if project.Reads(file) != want {
			t.Errorf("reads %s: not %v", file, want)
		}
	}
}
