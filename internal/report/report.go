// Package report turns plans, results, drift and problems into what people and
// machines read. It is the only package that formats; it decides nothing, reads
// nothing, and writes only to the writer that it is given.
//
// Everything from files or a tenant is treated as hostile: what a terminal could
// take for a command is printed escaped. Secrets arrive as placeholders, never as
// values.
package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Text writes for people. The zero Text writes without colour.
type Text struct {
	// Color reports whether escape codes may be used; the caller knows the stream.
	Color bool
	// Whole writes every row. Otherwise rows that say the same of many connections are
	// counted after the first ten; see [Folds].
	Whole bool
	// Rest is a command that shows all rows; it is named where some are counted.
	Rest string
}

// JSON writes any of the versioned values: a plan, a result, a drift report, a
// list of problems. What cannot be printed, or a pipeline could take for a command,
// is written with \u escapes.
func JSON(w io.Writer, value any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	escaped := bufio.NewWriterSize(w, bufferSize)
	escapeJSON(escaped, text.Bytes())
	return escaped.Flush()
}

// bufferSize is how much of a report is written at once, in bytes.
const bufferSize = 64 << 10

// escapeJSON writes a text with what cannot be printed escaped; in encoded JSON, such
// characters stand in strings only. A report may be large, so no copy of it is made. The
// writer keeps its first error.
func escapeJSON(w io.Writer, text []byte) {
	begin := 0 // of what is written as it is
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		isCommand := r == '#' && at > begin && text[at-1] == '#'
		if isCommand || unprintable(r) {
			_, _ = w.Write(text[begin:at])
			begin = at + size
			if r > 0xffff {
				var low rune
				r, low = utf16.EncodeRune(r)
				_, _ = fmt.Fprintf(w, `\u%04x`, r)
				r = low
			}
			_, _ = fmt.Fprintf(w, `\u%04x`, r)
		}
		at += size
	}
	_, _ = w.Write(text[begin:])
}

func unprintable(r rune) bool { return r != '\n' && connection.IsUnseen(r) }

// Problems writes one line for each problem, in the order in which they stand.
func (t Text) Problems(w io.Writer, problems connection.Problems) error {
	p := t.printer(w)
	for _, problem := range problems {
		p.problem(problem)
	}
	return p.err
}

func (p *printer) problem(problem connection.Problem) {
	severity := p.paint(red, "error")
	if problem.Severity == connection.SeverityWarning {
		severity = p.paint(amber, "warning")
	}
	place := problem.Position.String()
	problem.Position = connection.Position{}
	if place != "" {
		place += ": "
	}
	p.line("%s%s: %s", Sanitize(place), severity, Sanitize(problem.Error()))
}

// printer collects the first error of a writer, so that callers need not look at
// each line.
type printer struct {
	w     io.Writer
	color bool
	err   error
	left  []alikeMessages // of rows that were left out
	rest  string          // see Text.Rest
}

func (t Text) printer(w io.Writer) *printer { return &printer{w: w, color: t.Color} }

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, guarded(strings.TrimRight(fmt.Sprintf(format, args...), " ")))
	}
}

// guarded returns a line that the runner of a pipeline does not take for a command, even
// where only several clean texts together are one.
func guarded(line string) string {
	line = connection.BreakRunnerCommands(line)
	if rest := strings.TrimLeft(line, " "); strings.HasPrefix(rest, "::") {
		return line[:len(line)-len(rest)] + `\x3a` + rest[1:]
	}
	return line
}

// hue is a colour of the terminal, as the parameters of its escape code. Each is of the 256
// fixed colours and of medium brightness, so that it can be read on a light and on a dark
// background; the first eight colours depend on the theme, and yellow on white cannot be read.
type hue string

const (
	red   hue = "38;5;160"
	green hue = "38;5;28"
	amber hue = "38;5;130"
	teal  hue = "38;5;30"
	bold  hue = "1"
)

// paint colours a text that is already clean.
func (p *printer) paint(h hue, text string) string {
	if !p.color {
		return text
	}
	return "\x1b[" + string(h) + "m" + text + "\x1b[0m"
}

// Sanitize returns a text that can steer neither a terminal nor a pipeline, is one line and hides
// nothing: unchanged where every character is seen, otherwise with those that are not, by the table
// of [connection.IsUnseen], and with backslashes escaped.
func Sanitize(text string) string {
	if !isPlain(text) && (!utf8.ValidString(text) || strings.ContainsFunc(text, connection.IsUnseen)) {
		quoted := connection.Quote(text)
		text = strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
	}
	return connection.BreakRunnerCommands(text) // last: its backslash is not to be escaped
}

// isPlain reports whether a text is printable ASCII, as nearly all are.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// label returns a name for the beginning of a line or column: clean, in quotes where it could not be
// seen, and with the blanks escaped that follow another, as a browser shows one of them.
func label(name string) string {
	text := Sanitize(name)
	if strings.Trim(text, " ") != text || text == "" {
		text = connection.BreakRunnerCommands(connection.Quote(name))
	}
	return strings.ReplaceAll(text, "  ", ` \x20`)
}

// cells measures a clean text in terminal cells, by the same table everywhere: the
// library's own default depends on the locale.
func cells(text string) int {
	if isPlain(text) {
		return len(text)
	}
	table := runewidth.Condition{StrictEmojiNeutral: true}
	return table.StringWidth(text)
}

// pad fills a clean text up to a width in terminal cells.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-cells(text)))
}

// widest returns the width of the widest text within the limit: what is wider stands
// out of its column, and does not move the others.
func widest(limit int, texts ...string) int {
	width := 0
	for _, text := range texts {
		if own := cells(text); own <= limit {
			width = max(width, own)
		}
	}
	return width
}

// ProblemsFormat names the JSON contract of a list of problems.
const ProblemsFormat = "qlsync.problems/v1"

// ProblemList is the JSON value of a list of problems.
type ProblemList struct {
	Format   string              `json:"format"`
	Problems connection.Problems `json:"problems"`
}

// NewProblems makes the JSON value; no problems are an empty list, not null.
func NewProblems(problems connection.Problems) ProblemList {
	return ProblemList{Format: ProblemsFormat, Problems: append(connection.Problems{}, problems...)}
}
