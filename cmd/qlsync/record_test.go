package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/qlsync/qlsync/internal/transport"
)

// recordVariable names a file. With it in the environment, every command that the
// tests run appends its requests to that file, one a line: test/witness reads them.
const recordVariable = "QLSYNC_RECORD"

// recorded is main, on the record if that is asked for.
func recorded() {
	http.DefaultTransport = observedTransport(func(request string) {
		fmt.Fprintln(os.Stderr, "MISUSE: "+request)
		os.Exit(97)
	})
	main()
}

// observedTransport returns the transport of requests to tenants, on the record if that is
// asked for.
func observedTransport(misused func(request string)) http.RoundTripper {
	var observed http.RoundTripper = pedant{transport.ForTenants(http.DefaultTransport.(*http.Transport), 8), misused}
	if file := os.Getenv(recordVariable); file != "" {
		observed = recorder{file: file, next: observed}
	}
	return observed
}

// misusedKey is the key of what a run in this process does about a misuse: a func(request
// string) in the context of the run.
type misusedKey struct{}

// pedant reports a request that breaks the contract of an embedded tenant: it must not pass
// for one that the tenant refuses for a good reason. A process ends then.
type pedant struct {
	next    http.RoundTripper
	misused func(request string)
}

func (p pedant) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := p.next.RoundTrip(request)
	if err == nil && response.Header.Get("Embedded-Misuse") != "" && strings.HasPrefix(request.UserAgent(), "qlsync/") {
		text, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		response.Body = io.NopCloser(bytes.NewReader(text))
		misused, ok := request.Context().Value(misusedKey{}).(func(string))
		if !ok {
			misused = p.misused
		}
		misused(fmt.Sprintf("%s %s: %s", request.Method, request.URL, text))
	}
	return response, err
}

// Unwrap returns the transport below.
func (p pedant) Unwrap() http.RoundTripper { return p.next }

// recorder writes down the requests that go through it, without headers and so
// without tokens.
type recorder struct {
	file string
	next http.RoundTripper
}

func (r recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	var body []byte
	if request.Body != nil {
		var err error
		if body, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
		request = request.Clone(request.Context())
		request.Body = io.NopCloser(bytes.NewReader(body))
	}
	line, err := json.Marshal(map[string]string{
		"method": request.Method, "url": request.URL.String(), "body": string(body),
	})
	if err != nil {
		return nil, err
	}
	if err := r.append(append(line, '\n')); err != nil {
		return nil, err
	}
	return r.next.RoundTrip(request)
}

// Unwrap returns the transport below.
func (r recorder) Unwrap() http.RoundTripper { return r.next }

// append adds a line in one write: many commands share the file.
func (r recorder) append(line []byte) error {
	file, err := os.OpenFile(r.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(line)
	return errors.Join(err, file.Close())
}
