package qlik_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
)

const (
	spaces      = "/api/v1/spaces"
	connections = "/api/v1/data-connections"
	one         = "/api/v1/data-connections/c1"
)

var (
	read   = qlik.Request{Method: http.MethodGet, Path: spaces}
	create = qlik.Request{Method: http.MethodPost, Path: connections, Body: "x"}
	set    = qlik.Request{Method: http.MethodPatch, Path: one, Body: "x", Repeatable: true}

	refusedDial = &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
)

// TestRetryBySafety goes through the table of the retry rules. Each request meets
// the failure every time, after one read has shown that the tenant is there.
func TestRetryBySafety(t *testing.T) {
	limited := func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Retry-After", "2")
		say(w, 429, refuse("HTTP-429", "API rate limit reached.", ""))
	}
	for name, test := range map[string]struct {
		request  qlik.Request
		answer   route
		fail     error
		attempts int
		kind     error
	}{
		"a read is repeated after 502":                  {request: read, answer: always(502, ""), attempts: 5},
		"a read is repeated after 503":                  {request: read, answer: always(503, ""), attempts: 5},
		"a read is repeated after 504":                  {request: read, answer: always(504, ""), attempts: 5},
		"a read is not repeated after 500":              {request: read, answer: always(500, ""), attempts: 1},
		"a read is not repeated after 404":              {request: read, answer: always(404, ""), attempts: 1, kind: connection.ErrNotFound},
		"a read is repeated after 429":                  {request: read, answer: limited, attempts: 20},
		"a read is repeated when broken":                {request: read, fail: io.EOF, attempts: 5, kind: connection.ErrUnreachable},
		"a read is repeated when never sent":            {request: read, fail: refusedDial, attempts: 5, kind: connection.ErrUnreachable},
		"a set-to-a-value is repeated after 503":        {request: set, answer: always(503, ""), attempts: 5, kind: connection.ErrUnknownOutcome},
		"a set-to-a-value is repeated when broken":      {request: set, fail: io.ErrUnexpectedEOF, attempts: 5, kind: connection.ErrUnknownOutcome},
		"a set-to-a-value is not repeated after 409":    {request: set, answer: always(409, ""), attempts: 1, kind: connection.ErrConflict},
		"a create is repeated after 429":                {request: create, answer: limited, attempts: 20},
		"a create is repeated when never sent":          {request: create, fail: refusedDial, attempts: 5, kind: connection.ErrUnreachable},
		"a create is not repeated after 503":            {request: create, answer: always(503, ""), attempts: 1, kind: connection.ErrUnknownOutcome},
		"a create that fails inside is unknown":         {request: create, answer: always(500, ""), attempts: 1, kind: connection.ErrUnknownOutcome},
		"a set-to-a-value that fails inside is unknown": {request: set, answer: always(500, ""), attempts: 1, kind: connection.ErrUnknownOutcome},
		"what is not implemented was not carried out":   {request: create, answer: always(501, ""), attempts: 1},
		"a create is not repeated when broken":          {request: create, fail: io.EOF, attempts: 1, kind: connection.ErrUnknownOutcome},
		"a create is not repeated after 400":            {request: create, answer: always(400, ""), attempts: 1, kind: connection.ErrInvalid},
		"a create that answers nonsense is unknown":     {request: create, answer: always(201, "<"), attempts: 1, kind: connection.ErrUnknownOutcome},
		"an API key that is refused is not tried again": {request: read, answer: always(401, ""), attempts: 1, kind: connection.ErrUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newTenant(t, map[string]route{"GET /api/v1/greeting": always(200, "{}"), test.request.Method + " " + test.request.Path: test.answer})
				n.fail = func(r *http.Request, _ int) error {
					if r.URL.Path == test.request.Path {
						return test.fail
					}
					return nil
				}
				client := n.client()
				if err := client.Do(t.Context(), qlik.Request{Method: http.MethodGet, Path: "/api/v1/greeting"}, nil); err != nil {
					t.Fatal(err)
				}
				err := client.Do(t.Context(), test.request, new(any))
				if err == nil {
					t.Fatal("got no error, want the failure")
				}
				if got := len(n.log()) - 1; got != test.attempts {
					t.Errorf("%d attempts, want %d", got, test.attempts)
				}
				for _, kind := range []error{connection.ErrUnknownOutcome, connection.ErrUnreachable, connection.ErrConflict} {
					if errors.Is(err, kind) != (kind == test.kind) {
						t.Errorf("got %v and Is(%v) = %v, want only %v", err, kind, errors.Is(err, kind), test.kind)
					}
				}
			})
		})
	}
}

func TestA429ClosesItsTierForAllAndLeavesTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		n := newTenant(t, map[string]route{
			"GET " + spaces: always(200, "{}"),
			"PATCH " + one: inTurn(func(w http.ResponseWriter, _ *http.Request, _ int) {
				w.Header().Set("Retry-After", "13")
				say(w, 429, "{}")
			}, always(204, "")),
		})
		client := n.client()
		if err := client.Do(t.Context(), read, nil); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for i := range 5 {
			group.Go(func() {
				time.Sleep(time.Duration(i) * time.Second) // the first one draws the 429
				if err := client.Do(t.Context(), set, nil); err != nil {
					t.Error(err)
				}
			})
		}
		group.Go(func() {
			time.Sleep(2 * time.Second)
			if err := client.Do(t.Context(), read, nil); err != nil || time.Since(start) != 2*time.Second {
				t.Errorf("the read came back after %v: %v", time.Since(start), err)
			}
		})
		group.Wait()
		for _, r := range n.requests {
			if at := r.at.Sub(start); r.method == http.MethodPatch && at > 0 && at < 13*time.Second {
				t.Errorf("a write was sent to the closed tier after %v", at)
			}
		}
	})
}

func TestRetryAfter(t *testing.T) {
	for name, test := range map[string]struct {
		header string
		wait   time.Duration
	}{
		"seconds are believed":           {"30", 30 * time.Second},
		"a date is believed":             {"DATE+45s", 45 * time.Second},
		"a missing one is one second":    {"", time.Second},
		"nonsense is one second":         {"soon", time.Second},
		"zero is one second":             {"0", time.Second},
		"a date in the past is a second": {"DATE-45s", time.Second},
		"a day is ten minutes":           {"86400", 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				header := test.header
				var offset string
				if _, err := fmt.Sscanf(header, "DATE%s", &offset); err == nil {
					shift, _ := time.ParseDuration(offset)
					header = start.Add(shift).UTC().Format(http.TimeFormat)
				}
				n := newTenant(t, map[string]route{"GET " + spaces: inTurn(func(w http.ResponseWriter, _ *http.Request, _ int) {
					w.Header().Set("Retry-After", header)
					say(w, 429, "{}")
				}, always(200, "{}"))})
				if err := n.client().Do(t.Context(), read, nil); err != nil {
					t.Fatal(err)
				}
				if got := time.Since(start).Round(time.Second); got != test.wait {
					t.Errorf("waited %v, want %v", got, test.wait)
				}
			})
		})
	}
}

func TestAnInterruptEndsEveryWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTenant(t, map[string]route{"PATCH " + one: func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Retry-After", "500")
			say(w, 429, "{}")
		}})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		err := n.client().Do(ctx, set, nil)
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, connection.ErrUnknownOutcome) {
			t.Errorf("got error %v, want that of the deadline and no unknown outcome", err)
		}
		if time.Since(start) != 5*time.Second {
			t.Errorf("took %v, want 5s", time.Since(start))
		}
	})
}
