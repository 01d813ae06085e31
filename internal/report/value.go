package report

import (
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/internal/jsonpointer"
	"github.com/qlsync/qlsync/internal/jsontext"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// A value of more than longValue cells, or two values of more than longPair together, are not
// written on the line of their field.
const (
	longValue = 60
	longPair  = 80
)

// fields writes the differences of one connection, with aligned names.
func (p *printer) fields(r row, words wording) {
	names := make([]string, len(r.fields))
	for i, f := range r.fields {
		names[i] = label(fieldName(f.Path))
	}
	most := 40
	if p.width > 0 {
		most = min(most, p.width/2)
	}
	width := widest(most, names...)
	for i, f := range r.fields {
		p.field(f, p.sign(f, r.fresh), pad(names[i], width), words)
	}
}

// wording is the names of the two sides of a difference.
type wording struct{ before, after, lines string }

// planned is for current and future values; drifted is for declared and live ones.
var (
	planned = wording{"", "", ""}
	drifted = wording{"declared ", "live ", "  (-) declared, (+) live"}
)

func (p *printer) field(f plan.Field, sign, name string, words wording) {
	switch {
	case f.Secret:
		p.line("      %s %s  %s", sign, name, connection.Placeholder)
	case f.Before == nil || f.After == nil:
		value, word := f.After, words.after
		if f.After == nil {
			value, word = f.Before, words.before
		}
		most, _ := p.fits(name + word + p.absent(f, words))
		if text := inlineUpTo(value, most); text != "" {
			p.line("      %s %s  %s%s%s", sign, name, word, text, p.absent(f, words))
			return
		}
		p.opened(f, sign, name, words)
	default:
		single, pair := p.fits(name + words.before + words.after)
		before, after := inlineUpTo(f.Before, single), inlineUpTo(f.After, single)
		if before != "" && after != "" && cells(before)+cells(after) <= pair {
			p.line("      %s %s  %s%s -> %s%s", sign, name, words.before, before, words.after, after)
			return
		}
		p.opened(f, sign, name, words)
	}
}

// opened writes a difference that is too long for its column: directly after the name if it fits
// there, otherwise on several lines.
func (p *printer) opened(f plan.Field, sign, name string, words wording) {
	if bare := strings.TrimRight(name, " "); p.width > 0 && bare != name {
		p.field(f, sign, bare, words)
		return
	}
	p.line("      %s %s%s", sign, name, words.lines)
	p.block(f)
}

// fits returns how many cells a value, and the two values of a pair, may take on the line of their
// field, next to its other texts: what the terminal has left.
func (p *printer) fits(others string) (single, pair int) {
	if p.width == 0 {
		return longValue, longPair
	}
	room := p.width - cells("      ~   ") - cells(others)
	return room, room - cells(" -> ")
}

// absent returns, for a drift report, which side has no value.
func (p *printer) absent(f plan.Field, words wording) string {
	switch {
	case words == planned:
		return ""
	case f.After == nil:
		return ", not live"
	}
	return ", must be absent"
}

func (p *printer) sign(f plan.Field, fresh bool) string {
	switch {
	case fresh:
		return p.paint(green, "+")
	case f.Secret, f.Before != nil && f.After != nil:
		return p.paint(amber, "~")
	case f.Before == nil:
		return p.paint(green, "+")
	}
	return p.paint(red, "-")
}

// fieldName converts a pointer to a name: /properties/region is properties.region.
func fieldName(path string) string {
	return strings.Join(jsonpointer.Split(path), ".")
}

// inline returns a value on one line; empty if it is too long.
func inline(value any) string { return inlineUpTo(value, longValue) }

func inlineUpTo(value any, most int) string {
	text := ""
	switch v := value.(type) {
	case string:
		text = Sanitize(strconv.Quote(v))
	case connection.Secret:
		text = connection.Placeholder
	default:
		text = Sanitize(canonical(v))
	}
	if cells(text) > most {
		return ""
	}
	return text
}

func canonical(value any) string { return encode(value, "") }

func encode(value any, indent string) string {
	text, err := jsontext.Encode(value, indent)
	if err != nil {
		return "(unprintable)" // unreachable for JSON values
	}
	return strings.TrimRight(string(text), "\n")
}

// block writes the differences of two long values, line by line.
func (p *printer) block(f plan.Field) {
	paints := map[byte]hue{'-': red, '+': green}
	for _, line := range difference(f.Before, f.After) {
		switch line.sign {
		case '.':
			p.line("            ... %s", line.text)
		case ' ':
			p.line("            %s", line.text)
		default:
			p.line("          %s", p.paint(paints[line.sign], strings.TrimRight(string(line.sign)+" "+line.text, " ")))
		}
	}
}

// longText returns a value as lines: the lines of a string, or one for each item of a list and each
// member of a map. An absent value has no lines.
func longText(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		if v == "" {
			return "\"\"\n"
		}
		return strings.TrimSuffix(v, "\n") + "\n"
	case []any:
		if len(v) == 0 {
			return "[]\n"
		}
		var text strings.Builder
		for _, item := range v {
			text.WriteString(canonical(item) + "\n")
		}
		return text.String()
	}
	return encode(value, "  ") + "\n"
}
