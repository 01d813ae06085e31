package model

import (
	"cmp"
	"fmt"
	"net/http"
)

// situation is what a refusal is about; its status and code depend on the dialect (facts, section 4).
type situation int

const (
	invalid situation = iota
	missingConnection
	MissingProject
	MissingEnvironments // the project is missing, said by the list of environments
	existing
	Forbidden
	unauthorized
	rateLimited
	Internal
)

// Refusal is an answer that is not a success.
type Refusal struct {
	Situation situation
	Text      string
	Legacy    string      // the text of the legacy dialect, where it differs
	field     string      // of a definition, where one is to blame
	read      bool        // a GET was refused
	status    int         // before that of the situation; 0: none
	retry     int         // seconds
	Header    http.Header // may be nil
	Misused   bool        // the caller broke the contract: see Manager.Misuse
}

func (e *Refusal) Error() string { return e.Text }

func Invalidf(format string, args ...any) *Refusal {
	return &Refusal{Text: fmt.Sprintf(format, args...)}
}

// Misuse is a request that no client should ever send: it is refused and recorded.
func Misuse(format string, args ...any) *Refusal {
	e := Invalidf(format, args...)
	e.Misused = true
	return e
}

func NotFound(name string, read bool) *Refusal {
	return &Refusal{Situation: missingConnection, Text: fmt.Sprintf("Connection (name: %s) was not found!", name), read: read}
}

func Exists(name string, status int) *Refusal {
	return &Refusal{Situation: existing, Text: fmt.Sprintf("Connection (name: %s) already exists!", name), status: status}
}

// codes are those of the legacy dialect.
var codes = map[situation]string{
	invalid: "bad_request", missingConnection: "not_found", MissingProject: "not_found", MissingEnvironments: "bad_request",
	existing: "bad_request", Forbidden: "forbidden", unauthorized: "unauthorized_client", rateLimited: "rate_limit_exceeded",
	Internal: "internal_error",
}

// StatusUnder returns the status of a refusal.
func (e *Refusal) StatusUnder(b Behaviour) int {
	switch e.Situation {
	case unauthorized:
		return http.StatusUnauthorized
	case Internal:
		return http.StatusInternalServerError
	case rateLimited:
		return cmp.Or(e.status, http.StatusTooManyRequests)
	}
	return cmp.Or(e.status, b.ErrorStatus, e.usualStatus(b.Dialect))
}

func (e *Refusal) usualStatus(d Dialect) int {
	switch {
	case d == Legacy && (e.Situation == MissingProject || e.Situation == missingConnection && e.read):
		return http.StatusNotFound
	case d == Legacy && e.Situation == Forbidden:
		return http.StatusForbidden
	}
	return http.StatusBadRequest
}

// Body returns the body of a refusal in its dialect.
func (e *Refusal) Body(d Dialect, status int) any {
	if d == Current {
		return Document{{"status", "FAILURE"}, {"resultMessage", e.Text}}
	}
	code := codes[e.Situation]
	if e.Situation == missingConnection && status == http.StatusBadRequest {
		code = "bad_request"
	}
	if status == http.StatusConflict {
		code = "duplicate_name"
	}
	out := Document{{"error", code}, {"error_description", cmp.Or(e.Legacy, e.Text)}}
	if e.field != "" {
		out = append(out, Member{"validation_errors", []any{Document{{"field", e.field}, {"message", e.Text}}}})
	}
	if e.Situation == rateLimited {
		out = append(out, Member{"retry_after", e.retry})
	}
	return out
}

// The refusals of section 4, in both dialects.
func UnauthorizedBecause(text string) *Refusal {
	return &Refusal{Situation: unauthorized, Text: text, Legacy: "Invalid token"}
}

func TooMany(wait int) *Refusal {
	return &Refusal{Situation: rateLimited, Text: "Rate limit exceeded", retry: wait}
}
