package messages

import (
	"cmp"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Explained is a message for a reader who looks it up: Text and Next are those of an example.
type Explained struct {
	Part, Code, Text, Next, Meaning string
	pieces                          []string // the parts of the sentence without arguments
}

// Explain returns the messages of all parts, by part and code.
func Explain(parts []Part) []Explained {
	var all []Explained
	for _, part := range parts {
		begin, table := len(all), All(part.Messages)
		for code, message := range part.Messages {
			text, next := fill(table, connection.Reason{Code: code, Args: message.Example})
			all = append(all, Explained{part.Title, code, text, next, message.Meaning, braces.Split(message.Text, -1)})
		}
		slices.SortFunc(all[begin:], func(a, b Explained) int { return cmp.Compare(a.Code, b.Code) })
	}
	return all
}

// Find returns the messages with a code, or else those whose sentence a text quotes or is a part of.
// Without any, it returns the codes that are probably meant.
func Find(all []Explained, asked string) (found []Explained, near []string) {
	var codes []string
	for _, e := range all {
		if e.Code == asked {
			found = append(found, e)
		}
		codes = append(codes, e.Code)
	}
	if found != nil {
		return found, nil
	}
	for _, e := range all {
		if e.isQuotedIn(asked) {
			found = append(found, e)
		}
	}
	if found != nil {
		return found, nil
	}
	if near = words.Closest(asked, codes, 3); len(near) > 0 || len(asked) < leastOfCode {
		return nil, near
	}
	for _, code := range codes {
		if strings.Contains(code, asked) && len(near) < 5 {
			near = append(near, code)
		}
	}
	return nil, near
}

// leastOfCode is how many characters of a code are enough to suggest it.
const leastOfCode = 4

// leastQuoted is how many characters of a sentence identify it.
const leastQuoted = 12

// isQuotedIn reports whether a text is a message, or a part of one.
func (e Explained) isQuotedIn(text string) bool {
	if len(text) >= leastQuoted && strings.Contains(e.Text, text) {
		return true
	}
	length := 0
	for _, piece := range e.pieces {
		_, after, found := strings.Cut(text, piece)
		if !found {
			return false
		}
		text, length = after, length+len(strings.TrimSpace(piece))
	}
	return length >= leastQuoted
}
