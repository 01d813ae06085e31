// Package apinizer speaks to the management API (APIOps) of an Apinizer manager, as
// far as connections of projects go: [Client] is the HTTP side, [Provider] uses
// it and implements [connection.Provider]. A space is a project there, and a data
// source is one of the fourteen connection types.
//
// It never compares, never decides and never prints.
//
// The documentation holds two contracts, an old and a present one, and contradicts
// itself within each. So:
//
//   - Answers of both are read, whatever the server speaks. What an error means is
//     told by its text, as most of them have the status 400.
//   - Absence is proven by the server's own words or by a list, never by a 404.
//   - A connection has no id: its name is its address, and its type is checked before
//     every write, as two types may have the same name.
//   - A write replaces everything. It begins from what is there now, keeps what it
//     does not know, and is not sent without a secret that it would blank.
//   - A create looks first, as the server may overwrite what exists.
//   - What is saved may not have reached the gateways: [connection.ErrPending].
//
// Facts come from the published documentation alone; a comment says "assumed" where
// it is silent.
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
	// apiPath begins the path of every call; there is no version in it.
	apiPath = "/apiops/"
	// maxAttempts is how often one request is sent at most.
	maxAttempts = 4
	// maxWait is how long the manager may ask to wait.
	maxWait = 5 * time.Minute
	// defaultParallelism is how many reads run side by side: no limit is documented,
	// and an old answer speaks of one. Writes are serial.
	defaultParallelism = 4
)

// Config says which manager to speak to, as whom and how. URL and Auth are required;
// everything else has a default.
type Config struct {
	// URL is the manager's, without /apiops: "https://manager.example". Plain http is
	// accepted for loopback addresses only.
	URL  string
	Auth Auth
	// Project is the project whose connections may be changed: a connection with the ownership record of
	// another project is refused. Empty: not checked.
	Project string
	// NoRecords keeps our ownership records out of descriptions. Then every connection that is
	// declared counts as ours, and nothing is known of those that no longer are.
	NoRecords bool
	// Parallelism is how many reads run side by side, at most 4. Zero: 4.
	Parallelism int
	// HTTPClient has the transport and the timeout. Nil: a client of our own.
	HTTPClient *http.Client
	// Logger gets one debug record for each request, without query, bodies and
	// headers. Nil: nothing is logged.
	Logger *slog.Logger
	// UserAgent is sent with each request. Empty: "qlsync".
	UserAgent string
	// Lifetime ends everything, also writes that are under way. Nil: never.
	Lifetime context.Context
	// Secrets takes the secrets of the run out of what the server says. The client adds
	// those that it sends. Nil: a redactor of the client's own.
	Secrets *transport.Redactor
	// RaiseLimits multiplies the limits on what the service answers in all. Zero is one.
	RaiseLimits int
}

// Client sends requests to one manager. It may be used concurrently.
type Client struct {
	http *transport.Client
	// writing lets one change at a time through, with the reads that belong to it;
	// reading lets as many reads through as may run side by side.
	writing, reading chan struct{}
	// legacy is set once an answer was of the old contract.
	legacy atomic.Bool
	raise  int // see [Config]
}

// NewClient checks the configuration and makes a client. It sends nothing.
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

// readers returns how many reads run side by side.
func (c Config) readers() int {
	if c.Parallelism > 0 {
		return min(defaultParallelism, c.Parallelism)
	}
	return defaultParallelism
}

// CloseIdleConnections closes connections to the manager that are not in use.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// turn waits until no other change is under way, and returns what ends this one: whoever
// writes first reads, and nothing of ours may come between.
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

// do sends a request through the pipeline; see [transport.Client.Do]. The path is below
// /apiops/: all but a few end in a slash, and the form without one is documented as wrong.
// The caller of a write has taken a [Client.turn].
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

// segment escapes a name as a part of a path. "." and ".." would be taken for steps
// in the path, so they are refused.
func segment(name string) (string, error) {
	switch {
	case name == "":
		return "", errors.New("a name cannot be empty")
	case strings.Trim(name, ".") == "" && len(name) <= 2:
		return "", transport.Own(connection.ErrInvalid, "the API cannot address the name %q: rename it", name)
	}
	return url.PathEscape(name), nil
}

// listPath is where a project's connections are listed, and connectionPath where one
// of them is.
func listPath(project string) (string, error) {
	p, err := segment(project)
	return "projects/" + p + "/connections/", err
}

func connectionPath(key connection.Key) (string, error) {
	list, err := listPath(key.Space)
	name, nameErr := segment(key.Name)
	return list + name + "/", errors.Join(err, nameErr)
}
