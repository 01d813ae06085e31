package transport

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

	"github.com/qlsync/qlsync/pkg/connection"
)

// answerTimeout bounds one request, from dialling to the last byte.
const answerTimeout = time.Minute

// Service is the table of differences between the services that a [Client] can call.
type Service struct {
	// Attempts is how often one request is sent at most. A request that exceeded a rate limit does not
	// count.
	Attempts int
	// Redirects is how many redirects of one read are followed, within the service. Zero: a redirect is
	// an answer like any other.
	Redirects int
	// MaxWait is the longest wait before another attempt that a service may request.
	MaxWait time.Duration
	// TraceHeader is the header with the id of an answer, for the support of the service. Empty: none.
	TraceHeader string
	// Classify returns the fate of the request of an answer. If the fate is not [Done], Classify
	// completes the error, in which the method, the path, the status, the trace and the wait of the
	// header are already set. Quoted text must pass the redactor.
	Classify func(got *Answer, failed *Error, hide *Redactor) Fate
	Credentials
}

// Credentials are how a service authenticates a client: by a fixed token, or by tokens that the
// client requests.
type Credentials struct {
	Token string
	// Ask is the request for a token of an OAuth server (RFC 6749, section 5.1). Nil: the fixed token
	// is used.
	Ask *Request
	// Of names the owner of the token: "the OAuth client".
	Of string
	// Lasts is the lifetime of a token if its answer does not say. Zero: until the service refuses it.
	Lasts time.Duration
	// Advice is what to check after a 401.
	Advice string
}

// Fate is what became of a request, according to its answer.
type Fate int

// The fates. Only a write can be in doubt.
const (
	Done        Fate = iota // carried out
	Refused                 // not carried out, and another attempt would end in the same way
	RateLimited             // not carried out, and may be later
	Unsigned                // not carried out: the token was refused
	Doubtful                // may have been carried out; another attempt may succeed
	Unexplained             // may have been carried out; another attempt is useless
	Unreadable              // probably carried out; the answer cannot be used

	unsent // never reached the service, and may the next time
)

// Config is how a client reaches its service. The URL is required.
type Config struct {
	URL string
	// Parallelism is how many requests run concurrently.
	Parallelism int
	// HTTPClient provides its transport and its timeout. Nil: a client of our own.
	HTTPClient *http.Client
	// Logger receives one debug record for each request; see [exchange]. Nil: none.
	Logger *slog.Logger
	// UserAgent is sent with each request. Empty: "qlsync".
	UserAgent string
	// Lifetime cancels everything, including writes in progress. Nil: never.
	Lifetime context.Context
	// Secrets is the redactor of the run, which learns the secrets that are sent. Nil: one of the
	// client's own.
	Secrets *Redactor
}

// Client sends requests to one service: it authorises them, waits for their permits, sends them,
// classifies the answers, repeats what may be repeated, and keeps secrets out of errors and the
// log. It may be used concurrently.
type Client struct {
	service   Service
	base      *url.URL
	http      *http.Client
	logger    *slog.Logger
	userAgent string
	lifetime  context.Context // see [Config]
	secrets   *Redactor
	tokens    *tokens
	pauses    pauses
	clock     clock
	// answered reports whether the service has been reached at least once. Until then a
	// failure to connect is taken for a wrong URL and not tried again.
	answered atomic.Bool
}

// NewClient checks the URL and returns a client. It sends nothing.
func NewClient(service Service, config Config) (*Client, error) {
	base, err := TenantURL(config.URL)
	if err != nil {
		return nil, err
	}
	client := &Client{
		service: service, base: base, http: HTTPClient(config.HTTPClient, answerTimeout, config.Parallelism),
		logger: config.Logger, userAgent: config.UserAgent, lifetime: config.Lifetime, secrets: config.Secrets,
	}
	if client.logger == nil {
		client.logger = slog.New(slog.DiscardHandler)
	}
	if client.userAgent == "" {
		client.userAgent = "qlsync"
	}
	if client.secrets == nil {
		client.secrets = NewRedactor()
	}
	if client.lifetime == nil {
		client.lifetime = context.Background()
	}
	client.secrets.Add(service.Token)
	if service.Ask != nil {
		client.secrets.Add(service.Ask.Secrets...)
	}
	client.tokens = &tokens{client: client, Credentials: service.Credentials}
	return client, nil
}

