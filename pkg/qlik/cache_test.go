package qlik_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// cachedProvider speaks to the tenant over a road, and keeps what it reads.
func cachedProvider(t *testing.T, road http.RoundTripper, tenant *inspect.Tenant, file string) *qlik.Provider {
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
	warm, _ := look(t, cachedProvider(t, embedded{tenant}, tenant, file))
	if warm.Cached != 4 || warm.Details != 0 || warm.Reads != cold.Reads-4 {
		t.Errorf("warm: %d known, %d read, %d of %d requests", warm.Cached, warm.Details, warm.Reads, cold.Reads)
	}
	same := cmp.Options{
		cmpopts.IgnoreFields(connection.Snapshot{}, "Reads", "Details", "Cached", "Capabilities"),
		cmpopts.IgnoreFields(connection.Live{}, "Parsed"), // the cache has the redacted properties only
	}
	if diff := cmp.Diff(cold, warm, same); diff != "" {
		t.Errorf("the second snapshot differs from the first (-first +second):\n%s", diff)
	}

	nothing := everything
	nothing.Details = func(*connection.Live) bool { return false }
	if _, err := provider.Snapshot(t.Context(), nothing); err != nil {
		t.Fatal(err)
	}
	stored, _ := tenant.Find("Finance", "Orders lake")
	if err := tenant.Edit(stored.ID, func(c *inspect.Connection) { c.Properties["bucketName"] = "other" }); err != nil {
		t.Fatal(err)
	}
	changed, byKey := look(t, provider)
	if changed.Cached != 3 || changed.Details != 1 || byKey["Finance/Orders lake"].Properties["bucketName"] != "other" {
		t.Errorf("changed: %d known, %d read, %v", changed.Cached, changed.Details, byKey["Finance/Orders lake"].Properties)
	}
}

func TestACacheWithAKeyReadsAgainWhatHasAnotherStatement(t *testing.T) {
	tenant, _ := embed(t, acme, simulator.Options{})
	keyed := func(texts ...string) string {
		return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(texts, "\n"))))
	}
	other := altered{embedded{tenant}, func(response *http.Response) { // with the same time of update
		body, _ := io.ReadAll(response.Body)
		response.Body = io.NopCloser(bytes.NewReader(bytes.ReplaceAll(body, []byte("bucketName=orders;"), []byte("bucketName=other;"))))
	}}
	for name, test := range map[string]struct {
		digest func(...string) string
		road   http.RoundTripper
		read   int
	}{
		"the same, with a key":             {keyed, embedded{tenant}, 0},
		"another statement, with a key":    {keyed, other, 1},
		"the same, without a key":          {nil, embedded{tenant}, 0},
		"another statement, without a key": {nil, other, 0},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "cache.json")
			snapshot := func(road http.RoundTripper) *connection.Snapshot {
				provider, err := qlik.New(qlik.Config{
					URL: "http://127.0.0.1:8080", Auth: qlik.Auth{APIKey: connection.NewSecret(tenant.Token())},
					Project: "finance", HTTPClient: &http.Client{Transport: road}, CacheFile: file, CacheDigest: test.digest,
				})
				if err != nil {
					t.Fatal(err)
				}
				got, _ := look(t, provider)
				return got
			}
			snapshot(embedded{tenant})
			if warm := snapshot(test.road); warm.Details != test.read {
				t.Errorf("got %d connections read again, want %d", warm.Details, test.read)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if hasDigest := strings.Contains(string(text), `"digest"`); strings.Contains(string(text), "CONNECT TO") || hasDigest != (test.digest != nil) {
				t.Errorf("the cache is %s, want only a digest of each statement, and only with a key", text)
			}
		})
	}
}

