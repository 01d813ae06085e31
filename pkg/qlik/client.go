// Package qlik speaks to a Qlik Cloud tenant: [Client] is the HTTP side (tokens,
// rate limits, retries, paging, errors), [Provider] stands on it and implements
// [connection.Provider].
//
// In the flow it is both ends: Snapshot reads the live side of a plan, Execute
// carries out one operation of it. In between it has no say: it never compares,
// never decides, never prints, and knows neither files nor plans.
//
// What holds for every request:
//
//   - The token goes to the tenant's own scheme, host and port and nowhere else:
//     not after a redirect, not to the next page. Plain http is for loopback only.
//   - A tier of the rate limit is never knowingly overdrawn, and a 429 closes it
//     for every goroutine until the time that the service named.
//   - A request is repeated only if repeating it is harmless. A create that may
//     have happened is looked for, never sent blindly again.
//   - Nothing is written on an old read: what a write is about is read again when its
//     place in the rate limit has been taken.
//   - Connect statements and stored credentials are dropped where an answer is
//     decoded. What an error quotes from an answer is freed of every secret of
//     the request first.
//
// Facts about the service come from its API reference and guides on qlik.dev;
// a comment says so where they are used, and says "assumed" where they are silent.
package qlik

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

const (
	// apiPath begins the path of every call but the one for a token. A newer copy of the
	// same operations exists below /api/connectivity; v1 is not deprecated.
	apiPath = "/api/v1"
	// maxAttempts is how often one request is sent at most (as in the sample of the
	// rate-limit page).
	maxAttempts = 5
	// maxRedirects is how many redirects of one read are followed. GET /users/me is
	// documented as a redirect to /users/{id}.
	maxRedirects = 5
	// maxWait is how long the tenant may ask to wait. A tier that it closes is tried again
	// after that time.
	maxWait = 10 * time.Minute
	// defaultParallelism is how many reads run side by side.
	defaultParallelism = 8
)

// Config says which tenant to speak to, as whom and how. URL and Auth are
// required; everything else has a default.
type Config struct {
	// URL is the tenant's: "https://acme.eu.qlikcloud.com". Plain http is accepted
	// for loopback addresses only.
	URL  string
	Auth Auth
	// Project is whose connections may be changed. A patch that would rewrite the
	// tags of a connection that another project has taken meanwhile is refused.
	// Empty: not checked.
	Project string
	// Parallelism is how many reads run side by side. Zero: 8.
	Parallelism int
	// BatchSize is how many connections go into one bulk request. Zero: 100. The
	// API reference names no maximum.
	BatchSize int
	// Limits are those of the service for one user. Zero: the published ones.
	Limits Limits
	// HTTPClient returns the transport and the timeout. Nil: a client of our own.
	HTTPClient *http.Client
	// Logger gets one debug record for each request, without query, bodies and
	// headers. Nil: nothing is logged.
	Logger *slog.Logger
	// CacheFile is where snapshots keep what they have read, so that the next one of
	// the same tenant need not read again what the lists say has not been updated
	// since. Empty: everything is read.
	CacheFile string
	// UserAgent is sent with each request. Empty: "qlsync".
	UserAgent string
	// Lifetime ends everything, also writes that are under way and would otherwise
	// be waited for although their own context has ended. Nil: never.
	Lifetime context.Context
	// Secrets takes the secrets of the run out of what the tenant says. The client adds
	// those that it sends. Nil: a redactor of the client's own.
	Secrets *transport.Redactor
	// RaiseLimits multiplies the limits on what the service answers in all. Zero is one.
	RaiseLimits int
}

// Client sends requests to one tenant. It may be used concurrently; all users of
// one client share its permits.
type Client struct {
	http   *transport.Client
	reads  *tier
	writes *tier
	raise  int // see [Config.RaiseLimits]
}

// Request is one call of the API.
type Request struct {
	Method string
	Path   string // from the root of the tenant: "/api/v1/spaces"
	Query  url.Values
	// Body is encoded as JSON. Nil: none.
	Body any
	// Repeatable reports that sending the request twice comes to the same as sending
	// it once, so that it may be sent again after a broken connection. A GET always is.
	Repeatable bool
	// Secrets are values in Body that an error must not quote.
	Secrets []connection.Secret

	// signInCode is what a person got for signing in; see [signInHeader].
	signInCode string
	// sent counts the requests that were really made. May be nil.
	sent *atomic.Int64
	// reservation holds the places of the group that this request belongs to.
	// May be nil.
	reservation *reservation
	// fresh reads again what the request is about before each attempt, and returns the body
	// to send; see [transport.Request.Fresh]. May be nil.
	fresh func(ctx context.Context, maybe bool) (body any, err error)
}

