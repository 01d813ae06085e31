package apinizer_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/connection"
)

func TestADateInRetryAfterIsByTheClockOfTheManager(t *testing.T) {
	for _, skew := range []time.Duration{-time.Hour, 0, time.Hour} {
		for name, method := range map[string]string{"the endpoint of tokens": http.MethodPost, "a read": http.MethodGet} {
			for _, status := range []int{429, 503} {
				t.Run(fmt.Sprint(name, " ", status, " ", skew), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						start, refusals := time.Now(), 0
						handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							switch {
							case r.Method == method && refusals == 0:
								refusals++
								now := time.Now().Add(skew).UTC()
								w.Header().Set("Date", now.Format(http.TimeFormat))
								w.Header().Set("Retry-After", now.Add(4*time.Second).Format(http.TimeFormat))
								w.WriteHeader(status)
							case r.URL.Path == "/apiops/auth/token":
								says(200, `{"access_token": "t", "expires_in": 3600}`)(w)
							default:
								says(200, `{"status": "SUCCESS", "resultCount": 0, "resultList": []}`)(w)
							}
						})
						provider, err := apinizer.New(apinizer.Config{
							URL: "https://manager.example", HTTPClient: &http.Client{Transport: inProcess{handler}},
							Auth: apinizer.Auth{User: connection.NewSecret("ana"), Password: connection.NewSecret("open sesame")},
						})
						if err != nil {
							t.Fatal(err)
						}
						_, err = provider.Snapshot(t.Context(), connection.Scope{Spaces: []connection.SpaceRef{{Name: "Payments"}}})
						if waited := time.Since(start); err != nil || refusals != 1 || waited < 4*time.Second || waited > 5*time.Second {
							t.Errorf("after %v and %d refusals: %v", waited, refusals, err)
						}
					})
				})
			}
		}
	}
}
