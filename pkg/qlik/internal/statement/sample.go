package statement

import (
	"encoding/json"
	"errors"
	"maps"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Sample is what connections of one data source and connector version have shown about their
// statements.
type Sample struct {
	schema map[string]bool // names of properties
	facts  []fact
	// What the facts show, once [Sample.learn] has compared them.
	learned       bool
	rules         map[string]*rule
	disagreements []string
	known         map[string]bool    // keys
	before        map[[2]string]bool // of two keys in one statement, the first and the second
	// pool is what other tenants show. Nil: there are none, and the sample is whole.
	pool *share
}

// fact is a connection of which both sides are known.
type fact struct {
	statement  *Statement
	properties map[string]any
}

// minFacts is how many connections must have been compared before anything is provable.
const minFacts = 3

// minDistinct is how many distinct values show that a property is under a key of another name.
const minDistinct = 3

// rule says where a property is in a statement.
type rule struct {
	key string
	// kinds holds the kind of the property by the look of its text: a service may show 1433 as a number
	// and "default" as a text.
	kinds   map[look]look
	agreed  map[look]int // connections
	scalars bool         // no connection has a list or an object
}

// NewSample returns a sample without connections, which proves nothing, and without a [Pool]. names are
// the properties that the data source may have.
func NewSample(names ...string) *Sample {
	s := &Sample{schema: map[string]bool{}}
	for _, name := range names {
		s.schema[name] = true
	}
	return s
}

// Size returns how many of n connections must be read in detail: 3 + log2 n, rounded up.
func Size(n int) int {
	if n < 1 {
		return 0
	}
	return min(n, 3+bits.Len(uint(n-1)))
}

// Add adds a connection: its statement, which may be nil, and its properties as they were read in
// detail.
func (s *Sample) Add(statement *Statement, properties map[string]any) {
	if statement != nil && properties != nil {
		s.facts, s.learned = append(s.facts, fact{statement, properties}), false
	}
}

// Disagreements returns the names of the properties that differ from a statement, sorted.
func (s *Sample) Disagreements() []string {
	s.learn()
	return s.disagreements
}

// Properties returns the properties that the statement proves, as the service would return them. A
// property that is absent is unknown.
func (s *Sample) Properties(statement *Statement) map[string]any {
	s.learn()
	if statement == nil || s.isSmall() || !s.recognizes(statement) {
		return nil
	}
	proved := map[string]any{}
	for name, rule := range s.rules {
		if text, present := statement.values[rule.key]; present && isClean(text) {
			kind, known := rule.kinds[lookOf(text)]
			if known && (s.pool == nil || s.pool.proves(name, rule, lookOf(text))) {
				proved[name] = kind.value(text)
			}
		}
	}
	return proved
}

// isSmall reports whether the sample has too few connections to prove without other tenants, although
// it has to.
func (s *Sample) isSmall() bool {
	return len(s.facts) < minFacts && (s.pool == nil || s.pool.isWhole)
}

// recognizes reports whether every key is in a statement of the sample, and in no other order. An
// unknown key, or a key at another place, may be a part of a value. If the sample is smaller than one
// without other tenants, it must show the order of all keys.
func (s *Sample) recognizes(statement *Statement) bool {
	for i, key := range statement.keys {
		if !s.known[key] {
			return false
		}
		for _, later := range statement.keys[i+1:] {
			isKnown := s.before[[2]string{key, later}]
			if !isKnown && (s.before[[2]string{later, key}] || s.pool != nil && !s.pool.isWhole) {
				return false
			}
		}
	}
	return true
}

// learn compares the facts.
func (s *Sample) learn() {
	if s.learned {
		return
	}
	s.learned, s.disagreements = true, nil
	s.rules, s.known, s.before = map[string]*rule{}, map[string]bool{}, map[[2]string]bool{}
	names := map[string]bool{}
	for _, fact := range s.facts {
		for i, key := range fact.statement.keys {
			s.known[key] = true
			for _, later := range fact.statement.keys[i+1:] {
				s.before[[2]string{key, later}] = true
			}
		}
		for name := range fact.properties {
			names[name] = true
		}
	}
	others := map[string][]string{} // properties that are under another name, by key
	var refuted []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !s.known[name] {
			if key := s.otherName(name, names); key != "" {
				others[key] = append(others[key], name)
			}
			continue
		}
		switch rule, agreed := s.compare(name, name); {
		case !agreed:
			s.disagreements = append(s.disagreements, name)
			refuted = append(refuted, name)
		case len(rule.kinds) > 0:
			s.rules[name] = rule
		case !rule.scalars:
			refuted = append(refuted, name)
		}
	}
	for key, of := range others {
		if len(of) == 1 {
			s.rules[of[0]], _ = s.compare(of[0], key)
		}
	}
	if s.pool != nil && len(s.facts) > 0 {
		s.pool.add(s.rules, refuted)
	}
}

