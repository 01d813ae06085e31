package chaos_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/qlik"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// line is a way to the tenant that takes its time, and notes how often the rate limit
// refused.
type line struct {
	service http.Handler
	latency time.Duration

	mu      sync.Mutex
	sent    int
	refused int
}

func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(l.latency / 2)
	response, _, err := serve(l.service, r)
	time.Sleep(l.latency / 2)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent++
	if err == nil && response.StatusCode == http.StatusTooManyRequests {
		l.refused++
	}
	return response, err
}

// engine is everything between files and a tenant.
type engine struct {
	testing.TB
	provider *qlik.Provider
	desired  []connection.Desired
	moves    []connection.Move
	workers  int
	full     bool // the list proves nothing
}

func newEngine(t testing.TB, tenant *inspect.Tenant, l *line, limits qlik.Limits, workers int) *engine {
	t.Helper()
	provider, err := qlik.New(qlik.Config{
		URL: "http://127.0.0.1:8080", Auth: qlik.Auth{APIKey: connection.NewSecret(tenant.Token())}, Project: project,
		HTTPClient: &http.Client{Transport: l}, Limits: limits, Parallelism: workers,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &engine{TB: t, provider: provider, workers: workers}
}

// declare adds connections that are not there yet.
func (e *engine) declare(n int) {
	for i := range n {
		e.desired = append(e.desired, connection.Desired{
			Space: connection.SpaceRef{Name: "Finance"}, Name: fmt.Sprintf("Lake %04d", i), DataSource: lake,
			Properties: map[string]any{"bucketName": fmt.Sprint("bucket-", i)}, Credentials: credentials("old"),
		})
	}
}

func (e *engine) read(ctx context.Context, touched func(*connection.Live) bool) (plan.Input, error) {
	in := plan.Input{
		Project: project, Tenant: plan.Tenant{Name: "test", URL: "http://127.0.0.1:8080"},
		Policy: connection.Policy{
			Prune: connection.PruneOwned, Adopt: connection.AdoptMatching, Update: connection.UpdatePatch,
			MaxDeletes: connection.MaxDeletes{Count: 100_000},
		},
		Desired: e.desired, Moves: e.moves, Rules: qlik.Rules{},
		Spaces: []connection.SpaceRef{{Name: "Finance"}, {Name: "Sales"}},
	}
	var err error
	if in.Catalog, err = e.provider.DataSources(ctx, e.sources()); err != nil {
		return in, err
	}
	scope := plan.Scope(in)
	if !e.full {
		scope.Equals, scope.Day = plan.Equals(in), time.Now().Format(time.DateOnly)
	}
	if touched != nil {
		scope.Details = touched
	}
	in.Snapshot, err = e.provider.Snapshot(ctx, scope)
	return in, err
}

// sources lists the data sources of what is declared.
func (e *engine) sources() (ids []string) {
	for i := range e.desired {
		ids = append(ids, e.desired[i].DataSource)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// plan reads the tenant and plans.
func (e *engine) plan() *plan.Plan {
	e.Helper()
	in, err := e.read(context.Background(), nil)
	if err != nil {
		e.Fatal(err)
	}
	p, problems, err := makeDetailed(context.Background(), e.provider, &in)
	if err != nil {
		e.Fatal(err)
	}
	if err := problems.Err(); err != nil || p.Refusal != nil {
		e.Fatalf("got error %v and refusal %+v, want neither", err, p.Refusal)
	}
	return p
}

// apply carries a plan out and reads again what it has touched.
func (e *engine) apply(p *plan.Plan) *apply.Result {
	e.Helper()
	result, err := apply.Run(context.Background(), p, apply.Options{
		Execute: e.provider.Execute, ExecuteGroup: e.provider.ExecuteGroup, Parallelism: e.workers, Again: e.read,
		Detail: detailChanges(e.provider),
		Resolve: func(ref connection.Reference) (connection.Secret, error) {
			return connection.NewSecret(value(ref)), nil
		},
	})
	if err != nil {
		e.Fatal(err)
	}
	if l := result.Ledger; l.Planned != len(p.Changes) || l.Done+l.Failed+l.Blocked+l.Skipped != l.Planned {
		e.Errorf("the ledger does not add up: %+v", l)
	}
	return result
}

const empty = `{"token": "key-of-ana", "users": [{"id": "u-ana", "name": "Ana", "email": "ana@example.com", "roles": ["TenantAdmin"]}],
 "spaces": [{"name": "Finance", "type": "shared"}, {"name": "Sales", "type": "managed"}], "rateLimits": {"tier2": {"requests": 500, "seconds": 300}}}`

func newTenant(t testing.TB, o simulator.Options) *inspect.Tenant {
	t.Helper()
	tenant, err := inspect.New([]byte(empty), o)
	if err != nil {
		t.Fatal(err)
	}
	return tenant
}

// boundless is a tenant without a limit of writes.
var boundless = simulator.RateLimits{Tier2: simulator.Limit{Requests: math.MaxInt32, Seconds: 1}}

// bucket is a limit of writes as other services have it: so many a second, a burst,
// and a Retry-After that has nothing to do with when there is room again.
type bucket struct {
	http.Handler
	rate, burst float64 // a second; at once
	retryAfter  int

	mu     sync.Mutex
	tokens float64
	last   time.Time
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && !b.take() {
		w.Header().Set("Retry-After", strconv.Itoa(b.retryAfter))
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	b.Handler.ServeHTTP(w, r)
}

func (b *bucket) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last.IsZero() {
		b.tokens = b.burst
	}
	b.tokens = min(b.burst, b.tokens+time.Since(b.last).Seconds()*b.rate)
	b.last = time.Now()
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// TestTwoHundredCreatesFinishUnderALimitOfTenASecond is where decK stops after 20 and
// never mentions the rest. Who declares the limit is as fast as it allows; who does
// not loses time, and nothing else.
func TestTwoHundredCreatesFinishUnderALimitOfTenASecond(t *testing.T) {
	for name, test := range map[string]struct {
		limits    qlik.Limits
		from, to  time.Duration
		noRefusal bool
	}{
		"declared":     {qlik.Limits{Writes: connection.RateLimit{Requests: 20, Window: 2 * time.Second}}, 18 * time.Second, 25 * time.Second, true},
		"not declared": {qlik.Limits{}, 18 * time.Second, 2 * time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tenant := newTenant(t, simulator.Options{RateLimits: boundless})
				l := &line{service: &bucket{Handler: tenant, rate: 10, burst: 20, retryAfter: 5}, latency: 20 * time.Millisecond}
				e := newEngine(t, tenant, l, test.limits, 10)
				e.declare(200)
				p := e.plan()
				start := time.Now()
				result := e.apply(p)
				took := time.Since(start)
				t.Logf("200 creates: %v, %d refused by the limit", took, l.refused)
				if result.Ledger.Done != 200 || !result.Complete() || len(tenant.Connections()) != 200 {
					t.Errorf("ledger %+v, %d connections, not verified: %s", result.Ledger, len(tenant.Connections()), result.Unverified.String())
				}
				if took < test.from || took > test.to || test.noRefusal && l.refused > 0 {
					t.Errorf("took %v with %d refusals, want the time and the refusals of the case", took, l.refused)
				}
			})
		})
	}
}

// TestOneBadItemAmongAThousandStopsNobody is where decK leaves 57 done and does not
// mention 940.
func TestOneBadItemAmongAThousandStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := simulator.Fault{Method: http.MethodPost, Path: "/api/v1/data-connections", Skip: 57, Status: http.StatusBadRequest}
		tenant := newTenant(t, simulator.Options{Faults: []simulator.Fault{bad}})
		e := newEngine(t, tenant, &line{service: tenant, latency: 20 * time.Millisecond}, qlik.Limits{}, 10)
		e.declare(1000)
		result := e.apply(e.plan())
		if want := (apply.Ledger{Planned: 1000, Done: 999, Failed: 1}); result.Ledger != want {
			t.Errorf("got ledger %+v, want %+v", result.Ledger, want)
		}
		if result = e.apply(e.plan()); result.Ledger != (apply.Ledger{Planned: 1, Done: 1}) {
			t.Errorf("the second time: %+v", result.Ledger)
		}
	})
}

