// Package refusal has the answers outside 2xx of a Qlik Cloud tenant, as errors.
package refusal

import (
	"fmt"
	"net/http"
	"strconv"
)

// Error is an answer outside 2xx. Its JSON form is one element of the documented error body.
type Error struct {
	Code   string `json:"code,omitempty"`
	Title  string `json:"title,omitempty"`
	Detail string `json:"detail,omitempty"`
	Status int    `json:"status,omitempty"`

	status  int         // HTTP status, where the body does not repeat it
	Header  http.Header `json:"-"` // extra headers, may be nil
	Misused bool        `json:"-"` // the caller broke the contract
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Title, e.Detail) }

func (e *Error) HTTPStatus() int {
	if e.status != 0 {
		return e.status
	}
	return e.Status
}

// BadRequest is the one error whose code and title the reference shows.
func BadRequest(format string, args ...any) *Error {
	return &Error{
		Code: "DCERROR-0010", Title: "Bad or invalid request", Detail: fmt.Sprintf(format, args...),
		Status: http.StatusBadRequest,
	}
}

// Misuse is a request that no client should ever send: it is refused and recorded.
func Misuse(format string, args ...any) *Error {
	e := BadRequest(format, args...)
	e.Misused = true
	return e
}

// The codes of the following are undocumented; assumed to follow the pattern of HTTP-429, which is documented.

func Unauthorized(detail string) *Error {
	return &Error{Code: "HTTP-401", Title: "Unauthorized", Detail: detail, Status: http.StatusUnauthorized}
}

func Forbidden(detail string) *Error {
	return &Error{Code: "HTTP-403", Title: "Forbidden", Detail: detail, Status: http.StatusForbidden}
}

func NotFound(what string) *Error {
	return &Error{Code: "HTTP-404", Title: "Not found", Detail: what + " not found", Status: http.StatusNotFound}
}

func Conflict(detail string) *Error {
	return &Error{Code: "HTTP-409", Title: "Data connection already exists", Detail: detail, Status: http.StatusConflict}
}

// TooManyRequests is the answer that the rate limit page shows: seconds in Retry-After, no status in the body.
func TooManyRequests(seconds int) *Error {
	return &Error{
		Code: "HTTP-429", Title: "API rate limit reached.",
		Detail: fmt.Sprintf("You need to wait %d seconds until limit is lifted.", seconds),
		status: http.StatusTooManyRequests,
		Header: http.Header{"Retry-After": {strconv.Itoa(seconds)}},
	}
}