// otherName returns the key under which the statements contain a property for which they have no key
// of its own: the only one that fits, and not the name of a property. Empty: there is none.
func (s *Sample) otherName(name string, properties map[string]bool) string {
	distinct := map[string]bool{}
	for _, fact := range s.facts {
		if text, _, ok := scalar(fact.properties[name]); ok && isClean(text) {
			distinct[text] = true
		}
	}
	if len(distinct) < minDistinct {
		return ""
	}
	var fitting []string
	for key := range s.known {
		if rule, agreed := s.compare(name, key); agreed && len(rule.kinds) > 0 && s.isAlways(name, key) {
			fitting = append(fitting, key)
		}
	}
	if len(fitting) != 1 || properties[fitting[0]] || s.schema[fitting[0]] {
		return ""
	}
	return fitting[0]
}

// isAlways reports whether each connection has both the property and the key, or neither.
func (s *Sample) isAlways(name, key string) bool {
	return !slices.ContainsFunc(s.facts, func(fact fact) bool {
		_, inStatement := fact.statement.values[key]
		return inStatement != (fact.properties[name] != nil)
	})
}

// compare reports whether a property never differs from the value of a key, and returns what was
// seen of both. The rule has no kinds if nothing is provable. A connection without the key shows
// nothing, because its property may be a default. A value with other than clean characters shows
// nothing if it has them on both sides, because its encoding is not documented.
func (s *Sample) compare(name, key string) (found *rule, agreed bool) {
	found = &rule{key: key, kinds: map[look]look{}, agreed: map[look]int{}, scalars: true}
	for _, fact := range s.facts {
		written, inStatement := fact.statement.values[key]
		value, shown := fact.properties[name]
		if !inStatement || written == "" && value == nil {
			continue
		}
		text, kind, isScalar := scalar(value)
		switch {
		case shown && value != nil && !isScalar:
			found.scalars = false
			continue
		case !isScalar:
			return nil, false
		case !isClean(text) && !isClean(written):
			continue
		case text != written:
			return nil, false
		case lookOf(text) == ambiguous:
			continue
		}
		if before, seen := found.kinds[lookOf(text)]; seen && before != kind {
			return nil, false
		}
		found.kinds[lookOf(text)] = kind
		found.agreed[lookOf(text)]++
	}
	if !found.scalars {
		clear(found.kinds)
	}
	return found, true
}

// look is how a text looks, and the kind of a scalar: a word, a number or a truth value.
type look int

const (
	word look = iota
	number
	truth
	// ambiguous is the look of a text that only some parsers take for another kind, and of a number in
	// another notation: nothing is concluded from it.
	ambiguous
)

// numbers are the texts that mean the same number everywhere: of up to 15 digits, which a binary
// number of 64 bits keeps, and in one notation.
var numbers = regexp.MustCompile(`^(0|-?[1-9][0-9]*|-?(0|[1-9][0-9]*)\.[0-9]*[1-9])$`)

func lookOf(text string) look {
	switch {
	case text == "true" || text == "false":
		return truth
	case len(text) <= 15 && numbers.MatchString(text):
		return number
	case slices.Contains([]string{"true", "false", "null", "none", "yes", "no", "on", "off"}, strings.ToLower(text)):
		return ambiguous
	}
	if _, err := strconv.ParseFloat(text, 64); !errors.Is(err, strconv.ErrSyntax) {
		return ambiguous
	}
	return word
}

// scalar returns the text and the kind of a property that is a text, a number or a truth value.
func scalar(value any) (text string, kind look, ok bool) {
	switch value := value.(type) {
	case string:
		return value, word, true
	case bool:
		return strconv.FormatBool(value), truth, true
	case json.Number:
		return value.String(), number, true
	}
	return "", word, false
}

// value returns the property of the kind with that text.
func (k look) value(text string) any {
	switch k {
	case truth:
		return text == "true"
	case number:
		return json.Number(text)
	}
	return text
}

// isClean reports whether a text has only characters that no known connector encodes, and cannot be
// several pairs or be trimmed.
func isClean(text string) bool {
	return text != "" && strings.Trim(text, alphanumeric+`_.:/\@,+~ -`) == "" && strings.Trim(text, " ") == text
}