func TestACacheIsPrivateAndHoldsNoSecret(t *testing.T) {
	file := filepath.Join(t.TempDir(), "private", "cache.json")
	seed := strings.Replace(acme, `{"name": "Leads", "space": "Sales", "dataSource": "rest", "properties": {"url": "https://a.example"}}`,
		`{"name": "Leads", "space": "Sales", "dataSource": "rest", "properties": {"url": "https://me:canary-1@a.example", "queryHeaders": [{"name": "x-api-key", "value": "canary-2"}]}}`, 1)
	if seed == acme {
		t.Fatal("the seed is unchanged, want the canary in it")
	}
	tenant, _ := embed(t, seed, simulator.Options{})
	provider := cachedProvider(t, embedded{tenant}, tenant, file)
	look(t, provider)
	for path, mode := range map[string]os.FileMode{file: 0o600, filepath.Dir(file): 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode && runtime.GOOS != "windows" {
			t.Errorf("%s: got mode %v, error %v; want %v", path, info.Mode(), err, mode)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"canary", connection.Placeholder, "s3cr3t", "AKIA1", "pw1"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the cache holds the secret %q: %s", secret, text)
		}
	}
	if warm, _ := look(t, provider); warm.Details != 1 {
		t.Errorf("%d were read again, and not the one with the secrets", warm.Details)
	}
}

// altered is a service whose answers are changed on the way.
type altered struct {
	embedded
	alter func(*http.Response)
}

func (a altered) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := a.embedded.RoundTrip(request)
	if err == nil {
		a.alter(response)
	}
	return response, err
}

var decimals = regexp.MustCompile(`("updated":"[^".]*)\.\d+Z"`)

// inSeconds takes the decimals off every `updated`.
func inSeconds(response *http.Response) {
	body, _ := io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(decimals.ReplaceAll(body, []byte(`${1}Z"`))))
}

func TestAChangeThatHasTheSameTimeAsTheOneBeforeItIsSeen(t *testing.T) {
	now := time.Date(2040, 1, 1, 12, 0, 0, 0, time.UTC)
	tenant, _ := embed(t, acme, simulator.Options{Now: func() time.Time { return now }})
	provider := cachedProvider(t, altered{embedded{tenant}, inSeconds}, tenant, filepath.Join(t.TempDir(), "cache.json"))
	stored, _ := tenant.Find("Finance", "Orders lake")
	for _, bucket := range []string{"first", "second", "third"} {
		if err := tenant.Edit(stored.ID, func(c *inspect.Connection) { c.Properties["bucketName"] = bucket }); err != nil {
			t.Fatal(err)
		}
		if _, byKey := look(t, provider); byKey["Finance/Orders lake"].Properties["bucketName"] != bucket {
			t.Errorf("got bucket %v, want %s", byKey["Finance/Orders lake"].Properties["bucketName"], bucket)
		}
	}
}

func TestOnlyWhatTheServiceSaysWasUpdatedAMinuteBeforeIsKept(t *testing.T) {
	updated := time.Date(2040, 1, 1, 12, 0, 0, 0, time.UTC)
	tenant, _ := embed(t, acme, simulator.Options{Now: func() time.Time { return updated }})
	stored, _ := tenant.Find("Finance", "Orders lake")
	if err := tenant.Edit(stored.ID, func(c *inspect.Connection) { c.Properties["bucketName"] = "other" }); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, date string
		kept       int // of four; three were updated years ago
	}{
		{"a minute later", updated.Add(time.Minute).Format(http.TimeFormat), 4},
		{"a second less", updated.Add(59 * time.Second).Format(http.TimeFormat), 3},
		{"a clock that is behind", updated.Add(-time.Hour).Format(http.TimeFormat), 3},
		{"no clock", "", 0},
		{"no time", "soon", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			say := func(response *http.Response) { response.Header.Set("Date", test.date) }
			provider := cachedProvider(t, altered{embedded{tenant}, say}, tenant, filepath.Join(t.TempDir(), "cache.json"))
			for _, known := range []int{0, test.kept, test.kept} {
				if got, _ := look(t, provider); got.Cached != known {
					t.Errorf("%d are taken for known, not %d", got.Cached, known)
				}
			}
		})
	}
}

// sealed puts the digest in front, as a cache has it.
func sealed(text string) string { return fmt.Sprintf("%x\n%s", sha256.Sum256([]byte(text)), text) }