// Request is one call of a service.
type Request struct {
	Method string
	// Path starts at the root of the service, and its segments are escaped. Errors name it.
	Path  string
	Query url.Values
	// Link is an address from the service to be read instead of Path and Query; see [Client.Resolve].
	// Nil: none.
	Link *url.URL
	Body []byte
	// ContentType is the type of the body. Empty: JSON.
	ContentType string
	// Header holds further headers.
	Header http.Header
	// Repeatable reports whether sending the request twice has the same effect as sending it once, so
	// that it may be sent again after a broken connection. A GET is always repeatable.
	Repeatable bool
	// Anonymous requests carry no token and write nothing: the request for a token.
	Anonymous bool
	// Secrets are values of the request that no error may quote.
	Secrets []string
	// Sent counts the attempts that were sent. May be nil.
	Sent *atomic.Int64
	// Acquire waits for the permit of an attempt; again reports that an earlier attempt exceeded a rate
	// limit. Nil: no permit is needed.
	Acquire func(ctx context.Context, again bool) (Permit, error)
	// Fresh reads the state for the request again, and returns the body to send; nil: the body of the
	// request. It is called before each attempt, when the attempt has its permit; maybe reports that an
	// earlier attempt may have been carried out. Its error ends the request with a [*NotWritten]. May
	// be nil.
	Fresh func(ctx context.Context, maybe bool) (body []byte, err error)
}

func (r *Request) isRead() bool { return r.Method == http.MethodGet }

// Permit is the right to send one attempt of a request, from a rate budget. It ends with Answered,
// Limited or Unused.
type Permit interface {
	// Begin reports whether the request may be sent now, after the live state was read again. If not,
	// the permit has ended, and another one must be acquired.
	Begin() bool
	// Answered ends the permit of an attempt that the service has counted, or may have counted.
	Answered()
	// Limited ends the permit of an attempt that exceeded the rate limit, with the wait that the
	// service requested.
	Limited(wait time.Duration)
	// Unused ends the permit of an attempt that the service has not counted.
	Unused()
}

// free is the permit of a request that needs none.
type free struct{}

func (free) Begin() bool           { return true }
func (free) Answered()             {}
func (free) Limited(time.Duration) {}
func (free) Unused()               {}

// Tenant returns the URL of the service, without a trailing slash.
func (c *Client) Tenant() string { return c.base.Scheme + "://" + c.base.Host }

// CloseIdleConnections closes connections to the service that are not in use.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// Waiting returns the pause between two attempts that ends last.
func (c *Client) Waiting() connection.Wait { return c.pauses.Longest() }

// Skew returns how far the clock of the service is ahead of ours; nil: unknown.
func (c *Client) Skew() *time.Duration { return c.clock.Skew() }

// Within returns a context that also ends with the lifetime of the client.
func (c *Client) Within(ctx context.Context) (context.Context, context.CancelFunc) {
	return within(ctx, c.lifetime)
}

// Redactor returns the redactor of the run after adding these secrets. It knows the secrets of all
// earlier requests.
func (c *Client) Redactor(secrets ...string) *Redactor {
	c.secrets.Add(secrets...)
	return c.secrets
}

// Address returns the address of a request.
func (c *Client) Address(request Request) *url.URL {
	if request.Link != nil {
		return request.Link
	}
	target := c.base.JoinPath(request.Path)
	target.RawQuery = request.Query.Encode()
	return target
}

// Resolve returns the address of a link in the answer to a request. A link that leaves the service
// is an error, because the token would be sent there.
func (c *Client) Resolve(from *url.URL, link string) (*url.URL, error) {
	target, err := from.Parse(link)
	if err != nil {
		return nil, errors.New("the link is not a URL")
	}
	if !sameOrigin(target, c.base) {
		return nil, fmt.Errorf("the link leaves the tenant for %q", c.secrets.Sanitize(target.Scheme+"://"+target.Host, maxWords))
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
