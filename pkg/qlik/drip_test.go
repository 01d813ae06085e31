package qlik_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
)

// TestASlowListIsReadAndAnEndlessOneIsNot lets each page of the spaces take 50 seconds.
func TestASlowListIsReadAndAnEndlessOneIsNot(t *testing.T) {
	for name, test := range map[string]struct {
		pages, raise int
		limited      bool // each page is first refused by the rate limit, for a minute
		want         string
	}{
		"60 pages":                    {pages: 60},
		"60 pages and the rate limit": {pages: 60, limited: true},
		"pages for ever":              {pages: 1 << 30, want: "list spaces: GET /api/v1/spaces: waiting for the tenant's answers has taken more than 1 h in all"},
		"140 pages and raised limits": {pages: 140, raise: 2},
		"pages for ever and raised limits": {
			pages: 1 << 30, raise: 2, want: "list spaces: GET /api/v1/spaces: waiting for the tenant's answers has taken more than 2 h in all",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				page := 0
				n := newTenant(t, map[string]route{
					"GET /api/v1/users/me": always(200, `{"id": "u"}`),
					"GET /api/v1/spaces": func(w http.ResponseWriter, _ *http.Request, attempt int) {
						if test.limited && attempt%2 == 1 {
							w.Header().Set("Retry-After", "60")
							w.WriteHeader(http.StatusTooManyRequests)
							return
						}
						time.Sleep(50 * time.Second)
						next := ""
						if page++; page < test.pages {
							next = fmt.Sprintf(`, "links": {"next": {"href": "?page=%d"}}`, page)
						}
						say(w, http.StatusOK, fmt.Sprintf(`{"data": [{"id": "s%[1]d", "name": "s%[1]d"}]%[2]s}`, page, next))
					},
				})
				config := n.config()
				config.RaiseLimits = test.raise
				p, err := qlik.New(config)
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				snapshot, err := p.Snapshot(t.Context(), connection.Scope{})
				if test.want != "" {
					if err == nil || !strings.HasPrefix(err.Error(), test.want) {
						t.Errorf("got the error %v after %v, want %q", err, time.Since(began), test.want)
					}
					return
				}
				if err != nil || len(snapshot.Spaces) != test.pages+1 {
					t.Errorf("got the error %v after %v, want all %d spaces and the personal one", err, time.Since(began), test.pages)
				}
			})
		})
	}
}

// TestPagesThatFailForEverEnd lets each page fail four times with a long Retry-After, and
// then succeed: no single request fails.
func TestPagesThatFailForEverEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		page := 0
		n := newTenant(t, map[string]route{
			"GET /api/v1/users/me": always(200, `{"id": "u"}`),
			"GET /api/v1/spaces": func(w http.ResponseWriter, _ *http.Request, attempt int) {
				if attempt%5 != 0 {
					w.Header().Set("Retry-After", "600")
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				page++
				say(w, http.StatusOK, fmt.Sprintf(`{"data": [{"id": "s%[1]d", "name": "s%[1]d"}], "links": {"next": {"href": "?page=%[1]d"}}}`, page))
			},
		})
		p, err := qlik.New(n.config())
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err = p.Snapshot(t.Context(), connection.Scope{})
		mustContain(t, err, "waiting for the tenant's answers has taken more than 1 h in all")
		if took := time.Since(began); took > 2*time.Hour {
			t.Errorf("it took %v, want at most the limit and the pauses of one page", took)
		}
	})
}

// TestEmptyPagesEnd has pages without items, as a service may send that filters late.
func TestEmptyPagesEnd(t *testing.T) {
	for empty, want := range map[int]string{100: "", 101: "there are more than 100 empty pages in a row"} {
		synctest.Test(t, func(t *testing.T) {
			page := 0
			n := newTenant(t, map[string]route{
				"GET /api/v1/users/me": always(200, `{"id": "u"}`),
				"GET /api/v1/spaces": func(w http.ResponseWriter, _ *http.Request, _ int) {
					data, next := `{"id": "s", "name": "s"}`, ""
					if page++; page <= empty {
						data, next = "", fmt.Sprintf(`, "links": {"next": {"href": "?page=%d"}}`, page)
					}
					say(w, http.StatusOK, fmt.Sprintf(`{"data": [%s]%s}`, data, next))
				},
			})
			p, err := qlik.New(n.config())
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Snapshot(t.Context(), connection.Scope{})
			if want == "" && err != nil {
				t.Errorf("got %v after %d empty pages, want the space behind them", err, empty)
			}
			if want != "" {
				mustContain(t, err, "list spaces: GET /api/v1/spaces: follow next page", want)
			}
		})
	}
}

// TestATokenThatNoHeaderHoldsIsRefused answers with a token of 128 KiB.
func TestATokenThatNoHeaderHoldsIsRefused(t *testing.T) {
	n := newTenant(t, map[string]route{"POST /oauth/token": always(200, `{"access_token": "`+strings.Repeat("x", 128<<10)+`"}`)})
	config := n.config()
	config.Auth = qlik.Auth{ClientID: connection.NewSecret("bot"), ClientSecret: connection.NewSecret("open sesame")}
	p, err := qlik.New(config)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Snapshot(t.Context(), connection.Scope{})
	mustContain(t, err, "get token for the OAuth client: the token in the answer is longer than 64 KiB")
}

// TestOneLongTextConcernsOneItem has a space whose name is longer than any that is declared.
func TestOneLongTextConcernsOneItem(t *testing.T) {
	n := newTenant(t, map[string]route{
		"GET /api/v1/users/me": always(200, `{"id": "u"}`),
		"GET /api/v1/spaces":   always(200, `{"data": [{"id": "a", "name": "`+strings.Repeat("x", 2<<20)+`"}, {"id": "b", "name": "Finance"}]}`),
	})
	p, err := qlik.New(n.config())
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := p.Snapshot(t.Context(), connection.Scope{})
	if err != nil || len(snapshot.Spaces) != 2 || len(snapshot.Incomplete) != 1 || !strings.Contains(snapshot.Incomplete[0], "1 of 2 items on a page could not be read: it holds a text longer than 1 MiB") {
		t.Errorf("got the error %v and the snapshot %.500v, want the other space, and the reason why one is missing", err, snapshot)
	}
}
