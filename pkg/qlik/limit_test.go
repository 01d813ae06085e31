package qlik_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
)

// run sends n requests through some workers and returns the times at which the
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
		"writes may use all 500": {qlik.Limits{}, set, 1200, 500, 5 * time.Minute, 10*time.Minute + 20*time.Second},
		"reads may use 5,000":    {qlik.Limits{}, read, 5100, 5000, 5 * time.Minute, 5*time.Minute + 10*time.Second},
		"a limit of one's own": {
			qlik.Limits{Writes: connection.RateLimit{Requests: 8, Window: time.Minute}},
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
					t.Fatalf("got %d requests, want %d", len(times), test.n)
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

// rename is an operation with one write and no read.
func rename(id, name string) connection.Operation {
	return connection.Operation{Kind: connection.Patch, ID: id, Name: name}
}

// renames answers patches of some connections after the latency, and notes in
// which order they came.
func renames(t *testing.T, limit connection.RateLimit, answers map[string]route) (*tenant, *qlik.Provider) {
	t.Helper()
	routes := map[string]route{}
	for _, id := range append(slices.Collect(maps.Keys(answers)), "other", "old", "new") {
		answer := answers[id]
		if answer == nil {
			answer = always(204, "")
		}
		routes["PATCH "+connections+"/"+id] = func(w http.ResponseWriter, r *http.Request, attempt int) {
			time.Sleep(latency)
			answer(w, r, attempt)
		}
	}
	n := newTenant(t, routes)
	config := n.config()
	config.Limits.Writes = limit
	provider, err := qlik.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return n, provider
}

// order lists the last parts of the paths, with the minute at which each was sent.
func (n *tenant) order(start time.Time) []string {
	var lines []string
	for _, r := range n.requests {
		lines = append(lines, fmt.Sprintf("%d:%s", int(r.at.Sub(start).Minutes()), path.Base(r.path)))
	}
	return lines
}

// TestAGroupIsNotSeparated sends eight of ten writes, then a group of two with an undo,
// and more writes at the same time.
func TestAGroupIsNotSeparated(t *testing.T) {
	pair := func() connection.Group {
		undo := rename("old", "real")
		return connection.Group{Operations: []connection.Operation{rename("old", "aside"), rename("new", "real")}, Undo: &undo}
	}
	for name, test := range map[string]struct {
		answers map[string]route
		want    []string // requests of the group; all of them in the second minute
		kinds   [3]error // of both outcomes and the undo
	}{
		"by the limit":            {nil, []string{"1:old", "1:new"}, [3]error{}},
		"from its undo":           {map[string]route{"new": always(409, "")}, []string{"1:old", "1:new", "1:old"}, [3]error{nil, connection.ErrConflict, nil}},
		"and ends with a failure": {map[string]route{"old": always(404, "")}, []string{"1:old", "1:old"}, [3]error{connection.ErrNotFound, connection.ErrNotSent, nil}},
		"and says if undoing fails": {
			map[string]route{"new": always(409, ""), "old": inTurn(always(204, ""), always(403, ""))},
			[]string{"1:old", "1:new", "1:old"},
			[3]error{nil, connection.ErrConflict, connection.ErrForbidden},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				n, provider := renames(t, connection.RateLimit{Requests: 10, Window: time.Minute}, test.answers)
				for range 8 {
					must(t, provider.Execute(t.Context(), []connection.Operation{rename("other", "x")}))
				}
				var group sync.WaitGroup
				var outcomes []connection.Outcome
				group.Go(func() { outcomes = provider.ExecuteGroup(t.Context(), pair()) })
				for range 7 {
					synctest.Wait()
					group.Go(func() { must(t, provider.Execute(t.Context(), []connection.Operation{rename("other", "x")})) })
				}
				group.Wait()
				sent := n.order(start)[8:]
				got := slices.DeleteFunc(slices.Clone(sent), func(line string) bool { return strings.HasSuffix(line, "other") })
				if !slices.Equal(got, test.want) || len(sent) != len(got)+7 {
					t.Errorf("the group was sent as %q, want %q; all: %q", got, test.want, sent)
				}
				for i, err := range []error{outcomes[0].Err, outcomes[1].Err, outcomes[1].UndoErr} {
					if !errors.Is(err, test.kinds[i]) || (err == nil) != (test.kinds[i] == nil) {
						t.Errorf("error %d: %v, want %v", i, err, test.kinds[i])
					}
				}
			})
		})
	}
}

