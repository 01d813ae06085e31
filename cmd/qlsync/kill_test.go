package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer"
	inspectapinizer "github.com/qlsync/qlsync/pkg/simulator/apinizer/inspect"
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
	inspectqlik "github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

const killSeed = `{
  "users": [{"name": "Ana", "email": "ana@example.com", "roles": ["TenantAdmin"]}, {"name": "Bo", "email": "bo@example.com"}],
  "spaces": [{"name": "Finance", "type": "shared"}, {"name": "Sales", "type": "managed"}],
  "token": "kill-token"
}`

// The files before and after: a create, a delete, a swap of names, a recreate, one for another owner, a
// change of owner, a move, a move with another name, and other credentials.
const (
	killBefore = `version: 1
defaults: {space: Finance, dataSource: File_AmazonS3ConnectorV2, credentials: {accessKey: {env: KILL_KEY}, secretKey: {env: KILL_SECRET}}}
connections:
  - {name: Left, properties: {bucketName: left}}
  - {name: Right, properties: {bucketName: right}}
  - {name: Lake, properties: {bucketName: lake}}
  - {name: Given, properties: {bucketName: given}}
  - {name: Handed, properties: {bucketName: handed}}
  - {name: Travels, properties: {bucketName: travels}}
  - {name: Moves, properties: {bucketName: moves}}
  - {name: Rotates, properties: {bucketName: rotates}}
  - {name: Retires, dataSource: rest, credentials: null, properties: {url: "https://example.com"}}
`
	killAfter = `version: 1
defaults: {space: Finance, dataSource: File_AmazonS3ConnectorV2, credentials: {accessKey: {env: KILL_KEY}, secretKey: {env: KILL_SECRET}}}
connections:
  - {name: Left, properties: {bucketName: right}}
  - {name: Right, properties: {bucketName: left}}
  - {name: Lake, properties: {bucketName: recreated}, lifecycle: {update: recreate}}
  - {name: Given, owner: bo@example.com, properties: {bucketName: recreated and given}, lifecycle: {update: recreate}}
  - {name: Handed, owner: bo@example.com, properties: {bucketName: handed}}
  - {name: Arrives, space: Sales, properties: {bucketName: travels}}
  - {name: Moves, space: Sales, properties: {bucketName: moves}}
  - {name: Rotates, credentialsVersion: 1, properties: {bucketName: rotates}}
  - {name: Appears, properties: {bucketName: appears}}
moved:
  - {from: {space: Finance, name: Left}, to: {space: Finance, name: Right}}
  - {from: {space: Finance, name: Right}, to: {space: Finance, name: Left}}
  - {from: {space: Finance, name: Travels}, to: {space: Sales, name: Arrives}}
  - {from: {space: Finance, name: Moves}, to: {space: Sales, name: Moves}}
`
)

// The same of an Apinizer manager: a create, a delete, a new name and another type.
const (
	killManager       = `{"token": "kill-token", "projects": [{"name": "Finance"}, {"name": "Sales"}]}`
	killManagerBefore = `version: 1
defaults: {space: Finance, credentials: {password: {env: KILL_SECRET}}}
connections:
  - {name: Orders, dataSource: database, properties: {dbType: POSTGRES, jdbcUrl: "jdbc:postgresql://db.example/x", username: app}}
  - {name: Receipts, dataSource: email, properties: {host: mail.example, auth: true, username: app}}
  - {name: Retires, dataSource: webhook, credentials: null, properties: {fullUrl: "https://example.com"}}
`
	killManagerAfter = `version: 1
defaults: {space: Finance, credentials: {password: {env: KILL_SECRET}}}
connections:
  - {name: Orders 2026, dataSource: database, properties: {dbType: POSTGRES, jdbcUrl: "jdbc:postgresql://db.example/x", username: app, maxPoolSize: 9}}
  - {name: Receipts, dataSource: ftp, properties: {host: ftp.example, protocol: SFTP, username: app}}
  - {name: Appears, space: Sales, dataSource: ldap, properties: {serverAddress: "ldap.example:389", username: app, baseDn: dc=example}}
moved:
  - {from: {space: Finance, name: Orders}, to: {space: Finance, name: Orders 2026}}
`
)

const killScope = "spaces: [Finance, Sales]\n"

