package qlik_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

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
		t.Errorf("got requests %s, want one of a token before three of spaces", got)
	}
	asked := n.last("POST", "/oauth/token")
	if asked.body != `{"client_id":"bot","client_secret":"open sesame","grant_type":"client_credentials"}` {
		t.Errorf("got body %s, want the client credentials as JSON", asked.body)
	}
	if asked.header.Get("Content-Type") != "application/json" || asked.header.Get("Authorization") != "" {
		t.Errorf("got headers %v, want JSON without a token", asked.header)
	}
	if got := n.last("GET", spaces).header.Get("Authorization"); got != "Bearer token-1" {
		t.Errorf("got Authorization %q, want the issued token", got)
	}
}

func TestARefusedAPIKeyGetsAdvice(t *testing.T) {
	n := newTenant(t, map[string]route{"GET " + spaces: always(401, refuse("X", "Unauthorized", ""))})
	mustContain(t, n.client().Do(t.Context(), read, nil), "401", "is the API key valid")
}
