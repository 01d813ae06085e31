package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"

	"github.com/qlsync/qlsync/pkg/connection"
)

// maxWords is how much of what a system says is repeated, in characters.
const maxWords = 200

// Failure is a request without an answer. It wraps [connection.ErrUnreachable]; or
// [connection.ErrUnknownOutcome] if a write may have happened; or, if it was
// interrupted, the error of the context, with [connection.ErrNotSent] for a write.
type Failure struct {
	Method, Path, Host string
	Cause              string // one line, for people
	Err                error
	// Sent tells that the service may have received it.
	Sent bool
	// Hopeless tells that another attempt would end the same way.
	Hopeless bool
	// Ambiguous tells that this or an earlier attempt of a write may have been carried out.
	Ambiguous bool
}

// Interrupted makes the failure of a request that was never sent, because its
// context ended with the error.
func Interrupted(method string, target *url.URL, err error) *Failure {
	return &Failure{Method: method, Path: target.Path, Host: target.Host, Cause: causeInterrupted, Err: err}
}

// Error gives "PATCH /path: host not reachable: connection refused".
func (f *Failure) Error() string {
	text := fmt.Sprintf("%s %s: ", f.Method, f.Path)
	if f.Ambiguous {
		return text + connection.ErrUnknownOutcome.Error() + ": " + f.Cause
	}
	if f.Interrupted() {
		return text + f.Cause
	}
	return text + f.Host + " " + connection.ErrUnreachable.Error() + ": " + f.Cause
}

// Interrupted reports whether the request ended because its context had.
func (f *Failure) Interrupted() bool {
	return errors.Is(f.Err, context.Canceled) || f.Cause == causeInterrupted
}

const causeInterrupted = "interrupted"

// IsInterrupted reports whether a request ended because its context had.
func IsInterrupted(err error) bool {
	failed, ok := errors.AsType[*Failure](err)
	return ok && failed.Interrupted()
}

// Unwrap gives the sentinel error and the cause.
func (f *Failure) Unwrap() []error {
	switch {
	case f.Ambiguous:
		return []error{connection.ErrUnknownOutcome, f.Err}
	case f.Interrupted() && f.Method != http.MethodGet:
		return []error{connection.ErrNotSent, f.Err}
	case f.Interrupted():
		return []error{f.Err}
	}
	return []error{connection.ErrUnreachable, f.Err}
}

// Sentinels gives the errors that the refusal of a request wraps: its kind, unless that
// is nil, and [connection.ErrUnknownOutcome] beside it for a write that may have happened
// all the same.
func Sentinels(kind error, unknown bool) []error {
	var sentinels []error
	if kind != nil {
		sentinels = append(sentinels, kind)
	}
	if unknown {
		sentinels = append(sentinels, connection.ErrUnknownOutcome)
	}
	return sentinels
}

// newFailure reads what the transport says of a request.
func newFailure(request *http.Request, err error, hide func() Redactor) *Failure {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // without the URL: its query may hold an e-mail address
	}
	f := &Failure{Method: request.Method, Path: request.URL.Path, Host: request.URL.Host, Err: err, Sent: true}
	if ended := request.Context().Err(); ended != nil {
		f.Cause, f.Err = causeInterrupted, ended
		return f
	}
	f.Cause = causeOf(err, hide)
	switch {
	case isTLS(err):
		f.Sent, f.Hopeless = false, true
	case isDial(err):
		dns, ok := errors.AsType[*net.DNSError](err)
		f.Sent, f.Hopeless = false, ok && dns.IsNotFound
	}
	return f
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
func causeOf(err error, hide func() Redactor) string {
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "its certificate is not accepted: " + Clean(untrusted.Err.Error(), maxWords)
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
	return hide().Clean(innermost(err).Error(), maxWords)
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
