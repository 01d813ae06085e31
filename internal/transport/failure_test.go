package transport_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/internal/transport/transporttest"
	"github.com/qlsync/qlsync/pkg/connection"
)

// failureOf sends one POST and demands that it fails without an answer.
func failureOf(t *testing.T, client *http.Client, url string) *transport.Failure {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = transport.Exchange(client, slog.New(slog.DiscardHandler), request, 1, transport.NewRedactor())
	failed, ok := errors.AsType[*transport.Failure](err)
	if !ok || !errors.Is(err, connection.ErrUnreachable) {
		t.Fatalf("no failure: %v", err)
	}
	return failed
}

// listen answers each connection with what the function does, until the test ends.
func listen(t *testing.T, answer func(net.Conn)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); answer(conn) }()
		}
	}()
	return listener.Addr().String()
}

// tunnel answers a CONNECT with a status line.
func tunnel(status string) func(net.Conn) {
	return func(conn net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 "+status+"\r\nContent-Length: 0\r\n\r\n")
		}
	}
}

func TestTroubleWithAProxyNamesTheProxyAndItsVariable(t *testing.T) {
	const target = "https://acme.example/x"
	for name, test := range map[string]struct {
		proxy    func(t *testing.T) string // the value of HTTPS_PROXY
		trouble  string                    // with HOST for the proxy's
		hint     string
		hopeless bool
	}{
		"nobody listens": {
			func(*testing.T) string { return "http://127.0.0.1:1" },
			"acme.example not reachable through the proxy HOST (from HTTPS_PROXY): connection refused",
			"check HTTPS_PROXY, or add acme.example to NO_PROXY", false,
		},
		"its name is unknown": {
			func(*testing.T) string { return "http://ana:can-ary-1@proxy.invalid:8080" },
			"acme.example not reachable through the proxy proxy.invalid:8080 (from HTTPS_PROXY): no such host", "check HTTPS_PROXY", true,
		},
		"it wants a password": {
			func(t *testing.T) string { return "http://" + listen(t, tunnel("407 Proxy Authentication Required")) },
			"HOST (from HTTPS_PROXY): it asks for a user and a password (407)", "set HTTPS_PROXY to http://USER:PASSWORD@HOST:PORT", true,
		},
		"it wants another password": {
			func(t *testing.T) string {
				return "http://ana:can-ary-1@" + listen(t, tunnel("407 Proxy Authentication Required"))
			},
			"HOST (from HTTPS_PROXY): it refuses the user and password in HTTPS_PROXY (407)", "percent-encoded", true,
		},
		"it does not allow the host": {
			func(t *testing.T) string { return "http://" + listen(t, tunnel("403 No")) },
			"HOST (from HTTPS_PROXY): it does not allow connections to acme.example (403)", "ask the administrator of the proxy", true,
		},
		"it does not reach the host": {
			func(t *testing.T) string { return "http://" + listen(t, tunnel("502 Bad Gateway")) },
			"HOST (from HTTPS_PROXY): it could not connect to acme.example (502 Bad Gateway)", "check the url", false,
		},
		"it is no proxy": {
			func(t *testing.T) string { return "http://" + listen(t, tunnel("404 Not Found")) },
			"HOST (from HTTPS_PROXY): it answered 404 Not Found", "check that HTTPS_PROXY is the address of a proxy", true,
		},
		"it hangs up": {
			func(t *testing.T) string {
				return "http://" + listen(t, func(conn net.Conn) { _, _ = http.ReadRequest(bufio.NewReader(conn)) })
			},
			"HOST (from HTTPS_PROXY): the connection broke", "ask the administrator of the network", false,
		},
		"it is behind TLS that is not trusted": {
			func(t *testing.T) string {
				certificate, _ := transporttest.Certificate(t, "proxy.example", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
				return "https://" + listen(t, func(conn net.Conn) {
					_ = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{certificate}}).Handshake()
				})
			},
			`HOST (from HTTPS_PROXY): its certificate, issued by "Acme Test CA", is not accepted`, "HTTPS_PROXY", true,
		},
		"SOCKS that refuses": {
			func(t *testing.T) string {
				return "socks5://" + listen(t, func(conn net.Conn) { _, _ = conn.Read(make([]byte, 9)); _, _ = conn.Write([]byte{5, 255}) })
			},
			"HOST (from HTTPS_PROXY): it refused the connection to acme.example", "check HTTPS_PROXY", false,
		},
		"its address has an address in it": {
			func(*testing.T) string { return "http://http://ana:can-ary-1@proxy.example" },
			"through the proxy of HTTPS_PROXY: the value is not the address of a proxy", "write HTTPS_PROXY as http://HOST:PORT", true,
		},
		"its address is none": {
			func(*testing.T) string { return "http://ana:can-ary-1@%zz" },
			"through the proxy of HTTPS_PROXY: the value is not the address of a proxy", "write HTTPS_PROXY as http://HOST:PORT", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			value := test.proxy(t)
			t.Setenv("HTTPS_PROXY", value)
			t.Setenv("NO_PROXY", "")
			failed := failureOf(t, transport.HTTPClient(nil, time.Minute, 1), target)
			host := value[strings.LastIndexAny(value, "/@")+1:]
			if want := strings.ReplaceAll(test.trouble, "HOST", host); !strings.Contains(failed.Error(), want) || !strings.Contains(failed.Hint, test.hint) {
				t.Errorf("got %v with the hint\n%s\nwant %q with %q", failed, failed.Hint, want, test.hint)
			}
			if failed.Sent || !failed.AtProxy || failed.Hopeless != test.hopeless {
				t.Errorf("got %+v, want a failure at the proxy before the request was sent, hopeless: %v", failed, test.hopeless)
			}
			if strings.Contains(failed.Error()+failed.Hint+failed.Proxy.String(), "can-ary") {
				t.Errorf("the password is shown: %v %s", failed, failed.Hint)
			}
		})
	}
}

