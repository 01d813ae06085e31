package apinizer

import (
	"bytes"
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

// How much of what the server says is repeated, in characters.
const (
	maxCode = 64
	maxText = 400
)

// Error is an answer of the server that is no success, or that cannot be used. Its title
// is the server's own words, and only answers of the old contract have a code.
//
// It wraps a sentinel error of package connection that follows from the text:
// ErrUnauthorized, ErrNotFound (of a connection only), ErrForbidden (also of a
// project that is not there, or not for this user), ErrConflict, and ErrInvalid for
// any other refusal; and ErrUnknownOutcome, next to it, for a write that this attempt, or
// an earlier one, may have carried out.
type Error = transport.Error

// ownError is an error of qlsync itself, which callers treat like one that wraps kind: the
// service has refused nothing, and its text does not say so.
type ownError struct {
	kind error
	text string
}

func (e *ownError) Error() string { return e.text }

func (e *ownError) Unwrap() error { return e.kind }

// own returns an [ownError].
func own(kind error, format string, args ...any) error {
	return &ownError{kind: kind, text: fmt.Sprintf(format, args...)}
}

// isLimited reports whether a rate limit was met. The old contract names no status for it.
func isLimited(e *Error) bool {
	return e.Status == http.StatusTooManyRequests || e.Code == "rate_limit_exceeded" ||
		e.Status == http.StatusServiceUnavailable && e.Wait > 0
}

// The words by which the server's refusals are told apart: it answers 400 to nearly
// all of them, and the old contract also 403, 404 and 409.
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
		return nil // of a proxy, or a wrong address: it proves nothing
	case status/100 == 4, status/100 == 2:
		return connection.ErrInvalid
	}
	return nil
}

// envelope is what surrounds every answer, in both contracts.
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

// ok reports whether the envelope is that of a success.
func (e *envelope) ok() bool {
	failed := e.Success != nil && !*e.Success || e.Status != nil && !strings.EqualFold(*e.Status, "SUCCESS")
	return !failed && e.Error == nil
}

// text returns the server's own words.
func (e *envelope) text() string {
	words := cmp.Or(e.Message, e.Description)
	for _, invalid := range e.Invalid {
		words += fmt.Sprintf("; %s: %s", invalid.Field, invalid.Message)
	}
	return strings.TrimPrefix(words, "; ")
}

// judge returns an error unless the answer is a success.
func (c *Client) judge(call *call, got *transport.Answer) error {
	if call.anonymous && got.Status/100 == 2 {
		return nil // the token is no envelope
	}
	var body envelope
	if err := json.Unmarshal(got.Body, &body); err != nil {
		failed := c.blank(call, got)
		failed.Kind = kindOf(got.Status, "")
		failed.Title = c.notOurs(got)
		if got.Status/100 == 2 || got.Status/100 == 3 {
			return c.unusable(call, got, failed.Title)
		}
		return failed
	}
	if body.Success != nil {
		c.legacy.Store(true)
	}
	if got.Status/100 == 2 && body.ok() && (body.Success != nil || body.Status != nil) {
		return nil
	}
	if got.Status/100 == 2 && body.ok() {
		return c.unusable(call, got, "the answer does not say whether it is a success")
	}
	failed := c.blank(call, got)
	hide := c.redactor(call)
	text := body.text()
	failed.Title = hide.Clean(text, maxText)
	if code, ok := body.Error.(string); ok {
		failed.Code = hide.Clean(code, maxCode)
	}
	failed.Wait = waitOf(got.Header, body.RetryAfter, time.Now())
	failed.Kind = kindOf(got.Status, strings.TrimSpace(text))
	if isLimited(failed) {
		failed.Kind = nil
	}
	return failed
}

// unusable makes the error for an answer that cannot be read. A write has then
// probably happened.
func (c *Client) unusable(call *call, got *transport.Answer, why string) *Error {
	failed := c.blank(call, got)
	failed.Title, failed.Unknown = why, !call.isRead() && !call.anonymous // a token may be asked for again
	return failed
}

// blank is an error that says where.
func (c *Client) blank(call *call, got *transport.Answer) *Error {
	return &Error{Method: call.method, Path: call.target.Path, Status: got.Status, Wait: waitOf(got.Header, 0, time.Now())}
}

// notOurs describes an answer that is none of the API's.
func (c *Client) notOurs(got *transport.Answer) string {
	if got.Status/100 == 3 {
		return "unexpected redirect: is the url the API manager's address?"
	}
	if len(bytes.TrimSpace(got.Body)) == 0 {
		return "the answer is empty: is the url the API manager's address?"
	}
	return fmt.Sprintf("the answer is not JSON (%d bytes of %q): is the url the API manager's address, and no proxy in between?",
		len(got.Body), c.redactor(nil).Clean(got.Header.Get("Content-Type"), maxCode))
}

// redactor returns the redactor of the run, which knows our own secrets, those of this
// call, which may be nil, and those of every call before.
func (c *Client) redactor(call *call) *transport.Redactor {
	c.secrets.Add(c.auth.secrets()...)
	if call != nil {
		c.secrets.Add(append(call.secrets, call.token)...)
	}
	return c.secrets
}

// said returns a text of the manager as an error may quote it: without the secrets of the run.
func (p *Provider) said(text string) string { return p.client.redactor(nil).Clean(text, maxCode) }
