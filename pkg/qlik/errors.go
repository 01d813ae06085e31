package qlik

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"unicode"

	"github.com/qlsync/qlsync/pkg/connection"
)

// How much of what the service says is repeated, in characters.
const (
	maxCode   = 64
	maxTitle  = 200
	maxDetail = 400
)

// Error is an answer of the service that is no success, or that cannot be used.
// Its texts are on one line, bounded, and free of the secrets of the request.
//
// It wraps a sentinel error of package connection where the status has one: 400
// and 422 ErrInvalid, 401 ErrUnauthorized, 403 ErrForbidden, 404 ErrNotFound, 409
// ErrConflict; and ErrUnknownOutcome for a write that may have happened all the same.
type Error struct {
	Method, Path string
	Status       int // HTTP status, of the answer or of one item in it
	Code         string
	Title        string
	Detail       string
	TraceID      string // for Qlik's support; may be empty

	kind error
}

// Error gives "PATCH /api/v1/...: 400 CODE: title: detail (trace ID)".
func (e *Error) Error() string {
	text := fmt.Sprintf("%s %s: %d", e.Method, e.Path, e.Status)
	if e.Code != "" {
		text += " " + e.Code
	}
	for _, part := range []string{cmp.Or(e.Title, http.StatusText(e.Status)), e.Detail} {
		if part != "" {
			text += ": " + part
		}
	}
	if errors.Is(e.kind, connection.ErrUnknownOutcome) {
		text += ": " + connection.ErrUnknownOutcome.Error()
	}
	if e.TraceID != "" {
		text += " (trace " + e.TraceID + ")"
	}
	return text
}

// Unwrap gives the sentinel error, or nil.
func (e *Error) Unwrap() error { return e.kind }

func kindOf(status int) error {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return connection.ErrInvalid
	case http.StatusUnauthorized:
		return connection.ErrUnauthorized
	case http.StatusForbidden:
		return connection.ErrForbidden
	case http.StatusNotFound:
		return connection.ErrNotFound
	case http.StatusConflict:
		return connection.ErrConflict
	}
	return nil
}

// refusal makes the error for an answer that is no success. Its body should be
// {"errors": [...], "traceId": ...}, but proxies send what they like.
func (c *Client) refusal(call call, got *reply) *Error {
	var body wireErrors
	failed := c.blank(call, got)
	failed.kind = kindOf(got.status)
	if err := json.Unmarshal(got.body, &body); err != nil {
		if len(bytes.TrimSpace(got.body)) > 0 {
			failed.Detail = notJSON(got)
		}
		return failed
	}
	failed.TraceID = cmp.Or(clean(body.TraceID, maxCode), failed.TraceID)
	failed.fill(body.Errors, c.redactor(call, got))
	return failed
}

// unusable makes the error for an answer that says it is a success and cannot be
// read. A write has then probably happened.
func (c *Client) unusable(call call, got *reply, why string) *Error {
	failed := c.blank(call, got)
	failed.Detail = why
	if !call.isRead() {
		failed.kind = connection.ErrUnknownOutcome
	}
	return failed
}

// blank is an error that says where and when.
func (c *Client) blank(call call, got *reply) *Error {
	return &Error{
		Method: call.method, Path: call.url.Path, Status: got.status,
		TraceID: clean(got.header.Get("X-B3-Traceid"), maxCode),
	}
}

// fill takes over the words of the service: code and title of the first error,
// the details of all.
func (e *Error) fill(items []wireError, hide redactor) {
	var details []string
	for i, item := range items {
		if i == 0 {
			e.Code, e.Title = clean(item.Code, maxCode), clean(hide.text(item.Title), maxTitle)
		} else if item.Title != "" && item.Title != items[0].Title {
			details = append(details, hide.text(item.Title))
		}
		if item.Detail != "" {
			details = append(details, hide.text(item.Detail))
		}
	}
	e.Detail = clean(strings.Join(details, "; "), maxDetail)
}

// decode reads a successful answer.
func (c *Client) decode(call call, got *reply, answer any) error {
	if answer == nil {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(got.body))
	decoder.UseNumber()
	err := decoder.Decode(answer)
	if err == nil {
		return nil
	}
	why := notJSON(got)
	if wrongType, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		why = fmt.Sprintf("the answer holds a JSON %s at %q where it should not", wrongType.Value, clean(wrongType.Field, maxTitle))
	}
	return c.unusable(call, got, why)
}

func notJSON(got *reply) string {
	kind := got.header.Get("Content-Type")
	if len(bytes.TrimSpace(got.body)) == 0 {
		return "the answer is empty"
	}
	return fmt.Sprintf("the answer is not whole JSON (%d bytes of %q)", len(got.body), clean(kind, maxCode))
}

