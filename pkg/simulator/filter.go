package simulator

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A filter is a small part of RFC 7644:
//
//	filter     = term *("or" term)
//	term       = factor *("and" factor)
//	factor     = "(" filter ")" | field ("eq" | "co") quoted
//
// Values are compared without regard to letter case (Users reference).

var filterTokens = regexp.MustCompile(`\s*("(?:[^"\\]|\\.)*"|[()]|[^\s()"]+)`)

type predicate[T any] func(T) bool

// parseFilter gives the predicate of a filter over the fields; the empty filter takes everything.
func parseFilter[T any](filter string, fields map[string]func(T) []string) (predicate[T], error) {
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
	fields map[string]func(T) []string
	tokens []string
	depth  int
}

// take gives the next token; "" at the end.
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

func (p *filterParser[T]) filter() (predicate[T], error) {
	left, err := p.term()
	for err == nil && p.at("or") {
		p.take()
		var right predicate[T]
		before := left
		right, err = p.term()
		left = func(item T) bool { return before(item) || right(item) }
	}
	return left, err
}

func (p *filterParser[T]) term() (predicate[T], error) {
	left, err := p.factor()
	for err == nil && p.at("and") {
		p.take()
		var right predicate[T]
		before := left
		right, err = p.factor()
		left = func(item T) bool { return before(item) && right(item) }
	}
	return left, err
}

func (p *filterParser[T]) factor() (predicate[T], error) {
	if !p.at("(") {
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
	return inner, err
}

func (p *filterParser[T]) comparison() (predicate[T], error) {
	name, op, quoted := p.take(), strings.ToLower(p.take()), p.take()
	field := p.fields[name]
	if field == nil {
		return nil, fmt.Errorf("unknown field %q", name)
	}
	if len(quoted) < 2 || quoted[0] != '"' {
		return nil, fmt.Errorf("the value for %s must be in double quotes", name)
	}
	wanted := strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(quoted[1 : len(quoted)-1])
	test := map[string]func(string) bool{
		"eq": func(value string) bool { return strings.EqualFold(value, wanted) },
		"co": func(value string) bool { return strings.Contains(strings.ToLower(value), strings.ToLower(wanted)) },
	}[op]
	if test == nil {
		return nil, fmt.Errorf("unknown operator %q", op)
	}
	return func(item T) bool { return slices.ContainsFunc(field(item), test) }, nil
}
