package qlik_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
)

func TestTenantURL(t *testing.T) {
	for name, test := range map[string]struct{ url, wrong string }{
		"https is accepted":                      {"https://acme.eu.qlikcloud.com", ""},
		"a slash at the end is accepted":         {"https://acme.eu.qlikcloud.com/", ""},
		"plain http to 127.0.0.1 is accepted":    {"http://127.0.0.1:8080", ""},
		"plain http to ::1 is accepted":          {"http://[::1]:8080", ""},
		"plain http to localhost is accepted":    {"http://localhost:8080", ""},
		"plain http elsewhere is refused":        {"http://acme.eu.qlikcloud.com", "plain http"},
		"plain http to a lookalike is refused":   {"http://127.0.0.1.example.com", "plain http"},
		"another scheme is refused":              {"ftp://acme.eu.qlikcloud.com", `scheme "ftp"`},
		"a missing scheme is refused":            {"acme.eu.qlikcloud.com", "https://HOST"},
		"a path is refused":                      {"https://acme.eu.qlikcloud.com/api/v1", "end after the host"},
		"a query is refused":                     {"https://acme.eu.qlikcloud.com?x=1", "end after the host"},
		"a password is refused and not repeated": {"https://ana:hunter2@acme.eu.qlikcloud.com", "user or password"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := qlik.NewClient(qlik.Config{URL: test.url, Auth: qlik.Auth{APIKey: connection.NewSecret("k")}})
			if test.wrong == "" && err != nil {
				t.Fatal(err)
			}
			if test.wrong != "" {
				mustContain(t, err, test.wrong)
				if strings.Contains(err.Error(), "hunter2") {
					t.Errorf("the error shows the password: %v", err)
				}
			}
		})
	}
}

func TestAuthIsOneOfTwo(t *testing.T) {
	secret := connection.NewSecret("s")
	for name, test := range map[string]struct {
		auth  qlik.Auth
		wrong string
	}{
		"an API key":              {qlik.Auth{APIKey: secret}, ""},
		"an OAuth client":         {qlik.Auth{ClientID: connection.NewSecret("c"), ClientSecret: secret}, ""},
		"nothing":                 {qlik.Auth{}, "neither"},
		"both":                    {qlik.Auth{APIKey: secret, ClientID: connection.NewSecret("c"), ClientSecret: secret}, "not both"},
		"a client without secret": {qlik.Auth{ClientID: connection.NewSecret("c")}, "needs its id, and either its secret or its private key"},
		"a secret without client": {qlik.Auth{ClientSecret: secret}, "needs its id, and either its secret or its private key"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := qlik.NewClient(qlik.Config{URL: tenantURL, Auth: test.auth})
			if test.wrong != "" {
				mustContain(t, err, test.wrong)
			} else if err != nil {
				t.Fatal(err)
			}
		})
	}
}

var anything = qlik.Request{Method: http.MethodGet, Path: "/api/v1/spaces"}

func TestAReadIsSentWithTokenAndAgent(t *testing.T) {
	n := newTenant(t, map[string]route{"GET /api/v1/spaces": always(200, `{"n": 12345678901234567890}`)})
	var answer map[string]any
	request := anything
	request.Query = url.Values{"filter": {`name eq "a&b"`}}
	if err := n.client().Do(t.Context(), request, &answer); err != nil {
		t.Fatal(err)
	}
	got := n.last("GET", "/api/v1/spaces")
	if got.header.Get("Authorization") != "Bearer key-of-ana" || got.header.Get("User-Agent") != "qlsync" ||
		got.header.Get("Accept") != "application/json" || got.header.Get("Content-Type") != "" {
		t.Errorf("got headers %v, want the token, the agent and JSON without a content type", got.header)
	}
	if got.query != "filter=name+eq+%22a%26b%22" {
		t.Errorf("got query %q, want the escaped filter", got.query)
	}
	if text(t, answer["n"]) != "12345678901234567890" {
		t.Errorf("the number became %v", answer["n"])
	}
}

func TestErrorsOfTheService(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		kind   error
	}{
		"400 is invalid":      {400, connection.ErrInvalid},
		"422 is invalid":      {422, connection.ErrInvalid},
		"401 is unauthorised": {401, connection.ErrUnauthorized},
		"403 is forbidden":    {403, connection.ErrForbidden},
		"404 is not found":    {404, connection.ErrNotFound},
		"409 is a conflict":   {409, connection.ErrConflict},
		"500 has no sentinel": {500, nil},
	} {
		t.Run(name, func(t *testing.T) {
			n := newTenant(t, map[string]route{"GET /api/v1/spaces": always(test.status, refuse("SPACES-1", "No", "line one\n\x1b[31mline two"))})
			err := n.client().Do(t.Context(), anything, nil)
			mustContain(t, err, "GET /api/v1/spaces", "SPACES-1: No; line one [31mline two", "(trace t-1)")
			typed, ok := errors.AsType[*qlik.Error](err)
			if !ok || typed.Status != test.status || typed.Code != "SPACES-1" || typed.TraceID != "t-1" {
				t.Fatalf("not the typed error: %#v", err)
			}
			if want := slices.DeleteFunc([]error{test.kind}, func(kind error) bool { return kind == nil }); !slices.Equal(typed.Unwrap(), want) {
				t.Errorf("wraps %v, want %v", typed.Unwrap(), test.kind)
			}
		})
	}
}