func TestAProxyThatIsNotUsedIsNamedWhereOneMayBeNeeded(t *testing.T) {
	for name, test := range map[string]struct {
		https, http, no, hint string
	}{
		"the host is in NO_PROXY": {https: "http://proxy.invalid", no: "invalid", hint: "HTTPS_PROXY was not used because NO_PROXY lists acme.invalid"},
		"the proxy is for http":   {http: "http://proxy.invalid", hint: "HTTP_PROXY is for http only: set HTTPS_PROXY"},
		"no variable names one":   {hint: "check the url"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, lower := range []string{"https_proxy", "http_proxy", "no_proxy"} {
				t.Setenv(lower, "") // first: on Windows they are the same variables
			}
			t.Setenv("HTTPS_PROXY", test.https)
			t.Setenv("HTTP_PROXY", test.http)
			t.Setenv("NO_PROXY", test.no)
			failed := failureOf(t, transport.HTTPClient(nil, time.Minute, 1), "https://acme.invalid/x")
			if failed.Proxy != nil || failed.Sent || !strings.Contains(failed.Error(), "acme.invalid not reachable: no such host") || !strings.Contains(failed.Hint, test.hint) {
				t.Errorf("got %v with the hint\n%s\nwant an unreachable host and %q", failed, failed.Hint, test.hint)
			}
		})
	}
}

func TestCertificatesThatAreNotAcceptedHaveDifferentCauses(t *testing.T) {
	now := time.Now()
	for name, test := range map[string]struct {
		host        string
		from, until time.Time
		cause, hint string
	}{
		"expired":           {"127.0.0.1", now.Add(-48 * time.Hour), now.Add(-24 * time.Hour), "it expired on " + now.Add(-24*time.Hour).UTC().Format(time.DateOnly), "renew it on the server"},
		"not yet valid":     {"127.0.0.1", now.Add(24 * time.Hour), now.Add(48 * time.Hour), "it is not valid before", "check the clock"},
		"for another host":  {"other.example", now.Add(-time.Hour), now.Add(time.Hour), "it is for other.example, not for localhost", "check the url"},
		"of an unknown one": {"localhost", now.Add(-time.Hour), now.Add(time.Hour), "this computer does not trust the issuer", "SSL_CERT_FILE=CA.pem"},
	} {
		t.Run(name, func(t *testing.T) {
			certificate, _ := transporttest.Certificate(t, test.host, test.from, test.until)
			address := listen(t, func(conn net.Conn) {
				_ = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{certificate}}).Handshake()
			})
			_, port, _ := net.SplitHostPort(address)
			failed := failureOf(t, transport.HTTPClient(nil, time.Minute, 1), "https://localhost:"+port)
			if runtime.GOOS == "windows" { // it looks at the issuer before anything else
				test.cause, test.hint = "this computer does not trust the issuer", ""
			}
			want := `its certificate, issued by "Acme Test CA", is not accepted: ` + test.cause
			if !strings.HasPrefix(failed.Cause, want) || !strings.Contains(failed.Hint, test.hint) || failed.Sent || !failed.Hopeless {
				t.Errorf("got %+v, want the cause %q and the hint %q before the request was sent", failed, want, test.hint)
			}
		})
	}
}

