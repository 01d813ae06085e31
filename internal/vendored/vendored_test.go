package vendored_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/vendored"
	"github.com/qlsync/qlsync/pkg/connection"
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
	specs, problems := vendored.Read("", "schemas", ".", 1)
	if got := slices.Sorted(maps.Keys(specs)); !slices.Equal(got, []string{"rest"}) || string(specs["rest"]) != "{\"connectorVersion\": \"1\"}\n" {
		t.Errorf("got schemas %v, want that of rest", got)
	}
	want := "schemas/mssql.json:2:7: not valid JSON: invalid character '}' looking for beginning of value (run qlsync schemas pull, or correct the file)"
	if diff := cmp.Diff(want, problems.Error()); diff != "" {
		t.Errorf("problems differ (-want +got):\n%s", diff)
	}
}

func TestAFolderOfSchemasNeedNotExist(t *testing.T) {
	t.Chdir(t.TempDir())
	if specs, problems := vendored.Read("", "schemas", ".", 1); specs != nil || problems != nil {
		t.Errorf("got schemas %v and problems %v, want none of either", specs, problems)
	}
}

func TestVendoredSchemasThatTheTenantHasOtherwise(t *testing.T) {
	source := func(version, schema string) *connection.DataSource {
		return &connection.DataSource{Version: version, Schema: []byte(schema)}
	}
	const advice = " (run qlsync schemas check to see the difference, and qlsync schemas pull to update the file)"
	for _, test := range []struct {
		name             string
		vendored, tenant *connection.DataSource
		want             string
	}{
		{"the same, written otherwise", source("1", `{"a": 1, "b": [2]}`), source("1", "{\"b\":[2],\n\"a\":1}"), ""},
		{"another version", source("1", `{}`), source("2", `{}`), `folder/rest.json: the vendored schema of data source "rest" is of connector version "1", the tenant has "2"` + advice},
		{"another schema", source("1", `{"a": 1}`), source("1", `{"a": 2}`), `folder/rest.json: the vendored schema of data source "rest" differs from the tenant's, of the same connector version "1"` + advice},
		{"a list in another order", source("1", `{"a": [1, 2]}`), source("1", `{"a": [2, 1]}`), `folder/rest.json: the vendored schema of data source "rest" differs from the tenant's, of the same connector version "1"` + advice},
		{"what is no JSON", source("1", `{`), source("1", `{`), ""},
		{"not vendored", nil, source("1", `{}`), ""},
		{"not on the tenant", source("1", `{}`), nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			of := func(source *connection.DataSource) *connection.Catalog {
				return &connection.Catalog{DataSources: map[string]*connection.DataSource{"rest": source}}
			}
			problems := vendored.Compare("folder", of(test.vendored), of(test.tenant))
			if diff := cmp.Diff(test.want, problems.Error()); diff != "" || problems.Err() != nil {
				t.Errorf("got error %v, want none, and these problems (-want +got):\n%s", problems.Err(), diff)
			}
		})
	}
}

// inFolder makes a folder with the files of an archive the working directory.
func inFolder(t *testing.T, archive string) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := txtar.Write(txtar.Parse([]byte(archive)), "."); err != nil {
		t.Fatal(err)
	}
}

func TestTheFolderOfSchemasIsBounded(t *testing.T) {
	const advice = " (keep only the schemas of data sources that the project uses, or raise the limits with --raise-limits N)"
	for want, test := range map[string]struct {
		number int
		text   string
	}{
		"schemas: the folder of vendored schemas has more than 2,000 files" + advice: {limits.SchemaFiles + 1, "{}"},
		"schemas: the folder of vendored schemas has more than 64 MiB" + advice:      {17, "{}" + strings.Repeat(" ", spec.MaxSchema-2)},
	} {
		inFolder(t, "")
		if err := os.Mkdir("schemas", 0o700); err != nil {
			t.Fatal(err)
		}
		for i := range test.number {
			if err := os.WriteFile(fmt.Sprintf("schemas/s%d.json", i), []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, problems := vendored.Read("", "schemas", ".", 1); problems.Error() != want {
			t.Errorf("got %s, want %s", problems.Error(), want)
		}
		if specs, problems := vendored.Read("", "schemas", ".", 2); len(problems) > 0 || len(specs) != test.number {
			t.Errorf("under twice the limit: got %d schemas and %v, want %d", len(specs), problems, test.number)
		}
	}
}