func TestAnswersThatCannotBeRead(t *testing.T) {
	traced := func(status int, kind, body string) route {
		return func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("X-B3-Traceid", "b3-7")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, test := range map[string]struct {
		answer route
		want   []string
	}{
		"a page of a proxy instead of an error": {traced(500, "text/html", "<html>secret things"), []string{"500", "not whole JSON", `"text/html"`, "b3-7"}},
		"an error without a body":               {traced(418, "", ""), []string{"418: I'm a teapot (trace b3-7)"}},
		"a login page instead of an answer":     {traced(200, "text/html", "<html>"), []string{"200", "not whole JSON", "b3-7"}},
		"an empty answer":                       {traced(200, "application/json", " "), []string{"the answer is empty"}},
		"a truncated answer":                    {traced(200, "application/json", `{"data": [{"id"`), []string{"not whole JSON"}},
		"an answer of another shape":            {traced(200, "application/json", `{"data": {"id": 1}}`), []string{`a JSON object at "data"`}},
		"an endless answer":                     {traced(200, "application/json", strings.Repeat(" ", 33<<20)), []string{"larger than 32 MiB"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := newTenant(t, map[string]route{"GET /api/v1/spaces": test.answer})
			var answer struct {
				Data []struct{ ID string } `json:"data"`
			}
			err := n.client().Do(t.Context(), anything, &answer)
			mustContain(t, err, test.want...)
			if strings.Contains(err.Error(), "<html>") {
				t.Errorf("the error repeats the page: %v", err)
			}
		})
	}
}

func TestAnErrorNeverQuotesASecret(t *testing.T) {
	const pem = "-----BEGIN KEY-----\nMIIabc+/=\n-----END KEY-----"
	for name, test := range map[string]struct {
		secret string
		body   func(r *http.Request) string
		want   string
	}{
		"a password":             {"hunter2!", func(*http.Request) string { return "value hunter2! is bad" }, "value (secret) is bad"},
		"a quoted one":           {`hun"ter\2`, func(*http.Request) string { return `got hun\"ter\\2.` }, "got (secret)."},
		"a URL-escaped one":      {"hun ter&2", func(*http.Request) string { return "got hun+ter%262." }, "got (secret)."},
		"one line of a key file": {pem, func(*http.Request) string { return "bad line MIIabc+/=" }, "bad line (secret)"},
		"a whole key file":       {pem, func(*http.Request) string { return "bad " + pem }, "bad (secret)"},
		"the token":              {"x-y-z-0", func(r *http.Request) string { return r.Header.Get("Authorization") }, "Bearer (secret)"},
		"a short one":            {"7", func(*http.Request) string { return "port 77 is bad, 7 too" }, "port 77 is bad, (secret) too"},
	} {
		t.Run(name, func(t *testing.T) {
			n := newTenant(t, map[string]route{"POST /api/v1/data-connections": func(w http.ResponseWriter, r *http.Request, _ int) {
				say(w, 400, text(t, map[string]any{"errors": []any{map[string]any{"title": "t", "detail": test.body(r)}}}))
			}})
			err := n.client().Do(t.Context(), qlik.Request{
				Method: http.MethodPost, Path: "/api/v1/data-connections", Body: map[string]any{"password": test.secret},
				Secrets: []connection.Secret{connection.NewSecret(test.secret)},
			}, nil)
			mustContain(t, err, test.want)
			for line := range strings.Lines(test.secret) {
				if line = strings.TrimSpace(line); len(line) > 3 && strings.Contains(err.Error(), line) {
					t.Errorf("the error shows the secret: %v", err)
				}
			}
		})
	}
}

func TestErrorTextsAreBounded(t *testing.T) {
	n := newTenant(t, map[string]route{"GET /api/v1/spaces": always(400, refuse("C", "T", strings.Repeat("very long ", 1000)))})
	if err := n.client().Do(t.Context(), anything, nil); len(err.Error()) > 600 {
		t.Errorf("got an error of %d bytes, want at most 600", len(err.Error()))
	}
}

func TestATenantThatCannotBeReached(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"refused":        {&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, "connection refused"},
		"no such name":   {&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "acme", IsNotFound: true}}, "no such host"},
		"no name server": {&net.OpError{Op: "dial", Err: &net.DNSError{Err: "server misbehaving", Name: "acme"}}, "the DNS lookup failed"},
		"untrusted":      {&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, "certificate is not accepted: this computer does not trust the issuer"},
		"no TLS at all":  {http.ErrSchemeMismatch, "does not speak TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			n := newTenant(t, nil)
			n.fail = func(*http.Request, int) error { return test.err }
			err := n.client().Do(t.Context(), anything, nil)
			mustContain(t, err, "acme.eu.qlikcloud.com not reachable: ", test.want)
			if !errors.Is(err, connection.ErrUnreachable) {
				t.Errorf("%v is not ErrUnreachable", err)
			}
			if got := len(n.log()); got != 1 {
				t.Errorf("%d attempts at a tenant that has never answered", got)
			}
		})
	}
}

