package transport_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/internal/transport"
)

func TestTheClockOfAServiceIsTheDateOfItsLastAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var clock transport.Clock
		clock.Note(http.Header{})
		clock.Note(http.Header{"Date": {"yesterday"}})
		if clock.Skew() != nil {
			t.Fatal("got a skew before any answer, want none")
		}
		for _, skew := range []time.Duration{0, 7 * time.Minute, -time.Hour} {
			clock.Note(http.Header{"Date": {time.Now().Add(skew).UTC().Format(http.TimeFormat)}})
			clock.Note(http.Header{})
			if got := clock.Skew(); got == nil || *got != skew {
				t.Errorf("the clock is ahead by %v, not %v", got, skew)
			}
		}
	})
}