// NewClient checks the configuration and makes a client. It sends nothing.
func NewClient(config Config) (*Client, error) {
	credentials, authErr := config.Auth.credentials()
	client, err := transport.NewClient(transport.Service{
		Attempts: maxAttempts, Redirects: maxRedirects, MaxWait: maxWait, TraceHeader: "X-B3-Traceid",
		Classify: classify, Credentials: credentials,
	}, transport.Config{
		URL: config.URL, Parallelism: orDefault(config.Parallelism, defaultParallelism), HTTPClient: config.HTTPClient,
		Logger: config.Logger, UserAgent: config.UserAgent, Lifetime: config.Lifetime, Secrets: config.Secrets,
	})
	if err = cmp.Or(err, authErr); err != nil {
		return nil, err
	}
	limits := config.Limits.orPublished()
	return &Client{http: client, reads: newTier(limits.Reads), writes: newTier(limits.Writes), raise: max(1, config.RaiseLimits)}, nil
}

// Tenant returns the tenant's URL, without a slash at the end.
func (c *Client) Tenant() string { return c.http.Tenant() }

func orDefault(value, standard int) int {
	if value > 0 {
		return value
	}
	return standard
}

// CloseIdleConnections closes connections to the tenant that are not in use.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// Do sends a request as soon as its tier has room, repeats it as far as that is
// harmless, and decodes the answer into answer unless that is nil. Numbers
// decoded into an interface become [json.Number].
//
// When the context ends, a read ends. A write that has been sent is waited for, as
// long as the timeout of the HTTP client and [Config.Lifetime] allow; one that
// waits for its tier or for another attempt ends at once.
//
// The error is an [*Error] if the service answered. Otherwise it wraps
// [connection.ErrUnreachable], or [connection.ErrUnknownOutcome] if a write may
// have happened, or the error of the context, with [connection.ErrNotSent] for a
// write.
func (c *Client) Do(ctx context.Context, request Request, answer any) error {
	_, err := c.do(ctx, request, answer)
	return err
}

// do is Do, and returns the answer as it came too; nil if there was none.
func (c *Client) do(ctx context.Context, request Request, answer any) (*transport.Answer, error) {
	prepared, err := c.prepare(request)
	if err != nil {
		return nil, err
	}
	return c.send(ctx, prepared, answer)
}

func (c *Client) send(ctx context.Context, request transport.Request, answer any) (*transport.Answer, error) {
	got, err := c.http.Do(ctx, request)
	if err != nil {
		return nil, err
	}
	return got, c.decode(got, answer)
}

// errNoStep is the error of an id that would lead somewhere else if it became a part of a path.
var errNoStep = errors.New("the id cannot be a part of a path")

// checkSteps refuses a path in which an id is ".", ".." or holds a slash. The ids are the
// service's, and paths are cleaned before they are sent.
func checkSteps(path string) error {
	for step := range strings.SplitSeq(path, "/") {
		id, err := url.PathUnescape(step)
		if err != nil || id != "" && !isSegment(id) {
			return fmt.Errorf("%w: %q; nothing was sent", errNoStep, id)
		}
	}
	return nil
}

// prepare makes the request of the pipeline.
func (c *Client) prepare(request Request) (transport.Request, error) {
	if err := checkSteps(request.Path); err != nil {
		return transport.Request{}, fmt.Errorf("%s %s: %w", request.Method, request.Path, err)
	}
	body, err := encode(request, request.Body)
	prepared := transport.Request{
		Method: request.Method, Path: request.Path, Query: request.Query, Body: body, Repeatable: request.Repeatable,
		Secrets: append(revealed(request.Secrets), request.signInCode), Sent: request.sent,
	}
	if request.signInCode != "" {
		prepared.Header = http.Header{http.CanonicalHeaderKey(signInHeader): {request.signInCode}}
	}
	tier := c.tier(request.Method)
	prepared.Acquire = func(ctx context.Context, again bool) (transport.Permit, error) {
		return tier.acquire(ctx, request.reservation, again)
	}
	if request.fresh != nil {
		prepared.Fresh = func(ctx context.Context, maybe bool) ([]byte, error) {
			body, err := request.fresh(ctx, maybe)
			if err != nil {
				return nil, err
			}
			return encode(request, body)
		}
	}
	return prepared, err
}

// tier returns the tier of a method: "most" GET requests are in Tier 1, all others that we
// send in Tier 2 (API reference).
func (c *Client) tier(method string) *tier {
	if method == http.MethodGet {
		return c.reads
	}
	return c.writes
}

func encode(request Request, body any) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	text, err := transport.JSON(body)
	if err != nil {
		return nil, fmt.Errorf("encode body of %s %s: %w", request.Method, request.Path, err)
	}
	return text, nil
}

func revealed(secrets []connection.Secret) []string {
	values := make([]string, len(secrets))
	for i, secret := range secrets {
		values[i] = secret.Reveal()
	}
	return values
}
