// Package report formats plans, results, drift and problems for people and machines. It is the only
// package that formats. It decides nothing, reads nothing, and writes only to a given writer.
//
// All text from files or a tenant is untrusted: characters that a terminal could interpret are
// escaped. Secrets arrive as placeholders, never as values.
package report

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"github.com/qlsync/qlsync/internal/jsontext"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Text writes for people. The zero Text writes without colour.
type Text struct {
	// Color reports whether escape codes may be used; the caller knows the stream.
	Color bool
	// Width is the number of columns of the terminal: longer lines are wrapped between words, and
	// values are put on separate lines where there is too little space. Zero means that there is no
	// terminal and no wrapping.
	Width int
	// Whole writes every row. Otherwise rows with the same message of many connections are counted
	// after the first ten; see [Folds].
	Whole bool
	// Rest is a command that shows all rows; it is printed if some rows are counted.
	Rest string
	// Source returns the lines of the files that problems are about. Nil: no lines are shown.
	Source func(connection.Problems) map[connection.Position]connection.Excerpt
}

// JSON writes any of the versioned values: a plan, a result, a drift report, a list of problems.
// Unprintable characters, and characters that a pipeline could interpret, are written as \u
// escapes.
func JSON(w io.Writer, value any) error {
	text, err := jsontext.Encode(value, "  ")
	if err != nil {
		return err
	}
	escaped := bufio.NewWriterSize(w, bufferSize)
	escapeJSON(escaped, text)
	return escaped.Flush()
}

// bufferSize is how much of a report is written at once, in bytes.
const bufferSize = 64 << 10

// escapeJSON writes encoded JSON with unprintable characters escaped; they occur only in strings. A
// report may be large, so the text is not copied. The writer keeps its first error.
func escapeJSON(w io.Writer, text []byte) {
	begin := 0 // start of the text not yet written
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

// Problems writes one line for each problem, in their order. More than three warnings with the same
// words are one line with their number and the first positions, unless all are wanted.
func (t Text) Problems(w io.Writer, problems connection.Problems) error {
	p := t.printer(w)
	alike := map[string][]string{} // the positions of warnings with the same words
	words := func(problem connection.Problem) string {
		problem.Position = connection.Position{}
		return alikeInWords(problem.Error())
	}
	for _, problem := range problems {
		if problem.Severity == connection.SeverityWarning && !t.Whole {
			alike[words(problem)] = append(alike[words(problem)], problem.Position.String())
		}
	}
	written := map[string]bool{}
	for _, problem := range problems {
		places := alike[words(problem)]
		switch {
		case problem.Severity != connection.SeverityWarning || len(places) <= shownNames:
			p.problem(problem, "")
		case !written[words(problem)]:
			written[words(problem)] = true
			p.problem(problem, fmt.Sprintf(" (and %d more like this: %s)", len(places)-1, firstOf(places[1:])))
		}
	}
	return p.err
}

// firstOf lists the first positions that are known, and counts the others.
func firstOf(places []string) string {
	shown := slices.DeleteFunc(slices.Clone(places[:min(len(places), shownNames-1)]), func(place string) bool { return place == "" })
	if more := len(places) - len(shown); more > 0 {
		shown = append(shown, fmt.Sprintf("%d elsewhere", more))
	}
	return strings.Join(shown, ", ")
}

func (p *printer) problem(problem connection.Problem, more string) {
	severity := p.paint(red, "error")
	if problem.Severity == connection.SeverityWarning {
		severity = p.paint(amber, "warning")
	}
	place := problem.Position.String()
	problem.Position = connection.Position{}
	if place != "" {
		place += ":"
	}
	if place != "" {
		place = p.paint(bold, Sanitize(place)) + " "
	}
	p.line("%s%s: %s", place, severity, Sanitize(problem.Error()+more))
}

// Failure writes the error that ends a command, if it is not written yet, and the lines below it.
func (t Text) Failure(w io.Writer, message string, details ...string) error {
	p := t.printer(w)
	if message != "" {
		p.line("%s %s", p.paint(red, "error:"), Sanitize(message))
	}
	for _, detail := range details {
		p.line("  %s", Sanitize(detail))
	}
	return p.err
}

// printer keeps the first error of a writer, so that callers need not check each line.
type printer struct {
	w     io.Writer
	color bool
	width int // see Text.Width
	err   error
	left  []alikeMessages // of omitted rows
	rest  string          // see Text.Rest
	// excerpts are the lines of the files that rows are about; see [Text.Source].
	excerpts map[connection.Position]connection.Excerpt
}

func (t Text) printer(w io.Writer) *printer { return &printer{w: w, color: t.Color, width: t.Width} }

func (p *printer) line(format string, args ...any) {
	for _, row := range wrapped(fmt.Sprintf(format, args...), p.width) {
		p.verbatim("%s", row)
	}
}

// verbatim writes a line that is not wrapped: a command, which is pasted, or a line of a file.
func (p *printer) verbatim(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, guarded(strings.TrimRight(fmt.Sprintf(format, args...), " ")))
	}
}

var escapeCode = regexp.MustCompile("\x1b\\[[0-9;]*m")

// commandInText matches a command of qlsync with its arguments in a sentence.
var commandInText = regexp.MustCompile(strings.NewReplacer("VALUE", `(?:'[^']*'|[^ ;,()'-])(?:'[^']*'|\\'|[^ ;,()'])*`).Replace(
	`\bqlsync(?: -C VALUE)? [a-z]+(?: (?:pull|list|check)\b)?(?: --?[A-Za-z-]+(?:[ =]VALUE)?| [^ ;,()']*[/.*'](?:[^ ;,()']|'[^']*')+)*`))

