package transport

import (
	"context"
	"time"
)

const (
	// visibleWithin is how long an acknowledged write may take to become visible, because some services
	// are eventually consistent.
	visibleWithin = 30 * time.Second
	// visiblePause is the first pause between two reads; each pause is twice as long as the one before.
	visiblePause = 500 * time.Millisecond
)

// UntilVisible reads, and repeats the read with growing pauses while lags reports for its error
// that the service does not show an acknowledged write yet. It gives up after 30 seconds, or when
// the context ends, and returns the error of the last read.
func UntilVisible(ctx context.Context, lags func(error) bool, read func() error) error {
	began := time.Now()
	for pause := visiblePause; ; pause *= 2 {
		err := read()
		if !lags(err) {
			return err
		}
		left := visibleWithin - time.Since(began)
		if left <= 0 || Sleep(ctx, min(pause, left)) != nil {
			return err
		}
	}
}
