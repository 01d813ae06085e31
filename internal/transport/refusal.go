package transport

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Error is an answer of a service that is not a success or cannot be used. Its texts are on one
// line, bounded, and without the secrets of the request.
//
// It wraps the sentinel error of package connection for the answer, if there is one. For a write
// that may have happened, in this attempt or an earlier one, it also wraps
// [connection.ErrUnknownOutcome].
type Error struct {
	Method, Path string
	Status       int    // HTTP status, of the answer or of one item in it
	Code         string // may be empty
	Title        string // the service's own words in short; may be empty
	Detail       string
	TraceID      string // for the support of the service; may be empty

	// Kind is the sentinel error for the answer; nil: none.
	Kind error
	// Unknown reports whether the write, or an earlier attempt, may have happened.
	Unknown bool
	// Wait is the wait before another attempt that the service requested.
	Wait time.Duration
}

// Error returns "PATCH /path was answered with 400 CODE: title; detail (trace ID)".
func (e *Error) Error() string {
	text := fmt.Sprintf("%s %s was answered with %d", e.Method, e.Path, e.Status)
	if e.Code != "" {
		text += " " + e.Code
	}
	title := e.Title
	if title == "" && (e.Status/100 != 2 || e.Detail == "") { // "OK" would not describe a failure
		title = http.StatusText(e.Status)
	}
	if title == "" && e.Detail == "" {
		title = "no reason given"
	}
	why := []string{title, e.Detail}
	if e.Unknown {
		why = append(why, connection.ErrUnknownOutcome.Error())
	}
	why = slices.DeleteFunc(why, func(part string) bool { return part == "" })
	text += ": " + strings.Join(why, "; ")
	if e.TraceID != "" {
		text += " (trace " + e.TraceID + ")"
	}
	return text
}

// Unwrap returns the sentinel errors.
func (e *Error) Unwrap() []error {
	var sentinels []error
	if e.Kind != nil {
		sentinels = append(sentinels, e.Kind)
	}
	if e.Unknown {
		sentinels = append(sentinels, connection.ErrUnknownOutcome)
	}
	return sentinels
}

// RefusalOf returns the answer that an error is about; nil if there is none. An answer to the request
// for a token, or to the read before a write, is not about the object of the request.
func RefusalOf(err error) *Error {
	if isFinal(err) {
		return nil
	}
	refusal, _ := errors.AsType[*Error](err)
	return refusal
}

// HasOtherForm reports whether an error is about an answer that reports success and cannot be used.
func HasOtherForm(err error) bool {
	failed := RefusalOf(err)
	return failed != nil && failed.Status/100 == 2 && failed.Kind == nil
}

// NoToken is an error of the request for a token, which has had its own attempts.
type NoToken struct{ Err error }

func (e *NoToken) Error() string { return e.Err.Error() }

// Unwrap returns the error of the request for a token.
func (e *NoToken) Unwrap() error { return e.Err }

// NotWritten is why a request was not sent, according to its own read.
type NotWritten struct{ Err error }

func (e *NotWritten) Error() string { return e.Err.Error() }

// Unwrap returns the error of the read.
func (e *NotWritten) Unwrap() error { return e.Err }

// isFinal reports whether an error comes from another request, which has had its own attempts.
func isFinal(err error) bool {
	_, unsigned := errors.AsType[*NoToken](err)
	_, unwritten := errors.AsType[*NotWritten](err)
	return unsigned || unwritten
}
