package qlik_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

const (
	workers = 8
	latency = 100 * time.Millisecond
)

// road is the way to a service in memory: half of the latency there, half of it
// back. It notes what the rate limit says and who does not care.
type road struct {
	service http.Handler
	latency time.Duration // of the way there and back; zero: [latency]

	mu      sync.Mutex
	refused int         // 429
	times   []time.Time // of the 429s
	noticed time.Time   // when the last 429 came back
	closed  time.Time   // until when the tier is known to be closed
	ignored int         // requests that were sent to the closed tier
}

func (n *road) RoundTrip(r *http.Request) (*http.Response, error) {
	n.send()
	way := cmp.Or(n.latency, latency) / 2
	time.Sleep(way)
	recorder := httptest.NewRecorder()
	n.service.ServeHTTP(recorder, r)
	time.Sleep(way)
	n.receive(recorder)
	return recorder.Result(), nil
}

// send and receive take two things that happen at the same time for unaware of
// each other.
func (n *road) send() {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	if now.After(n.noticed) && now.Before(n.closed) {
		n.ignored++
	}
}

func (n *road) receive(answer *httptest.ResponseRecorder) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if answer.Code != http.StatusTooManyRequests {
		return
	}
	n.refused++
	n.times = append(n.times, time.Now())
	seconds, _ := strconv.Atoi(answer.Header().Get("Retry-After"))
	n.noticed = time.Now()
	n.closed = n.noticed.Add(time.Duration(seconds) * time.Second)
}

// most returns the largest number of 429s within a window.
func (n *road) most(window time.Duration) (most int) {
	for i := range n.times {
		within := 0
		for _, at := range n.times[i:] {
			if at.Sub(n.times[i]) < window {
				within++
			}
		}
		most = max(most, within)
	}
	return most
}

// bucket is a service that counts otherwise: so many tokens, which come back evenly
// over the window.
type bucket struct {
	http.Handler
	limit connection.RateLimit

	mu     sync.Mutex
	tokens float64
	last   time.Time
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if wait := b.take(); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	b.Handler.ServeHTTP(w, r)
}

func (b *bucket) take() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	rate := float64(b.limit.Requests) / b.limit.Window.Seconds()
	if b.last.IsZero() {
		b.tokens = float64(b.limit.Requests)
	}
	b.tokens = min(float64(b.limit.Requests), b.tokens+time.Since(b.last).Seconds()*rate)
	b.last = time.Now()
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) / rate * float64(time.Second))
	}
	b.tokens--
	return 0
}

