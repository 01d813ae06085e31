package export_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/qlsync/qlsync/internal/export"
	"github.com/qlsync/qlsync/pkg/connection"
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

// exportLedger exports one live connection, which is not among the declared ones.
func exportLedger(t *testing.T, declared []connection.Desired) export.Result {
	t.Helper()
	project, problems := spec.LoadProject("qlsync.yaml")
	if problems.Err() != nil {
		t.Fatalf("got problems %v, want none", problems)
	}
	exported := export.Export(project, export.Input{
		Tenant: "prod", Dir: "connections", Declared: declared,
		Live: []connection.Live{{
			ID: "1", SpaceID: "s", Key: connection.Key{Space: "Finance", Name: "L edger"}, DataSource: "src",
			Properties: map[string]any{"host": "h"}, WriteOnlyCredentials: []string{"password"},
		}},
		Catalog: catalog(`{"properties": {"host": {"type": "string"}, "password": {"type": "string"}}}`),
		Classify: func(_, property string) connection.Class {
			return map[string]connection.Class{"password": connection.ClassSecret}[property]
		},
		HoldsSecret: func(string, any) bool { return false }, KnowsSecret: func(string, string, any) bool { return false },
		Normalize: func(_ connection.Property, value any) any { return value },
	})
	if len(exported.Files) != 1 {
		t.Fatalf("got %+v, want one file", exported)
	}
	return exported
}

func TestAnExportSaysOfEachCredentialWhyItsValueIsMissing(t *testing.T) {
	inFolder(t, severalTenants)
	project, problems := spec.LoadProject("qlsync.yaml")
	if problems.Err() != nil {
		t.Fatalf("got problems %v, want none", problems)
	}
	secret := connection.NewSecret("x")
	for name, test := range map[string]struct {
		properties map[string]any
		writeOnly  []string
		want       string
	}{
		"hidden": {
			map[string]any{"body": secret},
			nil,
			"    # Not exported, because the value is a secret or looks like one: body\n    # To have qlsync write these credentials:\n",
		},
		"not returned": {
			nil,
			[]string{"password"},
			"    # Not exported, because the service does not return the value: password\n    # To have qlsync write these credentials:\n",
		},
		"both": {
			map[string]any{"body": secret},
			[]string{"password"},
			"looks like one: body\n    # Not exported, because the service does not return the value: password\n    # To have",
		},
	} {
		exported := export.Export(project, export.Input{
			Tenant: "prod", Dir: "connections",
			Live: []connection.Live{{
				ID: "1", SpaceID: "s", Key: connection.Key{Space: "Finance", Name: "L"}, DataSource: "src", Properties: test.properties,
				WriteOnlyCredentials: test.writeOnly, HasCredentials: true, Record: connection.Record{Credentials: "1"},
			}},
			Catalog: catalog(`{"properties": {"body": {"type": "string"}, "password": {"type": "string"}}}`),
			Classify: func(_, property string) connection.Class {
				return map[string]connection.Class{"password": connection.ClassSecret}[property]
			},
			HoldsSecret: func(string, any) bool { return false }, KnowsSecret: func(string, string, any) bool { return false },
			Normalize: func(_ connection.Property, value any) any { return value },
		})
		if len(exported.Files) != 1 {
			t.Fatalf("%s: %d files are exported, want 1; left out: %v", name, len(exported.Files), exported.Omitted)
		}
		if text := string(exported.Files[0].Text); !strings.Contains(text, test.want) {
			t.Errorf("%s: exported is\n%s\nwant the lines\n%s", name, text, test.want)
		}
	}
}

func TestWhatIsExportedOfOneTenantIsDeclaredForThatOneAlone(t *testing.T) {
	inFolder(t, severalTenants)
	sets, problems := readAll(t)
	if problems.Err() != nil {
		t.Fatalf("got problems %v, want none", problems)
	}
	file := exportLedger(t, sets[0].Connections).Files[0]
	if err := os.WriteFile(filepath.Join("connections", file.Name), file.Text, 0o600); err != nil {
		t.Fatal(err)
	}
	sets, problems = readAll(t)
	if problems.Err() != nil || len(sets[0].Connections) != 2 || len(sets[1].Connections) != 1 {
		t.Errorf("got problems %v, want 2 connections of the first tenant and 1 of the second in\n%s", problems, file.Text)
	}
}

