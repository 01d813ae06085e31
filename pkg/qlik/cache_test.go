package qlik_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	"github.com/qlsync/qlsync/pkg/simulator"
)

// cachedProvider speaks to the tenant over a road, and keeps what it reads.
func cachedProvider(t *testing.T, road http.RoundTripper, tenant *simulator.Tenant, file string) *qlik.Provider {
	t.Helper()
	provider, err := qlik.New(qlik.Config{
		URL: "http://127.0.0.1:8080", Auth: qlik.Auth{APIKey: connection.NewSecret(tenant.Token())},
		Project: "finance", HTTPClient: &http.Client{Transport: road}, CacheFile: file,
	})
	if err != nil {
		t.Fatal(err)
	}
	return provider
}

func TestASnapshotReadsAgainOnlyWhatHasBeenUpdated(t *testing.T) {
	file := filepath.Join(t.TempDir(), "private", "cache.json")
	tenant, _ := embed(t, acme, simulator.Options{})
	provider := cachedProvider(t, embedded{tenant}, tenant, file)
	cold, _ := look(t, provider)
	if cold.Cached != 0 || cold.Details != 4 {
		t.Fatalf("cold: %d known, %d read", cold.Cached, cold.Details)
	}
	warm, _ := look(t, provider)
	if warm.Cached != 4 || warm.Details != 0 || warm.Reads != cold.Reads-4 {
		t.Errorf("warm: %d known, %d read, %d of %d requests", warm.Cached, warm.Details, warm.Reads, cold.Reads)
	}
	same := cmpopts.IgnoreFields(connection.Snapshot{}, "Reads", "Details", "Cached", "Traits")
	if diff := cmp.Diff(cold, warm, same); diff != "" {
		t.Error(diff)
	}

	stored, _ := tenant.Find("Finance", "Orders lake")
	if err := tenant.Edit(stored.ID, func(c *simulator.Connection) { c.Properties["bucketName"] = "other" }); err != nil {
		t.Fatal(err)
	}
	changed, byKey := look(t, provider)
	if changed.Cached != 3 || changed.Details != 1 || byKey["Finance/Orders lake"].Properties["bucketName"] != "other" {
		t.Errorf("changed: %d known, %d read, %v", changed.Cached, changed.Details, byKey["Finance/Orders lake"].Properties)
	}
}

func TestACacheIsPrivateAndHoldsNoSecret(t *testing.T) {
	file := filepath.Join(t.TempDir(), "private", "cache.json")
	seed := strings.Replace(acme, `{"name": "Leads", "space": "Sales", "dataSource": "rest", "properties": {"url": "https://a.example"}}`,
		`{"name": "Leads", "space": "Sales", "dataSource": "rest", "properties": {"url": "https://me:canary-1@a.example", "queryHeaders": [{"name": "x-api-key", "value": "canary-2"}]}}`, 1)
	if seed == acme {
		t.Fatal("the seed has changed")
	}
	tenant, _ := embed(t, seed, simulator.Options{})
	provider := cachedProvider(t, embedded{tenant}, tenant, file)
	look(t, provider)
	for path, mode := range map[string]os.FileMode{file: 0o600, filepath.Dir(file): 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"canary", connection.Placeholder, "s3cr3t", "AKIA1", "pw1"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("it holds %q: %s", secret, text)
		}
	}
	if warm, _ := look(t, provider); warm.Details != 1 {
		t.Errorf("%d were read again, and not the one with the secrets", warm.Details)
	}
}

func TestACacheOfAnotherCallerOrLayoutIsNotUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cache.json")
	tenant, _ := embed(t, acme, simulator.Options{})
	provider := cachedProvider(t, embedded{tenant}, tenant, file)
	look(t, provider)
	whole, _ := os.ReadFile(file)
	for name, text := range map[string]string{
		"another caller": strings.Replace(string(whole), "u-ana", "u-bob", 1),
		"another layout": strings.Replace(string(whole), `"version":1`, `"version":2`, 1),
		"half a file":    string(whole[:len(whole)/2]),
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, _ := look(t, provider); got.Cached != 0 {
			t.Errorf("%s: %d are taken for known", name, got.Cached)
		}
	}
}

