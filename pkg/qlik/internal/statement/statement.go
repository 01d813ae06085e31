// Package statement concludes properties of connections from their connection statements
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
)

// maxPairs is how many pairs a statement may have.
const maxPairs = 500

// Statement is a decoded statement. It may contain secrets, so its values leave this package only
// through [Sample.Properties], and every formatter prints a placeholder.
type Statement struct {
	keys   []string // in their order
	values map[string]string
}

// Parse decodes a statement. It returns nil for a statement of another form, and for one in which a
// key occurs twice, also in another letter case: the second one may be a part of a value.
func Parse(text string) *Statement {
	inner, begins := strings.CutPrefix(text, begin)
	inner, ends := strings.CutSuffix(inner, end)
	if !begins || !ends || strings.Count(inner, ";") > maxPairs {
		return nil
	}
	s := &Statement{values: map[string]string{}}
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(strings.TrimSuffix(inner, ";"), ";") {
		key, value, isPair := strings.Cut(pair, "=")
		key = strings.TrimLeft(key, " ")
		folded := strings.ToLower(key)
		if !isPair || !isKey(key) || seen[folded] {
			return nil
		}
		seen[folded] = true
		s.keys, s.values[key] = append(s.keys, key), value
	}
	return s
}

// isKey reports whether a text has the form of a key.
func isKey(text string) bool {
	for _, c := range []byte(text) {
		if !isAlphanumeric(c) && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return text != ""
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// Keys returns the keys in the order of the statement.
func (s *Statement) Keys() []string { return s.keys }

const placeholder = "(statement)"

// Format prints a placeholder for every verb.
func (s Statement) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(placeholder)) }

// MarshalText returns a placeholder.
func (s Statement) MarshalText() ([]byte, error) { return []byte(placeholder), nil }
