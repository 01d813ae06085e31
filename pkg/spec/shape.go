package spec

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// verdict is the result of a [shape] for a value.
type verdict int

const (
	undecided verdict = iota // only the full check can decide
	invalid
	valid
)

// shape is the part of a schema that can be checked without the library for nearly every value: the
// library needs a copy of each value, and most of the time of a large project. A shape only accepts
// and never reports, so that problems have one source.
type shape struct {
	unknown    bool // the schema has another keyword
	kinds      []kind
	integer    bool // of numbers, only whole ones
	required   []string
	properties map[string]*shape
	items      *shape
	rest       *shape // of the entries that are not properties
	closed     bool   // there must be no such entries
	enum       []any
	pattern    *regexp.Regexp
	needs      map[string][]string // entries that an entry requires
	least      map[string]int      // by keyword
	most       map[string]int
	anyOf      []*shape
	condition  *shape
	then       *shape
	otherwise  *shape
}

// shapes reads the shapes of one document.
type shapes struct {
	doc   any
	known map[string]*shape // by reference
}

// shapesOfItems returns the shapes of the items of the lists at the top of a document.
func shapesOfItems(doc any) map[string]*shape {
	r := &shapes{doc: doc, known: map[string]*shape{}}
	found := map[string]*shape{}
	lists, _ := valueAt(doc, []string{"properties"}).(map[string]any)
	for name, list := range lists {
		if items := valueAt(list, []string{"items"}); items != nil {
			found[name] = r.read(items)
		}
	}
	return found
}

// silentKeywords are those that accept everything.
var silentKeywords = []string{"$schema", "$id", "title", "description", "errorMessage", "definitions"}

var kindsByType = map[string][]kind{
	"string": {kindString}, "object": {kindObject}, "array": {kindList}, "null": {kindNull}, "boolean": {kindBool}, "number": {kindNumber}, "integer": {kindNumber},
}

func (r *shapes) read(schema any) *shape {
	object, ok := schema.(map[string]any)
	if !ok {
		return &shape{unknown: true}
	}
	if target, ok := object["$ref"].(string); ok {
		return r.follow(target, len(object) == 1)
	}
	s := &shape{least: map[string]int{}, most: map[string]int{}}
	for keyword, value := range object {
		r.keyword(s, keyword, value)
	}
	return s
}

// follow reads a reference once, also one that leads into itself.
func (r *shapes) follow(target string, alone bool) *shape {
	if known := r.known[target]; known != nil {
		return known
	}
	s := &shape{unknown: true}
	r.known[target] = s
	if pointer, isLocal := strings.CutPrefix(target, "#"); isLocal && alone {
		*s = *r.read(valueAt(r.doc, splitLocation(pointer)))
	}
	return s
}

func (r *shapes) keyword(s *shape, keyword string, value any) {
	switch keyword {
	case "type":
		for _, name := range schemaTypes(map[string]any{"type": value}) {
			text, _ := name.(string)
			s.kinds = append(s.kinds, kindsByType[text]...)
			s.integer = s.integer || text == "integer"
		}
	case "required":
		for _, name := range value.([]any) {
			s.required = append(s.required, name.(string))
		}
	case "properties":
		s.properties = map[string]*shape{}
		for name, inner := range value.(map[string]any) {
			s.properties[name] = r.read(inner)
		}
	case "additionalProperties":
		if value == false {
			s.closed = true
		} else {
			s.rest = r.read(value)
		}
	case "items":
		s.items = r.read(value)
	case "enum":
		s.enum = value.([]any)
	case "pattern":
		s.pattern = regexp.MustCompile(value.(string))
	case "dependencies":
		s.needs = map[string][]string{}
		for name, others := range value.(map[string]any) {
			list, ok := others.([]any)
			s.unknown = s.unknown || !ok
			for _, other := range list {
				s.needs[name] = append(s.needs[name], other.(string))
			}
		}
	case "anyOf":
		for _, inner := range value.([]any) {
			s.anyOf = append(s.anyOf, r.read(inner))
		}
	case "if":
		s.condition = r.read(value)
	case "then":
		s.then = r.read(value)
	case "else":
		s.otherwise = r.read(value)
	case "minLength", "minItems", "minimum":
		s.least[keyword] = r.bound(s, value)
	case "maxLength", "maxItems", "maximum":
		s.most[keyword] = r.bound(s, value)
	default:
		s.unknown = s.unknown || !slices.Contains(silentKeywords, keyword)
	}
}

func (r *shapes) bound(s *shape, value any) int {
	number, _ := value.(json.Number)
	bound, err := strconv.Atoi(number.String())
	s.unknown = s.unknown || err != nil
	return bound
}

// verdict checks a value. A nil shape accepts everything.
func (s *shape) verdict(n *node) verdict {
	if s == nil {
		return valid
	}
	if s.unknown || n.kind == kindBroken {
		return undecided
	}
	if s.kinds != nil && !slices.Contains(s.kinds, n.kind) {
		return invalid
	}
	found := s.ofScalar(n)
	if n.kind == kindObject {
		found = min(found, s.ofObject(n))
	}
	if n.kind == kindList {
		found = min(found, s.between("Items", len(n.children)))
		for _, item := range n.children {
			found = min(found, s.items.verdict(item.value))
		}
	}
	return min(found, s.ofAlternatives(n))
}

func (s *shape) ofScalar(n *node) verdict {
	found := valid
	if s.enum != nil {
		switch {
		case n.kind == kindString && slices.Contains(s.enum, any(n.text)), n.kind == kindNull && slices.Contains(s.enum, nil):
		default:
			return undecided
		}
	}
	switch n.kind {
	case kindString:
		if s.pattern != nil && !s.pattern.MatchString(n.text) {
			return invalid
		}
		found = s.between("Length", utf8.RuneCountInString(n.text))
	case kindNumber:
		if !s.integer && len(s.least)+len(s.most) == 0 {
			return found
		}
		number, err := strconv.Atoi(n.text)
		if err != nil {
			return undecided
		}
		found = s.between("imum", number)
	}
	return found
}

// between compares with the bounds whose keywords end in a word, such as minLength.
func (s *shape) between(what string, number int) verdict {
	least, bounded := s.least["min"+what]
	if bounded && number < least {
		return invalid
	}
	if most, bounded := s.most["max"+what]; bounded && number > most {
		return invalid
	}
	return valid
}

func (s *shape) ofObject(n *node) verdict {
	for _, name := range s.required {
		if n.entry(name) == nil {
			return invalid
		}
	}
	for name, others := range s.needs {
		if n.entry(name) != nil && slices.ContainsFunc(others, func(other string) bool { return n.entry(other) == nil }) {
			return invalid
		}
	}
	found := valid
	for _, entry := range n.children {
		inner, listed := s.properties[entry.key]
		switch {
		case listed:
			found = min(found, inner.verdict(entry.value))
		case s.closed:
			return invalid
		default:
			found = min(found, s.rest.verdict(entry.value))
		}
	}
	return found
}

func (s *shape) ofAlternatives(n *node) verdict {
	found := valid
	if s.anyOf != nil {
		found = invalid
		for _, inner := range s.anyOf {
			switch v := inner.verdict(n); {
			case v == valid:
				found = valid
			case v == undecided && found == invalid:
				found = undecided
			}
		}
	}
	if s.condition == nil {
		return found
	}
	switch s.condition.verdict(n) {
	case valid:
		return min(found, s.then.verdict(n))
	case invalid:
		return min(found, s.otherwise.verdict(n))
	}
	return undecided
}
