package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
)

// recordVariable names a file. With it in the environment, every command that the
// tests run appends its requests to that file, one a line: test/witness reads them.
const recordVariable = "QLSYNC_RECORD"

// recorded is main, on the record if that is asked for.
func recorded() {
	if file := os.Getenv(recordVariable); file != "" {
		http.DefaultTransport = recorder{file: file, next: http.DefaultTransport}
	}
	main()
}

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

// append adds a line in one write: many commands share the file.
func (r recorder) append(line []byte) error {
	file, err := os.OpenFile(r.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(line)
	return errors.Join(err, file.Close())
}
