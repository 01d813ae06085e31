package qlik_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// skews are how far the clock of a tenant is from ours.
var skews = []time.Duration{-time.Hour, 0, time.Hour}

// later answers with a Retry-After that is a date four seconds away, by a clock that
// is wrong by skew.
func later(status int, skew time.Duration) route {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		now := time.Now().Add(skew).UTC()
		w.Header().Set("Date", now.Format(http.TimeFormat))
		w.Header().Set("Retry-After", now.Add(4*time.Second).Format(http.TimeFormat))
		say(w, status, "{}")
	}
}

func TestADateInRetryAfterIsByTheClockOfTheTenant(t *testing.T) {
	for _, skew := range skews {
		for name, status := range map[string]int{"a full tier": 429, "an outage": 503} {
			t.Run(fmt.Sprint(name, " ", skew), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					start := time.Now()
					n := newTenant(t, map[string]route{"GET " + spaces: inTurn(later(status, skew), always(200, "{}"))})
					if err := n.client().Do(t.Context(), read, nil); err != nil || time.Since(start).Round(time.Second) != 4*time.Second {
						t.Errorf("after %v: %v", time.Since(start), err)
					}
				})
			})
		}
		t.Run(fmt.Sprint("the endpoint of tokens ", skew), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				_, client := oauthClient(t, map[string]route{
					"GET " + spaces:     always(200, "{}"),
					"POST /oauth/token": inTurn(later(429, skew), always(200, `{"access_token": "t", "expires_in": 600}`)),
				})
				if err := client.Do(t.Context(), read, nil); err != nil || time.Since(start).Round(time.Second) != 4*time.Second {
					t.Errorf("after %v: %v", time.Since(start), err)
				}
			})
		})
	}
}

func TestATokenEndsByTheClockOfTheTenant(t *testing.T) {
	for _, skew := range skews {
		t.Run(fmt.Sprint(skew), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				issue := func(w http.ResponseWriter, _ *http.Request, _ int) {
					now := time.Now().Add(skew).UTC()
					w.Header().Set("Date", now.Format(http.TimeFormat))
					say(w, 200, fmt.Sprintf(`{"access_token": "t", "expires_at": %q}`, now.Add(30*time.Minute).Format(time.RFC3339)))
				}
				n, client := oauthClient(t, map[string]route{"GET " + spaces: always(200, "{}"), "POST /oauth/token": issue})
				for range 5 {
					if err := client.Do(t.Context(), read, nil); err != nil {
						t.Fatal(err)
					}
					time.Sleep(9 * time.Minute)
				}
				if got := n.attempts["POST /oauth/token"]; got != 2 {
					t.Errorf("%d tokens in 36 minutes of which each lasts 30", got)
				}
			})
		})
	}
}