// The same with spaces: one that is completed, with members who get and lose roles, and a new one with
// a create and a move into it.
const (
	killSpacesSeed = `{
  "users": [{"name": "Ana", "email": "ana@example.com", "roles": ["TenantAdmin"]}, {"name": "Bo", "email": "bo@example.com"}],
  "groups": ["Analysts", "Writers"], "token": "kill-token",
  "spaces": [{"name": "Finance", "type": "shared", "description": "Old", "assignments": [
    {"group": "Analysts", "roles": ["consumer"]}, {"user": "bo@example.com", "roles": ["producer"]}]}]
}`
	killSpacesBefore = `version: 1
defaults: {space: Finance, dataSource: File_AmazonS3ConnectorV2, credentials: {accessKey: {env: KILL_KEY}, secretKey: {env: KILL_SECRET}}}
connections:
  - {name: Stays, properties: {bucketName: stays}}
  - {name: Moves, properties: {bucketName: moves}}
`
	killSpacesAfter = `version: 1
spaces:
  - name: Finance
    type: shared
    description: Books
    exactMembers: true
    members: [{group: Analysts, roles: [consumer, producer]}, {group: Writers, roles: [producer]}]
  - name: Lab
    type: shared
    description: Trials
    members: [{group: Writers, roles: [producer]}, {user: bo@example.com, roles: [consumer]}]
defaults: {space: Lab, dataSource: File_AmazonS3ConnectorV2, credentials: {accessKey: {env: KILL_KEY}, secretKey: {env: KILL_SECRET}}}
connections:
  - {name: Stays, space: Finance, properties: {bucketName: stays}}
  - {name: Moves, properties: {bucketName: moves}}
  - {name: Appears, properties: {bucketName: appears}}
moved:
  - {from: {space: Finance, name: Moves}, to: {space: Lab, name: Moves}}
`
	killSpacesWant = `Finance shared Books: Analysts [consumer producer], Writers [producer]
Lab shared Trials: Writers [producer], bo@example.com [consumer]
Finance/Stays stays
Lab/Appears appears
Lab/Moves moves
`
)

// TestKilledAtAnyWriteItConverges kills the process before and after each single
// write. Planning and applying again must converge every time: no connection, no
// credential and no id of a connection that is not recreated is lost, no connection
// has a temporary name, and none exists twice.
func TestKilledAtAnyWriteItConverges(t *testing.T) {
	for _, test := range []struct {
		name   string
		begin  func(t *testing.T) *killing
		writes int // too few to hold every kind of step
	}{{"Qlik Cloud", newKilling, 12}, {"spaces", newSpaceKilling, 9}, {"Apinizer", newManagerKilling, 10}} {
		number := 0
		writes := test.begin(t).writes(t)
		if writes < test.writes {
			t.Fatalf("%s: the whole plan takes %d writes", test.name, writes)
		}
		for at := 1; at <= writes; at++ {
			for _, answered := range []bool{false, true} {
				if number++; !isDrawn(number, 3) {
					continue
				}
				t.Run(fmt.Sprintf("%s: write %d, carried out: %v", test.name, at, answered), func(t *testing.T) {
					t.Parallel()
					k := test.begin(t)
					k.killAt, k.carryOut = at, answered
					k.applyAndDie(t)
					k.settle(t)
				})
			}
		}
	}
}

// killing is a tenant and a project between their two states.
type killing struct {
	folder  string
	service http.Handler
	server  *httptest.Server
	tenant  *inspectqlik.Tenant // the service, if it is one of Qlik Cloud
	check   func(t *testing.T)  // compares the tenant with what the files say
	values  map[string]string   // the environment of the commands
	scope   string              // the line of the project file with its spaces; empty: those of the connections
	output  string              // of the last command

	mu       sync.Mutex
	seen     int
	killAt   int // 0: never
	carryOut bool
	victim   *os.Process
}

