package connection

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// Problem is a diagnostic: one fault or warning for a person, with its position.
type Problem struct {
	Position Position `json:"position"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	// Hint says what to do next; may be empty.
	Hint string `json:"hint,omitempty"`
	// Code and Args are the [Reason] that the message was made from; may be empty.
	Code string         `json:"code,omitempty"`
	Args map[string]any `json:"args,omitempty"`
}

// Severity reports whether a problem stops the run.
type Severity string

// An error stops the run before anything is written; a warning is only reported.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Error returns "file:line:col: message (hint)" on one line.
func (p Problem) Error() string {
	text := cmp.Or(p.Message, p.Code)
	if p.Hint != "" {
		text += " (" + p.Hint + ")"
	}
	if place := p.Position.String(); place != "" {
		text = place + ": " + text
	}
	return text
}

// Same reports whether two problems look the same to a reader: at the same place, with the same
// texts and severity.
func (p Problem) Same(other Problem) bool {
	return p.Position == other.Position && p.Severity == other.Severity && p.Message == other.Message && p.Hint == other.Hint
}

// Excerpt is the line of a file to which a problem refers, ready to be shown.
type Excerpt struct {
	Text string
	// Column, from 1, and Width select the relevant part of the text, in characters.
	Column, Width int
}

// Problems is a list of problems; as an error it prints one line for each.
type Problems []Problem

// Error returns one line for each problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Sort orders the problems by position, then by text and severity, so that the order is the same in
// every run.
func (ps Problems) Sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(a.Position.Compare(b.Position), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Hint, b.Hint), cmp.Compare(a.Severity, b.Severity))
	})
}

// Err sorts the problems and returns the errors among them as one error, or nil.
func (ps Problems) Err() error {
	ps.Sort()
	var failed Problems
	for _, p := range ps {
		if p.Severity != SeverityWarning {
			failed = append(failed, p)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return failed
}

// Sentinel errors of a provider. Callers test for them with [errors.Is]; the error that wraps one
// has the details and, for HTTP, the status and trace id.
var (
	ErrUnauthorized = errors.New("not authorised")
	ErrForbidden    = errors.New("forbidden")
	ErrNotFound     = errors.New("not found")
	ErrConflict     = errors.New("the name is taken")
	ErrInvalid      = errors.New("refused by the service")
	ErrUnreachable  = errors.New("not reachable")
	// ErrUnknownOutcome means that a write may or may not have happened.
	ErrUnknownOutcome = errors.New("outcome unknown")
	// ErrSignIn means that nothing was done because a person must sign in first.
	ErrSignIn = errors.New("a person must sign in first")
	// ErrPending means that a write is saved but not in effect: the service stores the values and has
	// not deployed them. Operations that depend on the write may continue.
	ErrPending = errors.New("saved, but not in effect")
	// ErrNotSent means that nothing of an operation was carried out, because the context ended first or
	// because an earlier operation of its group failed.
	ErrNotSent = errors.New("not sent")
)