// TestAThousandCreatesKeepTenWorkersBusy takes 2 s at 20 ms a call and ten workers, and
// what it takes to look at them again; BenchmarkThousandCreates has it in real time.
func TestAThousandCreatesKeepTenWorkersBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if took := thousandCreates(t); took > 2500*time.Millisecond {
			t.Errorf("took %v for a thousand creates, want at most 2.5s", took)
		}
	})
}

// BenchmarkThousandCreates measures 1,000 creates at 20 ms a call and ten workers in
// real time. The bound is 2.5 s.
func BenchmarkThousandCreates(b *testing.B) {
	var took time.Duration
	for b.Loop() {
		took = thousandCreates(b)
	}
	b.ReportMetric(took.Seconds(), "s/1000-creates")
	b.ReportMetric(took.Seconds()/2.5, "of-2.5s")
}

// thousandCreates creates 1,000 connections, without reading them again.
func thousandCreates(t testing.TB) time.Duration {
	tenant := newTenant(t, simulator.Options{RateLimits: boundless})
	limits := qlik.Limits{Writes: connection.RateLimit{Requests: 1_000_000, Window: time.Minute}}
	e := newEngine(t, tenant, &line{service: tenant, latency: 20 * time.Millisecond}, limits, 10)
	e.declare(1000)
	p := e.plan()
	start := time.Now()
	result, err := apply.Run(context.Background(), p, apply.Options{
		Execute: e.provider.Execute, ExecuteGroup: e.provider.ExecuteGroup, Parallelism: 10,
		Resolve: func(ref connection.Reference) (connection.Secret, error) {
			return connection.NewSecret(value(ref)), nil
		},
	})
	if err != nil || result.Ledger.Done != 1000 {
		t.Fatalf("got error %v and %+v, want a thousand creates done", err, result)
	}
	return time.Since(start)
}