// begin applies the first files to the service, and writes the second ones.
func (k *killing) begin(t *testing.T, tenant, before, after string) {
	k.folder, k.values = t.TempDir(), map[string]string{"KILL_TOKEN": "kill-token", "KILL_KEY": "key", "KILL_SECRET": "secret"}
	k.server = httptest.NewServer(k)
	t.Cleanup(k.server.Close)
	k.write(t, "qlsync.yaml", "version: 1\nproject: acme\nconnections: [connections.yaml]\n"+k.scope+
		"policy: {prune: owned}\ntenants: {test: {url: \""+k.server.URL+"\", "+tenant+"}}\n")
	k.write(t, "connections.yaml", before)
	k.run(t, exitOK, "apply", "--auto-approve")
	k.write(t, "connections.yaml", after)
}

func newKilling(t *testing.T) *killing {
	tenant, err := inspectqlik.New([]byte(killSeed), qlik.Options{})
	if err != nil {
		t.Fatal(err)
	}
	k := &killing{service: tenant, tenant: tenant, scope: killScope}
	k.begin(t, "auth: {apiKey: {env: KILL_TOKEN}}", killBefore, killAfter)
	ids := map[string]string{} // of the connections before the run, by bucket
	for _, c := range tenant.Connections() {
		ids[fmt.Sprint(c.Properties["bucketName"])] = c.ID
	}
	k.check = func(t *testing.T) { checkQlik(t, tenant, ids) }
	return k
}

func newSpaceKilling(t *testing.T) *killing {
	tenant, err := inspectqlik.New([]byte(killSpacesSeed), qlik.Options{})
	if err != nil {
		t.Fatal(err)
	}
	k := &killing{service: tenant, tenant: tenant}
	k.begin(t, "auth: {apiKey: {env: KILL_TOKEN}}", killSpacesBefore, killSpacesAfter)
	k.check = func(t *testing.T) {
		if got := contentOf(tenant); got != killSpacesWant {
			t.Errorf("the tenant has\n%swant\n%s", got, killSpacesWant)
		}
		for _, c := range tenant.Connections() {
			if !tenant.CredentialEquals(c.ID, "secretKey", "secret") {
				t.Errorf("%q has lost its credentials", c.Name)
			}
		}
		if misuse := tenant.Misuse(); len(misuse) > 0 {
			t.Errorf("got misuse %v, want none", misuse)
		}
		k.run(t, exitOK, "plan", "--detailed-exitcode") // the records of keys have the ids of the spaces
	}
	return k
}

// contentOf returns the spaces of a tenant with their members, then its connections, a line for each.
func contentOf(tenant *inspectqlik.Tenant) string {
	var text strings.Builder
	for _, s := range tenant.Spaces() {
		var members []string
		for _, m := range s.Members {
			members = append(members, fmt.Sprint(m.Name, " ", m.Roles))
		}
		fmt.Fprintf(&text, "%s %s %s: %s\n", s.Name, s.Type, s.Description, strings.Join(members, ", "))
	}
	var connections []string
	for _, c := range tenant.Connections() {
		connections = append(connections, fmt.Sprintf("%s/%s %v\n", c.Space, c.Name, c.Properties["bucketName"]))
	}
	slices.Sort(connections)
	text.WriteString(strings.Join(connections, ""))
	return text.String()
}

