package chaos_test

import (
	"flag"
	"fmt"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

var soak = flag.Int("soak", 500, "how many steps the soak takes")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// mostMemory is how much memory a soak of any length may hold, in bytes.
const mostMemory = 512 << 20

// TestALongRunUnderFaultsLeavesNothingBehind carries out thousands of mixed steps while
// one request in twenty goes wrong, in fake time. What is left is done by two more
// applies; no goroutine outlives its run, which the bubble and goleak see to, and the
// memory does not grow beyond a bound.
func TestALongRunUnderFaultsLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := *soak / 5
		tenant, err := inspect.New([]byte(empty), simulator.Options{Faults: everyTwentieth(12 * *soak)})
		if err != nil {
			t.Fatal(err)
		}
		e := newEngine(t, tenant, &line{service: tenant, latency: 20 * time.Millisecond}, qlik.Limits{}, 8)
		e.mix(tenant, n)
		start, most := time.Now(), uint64(0)
		for round := 1; ; round++ {
			p := e.plan()
			if p.Empty() {
				break
			}
			if round == 1 && len(p.Steps) < *soak {
				t.Errorf("%d steps, not %d", len(p.Steps), *soak)
			}
			if round > 3 {
				t.Fatalf("after three applies there is something left to do: %+v", p.Summary)
			}
			began, before := time.Now(), writes(tenant)
			l := e.apply(p).Ledger
			took, least := time.Since(began), time.Duration((writes(tenant)-before-1)/500)*5*time.Minute
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			most = max(most, memory.HeapInuse)
			t.Logf("round %d: %d steps, %+v, %d MiB, after %v", round, len(p.Steps), l, memory.HeapInuse>>20, time.Since(start).Round(time.Second))
			if l.Failed > l.Planned/20 || l.Skipped > 0 {
				t.Errorf("got ledger %+v, want at most one failure in 20 and nothing skipped", l)
			}
			if took > least*5/4+10*time.Minute {
				t.Errorf("took %v, want at most a quarter more than %v", took, least)
			}
		}
		if most > mostMemory {
			t.Errorf("%d MiB were in use", most>>20)
		}
		for _, c := range tenant.Connections() {
			if !tenant.HasCredentials(c.ID) {
				t.Errorf("%q has lost its credentials", c.Name)
			}
		}
		if misuse := tenant.Misuse(); len(misuse) > 0 {
			t.Errorf("got misuse %q, want none", misuse)
		}
	})
}

// writes counts those that a tenant has got.
func writes(tenant *inspect.Tenant) (n int) {
	for _, request := range tenant.Requests() {
		if request.Tier == 2 {
			n++
		}
	}
	return n
}

// everyTwentieth is a fault for each twentieth of so many requests, of the kinds that
// pass.
func everyTwentieth(requests int) []simulator.Fault {
	kinds := []simulator.Fault{
		{Status: http.StatusServiceUnavailable},
		{Cut: simulator.CutBefore},
		{Body: "<h1>Bad Gateway</h1>"},
		{Cut: simulator.CutAfter},
		{RetryAfter: 2},
		{Truncate: true},
		{Latency: time.Second},
	}
	faults := make([]simulator.Fault, requests/20)
	for i := range faults {
		faults[i] = kinds[i%len(kinds)]
		faults[i].Skip = 19 * (i + 1) // of those that the ones before it let through
	}
	return faults
}

// mix fills the tenant and declares, for each fifth of the steps, something else:
// creates, updates, recreates, renames and other credentials. Besides, some are moved
// and some are no longer declared.
func (e *engine) mix(tenant *inspect.Tenant, n int) {
	e.Helper()
	for i := range n {
		for _, fate := range []fate{updates, recreated, renamed, rotates, moves, retires, appears} {
			s := story{fate: fate, before: connection.Key{Space: "Finance", Name: fmt.Sprintf("%s %04d", fate, i)}, bucket: "old", secret: "old"}
			s.after = s.before
			e.turn(tenant, &s)
		}
	}
}

// turn adds one connection to the tenant, and what becomes of it to the files.
func (e *engine) turn(tenant *inspect.Tenant, s *story) {
	e.Helper()
	if s.fate != appears {
		if _, err := tenant.Add(inspect.SeedConnection{
			Name: s.before.Name, Space: s.before.Space, DataSource: lake,
			Properties:  map[string]any{"bucketName": "old", "region": "eu-west-1"},
			Credentials: map[string]any{"accessKey": "key", "secretKey": "old"},
			Tags: []string{
				"qlsync:" + project, "qlsync-key:" + connection.KeyDigest(s.before),
				"qlsync-credentials:" + connection.CredentialsRecord(0, credentials("old"), ana),
			},
		}); err != nil {
			e.Fatal(err)
		}
	}
	switch s.fate {
	case updates, recreated:
		s.bucket = "new"
	case rotates:
		s.secret = "new"
	case renamed:
		s.after.Name += " again"
	case moves:
		s.after.Space = "Sales"
	case retires:
		return
	}
	w := world{stories: []story{*s}}
	if s.fate == appears {
		w.stories[0].before = connection.Key{}
	}
	desired, moved := w.files()
	e.desired, e.moves = append(e.desired, desired...), append(e.moves, moved...)
}
