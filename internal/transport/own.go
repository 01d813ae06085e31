package transport

import "fmt"

// ownError is an error of qlsync itself; see [Own].
type ownError struct {
	kind error
	text string
}

// Own returns an error that wraps kind without the text of kind, because the error is qlsync's own
// and the service has refused nothing.
func Own(kind error, format string, args ...any) error {
	return &ownError{kind: kind, text: fmt.Sprintf(format, args...)}
}

func (e *ownError) Error() string { return e.text }

func (e *ownError) Unwrap() error { return e.kind }
