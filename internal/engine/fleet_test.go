package engine_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/simulator"
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
)

const (
	regionalSecret     = "regional-canary-5b1f"
	organizationSecret = "organization-canary-9c2e"
)

// observedFleet is an embedded fleet that records which host got which request, with its secrets.
type observedFleet struct {
	*qlik.Fleet
	server *simulator.FleetServer

	mu       sync.Mutex
	requests map[string][]string // by host
}

func (f *observedFleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests[r.Host] = append(f.requests[r.Host], r.Method+" "+r.URL.Path)
	f.mu.Unlock()
	f.Fleet.ServeHTTP(w, r)
}

// count returns how many requests with a text a host got.
func (f *observedFleet) count(host, text string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, request := range f.requests[host] {
		if strings.Contains(request, text) {
			n++
		}
	}
	return n
}

// startFleet serves a fleet, and returns a host with a project for it. The secret of the regional
// client is the variable REGIONAL.
func startFleet(t *testing.T, seed, hosts string) (*observedFleet, *engine.Host) {
	t.Helper()
	return startFleetWith(t, seed, hosts, `"clientSecret": "`+regionalSecret+`"`, "clientSecret: {env: REGIONAL}", regionalSecret)
}

// startFleetWith is startFleet with the registration of the regional client, its declaration and its
// secret.
func startFleetWith(t *testing.T, seed, hosts, registered, declared, secret string) (*observedFleet, *engine.Host) {
	t.Helper()
	fleet, err := qlik.NewFleet([]byte(`{"organization": {"clientId": "org", "clientSecret": "`+organizationSecret+`"}, "oauth": {"clientId": "regional", `+registered+`}, `+seed+`}`), qlik.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := &observedFleet{Fleet: fleet, requests: map[string][]string{}}
	if f.server, err = simulator.StartFleet(f, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.server.Close() })
	folder := t.TempDir()
	for name, text := range map[string]string{
		"qlsync.yaml": `
version: 1
project: acme
connections: [c.yaml]
spaces: [Finance]
fleet:
  from: {organization: {url: "` + f.server.URLs[0] + `", auth: {oauth: {clientId: org, clientSecret: {env: ORG}}}}}
  hosts: ` + hosts + `
  tenant:
    name: ${tenant.name}
    url: http://${tenant.host}
    auth: {oauth: {clientId: regional, ` + declared + `}}
`,
		"c.yaml": `{version: 1, connections: [{name: Rates, space: Finance, dataSource: rest, properties: {url: "https://rates.example.com", authSchema: anonymous}}]}`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	values := map[string]string{"ORG": organizationSecret, "REGIONAL": secret}
	return f, &engine.Host{
		WorkDir: workdir.Dir(folder), Secrets: transport.NewRedactor(), Lifetime: t.Context(),
		Lookup: func(name string) (string, bool) { value, set := values[name]; return value, set },
	}
}

func mustReadProject(t *testing.T, host *engine.Host) *engine.Project {
	t.Helper()
	project, err := host.ReadProject(t.Context(), engine.ProjectOptions{File: "qlsync.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestARegionalClientAsksEachTenantsOwnHostForItsToken(t *testing.T) {
	t.Run("with its secret", func(t *testing.T) {
		f, host := startFleet(t, `"count": 30`, `"127.*"`)
		askEachHostOnce(t, f, host)
	})
	t.Run("with its private key", func(t *testing.T) {
		key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		point, err := key.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		number := base64.RawURLEncoding.EncodeToString
		registered := fmt.Sprintf(`"publicKey": {"kid": "k1", "use": "sig", "kty": "EC", "alg": "ES384", "crv": "P-384", "x": %q, "y": %q}`, number(point[1:49]), number(point[49:]))
		secret := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
		f, host := startFleetWith(t, `"count": 30`, `"127.*"`, registered, "privateKey: {env: REGIONAL}, keyId: k1", secret)
		askEachHostOnce(t, f, host)
	})
}

// askEachHostOnce refreshes the list of a fleet of 30 tenants and plans all of them.
func askEachHostOnce(t *testing.T, f *observedFleet, host *engine.Host) {
	t.Helper()
	refreshed, err := mustReadProject(t, host).RefreshFleet(t.Context(), false)
	if err != nil || !refreshed.Written || len(refreshed.Changes.Came) != 30 {
		t.Fatalf("the refresh returned %+v and the error %v, want 30 new tenants in a written file", refreshed, err)
	}
	for _, address := range f.server.URLs[1:] {
		if n := f.count(strings.TrimPrefix(address, "http://"), ""); n > 0 {
			t.Errorf("the refresh sent %d requests to the tenant %s, want none", n, address)
		}
	}
	console := strings.TrimPrefix(f.server.URLs[0], "http://")
	asked := f.count(console, "")

	project := mustReadProject(t, host)
	if err := project.Problems.Err(); err != nil || len(project.Tenants) != 30 {
		t.Fatalf("the project has %d tenants and the error %v, want 30 and none", len(project.Tenants), err)
	}
	plans := &report.Fleet[plan.Plan]{}
	engine.EachTenant(t.Context(), project, project.Tenants, engine.SessionOptions{Parallelism: 4}, plans,
		func(ctx context.Context, s *engine.Session) (*plan.Plan, error) {
			return s.Plan(ctx, engine.PlanOptions{})
		}, nil)
	for _, member := range plans.Tenants {
		if member.Report == nil || member.Tenant.ID == "" {
			t.Errorf("tenant %s: %s, want a plan and the id of the lock", member.Tenant.Name, member.Error)
		}
	}
	for _, address := range f.server.URLs[1:] {
		of := strings.TrimPrefix(address, "http://")
		if tokens, ids := f.count(of, "/oauth/token"), f.count(of, "/api/v1/tenants/me"); tokens != 1 || ids != 1 {
			t.Errorf("%s got %d requests for a token and %d for its id, want one of each", of, tokens, ids)
		}
	}
	if now := f.count(console, ""); now != asked {
		t.Errorf("a plan sent %d requests to the console, want none: the tenants are in the lock file", now-asked)
	}
	if misuse := f.Misuse(); len(misuse) > 0 {
		t.Errorf("the fleet got requests that it does not know: %v", misuse)
	}
}

func TestARefreshThatCannotBeUsedLeavesTheLockFile(t *testing.T) {
	for name, c := range map[string]struct{ seed, hosts, want string }{
		"a foreign host":        {`"count": 2, "console": {"extra": [{"id": "evil", "name": "Evil", "status": "active", "hostnames": ["evil.example"]}]}`, `"127.*"`, "plain http is allowed only to this computer"},
		"an id twice":           {`"tenants": [{"name": "A", "id": "one"}], "console": {"extra": [{"id": "one", "name": "B", "status": "active", "hostnames": ["127.9.9.9"]}]}`, `"127.*"`, `, entry 2: the id "one" is also that of the tenant at 127.0.0.1`},
		"an entry without id":   {`"count": 1, "console": {"extra": [{"name": "Nobody", "status": "active", "hostnames": ["127.9.9.9"]}]}`, `"127.*"`, `, entry 1: tenant "Nobody" has no id`},
		"an entry without host": {`"count": 1, "console": {"extra": [{"id": "x", "name": "Nobody", "status": "active"}]}`, `"127.*"`, `, entry 1: tenant "x" must have a host`},
		"a name twice":          {`"tenants": [{"name": "A", "id": "one"}, {"name": "A", "id": "two", "host": "b.example"}]`, `"127.*"`, `would have the same name, "A"`},
		"an endless list":       {`"count": 2, "console": {"endless": true}`, `"127.*"`, "follow next page: "},
		"a secret in a name":    {`"tenants": [{"name": "` + organizationSecret + `"}]`, `"127.*"`, ""},
		"a refused client":      {`"count": 1, "console": {"faults": [{"path": "/oauth/token", "status": 401}]}`, `"127.*"`, `tenant "console"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, host := startFleet(t, c.seed, c.hosts)
			lock := host.WorkDir.Path("tenants.lock.json")
			const before = `{"format": "qlsync.tenants/v1", "tenants": []}`
			if err := os.WriteFile(lock, []byte(before), 0o600); err != nil {
				t.Fatal(err)
			}
			refreshed, err := mustReadProject(t, host).RefreshFleet(t.Context(), false)
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("the refresh returned %+v and the error\n%v\nwant an error with\n%s", refreshed, err, c.want)
			}
			now, readErr := os.ReadFile(lock)
			if readErr != nil || c.want != "" && string(now) != before || strings.Contains(string(now), organizationSecret) {
				t.Errorf("the lock file is now\n%s\nwant it without a secret, and unchanged after an error", now)
			}
			if err != nil && strings.Contains(err.Error(), organizationSecret) {
				t.Errorf("the error quotes the secret: %v", err)
			}
		})
	}
}

func TestATenantThatLeftTheListIsToldAndNothingElse(t *testing.T) {
	f, host := startFleet(t, `"tenants": [{"name": "A"}, {"name": "B", "status": "disabled"}]`, `"127.*"`)
	lock := fmt.Sprintf(`{"format": "qlsync.tenants/v1", "tenants": [{"id": "gone", "name": "Gone", "host": "127.7.7.7"}, {"id": %q, "name": "Before", "host": "127.7.7.8"}]}`, f.Tenants[0].ID())
	if err := os.WriteFile(host.WorkDir.Path("tenants.lock.json"), []byte(lock), 0o600); err != nil {
		t.Fatal(err)
	}
	checked, err := mustReadProject(t, host).RefreshFleet(t.Context(), true)
	if now, _ := os.ReadFile(host.WorkDir.Path("tenants.lock.json")); err != nil || checked.Written || !checked.Differs || string(now) != lock {
		t.Errorf("the check returned %+v and the error %v, want a difference and an unchanged file", checked, err)
	}
	refreshed, err := mustReadProject(t, host).RefreshFleet(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := (report.Text{}).FleetRefresh(&out, refreshed); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"- removed  gone  Gone  127.7.7.7\n", "~ renamed  " + f.Tenants[0].ID() + "  name: Before -> A  host: 127.7.7.8 -> 127.", "B  127.", "disabled", "2 tenants, 1 of them not active and left out. The file is written.", "apply no longer changes a removed tenant. Its connections stay as they are."} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the refresh shows\n%s\nwant in it\n%s", out.String(), want)
		}
	}
	project := mustReadProject(t, host)
	list, err := project.ListFleet(engine.TenantChoice{})
	rows := list.Tenants
	if err != nil || len(project.Tenants) != 1 || len(rows) != 2 || rows[1].Status != "disabled" || list.Summary != (report.FleetSummary{Chosen: 1, LeftOut: 1}) {
		t.Errorf("the project has %d tenants, and the list %+v, error %v; want one tenant, and the disabled one as left out", len(project.Tenants), rows, err)
	}
	again, err := project.RefreshFleet(t.Context(), false)
	if err != nil || again.Differs || again.Written {
		t.Errorf("the second refresh returned %+v and the error %v, want no difference", again, err)
	}
}
