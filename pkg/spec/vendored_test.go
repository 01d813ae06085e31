package spec_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/spec"
)

func TestVendoredSchemasAreReadByName(t *testing.T) {
	inFolder(t, `
-- schemas/rest.json --
{"connectorVersion": "1"}
-- schemas/mssql.json --
{"a": 1,
 "b": }
-- schemas/README.md --
-- schemas/.lock.json --
{
-- schemas/old/x.json --
{
`)
	specs, problems := spec.VendoredSpecs("schemas")
	if got := slices.Sorted(maps.Keys(specs)); !slices.Equal(got, []string{"rest"}) || string(specs["rest"]) != "{\"connectorVersion\": \"1\"}\n" {
		t.Error(got)
	}
	want := "schemas/mssql.json:2:7: not valid JSON: invalid character '}' looking for beginning of value"
	if diff := cmp.Diff(want, problems.Error()); diff != "" {
		t.Error(diff)
	}
}

func TestAFolderOfSchemasNeedNotExist(t *testing.T) {
	t.Chdir(t.TempDir())
	if specs, problems := spec.VendoredSpecs("schemas"); specs != nil || problems != nil {
		t.Error(specs, problems)
	}
}