// broken is a request without an answer.
type broken struct {
	call  call
	cause string // one line, for people
	err   error
	// sent tells that the service may have received it.
	sent bool
	// hopeless tells that another attempt would end the same way.
	hopeless bool
	// ambiguous tells that this or an earlier attempt may have been carried out.
	ambiguous bool
}

func (b *broken) Error() string {
	text := fmt.Sprintf("%s %s: ", b.call.method, b.call.url.Path)
	if b.ambiguous {
		return text + connection.ErrUnknownOutcome.Error() + ": " + b.cause
	}
	if b.interrupted() {
		return text + b.cause
	}
	return text + b.call.url.Host + " " + connection.ErrUnreachable.Error() + ": " + b.cause
}

func (b *broken) interrupted() bool {
	return errors.Is(b.err, context.Canceled) || b.cause == causeInterrupted
}

const causeInterrupted = "interrupted"

// isInterrupted tells that a request ended because its context had.
func isInterrupted(err error) bool {
	failed, ok := errors.AsType[*broken](err)
	return ok && failed.interrupted()
}

func (b *broken) Unwrap() []error {
	switch {
	case b.ambiguous:
		return []error{connection.ErrUnknownOutcome, b.err}
	case b.interrupted() && !b.call.isRead():
		return []error{connection.ErrNotSent, b.err}
	case b.interrupted():
		return []error{b.err}
	}
	return []error{connection.ErrUnreachable, b.err}
}

// newBroken reads what the transport says.
func newBroken(ctx context.Context, call call, err error) *broken {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // without the URL: its query may hold an e-mail address
	}
	b := &broken{call: call, err: err, sent: true}
	if ctx.Err() != nil {
		b.cause, b.err = causeInterrupted, ctx.Err()
		return b
	}
	b.cause = causeOf(err)
	switch {
	case isTLS(err):
		b.sent, b.hopeless = false, true
	case isDial(err):
		dns, ok := errors.AsType[*net.DNSError](err)
		b.sent, b.hopeless = false, ok && dns.IsNotFound
	}
	return b
}

// isDial tells that no connection came about, so that nothing was sent.
func isDial(err error) bool {
	operation, ok := errors.AsType[*net.OpError](err)
	_, isDNS := errors.AsType[*net.DNSError](err)
	return isDNS || ok && (operation.Op == "dial" || operation.Op == "proxyconnect")
}

// isTLS tells that the handshake failed for a reason that will not go away.
func isTLS(err error) bool {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, notTLS := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	return untrusted || notTLS || alert || errors.Is(err, http.ErrSchemeMismatch)
}

// causeOf says in a few words what went wrong.
func causeOf(err error) string {
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "its certificate is not accepted: " + clean(untrusted.Err.Error(), maxTitle)
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return "it does not speak TLS"
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return "no such host"
		}
		return "its name could not be looked up"
	}
	timeout, ok := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case ok && timeout.Timeout():
		return "no answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return "the connection broke before the answer was complete"
	}
	return clean(innermost(err).Error(), maxTitle)
}

func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// redactor takes secrets out of texts of the service, which may quote the request.
type redactor struct {
	short    []string // too short to be cut out of a text without telling what they are
	replacer *strings.Replacer
}

// shortSecret is the length, in bytes, below which a secret silences a text as a whole.
const shortSecret = 4

// redactor knows the secrets of a call, the token that it was sent with and our own.
func (c *Client) redactor(call call, got *reply) redactor {
	secrets := slices.Concat(call.secrets, c.auth.secrets())
	if got != nil && got.token != nil {
		secrets = append(secrets, got.token.AccessToken)
	}
	return newRedactor(secrets)
}

func newRedactor(secrets []string) redactor {
	var r redactor
	var forms []string
	for _, secret := range secrets {
		if secret != "" && len(secret) < shortSecret {
			r.short = append(r.short, secret)
			continue
		}
		forms = append(forms, formsOf(secret)...)
	}
	// The longest first, so that no part of one is left over by another.
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	var pairs []string
	for _, form := range slices.Compact(forms) {
		pairs = append(pairs, form, connection.Placeholder)
	}
	r.replacer = strings.NewReplacer(pairs...)
	return r
}

// formsOf lists the ways in which a service may quote a secret: as it is, as JSON,
// as part of a URL, or one of its lines.
func formsOf(secret string) []string {
	quoted, _ := encode(secret)
	candidates := append(strings.FieldsFunc(secret, func(r rune) bool { return r == '\n' || r == '\r' }),
		secret, strings.Trim(string(quoted), `"`), url.QueryEscape(secret), url.PathEscape(secret))
	return slices.DeleteFunc(candidates, func(form string) bool { return len(form) < shortSecret })
}

func (r redactor) text(text string) string {
	for _, secret := range r.short {
		if strings.Contains(text, secret) {
			return "(withheld: it may quote a secret)"
		}
	}
	return r.replacer.Replace(text)
}

// clean puts a text of the service on one line of bounded length.
func clean(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1 // among others what turns the direction of the text
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}