// TestAGroupThatHasBegunWaitsForTheTierAlone refuses the second request of a group twice:
// the request goes again whenever the tier is open, with any limit learned meanwhile.
func TestAGroupThatHasBegunWaitsForTheTierAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Retry-After", "1")
			say(w, 429, "{}")
		}
		n, provider := renames(t, connection.RateLimit{Requests: 20, Window: time.Minute}, map[string]route{"new": inTurn(full, full, always(204, ""))})
		for range 2 {
			must(t, provider.Execute(t.Context(), []connection.Operation{rename("other", "x")}))
		}
		start := time.Now()
		must(t, provider.ExecuteGroup(t.Context(), connection.Group{Operations: []connection.Operation{rename("old", "aside"), rename("new", "real")}}))
		if took := time.Since(start); took != 2*time.Second+4*latency {
			t.Errorf("took %v, want two seconds of the tier and four answers: %q", took, n.order(start))
		}
	})
}

// TestAGroupIsNotSeparatedByWhoGoesAlone has a request that is the first to exceed half of
// the limit, and takes its time, in the middle of a group.
func TestAGroupIsNotSeparatedByWhoGoesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, provider := renames(t, connection.RateLimit{Requests: 20, Window: time.Minute}, map[string]route{"other": func(w http.ResponseWriter, _ *http.Request, attempt int) {
			if attempt == 10 {
				time.Sleep(10 * time.Second)
			}
			say(w, 204, "")
		}})
		for range 9 {
			must(t, provider.Execute(t.Context(), []connection.Operation{rename("other", "x")}))
		}
		start := time.Now()
		var group sync.WaitGroup
		group.Go(func() {
			must(t, provider.ExecuteGroup(t.Context(), connection.Group{Operations: []connection.Operation{rename("old", "aside"), rename("new", "real")}}))
			if took := time.Since(start); took != 2*latency {
				t.Errorf("took %v, want two answers: %q", took, n.order(start))
			}
		})
		synctest.Wait()
		group.Go(func() { must(t, provider.Execute(t.Context(), []connection.Operation{rename("other", "x")})) })
		group.Wait()
	})
}

// TestGroupsDoNotSeparateEachOther lets several groups begin when few requests may be under
// way, as a 429 has come before.
func TestGroupsDoNotSeparateEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, provider := renames(t, connection.RateLimit{Requests: 100, Window: time.Minute}, map[string]route{
			"other": inTurn(always(204, ""), func(w http.ResponseWriter, _ *http.Request, _ int) { say(w, 429, "{}") }, always(204, "")),
			"a1":    nil, "a2": nil, "b1": nil, "b2": nil, "c1": nil, "c2": nil,
		})
		for range 2 {
			must(t, provider.Execute(t.Context(), []connection.Operation{rename("other", "x")}))
		}
		var group sync.WaitGroup
		for _, name := range []string{"a", "b", "c"} {
			group.Go(func() {
				must(t, provider.ExecuteGroup(t.Context(), connection.Group{Operations: []connection.Operation{rename(name+"1", "aside"), rename(name+"2", "real")}}))
			})
		}
		group.Wait()
		at := map[string]time.Time{}
		for _, r := range n.requests {
			at[path.Base(r.path)] = r.at
		}
		for _, name := range []string{"a", "b", "c"} {
			if took := at[name+"2"].Sub(at[name+"1"]); took != latency {
				t.Errorf("the second request of group %s was sent %v after the first", name, took)
			}
		}
	})
}

// TestAGroupThatHasUsedItsPermitsUpSeparatesNoOther lets attempts of a group fail until it
// has no permit left, while the tier is closed in the middle of another one.
func TestAGroupThatHasUsedItsPermitsUpSeparatesNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refuse := func(status, wait int) route {
			return func(w http.ResponseWriter, _ *http.Request, _ int) {
				w.Header().Set("Retry-After", strconv.Itoa(wait))
				say(w, status, "{}")
			}
		}
		busy := refuse(503, 20)
		n, provider := renames(t, connection.RateLimit{Requests: 20, Window: time.Hour}, map[string]route{
			"a1": inTurn(busy, busy, busy, busy, always(204, "")), "a2": inTurn(busy, busy, always(204, "")),
			"b1": nil, "b2": inTurn(refuse(429, 60), always(204, "")),
		})
		start := time.Now()
		var group sync.WaitGroup
		group.Go(func() {
			must(t, provider.ExecuteGroup(t.Context(), connection.Group{Operations: []connection.Operation{rename("a1", "aside"), rename("a2", "real")}}))
		})
		time.Sleep(110 * time.Second) // six pauses are behind the first group, it is in the seventh
		group.Go(func() {
			must(t, provider.ExecuteGroup(t.Context(), connection.Group{Operations: []connection.Operation{rename("b1", "aside"), rename("b2", "real")}}))
			if took := time.Since(start); took > 3*time.Minute+10*time.Second {
				t.Errorf("the second group ended after %v, want it soon after the first one and the minute of its 429: %q", took, n.order(start))
			}
		})
		group.Wait()
	})
}

