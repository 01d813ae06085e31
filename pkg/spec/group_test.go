package spec_test

import (
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/spec"
)

// groupsOf loads a project with these groups, and returns the groups of its tenants, a line each.
func groupsOf(t *testing.T, groups string) (members, problems string) {
	t.Helper()
	inFolder(t, `
-- qlsync.yaml --
version: 1
project: finance
groups:
`+groups+`
tenants:
  acme-prod: {id: T1, url: "https://acme.eu.qlikcloud.com", auth: {apiKey: {env: A}}}
  acme-test: {url: "https://acme-test.eu.qlikcloud.com", auth: {apiKey: {env: B}}}
  other: {url: "https://other.us.qlikcloud.com", auth: {apiKey: {env: C}}}
  demo: {url: "sim:tenant.yaml"}
`)
	project, found := spec.LoadProject("qlsync.yaml")
	var b strings.Builder
	for _, tenant := range project.Tenants {
		b.WriteString(tenant.Name + ": " + strings.Join(tenant.Groups, " ") + "\n")
	}
	return b.String(), found.Error()
}

func TestATenantIsInAGroupIfOneOfItsPatternsMatches(t *testing.T) {
	for name, c := range map[string]struct{ groups, want string }{
		"a pattern for the name":           {`  g: "acme-*"`, "acme-prod acme-test"},
		"a list":                           {`  g: [other, "*-prod"]`, "acme-prod other"},
		"a host, in any letter case":       {`  g: {host: "*.EU.qlikcloud.com"}`, "acme-prod acme-test"},
		"all patterns of a map":            {`  g: {host: "*.eu.*", name: "*-t?st"}`, "acme-test"},
		"an id":                            {`  g: {id: T1}`, "acme-prod"},
		"an unknown id matches no pattern": {`  g: {id: "*"}`, "acme-prod"},
		"an embedded tenant has no host":   {`  g: {host: "*"}`, "acme-prod acme-test other"},
		"a map in a list":                  {`  g: [demo, {id: T1}]`, "acme-prod demo"},
	} {
		t.Run(name, func(t *testing.T) {
			members, problems := groupsOf(t, c.groups)
			var got []string
			for line := range strings.Lines(members) {
				if name, groups, _ := strings.Cut(strings.TrimSpace(line), ":"); groups != "" {
					got = append(got, name)
				}
			}
			if problems != "" || strings.Join(got, " ") != c.want {
				t.Errorf("the group has the tenants %v, want %s; problems: %s", got, c.want, problems)
			}
		})
	}
}

func TestAGroupThatCannotBeMeantIsReported(t *testing.T) {
	for name, c := range map[string]struct{ groups, want string }{
		"nobody":         {"  g: acme", `qlsync.yaml:4:3: no tenant is in group "g" (check its patterns, or remove the group)`},
		"a column":       {"  g: {hots: acme}", `qlsync.yaml:4:7: no tenant has the column "hots" (did you mean "host"?)`},
		"a number":       {"  g: 5", "qlsync.yaml:4:6: field \"g\" must be a pattern such as acme-*, or a map of patterns such as {region: eu-*}"},
		"an empty list":  {"  g: []", "qlsync.yaml:4:6: field \"g\" must not be empty"},
		"a strange name": {`  "a b": x`, `qlsync.yaml:4:3: field "a b" must be letters, digits`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, problems := groupsOf(t, c.groups); !strings.Contains(problems, c.want) {
				t.Errorf("the problems are\n%s\nwant among them\n%s", problems, c.want)
			}
		})
	}
}

func TestWhatATenantsOwnerChoosesSelectsNoSecret(t *testing.T) {
	tenant := &spec.Tenant{Name: "acme", ID: "T-1", URL: "https://acme.eu.qlikcloud.com", Region: "eu-west-1", Columns: map[string]string{"stage": "prod", "path": "../x", "dots": "..", "none": ""}}
	for text, want := range map[string]string{
		"plain":                            "plain",
		"${tenant.id}":                     "T-1",
		"KEY_${tenant.stage}_${tenant.id}": "KEY_prod_T-1",
		"keys/${tenant.id}.pem":            "keys/T-1.pem",
		"${tenant.name}":                   "tenant-placeholder-remote",
		"${tenant.host}":                   "tenant-placeholder-remote",
		"${tenant.region}":                 "tenant-placeholder-remote",
		"${tenant.path}":                   "tenant-placeholder-unfit",
		"${tenant.dots}":                   "tenant-placeholder-unfit",
		"${tenant.none}":                   "tenant-placeholder-empty",
		"${tenant.stgae}":                  "tenant-placeholder-unknown",
		"${tenant.id":                      "placeholder-open",
		"${tenant.${tenant.id}}":           "tenant-placeholder-unknown",
	} {
		got, reason := tenant.ExpandName(text)
		if reason.Code != "" {
			got = reason.Code
		}
		if got != want {
			t.Errorf("the name %q is expanded to %q, want %q", text, got, want)
		}
	}
	if _, reason := (*spec.Tenant)(nil).ExpandName("${tenant.id}"); reason.Code != "tenant-placeholder-outside" {
		t.Errorf("without a tenant, a placeholder has the problem %q, want tenant-placeholder-outside", reason.Code)
	}
	if _, reason := (&spec.Tenant{Name: "acme"}).ExpandName("${tenant.id}"); reason.Code != "tenant-placeholder-empty" {
		t.Errorf("the unknown id of a tenant has the problem %q, want tenant-placeholder-empty", reason.Code)
	}
}

func TestTheIdOfATenantSelectsItsSignIn(t *testing.T) {
	inFolder(t, `
-- qlsync.yaml --
version: 1
project: finance
tenants:
  a: {id: T1, url: "https://a.example", auth: {apiKey: {env: "KEY_${tenant.id}"}}}
  b: {id: T-2, url: "https://b.example", auth: {apiKey: {file: "keys/${tenant.id}"}}}
  c: {id: T-3, url: "https://c.example", auth: {apiKey: {env: "KEY_${tenant.id}"}}}
  d: {url: "https://d.example", auth: {apiKey: {env: "KEY_${tenant.name}"}}}
`)
	project, problems := spec.LoadProject("qlsync.yaml")
	want := lines(`
	qlsync.yaml:6:63: with its placeholders filled in, the name of the environment variable is "KEY_T-3", which no variable can have (use a column without hyphens, or {file: PATH})
	qlsync.yaml:7:54: ${tenant.name} must not be part of the name of a secret (use ${tenant.id}, or a column of the fleet's file)`)
	if problems.Error() != want {
		t.Errorf("the problems are\n%s\nwant\n%s", problems, want)
	}
	var names []string
	for i := range project.Tenants {
		for _, ref := range project.Tenants[i].Auth.References() {
			names = append(names, ref.Env+ref.File)
		}
	}
	if got := strings.Join(names, " "); got != "KEY_T1 keys/T-2" {
		t.Errorf("the secrets of the sign-ins are %s, want KEY_T1 keys/T-2", got)
	}
}