var manyConnections = flag.Int("connections", 2000, "how many connections are read at the pace of the tier, in 50 spaces")

// TestManyConnectionsAreReadAtThePaceOfTheTier reads connections in 50 spaces with 50 ms
// a request, under a limit of half as many reads in five minutes: cold, which takes two
// windows more, and then again with what is known. With 10,000 it is the published limit.
func TestManyConnectionsAreReadAtThePaceOfTheTier(t *testing.T) {
	const spaces = 50
	each, limit := *manyConnections/spaces, *manyConnections/2
	var seed struct {
		Users       []map[string]any `json:"users"`
		Spaces      []map[string]any `json:"spaces"`
		Connections []map[string]any `json:"connections"`
	}
	seed.Users = []map[string]any{{"name": "Ana", "email": "ana@acme.example", "roles": []string{"TenantAdmin"}}}
	scope := connection.Scope{Details: func(*connection.Live) bool { return true }}
	for i := range spaces {
		name := fmt.Sprint("Space ", i)
		seed.Spaces = append(seed.Spaces, map[string]any{"name": name, "type": "shared"})
		scope.Spaces = append(scope.Spaces, connection.SpaceRef{Name: name})
		for j := range each {
			seed.Connections = append(seed.Connections, map[string]any{
				"name": fmt.Sprint("Connection ", j), "space": name, "dataSource": "rest", "properties": map[string]any{"url": "https://a.example"},
			})
		}
	}
	text, err := json.Marshal(seed)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		tenant, err := simulator.New(text, simulator.Options{RateLimits: simulator.RateLimits{Tier1: simulator.Limit{Requests: limit, Seconds: 300}}})
		if err != nil {
			t.Fatal(err)
		}
		network := &road{service: tenant, latency: 50 * time.Millisecond}
		provider, err := qlik.New(qlik.Config{
			URL: "http://127.0.0.1:8080", Auth: qlik.Auth{APIKey: connection.NewSecret(tenant.Token())}, Project: "finance",
			HTTPClient: &http.Client{Transport: network}, CacheFile: filepath.Join(t.TempDir(), "cache.json"),
			Limits: qlik.Limits{Reads: connection.RateLimit{Requests: limit, Window: 5 * time.Minute}},
		})
		if err != nil {
			t.Fatal(err)
		}
		var left []time.Duration
		scope.Reading = func(done, total int) {
			if done%(total/10) == 0 {
				left = append(left, provider.Pace(total-done, 0))
			}
		}
		read := func() (time.Duration, int) {
			start, before := time.Now(), len(tenant.Requests())
			if _, err := provider.DataSources(context.Background(), []string{"rest"}); err != nil {
				t.Fatal(err)
			}
			got, err := provider.Snapshot(context.Background(), scope)
			if err != nil || len(got.Connections) != spaces*each {
				t.Fatalf("%v", err)
			}
			return time.Since(start), len(tenant.Requests()) - before
		}
		took, calls := read()
		if best := 2 * 5 * time.Minute; took < best || took > best+best/50+time.Minute/2 || network.refused > 0 {
			t.Errorf("cold: %v, %d calls, %d refused", took, calls, network.refused)
		}
		t.Logf("cold: %v, %d calls; left on the way: %v", took, calls, left)
		if first := left[0]; first < 9*time.Minute || first > 10*time.Minute+time.Second {
			t.Errorf("at the beginning, it says that %v are left", first)
		}
		time.Sleep(5 * time.Minute)
		took, calls = read()
		t.Logf("warm: %v, %d calls", took, calls)
		if took > 3*time.Second || calls > 110 {
			t.Errorf("warm: %v, %d calls", took, calls)
		}
	})
}
