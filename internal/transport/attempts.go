package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

const (
	// maxLimited is how often a rate limit may refuse one request. Each time the request waits as long
	// as the service says, so the number may be large.
	maxLimited = 20

	firstPause = 500 * time.Millisecond
	maxPause   = 20 * time.Second
)

// attempts is one request on its way through failures:
//
//	fate                        read, repeatable write      other write
//	rate limited                wait, again                 wait, again
//	unsigned, token renewable   new token, again, once      new token, again, once
//	never sent                  pause, again                pause, again
//	doubtful                    pause, again                may have happened: stop
//	unexplained                 stop                        may have happened: stop
//	any other failure           stop                        stop
//
// After the last attempt a write that may have happened in any of them is
// [connection.ErrUnknownOutcome].
type attempts struct {
	client    *Client
	request   Request
	asked     *url.URL // the first address, which errors name: a redirect may contain anything
	target    *url.URL
	token     string // of the last attempt
	pause     *backoff.ExponentialBackOff
	count     int // attempts that began
	limited   int // attempts that exceeded a rate limit
	redirects int
	renewed   bool
	ambiguous bool // an attempt may have been carried out
	impatient bool // the service requested too long a wait
}

// Do sends a request as soon as it has its permit, repeats it if that is harmless, and returns an
// answer that is [Done].
//
// The end of the context ends a read, and a write that waits for its permit or for another attempt.
// Do still waits for a write that has been sent, within the timeout of the HTTP client and
// [Config.Lifetime].
//
// The error is an [*Error] if the service answered. Otherwise it wraps [connection.ErrUnreachable],
// [connection.ErrUnknownOutcome] if a write may have happened, or the error of the context, with
// [connection.ErrNotSent] for a write.
func (c *Client) Do(ctx context.Context, request Request) (*Answer, error) {
	ctx, cancel := c.Within(ctx)
	defer cancel()
	a := &attempts{client: c, request: request, target: c.Address(request), pause: backoff.NewExponentialBackOff()}
	a.asked = c.base.JoinPath(request.Path)
	a.pause.InitialInterval, a.pause.MaxInterval, a.pause.Multiplier = firstPause, maxPause, 2
	for {
		a.count++
		got, fate, err := a.once(ctx)
		if err == nil && a.isRedirect(got) {
			if err = a.follow(got); err == nil {
				continue
			}
		}
		if err == nil {
			return got, nil
		}
		wait, again := a.again(fate, err)
		if !again {
			return nil, a.final(err)
		}
		if wait == 0 {
			continue
		}
		if err := c.pauses.Sleep(ctx, a.waitsFor(fate), wait); err != nil {
			return nil, a.final(a.interrupted(err))
		}
	}
}

// isWrite reports whether the request may change something.
func (a *attempts) isWrite() bool { return !a.request.isRead() && !a.request.Anonymous }

func (a *attempts) interrupted(err error) error {
	return Interrupted(a.request.Method, a.asked, err)
}

// once sends the request once. An answer that is neither done nor a redirect is an error.
func (a *attempts) once(ctx context.Context) (got *Answer, fate Fate, err error) {
	permit, err := a.acquire(ctx)
	if err != nil {
		return nil, a.client.fateOf(err), err
	}
	end := permit.Answered // also if the exchange panics: the request may have been sent
	defer func() { end() }()
	got, err = a.exchange(ctx)
	fate = a.client.fateOf(err)
	if got != nil {
		fate, err = a.classify(got, err)
	}
	switch failed, unanswered := errors.AsType[*Failure](err); {
	case fate == RateLimited:
		end = func() { permit.Limited(min(max(waitOf(err), time.Second), a.client.service.MaxWait)) }
	case got == nil && !(unanswered && failed.Sent):
		end = permit.Unused
	}
	return got, fate, err
}

