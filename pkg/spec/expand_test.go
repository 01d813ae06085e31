package spec_test

import (
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// withColumns reads a connection with these lines for a tenant with an id and columns of the fleet's
// file, and with a sign-in.
func withColumns(t *testing.T, name, id string, columns map[string]string, text string) (connection.Desired, connection.Problems) {
	t.Helper()
	inFolder(t, `
-- qlsync.yaml --
version: 1
project: finance
tenants:
  `+name+`: {url: "https://acme.eu.qlikcloud.com", auth: {apiKey: {env: QLIK_API_KEY}}}
  other: {url: "https://other.eu.qlikcloud.com", auth: {apiKey: {file: keys/sign-in}}}
-- connections/a.yaml --
version: 1
connections:
- name: A
  space: Finance
  dataSource: rest
`+text+"\n")
	project, problems := spec.LoadProject("qlsync.yaml")
	tenant := project.Tenants[0]
	tenant.ID, tenant.Columns = id, columns
	set, more := project.Desired(&tenant, nil)
	return set.Connections[0], spec.Collect(problems, more)
}

func TestNamesOfSecretsTakeOnlyWhatNobodyOnTheTenantsSideChooses(t *testing.T) {
	for _, test := range []struct{ name, column, secret, want string }{
		{"a column", "acme", "{env: \"KEY_${tenant.c}\"}", "{env: KEY_acme}"},
		{"the id", "acme", "{file: \"secrets/${tenant.id}/key\"}", "{file: secrets/Ab3-x_9/key}"},
		{"several placeholders", "acme", "{file: \"${tenant.c}/${tenant.id}-${each.value}\"}", "{file: acme/Ab3-x_9-item}"},
		{"the key of an item", "acme", "{env: \"${each.key}_${each.value}\"}", "{env: item_item}"},
		{"64 characters", strings.Repeat("x", 64), "{file: \"${tenant.c}\"}", "{file: " + strings.Repeat("x", 64) + "}"},
		{"65 characters", strings.Repeat("x", 65), "{file: \"${tenant.c}\"}", "tenant-placeholder-unfit"},
		{"a folder", "a/b", "{file: \"${tenant.c}\"}", "tenant-placeholder-unfit"},
		{"the folder above", "..", "{file: \"secrets/${tenant.c}/key\"}", "tenant-placeholder-unfit"},
		{"a backslash", `a\b`, "{file: \"${tenant.c}\"}", "tenant-placeholder-unfit"},
		{"a line end", "acme\n", "{file: \"${tenant.c}\"}", "tenant-placeholder-unfit"},
		{"a Cyrillic letter", "аcme", "{file: \"${tenant.c}\"}", "tenant-placeholder-unfit"},
		{"a digit of another script", "acme١", "{file: \"${tenant.c}\"}", "tenant-placeholder-unfit"},
		{"nothing", "", "{file: \"secrets/${tenant.c}\"}", "tenant-placeholder-empty"},
		{"another placeholder", "${tenant.id}", "{file: \"${tenant.c}\"}", "tenant-placeholder-unfit"},
		{"a name that no variable can have", "a-b", "{env: \"KEY_${tenant.c}\"}", "expanded-name-invalid"},
		{"the name of the tenant", "acme", "{env: \"KEY_${tenant.name}\"}", "tenant-placeholder-remote"},
		{"the host of the tenant", "acme", "{file: \"${tenant.host}\"}", "tenant-placeholder-remote"},
		{"an unknown column", "acme", "{file: \"${tenant.d}\"}", "tenant-placeholder-unknown"},
		{"no end", "acme", "{file: \"${tenant.c\"}", "placeholder-open"},
		{"a variable", "acme", "{file: \"${var.c}\"}", "variable-in-reference"},
		{"the argument of a command", "acme", "{exec: [op, \"${tenant.c}\"]}", "variable-in-reference"},
		{"an item in the argument of a command", "acme", "{exec: [op, \"${each.value}\"]}", "variable-in-reference"},
		// What a name must not be is decided with the placeholders filled in.
		{"the token of the pipeline", "GITHUB_TOKEN", "{env: \"${tenant.c}\"}", "pipeline-token"},
		{"a part of that token's name", "TOKEN", "{env: \"GITHUB_${tenant.c}\"}", "pipeline-token"},
		{"the key of the fingerprints", "KEY", "{env: \"QLSYNC_FINGERPRINT_${tenant.c}\"}", "fingerprint-key-sent"},
		{"the sign-in to the tenant", "API", "{env: \"QLIK_${tenant.c}_KEY\"}", "sign-in-secret-sent"},
		{"the sign-in to another tenant", "sign-in", "{file: \"keys/${tenant.c}\"}", "sign-in-secret-sent"},
		{"the environment of a process", "self", "{file: \"/proc/${tenant.c}/environ\"}", "system-file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, problems := withColumns(t, "GITHUB_TOKEN", "Ab3-x_9", map[string]string{"c": test.column}, "  forEach: [item]\n  credentials: {p: "+test.secret+"}")
			got := ""
			if len(problems) > 0 {
				got = problems[0].Code
			} else if ref, ok := d.Credentials["p"].(connection.Reference); ok {
				got = ref.String()
			}
			if got != test.want || len(problems) > 1 {
				t.Errorf("got %s with the problems %v, want only %s", got, problems, test.want)
			}
		})
	}
}