func TestABrokenConnectionNamesTheBrokenPart(t *testing.T) {
	for name, test := range map[string]struct {
		answer      func(net.Conn)
		scheme      string
		cause, hint string
		sent        bool
	}{
		"a reset after the request": {
			func(conn net.Conn) { _, _ = conn.Read(make([]byte, 9)); _ = conn.(*net.TCPConn).SetLinger(0) },
			"http", "the connection broke before the answer was complete", "try again", true,
		},
		"a half answer": {
			func(conn net.Conn) {
				_, _ = conn.Read(make([]byte, 4096))
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
			},
			"http", "the connection broke before the answer was complete", "try again", true,
		},
		"a reset in the handshake": {
			func(conn net.Conn) { _, _ = conn.Read(make([]byte, 9)); _ = conn.(*net.TCPConn).SetLinger(0) },
			"https", "the connection broke before the answer was complete", "its firewall", false,
		},
		"no TLS": {
			func(conn net.Conn) {
				_, _ = conn.Read(make([]byte, 4096))
				_, _ = io.WriteString(conn, "SSH-2.0-x\r\n")
			},
			"https", "the server does not speak TLS", "check the port", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			failed := failureOf(t, transport.HTTPClient(nil, time.Minute, 1), test.scheme+"://"+listen(t, test.answer))
			if failed.Cause != test.cause || !strings.Contains(failed.Hint, test.hint) || failed.Sent != test.sent {
				t.Errorf("got %+v, want cause %q, hint %q, sent %v", failed, test.cause, test.hint, test.sent)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		if failed := failureOf(t, transport.HTTPClient(nil, time.Minute, 1), "http://127.0.0.1:1"); failed.Cause != "connection refused" || failed.Sent || failed.Hint == "" {
			t.Errorf("got %+v, want a refused connection before the request was sent, with a hint", failed)
		}
	})
}

func TestATimeoutNamesItsPhase(t *testing.T) {
	after := func(wait time.Duration) func(context.Context) (net.Conn, error) {
		return func(context.Context) (net.Conn, error) {
			time.Sleep(wait)
			return nil, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
		}
	}
	silent := func(context.Context) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		return ours, nil
	}
	for name, test := range map[string]struct {
		dial        func(context.Context) (net.Conn, error)
		url         string
		cause, hint string
		sent        bool
	}{
		"the dialler's":       {after(30 * time.Second), "https://acme.example", "the connection timed out", "HTTPS_PROXY", false},
		"ours while it dials": {after(2 * time.Minute), "https://acme.example", "the connection timed out", "HTTPS_PROXY", false},
		"the handshake":       {silent, "https://acme.example", "the TLS handshake timed out", "HTTPS_PROXY", false},
		"the answer":          {silent, "http://acme.example", "timed out waiting for the answer", "try again later", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				own := &http.Transport{
					DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return test.dial(ctx) },
					TLSHandshakeTimeout: 10 * time.Second,
				}
				failed := failureOf(t, &http.Client{Transport: own, Timeout: time.Minute}, test.url)
				if failed.Cause != test.cause || !strings.Contains(failed.Hint, test.hint) || failed.Sent != test.sent || failed.Hopeless {
					t.Errorf("got %+v, want cause %q, hint %q, sent %v and another attempt", failed, test.cause, test.hint, test.sent)
				}
				time.Sleep(time.Hour) // dialling goes on
			})
		})
	}
}
