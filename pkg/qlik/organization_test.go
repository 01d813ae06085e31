package qlik_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
)

// consoleConfig returns a configuration for a console that the handler serves.
func consoleConfig(t *testing.T, serve http.HandlerFunc) qlik.Config {
	t.Helper()
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	return qlik.Config{URL: server.URL, Auth: qlik.Auth{ClientID: connection.NewSecret("org"), ClientSecret: connection.NewSecret("close sesame")}}
}

// consolePages serves a token, and then these pages by their cursor.
func consolePages(t *testing.T, page func(cursor string) string) (qlik.Config, *atomic.Int64) {
	t.Helper()
	asked := new(atomic.Int64)
	return consoleConfig(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/oauth/token":
			_, _ = w.Write([]byte(`{"access_token": "token-of-the-console", "expires_in": 21600}`))
		case r.URL.Path == "/api/core/tenants" && r.URL.Query().Get("limit") == "100" && r.Header.Get("Authorization") == "Bearer token-of-the-console":
			asked.Add(1)
			_, _ = w.Write([]byte(page(r.URL.Query().Get("next"))))
		default:
			w.WriteHeader(http.StatusBadRequest)
		}
	}), asked
}

func TestTheConsoleListsTenantsOnAnyNumberOfPages(t *testing.T) {
	fleet, err := simulator.NewFleet([]byte(`{"count": 250, "organization": {"clientId": "org", "clientSecret": "close sesame"}, "tenants": [{"name": "Old", "status": "disabled", "region": "us-east-1"}]}`), simulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	config := consoleConfig(t, func(w http.ResponseWriter, r *http.Request) {
		r.Host = fleet.Hosts()[0]
		fleet.ServeHTTP(w, r)
	})
	tenants, err := qlik.Tenants(t.Context(), config, "")
	if err != nil || len(tenants) != 251 || tenants[0] != (qlik.OrganizationTenant{ID: tenants[0].ID, Name: "Old", Status: "disabled", Region: "us-east-1", Host: "old.us.fleet.test"}) {
		t.Errorf("the console lists %d tenants, first %+v, error %v; want 251, first Old", len(tenants), tenants[:min(1, len(tenants))], err)
	}
	tenants, err = qlik.Tenants(t.Context(), config, `status eq "disabled"`)
	if err != nil || len(tenants) != 1 {
		t.Errorf("the filter selects %d tenants, error %v; want 1", len(tenants), err)
	}
	if misuse := fleet.Misuse(); len(misuse) > 0 {
		t.Errorf("the console got requests that it does not know: %v", misuse)
	}
}

func TestAForgedListOfTenantsDoesNoHarm(t *testing.T) {
	item := func(i int) string {
		return fmt.Sprintf(`{"id": "t%d", "name": "n", "status": "active", "hostnames": ["t%d.eu.qlikcloud.com"]}`, i, i)
	}
	for name, c := range map[string]struct {
		page  func(cursor string) string
		want  string // in the error; empty: none
		asked int64  // at most
	}{
		"the next page is on another host": {func(cursor string) string {
			if cursor != "" {
				return `{"data": []}`
			}
			return `{"data": [` + item(1) + `], "links": {"next": {"href": "https://evil.example/api/core/tenants?next=two"}}}`
		}, "", 2},
		"a cursor that comes again": {func(string) string {
			return `{"data": [` + item(1) + `], "links": {"next": {"href": "/api/core/tenants?next=same"}}}`
		}, "leads to a page that was already read", 2},
		"cursors without an end": {func(cursor string) string {
			return `{"data": [], "links": {"next": {"href": "?next=` + cursor + `x"}}}`
		}, "there are more pages than tenants", 310},
		"100,000 tenants": {func(cursor string) string {
			items := make([]string, 500)
			for i := range items {
				items[i] = item(i)
			}
			return `{"data": [` + strings.Join(items, ",") + `], "links": {"next": {"href": "?next=` + cursor + `x"}}}`
		}, "there are more than 20,000 tenants", 41},
		"a link without a cursor": {func(string) string { return `{"data": [], "links": {"next": {"href": "https://evil.example/"}}}` }, "the link has no cursor", 1},
		"a link that is endless": {func(string) string {
			return `{"data": [], "links": {"next": {"href": "?next=` + strings.Repeat("x", 20_000) + `"}}}`
		}, "the link is longer", 1},
		"an item that is no object": {func(string) string { return `{"data": ["t1"]}` }, "the list is incomplete", 1},
		"an item of another form":   {func(string) string { return `{"data": [{"id": 5}]}` }, "the list is incomplete", 1},
		"no list":                   {func(string) string { return `{}` }, "data", 1},
		"an error among the items":  {func(string) string { return `{"data": [], "errors": [{"title": "some are hidden"}]}` }, "some are hidden", 1},
	} {
		t.Run(name, func(t *testing.T) {
			config, asked := consolePages(t, c.page)
			tenants, err := qlik.Tenants(t.Context(), config, "")
			if c.want == "" && (err != nil || len(tenants) != 1) {
				t.Errorf("the list has %d tenants, error %v; want 1", len(tenants), err)
			}
			if c.want != "" {
				mustContain(t, err, c.want)
			}
			if got := asked.Load(); got > c.asked {
				t.Errorf("the console was asked for %d pages, want at most %d", got, c.asked)
			}
		})
	}
}

func TestTheTextsOfAConsoleCannotControlATerminal(t *testing.T) {
	config, _ := consolePages(t, func(string) string {
		return `{"data": [{"id": "t\u001b[2J", "name": " \u001b]0;owned\u0007A\u202eB ` + strings.Repeat("x", 5000) + `", "status": "\u001b", "hostnames": ["H\u0000"], "regionCode": "\u009b"}]}`
	})
	tenants, err := qlik.Tenants(t.Context(), config, "")
	if err != nil || len(tenants) != 1 {
		t.Fatalf("the list has %d tenants, error %v; want 1", len(tenants), err)
	}
	text := fmt.Sprintf("%s %s %s %s %s", tenants[0].ID, tenants[0].Name, tenants[0].Status, tenants[0].Host, tenants[0].Region)
	if strings.ContainsAny(text, "\x1b\x07\x00\u009b\u202e") || len(text) > 1000 {
		t.Errorf("the texts are %q, want them short and without control characters", text)
	}
}

func TestTheTokenOfAConsoleGoesToNoOtherHost(t *testing.T) {
	var foreign atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { foreign.Add(1) }))
	defer other.Close()
	config, _ := consolePages(t, func(cursor string) string {
		if cursor != "" {
			return `{"data": []}`
		}
		return `{"data": [], "links": {"next": {"href": "` + other.URL + `/api/core/tenants?next=` + url.QueryEscape("a&b") + `"}}}`
	})
	if _, err := qlik.Tenants(t.Context(), config, ""); err != nil {
		t.Errorf("the list ended with %v, want no error", err)
	}
	if got := foreign.Load(); got > 0 {
		t.Errorf("the host of the link got %d requests, want none", got)
	}
}