func newManagerKilling(t *testing.T) *killing {
	manager, err := inspectapinizer.New([]byte(killManager), apinizer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	k := &killing{service: manager, scope: killScope, check: func(t *testing.T) { checkApinizer(t, manager) }}
	k.begin(t, "provider: apinizer, auth: {token: {env: KILL_TOKEN}}", killManagerBefore, killManagerAfter)
	return k
}

func (k *killing) write(t *testing.T, name, text string) {
	if err := os.WriteFile(filepath.Join(k.folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ServeHTTP lets the tenant answer all requests except the write at which the process dies.
func (k *killing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		k.service.ServeHTTP(w, r)
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seen++
	if k.victim == nil || k.seen != k.killAt {
		k.service.ServeHTTP(w, r)
		return
	}
	if k.carryOut {
		k.service.ServeHTTP(httptest.NewRecorder(), r)
	}
	_ = k.victim.Kill()
	panic(http.ErrAbortHandler)
}

// command is a process of qlsync with the project and its environment.
func (k *killing) command(t *testing.T, args ...string) *exec.Cmd {
	program, err := buildRaceless()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, append(args, "-c", filepath.Join(k.folder, "qlsync.yaml"))...)
	command.Env = os.Environ()
	for name, value := range k.values {
		command.Env = append(command.Env, name+"="+value)
	}
	return command
}

// applyAndDie applies, and is killed at the write that is to be its last, if there is
// one. Its steps run one after the other, so that each write has a number.
func (k *killing) applyAndDie(t *testing.T) {
	command := k.command(t, "apply", "--auto-approve", "--parallelism", "1")
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	k.mu.Lock()
	k.seen = 0
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	k.victim = command.Process
	k.mu.Unlock()
	if err := command.Wait(); (err != nil) != (k.killAt > 0) {
		t.Fatalf("%v at write %d\n%s", err, k.killAt, output.String())
	}
	k.mu.Lock()
	k.victim = nil
	k.mu.Unlock()
}

// writes counts the writes of an apply that is not killed.
func (k *killing) writes(t *testing.T) int {
	k.applyAndDie(t)
	k.check(t)
	return k.seen
}

// settle plans and applies again until nothing is left to do.
func (k *killing) settle(t *testing.T) {
	for range 3 {
		if k.run(t, -1, "plan", "--detailed-exitcode") == exitOK {
			k.check(t)
			return
		}
		k.run(t, exitOK, "apply", "--auto-approve")
	}
	t.Fatal("the tenant does not settle within three applies")
}

// run runs a command in this process and demands its exit code, unless that is -1.
func (k *killing) run(t *testing.T, code int, args ...string) int {
	var output transcript
	env := &environment{stdin: strings.NewReader(""), stdout: &output, stderr: &output, lookup: func(name string) (string, bool) {
		if value, ok := k.values[name]; ok {
			return value, true
		}
		return os.LookupEnv(name)
	}}
	got := env.run(t.Context(), slices.Concat([]string{"qlsync"}, args, []string{"-c", filepath.Join(k.folder, "qlsync.yaml")}))
	k.output = output.String()
	if code >= 0 && got != code {
		t.Fatalf("qlsync %s: exit code %d, not %d:\n%s", strings.Join(args, " "), got, code, k.output)
	}
	return got
}

func checkQlik(t *testing.T, tenant *inspectqlik.Tenant, ids map[string]string) {
	want := map[string]string{ // bucket by name
		"Left": "right", "Right": "left", "Lake": "recreated", "Given": "recreated and given", "Handed": "handed", "Arrives": "travels",
		"Moves": "moves", "Rotates": "rotates", "Appears": "appears",
	}
	for _, c := range tenant.Connections() {
		bucket, ok := want[c.Name]
		switch {
		case c.Name == "DataFiles":
			continue
		case !ok:
			t.Errorf("%q is left behind, or there twice", c.Name)
		case c.Properties["bucketName"] != bucket:
			t.Errorf("%q has the bucket %v, not %q", c.Name, c.Properties["bucketName"], bucket)
		case !tenant.CredentialEquals(c.ID, "secretKey", "secret"):
			t.Errorf("%q has lost its credentials", c.Name)
		case ids[bucket] != "" && ids[bucket] != c.ID:
			t.Errorf("%q is another connection than before", c.Name)
		}
		delete(want, c.Name)
	}
	for name := range want {
		t.Errorf("%q is missing after the kill, want every connection kept", name)
	}
	if misuse := tenant.Misuse(); len(misuse) > 0 {
		t.Errorf("got misuse %v, want none", misuse)
	}
}

func checkApinizer(t *testing.T, manager *inspectapinizer.Manager) {
	want := map[string]string{"Orders 2026": "database", "Receipts": "ftp", "Appears": "ldap"} // type by name
	for _, c := range manager.Connections() {
		switch {
		case want[c.Name] != c.Type:
			t.Errorf("%q of type %s is left behind, or there twice", c.Name, c.Type)
		case !manager.SecretEquals(c.Project, c.Name, "password", "secret"):
			t.Errorf("%q has lost its credentials", c.Name)
		case !c.Deployed:
			t.Errorf("%q has not reached the gateways", c.Name)
		}
		delete(want, c.Name)
	}
	for name := range want {
		t.Errorf("%q is missing after the kill, want every connection kept", name)
	}
	if misuse := manager.Misuse(); len(misuse) > 0 {
		t.Errorf("got misuse %v, want none", misuse)
	}
}
