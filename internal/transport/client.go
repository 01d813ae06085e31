// Package transport is the HTTP side of every provider. [Client] sends a request through one
// pipeline: authorise, wait for a permit, send, classify the answer, retry, redact. The table
// [Service] describes the differences between services, so that no provider needs a loop of its
// own. A request without an answer is a [*Failure], which says what failed; an answer that is not a
// success is an [*Error].
//
// The package knows no service.
package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// TenantURL parses the URL of a tenant. Its errors never quote a part that may contain a password.
func TenantURL(text string) (*url.URL, error) {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host == "" {
		return nil, errors.New("read tenant url: not of the form https://HOST")
	}
	switch {
	case parsed.User != nil:
		return nil, fmt.Errorf("read tenant url of %q: must not hold a user or password", parsed.Host)
	case strings.Trim(parsed.Path, "/") != "" || parsed.RawQuery != "" || parsed.Fragment != "":
		return nil, fmt.Errorf("read tenant url of %q: must end after the host", parsed.Host)
	case parsed.Scheme == "https", parsed.Scheme == "http" && IsLoopback(parsed.Hostname()):
		return &url.URL{Scheme: parsed.Scheme, Host: parsed.Host, Path: "/"}, nil
	case parsed.Scheme == "http":
		return nil, fmt.Errorf("read tenant url of %q: plain http is for loopback addresses only; use https", parsed.Host)
	}
	return nil, fmt.Errorf("read tenant url of %q: scheme %q is not https", parsed.Host, parsed.Scheme)
}

// IsLoopback reports whether a host is this computer.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// HTTPClient returns an HTTP client that never follows a redirect by itself, so that each hop is
// checked, counted and logged like any request. It uses the transport and the timeout of the given
// client, which may be nil. Without one, it uses the proxies in the current environment.
func HTTPClient(given *http.Client, timeout time.Duration, parallelism int) *http.Client {
	client := &http.Client{Timeout: timeout}
	if given != nil {
		client.Transport = given.Transport
		if given.Timeout > 0 {
			client.Timeout = given.Timeout
		}
	} else if standard, ok := http.DefaultTransport.(*http.Transport); ok {
		client.Transport = ForTenants(standard, parallelism)
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}

// maxHeaders bounds the headers of an answer, in bytes.
const maxHeaders = 1 << 20

// ForTenants returns a copy of a transport for concurrent requests to one host, with the proxies in
// the current environment.
func ForTenants(standard *http.Transport, parallelism int) *http.Transport {
	transport := standard.Clone()
	transport.MaxIdleConnsPerHost = 2 * parallelism
	transport.MaxResponseHeaderBytes = maxHeaders
	useProxies(transport)
	return transport
}

// JSON encodes a value without escaping <, > and &.
func JSON(body any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return nil, err
	}
	return bytes.TrimRight(buffer.Bytes(), "\n"), nil
}

// Sleep waits, or returns early with the error of the context.
func Sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
