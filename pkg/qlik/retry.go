package qlik

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/oauth2"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

const (
	// maxAttempts is how often one request is sent at most (as in the sample of the
	// rate-limit page).
	maxAttempts = 5
	// maxLimited is how often one request is refused by the rate limit at most. Each
	// time it waits as long as the service says, so that it may well be more often.
	maxLimited = 10
	// maxHops is how many redirects of one read are followed. GET /users/me is
	// documented as a redirect to /users/{id}.
	maxHops = 5

	firstPause = 500 * time.Millisecond
	maxPause   = 20 * time.Second
)

// reply is a whole answer of the service, with what was asked.
type reply struct {
	transport.Answer
	url   *url.URL // that was asked in the end
	token *oauth2.Token
}

// attempts is one call on its way through failures:
//
//	failure                     read, repeatable write      other write (create)
//	429                         close the tier, again       close the tier, again
//	401 with an OAuth token     new token, again, once      new token, again, once
//	never sent                  pause, again                pause, again
//	502 503 504, broken         pause, again                may have happened: stop
//	any other 5xx               stop                        may have happened: stop
//	any other answer            stop                        stop
//
// After the last attempt a write that may have happened in any of them is
// [connection.ErrUnknownOutcome].
type attempts struct {
	client    *Client
	call      call
	pause     *backoff.ExponentialBackOff
	count     int // requests that were made
	limited   int // of them, those that met a 429
	hops      int
	renewed   bool
	ambiguous bool // an attempt may have been carried out
}

// call sends a prepared request until it is answered or hopeless.
func (c *Client) call(ctx context.Context, prepared call, answer any) (*reply, error) {
	ctx, cancel := transport.Within(ctx, c.lifetime)
	defer cancel()
	a := attempts{client: c, call: prepared, pause: newPause()}
	for {
		a.count++
		got, err := a.once(ctx)
		if err == nil && isRedirect(got.Status) {
			if err = a.follow(got); err == nil {
				continue
			}
		}
		if err == nil {
			return got, c.decode(a.call, got, answer)
		}
		wait, again := a.again(err, got)
		if !again {
			return nil, a.final(err)
		}
		if err := c.pauses.Sleep(ctx, connection.WaitRetry, wait); err != nil {
			return nil, a.final(transport.Interrupted(a.call.method, a.call.asked, err))
		}
	}
}

func newPause() *backoff.ExponentialBackOff {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval, pause.Multiplier = firstPause, maxPause, 2
	return pause
}

// once sends the request one time. Any answer but a redirect or a success is an error.
func (a *attempts) once(ctx context.Context) (*reply, error) {
	c := a.client
	var permit *permit
	if !a.call.anonymous {
		var err error
		if permit, err = a.acquire(ctx); err != nil {
			return nil, err
		}
	}
	got, err := c.exchangeWith(ctx, permit, a)
	if err != nil {
		return nil, err
	}
	c.answered.Store(true)
	if got.Status/100 != 2 && !isRedirect(got.Status) {
		return got, c.refusal(a.call, got)
	}
	return got, nil
}

// exchangeWith sends the request with a permit, which ends also if the exchange panics:
// others wait for it. Nil is none.
func (c *Client) exchangeWith(ctx context.Context, permit *permit, a *attempts) (got *reply, err error) {
	err = errUnsettled
	if permit != nil {
		defer func() { permit.settle(got, err) }()
	}
	return c.exchange(ctx, a.call, a.count)
}

// errUnsettled stands for the error of an exchange that has none, as it panicked: the
// request may have been sent.
var errUnsettled = &transport.Failure{Sent: true}

// acquire takes a place in the tier, and reads again what the request is about. Where the
// tier was closed meanwhile, it begins anew: what comes behind this request would wait.
func (a *attempts) acquire(ctx context.Context) (*permit, error) {
	for again := a.limited > 0; ; again = true {
		permit, err := a.client.tier(a.call).acquire(ctx, a.call.reservation, again)
		if err != nil {
			return nil, transport.Interrupted(a.call.method, a.call.asked, err)
		}
		if a.call.fresh == nil {
			return permit, nil
		}
		if err := a.refreshWith(ctx, permit); err != nil {
			return nil, err
		}
		if permit.begin() {
			return permit, nil
		}
		permit.unused()
	}
}

// refreshWith is refresh with a permit, which ends if nothing is to be sent, also if that is
// because of a panic.
func (a *attempts) refreshWith(ctx context.Context, permit *permit) (err error) {
	err = errUnsettled
	defer func() {
		if err != nil {
			permit.unused()
		}
	}()
	return a.refresh(ctx)
}

// refresh makes the body from what is live now, in the place that was taken for it.
func (a *attempts) refresh(ctx context.Context) error {
	body, err := a.call.fresh(ctx, a.ambiguous)
	if err != nil {
		return &transport.NotWritten{Err: err}
	}
	if body == nil {
		return nil
	}
	if a.call.body, err = transport.JSON(body); err != nil {
		return &transport.NotWritten{Err: fmt.Errorf("encode body of %s %s: %w", a.call.method, a.call.asked.Path, err)}
	}
	return nil
}

// settle tells the tier what became of the request.
func (p *permit) settle(got *reply, err error) {
	switch {
	case got != nil && got.Status == http.StatusTooManyRequests:
		p.limited(retryAfter(got.Header))
	case err != nil && !wasSent(err):
		p.unused()
	default:
		p.answered()
	}
}

// wasSent tells of an error of an exchange whether the service may have got the request.
func wasSent(err error) bool {
	if _, ok := errors.AsType[*transport.NoToken](err); ok {
		return false
	}
	_, answered := errors.AsType[*Error](err)
	failed, ok := errors.AsType[*transport.Failure](err)
	return answered || ok && failed.Sent
}

