// Package statement concludes properties of connections from their connect statements
// (qConnectStatement, which every list contains), so that they need not be read one by one.
//
// The API reference says that the properties are "parsed from the connection string", and no page
// describes the format. So nothing is known in advance: a [Sample] learns from connections of which
// both the statement and the properties were read, which keys of a statement contain which
// properties, and [Sample.Properties] returns only what every one of them confirmed. A wrong property
// would hide a difference, so everything that has a second interpretation is left out.
package statement

import (
	"fmt"
	"strings"
)

const (
	begin = `CUSTOM CONNECT TO "`
	end   = `"`
	// quotes are the characters in which a text may contain a separator that separates nothing.
	quotes = "\"'`{}[]"
	// maxSize and maxPairs are the size of a statement that is decoded. The largest known statement has
	// 1,500 bytes and 40 pairs.
	maxSize, maxPairs = 64 << 10, 200
)

// Text is a statement as a list contains it, which may contain secrets. Every formatter and encoder
// prints a placeholder, or the address of the text: fmt calls no method for the verb %p. The zero Text
// is not a statement.
type Text struct{ text *string }

// NewText returns the text of a statement.
func NewText(text string) Text { return Text{&text} }

// Digest returns a keyed digest of the statement and of another text; empty for no statement.
func (t Text) Digest(keyed func(texts ...string) string, other string) string {
	if t.text == nil {
		return ""
	}
	return keyed(*t.text, other)
}

// Statement is a decoded statement. Its values leave this package only through [Sample.Properties].
// Every formatter and encoder prints a placeholder, or an address.
type Statement struct{ *pairs }

type pairs struct {
	keys   []string // in their order
	values map[string]string
}

// Parse decodes a statement. It returns nil for a statement of another form, for one that may contain
// quoted texts, and for one in which a key occurs twice, also in another letter case: the second key
// may be a part of a value.
func (t Text) Parse() *Statement {
	if t.text == nil {
		return nil
	}
	inner, begins := strings.CutPrefix(*t.text, begin)
	inner, ends := strings.CutSuffix(inner, end)
	if !begins || !ends || len(inner) > maxSize || strings.Count(inner, ";") > maxPairs || strings.ContainsAny(inner, quotes) {
		return nil
	}
	s := &Statement{&pairs{values: map[string]string{}}}
	folded := map[string]bool{}
	for pair := range strings.SplitSeq(strings.TrimSuffix(inner, ";"), ";") {
		key, value, isPair := strings.Cut(pair, "=")
		key = strings.TrimLeft(key, " ")
		if !isPair || !isKey(key) || folded[strings.ToLower(key)] {
			return nil
		}
		folded[strings.ToLower(key)] = true
		s.keys, s.values[key] = append(s.keys, key), value
	}
	return s
}

// isKey reports whether a text has the form of a key.
func isKey(text string) bool {
	return text != "" && strings.Trim(text, alphanumeric+"_-.") == ""
}

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// Keys returns the keys in the order of the statement.
func (s *Statement) Keys() []string { return s.keys }

const placeholder = "(statement)"

// Format prints a placeholder for every verb.
func (Text) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(placeholder)) }

// MarshalText returns a placeholder.
func (Text) MarshalText() ([]byte, error) { return []byte(placeholder), nil }

// Format prints a placeholder for every verb.
func (Statement) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(placeholder)) }

// Format prints a placeholder for every verb.
func (Sample) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(placeholder)) }

// MarshalText returns a placeholder.
func (Statement) MarshalText() ([]byte, error) { return []byte(placeholder), nil }
