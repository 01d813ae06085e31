package messages

import (
	"fmt"
	"iter"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// all is the table without a provider.
var all = All(nil)

// Problem returns a problem with the message of a reason that no provider brings.
func Problem(position connection.Position, severity connection.Severity, reason connection.Reason) connection.Problem {
	text, next := fill(nil, reason)
	return connection.Problem{Position: position, Severity: severity, Message: text, Hint: next, Code: reason.Code, Args: reason.Args}
}

// Text returns the sentence of a reason that no provider brings, with what to do about it.
func Text(reason connection.Reason) string {
	reason.Text, reason.Next = fill(nil, reason)
	return reason.String()
}

// Fill writes the sentences into reasons, which may be about what only a provider has messages for.
func Fill(reasons iter.Seq[*connection.Reason], provider connection.Messages) {
	for r := range reasons {
		if r.Code != "" {
			r.Text, r.Next = fill(provider, *r)
		}
	}
}

// FillProblems writes the sentences into problems that have a code alone, and sorts the problems.
func FillProblems(problems connection.Problems, provider connection.Messages) {
	fillProblems(provider, problems)
}

func fillProblems(provider connection.Messages, problems connection.Problems) {
	for i := range problems {
		if p := &problems[i]; p.Message == "" {
			p.Message, p.Hint = fill(provider, connection.Reason{Code: p.Code, Args: p.Args})
		}
	}
	problems.Sort()
}

// fill returns the sentence of a reason, and what to do about it. A code without a sentence is its
// own text, so that nothing is hidden. The messages of a provider, which may be nil, have priority. The
// table is not copied for them: that is work for each tenant and each reason.
func fill(provider connection.Messages, r connection.Reason) (text, next string) {
	message, known := provider[r.Code]
	if !known {
		message, known = all[r.Code]
	}
	if !known {
		return r.Text + r.Code, r.Next
	}
	for _, found := range braces.FindAllStringSubmatch(message.Next, -1) {
		if _, known := r.Args[found[1]]; !known {
			message.Next = ""
		}
	}
	return put(provider, message.Text, r.Args), put(provider, message.Next, r.Args)
}

// braces matches an argument. Braces around anything else, such as {env: NAME}, are text.
var braces = regexp.MustCompile(`\{([a-z][A-Za-z]*)(?::([a-z][a-z| ]*))?\}`)

// put returns the text with the arguments filled in.
func put(provider connection.Messages, text string, args map[string]any) string {
	return braces.ReplaceAllStringFunc(text, func(found string) string {
		name, form, _ := strings.Cut(strings.Trim(found, "{}"), ":")
		value, known := args[name]
		if !known {
			return found
		}
		return argument(provider, value, form)
	})
}

// shownItems is how many items of a long list the form "few" shows.
const shownItems = 3

// argument returns an argument in a form of [connection.Message].
func argument(provider connection.Messages, value any, form string) string {
	if one, many, isNoun := strings.Cut(form, "|"); isNoun {
		n, _ := value.(int)
		return words.CountOf(n, one, many)
	}
	switch value := value.(type) {
	case connection.Reason:
		value.Text, value.Next = fill(provider, value)
		return value.String()
	case []connection.Reason:
		texts := make([]string, len(value))
		for i, r := range value {
			texts[i] = argument(provider, r, "")
		}
		if form == "" {
			return strings.Join(texts, "; ")
		}
		return list(texts, form)
	case connection.Problems:
		fillProblems(provider, value)
		return value.Error()
	case []string:
		return list(value, form)
	case int:
		return limits.Grouped(int64(value))
	case time.Duration:
		return words.Duration(value)
	}
	if form == "q" {
		return connection.Quote(fmt.Sprint(value))
	}
	return fmt.Sprint(value)
}

func list(items []string, form string) string {
	switch more := len(items) - shownItems; {
	case form == "or":
		return alternatives(items)
	case form == "few" && more > 0:
		return strings.Join(items[:shownItems], ", ") + ", " + strconv.Itoa(more) + " more"
	case form == "and" && len(items) > 0:
		return words.AllOf(items)
	}
	return strings.Join(items, ", ")
}

// alternatives lists texts for a sentence: "a", "b" or "c".
func alternatives(items []string) string {
	quoted := make([]string, len(items))
	for i, text := range items {
		quoted[i] = connection.Quote(text)
	}
	if len(quoted) == 0 {
		return ""
	}
	return words.OneOf(quoted)
}