// TestGroupsGoOneAtATime begins eight groups together: each sends its second request
// before the next one sends its first, so that a 429 leaves one name missing at most.
func TestGroupsGoOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, provider := renames(t, connection.RateLimit{Requests: 100, Window: time.Minute}, map[string]route{
			"new": inTurn(always(204, ""), always(204, ""), func(w http.ResponseWriter, _ *http.Request, _ int) {
				w.Header().Set("Retry-After", "30")
				say(w, 429, "{}")
			}, always(204, "")),
		})
		start := time.Now()
		var group sync.WaitGroup
		for range workers {
			group.Go(func() {
				must(t, provider.ExecuteGroup(t.Context(), connection.Group{Operations: []connection.Operation{rename("old", "aside"), rename("new", "real")}}))
			})
		}
		group.Wait()
		missing := 0
		for i, r := range n.requests {
			switch {
			case path.Base(r.path) == "old":
				missing++
			case i != 5: // the one that is refused
				missing--
			}
			if missing < 0 || missing > 1 {
				t.Fatalf("%d names were missing after request %d, want one at most: %q", missing, i, n.order(start))
			}
		}
		if len(n.requests) != 2*workers+1 {
			t.Errorf("%d requests, want %d: %q", len(n.requests), 2*workers+1, n.order(start))
		}
	})
}

func TestAnInterruptDoesNotSeparateAGroup(t *testing.T) {
	for name, test := range map[string]struct {
		before int           // writes, of three a minute
		at     time.Duration // of the interrupt
		sent   int           // of the group
	}{
		"that has begun":             {0, latency / 2, 2},
		"that waits for its permits": {2, 30 * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, provider := renames(t, connection.RateLimit{Requests: 3, Window: time.Minute}, nil)
				for range test.before {
					must(t, provider.Execute(t.Context(), []connection.Operation{rename("other", "x")}))
				}
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(test.at, cancel)
				outcomes := provider.ExecuteGroup(ctx, connection.Group{Operations: []connection.Operation{rename("old", "aside"), rename("new", "real")}})
				if sent := len(n.log()) - test.before; sent != test.sent {
					t.Errorf("%d of the group were sent: %v", sent, n.log())
				}
				for _, outcome := range outcomes {
					if errors.Is(outcome.Err, connection.ErrNotSent) != (test.sent == 0) {
						t.Errorf("got error %v, want ErrNotSent: %v", outcome.Err, test.sent == 0)
					}
				}
			})
		})
	}
}

// TestNoPermitIsLost lets requests and groups end in every way, many of them while they
// wait; afterwards all permits are there again, and no more than all.
func TestNoPermitIsLost(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.Uint64().Draw(r, "seed")
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			var mu sync.Mutex
			hostile := func(w http.ResponseWriter, _ *http.Request, _ int) {
				mu.Lock()
				fate := random.IntN(8)
				mu.Unlock()
				switch fate {
				case 0:
					w.Header().Set("Retry-After", "2")
					say(w, 429, "{}")
				case 1:
					say(w, 503, "")
				case 2:
					say(w, 409, "")
				default:
					say(w, 204, "")
				}
			}
			limit := connection.RateLimit{Requests: 6, Window: 3 * time.Second}
			n, provider := renames(t, limit, map[string]route{"other": hostile, "old": hostile, "new": hostile})
			var group sync.WaitGroup
			for range 60 {
				mu.Lock()
				patience, isGroup := time.Duration(random.IntN(40))*latency, random.IntN(3) == 0
				mu.Unlock()
				undo := rename("old", "real")
				group.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					if !isGroup {
						provider.Execute(ctx, []connection.Operation{rename("other", "x")})
						return
					}
					provider.ExecuteGroup(ctx, connection.Group{Operations: []connection.Operation{rename("old", "aside"), rename("new", "real")}, Undo: &undo})
				})
			}
			group.Wait()
			time.Sleep(time.Hour)
			n.answer = func(w http.ResponseWriter, _ *http.Request, _ int) { say(w, 204, "") }
			must(t, provider.Execute(t.Context(), []connection.Operation{rename("other", "x")})) // alone, perhaps
			time.Sleep(time.Hour)
			start := time.Now()
			for range 2 * limit.Requests {
				group.Go(func() { must(t, provider.Execute(t.Context(), []connection.Operation{rename("other", "x")})) })
			}
			group.Wait()
			if took := time.Since(start); took < limit.Window || took > limit.Window+10*latency {
				t.Errorf("twice as many as fit into a window took %v", took)
			}
		})
	})
}
