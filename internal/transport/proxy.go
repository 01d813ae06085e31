package transport

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// Proxy is the proxy of a request. It never contains the user or the password that the variable may
// contain.
type Proxy struct {
	// Variable is the environment variable that names the proxy, such as HTTPS_PROXY. Empty: none.
	Variable string
	// Host is the host and port of the proxy. Empty: the variable is not an address.
	Host string
	// signsIn reports whether the variable contains a user for the proxy.
	signsIn bool
}

// String returns "the proxy HOST (from VARIABLE)".
func (p *Proxy) String() string {
	switch {
	case p.Variable == "":
		return "the proxy " + p.Host
	case p.Host == "":
		return "the proxy of " + p.Variable
	}
	return "the proxy " + p.Host + " (from " + p.Variable + ")"
}

// useProxies makes a transport use the proxies in the current environment, and keep the status with
// which a proxy refuses a tunnel.
func useProxies(transport *http.Transport) {
	config := httpproxy.FromEnvironment()
	broken := map[string]bool{"http": !isProxyAddress(config.HTTPProxy), "https": !isProxyAddress(config.HTTPSProxy)}
	if broken["http"] {
		config.HTTPProxy = "http://proxy.invalid"
	}
	if broken["https"] {
		config.HTTPSProxy = "http://proxy.invalid"
	}
	find := config.ProxyFunc()
	transport.Proxy = func(request *http.Request) (*url.URL, error) {
		address, err := find(request.URL)
		if address != nil && broken[request.URL.Scheme] {
			return nil, errNoAddress
		}
		return address, err
	}
	transport.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
		if answer.StatusCode != http.StatusOK {
			return proxyRefusal{answer.StatusCode}
		}
		return nil
	}
}

// errNoAddress is the error of a request whose proxy variable is not an address. The library would
// connect without the proxy.
var errNoAddress = errors.New("the proxy variable does not hold an address")

// isProxyAddress reports whether the value of a variable is empty or the address of a proxy.
func isProxyAddress(value string) bool {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	address, err := url.Parse(value)
	return value == "http://" || err == nil && address.Hostname() != "" && strings.Trim(address.Path, "/") == ""
}

// proxyRefusal is the answer of a proxy that refuses a tunnel.
type proxyRefusal struct{ status int }

func (r proxyRefusal) Error() string { return "the proxy answered " + http.StatusText(r.status) }

// proxyFor returns the proxy of a request, or nil. It drops the error of an invalid variable, which
// would quote the variable with its password.
func proxyFor(client *http.Client, target *url.URL) *Proxy {
	transport := innerTransport(client)
	if transport == nil || transport.Proxy == nil {
		return nil
	}
	address, err := transport.Proxy(&http.Request{URL: target})
	name, value := proxyVariable(target.Scheme)
	switch {
	case err == nil && address == nil:
		return nil
	case err != nil:
		return &Proxy{Variable: name}
	}
	proxy := &Proxy{Host: hostAndPort(address), signsIn: address.User != nil}
	if value != "" {
		proxy.Variable = name
	}
	return proxy
}

// innerTransport returns the transport of a client, inside any wrappers that have a method Unwrap.
// Nil: it is not the standard library's.
func innerTransport(client *http.Client) *http.Transport {
	inner := client.Transport
	if inner == nil {
		inner = http.DefaultTransport
	}
	for {
		outer, ok := inner.(interface{ Unwrap() http.RoundTripper })
		if !ok {
			transport, _ := inner.(*http.Transport)
			return transport
		}
		inner = outer.Unwrap()
	}
}

// proxyVariable returns the environment variable that names the proxy for a scheme, and
// its value.
func proxyVariable(scheme string) (name, value string) {
	names := []string{"HTTP_PROXY", "http_proxy"}
	if scheme == "https" {
		names = []string{"HTTPS_PROXY", "https_proxy"}
	}
	for _, name := range names {
		if value := os.Getenv(name); value != "" {
			return name, value
		}
	}
	return names[0], ""
}

func hostAndPort(address *url.URL) string {
	if address.Port() != "" {
		return address.Host
	}
	return net.JoinHostPort(address.Hostname(), map[string]string{"http": "80", "https": "443"}[address.Scheme])
}

// withoutProxy returns a hint that no proxy was used: a company's network may require one. Empty: a
// variable names a proxy.
func withoutProxy(target *url.URL) string {
	https, value := proxyVariable("https")
	switch http, other := proxyVariable("http"); {
	case target.Scheme != "https" || IsLoopback(target.Hostname()):
		return ""
	case value != "":
		return https + " was not used because NO_PROXY lists " + target.Hostname()
	case other != "":
		return http + " is for http only: set HTTPS_PROXY if this network needs a proxy"
	}
	return ""
}

// proxyTrouble returns the cause of a proxy's failure and what to try, or "" if the proxy is not
// the cause. hopeless reports that another attempt is useless.
func proxyTrouble(err error, proxy *Proxy, target *url.URL) (cause, hint string, hopeless bool) {
	if proxy == nil {
		return "", "", false
	}
	variable := proxy.Variable
	if variable == "" {
		variable = "the address of the proxy"
	}
	check := "check " + variable + ", or add " + target.Hostname() + " to NO_PROXY if this network reaches it without a proxy"
	if proxy.Host == "" {
		return "the value is not the address of a proxy", "write " + variable + " as http://HOST:PORT", true
	}
	if refusal, ok := errors.AsType[proxyRefusal](err); ok {
		return refusal.trouble(variable, proxy, target)
	}
	operation, ok := errors.AsType[*net.OpError](err)
	switch {
	case ok && operation.Op == "proxyconnect":
		cause, _, hopeless = causeOf(operation.Err, target)
		return cause, check, hopeless
	case ok && strings.HasPrefix(operation.Op, "socks"):
		return "it refused the connection to " + target.Host, check, false
	}
	return "", "", false
}

func (r proxyRefusal) trouble(variable string, proxy *Proxy, target *url.URL) (cause, hint string, hopeless bool) {
	status := http.StatusText(r.status)
	switch {
	case r.status == http.StatusProxyAuthRequired && proxy.signsIn:
		return "it refuses the user and password in " + variable + " (407)", "write them as http://USER:PASSWORD@HOST:PORT, with special characters percent-encoded", true
	case r.status == http.StatusProxyAuthRequired:
		return "it asks for a user and a password (407)", "set " + variable + " to http://USER:PASSWORD@HOST:PORT", true
	case r.status == http.StatusForbidden:
		return "it does not allow connections to " + target.Host + " (403)", "ask the administrator of the proxy to allow " + target.Host, true
	case r.status >= http.StatusInternalServerError:
		return "it could not connect to " + target.Host + " (" + itoa(r.status) + " " + status + ")", "check the url of the tenant, or ask the administrator of the proxy", false
	}
	return "it answered " + itoa(r.status) + " " + status, "check that " + variable + " is the address of a proxy", true
}
