package apinizer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

const (
	// maxAttempts is how often one request is sent at most, maxLimited how often it is
	// refused by a rate limit.
	maxAttempts = 4
	maxLimited  = 10

	firstPause = 500 * time.Millisecond
	maxPause   = 20 * time.Second
	// maxWait bounds how long a server may ask us to wait.
	maxWait = 5 * time.Minute
)

// call is one request on its way through failures:
//
//	failure                  read, repeatable write      other write (create, rename)
//	429, rate_limit_exceeded wait as told, again         wait as told, again
//	401 of a user's token    new token, again, once      new token, again, once
//	never sent               pause, again                pause, again
//	5xx, broken              pause, again                may have happened: stop
//	any other answer         stop                        stop
//
// After the last attempt a write that may have happened in any of them is
// [connection.ErrUnknownOutcome].
type call struct {
	request
	target    *url.URL
	token     string
	count     int
	limited   int
	renewed   bool
	ambiguous bool // an attempt may have been carried out
}

// attempt sends a call until it is answered or hopeless.
func (c *Client) attempt(ctx context.Context, call *call) (*transport.Answer, error) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval, pause.Multiplier = firstPause, maxPause, 2
	for again := false; ; again = true {
		call.count++
		if again && call.fresh != nil {
			if err := call.fresh(ctx, call.ambiguous); err != nil {
				return nil, c.final(call, &transport.NotWritten{Err: notBegun(ctx, err)})
			}
		}
		got, err := c.once(ctx, call)
		if err == nil {
			return got, nil
		}
		wait, repeat := c.again(call, err, pause.NextBackOff)
		if !repeat {
			return nil, c.final(call, err)
		}
		if err := c.pauses.Sleep(ctx, call.waitsFor(err), wait); err != nil {
			return nil, c.final(call, transport.Interrupted(call.method, call.target, err))
		}
	}
}

// once sends the request one time. Any answer but a success is an error.
func (c *Client) once(ctx context.Context, call *call) (*transport.Answer, error) {
	if !call.anonymous {
		var err error
		if call.token, err = c.auth.current(ctx); err != nil {
			return nil, &transport.NoToken{Err: err}
		}
	}
	if ctx.Err() != nil {
		return nil, transport.Interrupted(call.method, call.target, ctx.Err())
	}
	if !call.isRead() {
		// Half-way it could not be told what happened.
		var cancel context.CancelFunc
		ctx, cancel = transport.Within(context.WithoutCancel(ctx), c.lifetime)
		defer cancel()
	}
	sent, err := http.NewRequestWithContext(ctx, call.method, call.target.String(), bytes.NewReader(call.body))
	if err != nil {
		return nil, fmt.Errorf("%s %s: not a request: %w", call.method, call.target.Path, err)
	}
	c.dress(sent, call)
	if call.sent != nil {
		call.sent.Add(1)
	}
	hide := c.redactor(call) // which now knows this request: any later answer may quote it
	got, err := transport.Exchange(c.http, c.logger, sent, call.count, hide)
	if got == nil {
		return nil, err
	}
	c.clock.Note(got.Header)
	if err != nil {
		return nil, c.unusable(call, got, err.Error())
	}
	c.answered.Store(true)
	return got, c.judge(call, got)
}

// dress sets the headers.
func (c *Client) dress(sent *http.Request, call *call) {
	sent.Header.Set("Accept", "application/json")
	sent.Header.Set("User-Agent", c.userAgent)
	if call.body != nil {
		kind := call.kind
		if kind == "" {
			kind = "application/json"
		}
		sent.Header.Set("Content-Type", kind)
	}
	if call.token != "" {
		sent.Header.Set("Authorization", "Bearer "+call.token)
	}
}

// again reports whether the request is to be sent once more, and after what pause.
func (c *Client) again(call *call, err error, pause func() time.Duration) (time.Duration, bool) {
	if transport.IsFinal(err) {
		return 0, false
	}
	repeatable := call.repeatable || call.isRead()
	if failed, ok := errors.AsType[*transport.Failure](err); ok {
		call.ambiguous = call.ambiguous || failed.Sent && !call.isRead()
		hopeless := failed.Hopeless || !failed.Sent && !failed.TurnedAway && !c.answered.Load()
		return pause(), !hopeless && call.count < maxAttempts && (!failed.Sent || repeatable)
	}
	refusal, ok := errors.AsType[*Error](err)
	switch {
	case !ok:
		return 0, false
	case isLimited(refusal):
		call.limited++
		call.count--
		return max(refusal.Wait, pause()), call.limited < maxLimited && refusal.Wait <= maxWait
	case refusal.Status == http.StatusUnauthorized && !call.anonymous:
		first := !call.renewed
		call.renewed = true
		return 0, c.auth.renew(call.token) && first
	case refusal.Status >= http.StatusInternalServerError && refusal.Kind == nil:
		call.ambiguous = call.ambiguous || !call.isRead()
		return max(refusal.Wait, pause()), repeatable && call.count < maxAttempts && refusal.Wait <= maxWait
	}
	return 0, false
}

// waitsFor returns what the pause after an error is for.
func (call *call) waitsFor(err error) connection.WaitReason {
	refusal, ok := errors.AsType[*Error](err)
	switch {
	case !ok || !isLimited(refusal):
		return connection.WaitRetry
	case call.isRead():
		return connection.WaitReads
	}
	return connection.WaitWrites
}

// final is the error of a call that is given up.
func (c *Client) final(call *call, err error) error {
	_, unsigned := errors.AsType[*transport.NoToken](err)
	if unsigned && !call.ambiguous && !call.isRead() && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return fmt.Errorf("%w: %w", connection.ErrNotSent, err)
	}
	advice := ""
	if !call.anonymous {
		advice = c.auth.advice()
	}
	return transport.GivenUp(err, call.ambiguous, advice)
}

// waitOf reads how long the server wants us to wait: by its header, or by the old
// contract's field in the body.
func waitOf(header http.Header, inBody float64, now time.Time) time.Duration {
	if wait, ok := transport.RetryAfter(header, now); ok {
		return wait
	}
	if inBody > 0 && inBody < float64(maxWait/time.Second)*2 {
		return time.Duration(inBody * float64(time.Second))
	}
	return 0
}
