package report

import (
	"strconv"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"

	"github.com/qlsync/qlsync/internal/words"
)

// diffLine is one sanitized line of the difference of two long values. Its sign is '-' or '+' for a
// line of one side, ' ' for a line of both, and '.' for omitted equal lines, whose number is in the
// text.
type diffLine struct {
	sign byte
	text string
}

// difference returns the differences of two long values, line by line.
func difference(a, b any) []diffLine {
	before, after := longText(a), longText(b)
	if isLine(a) && isLine(b) { // in quotes, as where there is space for both on one line
		before, after = quotedLine(a), quotedLine(b)
	}
	if ended(a) && unended(b) {
		after += noNewline
	}
	if ended(b) && unended(a) {
		before += noNewline
	}
	differ := diffmatchpatch.New()
	differ.DiffTimeout = 0 // a deadline would make the output depend on the load
	left, right, lines := differ.DiffLinesToRunes(before, after)
	diffs := differ.DiffCharsToLines(differ.DiffMainRunes(left, right, false), lines)
	var all []diffLine
	for i, diff := range diffs {
		all = append(all, chunk(diff, i == 0, i == len(diffs)-1)...)
	}
	return all
}

// isLine reports whether a value is a text of one line, or absent.
func isLine(value any) bool {
	text, ok := value.(string)
	return value == nil || ok && !strings.Contains(text, "\n")
}

func quotedLine(value any) string {
	if value == nil {
		return ""
	}
	return strconv.Quote(value.(string)) + "\n"
}

// noNewline follows a text whose last line has no end, where that is a difference.
const noNewline = "(no newline at the end)\n"

func ended(value any) bool {
	text, ok := value.(string)
	return ok && strings.HasSuffix(text, "\n")
}

func unended(value any) bool {
	text, ok := value.(string)
	return ok && text != "" && !strings.HasSuffix(text, "\n")
}

// contextLines is how many equal lines are shown before and after a difference.
const contextLines = 2

// chunk returns the lines of one side, or of equal lines only those next to a difference.
func chunk(diff diffmatchpatch.Diff, first, last bool) []diffLine {
	lines := strings.Split(strings.TrimSuffix(diff.Text, "\n"), "\n")
	switch diff.Type {
	case diffmatchpatch.DiffDelete:
		return signed('-', lines)
	case diffmatchpatch.DiffInsert:
		return signed('+', lines)
	}
	head, tail := contextLines, contextLines
	if first {
		head = 0
	}
	if last {
		tail = 0
	}
	hidden := len(lines) - head - tail
	if hidden < 2 {
		return signed(' ', lines)
	}
	all := append(signed(' ', lines[:head]), diffLine{'.', words.Count(hidden, "equal line")})
	return append(all, signed(' ', lines[len(lines)-tail:])...)
}

func signed(sign byte, lines []string) []diffLine {
	all := make([]diffLine, len(lines))
	for i, line := range lines {
		text := Sanitize(line)
		if sign != ' ' {
			// Trailing blanks may be the only difference.
			kept := strings.TrimRight(text, " ")
			text = kept + strings.Repeat(`\x20`, len(text)-len(kept))
		}
		all[i] = diffLine{sign, text}
	}
	return all
}
