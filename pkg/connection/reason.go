package connection

import (
	"fmt"
	"maps"
	"regexp"
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

// Message is the sentence of a reason, with its arguments in braces: {name}, {name:q} for a quoted
// text, or {name:or} for a list of quoted texts.
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
	for _, found := range braces.FindAllStringSubmatch(message.Next, -1) {
		if _, known := r.Args[found[1]]; !known {
			message.Next = ""
		}
	}
	return r.fill(message.Text), r.fill(message.Next)
}

// braces matches an argument. Braces around anything else, such as {env: NAME}, are text.
var braces = regexp.MustCompile(`\{([a-z][A-Za-z]*)(:[a-z]+)?\}`)

// fill returns the text with the arguments filled in.
func (r Reason) fill(text string) string {
	return braces.ReplaceAllStringFunc(text, func(found string) string {
		name, form, _ := strings.Cut(strings.Trim(found, "{}"), ":")
		value, known := r.Args[name]
		list, isList := value.([]string)
		switch {
		case !known:
			return found
		case form == "q":
			return Quote(fmt.Sprint(value))
		case form == "or" && isList:
			return alternatives(list)
		}
		return argument(value)
	})
}

// alternatives lists texts for a sentence: "a", "b" or "c".
func alternatives(list []string) string {
	quoted := make([]string, len(list))
	for i, text := range list {
		quoted[i] = Quote(text)
	}
	if last := len(quoted) - 1; last > 0 {
		return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
	}
	return strings.Join(quoted, "")
}

func argument(value any) string {
	if list, ok := value.([]string); ok {
		return strings.Join(list, ", ")
	}
	return fmt.Sprint(value)
}
