package chaos_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	usecases "github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/simulator"
	simqlik "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// The worlds of proofs are tenants that lie about statements. Each is planned, and looked at for drift, in full and with
// proofs by the list.

var proofWorlds = flag.Int("proofs", 8, "how many worlds of proofs are drawn")

// oddValues are values that a statement may write in any way.
var oddValues = []string{
	"a;port=1433", "a;bucketName=b", "a;x=y", "a b", " a", "a ", "", "a=b", "port=1", `a"b`, "{a}", "a%3Bb", "a%2b%1c", "ä", "a\\b", "true", "1", "01", "1e3",
	"a;database=b;port=1", "+1", "https://a.example/x?y=1&z=2", "a,b", "'a'", "[a]", strings.Repeat("a", 3000),
}

// listedValues are the properties that take no other values than those of a list.
var listedValues = []string{"region", "AwsRegion", "OAuthMechanism"}

// proofWorld is a tenant and files that are about it.
type proofWorld struct {
	behaviour simqlik.Behaviour
	seed      []map[string]any // connections
	declared  []map[string]any
	edits     map[int]func(*inspect.Connection) // by index, what somebody has changed by hand
	told      []string                          // the edits and lies, for a reader
	date      time.Time
}

func drawProofWorld(t *rapid.T) *proofWorld {
	w := &proofWorld{edits: map[int]func(*inspect.Connection){}, date: time.Date(2026, 11, rapid.IntRange(1, 28).Draw(t, "day"), 0, 0, 0, 0, time.UTC)}
	w.behaviour = simqlik.Behaviour{
		NormaliseValues: rapid.Bool().Draw(t, "normalises values"),
		RewriteValues:   rapid.IntRange(0, 3).Draw(t, "rewrites values") == 0,
		RestoreDefaults: rapid.Bool().Draw(t, "restores defaults"),
		RawStatements:   rapid.IntRange(0, 2).Draw(t, "raw statements") == 0,
	}
	w.lie(t, rapid.IntRange(0, 2).Draw(t, "lies"))
	spaces := rapid.IntRange(1, 3).Draw(t, "spaces")
	for range rapid.IntRange(1, 3).Draw(t, "groups") {
		of := fleetSources[rapid.IntRange(0, len(fleetSources)-1).Draw(t, "data source")]
		for range rapid.SampledFrom([]int{3, 8, 20, 45}).Draw(t, "connections") {
			w.draw(t, of.id, of.properties, spaces)
		}
	}
	return w
}

// lie adds lies.
func (w *proofWorld) lie(t *rapid.T, n int) {
	for range n {
		l := simqlik.Lie{Kind: rapid.SampledFrom(lies).Draw(t, "lie"), Every: rapid.SampledFrom([]int{0, 0, 2, 3, 9}).Draw(t, "every")}
		if rapid.Bool().Draw(t, "of one property") {
			l.Property = rapid.SampledFrom([]string{"host", "port", "database", "bucketName", "url"}).Draw(t, "property")
		}
		w.behaviour.Lies = append(w.behaviour.Lies, l)
		w.told = append(w.told, fmt.Sprintf("lie %+v", l))
	}
}

// draw adds a connection, which mostly is as declared.
func (w *proofWorld) draw(t *rapid.T, source string, properties func(int) map[string]any, spaces int) {
	n := len(w.seed)
	name, space := fmt.Sprintf("Connection %03d", n), fmt.Sprint("Space ", n%spaces)
	declared := properties(n)
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(declared)), func(name string) bool { return slices.Contains(listedValues, name) })
	one := names[rapid.IntRange(0, len(names)-1).Draw(t, "one property")]
	odd := rapid.IntRange(0, 19).Draw(t, "odd")
	if _, isText := declared[one].(string); isText && odd == 0 {
		declared[one] = rapid.SampledFrom(oddValues).Draw(t, "odd value")
	}
	live := maps.Clone(declared)
	if odd == 1 && len(names) > 1 {
		delete(live, one) // it was created without
		w.told = append(w.told, fmt.Sprintf("%s has no %s", name, one))
	}
	tags := []string{
		"qlsync:" + project, "qlsync-key:" + connection.KeyRecord(connection.Space{ID: spaceID(n % spaces), Name: space}, name),
		fmt.Sprintf("DcaasAPI:%s:1.%d", source, n%11/10),
	}
	w.seed = append(w.seed, map[string]any{"name": name, "space": space, "dataSource": source, "properties": live, "tags": tags})
	w.declared = append(w.declared, map[string]any{"name": name, "space": space, "dataSource": source, "properties": declared})
	if _, isText := declared[one].(string); odd < 2 || odd > 5 || !isText {
		return
	}
	value := rapid.SampledFrom(append([]string{"edited", "edited", "edited"}, oddValues...)).Draw(t, "edited value")
	w.edits[n] = func(c *inspect.Connection) {
		switch odd {
		case 2, 3:
			c.Properties[one] = value
		case 4:
			delete(c.Properties, one)
		case 5:
			c.Tags = append(c.Tags, "by hand")
		}
	}
	w.told = append(w.told, fmt.Sprintf("%s: edit %d of %s to %q", name, odd, one, value))
}

