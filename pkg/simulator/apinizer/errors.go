package apinizer

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
	missingProject
	missingEnvironments // the project is missing, said by the list of environments
	existing
	forbidden
	unauthorized
	rateLimited
	internal
)

// refusal is an answer that is no success.
type refusal struct {
	situation situation
	text      string
	legacy    string      // the text of the legacy dialect, where it differs
	field     string      // of a definition, where one is to blame
	read      bool        // a GET was refused
	status    int         // before that of the situation; 0: none
	retry     int         // seconds
	header    http.Header // may be nil
	misused   bool        // the caller broke the contract: see Manager.Misuse
}

func (e *refusal) Error() string { return e.text }

func invalidf(format string, args ...any) *refusal {
	return &refusal{text: fmt.Sprintf(format, args...)}
}

// misuse is a request that no client should ever send: it is refused and recorded.
func misuse(format string, args ...any) *refusal {
	e := invalidf(format, args...)
	e.misused = true
	return e
}

func notFound(name string, read bool) *refusal {
	return &refusal{situation: missingConnection, text: fmt.Sprintf("Connection (name: %s) was not found!", name), read: read}
}

func exists(name string, status int) *refusal {
	return &refusal{situation: existing, text: fmt.Sprintf("Connection (name: %s) already exists!", name), status: status}
}

// codes are those of the legacy dialect.
var codes = map[situation]string{
	invalid: "bad_request", missingConnection: "not_found", missingProject: "not_found", missingEnvironments: "bad_request",
	existing: "bad_request", forbidden: "forbidden", unauthorized: "unauthorized_client", rateLimited: "rate_limit_exceeded",
	internal: "internal_error",
}

// statusUnder gives the status of a refusal.
func (e *refusal) statusUnder(b Behaviour) int {
	switch e.situation {
	case unauthorized:
		return http.StatusUnauthorized
	case internal:
		return http.StatusInternalServerError
	case rateLimited:
		return cmp.Or(e.status, http.StatusTooManyRequests)
	}
	return cmp.Or(e.status, b.ErrorStatus, e.usualStatus(b.Dialect))
}

func (e *refusal) usualStatus(d Dialect) int {
	switch {
	case d == Legacy && (e.situation == missingProject || e.situation == missingConnection && e.read):
		return http.StatusNotFound
	case d == Legacy && e.situation == forbidden:
		return http.StatusForbidden
	}
	return http.StatusBadRequest
}

// body gives the body of a refusal in its dialect.
func (e *refusal) body(d Dialect, status int) any {
	if d == Current {
		return document{{"status", "FAILURE"}, {"resultMessage", e.text}}
	}
	code := codes[e.situation]
	if e.situation == missingConnection && status == http.StatusBadRequest {
		code = "bad_request"
	}
	if status == http.StatusConflict {
		code = "duplicate_name"
	}
	out := document{{"error", code}, {"error_description", cmp.Or(e.legacy, e.text)}}
	if e.field != "" {
		out = append(out, member{"validation_errors", []any{document{{"field", e.field}, {"message", e.text}}}})
	}
	if e.situation == rateLimited {
		out = append(out, member{"retry_after", e.retry})
	}
	return out
}

// The refusals of section 4, in both dialects.
func unauthorizedBecause(text string) *refusal {
	return &refusal{situation: unauthorized, text: text, legacy: "Invalid token"}
}

func tooMany(wait int) *refusal {
	return &refusal{situation: rateLimited, text: "Rate limit exceeded", retry: wait}
}