// makespan sends n writes as fast as the client does it with some workers, and returns
// the time that they took.
func makespan(t *testing.T, n *road, tenant *inspect.Tenant, writes, workers int) time.Duration {
	t.Helper()
	client, err := qlik.NewClient(qlik.Config{
		URL: "http://127.0.0.1:8080", Auth: qlik.Auth{APIKey: connection.NewSecret(tenant.Token())}, HTTPClient: &http.Client{Transport: n},
	})
	if err != nil {
		t.Fatal(err)
	}
	work := make(chan struct{}, writes)
	for range writes {
		work <- struct{}{}
	}
	close(work)
	start := time.Now()
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for range work {
				if err := client.Do(t.Context(), renaming(tenant), nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	return time.Since(start)
}

func renaming(tenant *inspect.Tenant) qlik.Request {
	stored, _ := tenant.Find("Finance", "Orders lake")
	return qlik.Request{
		Method: http.MethodPatch, Path: connections + "/" + stored.ID, Repeatable: true,
		Body: []map[string]any{{"op": "replace", "path": "/qName", "value": "Orders lake"}},
	}
}

// others sends so many writes of another client of the same user, evenly over a
// time, and returns how many were admitted.
func others(t *testing.T, tenant *inspect.Tenant, writes int, over time.Duration) (admitted int) {
	t.Helper()
	request := renaming(tenant)
	for range writes {
		r := httptest.NewRequest(request.Method, "http://127.0.0.1:8080"+request.Path, strings.NewReader(`[{"op":"replace","path":"/qName","value":"Orders lake"}]`))
		r.Header.Set("Authorization", "Bearer "+tenant.Token())
		r.Header.Set("Content-Type", "application/json")
		recorder := httptest.NewRecorder()
		tenant.ServeHTTP(recorder, r)
		if recorder.Code == http.StatusNoContent {
			admitted++
		}
		time.Sleep(over / time.Duration(writes))
	}
	return admitted
}

// optimum is the shortest time for n writes of which any window takes so many: the
// windows that must pass, and the round trips behind the last of them.
func optimum(n int, limit connection.RateLimit) time.Duration {
	windows := (n - 1) / limit.Requests
	return time.Duration(windows)*limit.Window + time.Duration(roundTrips(n-windows*limit.Requests, windows == 0))*latency
}

// roundTrips is how many round trips so many writes take. In a fresh window the first goes
// alone, as nothing is known of the limit.
func roundTrips(n int, fresh bool) (trips int) {
	if fresh {
		return 1 + (n-1+workers-1)/workers
	}
	return (n + workers - 1) / workers
}

// TestMakespan measures, in fake time, how long writes take compared with the
// shortest time that the service's limit allows.
func TestMakespan(t *testing.T) {
	window := 5 * time.Minute
	whole := connection.RateLimit{Requests: 500, Window: window}
	half := connection.RateLimit{Requests: 250, Window: window}
	minute := connection.RateLimit{Requests: 100, Window: time.Minute}
	slowMinute := connection.RateLimit{Requests: 50, Window: time.Minute}
	evenly := connection.RateLimit{Requests: 1, Window: 600 * time.Millisecond}
	for _, test := range []struct {
		name    string
		limit   connection.RateLimit // what is left for us
		service connection.RateLimit // of the service; zero: the same
		bucket  bool
		passes  time.Duration // until there is any room
		before  func(*testing.T, *inspect.Tenant)
		during  func(*testing.T, *inspect.Tenant)
		writes  []int
		ratio   float64
		refused int // at most, in any five minutes
	}{
		{name: "documented", limit: whole, writes: []int{100, 500, 501, 1000, 5000}, ratio: 1.02},
		{name: "token bucket", limit: whole, bucket: true, writes: []int{100, 500, 501, 1000, 5000}, ratio: 1.02},
		{name: "strict minute", limit: minute, writes: []int{100, 500, 1000}, ratio: 1.15, refused: workers},
		{name: "strict minute of 50", limit: slowMinute, writes: []int{50, 100, 500}, ratio: 1.15, refused: workers},
		{name: "half", limit: half, writes: []int{250, 500, 1000}, ratio: 1.15, refused: workers},
		{
			name: "used up by others at once", limit: whole, passes: 200 * time.Second, writes: []int{5, 400}, ratio: 1.15, refused: workers,
			before: func(t *testing.T, tenant *inspect.Tenant) {
				others(t, tenant, 500, 5*time.Second)
				time.Sleep(95 * time.Second)
			},
		},
		{
			name: "used up by others evenly", limit: evenly, service: whole, passes: time.Second, writes: []int{100, 400}, ratio: 1.15, refused: workers,
			before: func(t *testing.T, tenant *inspect.Tenant) { others(t, tenant, 500, window-time.Second) },
		},
		{
			name: "half taken by others", limit: half, service: whole, writes: []int{500, 1000, 2000}, ratio: 1.15, refused: workers,
			before: func(t *testing.T, tenant *inspect.Tenant) { others(t, tenant, 250, window) },
			during: func(t *testing.T, tenant *inspect.Tenant) { others(t, tenant, 1, 1200*time.Millisecond) },
		},
	} {
		for _, n := range test.writes {
			t.Run(fmt.Sprintf("%s, %d writes", test.name, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					tenant, network := limited(t, cmp.Or(test.service, test.limit), test.bucket)
					if test.before != nil {
						test.before(t, tenant)
					}
					done, ended := make(chan struct{}), make(chan struct{})
					go func() {
						defer close(ended)
						for test.during != nil {
							select {
							case <-done:
								return
							default:
								test.during(t, tenant)
							}
						}
					}()
					took, best := makespan(t, network, tenant, n, workers), test.passes+optimum(n, test.limit)
					close(done)
					<-ended
					ratio := took.Seconds() / best.Seconds()
					t.Logf("%s, %d writes: %.1f s of %.1f s, ratio %.4f, %d refused, %d in a window", test.name, n, took.Seconds(), best.Seconds(), ratio, network.refused, network.most(window))
					if ratio > test.ratio || network.most(window) > test.refused {
						t.Errorf("ratio %.4f and %d refused in a window, want a ratio of %v and %d refused at most", ratio, network.most(window), test.ratio, test.refused)
					}
					if network.ignored > 0 {
						t.Errorf("%d requests were sent to a closed tier", network.ignored)
					}
				})
			})
		}
	}
}