// unbroken takes the place of the blanks that a line is not broken at.
const unbroken = "\x00"

// wrapped breaks a line at blanks, so that the rows fit the width if no word is longer. The rows
// after the first one are indented by two more columns. A command remains on one row, which the
// terminal may wrap, so that it can be pasted.
func wrapped(line string, width int) []string {
	visible := func(text string) int { return cells(escapeCode.ReplaceAllString(text, "")) }
	if width == 0 || visible(line) <= width {
		return []string{line}
	}
	indent := len(line) - len(strings.TrimLeft(line, " "))
	row := line[:indent]
	var rows []string
	text := commandInText.ReplaceAllStringFunc(line[indent:], func(command string) string { return strings.ReplaceAll(command, " ", unbroken) })
	for i, word := range strings.Split(text, " ") {
		word = strings.ReplaceAll(word, unbroken, " ")
		switch {
		case i == 0, visible(row)+1+visible(word) <= width, isSign(row):
			if i > 0 {
				row += " "
			}
			row += word
		default:
			rows = append(rows, row)
			row = strings.Repeat(" ", min(indent+2, width/2)) + word
		}
	}
	rows = append(rows, row)
	for i, row := range rows[:len(rows)-1] {
		codes := escapeCode.FindAllString(row, -1)
		if len(codes)%2 == 0 {
			continue
		}
		rows[i] += resetCode // a colour ends with its row, and goes on in the next one
		next := strings.TrimLeft(rows[i+1], " ")
		rows[i+1] = rows[i+1][:len(rows[i+1])-len(next)] + codes[len(codes)-1] + next
	}
	return rows
}

// isSign reports whether a row has at most the sign of a difference, which remains next to its value.
func isSign(row string) bool {
	row = strings.TrimSpace(escapeCode.ReplaceAllString(row, ""))
	return row == "" || row == "+" || row == "-"
}

const resetCode = "\x1b[0m"

// guarded returns a line that a pipeline runner does not interpret as a command, even if only the
// combination of several sanitized texts is one.
func guarded(line string) string {
	line = connection.BreakRunnerCommands(line)
	if rest := strings.TrimLeft(line, " "); strings.HasPrefix(rest, "::") {
		return line[:len(line)-len(rest)] + `\x3a` + rest[1:]
	}
	return line
}

// hue is a colour of the terminal, as the parameters of its escape code. Each is one of the 256
// fixed colours, of medium brightness, so that it is readable on light and on dark backgrounds; the
// first eight colours depend on the theme, and yellow on white is unreadable.
type hue string

const (
	red   hue = "38;5;196"
	green hue = "38;5;28"
	amber hue = "38;5;130"
	teal  hue = "38;5;30"
	bold  hue = "1"
	// heading is for the name of a space, between a title and the names of connections.
	heading hue = "1;4"
)

// paint colours a sanitized text.
func (p *printer) paint(h hue, text string) string {
	if !p.color {
		return text
	}
	return "\x1b[" + string(h) + "m" + text + resetCode
}

// strong colours a sanitized text that the eye must find first.
func (p *printer) strong(h hue, text string) string { return p.paint(bold+";"+h, text) }

// Sanitize returns a text on one line that cannot control a terminal or a pipeline and hides
// nothing: unchanged if every character is visible, otherwise with invisible characters, by the
// table of [connection.IsUnseen], and backslashes escaped.
func Sanitize(text string) string {
	if !isPlain(text) && (!utf8.ValidString(text) || strings.ContainsFunc(text, connection.IsUnseen)) {
		quoted := connection.Quote(text)
		text = strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
	}
	return connection.BreakRunnerCommands(text) // last, so that its backslash is not escaped
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

// nameIn returns the name of a connection below the name of its space, and "(space)" for the space
// itself.
func nameIn(key connection.Key) string {
	if key.IsSpace() {
		return "(space)"
	}
	return key.Name
}

// label returns a name for the beginning of a line or column: sanitized, in quotes if it would
// otherwise be invisible, and with repeated blanks escaped, because a browser collapses them.
func label(name string) string {
	text := Sanitize(name)
	if strings.Trim(text, " ") != text || text == "" {
		text = connection.BreakRunnerCommands(connection.Quote(name))
	}
	return strings.ReplaceAll(text, "  ", ` \x20`)
}

// cells returns the width of a sanitized text in terminal cells, by the same table everywhere: the
// library's own default depends on the locale.
func cells(text string) int {
	if isPlain(text) {
		return len(text)
	}
	return cellTable.StringWidth(text)
}

var cellTable = runewidth.Condition{StrictEmojiNeutral: true}

// pad colours a sanitized text, if there is a colour, and pads it.
func (p *printer) pad(h hue, text string, width int) string {
	padded := pad(text, width)
	if h == "" || text == "" {
		return padded
	}
	return p.paint(h, text) + padded[len(text):]
}

// title writes the first line of a report.
func (p *printer) title(format string, args ...any) {
	p.line("%s", p.paint(bold, fmt.Sprintf(format, args...)))
}

// pad pads a sanitized text to a width in terminal cells.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-cells(text)))
}

// widest returns the width of the widest text within the limit: a wider text exceeds its column
// without moving the others.
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

// NewProblems returns the JSON value; without problems it is an empty list, not null.
func NewProblems(problems connection.Problems) ProblemList {
	return ProblemList{Format: ProblemsFormat, Problems: append(connection.Problems{}, problems...)}
}
