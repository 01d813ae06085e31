package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/qlsync/qlsync/internal/transport"
)

// recordVariable names a file. With it in the environment, every command that the
// tests run appends its requests to that file, one a line: test/witness reads them.
const recordVariable = "QLSYNC_RECORD"

// recorded is main, on the record if that is asked for.
func recorded() {
	http.DefaultTransport = pedant{transport.ForTenants(http.DefaultTransport.(*http.Transport), 8)}
	if file := os.Getenv(recordVariable); file != "" {
		http.DefaultTransport = recorder{file: file, next: http.DefaultTransport}
	}
	main()
}

// pedant ends a command whose request breaks the contract of an embedded tenant: it
// must not pass for one that the tenant refuses for a good reason.
type pedant struct{ next http.RoundTripper }

func (p pedant) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := p.next.RoundTrip(request)
	if err == nil && response.Header.Get("Embedded-Misuse") != "" {
		text, _ := io.ReadAll(response.Body)
		fmt.Fprintf(os.Stderr, "MISUSE: %s %s: %s\n", request.Method, request.URL, text)
		os.Exit(97)
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