// tier is the tier of a call: "most" GET requests are in Tier 1, all others
// that we send in Tier 2 (API reference).
func (c *Client) tier(call call) *tier {
	if call.isRead() {
		return c.reads
	}
	return c.writes
}

// exchange puts one request on the wire and reads the whole answer. The context
// stops a write only until then: half-way it could not be told what happened.
func (c *Client) exchange(ctx context.Context, call call, attempt int) (*reply, error) {
	token, err := c.token(ctx, call)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, transport.Interrupted(call.method, call.asked, ctx.Err())
	}
	if !call.isRead() {
		var cancel context.CancelFunc
		ctx, cancel = transport.Within(context.WithoutCancel(ctx), c.lifetime)
		defer cancel()
	}
	request, err := http.NewRequestWithContext(ctx, call.method, call.url.String(), bytes.NewReader(call.body))
	if err != nil {
		return nil, fmt.Errorf("%s %s: not a request: %w", call.method, call.asked.Path, err)
	}
	c.dress(request, call, token)
	if call.sent != nil {
		call.sent.Add(1)
	}
	hide := c.redactor(call, &reply{token: token}) // which now knows this request: any later answer may quote it
	answer, err := transport.Exchange(c.http, c.logger, request, attempt, hide)
	if answer == nil {
		return nil, err
	}
	c.clock.Note(answer.Header)
	got := &reply{Answer: *answer, url: call.url, token: token}
	if err != nil {
		return nil, c.unusable(call, got, err.Error())
	}
	return got, nil
}

// token gives the token for a call; nil for one that carries none.
func (c *Client) token(ctx context.Context, call call) (*oauth2.Token, error) {
	if call.anonymous {
		return nil, nil
	}
	defer transport.Awaiting(ctx)() // its request is not made under this context
	token, err := c.auth.token(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, transport.Interrupted(call.method, call.asked, ctx.Err())
	case err != nil:
		return nil, &transport.NoToken{Err: err}
	}
	return token, nil
}

// dress sets the headers.
func (c *Client) dress(request *http.Request, call call, token *oauth2.Token) {
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.userAgent)
	if call.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if call.signInCode != "" {
		request.Header.Set(signInHeader, call.signInCode)
	}
	if token != nil {
		token.SetAuthHeader(request)
	}
}

// follow turns the call to where a read is redirected, on the tenant only.
func (a *attempts) follow(got *reply) error {
	location := got.Header.Get("Location")
	a.hops++
	switch {
	case !a.call.isRead() || location == "":
		return a.client.unusable(a.call, got, "unexpected redirect")
	case a.hops > maxHops:
		return a.client.unusable(a.call, got, "too many redirects")
	}
	target, err := a.client.ours(a.call.url, location, a.client.redactor(a.call, got))
	if err != nil {
		return fmt.Errorf("%s %s: follow redirect: %w", a.call.method, a.call.asked.Path, err)
	}
	a.call, a.count, a.limited = a.call.at(target), 0, 0
	return nil
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// again tells whether the request is to be sent once more, and after what pause.
func (a *attempts) again(err error, got *reply) (time.Duration, bool) {
	if transport.IsFinal(err) {
		return 0, false
	}
	fate := a.client.fateOf(err)
	if (fate == uncertain || fate == unexplained) && !a.call.isRead() {
		a.ambiguous = true
	}
	if fate == limited {
		a.limited++
	}
	switch {
	case fate == unauthorised && !a.call.anonymous:
		first := !a.renewed
		a.renewed = true
		return 0, first && a.client.auth.renew(got.token)
	case a.count-a.limited >= maxAttempts, a.limited >= maxLimited:
		return 0, false
	case fate == limited && a.call.anonymous:
		return retryAfter(got.Header), true
	case fate == limited:
		return 0, true // the tier is closed: the next attempt waits there
	case fate == unsent, fate == uncertain && a.call.repeatable:
		return a.nextPause(got), true
	}
	return 0, false
}

// nextPause is jittered and grows. A Retry-After beside a 503 is honoured too.
func (a *attempts) nextPause(got *reply) time.Duration {
	pause := a.pause.NextBackOff()
	if got != nil && got.Header.Get("Retry-After") != "" {
		pause = max(pause, retryAfter(got.Header))
	}
	return pause
}

// final is the error of a call that is given up.
func (a *attempts) final(err error) error {
	advice := ""
	if !a.call.anonymous {
		advice = a.client.auth.advice()
	}
	return transport.GivenUp(err, a.ambiguous, advice)
}

// fate is what is known of a request that brought no success.
type fate int

const (
	refused      fate = iota // it was answered, and not carried out
	limited                  // 429: not carried out
	unauthorised             // 401: not carried out
	unsent                   // it never reached the tenant, and may the next time
	uncertain                // it may have been carried out
	unexplained              // the same, and asking again is of no use: 500 may be for ever, and a limit of ours is
)

func (c *Client) fateOf(err error) fate {
	if failed, ok := errors.AsType[*transport.Failure](err); ok {
		switch {
		case failed.Sent && failed.Hopeless:
			return unexplained
		case failed.Sent:
			return uncertain
		case failed.TurnedAway:
			return unsent
		case failed.Hopeless || !c.answered.Load():
			return refused
		}
		return unsent
	}
	refusal, ok := errors.AsType[*Error](err)
	if !ok {
		return refused
	}
	switch refusal.Status {
	case http.StatusTooManyRequests:
		return limited
	case http.StatusUnauthorized:
		return unauthorised
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return uncertain
	}
	if refusal.Status/100 == 5 && refusal.Status != http.StatusNotImplemented {
		return unexplained
	}
	return refused
}
