package connection

import (
	"fmt"
	"maps"
	"strings"
)

// Reason is why a change is refused, must be made in a certain way, or needs attention: a stable
// code with arguments. The zero value means that there is no reason.
type Reason struct {
	Code string         `json:"code"`
	Args map[string]any `json:"args,omitempty"`
	// Path is the part of the declaration to which the reason refers, as [Desired.PositionOf] takes it.
	// Empty: the connection as a whole.
	Path string `json:"-"`
}

// Because returns a reason with arguments, as alternating names and values. A value is a text, a
// number, a list of texts, a [Key], or a [UserID].
func Because(code string, args ...any) Reason {
	r := Reason{Code: code}
	if len(args) > 0 {
		r.Args = make(map[string]any, len(args)/2)
	}
	for i := 0; i+1 < len(args); i += 2 {
		r.Args[args[i].(string)] = args[i+1]
	}
	return r
}

// UserID is an argument of a [Reason] that is shown as the user's name.
type UserID string

// About returns the reason with its path.
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
	args[name] = value
	r.Args = args
	return r
}

// Holds reports whether there is a reason.
func (r Reason) Holds() bool { return r.Code != "" }

// Message is the sentence of a reason, with its arguments in braces: {name}, or {name:q} for a
// quoted text.
type Message struct {
	Text string
	// Next is the next step for a person. Empty: none, or the text contains it.
	Next string
	// Meaning explains to a reader of the documentation, in one or two sentences, when and why the
	// message appears. Example has arguments for the braces.
	Meaning string
	Example map[string]any
}

// Messages holds the sentences by code.
type Messages map[string]Message

// Text returns the sentence of a reason, with the next step after a colon; empty for the zero
// reason.
func (m Messages) Text(r Reason) string {
	if !r.Holds() {
		return ""
	}
	text, next := m.Parts(r)
	if next != "" {
		text += ": " + next
	}
	return text
}

// Parts returns the sentence of a reason and the next step. A code without a sentence is its own
// text.
func (m Messages) Parts(r Reason) (text, next string) {
	message, known := m[r.Code]
	if !known {
		message.Text = r.Code
	}
	return r.fill(message.Text), r.fill(message.Next)
}

// fill returns the text with the arguments filled in.
func (r Reason) fill(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		name, after, closed := strings.Cut(rest, "}")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		plain, quoted := strings.CutSuffix(name, ":q")
		value, known := r.Args[plain]
		switch {
		case !closed || !known:
			b.WriteString("{")
			text = rest
			continue
		case quoted:
			fmt.Fprintf(&b, "%q", fmt.Sprint(value))
		default:
			b.WriteString(argument(value))
		}
		text = after
	}
}

func argument(value any) string {
	if list, ok := value.([]string); ok {
		return strings.Join(list, ", ")
	}
	return fmt.Sprint(value)
}