func TestTheTokenStaysOnTheTenant(t *testing.T) {
	stranger := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("another host got %s %s with the token %q, want no request", r.Method, r.URL, r.Header.Get("Authorization"))
	}))
	defer stranger.Close()
	for name, target := range map[string]string{
		"another port of the same address": stranger.URL + "/api/v1/users/u1",
		"another host":                     "https://evil.example/api/v1/users/u1",
		"another host without a scheme":    "//evil.example/api/v1/users/u1",
	} {
		t.Run(name+", by redirect", func(t *testing.T) {
			mustContain(t, redirectedTo(t, target), "follow redirect", "leaves the tenant")
		})
		t.Run(name+", by next link", func(t *testing.T) {
			mustContain(t, continuedAt(t, target), "follow next page", "leaves the tenant")
		})
	}
}

func server(t *testing.T, handler http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func redirectedTo(t *testing.T, target string) error {
	t.Helper()
	s := server(t, http.RedirectHandler(target, http.StatusMovedPermanently))
	client, err := qlik.NewClient(qlik.Config{URL: s.URL, Auth: qlik.Auth{APIKey: connection.NewSecret("key-of-ana")}})
	if err != nil {
		t.Fatal(err)
	}
	return client.Do(t.Context(), anything, nil)
}

func continuedAt(t *testing.T, target string) error {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/users/me", func(w http.ResponseWriter, _ *http.Request) { say(w, 200, `{"id": "u1"}`) })
	mux.HandleFunc("GET /api/v1/spaces", func(w http.ResponseWriter, _ *http.Request) {
		say(w, 200, text(t, map[string]any{"data": []any{}, "links": map[string]any{"next": map[string]any{"href": target}}}))
	})
	s := server(t, mux)
	provider, err := qlik.New(qlik.Config{URL: s.URL, Auth: qlik.Auth{APIKey: connection.NewSecret("key-of-ana")}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = provider.Snapshot(t.Context(), connection.Scope{})
	return err
}

func TestARedirectOnTheTenantIsFollowedWithTheToken(t *testing.T) {
	n := newTenant(t, map[string]route{
		"GET /api/v1/users/me": func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Location", "/api/v1/users/u1")
			w.WriteHeader(http.StatusMovedPermanently)
		},
		"GET /api/v1/users/u1": always(200, `{"id": "u1"}`),
	})
	if err := n.client().Do(t.Context(), qlik.Request{Method: http.MethodGet, Path: "/api/v1/users/me"}, nil); err != nil {
		t.Fatal(err)
	}
	if got := n.last("GET", "/api/v1/users/u1").header.Get("Authorization"); got != "Bearer key-of-ana" {
		t.Errorf("got Authorization %q, want the token of ana", got)
	}
}

func TestRedirectsThatAreNotFollowed(t *testing.T) {
	round := func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Location", "/api/v1/spaces")
		w.WriteHeader(http.StatusFound)
	}
	n := newTenant(t, map[string]route{"GET /api/v1/spaces": round, "DELETE /api/v1/spaces": round})
	mustContain(t, n.client().Do(t.Context(), anything, nil), "too many redirects")
	mustContain(t, n.client().Do(t.Context(), qlik.Request{Method: http.MethodDelete, Path: "/api/v1/spaces"}, nil), "unexpected redirect")
}

func TestTheLogHasNoQueryNoTokenNoBody(t *testing.T) {
	n := newTenant(t, map[string]route{"POST /api/v1/spaces": always(400, refuse("C", "T", "D"))})
	var log bytes.Buffer
	config := n.config()
	config.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client, err := qlik.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	_ = client.Do(t.Context(), qlik.Request{
		Method: http.MethodPost, Path: "/api/v1/spaces", Query: url.Values{"q": {"ana@example.com"}}, Body: "hunter2",
	}, nil)
	for _, want := range []string{"method=POST", "path=/api/v1/spaces", "status=400", "attempt=1", "duration="} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log %q lacks %q", log.String(), want)
		}
	}
	for _, leak := range []string{"ana@", "hunter2", "key-of-ana"} {
		if strings.Contains(log.String(), leak) {
			t.Errorf("log %q shows %q", log.String(), leak)
		}
	}
}

func TestAnInterruptedReadIsNotATenantThatCannotBeReached(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n := newTenant(t, nil)
	n.fail = func(*http.Request, int) error { cancel(); return context.Canceled }
	err := n.client().Do(ctx, anything, nil)
	if !errors.Is(err, context.Canceled) || errors.Is(err, connection.ErrUnreachable) || errors.Is(err, connection.ErrUnknownOutcome) {
		t.Errorf("got error %v, want context.Canceled and neither an unreachable tenant nor an unknown outcome", err)
	}
}
