package connection

import (
	"cmp"
	"fmt"
	"maps"
	"strings"
)

// Reason is why a change is refused, must be made in a certain way, or needs attention: a code
// that does not change, and what it is about. The zero value means that there is none.
type Reason struct {
	Code string `json:"code,omitempty"`
	// Args are a text, a number, a list of texts, a [Key], a [UserID], [Problems], a [Reason] or a
	// list of reasons, by name.
	Args map[string]any `json:"args,omitempty"`
	// Text is the sentence, and Next is what a person can do about it. Both are empty until a report
	// has filled them in; see [Messages].
	Text string `json:"text,omitempty"`
	Next string `json:"next,omitempty"`
	// Path is what of the declaration the reason is about, as [Desired.PositionOf] takes it.
	// Empty: the connection as a whole.
	Path string `json:"-"`
}

// Because returns a reason with arguments, which are names and values in turn.
func Because(code string, args ...any) Reason {
	r := Reason{Code: code}
	if len(args) > 0 {
		r.Args = make(map[string]any, len(args)/2)
	}
	for i := 0; i+1 < len(args); i += 2 {
		r.Args[args[i].(string)] = argument(args[i+1])
	}
	return r
}

// UserID is an argument of a [Reason] that is shown as people know the user.
type UserID string

// argument returns a value that has a text of its own as that text.
func argument(value any) any {
	switch value := value.(type) {
	case Reason, Key:
	case fmt.Stringer:
		return value.String()
	}
	return value
}

// About returns the reason with the path of what it is about.
func (r Reason) About(path string) Reason {
	r.Path = path
	return r
}

// With returns the reason with one more argument.
func (r Reason) With(name string, value any) Reason {
	args := maps.Clone(r.Args)
	if args == nil {
		args = map[string]any{}
	}
	args[name] = argument(value)
	r.Args = args
	return r
}

// Holds reports whether there is a reason.
func (r Reason) Holds() bool { return r.Code != "" || r.Text != "" }

// String returns the sentence, and what to do about it as a second sentence. A reason without a
// sentence is shown by its code, so that nothing is hidden.
func (r Reason) String() string {
	text := cmp.Or(r.Text, r.Code)
	if r.Next != "" {
		text = strings.TrimSuffix(text, ".") + ". " + strings.ToUpper(r.Next[:1]) + r.Next[1:]
	}
	return text
}

// Join returns the sentences of reasons in one text.
func Join(reasons []Reason, separator string) string {
	texts := make([]string, len(reasons))
	for i, r := range reasons {
		texts[i] = r.String()
	}
	return strings.Join(texts, separator)
}

// Message is the sentence of a reason, with its arguments in braces: {name}, {name:q} for a quoted
// text, {name:or} for a list of quoted texts, {name:few} for the first items of a list and a count of the
// others, {name:and} for a list whose last item follows "and", or {name:file|files} for a number with
// its noun.
type Message struct {
	Text string
	// Next is the next step for a person. Empty: none, or the text contains it. It is left out where
	// the reason lacks one of its arguments, such as a suggestion.
	Next string
	// Meaning explains to a reader of the documentation, in one or two sentences, when and why the
	// message appears. Example has arguments for the braces.
	Meaning string
	Example map[string]any
}

// Messages are the sentences by code. Package report has those of qlsync, and each provider its own.
type Messages map[string]Message