func spaceID(i int) string { return fmt.Sprintf("%024d", i+1) }

// tenant makes the tenant, with the edits.
func (w *proofWorld) tenant(t *rapid.T) *inspect.Tenant {
	var spaces []any
	for i := range 3 {
		spaces = append(spaces, map[string]any{"id": spaceID(i), "name": fmt.Sprint("Space ", i), "type": "shared"})
	}
	seed, err := json.Marshal(map[string]any{
		"token": token, "users": []any{map[string]any{"id": ana, "email": "ana@example.com", "roles": []string{"TenantAdmin"}}},
		"spaces": spaces, "connections": w.seed,
	})
	if err != nil {
		t.Fatal(err)
	}
	tenant, err := inspect.New(seed, simqlik.Options{Behaviour: w.behaviour, PageSize: 10})
	if err != nil {
		t.Fatal(err)
	}
	for n, edit := range w.edits {
		c, _ := tenant.Find(w.seed[n]["space"].(string), w.seed[n]["name"].(string))
		if err := tenant.Edit(c.ID, edit); err != nil {
			t.Fatal(err)
		}
	}
	return tenant
}

// outcome is what one mode says of a world.
type outcome struct {
	plan  *plan.Plan
	drift *plan.Drift
	read  map[string]bool // ids of connections that were read in detail, for the plan
}