// TestTheForecastIsWhatHappens compares what a plan says it costs with what the apply
// that carries it out does, its own reading included.
func TestTheForecastIsWhatHappens(t *testing.T) {
	for _, n := range []int{100, 500, 501, 1200} {
		t.Run(fmt.Sprintf("%d creates", n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tenant := newTenant(t, simulator.Options{})
				e := newEngine(t, tenant, &line{service: tenant, latency: 20 * time.Millisecond}, qlik.Limits{}, 8)
				e.full = true // with proofs it is an upper bound of the reads
				e.declare(n)
				forecast := e.plan().Estimate
				before, start := len(tenant.Requests()), time.Now()
				e.apply(e.plan())
				took := time.Since(start)
				reads, writes := 0, 0
				for _, request := range tenant.Requests()[before:] {
					if request.Tier == 2 {
						writes++
					} else {
						reads++
					}
				}
				// The forecast is of the waiting alone; the calls take their time besides.
				calls := time.Duration((reads+writes)/8+8) * 20 * time.Millisecond
				waited := max(0, took-calls).Seconds()
				t.Logf("forecast %+v; %d reads, %d writes, %.1f s of waiting", forecast, reads, writes, waited)
				if writes != forecast.Tier2Calls || off(forecast.Tier1Calls, reads) > 0.1 || waited > 1.1*float64(forecast.Seconds)+1 || waited < 0.9*float64(forecast.Seconds) {
					t.Errorf("forecast %+v; %d reads, %d writes, %.1f s of waiting", forecast, reads, writes, waited)
				}
			})
		})
	}
}

// off is the distance of a forecast from the truth, as a share of the truth.
func off(forecast, truth int) float64 {
	return math.Abs(float64(forecast-truth)) / float64(truth)
}
