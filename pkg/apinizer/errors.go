package apinizer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Limits on quoted messages of the server, in characters.
const (
	maxCode = 64
	maxText = 400
)

// maxDeciding is how much of a message determines the kind of a refusal, in bytes.
const maxDeciding = 64 << 10

// Error is an answer of the server that is not a success or cannot be used. Its title is the
// server's own words, and only answers of the old contract have a code.
//
// It wraps a sentinel error of package connection that follows from the text: ErrUnauthorized,
// ErrNotFound (of a connection only), ErrForbidden (also of a project that does not exist or that
// this user may not see), ErrConflict, and ErrInvalid for any other refusal. For a write that may
// have happened, in this attempt or an earlier one, it also wraps ErrUnknownOutcome.
type Error = transport.Error

// isLimited reports whether a rate limit was exceeded. The old contract names no status for it.
func isLimited(e *Error) bool {
	return e.Status == http.StatusTooManyRequests || e.Code == "rate_limit_exceeded" ||
		e.Status == http.StatusServiceUnavailable && e.Wait > 0
}

// The words that identify the server's refusals: it answers 400 to nearly all of them, and the old
// contract also 403, 404 and 409.
var (
	notFoundWords  = regexp.MustCompile(`(?i)^connection \(name: .*\) was not found!?$`)
	projectWords   = regexp.MustCompile(`(?i)\bproject\b.*\b(not found|privilege)`)
	forbiddenWords = regexp.MustCompile(`(?i)required permission`)
	existsWords    = regexp.MustCompile(`(?i)already exists?`)
)

func kindOf(status int, text string) error {
	switch {
	case status == http.StatusUnauthorized:
		return connection.ErrUnauthorized
	case notFoundWords.MatchString(text):
		return connection.ErrNotFound
	case projectWords.MatchString(text), forbiddenWords.MatchString(text), status == http.StatusForbidden:
		return connection.ErrForbidden
	case existsWords.MatchString(text), status == http.StatusConflict:
		return connection.ErrConflict
	case status == http.StatusNotFound:
		return nil // of a proxy, or a wrong address: no evidence
	case status/100 == 4, status/100 == 2:
		return connection.ErrInvalid
	}
	return nil
}

// envelope is the outer object of every answer, in both contracts.
type envelope struct {
	Success *bool   `json:"success"`
	Status  *string `json:"status"`

	Message     string `json:"resultMessage"`
	Error       any    `json:"error"`
	Description string `json:"error_description"`
	Invalid     []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"validation_errors"`
	RetryAfter float64 `json:"retry_after"`

	List       []json.RawMessage `json:"resultList"`
	Count      *int              `json:"resultCount"`
	Deployment json.RawMessage   `json:"deploymentResult"`
}

// ok reports whether the envelope means success.
func (e *envelope) ok() bool {
	failed := e.Success != nil && !*e.Success || e.Status != nil && !strings.EqualFold(*e.Status, "SUCCESS")
	return !failed && e.Error == nil
}

// text returns the server's own words.
func (e *envelope) text() string {
	var words strings.Builder
	words.WriteString(cmp.Or(e.Message, e.Description))
	for _, invalid := range e.Invalid {
		fmt.Fprintf(&words, "; %s: %s", invalid.Field, invalid.Message)
	}
	return strings.TrimPrefix(words.String(), "; ")
}

// classify is [transport.Service.Classify].
func (c *Client) classify(got *transport.Answer, failed *transport.Error, hide *transport.Redactor) transport.Fate {
	var body envelope
	switch err := json.Unmarshal(got.Body, &body); {
	case err != nil:
		failed.Title = got.NotJSON(hide) + adviseURL
		switch got.Status / 100 {
		case 3:
			failed.Title = "unexpected redirect" + adviseURL
			return transport.Unreadable
		case 2:
			return transport.Unreadable
		}
		failed.Kind = kindOf(got.Status, "")
		return fateOf(failed)
	case body.Success != nil:
		c.legacy.Store(true)
	}
	switch saysSo := body.Success != nil || body.Status != nil; {
	case got.Status/100 == 2 && body.ok() && saysSo:
		return transport.Done
	case got.Status/100 == 2 && body.ok():
		failed.Title = "the answer does not say whether it is a success"
		return transport.Unreadable
	}
	text := body.text()
	text = text[:min(len(text), maxDeciding)]
	failed.Title = hide.Sanitize(text, maxText)
	if code, ok := body.Error.(string); ok {
		failed.Code = hide.Sanitize(code, maxCode)
	}
	if wait := body.RetryAfter; failed.Wait == 0 && wait > 0 && wait < 2*maxWait.Seconds() {
		failed.Wait = time.Duration(wait * float64(time.Second))
	}
	failed.Kind = kindOf(got.Status, strings.TrimSpace(text))
	return fateOf(failed)
}

const adviseURL = ": is the url the API manager's address, and no proxy in between?"

// fateOf returns the fate of a refused request. A rate limit has no kind.
func fateOf(failed *Error) transport.Fate {
	switch {
	case isLimited(failed):
		failed.Kind = nil
		return transport.RateLimited
	case failed.Status == http.StatusUnauthorized:
		return transport.Unsigned
	case failed.Status >= http.StatusInternalServerError && failed.Kind == nil:
		return transport.Doubtful
	}
	return transport.Refused
}

// said returns a text of the manager that an error may quote: without the secrets of the run.
func (p *Provider) said(text string) string { return p.client.http.Redactor().Sanitize(text, maxCode) }