// look plans and looks for drift, as the program does.
func (w *proofWorld) look(t *rapid.T, dir, reads string, tenant *inspect.Tenant) outcome {
	project := w.project(t, dir)
	open := func() *usecases.Session {
		session, err := project.Open(t.Context(), usecases.SessionOptions{Tenant: "test", Parallelism: 4, Reads: reads})
		if err != nil {
			t.Fatal(err)
		}
		return session
	}
	session, before := open(), len(tenant.Requests())
	defer session.Close()
	var err error
	o := outcome{}
	if o.plan, err = session.Plan(t.Context(), usecases.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	o.read = readSince(tenant, before)
	again := open()
	defer again.Close()
	if o.drift, err = again.Drift(t.Context(), usecases.DriftOptions{At: w.date}); err != nil {
		t.Fatal(err)
	}
	return o
}

// readSince returns the ids of the connections that were read in detail after the first n requests.
func readSince(tenant *inspect.Tenant, n int) map[string]bool {
	read := map[string]bool{}
	for _, request := range tenant.Requests()[n:] {
		if id, ok := strings.CutPrefix(request.Path, "/api/v1/data-connections/"); ok {
			read[id] = true
		}
	}
	return read
}

// project reads the files.
func (w *proofWorld) project(t *rapid.T, dir string) *usecases.Project {
	host := &usecases.Host{
		Lookup:   func(name string) (string, bool) { return token, name == "KEY" },
		WorkDir:  workdir.Dir(dir),
		Now:      func() time.Time { return w.date },
		Secrets:  transport.NewRedactor(),
		Lifetime: t.Context(),
	}
	project, err := host.ReadProject(t.Context(), usecases.ProjectOptions{File: "qlsync.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// write writes the files of the project, with the addresses of its tenants by their names.
func (w *proofWorld) write(t *rapid.T, dir string, urls map[string]string) {
	tenants := map[string]any{}
	for name, url := range urls {
		tenants[name] = map[string]any{"url": url, "auth": map[string]any{"apiKey": map[string]any{"env": "KEY"}}}
	}
	for name, content := range map[string]any{
		"qlsync.yaml": map[string]any{
			"version": 1, "project": project, "connections": []string{"connections.yaml"},
			"tenants": tenants,
		},
		"connections.yaml": map[string]any{"version": 1, "connections": w.declared},
	} {
		text, err := json.Marshal(content)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// shownStatements returns the statements of the lists, by id.
func shownStatements(t *rapid.T, tenant *inspect.Tenant) map[string]string {
	shown := map[string]string{}
	for next := "/api/v1/data-connections?noDatafiles=true&limit=100"; next != ""; {
		r := httptest.NewRequest(http.MethodGet, next, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		recorder := httptest.NewRecorder()
		tenant.ServeHTTP(recorder, r)
		var list struct {
			Data []struct {
				ID        string `json:"qID"`
				Statement string `json:"qConnectStatement"`
			} `json:"data"`
			Links struct {
				Next struct {
					Href string `json:"href"`
				} `json:"next"`
			} `json:"links"`
		}
		if err := json.Unmarshal(recorder.Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		for _, item := range list.Data {
			shown[item.ID] = item.Statement
		}
		next = list.Links.Next.Href
	}
	return shown
}

// TestProofsSayWhatFullReadsSay draws worlds. A change that the proofs miss is one of a connection about which the list
// lies in a way that no rule can see, and that was not in the sample.
func TestProofsSayWhatFullReadsSay(t *testing.T) {
	worlds, missed, changes, proved, all := 0, 0, 0, 0, 0
	rapid.Check(t, func(r *rapid.T) {
		if worlds++; worlds > *proofWorlds {
			return
		}
		w := drawProofWorld(r)
		tenant := w.tenant(r)
		server, err := simulator.Start(tenant, "")
		if err != nil {
			r.Fatal(err)
		}
		defer server.Close()
		dir, err := os.MkdirTemp(t.TempDir(), "world")
		if err != nil {
			r.Fatal(err)
		}
		w.write(r, dir, map[string]string{"test": server.URL})
		full, proof := w.look(r, dir, "full", tenant), w.look(r, dir, "proof", tenant)
		changes, all, proved = changes+len(full.plan.Changes), all+len(w.seed), proved+len(w.seed)-len(proof.read)
		missed += w.compare(r, tenant, full, proof)
		if r.Failed() {
			r.Logf("%+v\n%s", w.behaviour, strings.Join(w.told, "\n"))
		}
		http.DefaultClient.CloseIdleConnections()
	})
	t.Logf("%d worlds with %d connections, of which %d were proved; %d of %d changes were missed, all outside of the samples", min(worlds, *proofWorlds), all, proved, missed, changes)
}

// compare returns how many changes the proofs have missed.
func (w *proofWorld) compare(t *rapid.T, tenant *inspect.Tenant, full, proof outcome) (missed int) {
	shown := shownStatements(t, tenant)
	byID := map[string]inspect.Connection{}
	for _, c := range tenant.Connections() {
		byID[c.ID] = c
	}
	excused := map[connection.Key]bool{}
	for i := range full.plan.Changes {
		c := &full.plan.Changes[i]
		if changeOf(proof.plan, c.Connection) != nil {
			continue
		}
		is := byID[c.ID]
		if proof.read[c.ID] || !w.isInvisible(&is, shown[c.ID], c) {
			t.Errorf("the proofs miss the %s of %q: %+v\nshown %q\ntrue  %q, read %v", c.Action, c.Connection, c.Fields, shown[c.ID], is.Statement, proof.read[c.ID])
		}
		excused[c.Connection], missed = true, missed+1
	}
	for i := range proof.plan.Changes {
		c := &proof.plan.Changes[i]
		if !proof.read[c.ID] && c.Action != plan.ActionCreate {
			t.Errorf("the %s of %q was planned without a read in detail", c.Action, c.Connection)
		}
		want := changeOf(full.plan, c.Connection)
		if diff := cmp.Diff(plain(t, want), plain(t, c)); diff != "" {
			t.Errorf("%q: -full +proof\n%s", c.Connection, diff)
		}
	}
	if missed > 0 {
		return missed
	}
	if full.plan.Hash != proof.plan.Hash || !reflect.DeepEqual(full.plan.Summary, proof.plan.Summary) {
		t.Errorf("got hash %s and %+v with proofs, in full %s and %+v", proof.plan.Hash, proof.plan.Summary, full.plan.Hash, full.plan.Summary)
	}
	drift := *proof.drift
	drift.Reads = nil // only the counts may differ
	if diff := cmp.Diff(plain(t, full.drift), plain(t, &drift)); diff != "" {
		t.Errorf("drift: -full +proof\n%s", diff)
	}
	return 0
}

// isInvisible reports whether no rule about one statement can see that it lies: it is that of another state or connection,
// a value in it may be several pairs, or it has a default that the details do not show.
func (w *proofWorld) isInvisible(c *inspect.Connection, shown string, change *plan.Change) bool {
	for _, l := range w.behaviour.Lies {
		if shown != c.Statement && slices.Contains([]string{"oldValue", "another", "raw"}, l.Kind) {
			return true
		}
	}
	return !slices.ContainsFunc(change.Fields, func(f plan.Field) bool {
		name, ok := strings.CutPrefix(f.Path, "/properties/")
		_, present := c.Properties[name]
		return !ok || present
	})
}

// plain returns a value as its JSON has it.
func plain(t *rapid.T, value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
