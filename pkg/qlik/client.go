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
	// answerTimeout bounds one request, from dialling to the last byte.
	answerTimeout = time.Minute
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
	// HTTPClient gives the transport and the timeout. Nil: a client of our own.
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
	base      *url.URL
	http      *http.Client
	auth      *authorizer
	reads     *tier
	writes    *tier
	pauses    transport.Pauses
	logger    *slog.Logger
	userAgent string
	lifetime  context.Context // see [Config]
	secrets   *transport.Redactor
	raise     int // see [Config.RaiseLimits]
	// answered tells that the tenant has been reached at least once. Until then a
	// failure to connect is taken for a wrong URL and not tried again.
	answered atomic.Bool
	clock    transport.Clock
}

// Request is one call of the API.
type Request struct {
	Method string
	Path   string // from the root of the tenant: "/api/v1/spaces"
	Query  url.Values
	// Body is encoded as JSON. Nil: none.
	Body any
	// Repeatable tells that sending the request twice comes to the same as sending
	// it once, so that it may be sent again after a broken connection. A GET always is.
	Repeatable bool
	// Secrets are values in Body that an error must not quote.
	Secrets []connection.Secret

	// signInCode is what a person got for signing in; see [signInHeader].
	signInCode string
	// anonymous requests carry no token and are not counted: the one for a token.
	anonymous bool
	// sent counts the requests that were really made. May be nil.
	sent *atomic.Int64
	// reservation holds the places of the group that this request belongs to.
	// May be nil.
	reservation *reservation
	// fresh reads again what the request is about, and returns the body to send; nil: none.
	// It is called before each attempt, when the place in the tier has been taken; maybe
	// reports that an earlier attempt may have been carried out. Its error ends the request
	// with a [*transport.NotWritten]. May be nil.
	fresh func(ctx context.Context, maybe bool) (body any, err error)
}

// NewClient checks the configuration and makes a client. It sends nothing.
func NewClient(config Config) (*Client, error) {
	base, err := transport.TenantURL(config.URL)
	if err != nil {
		return nil, err
	}
	client := &Client{
		base:      base,
		http:      transport.Client(config.HTTPClient, answerTimeout, orDefault(config.Parallelism, defaultParallelism)),
		logger:    config.Logger,
		userAgent: config.UserAgent,
		lifetime:  config.Lifetime,
		secrets:   config.Secrets,
		raise:     max(1, config.RaiseLimits),
	}
	limits := config.Limits.orPublished()
	client.reads, client.writes = newTier(limits.Reads), newTier(limits.Writes)
	if client.logger == nil {
		client.logger = slog.New(slog.DiscardHandler)
	}
	if client.userAgent == "" {
		client.userAgent = "qlsync"
	}
	if client.secrets == nil {
		client.secrets = transport.NewRedactor()
	}
	if client.lifetime == nil {
		client.lifetime = context.Background()
	}
	client.auth, err = newAuthorizer(config.Auth, client)
	return client, err
}

// Tenant gives the tenant's URL, without a slash at the end.
func (c *Client) Tenant() string { return c.base.Scheme + "://" + c.base.Host }

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

// do is Do, and gives the answer as it came too; nil if there was none.
func (c *Client) do(ctx context.Context, request Request, answer any) (*reply, error) {
	prepared, err := c.prepare(request)
	if err != nil {
		return nil, err
	}
	return c.call(ctx, prepared, answer)
}

// call is a request that is ready to be sent, as often as it takes.
type call struct {
	method string
	url    *url.URL
	// asked is the address that the call began with: the one that errors name, as an
	// address that the service gave may quote anything.
	asked       *url.URL
	body        []byte
	repeatable  bool
	signInCode  string
	anonymous   bool
	secrets     []string
	sent        *atomic.Int64
	reservation *reservation
	fresh       func(ctx context.Context, maybe bool) (any, error)
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

func (c *Client) prepare(request Request) (call, error) {
	if err := checkSteps(request.Path); err != nil {
		return call{}, fmt.Errorf("%s %s: %w", request.Method, request.Path, err)
	}
	prepared := call{
		method:      request.Method,
		url:         c.base.JoinPath(request.Path),
		repeatable:  request.Repeatable || request.Method == http.MethodGet,
		signInCode:  request.signInCode,
		anonymous:   request.anonymous,
		sent:        request.sent,
		reservation: request.reservation,
		fresh:       request.fresh,
	}
	prepared.url.RawQuery = request.Query.Encode()
	prepared.asked = prepared.url
	prepared.secrets = revealed(request.Secrets)
	if request.Body == nil {
		return prepared, nil
	}
	body, err := transport.JSON(request.Body)
	if err != nil {
		return call{}, fmt.Errorf("encode body of %s %s: %w", request.Method, request.Path, err)
	}
	prepared.body = body
	return prepared, nil
}

func revealed(secrets []connection.Secret) []string {
	values := make([]string, len(secrets))
	for i, secret := range secrets {
		values[i] = secret.Reveal()
	}
	return values
}

func (c call) isRead() bool { return c.method == http.MethodGet }

// at gives the same request for another URL of the tenant.
func (c call) at(target *url.URL) call {
	c.url = target
	return c
}

// ours resolves a link or redirect that the service gave for a call, and refuses
// one that leaves the tenant: the token would go with it.
func (c *Client) ours(from *url.URL, link string, hide *transport.Redactor) (*url.URL, error) {
	target, err := from.Parse(link)
	if err != nil {
		return nil, errors.New("the link is no URL")
	}
	if !sameOrigin(target, c.base) {
		return nil, fmt.Errorf("the link leaves the tenant for %q", hide.Clean(target.Scheme+"://"+target.Host, maxTitle))
	}
	target.User, target.Fragment = nil, ""
	return target, nil
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && portOf(a) == portOf(b)
}

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}
