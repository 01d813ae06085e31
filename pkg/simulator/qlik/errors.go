package qlik

import (
	"fmt"
	"net/http"
	"strconv"
)

// apiError is an answer outside 2xx. Its JSON form is one element of the documented error body.
type apiError struct {
	Code   string `json:"code,omitempty"`
	Title  string `json:"title,omitempty"`
	Detail string `json:"detail,omitempty"`
	Status int    `json:"status,omitempty"`

	status  int         // HTTP status, where the body does not repeat it
	header  http.Header // extra headers, may be nil
	misused bool        // the caller broke the contract: see Tenant.Misuse
}

func (e *apiError) Error() string { return fmt.Sprintf("%s: %s", e.Title, e.Detail) }

func (e *apiError) httpStatus() int {
	if e.status != 0 {
		return e.status
	}
	return e.Status
}

// badRequest is the one error whose code and title the reference shows.
func badRequest(format string, args ...any) *apiError {
	return &apiError{
		Code: "DCERROR-0010", Title: "Bad or invalid request", Detail: fmt.Sprintf(format, args...),
		Status: http.StatusBadRequest,
	}
}

// misuse is a request that no client should ever send: it is refused and recorded.
func misuse(format string, args ...any) *apiError {
	e := badRequest(format, args...)
	e.misused = true
	return e
}

// The codes of the following are undocumented; assumed to follow the pattern of HTTP-429, which is documented.

func unauthorized(detail string) *apiError {
	return &apiError{Code: "HTTP-401", Title: "Unauthorized", Detail: detail, Status: http.StatusUnauthorized}
}

func forbidden(detail string) *apiError {
	return &apiError{Code: "HTTP-403", Title: "Forbidden", Detail: detail, Status: http.StatusForbidden}
}

func notFound(what string) *apiError {
	return &apiError{Code: "HTTP-404", Title: "Not found", Detail: what + " not found", Status: http.StatusNotFound}
}

func conflict(detail string) *apiError {
	return &apiError{Code: "HTTP-409", Title: "Data connection already exists", Detail: detail, Status: http.StatusConflict}
}

// tooManyRequests is the answer that the rate limit page shows: seconds in Retry-After, no status in the body.
func tooManyRequests(seconds int) *apiError {
	return &apiError{
		Code: "HTTP-429", Title: "API rate limit reached.",
		Detail: fmt.Sprintf("You need to wait %d seconds until limit is lifted.", seconds),
		status: http.StatusTooManyRequests,
		header: http.Header{"Retry-After": {strconv.Itoa(seconds)}},
	}
}