func TestWhyADataSourceKeepsConnectionsFromBeingExported(t *testing.T) {
	inFolder(t, severalTenants)
	project, _ := spec.LoadProject("qlsync.yaml")
	want := map[string]string{
		"broken": `what the tenant says about data source "broken" cannot be read`,
		"listed": `the tenant has no api-specs of data source "listed": manage the connection in the console`,
		"gone":   `the tenant has no data source "gone": manage the connection in the console`,
		"off":    `data source "off" is disabled in the tenant. Ask an administrator to enable it, then export again`,
	}
	in := export.Input{Tenant: "prod", Catalog: &connection.Catalog{
		Unread: []string{"broken"}, Known: []string{"broken", "listed"}, Disabled: []string{"off"},
	}}
	for id := range want {
		in.Live = append(in.Live, connection.Live{ID: id, SpaceID: "s", Key: connection.Key{Space: "Finance", Name: id}, DataSource: id})
	}
	got := map[string]string{}
	for _, omitted := range export.Export(project, in).Omitted {
		got[omitted.ID] = omitted.Reason
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reasons differ (-want +got):\n%s", diff)
	}
}

// TestTheReasonIsReportedForEachOfVeryMany: beyond a thousand in one file, the reasons are
// found in several rounds.
func TestTheReasonIsReportedForEachOfVeryMany(t *testing.T) {
	inFolder(t, severalTenants)
	project, _ := spec.LoadProject("qlsync.yaml")
	const connections = 1100
	in := export.Input{
		Tenant: "prod", Catalog: catalog(`{}`),
		Classify:    func(string, string) connection.Class { return connection.ClassProperty },
		HoldsSecret: func(string, any) bool { return false }, KnowsSecret: func(string, string, any) bool { return false },
	}
	for i := range connections {
		in.Live = append(in.Live, connection.Live{
			ID: fmt.Sprint(i), SpaceID: "s", Key: connection.Key{Space: "Finance", Name: fmt.Sprint("c", i)}, DataSource: "src", Tags: []string{"qlsync"},
		})
	}
	exported := export.Export(project, in)
	if len(exported.LeftOut) != connections {
		t.Fatalf("left out of %d", len(exported.LeftOut))
	}
	for _, remark := range exported.LeftOut {
		if want := `the tags: the tag "qlsync" is reserved`; remark.Reason != want {
			t.Errorf("%s: got reason %s, want %s", remark.Connection, remark.Reason, want)
		}
	}
}

func TestAnExportTakesNoVariableThatAnotherConnectionHas(t *testing.T) {
	inFolder(t, severalTenants)
	sets, _ := readAll(t)
	for _, test := range []struct {
		declared []connection.Desired
		want     string
	}{{nil, "FINANCE_L_EDGER_PASSWORD"}, {sets[0].Connections, "FINANCE_L_EDGER_PASSWORD_2"}} {
		want := []export.Variable{{Name: test.want, Connection: connection.Key{Space: "Finance", Name: "L edger"}, Credential: "password"}}
		if diff := cmp.Diff(want, exportLedger(t, test.declared).Variables); diff != "" {
			t.Errorf("variables differ (-want +got):\n%s", diff)
		}
	}
}

// exportAll exports live connections of one data source.
func exportAll(t *testing.T, live []connection.Live, declared []connection.Desired) export.Result {
	t.Helper()
	inFolder(t, severalTenants)
	project, problems := spec.LoadProject("qlsync.yaml")
	if problems.Err() != nil {
		t.Fatalf("got problems %v, want none", problems)
	}
	text := connection.Property{Type: "string"}
	secret := connection.Property{Type: "string", Class: connection.ClassSecret}
	files := connection.Property{Type: "array", Class: connection.ClassSecret}
	for i := range live {
		live[i].ID, live[i].DataSource, live[i].HasCredentials = fmt.Sprint(i), "src", true
		live[i].SpaceID, live[i].Key.Space = "s", "Finance"
	}
	return export.Export(project, export.Input{
		Tenant: "prod", Dir: "connections", Declared: declared, Live: live,
		Catalog: &connection.Catalog{DataSources: map[string]*connection.DataSource{"src": {ID: "src", Properties: map[string]connection.Property{
			"authenticator": text, "password": secret, "PRIV_KEY_FILE": files, "username": {Type: "string", Class: connection.ClassCredential},
		}}}},
		Classify: func(_, property string) connection.Class {
			return map[string]connection.Class{"password": connection.ClassSecret, "PRIV_KEY_FILE": connection.ClassSecret, "username": connection.ClassCredential}[property]
		},
		HoldsSecret: func(string, any) bool { return false }, KnowsSecret: func(string, string, any) bool { return false },
		Normalize: func(_ connection.Property, value any) any { return value },
	})
}

func TestExportDeclaresTheCredentialsThatTheWayToSignInNeeds(t *testing.T) {
	for method, want := range map[string][]string{
		"snowflake_jwt": {"username", "PRIV_KEY_FILE"}, "KEY_PAIR": {"username", "PRIV_KEY_FILE"},
		"snowflake": {"username", "password"}, "oauth": nil, "externalbrowser": nil,
	} {
		exported := exportAll(t, []connection.Live{{Key: connection.Key{Name: "A"}, Properties: map[string]any{"authenticator": method}}}, nil)
		var got []string
		for _, variable := range exported.Variables {
			got = append(got, variable.Credential)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", method, got, want)
		}
		if told := len(exported.LeftOut) > 0; told != (want == nil) {
			t.Errorf("%s: left out: %v", method, exported.LeftOut)
		}
	}
}