func TestACacheOfAnotherCallerOrLayoutIsNotUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cache.json")
	tenant, _ := embed(t, acme, simulator.Options{})
	provider := cachedProvider(t, embedded{tenant}, tenant, file)
	look(t, provider)
	whole, _ := os.ReadFile(file)
	_, text, _ := strings.Cut(string(whole), "\n")
	for name, test := range map[string]struct {
		text  string
		known int
	}{
		"as it was":        {sealed(text), 4},
		"another caller":   {sealed(strings.Replace(text, "u-ana", "u-bob", 1)), 0},
		"another layout":   {sealed(strings.Replace(text, `"version":2`, `"version":1`, 1)), 0},
		"no layout at all": {sealed("{}"), 0},
		"half a file":      {string(whole[:len(whole)/2]), 0},
		"nothing":          {"", 0},
		"edited by hand":   {strings.Replace(string(whole), "a.example", "b.example", 1), 0},
	} {
		if err := errors.Join(os.WriteFile(file, []byte(test.text), 0o600), os.Chmod(file, 0o644)); err != nil {
			t.Fatal(err)
		}
		if got, _ := look(t, provider); got.Cached != test.known {
			t.Errorf("%s: %d are taken for known, not %d", name, got.Cached, test.known)
		}
		if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 && runtime.GOOS != "windows" {
			t.Errorf("%s: got mode %v, error %v after the run; want 0600", name, info.Mode(), err)
		}
	}
}

func TestWhatIsNotOurFileIsNotTakenForACache(t *testing.T) {
	folder := t.TempDir()
	file, other := filepath.Join(folder, "cache.json"), filepath.Join(folder, "other")
	if runtime.GOOS == "windows" {
		t.Skip("links need rights there that tests do not have")
	}
	if err := errors.Join(os.WriteFile(other, []byte("precious"), 0o600), os.Symlink("other", file)); err != nil {
		t.Fatal(err)
	}
	tenant, _ := embed(t, acme, simulator.Options{})
	for _, path := range []string{file, folder} {
		_, err := cachedProvider(t, embedded{tenant}, tenant, path).Snapshot(t.Context(), everything)
		if want := fmt.Sprintf("cache: %q is not a regular file: remove it", path); err == nil || err.Error() != want {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
	if text, _ := os.ReadFile(other); string(text) != "precious" {
		t.Errorf("the target of the link is now %q, want it unchanged", text)
	}
}

func TestACacheOfAnotherUserIsNotRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cache.json")
	tenant, _ := embed(t, acme, simulator.Options{})
	look(t, cachedProvider(t, embedded{tenant}, tenant, file))
	if err := os.Chown(file, 65534, 65534); err != nil {
		t.Skip("only root can make files of another user: ", err)
	}
	_, err := cachedProvider(t, embedded{tenant}, tenant, file).Snapshot(t.Context(), everything)
	if err == nil || !strings.Contains(err.Error(), "belongs to another user") {
		t.Errorf("got error %v, want one about a cache of another user", err)
	}
}

func TestASnapshotIsGivenAlthoughItCannotBeKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sub", "cache.json")
	tenant, _ := embed(t, acme, simulator.Options{})
	remove := func(*http.Response) { _ = os.RemoveAll(filepath.Dir(file)) }
	got, _ := look(t, cachedProvider(t, altered{embedded{tenant}, remove}, tenant, file))
	if got.Details != 4 || got.Unkept == nil {
		t.Errorf("got %d details and error %v, want 4 details and the reason that no cache was kept", got.Details, got.Unkept)
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
		years := time.Until(time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)) // so that the seed is old
		tenant, err := inspect.New(text, simulator.Options{Now: func() time.Time { return time.Now().Add(years) }, RateLimits: simulator.RateLimits{Tier1: simulator.Limit{Requests: limit, Seconds: 300}}})
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
				t.Fatalf("got error %v, want every connection of every space", err)
			}
			return time.Since(start), len(tenant.Requests()) - before
		}
		took, calls := read()
		if best := 2 * 5 * time.Minute; took < best || took > best+best/50+time.Minute/2 || network.refused > 0 {
			t.Errorf("cold: %v, %d calls, %d refused", took, calls, network.refused)
		}
		t.Logf("cold: %v, %d calls; left on the way: %v", took, calls, left)
		if first := left[0]; first < 9*time.Minute || first > 10*time.Minute+time.Second {
			t.Errorf("got an estimate of %v at the beginning, want 9 to 10 minutes", first)
		}
		time.Sleep(5 * time.Minute)
		took, calls = read()
		t.Logf("warm: %v, %d calls", took, calls)
		if took > 3*time.Second || calls > 110 {
			t.Errorf("warm: %v, %d calls", took, calls)
		}
	})
}
