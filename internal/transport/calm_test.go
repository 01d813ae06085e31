package transport_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"golang.org/x/net/http2"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/internal/transport/transporttest"
	"github.com/qlsync/qlsync/pkg/connection"
)

// goAway ends a connection after the last stream that is processed.
func goAway(code http2.ErrCode, last func(id uint32) uint32) func(transporttest.Stream) error {
	return func(s transporttest.Stream) error {
		return s.GoAway(code, last(s.ID))
	}
}

func before(id uint32) uint32 { return id - 1 }

// hangUp does not say that the stream was not processed.
func hangUp(s transporttest.Stream) error {
	return errors.Join(s.GoAway(http2.ErrCodeEnhanceYourCalm, s.ID), io.EOF)
}

func reset(code http2.ErrCode) func(transporttest.Stream) error {
	return func(s transporttest.Stream) error { return s.Framer.WriteRSTStream(s.ID, code) }
}

func TestWhatAnHTTP2ServerTurnsAwayIsRepeatedWhereItWasNotProcessed(t *testing.T) {
	for name, test := range map[string]struct {
		request  transport.Request
		turn     func(transporttest.Stream) error
		times    int   // the server turns that many requests away
		requests int   // that the server got in the end
		kind     error // nil: done
	}{
		"a read, by GOAWAY before it":                        {read, goAway(http2.ErrCodeEnhanceYourCalm, before), 2, 3, nil},
		"a read, by GOAWAY after it":                         {read, hangUp, 2, 3, nil},
		"a read, by RST_STREAM":                              {read, reset(http2.ErrCodeEnhanceYourCalm), 2, 3, nil},
		"a read, as refused":                                 {read, reset(http2.ErrCodeRefusedStream), 3, 4, nil},
		"a create, by GOAWAY before it":                      {create, goAway(http2.ErrCodeEnhanceYourCalm, before), 2, 3, nil},
		"a create, by a GOAWAY without an error before it":   {create, goAway(http2.ErrCodeNo, before), 2, 3, nil},
		"a create, as refused":                               {create, reset(http2.ErrCodeRefusedStream), 3, 4, nil},
		"a create, by GOAWAY after it: it may have happened": {create, hangUp, 1, 1, connection.ErrUnknownOutcome},
		"a create, by RST_STREAM: it may have happened":      {create, reset(http2.ErrCodeEnhanceYourCalm), 1, 1, connection.ErrUnknownOutcome},
		"what can be repeated, by RST_STREAM":                {set, reset(http2.ErrCodeEnhanceYourCalm), 2, 3, nil},
		"a read, for ever":                                   {read, goAway(http2.ErrCodeEnhanceYourCalm, before), 100, 5, connection.ErrUnreachable},
		"a create, for ever":                                 {create, goAway(http2.ErrCodeEnhanceYourCalm, before), 100, 5, connection.ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := 0
				client := calmed(t, func(s transporttest.Stream) error {
					if got++; got <= test.times {
						return test.turn(s)
					}
					return s.Answer("{}")
				})
				_, err := client.Do(t.Context(), test.request)
				if got != test.requests || !errors.Is(err, test.kind) {
					t.Errorf("%d requests and the error %v, want %d and %v", got, err, test.requests, test.kind)
				}
				if test.kind == connection.ErrUnreachable && !strings.Contains(err.Error(), "too many requests") {
					t.Errorf("error %v, want the reason for which the server turned the request away", err)
				}
			})
		})
	}
}

// TestManyRequestsSurviveAServerThatCallsForCalm sends sixty requests side by side to a
// server that turns every fifth away.
func TestManyRequestsSurviveAServerThatCallsForCalm(t *testing.T) {
	for name, test := range map[string]struct {
		requests [2]transport.Request
		turn     func(transporttest.Stream) error
	}{
		"by GOAWAY":     {[2]transport.Request{read, create}, goAway(http2.ErrCodeEnhanceYourCalm, before)},
		"by RST_STREAM": {[2]transport.Request{read, set}, reset(http2.ErrCodeEnhanceYourCalm)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				away := 0
				client := calmed(t, func(s transporttest.Stream) error {
					if s.Number%5 == 0 {
						away++
						return test.turn(s)
					}
					return s.Answer("{}")
				})
				var group sync.WaitGroup
				for i := range 60 {
					group.Go(func() {
						if _, err := client.Do(t.Context(), test.requests[i%2]); err != nil {
							t.Errorf("request %d: got error %v, want it repeated after the pause", i, err)
						}
					})
				}
				group.Wait()
				if away < 12 {
					t.Errorf("only %d requests were turned away", away)
				}
			})
		})
	}
}

func calmed(t *testing.T, answer func(transporttest.Stream) error) *transport.Client {
	t.Helper()
	patient := table(key)
	patient.Attempts = 5
	client, err := transport.NewClient(patient, transport.Config{
		URL: "https://acme.example", HTTPClient: &http.Client{Transport: transporttest.HTTP2(t, "acme.example", answer).Transport},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	return client
}
