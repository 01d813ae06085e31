package connection

import (
	"cmp"
	"errors"
	"path/filepath"
	"slices"
	"strings"
)

// Problem is one thing that a person must mend, with the place to do it.
type Problem struct {
	Position Position `json:"position"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	// Hint says what to do next; may be empty.
	Hint string `json:"hint,omitempty"`
}

// FileProblem returns an error about a file as a whole. The path may have the separators of
// the system.
func FileProblem(path, message string) Problem {
	return Problem{Position: Position{File: filepath.ToSlash(path)}, Severity: SeverityError, Message: message}
}

// Severity reports whether a problem stops the run.
type Severity string

// An error stops the run before anything is written; a warning is only said.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Error returns "file:line:col: message (hint)" on one line.
func (p Problem) Error() string {
	text := p.Message
	if p.Hint != "" {
		text += " (" + p.Hint + ")"
	}
	if place := p.Position.String(); place != "" {
		text = place + ": " + text
	}
	return text
}

// Excerpt is the line of a file that a problem is about, fit to be shown.
type Excerpt struct {
	Text string
	// Column, from 1, and Width tell in characters what of the text is meant.
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

// Sort orders the problems by position, then by text and severity, so that every run
// reports them in the same order.
func (ps Problems) Sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(a.Position.Compare(b.Position), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Hint, b.Hint), cmp.Compare(a.Severity, b.Severity))
	})
}

// Err sorts the problems and returns those that are errors as one error, or nil.
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

// Sentinel errors of a provider. Callers branch on them with [errors.Is]; the
// wrapped error has the words and, for HTTP, the status and trace id.
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
	// ErrPending means that a write is saved and not in effect: the service keeps it,
	// and has not brought it to where it is used. What was written is there all the
	// same, so what waits for it may go on.
	ErrPending = errors.New("saved, but not in effect")
	// ErrNotSent means that nothing of an operation was carried out, because the
	// context ended before, or because the one before it in its row failed.
	ErrNotSent = errors.New("not sent")
)