func TestItemsInNamesOfSecretsCannotLeadElsewhere(t *testing.T) {
	for item, want := range map[string]string{
		`"ok"`: "", `"../x"`: "each-unfit", `".."`: "each-unfit", `""`: "each-unfit", `"a b"`: "each-unfit", `"${var.stage}"`: "each-unfit", `GITHUB_TOKEN`: "pipeline-token",
	} {
		_, problems := withColumns(t, "prod", "", nil, "  forEach: ["+item+"]\n  credentials: {p: {env: \"${each.value}\"}, q: {file: \"${each.value}\"}}")
		if got := codes(problems); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("item %s: got problems %q, want %q", item, got, want)
		}
	}
}

func TestValuesTakeTheIdAndTheColumnsOfTheTenant(t *testing.T) {
	for value, want := range map[string]string{
		"${tenant.id}-${tenant.c}":  "Ab3-a b/ü",
		"$${tenant.id}":             "${tenant.id}",
		"${tenant.name}.example":    "tenant-placeholder-in-value",
		"${tenant.host}":            "tenant-placeholder-in-value",
		"${tenant.region}":          "tenant-placeholder-in-value",
		"${tenant.nothing}":         "tenant-placeholder-unknown",
		"${tenant}":                 "tenant-placeholder-unknown",
		"${tenant.id":               "unknown-placeholder",
		"${tenant.holds} is a text": "${tenant.id} is a text",
	} {
		d, problems := withColumns(t, "prod", "Ab3", map[string]string{"c": "a b/ü", "holds": "${tenant.id}"}, "  properties: {url: \""+value+"\"}")
		got, _ := d.Properties["url"].(string)
		if len(problems) > 0 {
			got = problems[0].Code
		}
		if got != want {
			t.Errorf("%s: got %q with the problems %v, want %q", value, got, problems, want)
		}
	}
	if _, problems := withColumns(t, "prod", "", nil, "  properties: {url: \"${tenant.id}\"}"); codes(problems) != "connections/a.yaml:6:21: tenant-placeholder-empty placeholder=id tenant=prod" {
		t.Errorf("got problems %v without an id, want one that says that the id is empty", problems)
	}
}

func TestTheRecordOfCredentialsHasTheNameThatIsReallyRead(t *testing.T) {
	record := func(column string) string {
		d, problems := withColumns(t, "prod", "", map[string]string{"c": column}, "  credentials: {p: {env: \"KEY_${tenant.c}\"}}")
		if len(problems) > 0 {
			t.Fatalf("got problems %v, want none", problems)
		}
		return connection.CredentialsRecord(d.CredentialsVersion, d.Credentials, "")
	}
	if one, other := record("one"), record("other"); one == other {
		t.Errorf("got the record %s for two variables, want a new record when the column selects another variable", one)
	}
}
