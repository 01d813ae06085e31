// Package apinizer implements [connection.Provider] for the management API (APIOps) of an Apinizer
// manager, for connections of projects: [Client] is the HTTP side, and [Provider] is built on it. A
// space is an Apinizer project, and a data source is one of the fourteen connection types.
//
// The package never compares, decides or prints.
//
// The documentation contains two contracts, an old and a present one, and contradicts itself within
// each. So:
//
//   - Answers of both contracts are accepted, regardless of the server's version. The text of an
//     error determines its meaning, because most errors have the status 400.
//   - Absence is proven by the server's own words or by a list, never by a 404.
//   - A connection has no id: its name is its address, and its type is checked before every write,
//     because connections of two types may have the same name.
//   - A write replaces everything. It is based on the current state, keeps unknown fields, and is
//     not sent without a secret that it would erase.
//   - A create looks first, because the server may overwrite an existing connection.
//   - A saved connection may not have reached the gateways: [connection.ErrPending].
//
// Facts come from the published documentation alone; a comment says "assumed" where the
// documentation says nothing.
package apinizer

import (
	"cmp"
	"context"
	"errors"
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
	// apiPath is the prefix of the path of every call; it contains no version.
	apiPath = "/apiops/"
	// maxAttempts is how often one request is sent at most.
	maxAttempts = 4
	// maxWait is the longest wait that the manager may request.
	maxWait = 5 * time.Minute
	// defaultParallelism is how many reads run concurrently: no limit is documented, but an old answer
	// mentions one. Writes are serial.
	defaultParallelism = 4
)

// Config selects the manager and the caller. URL and Auth are required; all other fields have
// defaults.
type Config struct {
	// URL is the manager's URL, without /apiops: "https://manager.example". Plain http is accepted for
	// loopback addresses only.
	URL  string
	Auth Auth
	// Project is the project whose connections may be changed: a connection with the ownership record
	// of another project is refused. Empty: not checked.
	Project string
	// NoRecords keeps ownership records out of descriptions. Then every declared connection counts as
	// ours, and undeclared ones are unknown.
	NoRecords bool
	// Parallelism is how many reads run concurrently, at most 4. Zero: 4.
	Parallelism int
	// HTTPClient provides the transport and the timeout. Nil: a client of our own.
	HTTPClient *http.Client
	// Logger receives one debug record for each request, without query, bodies and headers. Nil:
	// nothing is logged.
	Logger *slog.Logger
	// UserAgent is sent with each request. Empty: "qlsync".
	UserAgent string
	// Lifetime cancels everything, including writes in progress. Nil: never.
	Lifetime context.Context
	// Secrets redacts the secrets of the run from the server's messages. The client adds those that it
	// sends. Nil: a redactor of the client's own.
	Secrets *transport.Redactor
	// RaiseLimits multiplies the limits on the total size of the service's answers. Zero means one.
	RaiseLimits int
}

// Client sends requests to one manager. It may be used concurrently.
type Client struct {
	http *transport.Client
	// writing admits one change at a time, with the reads that belong to it; reading admits the
	// concurrent reads.
	writing, reading chan struct{}
	// legacy is set after the first answer of the old contract.
	legacy atomic.Bool
	raise  int // see [Config]
}

// NewClient checks the configuration and returns a client. It sends nothing.
func NewClient(config Config) (*Client, error) {
	parallelism := config.readers()
	client := &Client{writing: make(chan struct{}, 1), reading: make(chan struct{}, parallelism), raise: config.RaiseLimits}
	credentials, authErr := config.Auth.credentials()
	var err error
	client.http, err = transport.NewClient(transport.Service{
		Attempts: maxAttempts, MaxWait: maxWait, Classify: client.classify, Credentials: credentials,
	}, transport.Config{
		URL: config.URL, Parallelism: parallelism, HTTPClient: config.HTTPClient,
		Logger: config.Logger, UserAgent: config.UserAgent, Lifetime: config.Lifetime, Secrets: config.Secrets,
	})
	return client, cmp.Or(err, authErr)
}

// readers returns how many reads run concurrently.
func (c Config) readers() int {
	if c.Parallelism > 0 {
		return min(defaultParallelism, c.Parallelism)
	}
	return defaultParallelism
}

// CloseIdleConnections closes connections to the manager that are not in use.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// turn waits until no other change is in progress, and returns the function that ends this one: a
// write begins with a read, and no other write of ours may come between.
func (c *Client) turn(ctx context.Context) (done func(), err error) {
	ctx, cancel := c.http.Within(ctx)
	defer cancel()
	return take(ctx, c.writing)
}

func take(ctx context.Context, from chan struct{}) (back func(), err error) {
	select {
	case from <- struct{}{}:
		return func() { <-from }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// do sends a request through the pipeline; see [transport.Client.Do]. The path is below /apiops/:
// all but a few end in a slash, and the form without one is documented as wrong. The caller of a
// write has taken a [Client.turn].
func (c *Client) do(ctx context.Context, request transport.Request) (*transport.Answer, error) {
	request.Path = apiPath + request.Path
	if request.Method == http.MethodGet {
		waiting, cancel := c.http.Within(ctx)
		defer cancel()
		done, err := take(waiting, c.reading)
		if err != nil {
			return nil, transport.Interrupted(request.Method, c.http.Address(request), err)
		}
		defer done()
	}
	return c.http.Do(ctx, request)
}

// segment escapes a name as a segment of a path. It refuses "." and "..", which would change the
// path.
func segment(name string) (string, error) {
	switch {
	case name == "":
		return "", errors.New("a name cannot be empty")
	case strings.Trim(name, ".") == "" && len(name) <= 2:
		return "", transport.Own(connection.ErrInvalid, "the API cannot address the name %q: rename it", name)
	}
	return url.PathEscape(name), nil
}

// listPath returns the path of a project's list of connections, and connectionPath the path of one
// connection.
func listPath(project string) (string, error) {
	p, err := segment(project)
	return "projects/" + p + "/connections/", err
}

func connectionPath(key connection.Key) (string, error) {
	list, err := listPath(key.Space)
	name, nameErr := segment(key.Name)
	return list + name + "/", errors.Join(err, nameErr)
}
