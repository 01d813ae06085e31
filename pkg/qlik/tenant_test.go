package qlik_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
)

// sent is one request as the tenant got it.
type sent struct {
	method, path, query, body string
	header                    http.Header
	at                        time.Time
}

// tenant is a scripted service in memory: it answers without a network, so that it
// also works where time is fake, and keeps what it was sent.
type tenant struct {
	t      *testing.T
	answer func(w http.ResponseWriter, r *http.Request, attempt int)
	// fail, if set, may break a request instead of answering it.
	fail func(r *http.Request, attempt int) error

	mu       sync.Mutex
	requests []sent
	attempts map[string]int
}

// newTenant answers by route, "METHOD /path"; a request to any other route fails
// the test, but that it has no data source that is not among them. The attempt counts from 1 for each route.
func newTenant(t *testing.T, routes map[string]func(w http.ResponseWriter, r *http.Request, attempt int)) *tenant {
	t.Helper()
	return &tenant{t: t, answer: func(w http.ResponseWriter, r *http.Request, attempt int) {
		route, ok := routes[r.Method+" "+r.URL.Path]
		if !ok && strings.HasSuffix(r.URL.Path, "/api-specs") {
			route, ok = always(http.StatusNotFound, refuse("DCAAS-2001", "not found", "")), true
		}
		if !ok && r.URL.Path == "/api/v1/data-sources" {
			route, ok = always(http.StatusOK, `{"dataSources": []}`), true
		}
		if !ok {
			t.Errorf("unexpected request %s %s", r.Method, r.URL)
			w.WriteHeader(http.StatusTeapot)
			return
		}
		route(w, r, attempt)
	}}
}

type route = func(w http.ResponseWriter, r *http.Request, attempt int)

// always answers every attempt alike.
func always(status int, body string) route {
	return func(w http.ResponseWriter, _ *http.Request, _ int) { say(w, status, body) }
}

// inTurn answers the first attempt with the first answer and so on; the last stays.
func inTurn(answers ...route) route {
	return func(w http.ResponseWriter, r *http.Request, attempt int) {
		answers[min(attempt, len(answers))-1](w, r, attempt)
	}
}

func say(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// RoundTrip is the network.
func (n *tenant) RoundTrip(r *http.Request) (*http.Response, error) {
	attempt, err := n.note(r)
	if err != nil {
		return nil, err
	}
	if n.fail != nil {
		if err := n.fail(r, attempt); err != nil {
			return nil, err
		}
	}
	recorder := httptest.NewRecorder()
	n.answer(recorder, r, attempt)
	response := recorder.Result()
	response.Request = r
	return response, r.Context().Err()
}

func (n *tenant) note(r *http.Request) (int, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return 0, err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.attempts == nil {
		n.attempts = map[string]int{}
	}
	key := r.Method + " " + r.URL.Path
	n.attempts[key]++
	n.requests = append(n.requests, sent{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header.Clone(), time.Now()})
	return n.attempts[key], nil
}

// log returns "METHOD /path" of all requests so far.
func (n *tenant) log() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	lines := make([]string, len(n.requests))
	for i, r := range n.requests {
		lines[i] = r.method + " " + r.path
	}
	return lines
}

func (n *tenant) last(method, path string) sent {
	n.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := len(n.requests) - 1; i >= 0; i-- {
		if r := n.requests[i]; r.method == method && r.path == path {
			return r
		}
	}
	n.t.Fatalf("no request %s %s was sent", method, path)
	return sent{}
}

const tenantURL = "https://acme.eu.qlikcloud.com"

// config is for a client of the scripted tenant.
func (n *tenant) config() qlik.Config {
	return qlik.Config{
		URL:        tenantURL,
		Auth:       qlik.Auth{APIKey: connection.NewSecret("key-of-ana")},
		Project:    "finance",
		HTTPClient: &http.Client{Transport: n},
	}
}

func (n *tenant) client() *qlik.Client {
	n.t.Helper()
	client, err := qlik.NewClient(n.config())
	if err != nil {
		n.t.Fatal(err)
	}
	return client
}

func (n *tenant) provider() *qlik.Provider {
	n.t.Helper()
	provider, err := qlik.New(n.config())
	if err != nil {
		n.t.Fatal(err)
	}
	return provider
}

// text encodes a value as JSON.
func text(t *testing.T, value any) string {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// refuse returns the body of an error.
func refuse(code, title, detail string) string {
	body, _ := json.Marshal(map[string]any{
		"errors":  []any{map[string]any{"code": code, "title": title, "detail": detail}},
		"traceId": "t-1",
	})
	return string(body)
}

func mustContain(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not contain %q", err, part)
		}
	}
}
