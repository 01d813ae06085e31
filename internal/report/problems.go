package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Excerpts writes each problem with its line and a marker below the relevant part, as compilers do.
// A problem without an excerpt is one line.
func (t Text) Excerpts(w io.Writer, problems connection.Problems, excerpts map[connection.Position]connection.Excerpt) error {
	p := t.printer(w)
	for _, problem := range problems {
		p.problem(problem, "")
		if excerpt, ok := excerpts[problem.Position]; ok {
			p.excerpt("  ", problem, excerpt)
		}
	}
	p.countOf(problems)
	return p.err
}

// countOf writes the number of errors and warnings at the end of a list; one problem is no list.
func (p *printer) countOf(problems connection.Problems) {
	if len(problems) < 2 {
		return
	}
	warnings := 0
	for _, problem := range problems {
		if problem.Severity == connection.SeverityWarning {
			warnings++
		}
	}
	errors := len(problems) - warnings
	p.line("%s.", counts(number{n: errors, what: words.Plural(errors, "error", "errors")}, number{n: warnings, what: words.Plural(warnings, "warning", "warnings")}))
}

// Marked writes each problem with its line, if the lines can be read; see [Text.Source].
func (t Text) Marked(w io.Writer, problems connection.Problems) error {
	if t.Source == nil {
		return t.Problems(w, problems)
	}
	return t.Excerpts(w, problems, t.Source(problems))
}

// mark looks up the lines of the files that the rows are about.
func (t Text) mark(p *printer, rows []row) []row {
	var problems connection.Problems
	for _, r := range rows {
		if r.marked != nil {
			problems = append(problems, connection.Problem{Position: *r.marked, Severity: connection.SeverityError})
		}
	}
	p.excerpts = nil
	if t.Source != nil && len(problems) > 0 {
		p.excerpts = t.Source(problems)
	}
	return rows
}

func (p *printer) excerpt(indent string, problem connection.Problem, e connection.Excerpt) {
	paint := red
	if problem.Severity == connection.SeverityWarning {
		paint = amber
	}
	number := strconv.Itoa(problem.Position.Line)
	text := []rune(strings.ReplaceAll(e.Text, "\t", " "))
	at, end := min(e.Column-1, len(text)), min(e.Column-1+e.Width, len(text))
	before, meant := Sanitize(string(text[:at])), Sanitize(string(text[at:end]))
	line := before + meant + Sanitize(string(text[end:]))
	record := "^" + strings.Repeat("~", max(0, cells(meant)-1))
	if room := p.width - len(indent) - len(number) - len(" | "); p.width > 0 && cells(line) > room {
		if over := cells(before+record) - (room - len("...")); over > 0 {
			before = cellTable.TruncateLeft(before, min(over+len("..."), cells(before)), "...")
		}
		line = cellTable.Truncate(before+strings.TrimPrefix(line, Sanitize(string(text[:at]))), room, "...")
		record = cellTable.Truncate(record, room-cells(before), "")
	}
	p.verbatim("%s%s | %s", indent, number, line)
	p.verbatim("%s%s | %s%s", indent, strings.Repeat(" ", len(number)), strings.Repeat(" ", cells(before)), p.paint(paint, record))
}

// GitHub writes problems as workflow commands, which GitHub shows as annotations at the lines of a
// pull request.
type GitHub struct{}

// Problems writes one command for each problem.
func (GitHub) Problems(w io.Writer, problems connection.Problems) error {
	for _, problem := range problems {
		command := "error"
		if problem.Severity == connection.SeverityWarning {
			command = "warning"
		}
		properties := "title=qlsync"
		if at := problem.Position; at.File != "" {
			file := "file=" + githubProperty(at.File)
			if at.Line > 0 {
				file += fmt.Sprintf(",line=%d,col=%d", at.Line, at.Column)
			}
			properties = file + "," + properties
		}
		problem.Position = problem.Position.OnlyItem()
		if _, err := fmt.Fprintf(w, "::%s %s::%s\n", command, properties, githubData(problem.Error())); err != nil {
			return err
		}
	}
	return nil
}

// githubData returns a text as the data of a workflow command, and githubProperty as one of its
// properties. Both are sanitized, so that neither contains a line end.
func githubData(text string) string { return strings.ReplaceAll(Sanitize(text), "%", "%25") }

func githubProperty(text string) string {
	return strings.NewReplacer("%", "%25", ":", "%3A", ",", "%2C").Replace(Sanitize(text))
}

// Azure writes problems as logging commands, which Azure Pipelines shows as issues of the run.
type Azure struct{}

// Problems writes one command for each problem. A name in a message cannot add a command: the agent
// takes the first one of a line.
func (Azure) Problems(w io.Writer, problems connection.Problems) error {
	for _, problem := range problems {
		properties := "type=error"
		if problem.Severity == connection.SeverityWarning {
			properties = "type=warning"
		}
		if at := problem.Position; at.File != "" {
			properties += ";sourcepath=" + azureProperty(at.File)
			if at.Line > 0 {
				properties += fmt.Sprintf(";linenumber=%d;columnnumber=%d", at.Line, at.Column)
			}
		}
		if problem.Code != "" {
			properties += ";code=" + azureProperty(problem.Code)
		}
		problem.Position = problem.Position.OnlyItem()
		if _, err := fmt.Fprintf(w, "##vso[task.logissue %s;]%s\n", properties, azureData(problem.Error())); err != nil {
			return err
		}
	}
	return nil
}

// azureData and azureProperty return a text as the data and as a property of a logging command.
func azureData(text string) string { return strings.ReplaceAll(Sanitize(text), "%", "%AZP25") }

func azureProperty(text string) string {
	return strings.NewReplacer("]", "%5D", ";", "%3B").Replace(azureData(text))
}

// Problems writes a suite for each file: a failed test for each error. Warnings are part of the
// texts of the tests and fail none.
func (JUnit) Problems(w io.Writer, problems connection.Problems) error {
	suites := []testSuite{}
	add := func(file string, c testCase) {
		if len(suites) == 0 || suites[len(suites)-1].name != file {
			suites = append(suites, testSuite{name: file})
		}
		last := &suites[len(suites)-1]
		last.cases = append(last.cases, c)
	}
	for _, problem := range problems {
		position := problem.Position
		c := testCase{name: problem.Message, class: position.File, position: &position, message: problem.Message}
		if position.File == "" {
			c.position, c.class = nil, "qlsync"
		}
		if problem.Severity != connection.SeverityWarning {
			c.failed = "error"
		}
		if position.Line > 0 {
			c.name = fmt.Sprintf("%d:%d: %s", position.Line, position.Column, problem.Message)
		}
		c.text = guarded(Sanitize(problem.Error())) + "\n"
		add(c.class, c)
	}
	failed := slices.ContainsFunc(problems, func(p connection.Problem) bool { return p.Severity != connection.SeverityWarning })
	if !failed {
		add("qlsync validate", testCase{name: "the files are valid", class: "qlsync validate"})
	}
	return writeJUnit(w, "qlsync validate", suites...)
}