func TestVariablesOfAnExportAreReadableInAnyScript(t *testing.T) {
	for name, want := range map[string]string{
		"Größe": "FINANCE_GROESSE_PASSWORD", "Gro\u0308ße": "FINANCE_GROESSE_PASSWORD", "Продажи": "FINANCE_PRODAZHI_PASSWORD", "Łódź": "FINANCE_LODZ_PASSWORD",
		"東京": "FINANCE_DONG_JING_PASSWORD", "🙂": "FINANCE_PASSWORD",
	} {
		exported := exportAll(t, []connection.Live{{Key: connection.Key{Name: name}}}, nil)
		if len(exported.Variables) == 0 || !slices.ContainsFunc(exported.Variables, func(v export.Variable) bool { return v.Name == want }) {
			t.Errorf("%s: %v, want %s", name, exported.Variables, want)
		}
	}
}

func TestExportSortsNumbersByTheirValueAndCountsWhatIsDeclared(t *testing.T) {
	live := []connection.Live{{Key: connection.Key{Name: "Part 10"}}, {Key: connection.Key{Name: "Part 2"}}, {Key: connection.Key{Name: "Part 1"}}}
	exported := exportAll(t, live, []connection.Desired{{Name: "Part 1", Space: connection.SpaceRef{Name: "Finance"}}})
	text := string(exported.Files[0].Text)
	if two, ten := strings.Index(text, "Part 2"), strings.Index(text, "Part 10"); two < 0 || ten < two {
		t.Errorf("not in the order of the numbers:\n%s", text)
	}
	if exported.Declared != 1 || len(exported.Omitted) > 0 {
		t.Errorf("%d declared, omitted %v", exported.Declared, exported.Omitted)
	}
}

// TestAnExportOnStandardOutputSteersNoPipeline: the texts of live connections reach the log
// of a pipeline with the export, and the files still declare the same connections.
func TestAnExportOnStandardOutputSteersNoPipeline(t *testing.T) {
	inFolder(t, severalTenants)
	declared := 0
	for _, text := range []string{
		"##vso[task.setvariable variable=PATH]evil", "a ##[add-path]b", "###TeamCity[x '1']", "::set-env name=PATH::/evil", "  ::error::x",
		"x\n##vso[task.x]y\n::error::z\nlast", "\\##[x]\"'", "section_start:1:a\r\x1b[0K",
	} {
		live := []connection.Live{{
			ID: "1", SpaceID: "s", Key: connection.Key{Space: "Finance", Name: strings.ReplaceAll(text, "\n", " ")}, DataSource: "src",
			Properties: map[string]any{"host": text, text: []any{text, map[string]any{text: text}}}, WriteOnlyCredentials: []string{"password"},
		}}
		exported := exportAll(t, live, nil)
		if len(exported.Files) == 0 {
			continue // a text that no file can hold is not exported
		}
		file := string(exported.Files[0].Text)
		for line := range strings.Lines(file) {
			lower := strings.ToLower(strings.TrimSpace(line))
			if strings.HasPrefix(lower, "::") || strings.Contains(lower, "##[") || strings.Contains(lower, "##vso[") || strings.Contains(lower, "##teamcity[") ||
				strings.ContainsAny(line, "\r\x1b") {
				t.Errorf("%q: the runner of a pipeline obeys %q of the export", text, line)
			}
		}
		if err := os.WriteFile(filepath.Join("connections", "exported.yaml"), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		sets, problems := readAll(t)
		if problems.Err() != nil {
			t.Fatalf("%q: the export is not valid: %v\n%s", text, problems, file)
		}
		found := slices.ContainsFunc(sets[0].Connections, func(d connection.Desired) bool {
			return d.Name == live[0].Key.Name && d.Properties["host"] == text
		})
		if !found {
			t.Errorf("%q: the export does not declare what is live:\n%s", text, file)
		}
		declared++
	}
	if declared < 6 {
		t.Errorf("only %d of the texts were exported: the test shows too little", declared)
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

// readAll reads the project of the folder for all its tenants.
func readAll(t *testing.T) ([]*spec.DesiredSet, connection.Problems) {
	t.Helper()
	project, problems := spec.LoadProject("qlsync.yaml")
	if project == nil {
		return nil, problems
	}
	var sets []*spec.DesiredSet
	for i := range project.Tenants {
		set, more := project.Desired(&project.Tenants[i], nil)
		sets = append(sets, set)
		problems = spec.Collect(problems, more)
	}
	return sets, problems
}

// catalog holds one data source with a schema.
func catalog(schema string) *connection.Catalog {
	return &connection.Catalog{DataSources: map[string]*connection.DataSource{"src": {ID: "src", Schema: []byte(schema)}}}
}
