// Package filter reads the filters that lists of connections and users take.
package filter

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A filter is the part of RFC 7644 that the references name:
//
//	filter     = term *("or" term)
//	term       = factor *("and" factor)
//	factor     = ["not"] "(" filter ")" | field "pr" | field operator quoted
//	operator   = "eq" | "ne" | "co" | "sw" | "ew" | "gt" | "ge" | "lt" | "le"
//
// Values are compared without regard to letter case (Users reference; RFC 7644 for the others), times as times.

var filterTokens = regexp.MustCompile(`\s*("(?:[^"\\]|\\.)*"|[()]|[^\s()"]+)`)

// Predicate reports whether an item passes a filter.
type Predicate[T any] func(T) bool

// Field is what can be filtered by.
type Field[T any] struct {
	Values    func(T) []string
	Operators []string // nil: all of them
	Time      bool     // values are of the form of RFC 3339
}

// Parse returns the predicate of a filter over the fields; the empty filter takes everything.
func Parse[T any](filter string, fields map[string]Field[T]) (Predicate[T], error) {
	p := &filterParser[T]{fields: fields}
	if strings.TrimSpace(filter) == "" {
		return func(T) bool { return true }, nil
	}
	rest := strings.TrimSpace(filter)
	for rest != "" {
		at := filterTokens.FindStringSubmatchIndex(rest)
		if at == nil || at[0] != 0 {
			return nil, errors.New("not well-formed")
		}
		p.tokens = append(p.tokens, rest[at[2]:at[3]])
		rest = strings.TrimSpace(rest[at[1]:])
	}
	out, err := p.filter()
	if err == nil && len(p.tokens) > 0 {
		err = errors.New("more than one expression")
	}
	return out, err
}

type filterParser[T any] struct {
	fields map[string]Field[T]
	tokens []string
	depth  int
}

// take returns the next token; "" at the end.
func (p *filterParser[T]) take() string {
	if len(p.tokens) == 0 {
		return ""
	}
	token := p.tokens[0]
	p.tokens = p.tokens[1:]
	return token
}

func (p *filterParser[T]) at(word string) bool {
	return len(p.tokens) > 0 && strings.EqualFold(p.tokens[0], word)
}

func (p *filterParser[T]) filter() (Predicate[T], error) {
	left, err := p.term()
	for err == nil && p.at("or") {
		p.take()
		var right Predicate[T]
		before := left
		right, err = p.term()
		left = func(item T) bool { return before(item) || right(item) }
	}
	return left, err
}

func (p *filterParser[T]) term() (Predicate[T], error) {
	left, err := p.factor()
	for err == nil && p.at("and") {
		p.take()
		var right Predicate[T]
		before := left
		right, err = p.factor()
		left = func(item T) bool { return before(item) && right(item) }
	}
	return left, err
}

func (p *filterParser[T]) factor() (Predicate[T], error) {
	negated := p.at("not")
	if negated {
		p.take()
	}
	if !p.at("(") {
		if negated {
			return nil, errors.New("not must be followed by a parenthesis")
		}
		return p.comparison()
	}
	if p.depth++; p.depth > 20 {
		return nil, errors.New("nested too deeply")
	}
	p.take()
	inner, err := p.filter()
	p.depth--
	if err == nil && p.take() != ")" {
		err = errors.New("a parenthesis is not closed")
	}
	if negated {
		return func(item T) bool { return !inner(item) }, err
	}
	return inner, err
}

func (p *filterParser[T]) comparison() (Predicate[T], error) {
	name, op := p.take(), strings.ToLower(p.take())
	field, known := p.fields[name]
	if !known {
		return nil, fmt.Errorf("unknown field %q", name)
	}
	if _, known := comparisons[op]; !known && op != "pr" || field.Operators != nil && !slices.Contains(field.Operators, op) {
		return nil, fmt.Errorf("operator %q is unknown, or not for %s", op, name)
	}
	if op == "pr" {
		return func(item T) bool {
			return slices.ContainsFunc(field.Values(item), func(value string) bool { return value != "" })
		}, nil
	}
	quoted := p.take()
	if len(quoted) < 2 || quoted[0] != '"' {
		return nil, fmt.Errorf("the value for %s must be in double quotes", name)
	}
	wanted := strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(quoted[1 : len(quoted)-1])
	test, err := field.test(op, wanted)
	if err != nil {
		return nil, fmt.Errorf("the value for %s: %w", name, err)
	}
	if op == "ne" { // no value may be the one
		return func(item T) bool { return !slices.ContainsFunc(field.Values(item), test) }, nil
	}
	return func(item T) bool { return slices.ContainsFunc(field.Values(item), test) }, nil
}

// comparisons are the operators, on folded text. "ne" is "eq" negated by the caller.
var comparisons = map[string]func(value, wanted string) bool{
	"eq": func(value, wanted string) bool { return value == wanted },
	"ne": func(value, wanted string) bool { return value == wanted },
	"co": strings.Contains,
	"sw": strings.HasPrefix,
	"ew": strings.HasSuffix,
	"gt": func(value, wanted string) bool { return value > wanted },
	"ge": func(value, wanted string) bool { return value >= wanted },
	"lt": func(value, wanted string) bool { return value < wanted },
	"le": func(value, wanted string) bool { return value <= wanted },
}

// test returns the comparison with the wanted value. Times are brought to a form of fixed width, in which they compare as
// text; only the operators that make sense of one are taken.
func (f Field[T]) test(op, wanted string) (func(string) bool, error) {
	fold := strings.ToLower
	if f.Time {
		if _, err := time.Parse(time.RFC3339Nano, wanted); err != nil {
			return nil, errors.New("must be a time in RFC 3339")
		}
		if slices.Contains([]string{"co", "sw", "ew"}, op) {
			return nil, fmt.Errorf("operator %q is not for times", op)
		}
		fold = func(text string) string {
			at, _ := time.Parse(time.RFC3339Nano, text) // of a field, or checked above
			return at.UTC().Format("20060102150405.000000000")
		}
	}
	compare, wanted := comparisons[op], fold(wanted)
	return func(value string) bool { return compare(fold(value), wanted) }, nil
}
