package qlik_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
)

// oauthClient is a client of a tenant that hands out token-1, token-2, and so on.
func oauthClient(t *testing.T, routes map[string]route) (*tenant, *qlik.Client) {
	t.Helper()
	var issued atomic.Int64
	if routes["POST /oauth/token"] == nil {
		routes["POST /oauth/token"] = func(w http.ResponseWriter, _ *http.Request, _ int) {
			say(w, 200, fmt.Sprintf(`{"access_token": "token-%d", "token_type": "bearer", "expires_in": 21600}`, issued.Add(1)))
		}
	}
	n := newTenant(t, routes)
	config := n.config()
	config.Auth = qlik.Auth{ClientID: connection.NewSecret("bot"), ClientSecret: connection.NewSecret("open sesame")}
	client, err := qlik.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	return n, client
}

func TestATokenIsAskedForInJSONAndKept(t *testing.T) {
	n, client := oauthClient(t, map[string]route{"GET " + spaces: always(200, "{}")})
	for range 3 {
		if err := client.Do(t.Context(), read, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(n.log(), ","); got != "POST /oauth/token,GET /api/v1/spaces,GET /api/v1/spaces,GET /api/v1/spaces" {
		t.Errorf("requests %s", got)
	}
	asked := n.last("POST", "/oauth/token")
	if asked.body != `{"client_id":"bot","client_secret":"open sesame","grant_type":"client_credentials"}` {
		t.Errorf("body %s", asked.body)
	}
	if asked.header.Get("Content-Type") != "application/json" || asked.header.Get("Authorization") != "" {
		t.Errorf("headers %v", asked.header)
	}
	if got := n.last("GET", spaces).header.Get("Authorization"); got != "Bearer token-1" {
		t.Errorf("Authorization %q", got)
	}
}

func TestATokenIsReplacedBeforeItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, client := oauthClient(t, map[string]route{"GET " + spaces: always(200, "{}")})
		for _, wait := range []time.Duration{0, 5 * time.Hour, 59*time.Minute + 30*time.Second} {
			time.Sleep(wait)
			if err := client.Do(t.Context(), read, nil); err != nil {
				t.Fatal(err)
			}
		}
		if got := n.last("GET", spaces).header.Get("Authorization"); got != "Bearer token-2" {
			t.Errorf("Authorization %q half a minute before the end", got)
		}
	})
}

func TestARefusedTokenIsRenewedOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		onlySecond := func(w http.ResponseWriter, r *http.Request, _ int) {
			time.Sleep(time.Second)
			if r.Header.Get("Authorization") != "Bearer token-2" {
				say(w, 401, "{}")
				return
			}
			say(w, 200, "{}")
		}
		n, client := oauthClient(t, map[string]route{"GET " + spaces: onlySecond, "POST " + connections: onlySecond})
		var group sync.WaitGroup
		for i := range 10 {
			group.Go(func() {
				request := []qlik.Request{read, create}[i%2] // a 401 is never carried out: also a create may go again
				if err := client.Do(t.Context(), request, nil); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if got := strings.Count(strings.Join(n.log(), " "), "/oauth/token"); got != 2 {
			t.Errorf("%d tokens were asked for", got)
		}
	})
}

func TestATokenThatStaysRefusedIsAnError(t *testing.T) {
	n, client := oauthClient(t, map[string]route{"GET " + spaces: always(401, "{}")})
	err := client.Do(t.Context(), read, nil)
	if !errors.Is(err, connection.ErrUnauthorized) || len(n.log()) != 4 {
		t.Errorf("error %v after %v", err, n.log())
	}
}

func TestARefusedAPIKeyGetsAdvice(t *testing.T) {
	n := newTenant(t, map[string]route{"GET " + spaces: always(401, refuse("X", "Unauthorized", ""))})
	mustContain(t, n.client().Do(t.Context(), read, nil), "401", "is the API key valid")
}

func TestARefusedOAuthClientIsUnauthorised(t *testing.T) {
	for name, answer := range map[string]route{
		"400":             always(400, refuse("INVALID", "bad client", "secret open sesame is wrong")),
		"401":             always(401, refuse("INVALID", "bad client", "secret open sesame is wrong")),
		"200 without one": always(200, `{}`),
	} {
		t.Run(name, func(t *testing.T) {
			_, client := oauthClient(t, map[string]route{"POST /oauth/token": answer})
			err := client.Do(t.Context(), read, nil)
			mustContain(t, err, `get token for the OAuth client: `)
			if !errors.Is(err, connection.ErrUnauthorized) || strings.Contains(err.Error(), "sesame") {
				t.Errorf("error %v", err)
			}
		})
	}
}