// acquire takes the permit and refreshes the request. If the permit has become invalid in the
// meantime, acquire starts again, so that later requests need not wait.
func (a *attempts) acquire(ctx context.Context) (permit Permit, err error) {
	for again := a.limited > 0; ; again = true {
		permit = free{}
		if a.request.Acquire != nil {
			if permit, err = a.request.Acquire(ctx, again); err != nil {
				return nil, a.interrupted(err)
			}
		}
		if a.request.Fresh == nil {
			return permit, nil
		}
		if valid, err := a.refresh(ctx, permit); valid || err != nil {
			return permit, err
		}
	}
}

// refresh reads the state for the request again, and reports whether the permit is still valid. If
// not, or if the read fails or panics, the permit has ended.
func (a *attempts) refresh(ctx context.Context, permit Permit) (valid bool, err error) {
	defer func() {
		if !valid {
			permit.Unused()
		}
	}()
	body, err := a.request.Fresh(ctx, a.ambiguous)
	if err != nil {
		return false, &NotWritten{Err: err}
	}
	if body != nil {
		a.request.Body = body
	}
	return permit.Begin(), nil
}

// exchange sends one request and reads the whole answer. The context stops a write only before
// that: afterwards the outcome would be unknown.
func (a *attempts) exchange(ctx context.Context) (*Answer, error) {
	c := a.client
	if err := a.authorise(ctx); err != nil {
		return nil, err
	}
	end, err := takeTurn(ctx)
	if err != nil {
		return nil, a.interrupted(err)
	}
	defer end()
	if !a.request.isRead() {
		var cancel context.CancelFunc
		ctx, cancel = c.Within(context.WithoutCancel(ctx))
		defer cancel()
	}
	request, err := http.NewRequestWithContext(ctx, a.request.Method, a.target.String(), bytes.NewReader(a.request.Body))
	if err != nil {
		return nil, fmt.Errorf("%s %s: not a request: %w", a.request.Method, pathOf(a.asked, c.secrets), err)
	}
	a.dress(request)
	if a.request.Sent != nil {
		a.request.Sent.Add(1)
	}
	// The redactor learns this request first: any later answer may quote it.
	c.secrets.Add(a.request.Secrets...)
	got, err := exchange(c.http, c.logger, request, a.count, c.Redactor(a.token))
	if got != nil {
		c.clock.Note(got.Header)
		wait, _ := RetryAfter(got.Header, time.Now())
		got.URL, got.isWrite, got.failed = a.target, a.isWrite(), Error{
			Method: a.request.Method, Path: pathOf(a.asked, c.secrets), Status: got.Status, Wait: wait,
			TraceID: c.secrets.Sanitize(got.Header.Get(c.service.TraceHeader), maxCode),
		}
	}
	return got, err
}

// authorise gets the token for an attempt.
func (a *attempts) authorise(ctx context.Context) (err error) {
	if a.request.Anonymous {
		return nil
	}
	defer Awaiting(ctx)() // the request for a token is not made under this context
	a.token, err = a.client.tokens.current(ctx)
	switch {
	case ctx.Err() != nil:
		return a.interrupted(ctx.Err())
	case err != nil:
		return &NoToken{Err: err}
	}
	return nil
}

// dress sets the headers.
func (a *attempts) dress(request *http.Request) {
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", a.client.userAgent)
	if a.request.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if a.request.ContentType != "" {
		request.Header.Set("Content-Type", a.request.ContentType)
	}
	for name, values := range a.request.Header {
		request.Header[name] = values
	}
	if a.token != "" {
		request.Header.Set("Authorization", "Bearer "+a.token)
	}
}

// classify returns the fate of the request according to an answer, with its error. unread is the
// error of reading the answer.
func (a *attempts) classify(got *Answer, unread error) (Fate, error) {
	if unread != nil {
		return Unreadable, got.Unreadable(unread.Error())
	}
	a.client.answered.Store(true)
	if a.isRedirect(got) || a.request.Anonymous && got.Status/100 == 2 {
		return Done, nil
	}
	failed := got.failed
	fate := a.client.service.Classify(got, &failed, a.client.secrets)
	if fate == Done {
		return Done, nil
	}
	failed.Unknown = fate == Unreadable && got.isWrite
	return fate, &failed
}

