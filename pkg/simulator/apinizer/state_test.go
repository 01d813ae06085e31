package apinizer_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer/inspect"
)

func open(t *testing.T, seed, file string) *inspect.Manager {
	t.Helper()
	manager, err := inspect.Open([]byte(seed), file, apinizer.Options{LockTimeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return manager
}

func TestTheStateSurvivesTheProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".qlsync", "manager.state")
	hook := `{"type": "webhook", "name": "Hook", "fullUrl": "https://w?key=t0ken1", "headerList": [{"name": "A", "value": "t0ken2"}], "timeout": 7}`
	var whole string
	t.Run("first run", func(t *testing.T) {
		r := serve(t, open(t, acme, file))
		r.want(200, "POST", connections+"Hook/", hook)
		r.want(200, "PUT", connections+"Orders/", `{"type": "database", "name": "Orders", "dbType": "ORACLE", "jdbcUrl": "jdbc:t0ken3", "username": "u", "password": "t0ken4"}`)
		r.want(200, "DELETE", connections+"Mail/", "")
		r.want(200, "POST", connections+"Post/", `{"type": "email", "name": "Post", "host": "h", "password": "t0ken5", "deployToWorker": false}`)
		whole = compact(t, r.Connections())
	})
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"t0ken", "pa55word", "s3cr3t", "open sesame", "token-of-ana"} {
		if strings.Contains(string(data), text) {
			t.Errorf("the state holds %q", text)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("got mode %v of the state file (error %v), want 0600", info.Mode(), err)
	}
	t.Run("second run", func(t *testing.T) {
		manager := open(t, acme, file)
		r := serve(t, manager)
		if got := compact(t, r.Connections()); got != whole || manager.Reseeded() {
			t.Errorf("got  %s\nwant %s", got, whole)
		}
		if got := compact(t, []any{r.one("Hook")["headerList"], r.one("Hook")["timeout"], r.one("Post")["password"], r.one("Orders")["password"]}); got !=
			`[[{"name":"A","value":"t0ken2"}],7,"t0ken5",null]` {
			t.Errorf("got %s after a restart, want the values that were written before", got)
		}
		if !r.SecretEquals("Payments", "Orders", "password", "t0ken4") {
			t.Error("the secret is lost")
		}
	})
}

func TestAChangedSeedStartsAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "manager.state")
	first := open(t, acme, file)
	if err := first.Remove("Payments", "Mail"); err != nil || first.Reseeded() {
		t.Errorf("got error %v and reseeded %v for a state of the same seed, want neither", err, first.Reseeded())
	}
	if _, err := inspect.Open([]byte(acme), file, apinizer.Options{LockTimeout: 50 * time.Millisecond}); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("got error %v, want a state in use by another process", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := open(t, under(`"dialect": "legacy"`), file)
	defer second.Close()
	if _, found := second.Find("Payments", "Mail"); !found || !second.Reseeded() {
		t.Errorf("found %v, reseeded %v", found, second.Reseeded())
	}
}

func TestADamagedStateIsNotOverwritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "manager.state")
	if err := os.WriteFile(file, []byte(`{"version": 1, "connec`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := inspect.Open([]byte(acme), file, apinizer.Options{}); err == nil || !strings.Contains(err.Error(), "Delete the file to start from the seed") {
		t.Errorf("got error %v, want the advice to delete the damaged state", err)
	}
}

// TestAWriteIsDurableBeforeItIsAnswered reads the state that a process would leave that is killed at the write: before it,
// and after it.
func TestAWriteIsDurableBeforeItIsAnswered(t *testing.T) {
	for cut, want := range map[string]bool{"before": true, "after": false} {
		file := filepath.Join(t.TempDir(), "manager.state")
		faults, err := apinizer.ParseFaults([]byte(`[{"method": "DELETE", "cut": "` + cut + `"}]`))
		if err != nil {
			t.Fatal(err)
		}
		manager, err := inspect.Open([]byte(acme), file, apinizer.Options{Faults: faults})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := serve(t, manager).try("DELETE", connections+"Mail/", ""); err == nil {
			t.Error("got an answer to a write that was not saved, want none")
		}
		left, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(t.TempDir(), "copy.state")
		if err := os.WriteFile(copied, left, 0o600); err != nil {
			t.Fatal(err)
		}
		again := open(t, acme, copied)
		if _, found := again.Find("Payments", "Mail"); found != want {
			t.Errorf("cut %s: found %v", cut, found)
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestSeedMistakesAreNamedByTheirPath(t *testing.T) {
	const projects = `"projects": [{"name": "P"}]`
	connection := func(rest string) string {
		return `{` + projects + `, "connections": [{"project": "P", "type": "email", "name": "n", "fields": {"host": "h"}}` + rest + `]}`
	}
	for seed, want := range map[string]string{
		`{`:                             "not valid JSON",
		`{}`:                            "projects: at least one",
		`{"project": []}`:               "unknown field project",
		`{"projects": [{"nmae": "x"}]}`: "unknown field projects[0].nmae",
		`{"projects": [{}]}`:            "projects[0].name: missing",
		`{"projects": [{"name": "P"}, {"name": "P"}]}`:                                          `projects[1].name: "P" is used twice`,
		`{"projects": [{"name": "P", "access": "all"}]}`:                                        "projects[0].access",
		`{` + projects + `, "environments": [{"type": "KUBERNETES"}]}`:                          "environments[0].type",
		`{` + projects + `, "environments": [{"status": "DRAFT"}]}`:                             "environments[0].status",
		`{` + projects + `, "newerFields": {"Email": {}}}`:                                      "newerFields.Email: no such type",
		`{` + projects + `, "newerFields": {"email": {"host": ""}}}`:                            "newerFields.email.host: is documented",
		`{` + projects + `, "rateLimit": {"requests": 1}}`:                                      "rateLimit: needs requests and seconds",
		connection(`, {"project": "Q", "type": "email", "name": "m"}`):                          `connections[1]: no such project "Q"`,
		connection(`, {"project": "P", "type": "mail", "name": "m"}`):                           `connections[1]: Connection type "mail" is not valid!`,
		connection(`, {"project": "P", "type": "email"}`):                                       "connections[1]: name: missing",
		connection(`, {"project": "P", "type": "ftp", "name": "N"}`):                            `connections[1]: name: "N" is taken`,
		connection(`, {"project": "P", "type": "email", "name": "m", "fields": {"hots": "h"}}`): `connections[1]: Unrecognized field "hots"`,
		connection(`, {"project": "P", "type": "email", "name": "m"}`):                          "connections[1]: The field host is required",
	} {
		t.Run(want, func(t *testing.T) {
			if _, err := inspect.New([]byte(seed), apinizer.Options{}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q", err, want)
			}
		})
	}
}

// TestNewerFieldsAreShownAndLost is section 7.1: a server may have fields beyond the documentation.
func TestNewerFieldsAreShownAndLost(t *testing.T) {
	r := newRig(t, strings.Replace(acme, `"token"`, `"newerFields": {"email": {"useSsl": false}}, "token"`, 1), apinizer.Options{})
	if got := r.one("Mail")["useSsl"]; got != false {
		t.Errorf("got useSsl %v, want false in an answer of the old version", got)
	}
	r.want(200, "PUT", connections+"Mail/", mail+`, "useSsl": true}`)
	if got := r.one("Mail")["useSsl"]; got != true {
		t.Errorf("got useSsl %v, want true", got)
	}
	r.want(200, "PUT", connections+"Mail/", mail+`}`)
	if got := r.one("Mail")["useSsl"]; got != false {
		t.Errorf("got useSsl %v, want false after a PUT that lacked the field", got)
	}
	r.want(400, "PUT", connections+"Orders/", `{"type": "database", "name": "Orders", "dbType": "ORACLE", "jdbcUrl": "j", "useCredentials": false, "useSsl": true}`)
}

func TestHandsChangeThingsBehindAClientsBack(t *testing.T) {
	r := newRig(t, acme, apinizer.Options{})
	err := r.Edit("Payments", "Mail", func(c *inspect.Connection) {
		c.Name, c.Fields["port"] = "Post", 99
		delete(c.Fields, "auth")
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.one("Post"); got["port"] != 99.0 || got["auth"] != false || !r.SecretEquals("Payments", "Post", "password", "pa55word") {
		t.Errorf("got %v after the edit, want port 99, no auth and the stored password", got)
	}
	for what, edit := range map[string]func(*inspect.Connection){
		"taken":         func(c *inspect.Connection) { c.Name = "orders" },
		"no such field": func(c *inspect.Connection) { c.Fields["hots"] = "x" },
		"whole number":  func(c *inspect.Connection) { c.Fields["port"] = "x" },
	} {
		if err := r.Edit("Payments", "Post", edit); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("got error %[2]v of an edit, want one with %[1]q", what, err)
		}
	}
	if err := r.Add(inspect.SeedConnection{Project: "Payments", Type: "linux-script", Name: "Box", Fields: map[string]any{
		"hostName": "h", "username": "u", "password": "p", "sshPort": 2222,
	}}); err != nil {
		t.Fatal(err)
	}
	if c, _ := r.Find("Payments", "Box"); compact(t, c) != `{"Project":"Payments","Type":"linux-script","Name":"Box","Fields":{"hostName":"h","sshPort":2222,"username":"u"},"Secrets":["password"],"Deployed":true,"Stale":false}` {
		t.Errorf("got %s, want the connection that was added", compact(t, c))
	}
	for _, value := range []string{"typed in", ""} {
		if err := r.TypeIn("Payments", "Box", "password", value); err != nil || !r.SecretEquals("Payments", "Box", "password", value) {
			t.Errorf("the password is not %q, and the error is %v", value, err)
		}
	}
	if err := r.TypeIn("Payments", "Box", "hostName", "h"); err == nil || !strings.Contains(err.Error(), "not a secret") {
		t.Errorf("typing a secret into hostName: error %v, want one that says that it is not a secret", err)
	}
	if err := r.Remove("Payments", "Box"); err != nil {
		t.Error(err)
	}
	if err := r.Remove("Payments", "Box"); err == nil {
		t.Error("got no error from the second Remove, want one")
	}
	if len(r.Requests()) != 1 || len(r.Writes()) != 0 {
		t.Error("edits by hand are in the request log, want only the request of the client")
	}
}

// TestManyClientsAtOnce shares one manager between them; the race detector watches.
func TestManyClientsAtOnce(t *testing.T) {
	manager := open(t, under(`"secrets": "clear"`), filepath.Join(t.TempDir(), "manager.state"))
	defer manager.Close()
	var clients sync.WaitGroup
	for client := range 8 {
		clients.Go(func() {
			for n := range 10 {
				name := fmt.Sprintf("c%d-%d", client, n)
				body := `{"type": "ftp", "name": "` + name + `", "host": "h", "username": "u", "password": "p", "protocol": "FTP"}`
				for _, request := range [][2]string{{"POST", body}, {"GET", ""}, {"PUT", body}} {
					if got := direct(manager, request[0], connections+name+"/", request[1]); got.Code != 200 {
						t.Errorf("%s: got %s, want status 200", request[0], got.Body)
					}
				}
				if got := direct(manager, "GET", connections+"?type=ftp", ""); got.Code != 200 {
					t.Errorf("got %s for the list, want status 200", got.Body)
				}
			}
		})
	}
	clients.Wait()
	if got := len(manager.Connections()); got != 83 {
		t.Errorf("got %d connections after the clients ended, want 83", got)
	}
}

// BenchmarkWrite writes one of a thousand connections, with the state on disk.
func BenchmarkWrite(b *testing.B) {
	manager, err := inspect.Open([]byte(acme), filepath.Join(b.TempDir(), "manager.state"), apinizer.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer manager.Close()
	const body = `{"type": "webhook", "name": "%s", "fullUrl": "https://w", "headerList": [{"name": "A", "value": "b"}]}`
	for n := range 1000 {
		if name := fmt.Sprint("c", n); direct(manager, "POST", connections+name+"/", fmt.Sprintf(body, name)).Code != 200 {
			b.Fatalf("could not create %s, want status 200", name)
		}
	}
	for b.Loop() {
		if got := direct(manager, "PUT", connections+"c500/", fmt.Sprintf(body, "c500")); got.Code != 200 {
			b.Fatalf("got %s for PUT, want status 200", got.Body)
		}
	}
}

// FuzzBodies sends any body as a definition: it is taken, or refused with a reason.
func FuzzBodies(f *testing.F) {
	for _, s := range samples {
		f.Add(s.fields)
	}
	f.Add(`{"type": "elasticsearch", "type": "READ", "name": "c"}`)
	f.Fuzz(func(t *testing.T, body string) {
		for _, behaviour := range []string{``, `"accessModeKey": "type", "unknownFields": "keep", "computed": true`} {
			manager, err := inspect.New([]byte(under(behaviour)), apinizer.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := direct(manager, "POST", connections+"c/", body)
			if got.Code != 200 && got.Code != 400 {
				t.Errorf("got status %d for a fuzzed body, want 200 or 400: %s", got.Code, got.Body)
			}
			if got := direct(manager, "GET", connections+"c/", ""); got.Code != 200 && got.Code != 400 {
				t.Errorf("GET: status %d: %s", got.Code, got.Body)
			}
		}
	})
}

func TestAWriteThatCannotBeSavedChangesNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "manager.state")
	manager := open(t, acme, file)
	r := serve(t, manager)
	before := compact(t, r.Connections())

	// Nothing can be renamed onto a folder that is not empty, on any system.
	if err := errors.Join(os.Rename(file, file+".kept"), os.MkdirAll(filepath.Join(file, "full"), 0o700)); err != nil {
		t.Fatal(err)
	}
	got := r.want(500, "POST", connections+"Post/", `{"type": "email", "name": "Post", "host": "h", "password": "t0ken5", "deployToWorker": false}`)
	if !strings.Contains(got.text, "manager.state") {
		t.Errorf("the answer does not name the file: %s", got.text)
	}
	r.want(500, "DELETE", connections+"Mail/", "")
	if err := manager.Unsaved(); err == nil || !strings.Contains(err.Error(), filepath.ToSlash(file)) {
		t.Errorf("got error %v, want one that names the file that cannot be saved", err)
	}
	if after := compact(t, r.Connections()); after != before {
		t.Errorf("got  %s\nwant %s", after, before)
	}
	if !r.SecretEquals("Payments", "Mail", "password", "pa55word") {
		t.Error("a secret is lost")
	}

	if err := errors.Join(os.RemoveAll(file), os.Rename(file+".kept", file)); err != nil {
		t.Fatal(err)
	}
	r.want(200, "DELETE", connections+"Mail/", "")
	if err := manager.Unsaved(); err != nil {
		t.Error(err)
	}
}