// TestNothingFailsUnderAnyLimit draws limits of any kind, which others have used and
// go on to use in part: it takes its time, and no request is given up.
func TestNothingFailsUnderAnyLimit(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		limit := connection.RateLimit{
			Requests: rapid.SampledFrom([]int{20, 50, 100, 250, 500}).Draw(r, "limit"),
			Window:   rapid.SampledFrom([]time.Duration{20 * time.Second, time.Minute, 5 * time.Minute}).Draw(r, "window"),
		}
		isBucket := rapid.Bool().Draw(r, "token bucket")
		workers := rapid.SampledFrom([]int{1, 2, 8, 16}).Draw(r, "workers")
		way := rapid.SampledFrom([]time.Duration{20 * time.Millisecond, latency, time.Second}).Draw(r, "latency")
		used := rapid.IntRange(0, limit.Requests).Draw(r, "used by others")
		over := time.Duration(rapid.IntRange(1, 300).Draw(r, "over seconds")) * time.Second
		writes := rapid.IntRange(1, 150).Draw(r, "writes")
		during := time.Duration(rapid.SampledFrom([]float64{0, 2, 5}).Draw(r, "others go on") * float64(limit.Window) / float64(limit.Requests))
		synctest.Test(t, func(t *testing.T) {
			tenant, network := limited(t, limit, isBucket)
			network.latency = way
			other := func() {
				if b, ok := network.service.(*bucket); ok {
					b.take()
				} else {
					others(t, tenant, 1, 1)
				}
			}
			for range used {
				other()
				time.Sleep(over / time.Duration(used))
			}
			ctx, cancel := context.WithCancel(t.Context())
			var group sync.WaitGroup
			group.Go(func() {
				for during > 0 && ctx.Err() == nil {
					other()
					time.Sleep(during)
				}
			})
			makespan(t, network, tenant, writes, workers)
			cancel()
			group.Wait()
			if network.ignored > 0 {
				t.Errorf("%d requests were sent to a closed tier", network.ignored)
			}
		})
	})
}

// TestAFew429WithoutALimitCostLittle refuses one write in twenty, of any kind.
func TestAFew429WithoutALimitCostLittle(t *testing.T) {
	const wait = 2
	var took, best time.Duration
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			tenant, network := limited(t, connection.RateLimit{Requests: 500, Window: 5 * time.Minute}, false)
			var mu sync.Mutex
			random := rand.New(rand.NewPCG(seed, 1))
			network.service = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				moody := random.IntN(20) == 0
				mu.Unlock()
				if moody {
					w.Header().Set("Retry-After", strconv.Itoa(wait))
					w.WriteHeader(http.StatusTooManyRequests)
					return
				}
				tenant.ServeHTTP(w, r)
			})
			took += makespan(t, network, tenant, 200, workers)
			best += optimum(200, connection.RateLimit{Requests: 500, Window: 5 * time.Minute}) + time.Duration(network.refused*wait)*time.Second
		})
	}
	t.Logf("%.0f s of %.0f s", took.Seconds(), best.Seconds())
	if took > 5*best/2 {
		t.Errorf("%v, and %v would do", took, best)
	}
}

// TestABurstOf429sCostsAWindowOnlyAfterAQuarterOfTheLimit refuses all requests that are
// under way at once. After few admitted ones that says only how many workers there are, and
// the next request finds room. After many of them others use the tier, and one more request
// would be one 429 too many.
func TestABurstOf429sCostsAWindowOnlyAfterAQuarterOfTheLimit(t *testing.T) {
	const workers = 10
	for _, test := range []struct {
		name       string
		admitted   int           // one alone, and full rounds of all workers
		room       time.Duration // when the service admits the rest
		retryAfter int
		most       time.Duration
	}{
		{"few admitted", 1 + 2*workers, 5 * time.Second, 5, 2 * time.Minute},
		{"many admitted", 1 + 13*workers, 5 * time.Minute, 1, 6 * time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tenant, network := limited(t, connection.RateLimit{Requests: 500, Window: time.Second}, false)
				start, admitted := time.Now(), 0
				var mu sync.Mutex
				network.service = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					mu.Lock()
					defer mu.Unlock()
					if admitted == test.admitted && time.Since(start) < test.room {
						w.Header().Set("Retry-After", strconv.Itoa(test.retryAfter))
						w.WriteHeader(http.StatusTooManyRequests)
						return
					}
					admitted++
					tenant.ServeHTTP(w, r)
				})
				took := makespan(t, network, tenant, 200, workers)
				if took > test.most || network.refused != workers {
					t.Errorf("200 writes took %v and %d were refused, want %v at most, and one burst of %d", took, network.refused, test.most, workers)
				}
			})
		})
	}
}

// limited makes a tenant with a limit, and the road to it.
func limited(t *testing.T, limit connection.RateLimit, isBucket bool) (*inspect.Tenant, *road) {
	t.Helper()
	own := simulator.Limit{Requests: limit.Requests, Seconds: int(limit.Window.Seconds())}
	if isBucket {
		own.Requests = math.MaxInt32
	}
	tenant, err := inspect.New([]byte(acme), simulator.Options{RateLimits: simulator.RateLimits{Tier2: own}})
	if err != nil {
		t.Fatal(err)
	}
	if isBucket {
		return tenant, &road{service: &bucket{Handler: tenant, limit: limit}}
	}
	return tenant, &road{service: tenant}
}
