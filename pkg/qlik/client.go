// Package qlik implements [connection.Provider] for Qlik Cloud. [Client] is the HTTP side (tokens,
// rate limits, retries, paging, errors), and [Provider] is built on it.
//
// Snapshot reads the live side of a plan, and Execute carries out its operations. The package never
// compares, decides or prints, and does not know files or plans.
//
// Rules for every request:
//
//   - The token goes only to the tenant's own scheme, host and port: not to the target of a
//     redirect or of a link to the next page. Plain http is for loopback only.
//   - A tier of the rate limit is never knowingly exceeded, and a 429 closes it for every goroutine
//     until the time that the service named.
//   - A request is repeated only if repeating it is harmless. A create that may have happened is
//     looked for, never sent again blindly.
//   - No write is based on an old read: the connection is read again after the write has its permit
//     of the rate limit.
//   - Connect statements and stored credentials are dropped when an answer is decoded. Secrets of
//     the request are redacted from the part of an answer that an error quotes.
//
// Facts about the service come from its API reference and guides on qlik.dev. A comment names the
// source where a fact is used, and says "assumed" if there is none.
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
	// apiPath begins the path of every call except the one for a token. A newer copy of the same
	// operations exists below /api/connectivity; v1 is not deprecated.
	apiPath = "/api/v1"
	// maxAttempts is how often one request is sent at most (as in the sample of the rate-limit page).
	maxAttempts = 5
	// maxRedirects is how many redirects of one read are followed. GET /users/me is documented as a
	// redirect to /users/{id}.
	maxRedirects = 5
	// maxWait is the longest wait that the tenant may request. After that time a closed tier is tried
	// again.
	maxWait = 10 * time.Minute
	// defaultParallelism is how many reads run concurrently.
	defaultParallelism = 8
)

// Config selects the tenant and the caller. URL and Auth are required; all other fields have
// defaults.
type Config struct {
	// URL is the tenant's URL: "https://acme.eu.qlikcloud.com". Plain http is accepted for loopback
	// addresses only.
	URL  string
	Auth Auth
	// Project is the project whose connections may be changed. A patch that would rewrite the tags of a
	// connection that another project has taken over since the plan is refused. Empty: not checked.
	Project string
	// Parallelism is how many reads run concurrently. Zero: 8.
	Parallelism int
	// BatchSize is how many connections one bulk request contains. Zero: 100. The API reference names
	// no maximum.
	BatchSize int
	// Limits are the rate limits of the service for one user. Zero: the published ones.
	Limits Limits
	// HTTPClient provides the transport and the timeout. Nil: a client of our own.
	HTTPClient *http.Client
	// Logger receives one debug record for each request, without query, bodies and headers. Nil:
	// nothing is logged.
	Logger *slog.Logger
	// CacheFile is where snapshots store what they have read, so that the next snapshot of the same
	// tenant reads only connections that were updated since. Empty: no cache.
	CacheFile string
	// CacheDigest returns a keyed digest. With it, a connection is read again also if its connection
	// statement has changed. Nil: the cache contains nothing of the statements.
	CacheDigest func(texts ...string) string
	// Samples are shared by the providers of several tenants. Nil: the provider has its own.
	Samples *Samples
	// Tenant is the name of the tenant in Samples. Empty: the URL.
	Tenant string
	// UserAgent is sent with each request. Empty: "qlsync".
	UserAgent string
	// Lifetime cancels everything, including writes in progress, which otherwise continue after their
	// own context has ended. Nil: never.
	Lifetime context.Context
	// Secrets redacts the secrets of the run from the tenant's messages. The client adds those that it
	// sends. Nil: a redactor of the client's own.
	Secrets *transport.Redactor
	// RaiseLimits multiplies the limits on the total size of the service's answers. Zero means one.
	RaiseLimits int
}

// Client sends requests to one tenant. It may be used concurrently; all users of one client share
// its permits.
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
	// Repeatable reports that sending the request twice has the same effect as sending it once, so that
	// it may be sent again after a broken connection. A GET is always repeatable.
	Repeatable bool
	// Secrets are values in Body that no error may quote.
	Secrets []connection.Secret

	// signInCode is the code of a person's sign-in; see [signInHeader].
	signInCode string
	// sent counts the requests that were actually sent. May be nil.
	sent *atomic.Int64
	// yields lets all other requests go first, and leaves a part of the rate limit to them.
	yields bool
	// reservation holds the permits of the group to which this request belongs. May be nil.
	reservation *reservation
	// fresh reads the connection of the request again before each attempt, and returns the body to
	// send; see [transport.Request.Fresh]. May be nil.
	fresh func(ctx context.Context, maybe bool) (body any, err error)
}

// NewClient checks the configuration and returns a client. It sends nothing.
func NewClient(config Config) (*Client, error) {
	var client *transport.Client
	credentials, authErr := config.Auth.credentials(config.URL, func(secret string) { client.Redactor().Add(secret) })
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

// Tenant returns the tenant's URL, without a trailing slash.
func (c *Client) Tenant() string { return c.http.Tenant() }

func orDefault(value, standard int) int {
	if value > 0 {
		return value
	}
	return standard
}

// CloseIdleConnections closes connections to the tenant that are not in use.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// Do sends a request as soon as its tier has a permit, repeats it if that is harmless, and decodes
// the answer into answer unless that is nil. Numbers decoded into an interface become
// [json.Number].
//
// The end of the context ends a read, and a write that waits for its tier or for another attempt.
// Do still waits for a write that has been sent, within the timeout of the HTTP client and
// [Config.Lifetime].
//
// The error is an [*Error] if the service answered. Otherwise it wraps [connection.ErrUnreachable],
// [connection.ErrUnknownOutcome] if a write may have happened, or the error of the context, with
// [connection.ErrNotSent] for a write.
func (c *Client) Do(ctx context.Context, request Request, answer any) error {
	_, err := c.do(ctx, request, answer)
	return err
}

// do is like Do and also returns the raw answer; nil if there was none.
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

// errNoStep is the error of an id that would change the path if it became a part of it.
var errNoStep = errors.New("the id cannot be a part of a path")

// checkSteps refuses a path in which an id is ".", ".." or contains a slash: ids come from the
// service, and paths are cleaned before they are sent.
func checkSteps(path string) error {
	for step := range strings.SplitSeq(path, "/") {
		id, err := url.PathUnescape(step)
		if err != nil || id != "" && !isSegment(id) {
			return fmt.Errorf("%w: %q; nothing was sent", errNoStep, id)
		}
	}
	return nil
}

// prepare converts the request to a request of the transport.
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
		if request.yields {
			return tier.yield(ctx)
		}
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

// tier returns the tier of a method: "most" GET requests are in Tier 1, all others that we send in
// Tier 2 (API reference).
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
