package qlik_test

import (
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator"
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

func open(t *testing.T, seed, file string) *inspect.Tenant {
	t.Helper()
	tenant, err := inspect.Open([]byte(seed), file, qlik.Options{LockTimeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return tenant
}

func TestTheStateSurvivesTheProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".qlsync", "tenant.state")
	var id, updated string
	t.Run("first run", func(t *testing.T) {
		r := serve(t, open(t, acme, file))
		r.want(201, "POST", connections, `{"datasourceID": "mssql", "qName": "n", "connectionProperties": {"host": "h", "QueryTimeout": 12, "password": "kept apart"}}`)
		r.want(204, "DELETE", connections+"/"+r.id("", "Mine"), "")
		id = r.id("", "n")
		updated = r.want(200, "GET", connections+"/"+id, "").body["updated"].(string)
	})
	t.Run("second run", func(t *testing.T) {
		tenant := open(t, acme, file)
		r := serve(t, tenant)
		if tenant.Reseeded() {
			t.Error("the state was dropped")
		}
		got := r.want(200, "GET", connections+"/"+id+"?parseConnection=true", "")
		if got.body["updated"] != updated || compact(t, got.body["connectionProperties"]) != `{"QueryTimeout":12,"host":"h"}` {
			t.Errorf("got %s after a restart, want the patched properties and the same time of the update", got.text)
		}
		if _, found := r.Find("", "Mine"); found {
			t.Error("a deleted connection is back")
		}
		if !r.CredentialEquals(id, "password", "kept apart") {
			t.Error("the credential is lost")
		}
	})
}

func TestTheStateHoldsNoSecretAndIsPrivate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tenant.state")
	r := serve(t, open(t, acme, file))
	r.want(201, "POST", connections, `{"datasourceID": "rest", "qName": "n", "connectionProperties": {"password": "pa55word",
		"queryHeaders": [{"name": "x", "value": "tok3n", "encrypt": "true"}]}}`)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"pa55word", "tok3n", "s3cr3t", "AKIA1", "pw1", "open sesame", "key-of-ana"} {
		if strings.Contains(string(data), secret) {
			t.Errorf("the state holds %q", secret)
		}
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" { // there the folder decides
		t.Errorf("got mode %v of the state file, want 0600", info.Mode())
	}
}

func TestAChangedSeedStartsAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tenant.state")
	first := open(t, acme, file)
	if first.Reseeded() {
		t.Error("a first state counts as dropped")
	}
	if err := first.Remove(first.Connections()[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := open(t, strings.Replace(acme, "Orders lake", "Other lake", 1), file)
	defer second.Close()
	if _, found := second.Find("Finance", "Other lake"); !found || !second.Reseeded() || len(second.Connections()) != 5 {
		t.Errorf("reseeded %v, %d connections", second.Reseeded(), len(second.Connections()))
	}
}

func TestAStateIsOfOneProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tenant.state")
	first := open(t, acme, file)
	_, err := inspect.Open([]byte(acme), file, qlik.Options{LockTimeout: 50 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("got error %v, want a state in use by another process", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, acme, file).Close(); err != nil {
		t.Fatal(err)
	}
}

func TestADamagedStateIsNotOverwritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tenant.state")
	if err := os.WriteFile(file, []byte(`{"version": 1, "connec`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := inspect.Open([]byte(acme), file, qlik.Options{})
	if err == nil || !strings.Contains(err.Error(), "Delete the file to start from the seed") {
		t.Errorf("got error %v, want the advice to delete the damaged state", err)
	}
}

func TestSeedMistakesAreNamedByTheirPath(t *testing.T) {
	const users = `"users": [{"email": "a@x"}]`
	connection := func(rest string) string {
		return `{` + users + `, "spaces": [{"name": "S", "type": "shared"}], "connections": [{"name": "n", "dataSource": "rest"` + rest + `}]}`
	}
	for seed, want := range map[string]string{
		`{`:                            "not valid JSON",
		`{"user": []}`:                 "unknown field user",
		`{"users": [{"mail": "a@x"}]}`: "unknown field users[0].mail",
		`{}`:                           "users: at least one",
		`{"users": [{}]}`:              "users[0].email: missing",
		`{"users": [{"email": "a"}, {"email": "a"}]}`: "users[1].id",
		`{"users": "a"}`:                   "users: want slice, not string",
		`{` + users + `, "caller": "b@x"}`: "caller: no such user",
		`{` + users + `, "spaces": [{"name": "a/b", "type": "shared"}]}`:                                "spaces[0].name",
		`{` + users + `, "spaces": [{"name": "a", "type": "open"}]}`:                                    "spaces[0].type",
		`{` + users + `, "spaces": [{"name": "a", "type": "shared", "owner": "b"}]}`:                    "spaces[0].owner",
		`{` + users + `, "spaces": [{"name": "a", "type": "shared", "members": ["b"]}]}`:                "spaces[0].members[0]",
		`{` + users + `, "spaces": [{"name": "a", "type": "shared"}, {"name": "a", "type": "shared"}]}`: "spaces[1].name",
		`{` + users + `, "disabledDataSources": ["x"]}`:                                                 "disabledDataSources[0]",
		connection(`, "space": "T"`):                                                                    "connections[0].space",
		connection(`, "owner": "b@x"`):                                                                  "connections[0].owner",
		connection(`, "id": "1"`):                                                                       "connections[0].id",
		connection(`, "properties": {"password": "x"}`):                                                 "connections[0].properties.password: is a credential",
		connection(`, "properties": {"ulr": "x"}`):                                                      `connections[0].properties: unknown property "ulr"`,
		connection(`, "credentials": {"url": "x"}`):                                                     "connections[0].credentials.url",
		connection(`}, {"name": "n", "dataSource": "rest"`):                                             `connections[1].name: "n" is taken`,
		connection(`}, {"name": "m", "dataSource": "nope"`):                                             "connections[1].dataSource",
		connection(`}, {"dataSource": "rest"`):                                                          "connections[1].name: missing",
	} {
		t.Run(want, func(t *testing.T) {
			if _, err := inspect.New([]byte(seed), qlik.Options{}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q", err, want)
			}
		})
	}
}

func TestAllSeedMistakesAreReported(t *testing.T) {
	_, err := inspect.New([]byte(`{"users": [{"email": "a@x"}], "spaces": [{"name": "a", "type": "b"}], "disabledDataSources": ["x"]}`), qlik.Options{})
	if err == nil || strings.Count(err.Error(), "seed: ") != 2 {
		t.Errorf("got error %v, want both mistakes of the seed", err)
	}
}

func TestOnlyLoopbackIsServed(t *testing.T) {
	tenant, err := inspect.New([]byte(acme), qlik.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range []string{":0", "0.0.0.0:0", "192.0.2.1:0", "[::]:0", "nonsense"} {
		if s, err := simulator.Start(tenant, addr); err == nil {
			t.Errorf("%s is served at %s", addr, s.URL)
			s.Close()
		}
	}
}

func TestHandsChangeThingsBehindAClientsBack(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	id := r.id("Finance", "Ledger")
	before := r.want(200, "GET", connections+"/"+id, "").body["updated"]
	err := r.Edit(id, func(c *inspect.Connection) {
		c.Name, c.Space, c.Tags = "Book", "Griffin", []string{"by hand"}
		c.Properties["host"] = "db9"
		c.Properties["QueryTimeout"] = 45
		delete(c.Properties, "port")
	})
	if err != nil {
		t.Fatal(err)
	}
	got := r.want(200, "GET", connections+"/"+r.id("Griffin", "Book")+"?parseConnection=true", "")
	if text := compact(t, got.body["connectionProperties"]); text != `{"QueryTimeout":45,"host":"db9"}` || got.body["updated"] == before {
		t.Errorf("got %s after the edit, want host db9 and another time of the update", got.text)
	}
	if !r.CredentialEquals(id, "password", "pw1") {
		t.Error("an edit lost the credentials")
	}
	if err := r.Edit(id, func(c *inspect.Connection) { c.Properties["hots"] = "x" }); err == nil {
		t.Error("got no error for a misspelled property, want one")
	}
	if err := r.Edit(id, func(c *inspect.Connection) { c.Space, c.Name = "Finance", "Orders lake" }); err == nil {
		t.Error("got no error for a name that is taken, want one")
	}
	added, err := r.Add(inspect.SeedConnection{Name: "Copy", Space: "Finance", DataSource: "rest", Credentials: map[string]any{"password": "p"}})
	if err != nil || !r.HasCredentials(added) {
		t.Errorf("add: got error %v, want a connection with credentials", err)
	}
	if len(r.Writes()) != 0 {
		t.Error("edits by hand are in the request log, want none")
	}
}

func TestAnEditKeepsHiddenPartsOfWhatItDoesNotTouch(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	r.want(201, "POST", connections, `{"datasourceID": "rest", "qName": "H", "connectionProperties": {"url": "https://x",
		"queryHeaders": [{"name": "B", "value": "tok3n", "encrypt": true}]}}`)
	id := r.id("", "H")
	if err := r.Edit(id, func(c *inspect.Connection) { c.Properties["url"] = "https://y" }); err != nil {
		t.Fatal(err)
	}
	if !r.CredentialEquals(id, "queryHeaders/0/value", "tok3n") {
		t.Error("the hidden header value is lost")
	}
}

func BenchmarkListAndGetOfTenThousand(b *testing.B) {
	tenant, err := inspect.New([]byte(seedOf(10_000)), qlik.Options{RateLimits: qlik.RateLimits{Tier1: qlik.Limit{Requests: 1 << 30, Seconds: 1}}})
	if err != nil {
		b.Fatal(err)
	}
	id := tenant.Connections()[5000].ID
	for name, path := range map[string]string{"page": connections + "?limit=100&noDatafiles=true", "detail": connections + "/" + id + "?parseConnection=true"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				benchmarkGet(b, tenant, path)
			}
		})
	}
}

func benchmarkGet(b *testing.B, tenant *inspect.Tenant, path string) {
	b.Helper()
	request := httptest.NewRequest("GET", path, nil)
	request.Header.Set("Authorization", "Bearer "+tenant.Token())
	w := httptest.NewRecorder()
	if tenant.ServeHTTP(w, request); w.Code != 200 {
		b.Fatalf("got status %d, want 200", w.Code)
	}
}

func TestAWriteThatCannotBeSavedChangesNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tenant.state")
	tenant := open(t, acme, file)
	r := serve(t, tenant)
	r.want(201, "POST", connections, `{"datasourceID": "rest", "qName": "before", "connectionProperties": {"url": "https://x.example"}}`)
	mine := r.id("", "Mine")

	// Nothing can be renamed onto a folder that is not empty, on any system.
	if err := errors.Join(os.Rename(file, file+".kept"), os.MkdirAll(filepath.Join(file, "full"), 0o700)); err != nil {
		t.Fatal(err)
	}
	got := r.want(500, "POST", connections, `{"datasourceID": "rest", "qName": "after", "connectionProperties": {"url": "https://x.example"}}`)
	if !strings.Contains(got.text, "tenant.state") {
		t.Errorf("the answer does not name the file: %s", got.text)
	}
	r.want(500, "DELETE", connections+"/"+mine, "")
	if _, err := tenant.Add(inspect.SeedConnection{Name: "by hand", DataSource: "rest"}); err == nil {
		t.Error("got no error from Add, want the one of the state that cannot be saved")
	}
	if err := tenant.Unsaved(); err == nil || !strings.Contains(err.Error(), filepath.ToSlash(file)) {
		t.Errorf("got error %v, want one that names the file that cannot be saved", err)
	}
	r.want(200, "GET", connections+"/"+mine, "")
	for name, want := range map[string]bool{"before": true, "Mine": true, "after": false, "by hand": false} {
		if _, found := r.Find("", name); found != want {
			t.Errorf("%s: got found %v, want %v", name, found, want)
		}
	}

	if err := errors.Join(os.RemoveAll(file), os.Rename(file+".kept", file)); err != nil {
		t.Fatal(err)
	}
	r.want(204, "DELETE", connections+"/"+mine, "")
	if err := errors.Join(tenant.Unsaved(), tenant.Close()); err != nil {
		t.Fatal(err)
	}
	again := open(t, acme, file)
	defer again.Close()
	for name, want := range map[string]bool{"before": true, "Mine": false, "after": false} {
		if _, found := again.Find("", name); found != want {
			t.Errorf("%s is there for the next process: %v", name, found)
		}
	}
}
