package spec_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/spec"
)

const fleetOfAConsole = `
-- qlsync.yaml --
version: 1
project: finance
variables: {stage: dev}
fleet:
  from: {organization: {auth: {oauth: {clientId: org, clientSecret: {env: ORG}}}}}
  tenant:
    name: ${tenant.name}
    auth: {oauth: {clientId: {env: CLIENT}, clientSecret: {file: "keys/${tenant.id}"}}}
    variables: {stage: prod, customer: "${tenant.name}"}
    spaces: ["Finance ${tenant.region}"]
groups:
  europe: {region: "eu-*"}
-- connections/a.yaml --
version: 1
connections:
  - {name: A, space: "Finance ${tenant.region}", dataSource: rest}
`

const lockOfTwo = `
-- tenants.lock.json --
{"format": "qlsync.tenants/v1", "tenants": [
  {"id": "T1", "name": "Acme AG", "host": "acme.eu.qlikcloud.com", "region": "eu-west-1"},
  {"id": "T2", "name": "Umbra", "host": "umbra.us.qlikcloud.com", "region": "us-east-1"},
  {"id": "T3", "name": "Old", "host": "old.us.qlikcloud.com", "region": "us-east-1", "status": "disabled"}
]}
`

func TestTheTenantsOfAFleetComeFromTheLockFile(t *testing.T) {
	inFolder(t, fleetOfAConsole+lockOfTwo)
	project, problems := spec.LoadProject("qlsync.yaml")
	if problems.Err() != nil {
		t.Fatalf("the project has the problems\n%v\nwant none", problems)
	}
	var got []string
	for _, tenant := range project.Tenants {
		refs := tenant.Auth.References()
		got = append(got, fmt.Sprint(tenant.Name, " ", tenant.ID, " ", tenant.URL, " ", tenant.Groups, " ", refs[len(refs)-1].File, " ", tenant.Variables, " ", tenant.Spaces[0].Name, " ", tenant.Position))
	}
	want := []string{
		"Acme-AG T1 https://acme.eu.qlikcloud.com [europe] keys/T1 map[customer:Acme AG stage:prod] Finance eu-west-1 tenants.lock.json:2:3",
		"Umbra T2 https://umbra.us.qlikcloud.com [] keys/T2 map[customer:Umbra stage:prod] Finance us-east-1 tenants.lock.json:3:3",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the tenants are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(project.Locked) != 3 || !strings.HasPrefix(project.LockDigest, "sha256:") {
		t.Errorf("the lock has %d entries and the digest %q, want 3 and a SHA-256", len(project.Locked), project.LockDigest)
	}
	if console := project.Fleet.Organization; console.URL != spec.DefaultConsole {
		t.Errorf("the console is %s, want %s", console.URL, spec.DefaultConsole)
	}
}

func TestAFleetWithoutALockSaysHowToGetOne(t *testing.T) {
	inFolder(t, fleetOfAConsole)
	_, problems := spec.LoadProject("qlsync.yaml")
	if want := "qlsync.yaml:4:1: tenants.lock.json does not exist (run qlsync fleet refresh, then review and commit the file)"; !strings.Contains(problems.Error(), want) {
		t.Errorf("the problems are\n%v\nwant among them\n%s", problems, want)
	}
}

// What a lock file may hold that was tampered with, or that two consoles have made.
func TestAHostileLockFileIsAnErrorWithItsPosition(t *testing.T) {
	const at = "tenants.lock.json:2:1: "
	for name, c := range map[string]struct{ second, want string }{
		"an id twice":               {`{"id": "T1", "host": "b.eu.qlikcloud.com"}`, at + `the id "T1" is also that of the tenant at tenants.lock.json:1:`},
		"a host twice":              {`{"id": "T2", "host": "a.eu.qlikcloud.com"}`, at + `the host "a.eu.qlikcloud.com" is also that of the tenant at tenants.lock.json:1:`},
		"no id":                     {`{"host": "b.eu.qlikcloud.com"}`, at + `field "id" is missing`},
		"an empty id":               {`{"id": "", "name": "b", "host": "b.eu.qlikcloud.com"}`, at + `tenant "b" has no id`},
		"an id that is a path":      {`{"id": "../a", "name": "b", "host": "b.eu.qlikcloud.com"}`, at + `the id of tenant "b" must be 1 to 64 letters`},
		"a foreign host":            {`{"id": "T2", "host": "evil.example"}`, at + `tenant "evil.example" has the url https://evil.example, and the sign-in may be sent only to *.qlikcloud.com`},
		"a host with a path":        {`{"id": "T2", "host": "evil.example/.qlikcloud.com"}`, at + `tenant "T2" must have a host`},
		"a host with a user":        {`{"id": "T2", "host": "x.qlikcloud.com@evil.example"}`, at + `tenant "T2" must have a host`},
		"a host that only ends so":  {`{"id": "T2", "host": "evil-qlikcloud.com"}`, at + `tenant "evil-qlikcloud.com" has the url`},
		"a host with an empty name": {`{"id": "T2", "host": "a..qlikcloud.com"}`, at + `tenant "T2" must have a host`},
		"an unknown field":          {`{"id": "T2", "host": "b.eu.qlikcloud.com", "url": "https://evil.example"}`, `tenants.lock.json:2:44: unknown field "url"`},
	} {
		t.Run(name, func(t *testing.T) {
			inFolder(t, `
-- qlsync.yaml --
version: 1
project: finance
fleet: {from: {file: t.csv}, tenant: {auth: {apiKey: {env: KEY}}}}
tenants: {mine: {url: "sim:tenant.yaml"}}
-- tenants.lock.json --
{"format": "qlsync.tenants/v1", "tenants": [{"id": "T1", "host": "a.eu.qlikcloud.com"},
`+c.second+`]}
`)
			project, problems := spec.LoadProject("qlsync.yaml")
			if problems.Err() == nil || !strings.Contains(problems.Error(), c.want) {
				t.Errorf("the problems are\n%v\nwant among them\n%s", problems, c.want)
			}
			for _, tenant := range project.Tenants {
				if strings.Contains(tenant.URL, "evil") {
					t.Errorf("the tenant %s can be asked at %s, want no such tenant", tenant.Name, tenant.URL)
				}
			}
		})
	}
}

func TestATenantsNameCannotBeTwoTenants(t *testing.T) {
	inFolder(t, strings.Replace(fleetOfAConsole, "fleet:", "tenants: {Umbra: {id: T2, url: \"sim:t.yaml\"}}\nfleet:", 1)+lockOfTwo)
	_, problems := spec.LoadProject("qlsync.yaml")
	for _, want := range []string{
		`tenants.lock.json:3:3: the tenant with id "T2" would have the same name, "Umbra", as the tenant at qlsync.yaml:4:11`,
		`tenants.lock.json:3:3: the id "T2" is also that of the tenant at qlsync.yaml:4:11`,
	} {
		if !strings.Contains(problems.Error(), want) {
			t.Errorf("the problems are\n%v\nwant among them\n%s", problems, want)
		}
	}
}

func TestTheNameOfATenantIsNoVariable(t *testing.T) {
	inFolder(t, strings.Replace(fleetOfAConsole, "${tenant.region}\"]", "${tenant.name}\"]", 1)+strings.Replace(lockOfTwo, "Acme AG", "${var.stage}", 1))
	project, problems := spec.LoadProject("qlsync.yaml")
	if want := `variable "customer" refers to a variable`; !strings.Contains(problems.Error(), want) {
		t.Errorf("the problems are\n%v\nwant among them\n%s", problems, want)
	}
	for i := range project.Tenants {
		if tenant := &project.Tenants[i]; tenant.ID == "T1" {
			set, _ := project.Desired(tenant, nil)
			if name := set.Spaces[0].Name; name != "Finance ${var.stage}" {
				t.Errorf("the space is %q, want the tenant's name unchanged", name)
			}
		}
	}
}

func TestTheFleetsFileIsReadInEachOfItsForms(t *testing.T) {
	want := []spec.LockedTenant{
		{ID: "T1", Name: "Acme", Host: "acme.eu.qlikcloud.com", Columns: map[string]string{"stage": "prod", "size": "007"}},
		{ID: "T2", Host: "umbra.eu.qlikcloud.com", Columns: map[string]string{"stage": "test", "size": "1"}},
	}
	for file, text := range map[string]string{
		"t.csv":  "id,name,host,stage,size\nT1,Acme,ACME.eu.qlikcloud.com,prod,007\n\"T2\",,umbra.eu.qlikcloud.com,test,1\n",
		"t.yaml": "- {id: T1, name: Acme, host: acme.eu.qlikcloud.com, stage: prod, size: \"007\"}\n- {id: T2, host: umbra.eu.qlikcloud.com, stage: test, size: 1}\n",
		"t.json": `[{"id": "T1", "name": "Acme", "host": "acme.eu.qlikcloud.com", "stage": "prod", "size": "007"}, {"id": "T2", "host": "umbra.eu.qlikcloud.com", "stage": "test", "size": 1}]`,
	} {
		t.Run(file, func(t *testing.T) {
			inFolder(t, "\n-- qlsync.yaml --\nversion: 1\nproject: finance\nfleet: {from: {file: "+file+"}, tenant: {auth: {apiKey: {env: \"K_${tenant.stage}\"}}}}\n")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			project, _ := spec.LoadProject("qlsync.yaml")
			tenants, problems := project.FleetTenants()
			if changes := spec.CompareTenants(want, tenants); len(problems) > 0 || !changes.Empty() {
				t.Fatalf("the tenants are %+v, want %+v; problems: %v", tenants, want, problems)
			}
			slices.Reverse(tenants)
			first, second := spec.TenantLock{Tenants: tenants}.Encode(), spec.TenantLock{Tenants: want}.Encode()
			if !bytes.Equal(first, second) {
				t.Errorf("in another order, the lock is\n%s\nwant the same as\n%s", first, second)
			}
			locked, problems := spec.Options{Lock: first}.LoadProject("qlsync.yaml")
			if problems.Err() != nil || locked.Tenants[0].Auth.References()[0].Env != "K_prod" {
				t.Errorf("with the lock, the tenants are %+v, want the first to sign in with K_prod; problems: %v", locked.Tenants, problems)
			}
		})
	}
}

func TestAMistakeInTheFleetsFileHasItsPosition(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"an id twice":           {"t.csv", "id,host\na,h1\na,h2\n", `t.csv:3:1: the id "a" is also that of the tenant at t.csv:2:1`},
		"no id":                 {"t.csv", "name,host\na,h1\n", `t.csv:2:1: tenant "a" has no id`},
		"a line that is short":  {"t.csv", "id,host\na\n", "t.csv:2:1: the line is not CSV: wrong number of fields"},
		"a column twice":        {"t.csv", "id,host,x,x\na,h1,1,2\n", `t.csv:1:11: the file has the column "x" twice`},
		"a column named url":    {"t.csv", "id,host,url\na,h1,https://evil.example\n", `t.csv:2:6: "url" cannot be the name of a column`},
		"a terminal's commands": {"t.csv", "id,host,x\na,h1,\x1b[2J\n", `t.csv:2:6: the column "x" must have at most 1,000 bytes, and no line ends or control characters`},
		"a list in a column":    {"t.yaml", "- {id: a, host: h, x: [1]}\n", `t.yaml:1:20: the column "x" must be a text`},
		"a map":                 {"t.yaml", "id: a\n", "t.yaml:1:1: the file must be a list of maps"},
		"texts":                 {"t.yaml", "- a\n", "t.yaml:1:3: the file must be a list of maps"},
		"no file":               {"", "", "t.csv: "},
	} {
		t.Run(name, func(t *testing.T) {
			inFolder(t, "")
			file := c.file
			if file == "" {
				file = "t.csv"
			} else if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile("qlsync.yaml", []byte("version: 1\nproject: finance\nfleet: {from: {file: "+file+"}, tenant: {auth: {apiKey: {env: K}}}}\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			project, _ := spec.LoadProject("qlsync.yaml")
			if _, problems := project.FleetTenants(); !strings.Contains(problems.Error(), c.want) {
				t.Errorf("the problems are\n%v\nwant among them\n%s", problems, c.want)
			}
		})
	}
}

func TestAFleetThatCannotBeMeantIsReported(t *testing.T) {
	for name, c := range map[string]struct{ fleet, want string }{
		"two sources":            {`{from: {file: t.csv, organization: {auth: {oauth: {clientId: a, clientSecret: {env: K}}}}}, tenant: {auth: {apiKey: {env: K}}}}`, "qlsync.yaml:3:9: from must have one of organization and file"},
		"a key for the console":  {`{from: {organization: {auth: {apiKey: {env: K}}}}, tenant: {auth: {apiKey: {env: K}}}}`, "qlsync.yaml:3:16: the console needs auth: {oauth: ...}"},
		"a console without tls":  {`{from: {organization: {url: "http://console.example", auth: {oauth: {clientId: a, clientSecret: {env: K}}}}}, tenant: {auth: {apiKey: {env: K}}}}`, "plain http is allowed only to this computer"},
		"a file outside":         {`{from: {file: ../t.csv}, tenant: {auth: {apiKey: {env: K}}}}`, `the file "../t.csv" is outside the folder of the project`},
		"a secret of the remote": {`{from: {file: t.csv}, tenant: {auth: {apiKey: {env: "K_${tenant.name}"}}}}`, "${tenant.name} must not be part of the name of a secret"},
		"an id for the console":  {`{from: {organization: {auth: {oauth: {clientId: a, clientSecret: {env: "K_${tenant.id}"}}}}}, tenant: {auth: {apiKey: {env: K}}}}`, "${tenant.id} is filled in only in what belongs to one tenant"},
		"an unknown column":      {`{from: {file: t.csv}, tenant: {url: "https://${tenant.hots}", auth: {apiKey: {env: K}}}}`, `there is no ${tenant.hots} (did you mean "host"?)`},
		"a url of its own":       {`{from: {file: t.csv}, tenant: {url: "https://${tenant.name}.eu.qlikcloud.com", auth: {apiKey: {env: K}}}}`, "the url of a tenant must end after the host"},
	} {
		t.Run(name, func(t *testing.T) {
			inFolder(t, `
-- qlsync.yaml --
version: 1
project: finance
fleet: `+c.fleet+`
-- tenants.lock.json --
{"format": "qlsync.tenants/v1", "tenants": [{"id": "T1", "name": "evil.example/", "host": "a.eu.qlikcloud.com"}]}
`)
			if _, problems := spec.LoadProject("qlsync.yaml"); !strings.Contains(problems.Error(), c.want) {
				t.Errorf("the problems are\n%v\nwant among them\n%s", problems, c.want)
			}
		})
	}
}

func TestNoConnectionGetsTheSignInOfAFleet(t *testing.T) {
	for _, source := range []string{"{env: ORG}", "{env: CLIENT}", `{file: keys/T2}`} {
		inFolder(t, strings.Replace(fleetOfAConsole, "dataSource: rest}", "dataSource: rest, credentials: {password: "+source+"}}", 1)+lockOfTwo)
		project, problems := spec.LoadProject("qlsync.yaml")
		if problems.Err() != nil {
			t.Fatalf("the project has the problems %v, want none", problems)
		}
		if _, problems := project.Desired(&project.Tenants[0], nil); !strings.Contains(problems.Error(), "must not be sent anywhere else") {
			t.Errorf("a connection with the credentials %s has the problems %v, want that they sign in", source, problems)
		}
	}
}

func TestAnOAuthClientHasASecretOrAPrivateKey(t *testing.T) {
	for name, c := range map[string]struct{ oauth, want string }{
		"a secret":        {"{clientId: c, clientSecret: {env: S}}", ""},
		"a private key":   {"{clientId: c, privateKey: {file: key.pem}, keyId: k1}", ""},
		"both":            {"{clientId: c, clientSecret: {env: S}, privateKey: {env: K}}", "auth must have one of clientSecret and privateKey"},
		"none":            {"{clientId: c}", `"clientSecret" is missing`},
		"a plain key":     {"{clientId: c, privateKey: abc}", "is a secret. Write where it comes from"},
		"an id of no key": {"{clientId: c, clientSecret: {env: S}, keyId: k1}", "privateKey"},
	} {
		t.Run(name, func(t *testing.T) {
			inFolder(t, `
-- qlsync.yaml --
version: 1
project: finance
tenants: {a: {url: "https://a.example", auth: {oauth: `+c.oauth+`}}}
`)
			project, problems := spec.LoadProject("qlsync.yaml")
			if c.want == "" && (problems.Err() != nil || !project.Tenants[0].CanBeAsked()) || c.want != "" && !strings.Contains(problems.Error(), c.want) {
				t.Errorf("the problems are %v, want %q", problems, c.want)
			}
		})
	}
}

func TestAListOfTenantsIsBounded(t *testing.T) {
	tenants := make([]spec.LockedTenant, 20_001)
	for i := range tenants {
		tenants[i] = spec.LockedTenant{ID: fmt.Sprint("T", i), Host: fmt.Sprintf("t%d.eu.qlikcloud.com", i)}
	}
	if problems := spec.CheckTenants(tenants, 0); len(problems) != 1 || problems[0].Code != "too-many-tenants" {
		t.Errorf("20,001 tenants have the problems %v, want too-many-tenants", problems)
	}
	if problems := spec.CheckTenants(tenants, 2); len(problems) > 0 {
		t.Errorf("with raised limits, 20,001 tenants have the problems %v, want none", problems)
	}
	inFolder(t, fleetOfAConsole)
	project, problems := spec.Options{Lock: spec.TenantLock{Tenants: tenants[:20_000]}.Encode()}.LoadProject("qlsync.yaml")
	if len(project.Tenants) != 0 && len(project.Tenants) != 20_000 {
		t.Errorf("20,000 tenants without names have become %d; problems: %v", len(project.Tenants), problems[:1])
	}
}

func TestRefreshingSaysWhatCameWentAndWasRenamed(t *testing.T) {
	before := []spec.LockedTenant{{ID: "a", Name: "A", Host: "a"}, {ID: "b", Host: "b"}, {ID: "c", Host: "c"}}
	now := []spec.LockedTenant{{ID: "d", Host: "b"}, {ID: "c", Host: "c"}, {ID: "a", Name: "New", Host: "a"}}
	changes := spec.CompareTenants(before, now)
	if len(changes.Came) != 1 || changes.Came[0].ID != "d" || len(changes.Went) != 1 || changes.Went[0].ID != "b" || len(changes.Changed) != 1 || changes.Changed[0][1].Name != "New" {
		t.Errorf("the changes are %+v, want d to come, b to go and a to be renamed", changes)
	}
}
