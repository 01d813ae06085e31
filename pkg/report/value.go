package report

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/fatih/color"
	"github.com/sergi/go-diff/diffmatchpatch"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// longValue is the width from which a value no longer stands on the line of its
// field.
const longValue = 60

// fields writes the differences of one connection, the names aligned.
func (p *printer) fields(r row, words wording) {
	names := make([]string, len(r.fields))
	for i, f := range r.fields {
		names[i] = Clean(fieldName(f.Path))
	}
	width := widest(40, names...)
	for i, f := range r.fields {
		p.field(f, p.sign(f, r.fresh), pad(names[i], width), words)
	}
}

// wording is how the two sides of a difference are called.
type wording struct{ before, after string }

// planned shows what is and what will be; drifted what is declared and what is live.
var (
	planned = wording{"", ""}
	drifted = wording{"declared ", "live "}
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
		if text := inline(value); text != "" {
			p.line("      %s %s  %s%s%s", sign, name, word, text, p.absent(f, words))
			return
		}
		p.line("      %s %s", sign, name)
		p.block(f)
	default:
		before, after := inline(f.Before), inline(f.After)
		if before != "" && after != "" {
			p.line("      %s %s  %s%s -> %s%s", sign, name, words.before, before, words.after, after)
			return
		}
		p.line("      %s %s", sign, name)
		p.block(f)
	}
}

// absent says, in a drift report, which side has no value.
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
		return p.paint(color.FgGreen, "+")
	case f.Secret, f.Before != nil && f.After != nil:
		return p.paint(color.FgYellow, "~")
	case f.Before == nil:
		return p.paint(color.FgGreen, "+")
	}
	return p.paint(color.FgRed, "-")
}

// fieldName turns a pointer into a name: /properties/region is properties.region.
func fieldName(path string) string {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, part := range parts {
		parts[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
	}
	return strings.Join(parts, ".")
}

// inline gives a value on one line; empty where it is too long for that.
func inline(value any) string {
	text := ""
	switch v := value.(type) {
	case string:
		text = strconv.Quote(v)
	default:
		text = Clean(canonical(v))
	}
	if len(text) > longValue {
		return ""
	}
	return text
}

func canonical(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "(unprintable)" // nothing of the JSON model gets here
	}
	return strings.TrimRight(text.String(), "\n")
}

// block shows what differs between two long values, line by line.
func (p *printer) block(f plan.Field) {
	before, after := longText(f.Before), longText(f.After)
	differ := diffmatchpatch.New()
	differ.DiffTimeout = 0 // a deadline would make the output depend on the load
	a, b, lines := differ.DiffLinesToRunes(before, after)
	for _, diff := range differ.DiffCharsToLines(differ.DiffMainRunes(a, b, false), lines) {
		p.chunk(diff)
	}
}

// chunk shows lines of one side, or the ends of a stretch that both have.
func (p *printer) chunk(diff diffmatchpatch.Diff) {
	lines := strings.Split(strings.TrimSuffix(diff.Text, "\n"), "\n")
	sign, paint := " ", color.Reset
	switch diff.Type {
	case diffmatchpatch.DiffDelete:
		sign, paint = "-", color.FgRed
	case diffmatchpatch.DiffInsert:
		sign, paint = "+", color.FgGreen
	case diffmatchpatch.DiffEqual:
		if hidden := len(lines) - 4; hidden > 1 {
			lines = append(append(lines[:2:2], "... "+count(hidden, "equal line")), lines[len(lines)-2:]...)
		}
	}
	for _, line := range lines {
		p.line("          %s", p.paint(paint, sign+" "+Clean(line)))
	}
}

// longText gives a value as lines: a string's own, or one for each item of a list
// and each member of a map. An absent value has none.
func longText(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return strings.TrimSuffix(v, "\n") + "\n"
	case []any:
		var text strings.Builder
		for _, item := range v {
			text.WriteString(canonical(item) + "\n")
		}
		return text.String()
	}
	indented, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return "(unprintable)\n"
	}
	return string(indented) + "\n"
}
