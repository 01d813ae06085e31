package transport_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/internal/transport"
)

func TestClientsTogetherHaveABoundedNumberOfRequestsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most, clients, requests = 5, 4, 10
		var inFlight, highest atomic.Int64
		s := &service{answer: func(w http.ResponseWriter, _ *http.Request, _ int) {
			highest.Store(max(highest.Load(), inFlight.Add(1)))
			time.Sleep(time.Second)
			inFlight.Add(-1)
			_, _ = w.Write([]byte("{}"))
		}}
		ctx := transport.Together(t.Context(), most)
		begin := time.Now()
		var group sync.WaitGroup
		for range clients {
			client, err := transport.NewClient(table(transport.Credentials{}), transport.Config{URL: "https://acme.example", HTTPClient: &http.Client{Transport: s}})
			if err != nil {
				t.Fatal(err)
			}
			for range requests {
				group.Go(func() {
					if _, err := client.Do(ctx, transport.Request{Method: "GET", Path: "/x", Anonymous: true}); err != nil {
						t.Error(err)
					}
				})
			}
		}
		synctest.Wait()
		ended, end := context.WithCancel(ctx)
		end()
		client, err := transport.NewClient(table(transport.Credentials{}), transport.Config{URL: "https://acme.example", HTTPClient: &http.Client{Transport: s}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Do(ended, transport.Request{Method: "GET", Path: "/x", Anonymous: true}); !errors.Is(err, context.Canceled) {
			t.Errorf("got the error %v of a request whose context has ended, want context.Canceled", err)
		}
		group.Wait()
		if highest.Load() != most || time.Since(begin) != clients*requests/most*time.Second {
			t.Errorf("got at most %d requests in flight and %v for all, want %d and %v", highest.Load(), time.Since(begin), most, clients*requests/most*time.Second)
		}
	})
}
