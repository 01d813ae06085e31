package transport

import "fmt"

// ownError is an error of qlsync itself; see [Own].
type ownError struct {
	kind error
	text string
}

// Own returns an error that callers treat like one that wraps kind. Its text does not have
// the words of kind, because the service has refused nothing.
func Own(kind error, format string, args ...any) error {
	return &ownError{kind: kind, text: fmt.Sprintf(format, args...)}
}

func (e *ownError) Error() string { return e.text }

func (e *ownError) Unwrap() error { return e.kind }
