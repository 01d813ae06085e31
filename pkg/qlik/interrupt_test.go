package qlik_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
)

// slow answers after ten seconds, or not at all if the request is broken off.
func slow(status int, body string) route {
	return func(w http.ResponseWriter, r *http.Request, _ int) {
		select {
		case <-time.After(10 * time.Second):
			say(w, status, body)
		case <-r.Context().Done():
		}
	}
}

func closed(w http.ResponseWriter, _ *http.Request, _ int) {
	w.Header().Set("Retry-After", "500")
	say(w, 429, "{}")
}

// TestAnInterruptEndsWaitsAndReadsAndLetsWritesFinish interrupts one operation
// after two seconds.
func TestAnInterruptEndsWaitsAndReadsAndLetsWritesFinish(t *testing.T) {
	create := []connection.Operation{{Kind: connection.Create, Name: "A", Space: &financeSpace, DataSource: "rest", Record: &ours}}
	rename := []connection.Operation{{Kind: connection.Patch, ID: "c1", Name: "B"}}
	tag := []connection.Operation{{Kind: connection.Patch, ID: "c1", Tags: &[]string{"a"}}}
	bulk := []connection.Operation{
		{Kind: connection.BulkUpdate, ID: "c1", OwnerID: "u1"}, {Kind: connection.BulkUpdate, ID: "c2", OwnerID: "u1"},
	}
	remove := []connection.Operation{{Kind: connection.Patch, ID: "c1", Remove: []string{"region"}}}
	live := `{"qID": "c1", "qName": "Orders lake", "connectionProperties": {"region": "x"}}`
	for name, test := range map[string]struct {
		routes     map[string]route
		operations []connection.Operation
		kinds      []error // of every outcome; nil: done
		ends       time.Duration
	}{
		"a create that was sent is waited for": {map[string]route{"POST " + connections: slow(201, `{"qID": "c1"}`)}, create, nil, 10 * time.Second},
		"a patch that was sent is waited for":  {map[string]route{"PATCH " + one: slow(204, "")}, rename, nil, 10 * time.Second},
		"a refusal is waited for":              {map[string]route{"PATCH " + one: slow(409, "")}, rename, []error{connection.ErrConflict}, 10 * time.Second},
		"a write in front of a closed tier is not sent": {
			map[string]route{"PATCH " + one: closed}, rename, []error{connection.ErrNotSent, context.Canceled}, 2 * time.Second,
		},
		"a bulk action in front of a closed tier is not sent": {
			map[string]route{"POST " + connections + "/actions/update": closed}, bulk, []error{connection.ErrNotSent, context.Canceled}, 2 * time.Second,
		},
		"a create that may have happened stays unknown": {
			map[string]route{"POST " + connections: slow(503, "")}, create, []error{connection.ErrUnknownOutcome}, 10 * time.Second,
		},
		"a patch that may have happened stays unknown": {
			map[string]route{"PATCH " + one: slow(503, "")}, rename, []error{connection.ErrUnknownOutcome}, 10 * time.Second,
		},
		"a patch that removes and may have happened stays unknown": {
			map[string]route{"GET " + one: always(200, live), "PATCH " + one: slow(503, "")}, remove, []error{connection.ErrUnknownOutcome}, 10 * time.Second,
		},
		"a patch that is still reading is not sent": {
			map[string]route{"GET " + one: slow(200, live)}, tag, []error{connection.ErrNotSent, context.Canceled}, 2 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(2*time.Second, cancel)
				start := time.Now()
				outcomes := newTenant(t, test.routes).provider().Execute(ctx, test.operations)
				if took := time.Since(start); took != test.ends {
					t.Errorf("took %v, want %v", took, test.ends)
				}
				for _, outcome := range outcomes {
					for _, kind := range []error{connection.ErrNotSent, connection.ErrUnknownOutcome, connection.ErrConflict, context.Canceled} {
						wanted := slices.Contains(test.kinds, kind) || kind == context.Canceled
						if errors.Is(outcome.Err, kind) && !wanted || !errors.Is(outcome.Err, kind) && slices.Contains(test.kinds, kind) {
							t.Errorf("got %v and Is(%v) = %v, want one of %v", outcome.Err, kind, errors.Is(outcome.Err, kind), test.kinds)
						}
					}
					if (outcome.Err == nil) != (test.kinds == nil) {
						t.Errorf("got error %v, want one of %v", outcome.Err, test.kinds)
					}
				}
			})
		})
	}
}

func TestNothingIsSentAfterTheInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n := newTenant(t, nil)
	outcomes := n.provider().Execute(ctx, []connection.Operation{{Kind: connection.Patch, ID: "c1", Name: "B"}})
	if !errors.Is(outcomes[0].Err, connection.ErrNotSent) || len(n.log()) > 0 {
		t.Errorf("got error %v after %v, want ErrNotSent after no request", outcomes[0].Err, n.log())
	}
}

func TestTheEndOfTheLifetimeBreaksOffWritesToo(t *testing.T) {
	for name, test := range map[string]struct {
		answer route
		kind   error
	}{
		"that were sent":                 {slow(204, ""), connection.ErrUnknownOutcome},
		"that wait for their tier":       {closed, connection.ErrNotSent},
		"that pause before another try":  {always(503, ""), connection.ErrUnknownOutcome},
		"that were refused at that time": {always(409, ""), connection.ErrConflict},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lifetime, end := context.WithCancel(t.Context())
				time.AfterFunc(time.Second/4, end)
				config := newTenant(t, map[string]route{"PATCH " + one: test.answer}).config()
				config.Lifetime = lifetime
				client, err := qlik.NewClient(config)
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				err = client.Do(context.WithoutCancel(t.Context()), set, nil)
				if !errors.Is(err, test.kind) || time.Since(start) > time.Second/4 {
					t.Errorf("got error %[2]v after %[1]v, want %[3]v within a quarter of a second", time.Since(start), err, test.kind)
				}
			})
		})
	}
}

func TestAProviderReportsWhatItsRequestsWaitFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := newTenant(t, map[string]route{"PATCH " + one: always(204, ""), "GET " + spaces: always(200, "{}")}).config()
		config.Limits.Writes = connection.RateLimit{Requests: 2, Window: time.Minute}
		provider, err := qlik.New(config)
		if err != nil {
			t.Fatal(err)
		}
		do := func(request qlik.Request) {
			if err := provider.Client().Do(t.Context(), request, nil); err != nil {
				t.Error(err)
			}
		}
		do(set)
		do(set)
		do(read)
		if wait := provider.Waiting(); wait != (connection.Wait{}) {
			t.Errorf("got %v before any request, want no wait", wait)
		}
		until := time.Now().Add(time.Minute)
		var waiting sync.WaitGroup
		waiting.Go(func() { do(set) })
		synctest.Wait()
		for range 2 {
			if wait := provider.Waiting(); wait.For != connection.WaitWrites || !wait.Until.Equal(until) {
				t.Errorf("told %v, not writes until %v", wait, until)
			}
			time.Sleep(59 * time.Second) // of the bubble's clock
		}
		waiting.Wait()
		if wait := provider.Waiting(); wait != (connection.Wait{}) {
			t.Errorf("got %v after the last request, want no wait", wait)
		}
	})
}
