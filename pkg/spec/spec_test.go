package spec_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// inFolder writes the files of a txtar archive to a fresh folder and makes it the
// working directory.
func inFolder(t *testing.T, archive string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, file := range txtar.Parse([]byte(archive)).Files {
		if err := os.MkdirAll(filepath.Dir(file.Name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file.Name, file.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// readAll reads the project of the folder for all its tenants.
func readAll(t *testing.T, variables map[string]string) ([]*spec.DesiredSet, connection.Problems) {
	t.Helper()
	return readAllWith(t, spec.Options{}, variables)
}

func readAllWith(t *testing.T, options spec.Options, variables map[string]string) ([]*spec.DesiredSet, connection.Problems) {
	t.Helper()
	project, problems := options.LoadProject("qlsync.yaml")
	if project == nil {
		return nil, problems
	}
	var sets []*spec.DesiredSet
	for i := range project.Tenants {
		set, more := project.Desired(&project.Tenants[i], variables)
		sets = append(sets, set)
		problems = spec.Collect(problems, more)
	}
	return sets, problems
}

// lines is the expected text of problems: one a line.
func lines(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\t", ""))
}

// project is the beginning of an archive whose project file is not the subject.
const project = `
-- qlsync.yaml --
version: 1
project: finance
variables: {stage: dev, empty: ""}
tenants: {demo: {url: "sim:tenant.yaml"}}
`

// twoTenants is the same with two tenants.
const twoTenants = `
-- qlsync.yaml --
version: 1
project: finance
variables: {stage: dev}
tenants:
  prod: {url: "sim:a.yaml", variables: {stage: prod, only: here}}
  test: {url: "sim:b.yaml"}
`

func TestMistakesInTheProjectFile(t *testing.T) {
	const files = "\n-- connections/a.yaml --\nversion: 1\n"
	for _, test := range []struct{ name, text, want string }{
		{"nothing that it should have", "a: 1", `
			qlsync.yaml:1:1: missing-field field=project
			qlsync.yaml:1:1: missing-field field=tenants
			qlsync.yaml:1:1: missing-version field=version
			qlsync.yaml:1:1: unknown-field field=a`},
		{"no map", "[]", `qlsync.yaml:1:1: wrong-type expected="a map" field=qlsync.yaml found="a list" what=file`},
		{"wrong values everywhere", `version: 2
project: Finance
conections: [connections]
spaces: []
schemas: [a]
variables: {1a: x, ok: [y], nested: "${var.ok}"}
policy:
  prune: all
  adopt: match
  maxDeletes: 10 percent
  update: replace
tenants:
  "a b": {}
  prod: {url: "https://acme.eu.qlikcloud.com", auth: {apikey: {env: A}}}
`, `
			qlsync.yaml:1:10: wrong-version field=version
			qlsync.yaml:2:10: wrong-form field=project rule="must be 1 to 40 lower-case letters, digits and hyphens, beginning with a letter" what=field
			qlsync.yaml:3:1: unknown-field field=conections meant=connections
			qlsync.yaml:4:9: empty field=spaces what=field
			qlsync.yaml:5:10: wrong-type expected="a string" field=schemas found="a list" what=field
			qlsync.yaml:6:13: wrong-form field=1a rule="must be letters, digits, hyphens and underscores, beginning with a letter or underscore" what=field
			qlsync.yaml:6:24: wrong-type expected="a string, a number or true or false" field=ok found="a list" what=field
			qlsync.yaml:6:37: variable-in-variable variable=nested
			qlsync.yaml:8:10: not-one-of allowed="[none owned]" field=prune what=field
			qlsync.yaml:9:10: not-one-of allowed="[none matching all]" field=adopt what=field
			qlsync.yaml:10:15: wrong-form field=maxDeletes rule="must be a count such as 5, or a percentage such as 10%" what=field
			qlsync.yaml:11:11: not-one-of allowed="[patch recreate]" field=update what=field
			qlsync.yaml:13:3: wrong-form field="a b" rule="must be letters, digits, dots, hyphens and underscores, beginning with a letter or digit" what=field
			qlsync.yaml:13:3: missing-field field=url
			qlsync.yaml:14:55: unknown-field field=apikey meant=apiKey`},
		{"addresses that are none", `version: 1
project: finance
tenants:
  a: {url: acme.eu.qlikcloud.com, auth: {apiKey: {env: A}}}
  b: {url: "http://acme.eu.qlikcloud.com", auth: {apiKey: {env: A}}}
  c: {url: "https://acme.eu.qlikcloud.com/api/v1", auth: {apiKey: {env: A}}}
  d: {url: "https://me:pw@acme.eu.qlikcloud.com", auth: {apiKey: {env: A}}}
  e: {url: "sim:"}
  f: {url: "https://acme.eu.qlikcloud.com"}
  g: {url: "https://acmg.eu.qlikcloud.com", auth: {apiKey: {env: A}, oauth: {clientId: x, clientSecret: {env: B}}}}
`, `
			qlsync.yaml:4:12: url-not-https example=https://TENANT.REGION.qlikcloud.com
			qlsync.yaml:5:12: plain-http
			qlsync.yaml:6:12: url-with-path example=https://TENANT.REGION.qlikcloud.com
			qlsync.yaml:7:12: url-with-path example=https://TENANT.REGION.qlikcloud.com
			qlsync.yaml:8:12: embedded-without-file
			qlsync.yaml:9:3: missing-auth example="auth: {apiKey: {env: NAME}}" tenant=f
			qlsync.yaml:10:45: one-auth one=apiKey other=oauth`},
		{"ways to sign in that belong elsewhere", `version: 1
project: finance
tenants:
  a: {provider: apinizer, url: "https://aanager.example", auth: {token: {env: A}}}
  b: {provider: apinizer, url: "https://banager.example", auth: {user: ana, password: {env: B}}}
  c: {provider: apinizer, url: "https://canager.example", auth: {user: ana}}
  d: {provider: apinizer, url: "https://danager.example", auth: {token: {env: A}, user: ana, password: {env: B}}}
  e: {provider: apinizer, url: "https://eanager.example", auth: {apiKey: {env: A}, token: {env: A}}}
  f: {provider: apinizer, url: "https://manager.example/apiops/", auth: {token: {env: A}}}
  g: {provider: apinizer, url: "https://ganager.example"}
  h: {provider: apinizr, url: "https://hanager.example", auth: {token: {env: A}}}
  i: {url: "https://i.example", auth: {token: {env: A}}}
  j: {url: "https://j.example", auth: {apiKey: {env: A}}, ownership: none}
`, `
			qlsync.yaml:6:66: missing-companion field=user needed=password
			qlsync.yaml:7:59: one-auth one=token other=user
			qlsync.yaml:8:66: foreign-auth example="auth: {token: {env: NAME}}" provider=apinizer way=apiKey
			qlsync.yaml:9:32: url-with-path example="the address of the API manager without /apiops, https://MANAGER"
			qlsync.yaml:10:3: missing-auth example="auth: {token: {env: NAME}}" tenant=g
			qlsync.yaml:11:17: not-one-of allowed="[qlik apinizer]" field=provider what=field
			qlsync.yaml:12:33: one-auth one=apiKey other=oauth
			qlsync.yaml:13:59: ownership-none-unsupported providers=[apinizer]`},
		{"marks that are left off while what is owned is pruned", `version: 1
project: finance
spaces: [Payments]
policy: {prune: owned}
tenants:
  a: {provider: apinizer, url: "https://manager.example", auth: {token: {env: A}}, ownership: none}
`, `
			qlsync.yaml:6:84: prune-without-ownership`},
		{"secrets in the open, which are not repeated", `version: 1
project: finance
tenants:
  a: {url: "https://a.example", auth: {apiKey: hunter2}}
  b: {url: "https://b.example", auth: {oauth: {clientId: 7, clientSecret: hunter2}}}
  c: {url: "https://c.example", auth: {apiKey: {env: hunter-2}}}
  d: {url: "https://d.example", auth: {apiKey: {env: A, file: b}}}
  e: {url: "https://e.example", auth: {apiKey: {env: A, encoding: base64}}}
  f: {url: "https://f.example", auth: {apiKey: {}}}
`, `
			qlsync.yaml:4:48: wrong-form field=apiKey rule="is a secret. Write where it comes from, {env: NAME} or {file: PATH}, not its value" what=field
			qlsync.yaml:5:58: wrong-type expected="a string" field=clientId found="a number" what=field
			qlsync.yaml:5:75: wrong-form field=clientSecret rule="is a secret. Write where it comes from, {env: NAME} or {file: PATH}, not its value" what=field
			qlsync.yaml:6:54: wrong-form field=env rule="must be the name of an environment variable" what=field
			qlsync.yaml:7:48: several-sources
			qlsync.yaml:8:57: missing-companion field=encoding needed=file
			qlsync.yaml:9:48: empty field=apiKey what=field`},
		{"entries that name no file", `version: 1
project: finance
connections: [connections, missing, "none/*.yaml", "[", empty]
tenants: {demo: {url: "sim:tenant.yaml"}}
-- empty/readme.md --
`, `
			qlsync.yaml:3:28: entry-not-found path=missing
			qlsync.yaml:3:37: no-file-matches path=none/*.yaml
			qlsync.yaml:3:52: entry-not-readable path=[ reason="syntax error in pattern"
			qlsync.yaml:3:57: no-file-matches path=empty`},
	} {
		t.Run(test.name, func(t *testing.T) {
			inFolder(t, "-- qlsync.yaml --\n"+test.text+files)
			_, problems := readAll(t, nil)
			if diff := cmp.Diff(lines(test.want), codes(problems)); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAProjectThatIsNotThere(t *testing.T) {
	t.Chdir(t.TempDir())
	project, problems := spec.LoadProject("./sub/../qlsync.yaml")
	if project != nil || codes(problems) != "qlsync.yaml: file-not-found" {
		t.Errorf("got project %v and problems %v, want only the missing file", project, problems)
	}
}

func TestMistakesInConnectionFiles(t *testing.T) {
	for _, test := range []struct{ name, files, want string }{
		{"unknown keys, with a suggestion", project + `
-- connections/a.yaml --
version: 1
conections: []
defaults: {name: x}
connections:
  - {name: A, space: S, datasource: rest, lifecycle: {prevntDestroy: true}}
moved:
  - {form: {space: S, name: A}, to: {space: S, name: B}}
`, `
			connections/a.yaml:2:1: unknown-field field=conections meant=connections
			connections/a.yaml:3:12: unknown-field field=name
			connections/a.yaml:5:25: unknown-field field=datasource meant=dataSource
			connections/a.yaml:5:55: unknown-field field=prevntDestroy meant=preventDestroy
			connections/a.yaml:7:6: unknown-field field=form meant=from`},
		{"wrong types", project + `
-- connections/a.yaml --
version: "1"
connections:
  - name: [x]
    space: [y]
    dataSource: 7
    owner: false
    tenants: demo
    tags: a, b
    properties: [a]
    credentials: abc
    credentialsVersion: 1.5
    lifecycle: {preventDestroy: "yes", ignoreChanges: [name], update: path, recreate: true, adopt: 1, unreadable: x}
  - 5
  - {name: B, space: {name: S}, dataSource: rest, credentialsVersion: -1, tags: [1, ""], owner: {}}
`, `
			connections/a.yaml:1:10: wrong-version field=version
			connections/a.yaml:3:11: wrong-type expected="a string" field=name found="a list" what=field
			connections/a.yaml:4:12: wrong-form field=space rule="must be a space's name, {id: ...} or personal" what=field
			connections/a.yaml:5:17: wrong-type expected="a string" field=dataSource found="a number" what=field
			connections/a.yaml:6:12: wrong-form field=owner rule="must be an e-mail address, a subject or {id: ...}" what=field
			connections/a.yaml:7:14: wrong-type expected="a list" field=tenants found="a string" what=field
			connections/a.yaml:8:11: wrong-type expected="a list" field=tags found="a string" what=field
			connections/a.yaml:9:17: wrong-type expected="a map" field=properties found="a list" what=field
			connections/a.yaml:10:18: wrong-type expected="a map" field=credentials found="a string" what=field
			connections/a.yaml:11:25: wrong-type expected="a whole number" field=credentialsVersion found="a fraction" what=field
			connections/a.yaml:12:33: wrong-type expected="true or false" field=preventDestroy found="a string" what=field
			connections/a.yaml:12:56: wrong-form field=ignoreChanges[0] rule="must be tags, owner, credentials, properties or properties.NAME" what=field
			connections/a.yaml:12:71: not-one-of allowed="[patch recreate]" field=update what=field
			connections/a.yaml:12:87: not-one-of allowed="[refuse allow]" field=recreate what=field
			connections/a.yaml:12:100: wrong-type expected="true or false" field=adopt found="a number" what=field
			connections/a.yaml:12:115: wrong-type expected="a list" field=unreadable found="a string" what=field
			connections/a.yaml:13:5: wrong-type expected="a map" field=connections[1] found="a number" what=field
			connections/a.yaml:14:15: missing-field field=id
			connections/a.yaml:14:23: unknown-field field=name
			connections/a.yaml:14:71: below-minimum field=credentialsVersion limit=0 what=field
			connections/a.yaml:14:82: wrong-type expected="a string" field=tags[0] found="a number" what=field
			connections/a.yaml:14:85: empty field=tags[1] what=field
			connections/a.yaml:14:90: missing-field field=id`},
		{"names that are none", project + `
-- connections/a.yaml --
version: 1
defaults: {space: S, dataSource: rest}
connections:
  - {name: ""}
  - {name: " A"}
  - {name: "A\tB"}
  - {name: datafiles}
  - {name: "${var.empty}"}
  - {name: A, space: "S "}
`, `
			connections/a.yaml:4:12: empty-name what="the name of a connection"
			connections/a.yaml:5:12: name-with-blanks what="the name of a connection"
			connections/a.yaml:6:12: name-with-control-character name="A\tB" what="the name of a connection"
			connections/a.yaml:7:12: built-in-connection name=datafiles
			connections/a.yaml:8:12: empty-name what="the name of a connection"
			connections/a.yaml:9:22: name-with-blanks what="the name of a space"`},
		{"names that deceive the eye", `
-- qlsync.yaml --
version: 1
project: finance
spaces: ["S", "T\u2066", "${var.turned}", {id: "7\u200b"}]
variables: {turned: "U\u202E", blank: " "}
tenants: {demo: {url: "sim:tenant.yaml"}}
-- connections/a.yaml --
version: 1
defaults: {space: S, dataSource: rest}
connections:
  - {name: "Ledger \u202Eevil"}
  - {name: "Größe\u200B"}
  - {name: "\u2003"}
  - {name: "two\nlines"}
  - {name: A, tags: [" ", "\t", "a\nb", "\u202Ea", "ü ✓", "${var.blank}"]}
moved:
  - {from: {space: "S\u2028T", name: x}, to: {space: S, name: "y\u0007"}}
`, `
			connections/a.yaml:4:12: name-with-control-character name="Ledger \u202eevil" what="the name of a connection"
			connections/a.yaml:5:12: name-with-control-character name="Größe\u200b" what="the name of a connection"
			connections/a.yaml:6:12: empty-name what="the name of a connection"
			connections/a.yaml:7:12: name-with-control-character name="two\nlines" what="the name of a connection"
			connections/a.yaml:8:22: empty-tag
			connections/a.yaml:8:27: empty-tag
			connections/a.yaml:8:33: tag-with-control-character tag="a\nb"
			connections/a.yaml:8:41: tag-with-control-character tag="\u202ea"
			connections/a.yaml:8:59: empty-tag
			connections/a.yaml:10:20: name-with-control-character name="S\u2028T" what="the name of a space"
			connections/a.yaml:10:63: name-with-control-character name="y\a" what="the name of a connection"
			qlsync.yaml:3:15: name-with-control-character name="T\u2066" what="the name of a space"
			qlsync.yaml:3:26: name-with-control-character name="U\u202e" what="the name of a space"
			qlsync.yaml:3:43: name-with-control-character name="7\u200b" what="the id of a space"`},
		{"the same connection twice, also across files and by letter case", project + `
-- connections/a.yaml --
version: 1
connections:
  - {name: A-dev, space: S, dataSource: rest}
  - {name: A-dev, space: T, dataSource: rest}
  - {name: "A-${var.stage}", space: S, dataSource: rest}
-- connections/b.yml --
version: 1
connections:
  - {name: a-DEV, space: S, dataSource: rest}
`, `
			connections/a.yaml:5:12: duplicate-connection connection=A-dev first=connections/a.yaml:3:12 space=S
			connections/b.yml:3:12: same-but-for-spelling at=connections/a.yaml:3:12 difference="letter case" other="\"A-dev\"" own="\"a-DEV\"" space=S`},
		{"spaces that differ by letter case are two, and other spaces do not matter to a name", project + `
-- connections/a.yaml --
version: 1
defaults: {dataSource: rest}
connections:
  - {name: ERP, space: Sales}
  - {name: ERP, space: sales}
  - {name: erp, space: Finance}
moved:
  - {from: {space: Sales, name: Old}, to: {space: Sales, name: ERP}}
  - {from: {space: sales, name: Old}, to: {space: sales, name: ERP}}
`, ``},
		{"comparisons that cannot have been meant", project + `
-- connections/a.yaml --
version: 1
defaults:
  space: S
  dataSource: rest
  lifecycle: {compare: {elsewhere: {as: set}}}
connections:
  - name: A
    properties: {list: [{name: a}], text: x, map: {in: [1]}, gone: null}
    lifecycle:
      compare:
        list: {as: set, by: nam, only: declared}
        text: {as: set}
        map.in: {as: set, by: name}
        gone: {as: set}
  - name: B
    properties: {list: [{name: a}], text: x}
    lifecycle:
      compare:
        list: {}
        text: {only: declared}
        other: {by: name}
  - name: C
    properties: {list: [{name: a}]}
    lifecycle: {compare: {list: {as: sorted}, more: {as: set, per: name}}}
`, `
			connections/a.yaml:11:29: comparison-key-not-found key=nam meant=name property=list
			connections/a.yaml:12:20: comparison-not-a-list found="a text" property=text
			connections/a.yaml:13:31: comparison-key-not-found key=name property=map.in
			connections/a.yaml:19:9: comparison-without-rule property=list
			connections/a.yaml:20:22: comparison-without-entries found="a text" property=text
			connections/a.yaml:21:21: comparison-key-without-set
			connections/a.yaml:24:38: not-one-of allowed="[set ignoreCase]" field=as what=field
			connections/a.yaml:24:63: unknown-field field=per`},
		{"names that differ in what nobody sees", project + `
-- connections/a.yaml --
version: 1
defaults: {dataSource: rest, space: S}
connections:
  - {name: "caf\u00e9"}
  - {name: "cafe\u0301"}
  - {name: Ledger}
  - {name: "L\u0435dger"}
  - {name: "Ledger\ufe0f"}
  - {name: "Led  ger"}
  - {name: "Led\u00a0ger"}
  - {name: "نام\u200cها"}
  - {name: "نامها"}
  - {name: "Zahlen\u2800"}
  - {name: "\u200cx"}
`, `
			connections/a.yaml:5:12: same-but-for-spelling at=connections/a.yaml:4:12 difference="Unicode normalisation" other="\"caf\\u00e9\"" own="\"cafe\\u0301\"" space=S
			connections/a.yaml:7:12: connections-look-alike at=connections/a.yaml:6:12 difference="look-alike letters" other="\"Ledger\"" own="\"L\\u0435dger\"" space=S (warning)
			connections/a.yaml:8:12: connections-look-alike at=connections/a.yaml:6:12 difference="an invisible character" other="\"Ledger\"" own="\"Ledger\\ufe0f\"" space=S (warning)
			connections/a.yaml:10:12: connections-look-alike at=connections/a.yaml:9:12 difference=blanks other="\"Led  ger\"" own="\"Led\\u00a0ger\"" space=S (warning)
			connections/a.yaml:12:12: connections-look-alike at=connections/a.yaml:11:12 difference="an invisible character" other="\"نام\\u200cها\"" own="\"نامها\"" space=S (warning)
			connections/a.yaml:14:12: name-with-joiner name="\u200cx" what="the name of a connection"`},
		{"moved blocks that lead to what only looks declared", project + `
-- connections/a.yaml --
version: 1
defaults: {dataSource: rest, space: S}
connections:
  - {name: Strasse}
  - {name: "Caf\u00e9"}
moved:
  - {from: {space: S, name: A}, to: {space: S, name: Straße}}
  - {from: {space: S, name: B}, to: {space: S, name: "Cafe\u0301"}}
`, `
			connections/a.yaml:7:5: move-to-look-alike difference="letters that Unicode treats as equal, such as ß and ss" other="\"S/Strasse\"" own="\"S/Stra\\u00dfe\"" (warning)
			connections/a.yaml:8:5: move-to-look-alike difference="Unicode normalisation" other="\"S/Caf\\u00e9\"" own="\"S/Cafe\\u0301\"" (warning)`},
		{"spaces that differ in what nobody sees", project + `
-- connections/a.yaml --
version: 1
defaults: {dataSource: rest, space: "Caf\u00e9"}
connections:
  - {name: A}
  - {name: B, space: "Cafe\u0301"}
  - {name: C, space: "Cafe\u0301"}
  - {name: D, space: CAFÉ}
  - {name: E, space: Cafe}
  - {name: F, space: "p\u0435rsonal"}
  - {name: G, space: personal}
  - {name: H, space: {id: "Cafe\u0301"}}
  - {name: I, space: Straße}
  - {name: J, space: Strasse}
`, `
			connections/a.yaml:5:22: spaces-look-alike at=connections/a.yaml:2:37 difference="Unicode normalisation" other="\"Caf\\u00e9\"" own="\"Cafe\\u0301\"" (warning)
			connections/a.yaml:10:22: spaces-look-alike at=connections/a.yaml:9:22 difference="look-alike letters" other="\"p\\u0435rsonal\"" own="\"personal\"" (warning)
			connections/a.yaml:13:22: spaces-look-alike at=connections/a.yaml:12:22 difference="letters that Unicode treats as equal, such as ß and ss" other="\"Stra\\u00dfe\"" own="\"Strasse\"" (warning)`},
		{"spaces that look like a space of the project", `
-- qlsync.yaml --
version: 1
project: acme
spaces: [Led ger, LED GER, "L\u0435d ger"]
connections: [connections/]
tenants: {test: {url: "sim:tenant.yaml"}}
-- connections/a.yaml --
version: 1
defaults: {dataSource: rest}
connections:
  - {name: A, space: "Led\u00a0ger"}
  - {name: B, space: Led ger}
`, `
			connections/a.yaml:4:22: space-not-in-project-alike difference=blanks other="\"Led ger\"" own="\"Led\\u00a0ger\""
			qlsync.yaml:3:28: spaces-look-alike at=qlsync.yaml:3:10 difference="look-alike letters" other="\"Led ger\"" own="\"L\\u0435d ger\"" (warning)`},
		{"variables that are not defined, and other braces", twoTenants + `
-- connections/a.yaml --
version: 1
connections:
  - name: A
    space: S
    dataSource: rest
    tags: ["${var.stag}", "${env.HOME}", "${HOME}", "${var.stage", "$${var.stage}", "$${HOME}"]
    properties: {a: ["${var.only}"], b: {c: "${var.nope}"}}
    credentials: {user: "${var.nope}", password: {file: "/run/${var.stage}"}, key: {env: "${var.stage}"}}
    lifecycle: {unreadable: ["${var.nope}"]}
`, `
			connections/a.yaml:6:12: undefined-for-tenant meant=stage tenant=prod variable=stag
			connections/a.yaml:6:12: undefined-for-tenant meant=stage tenant=test variable=stag
			connections/a.yaml:6:27: unknown-placeholder
			connections/a.yaml:6:42: unknown-placeholder
			connections/a.yaml:6:53: unknown-placeholder
			connections/a.yaml:7:22: undefined-for-tenant tenant=test variable=only
			connections/a.yaml:7:45: undefined-for-tenant tenant=prod variable=nope
			connections/a.yaml:7:45: undefined-for-tenant tenant=test variable=nope
			connections/a.yaml:8:25: undefined-for-tenant tenant=prod variable=nope
			connections/a.yaml:8:25: undefined-for-tenant tenant=test variable=nope
			connections/a.yaml:8:50: variable-in-reference
			connections/a.yaml:8:84: variable-in-reference
			connections/a.yaml:8:90: wrong-form field=env rule="must be the name of an environment variable" what=field`},
		{"tags that are not the user's", project + `
-- connections/a.yaml --
version: 1
connections:
  - {name: A, space: S, dataSource: rest, tags: [a, b, a, "qlsync:x", "DcaasAPI:x"]}
`, `
			connections/a.yaml:3:56: duplicate-tag tag=a
			connections/a.yaml:3:59: reserved-tag tag=qlsync:x
			connections/a.yaml:3:71: reserved-tag tag=DcaasAPI:x`},
		{"tenants that do not exist", twoTenants + `
-- connections/a.yaml --
version: 1
connections:
  - {name: A, space: S, dataSource: rest, tenants: [prod, tst]}
  - {name: B, space: S, dataSource: rest, tenants: []}
`, `
			connections/a.yaml:3:59: unknown-tenant meant=test tenant=tst
			connections/a.yaml:4:52: empty field=tenants what=field`},
		{"references that are none", project + `
-- connections/a.yaml --
version: 1
connections:
  - name: A
    space: S
    dataSource: rest
    properties: {password: x}
    credentials:
      a: {env: A, file: b}
      b: {env: 1A}
      c: {file: a, encoding: hex}
      d: {exec: op read}
      e: [{value: {file: a, encodng: base64}}]
      f: {exec: []}
      password: {env: X}
`, `
			connections/a.yaml:8:10: several-sources
			connections/a.yaml:9:16: wrong-form field=env rule="must be the name of an environment variable" what=field
			connections/a.yaml:10:30: not-one-of allowed=[base64] field=encoding what=field
			connections/a.yaml:11:17: wrong-type expected="a list" field=exec found="a string" what=field
			connections/a.yaml:12:29: unknown-field field=encodng meant=encoding
			connections/a.yaml:13:17: empty field=exec what=field
			connections/a.yaml:14:7: property-and-credential property=password`},
		{"moves that lead nowhere", project + `
-- connections/a.yaml --
version: 1
moved:
  - {from: {space: S, name: A}, to: {space: S, name: A}}
  - {from: {space: S, name: B}, to: {space: S, name: C}}
  - {from: {space: S, name: b}, to: {space: S, name: D}}
  - {from: {name: B}, to: {space: S, name: DataFiles}}
`, `
			connections/a.yaml:3:5: move-to-itself
			connections/a.yaml:4:5: move-to-undeclared to=S/C (warning)
			connections/a.yaml:5:5: moved-twice first=connections/a.yaml:4:5 from=S/b
			connections/a.yaml:6:6: missing-field field=space
			connections/a.yaml:6:44: built-in-connection name=DataFiles`},
		{"moves in circles, to another letter case, and to what is misspelt", twoTenants + `
-- connections/a.yaml --
version: 1
defaults: {dataSource: rest, space: S}
connections:
  - {name: Orders}
  - {name: Left}
  - {name: Right}
  - {name: Away, tenants: [test]}
  - {name: ById, space: {id: "1"}}
moved:
  - {from: {space: S, name: A}, to: {space: S, name: B}}
  - {from: {space: S, name: B}, to: {space: S, name: C}}
  - {from: {space: S, name: C}, to: {space: S, name: A}}
  - {from: {space: S, name: D}, to: {space: S, name: A}}
  - {from: {space: S, name: Left}, to: {space: S, name: Right}}
  - {from: {space: S, name: Right}, to: {space: S, name: Left}}
  - {from: {space: S, name: E}, to: {space: S, name: orders}}
  - {from: {space: S, name: F}, to: {space: S, name: Ordres}}
  - {from: {space: S, name: G}, to: {space: S, name: Away}}
  - {from: {space: S, name: H}, to: {space: S, name: ById}}
  - {from: {space: S, name: I}, to: {space: S, name: G}}
`, `
			connections/a.yaml:10:5: moves-in-circle from=S/A
			connections/a.yaml:11:5: moves-in-circle from=S/B
			connections/a.yaml:12:5: moves-in-circle from=S/C
			connections/a.yaml:13:5: moves-in-circle from=S/D
			connections/a.yaml:16:5: move-to-other-case meant=S/Orders to=S/orders (warning)
			connections/a.yaml:17:5: move-to-misspelt meant=S/Orders to=S/Ordres (warning)`},
		{"a space that the project does not look at", `
-- qlsync.yaml --
version: 1
project: finance
spaces: [Finance, "Sales ${var.stage}"]
variables: {stage: dev}
tenants: {demo: {url: "sim:tenant.yaml"}}
-- connections/a.yaml --
version: 1
defaults: {dataSource: rest, space: Finanse}
connections:
  - {name: A}
  - {name: B, space: Sales dev}
  - {name: C, space: personal}
  - {name: D, space: {id: "123"}}
`, `
			connections/a.yaml:2:37: space-not-in-project meant=Finance space=Finanse
			connections/a.yaml:6:22: space-not-in-project space=personal`},
		{"mistakes of YAML next to others, which do not hide each other", project + `
-- connections/a.yaml --
version: 1
connections:
  - {name: 012, space: S, dataSource: .5, properties: {port: 0123, port: 1}, tags: [!x y], owner: 7}
-- connections/b.yaml --
a: [
-- connections/c.yaml --
version: 1
x: 1
`, `
			connections/a.yaml:3:12: ambiguous-number
			connections/a.yaml:3:39: ambiguous-number
			connections/a.yaml:3:62: ambiguous-number
			connections/a.yaml:3:68: duplicate-key key=port line=3
			connections/a.yaml:3:85: unsupported-tag
			connections/a.yaml:3:99: wrong-form field=owner rule="must be an e-mail address, a subject or {id: ...}" what=field
			connections/b.yaml:1:4: unbalanced-brackets
			connections/c.yaml:2:1: unknown-field field=x`},
	} {
		t.Run(test.name, func(t *testing.T) {
			inFolder(t, test.files)
			_, problems := readAll(t, nil)
			if diff := cmp.Diff(lines(test.want), codes(problems)); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryRunReportsTheSameBytes(t *testing.T) {
	inFolder(t, project+`
-- connections/a.yaml --
version: 1
a: 1
b: 2
c: 3
connections:
  - {x: 1, y: 2, z: 3, properties: [], tags: 1, owner: 1, credentials: {a: {env: 1, x: 2, y: 3}}}
`)
	_, first := readAll(t, nil)
	for range 50 {
		if _, again := readAll(t, nil); again.Error() != first.Error() {
			t.Fatalf("the second run reports other problems (-first +second):\n%s", cmp.Diff(first.Error(), again.Error()))
		}
	}
}

func TestReferencesThatMustNotBeFollowed(t *testing.T) {
	inFolder(t, `
-- p/qlsync.yaml --
version: 1
project: finance
tenants:
  prod: {url: "https://a.example", auth: {oauth: {clientId: {env: CLIENT}, clientSecret: {file: keys/secret.txt}}}}
  test: {url: "https://b.example", auth: {apiKey: {env: KEY}}}
  exec: {url: "https://c.example", auth: {apiKey: {exec: [op, read, key]}}}
  demo: {url: "sim:tenant.yaml", auth: {apiKey: {env: KEY}}}
-- p/keys/secret.txt --
x
-- p/connections/a.yaml --
version: 1
defaults:
  space: S
  dataSource: rest
  credentials: {a: {env: KEY}}
connections:
  - {name: A, credentials: {b: {env: CLIENT}, c: {env: CLIENT_2}}}
  - name: B
    credentials:
      - {value: no map}
  - name: C
    credentials:
      a: {file: keys/secret.txt}
      b: {file: ./keys/../keys/secret.txt}
      c: [{name: k, value: {file: ../p/keys/secret.txt, encoding: base64}}]
      d: {file: keys/link.txt}
      e: {file: keys/other.txt}
  - name: D
    credentials:
      a: {file: /proc/self/environ}
      b: {file: /run/../proc/1/environ}
      c: {file: ../../../../../../../../../../../../proc/self/environ}
      d: {file: /sys/kernel/notes}
      e: {file: //dev/stdin}
      f: {file: keys/device}
      g: {file: /process/key}
  - {name: E, credentials: {a: {exec: [op, read, x]}, b: {list: [{exec: [cat]}]}, c: {env: QLSYNC_FINGERPRINT_KEY}}}
  - {name: F, credentials: {a: {env: Key}, b: {env: qlsync_Fingerprint_KEY}}}
`)
	links := map[string]string{"p/keys/link.txt": "secret.txt", "p/keys/device": "/dev/null"}
	if runtime.GOOS == "windows" {
		links = nil
	}
	for link, target := range links {
		if err := os.Symlink(target, link); err != nil {
			t.Skip(err)
		}
	}
	t.Chdir("p")
	_, problems := readAll(t, nil)
	want := `
		connections/a.yaml:5:20: sign-in-secret-sent name=KEY source="environment variable" tenant=test
		connections/a.yaml:7:32: sign-in-secret-sent name=CLIENT source="environment variable" tenant=prod
		connections/a.yaml:10:7: wrong-type expected="a map" field=credentials found="a list" what=field
		connections/a.yaml:13:10: sign-in-secret-sent name=keys/secret.txt source=file tenant=prod
		connections/a.yaml:14:10: sign-in-secret-sent name=./keys/../keys/secret.txt source=file tenant=prod
		connections/a.yaml:15:28: sign-in-secret-sent name=../p/keys/secret.txt source=file tenant=prod
		connections/a.yaml:16:10: sign-in-secret-sent name=keys/link.txt source=file tenant=prod
		connections/a.yaml:20:10: system-file file=/proc/self/environ folder=/proc
		connections/a.yaml:21:10: system-file file=/run/../proc/1/environ folder=/proc
		connections/a.yaml:22:10: system-file file=../../../../../../../../../../../../proc/self/environ folder=/proc
		connections/a.yaml:23:10: system-file file=/sys/kernel/notes folder=/sys
		connections/a.yaml:24:10: path-refused path=//dev/stdin reason="a path to a network share or a device"
		connections/a.yaml:25:10: system-file file=keys/device folder=/dev
		connections/a.yaml:27:86: fingerprint-key-sent variable=QLSYNC_FINGERPRINT_KEY
		connections/a.yaml:28:32: sign-in-secret-sent name=Key source="environment variable" tenant=test
		connections/a.yaml:28:47: fingerprint-key-sent variable=QLSYNC_FINGERPRINT_KEY
		qlsync.yaml:6:51: exec-off-for-sign-in`
	if runtime.GOOS == "windows" { // it has neither these folders nor, without rights, links
		want = regexp.MustCompile(`(?m)^.*(keys/link\.txt|no secret is read).*\n`).ReplaceAllString(want, "")
	}
	if diff := cmp.Diff(lines(want), codes(problems)); diff != "" {
		t.Errorf("problems differ (-want +got):\n%s", diff)
	}
	_, problems = readAllWith(t, spec.Options{AllowExec: true}, nil)
	if text := problems.Error(); strings.Contains(text, "exec") || len(problems) != 16 {
		t.Errorf("got problems\n%s\nwant 16 that do not quote the command", text)
	}
}

func TestLeftoversThatNobodyWouldFind(t *testing.T) {
	const warning = "qlsync.yaml:3:22: prune-without-spaces (warning)"
	for _, test := range []struct{ name, text, want string }{
		{"prune without spaces", "policy: {adopt: all, prune: owned}", warning},
		{"prune with spaces", "policy: {adopt: all, prune: owned}\nspaces: [S]", ""},
		{"no prune", "policy: {adopt: all, prune: none}", ""},
		{"no policy", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			inFolder(t, strings.Replace(twoTenants, "variables: {stage: dev}", test.text, 1)+"-- connections/a.yaml --\nversion: 1\n")
			_, problems := readAll(t, nil)
			if codes(problems) != test.want || problems.Err() != nil {
				t.Errorf("got problems %v, want only the warning %q", problems, test.want)
			}
		})
	}
}

// example is the project of the documentation.
const example = `
-- qlsync.yaml --
version: 1
project: finance
connections: [connections]
spaces: [Finance, Sales, personal]
schemas: schemas
variables: {stage: dev, what: Orders, version: 1.10}
policy:
  prune: owned
  adopt: all
  maxDeletes: 5
  update: recreate
tenants:
  prod:
    url: https://Acme.eu.qlikcloud.com/
    auth:
      oauth: {clientId: my-client, clientSecret: {env: QLIK_CLIENT_SECRET}}
    variables: {stage: prod}
  test:
    url: http://127.0.0.1:8080
    auth: {apiKey: {file: key.txt}}
  demo:
    url: sim:tenant.yaml
-- connections/a.yaml --
version: 1
defaults:
  space: Finance
  tags: [finance]
  properties: {region: us-east-1, nested: {a: 1, b: 2}, list: [1]}
  credentials: {accessKey: {env: A}, gone: {env: B}}
  lifecycle: {preventDestroy: true, adopt: true}
connections:
  - name: Orders lake
    dataSource: File_AmazonS3ConnectorV2
    tenants: [prod]
    owner: ana@example.com
    tags: [orders]
    properties:
      region: eu-west-1
      bucketName: orders-${var.stage}-${var.version}-$${x}
      storeSseHeader: null
      nested: {b: 3, c: true}
      list: [2]
    credentials:
      accessKey: {file: /run/secrets/key}
      secretKey: {file: key.pem, encoding: base64}
      files: [{name: "${var.stage}.json", value: {exec: [op, read]}}]
      gone: null
    credentialsVersion: 3
    lifecycle: {preventDestroy: false, ignoreChanges: [tags, properties.region], update: patch, recreate: allow, adopt: null, unreadable: [x]}
  - {name: Mine, space: personal, dataSource: rest, owner: {id: "42"}, tags: null, properties: null, credentials: null, lifecycle: null}
  - {name: Bare, space: {id: "77"}, dataSource: rest, tags: []}
moved:
  - {from: {space: Old, name: Orders S3}, to: {space: Finance, name: "${var.what} lake"}}
`

func TestAProjectIsReadInFull(t *testing.T) {
	inFolder(t, example)
	project, problems := spec.LoadProject("qlsync.yaml")
	if len(problems) > 0 {
		t.Fatalf("got problems %v, want none", problems)
	}
	at := func(line, column int) connection.Position {
		return connection.Position{File: "qlsync.yaml", Line: line, Column: column}
	}
	want := &spec.Project{
		File: "qlsync.yaml", Dir: ".", Name: "finance", ReadMode: spec.ReadsProof, SchemasDir: "schemas",
		Policy: connection.Policy{Prune: "owned", Adopt: "all", Update: "recreate", MaxDeletes: connection.MaxDeletes{Count: 5}},
		Spaces: []connection.SpaceRef{{Name: "Finance", Position: at(4, 10)}, {Name: "Sales", Position: at(4, 19)}, {Personal: true, Position: at(4, 26)}},
		Tenants: []spec.Tenant{
			{
				Name: "prod", Provider: "qlik", URL: "https://acme.eu.qlikcloud.com", Position: at(13, 3), Variables: map[string]string{"stage": "prod"},
				Auth: spec.Auth{ClientID: "my-client", ClientSecret: connection.Reference{Env: "QLIK_CLIENT_SECRET", Position: at(16, 50)}},
			},
			{
				Name: "test", Provider: "qlik", URL: "http://127.0.0.1:8080", Position: at(18, 3), Variables: map[string]string{},
				Auth: spec.Auth{APIKey: connection.Reference{File: "key.txt", Position: at(20, 20)}},
			},
			{Name: "demo", Provider: "qlik", URL: "sim:tenant.yaml", SimFile: "tenant.yaml", Position: at(21, 3), Variables: map[string]string{}},
		},
	}
	if diff := cmp.Diff(want, project, cmp.FilterPath(isUnexported, cmp.Ignore())); diff != "" {
		t.Errorf("the project differs (-want +got):\n%s", diff)
	}
}

func isUnexported(p cmp.Path) bool {
	field, ok := p.Last().(cmp.StructField)
	return ok && strings.ToLower(field.Name()[:1]) == field.Name()[:1]
}

func TestWhatIsLeftOutHasADefault(t *testing.T) {
	inFolder(t, project)
	project, problems := spec.LoadProject("qlsync.yaml")
	if len(problems) > 0 {
		t.Fatalf("got problems %v, want none", problems)
	}
	limit := connection.DefaultMaxDeletes()
	want := connection.Policy{Prune: "none", Adopt: "matching", Update: "patch", MaxDeletes: limit, MaxRecreates: &limit}
	if diff := cmp.Diff(want, project.Policy); diff != "" {
		t.Errorf("the default policy differs (-want +got):\n%s", diff)
	}
	if project.Spaces != nil {
		t.Error("got spaces, want none declared")
	}
}

func TestRecreatesHaveNoLimitUnderUpdateRecreateUnlessOneIsWritten(t *testing.T) {
	limit := connection.DefaultMaxDeletes()
	for policy, want := range map[string]*connection.MaxDeletes{
		"{update: patch}":                          &limit,
		"{update: recreate}":                       nil,
		"{update: recreate, maxRecreates: 7}":      {Count: 7},
		"{maxRecreates: 20%}":                      {Percent: 20, IsPercent: true},
		"{maxRecreates: 0, maxDeletes: 5}":         {},
		"{update: recreate, maxRecreates: \"0%\"}": {IsPercent: true},
	} {
		inFolder(t, strings.Replace(project, "version: 1\n", "version: 1\npolicy: "+policy+"\n", 1))
		read, problems := spec.LoadProject("qlsync.yaml")
		if len(problems) > 0 {
			t.Fatalf("got policy %+v and problems %v, want no problem", policy, problems)
		}
		if diff := cmp.Diff(want, read.Policy.MaxRecreates); diff != "" {
			t.Errorf("%s (-want +got):\n%s", policy, diff)
		}
	}
}

func TestTheLimitsOnDependentsAreRead(t *testing.T) {
	n := func(n int) *int { return &n }
	for written, want := range map[string]struct {
		limits    *connection.ImpactLimits
		ofUnknown string
	}{
		"true":                        {&connection.ImpactLimits{}, ""},
		"{}":                          {&connection.ImpactLimits{}, ""},
		"false":                       {nil, ""},
		"{warn: 1}":                   {&connection.ImpactLimits{Warn: n(1)}, ""},
		"{warn: 1, refuse: 20}":       {&connection.ImpactLimits{Warn: n(1), Refuse: n(20)}, "refuse"},
		"{refuse: 0}":                 {&connection.ImpactLimits{Refuse: n(0)}, "refuse"},
		"{refuse: 20, unknown: warn}": {&connection.ImpactLimits{Refuse: n(20), Unknown: "warn"}, "warn"},
		"{unknown: refuse}":           {&connection.ImpactLimits{Unknown: "refuse"}, "refuse"},
	} {
		inFolder(t, strings.Replace(project, "version: 1\n", "version: 1\npolicy: {impact: "+written+"}\n", 1))
		read, problems := spec.LoadProject("qlsync.yaml")
		if len(problems) > 0 {
			t.Fatalf("impact: %s: got problems %v, want none", written, problems)
		}
		if diff := cmp.Diff(want.limits, read.Policy.Impact); diff != "" {
			t.Errorf("impact: %s (-want +got):\n%s", written, diff)
		}
		if want.limits != nil && read.Policy.Impact.OfUnknown() != want.ofUnknown {
			t.Errorf("impact: %s: for an unknown number, got %q, want %q", written, read.Policy.Impact.OfUnknown(), want.ofUnknown)
		}
	}
}

func TestADesiredStateIsReadInFull(t *testing.T) {
	inFolder(t, example)
	sets, problems := readAllWith(t, spec.Options{AllowExec: true}, nil)
	if len(problems) > 0 {
		t.Fatalf("got problems %v, want none", problems)
	}
	prod := sets[0]
	no := false
	at := func(line, column int) connection.Position {
		return connection.Position{File: "connections/a.yaml", Line: line, Column: column}
	}
	want := []connection.Desired{
		{
			Space: connection.SpaceRef{Name: "Finance", Position: at(3, 10)}, Name: "Orders lake", DataSource: "File_AmazonS3ConnectorV2",
			Owner: "ana@example.com", Tags: []string{"orders"}, CredentialsVersion: 3,
			Properties: map[string]any{
				"region": "eu-west-1", "bucketName": "orders-prod-1.10-${x}", "storeSseHeader": nil,
				"nested": map[string]any{"a": json.Number("1"), "b": json.Number("3"), "c": true}, "list": []any{json.Number("2")},
			},
			Credentials: map[string]any{
				"accessKey": connection.Reference{File: "/run/secrets/key", Position: at(21, 18)},
				"secretKey": connection.Reference{File: "key.pem", Encoding: "base64", Position: at(22, 18)},
				"files": []any{map[string]any{
					"name": "prod.json", "value": connection.Reference{Exec: []string{"op", "read"}, Position: at(23, 50)},
				}},
			},
			Lifecycle: connection.Lifecycle{
				PreventDestroy: &no, IgnoreChanges: []string{"tags", "properties.region"}, Update: "patch", RecreateAllowed: true, Unreadable: []string{"x"},
			},
		},
		{Space: connection.SpaceRef{Personal: true, Position: at(27, 25)}, Name: "Mine", DataSource: "rest", OwnerID: "42"},
		{
			Space: connection.SpaceRef{ID: "77", Position: at(28, 25)}, Name: "Bare", DataSource: "rest", Tags: []string{},
			Properties: map[string]any{
				"region": "us-east-1", "nested": map[string]any{"a": json.Number("1"), "b": json.Number("2")}, "list": []any{json.Number("1")},
			},
			Credentials: map[string]any{
				"accessKey": connection.Reference{Env: "A", Position: at(6, 28)},
				"gone":      connection.Reference{Env: "B", Position: at(6, 44)},
			},
			Lifecycle: connection.Lifecycle{PreventDestroy: new(true), Adopt: true},
		},
	}
	withoutAt := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".At" }, cmp.Ignore())
	if diff := cmp.Diff(want, prod.Connections, withoutAt); diff != "" {
		t.Errorf("connections differ (-want +got):\n%s", diff)
	}
	old := connection.SpaceRef{Name: "Old", Position: at(30, 20)}
	wantMove := []connection.Move{{
		From:     connection.MoveEnd{Space: old, Name: "Orders S3"},
		To:       connection.MoveEnd{Space: connection.SpaceRef{Name: "Finance", Position: at(30, 55)}, Name: "Orders lake"},
		Position: at(30, 5),
	}}
	if diff := cmp.Diff(wantMove, prod.Moves); diff != "" {
		t.Errorf("moves differ (-want +got):\n%s", diff)
	}
	if got := spaceNames(prod.Spaces); got != "Finance Sales personal Old" || spaceNames(prod.OnlyMoves) != "Old" || prod.Files != 1 {
		t.Errorf("spaces %s, only moves %s, files %d", got, spaceNames(prod.OnlyMoves), prod.Files)
	}
	if len(sets[1].Connections) != 2 {
		t.Errorf("a connection of prod is in test: %v", sets[1].Connections)
	}
}

func spaceNames(spaces []connection.SpaceRef) string {
	names := make([]string, len(spaces))
	for i, space := range spaces {
		names[i] = space.String()
	}
	return strings.Join(names, " ")
}

func TestWhereThingsAreWritten(t *testing.T) {
	inFolder(t, example)
	sets, _ := readAll(t, nil)
	for path, want := range map[string]string{
		"":                         "connections/a.yaml:9:5",
		"/name":                    "connections/a.yaml:9:11",
		"/name#":                   "connections/a.yaml:9:5",
		"/properties":              "connections/a.yaml:15:7",
		"/properties#":             "connections/a.yaml:14:5",
		"/properties/region":       "connections/a.yaml:15:15",
		"/properties/region#":      "connections/a.yaml:15:7",
		"/properties/nested/a":     "connections/a.yaml:5:47",
		"/properties/nested/c":     "connections/a.yaml:18:25",
		"/properties/none/deeper":  "connections/a.yaml:15:7",
		"/credentials/files/0":     "connections/a.yaml:23:15",
		"/credentials/files/9":     "connections/a.yaml:23:14",
		"/space":                   "connections/a.yaml:3:10",
		"/lifecycle/adopt":         "connections/a.yaml:26:121",
		"/properties/a~1b/c~0d/x#": "connections/a.yaml:15:7",
	} {
		if got := sets[0].Connections[0].PositionOf(path).String(); got != want {
			t.Errorf("%q is at %s, want %s", path, got, want)
		}
	}
}

func TestTheSpacesAreThoseThatTheFilesNameIfNoneAreDeclared(t *testing.T) {
	inFolder(t, project+`
-- connections/a.yaml --
version: 1
defaults: {dataSource: rest}
connections:
  - {name: A, space: S}
  - {name: B, space: T}
  - {name: C, space: S}
  - {name: D, space: "${var.stage}"}
moved:
  - {from: {space: T, name: x}, to: {space: S, name: A}}
  - {from: {space: U, name: x}, to: {space: S, name: C}}
`)
	sets, problems := readAll(t, map[string]string{"stage": "personal"})
	if len(problems) > 0 {
		t.Fatalf("got problems %v, want none", problems)
	}
	if got := spaceNames(sets[0].Spaces); got != "S T personal U" || !sets[0].Spaces[2].Personal {
		t.Errorf("got spaces %q, want those of the files, the third one personal", got)
	}
}

func TestVariablesOfTheCommandLineWin(t *testing.T) {
	inFolder(t, twoTenants+`
-- connections/a.yaml --
version: 1
defaults: {dataSource: rest, space: S}
connections: [{name: "A ${var.stage}"}, {name: "B ${var.new}"}]
`)
	sets, problems := readAll(t, map[string]string{"stage": "x${var.y}", "new": "n", "stge": "typo"})
	if want := `unused-variable meant=stage variable=stge`; codes(problems) != want {
		t.Errorf("got problems %v, want %s", problems, want)
	}
	for _, set := range sets {
		if set.Connections[0].Name != "A x${var.y}" || set.Connections[1].Name != "B n" {
			t.Errorf("got connections %v, want the variable of the command line in their names", set.Connections)
		}
	}
}

func TestFilesFoldersAndGlobsAreReadOnceAndInOrder(t *testing.T) {
	const empty = "\nversion: 1\n"
	inFolder(t, `
-- p/qlsync.yaml --
version: 1
project: finance
connections: [., "z/*.yaml", z/a.yaml, "../shared/**/*.yml", z/odd.txt]
tenants: {demo: {url: "sim:tenant.yaml"}}
-- p/z/a.yaml --`+empty+`
-- p/z/deep/b.yml --`+empty+`
-- p/z/notes.md --
-- p/z/odd.txt --`+empty+`
-- p/.hidden/c.yaml --
broken: [
-- p/.d.yaml --
broken: [
-- shared/e.yml --`+empty+`
-- shared/x/y/f.yml --`+empty+`
-- shared/x/y/g.yaml --
broken: [
`)
	link := func(from, to string) error { return os.Symlink(from, to) }
	if runtime.GOOS == "windows" {
		link = func(_, to string) error { return os.WriteFile(to, []byte("connections: []\nversion: 1\n"), 0o600) }
	}
	if err := link("a.yaml", "p/z/link.yaml"); err != nil {
		t.Skip(err)
	}
	project, problems := spec.LoadProject("p/qlsync.yaml")
	set, more := project.Desired(&project.Tenants[0], nil)
	if len(problems)+len(more) > 0 {
		t.Fatalf("got problems %v and %v, want none", problems, more)
	}
	if set.Files != 5 {
		t.Errorf("%d files were read, want a, b, odd, e and f: a link to a file that is read is not read again", set.Files)
	}
	if filepath.ToSlash(project.SchemasDir) != "p/schemas" || filepath.ToSlash(project.Tenants[0].SimFile) != "p/tenant.yaml" {
		t.Errorf("got schemas folder %s and simulator file %s, want p/schemas and p/tenant.yaml", project.SchemasDir, project.Tenants[0].SimFile)
	}
}

func TestSeveralTenantsMayBeReadAtOnce(t *testing.T) {
	inFolder(t, example)
	project, _ := spec.Options{AllowExec: true}.LoadProject("qlsync.yaml")
	var group sync.WaitGroup
	for i := range project.Tenants {
		group.Go(func() {
			if set, problems := project.Desired(&project.Tenants[i], nil); len(problems) > 0 || len(set.Connections) < 2 {
				t.Errorf("got %v and problems %v, want at least 2 connections and no problem", set, problems)
			}
		})
	}
	group.Wait()
}

func TestATenantIsFoundByName(t *testing.T) {
	inFolder(t, twoTenants)
	two, _ := spec.LoadProject("qlsync.yaml")
	for name, want := range map[string]string{
		"prod": "prod",
		"":     "qlsync.yaml has several tenants: choose one with -t: prod, test",
		"prd":  `qlsync.yaml has no tenant "prd" (did you mean "prod"?)`,
		"xyzw": `qlsync.yaml has no tenant "xyzw" (there is "prod" or "test")`,
	} {
		tenant, err := two.Tenant(name)
		if err != nil && err.Error() != want || err == nil && tenant.Name != want {
			t.Errorf("tenant %q: got %v, error %v; want %s", name, tenant, err, want)
		}
	}
	inFolder(t, project)
	one, _ := spec.LoadProject("qlsync.yaml")
	if tenant, err := one.Tenant(""); err != nil || tenant.Name != "demo" {
		t.Errorf("got %v, error %v; want the only tenant, demo", tenant, err)
	}
}

func FuzzLoad(f *testing.F) {
	for _, file := range txtar.Parse([]byte(example)).Files {
		f.Add(string(file.Data), string(file.Data))
	}
	f.Add("version: 1\nproject: x\ntenants: {a: {url: sim:x}}", "version: 1\ndefaults: &d {space: S, <<: {tags: [a]}}\nconnections: [{name: x, <<: *d}]")
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, projectText, connectionsText string) {
		path := filepath.Join(folder, "qlsync.yaml")
		if os.WriteFile(path, []byte(projectText), 0o600) != nil || os.WriteFile(filepath.Join(folder, "connections"), []byte(connectionsText), 0o600) != nil {
			t.Skip()
		}
		project, problems := spec.LoadProject(path)
		spec.Excerpts(problems)
		if project == nil {
			return
		}
		tenants := append(project.Tenants, spec.Tenant{Name: "other"})
		for i := range tenants {
			set, problems := project.Desired(&tenants[i], map[string]string{"stage": "x"})
			spec.Excerpts(problems)
			spec.CheckCredentials(set.Connections, func(string, string) connection.Class { return connection.ClassSecret }, func(string, string, any) bool { return true },
				func(string, string, any) bool { return false })
		}
	})
}
