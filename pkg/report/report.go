// Package report turns plans, results, drift and problems into what people and
// machines read. It is the only package that formats; it decides nothing, reads
// nothing, and writes only to the writer that it is given.
//
// Everything from files or a tenant is treated as hostile: what a terminal could
// take for a command is printed escaped. Secrets arrive as placeholders, never as
// values.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/fatih/color"
	"github.com/mattn/go-runewidth"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Text writes for people. The zero Text writes without colour.
type Text struct {
	// Color says whether escape codes may be used; the caller knows the stream.
	Color bool
}

// JSON writes any of the versioned values: a plan, a result, a drift report.
func JSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// Problems writes one line for each problem, in the order in which they stand.
func (t Text) Problems(w io.Writer, problems connection.Problems) error {
	p := t.printer(w)
	for _, problem := range problems {
		severity := p.paint(color.FgRed, "error")
		if problem.Severity == connection.SeverityWarning {
			severity = p.paint(color.FgYellow, "warning")
		}
		place := problem.Position.String()
		problem.Position = connection.Position{}
		if place != "" {
			place += ": "
		}
		p.line("%s%s: %s", Clean(place), severity, Clean(problem.Error()))
	}
	return p.err
}

// printer collects the first error of a writer, so that callers need not look at
// each line.
type printer struct {
	w     io.Writer
	color bool
	err   error
}

func (t Text) printer(w io.Writer) *printer { return &printer{w: w, color: t.Color} }

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
	}
}

// paint colours a text that is already clean.
func (p *printer) paint(attribute color.Attribute, text string) string {
	if !p.color {
		return text
	}
	c := color.New(attribute)
	c.EnableColor()
	return c.Sprint(text)
}

// Clean gives a text that cannot steer a terminal: unchanged where every
// character can be printed, otherwise with those that cannot escaped.
func Clean(text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return text
	}
	quoted := strconv.Quote(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// pad fills a clean text up to a width in terminal cells.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-runewidth.StringWidth(text)))
}

// widest gives the width of the widest text, at most the limit.
func widest(limit int, texts ...string) int {
	width := 0
	for _, text := range texts {
		width = max(width, runewidth.StringWidth(text))
	}
	return min(width, limit)
}

// count gives "1 call", "2 calls".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
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
