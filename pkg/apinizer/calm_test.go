package apinizer_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	"golang.org/x/net/http2"

	"github.com/qlsync/qlsync/internal/transport/transporttest"
	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/connection"
)

func TestWhatAnHTTP2ServerTurnsAwayIsAskedForAgain(t *testing.T) {
	for name, turn := range map[string]func(transporttest.Stream) error{
		"GOAWAY": func(s transporttest.Stream) error {
			return s.Framer.WriteGoAway(s.ID-1, http2.ErrCodeEnhanceYourCalm, nil)
		},
		"RST_STREAM": func(s transporttest.Stream) error { return s.Framer.WriteRSTStream(s.ID, http2.ErrCodeEnhanceYourCalm) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := 0
				client := transporttest.HTTP2(t, "manager.example", func(s transporttest.Stream) error {
					if got++; got <= 2 {
						return turn(s)
					}
					return s.Answer(`{"status": "SUCCESS", "resultCount": 0, "resultList": []}`)
				})
				provider, err := apinizer.New(apinizer.Config{
					URL: "https://manager.example", Auth: apinizer.Auth{Token: connection.NewSecret("token")}, HTTPClient: &http.Client{Transport: client.Transport},
				})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := provider.Snapshot(t.Context(), connection.Scope{}); err != nil || got < 3 {
					t.Errorf("%d requests, %v", got, err)
				}
			})
		})
	}
}