// fateOf returns the fate of a request without an answer.
func (c *Client) fateOf(err error) Fate {
	failed, ok := errors.AsType[*Failure](err)
	switch {
	case err == nil:
		return Done
	case !ok, isFinal(err):
		return Refused
	case failed.Sent && failed.Hopeless:
		return Unexplained
	case failed.Sent:
		return Doubtful
	case failed.TurnedAway:
		return unsent
	case failed.Hopeless, !c.answered.Load():
		return Refused
	}
	return unsent
}

// again reports whether the request is sent once more, and after which wait. Zero: at once, or as
// soon as it has its permit.
func (a *attempts) again(fate Fate, err error) (time.Duration, bool) {
	if (fate == Doubtful || fate == Unexplained) && a.isWrite() {
		a.ambiguous = true
	}
	asked := waitOf(err)
	impatient := asked > a.client.service.MaxWait
	switch fate {
	case Unsigned:
		first := !a.renewed
		a.renewed = true
		return 0, !a.request.Anonymous && a.client.tokens.forget(a.token) && first
	case RateLimited:
		a.limited++
		if a.request.Acquire != nil {
			return 0, a.limited < maxLimited // the permit provides the wait
		}
		a.impatient = impatient
		return max(asked, a.pause.NextBackOff()), !impatient && a.limited < maxLimited
	case unsent, Doubtful:
		a.impatient = impatient
		harmless := fate == unsent || a.request.Repeatable || a.request.isRead()
		return max(asked, a.pause.NextBackOff()), harmless && !impatient && a.count-a.limited < a.client.service.Attempts
	}
	return 0, false
}

// waitOf returns the wait that the service requested.
func waitOf(err error) time.Duration {
	if refusal, ok := errors.AsType[*Error](err); ok {
		return refusal.Wait
	}
	return 0
}

// waitsFor returns the reason for the pause after an attempt.
func (a *attempts) waitsFor(fate Fate) connection.WaitReason {
	switch {
	case fate != RateLimited, a.request.Anonymous:
		return connection.WaitRetry
	case a.request.isRead():
		return connection.WaitReads
	}
	return connection.WaitWrites
}

// isRedirect reports whether an answer is a redirect that the service is known to send.
func (a *attempts) isRedirect(got *Answer) bool {
	switch got.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return a.client.service.Redirects > 0
	}
	return false
}

// follow sends the request to the target of a redirect of a read, within the service only.
func (a *attempts) follow(got *Answer) error {
	location := got.Header.Get("Location")
	a.redirects++
	switch {
	case !a.request.isRead() || location == "":
		return got.Unreadable("unexpected redirect")
	case a.redirects > a.client.service.Redirects:
		return got.Unreadable("too many redirects")
	}
	target, err := a.client.Resolve(a.target, location)
	if err != nil {
		return fmt.Errorf("%s %s: follow redirect: %w", a.request.Method, pathOf(a.asked, a.client.secrets), err)
	}
	a.target, a.count, a.limited = target, 0, 0
	return nil
}

// final returns the error of a request that is not sent again.
func (a *attempts) final(err error) error {
	if isFinal(err) {
		if a.ambiguous {
			return fmt.Errorf("%w: %w", connection.ErrUnknownOutcome, err)
		}
		return err
	}
	if failed, ok := errors.AsType[*Failure](err); ok {
		failed.Ambiguous = a.ambiguous
	}
	if refusal, ok := errors.AsType[*Error](err); ok {
		refusal.Unknown = refusal.Unknown || a.ambiguous
		switch {
		case refusal.Status == http.StatusUnauthorized && !a.request.Anonymous && a.client.service.Advice != "":
			return fmt.Errorf("%w: %s", err, a.client.service.Advice)
		case a.impatient:
			return fmt.Errorf("%w: the service asks to wait %s", err, words.Duration(refusal.Wait))
		}
	}
	return err
}
