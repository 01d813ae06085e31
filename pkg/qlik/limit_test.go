package qlik_test

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
)

// run sends n requests through some workers and gives the times at which the
// tenant got them.
func run(t *testing.T, limits qlik.Limits, request qlik.Request, n, workers int, latency time.Duration) []time.Duration {
	t.Helper()
	start := time.Now()
	service := newTenant(t, map[string]route{request.Method + " " + request.Path: func(w http.ResponseWriter, _ *http.Request, _ int) {
		time.Sleep(latency)
		say(w, 200, "{}")
	}})
	config := service.config()
	config.Limits = limits
	client, err := qlik.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	work := make(chan struct{}, n)
	for range n {
		work <- struct{}{}
	}
	close(work)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for range work {
				if err := client.Do(t.Context(), request, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	times := make([]time.Duration, len(service.requests))
	for i, r := range service.requests {
		times[i] = r.at.Sub(start)
	}
	return times
}

func TestNoWindowHoldsMoreThanTheLimit(t *testing.T) {
	for name, test := range map[string]struct {
		limits  qlik.Limits
		request qlik.Request
		n       int
		limit   int
		window  time.Duration
		last    time.Duration // at which the last one is sent at the latest
	}{
		"writes keep five of 500 in reserve": {qlik.Limits{}, set, 1200, 495, 5 * time.Minute, 10*time.Minute + 20*time.Second},
		"reads may use 5,000":                {qlik.Limits{}, read, 5100, 5000, 5 * time.Minute, 5*time.Minute + 10*time.Second},
		"a limit of one's own": {
			qlik.Limits{Writes: connection.RateLimit{Requests: 10, Window: time.Minute}, ReservedWrites: 2},
			set, 30, 8, time.Minute, 3*time.Minute + 10*time.Second,
		},
		"a limit smaller than the workers": {
			qlik.Limits{Writes: connection.RateLimit{Requests: 2, Window: time.Second}}, set, 9, 2, time.Second, 6 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				times := run(t, test.limits, test.request, test.n, 8, 100*time.Millisecond)
				if len(times) != test.n {
					t.Fatalf("%d requests", len(times))
				}
				for i := range times[:len(times)-test.limit] {
					if within := times[i+test.limit] - times[i]; within < test.window {
						t.Fatalf("requests %d to %d were sent within %v", i, i+test.limit, within)
					}
				}
				if last := times[len(times)-1]; last > test.last {
					t.Errorf("the last one was sent after %v, later than %v", last, test.last)
				}
			})
		})
	}
}

func TestAFreshWindowIsUsedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		times := run(t, qlik.Limits{}, set, 400, 8, 50*time.Millisecond)
		if last := times[len(times)-1]; last > 3*time.Second {
			t.Errorf("400 writes took %v", last)
		}
	})
}
