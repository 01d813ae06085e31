package commandline

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// Manual returns the manual page of the program, in the format of man(7). Guides are by the words
// that call a command.
func Manual(app *cli.App, groups []Group, guides map[string]Guide, shared []cli.Flag, version string) string {
	m := &manual{guides: guides, shared: shared}
	m.macro("TH", strings.ToUpper(app.Name), "1", "", app.Name+" "+version, "User Commands")
	m.macro("SH", "NAME")
	m.line(app.Name + " - " + app.Usage)
	m.macro("SH", "SYNOPSIS")
	m.line(app.Name + " COMMAND [flag...]")
	m.macro("SH", "DESCRIPTION")
	m.line(app.Name + " " + app.Usage + ".")
	for _, group := range groups {
		m.macro("PP")
		m.line(group.Title + ": " + strings.Join(group.Commands, ", ") + ".")
	}
	m.macro("SH", "FLAGS OF EVERY COMMAND ON A PROJECT")
	m.terms(flagRows(shared))
	m.macro("SH", "COMMANDS")
	m.commands(app.Commands, app.Name)
	for _, topic := range Topics() {
		text, _ := Topic(topic.Word)
		title, body, _ := strings.Cut(text, "\n")
		m.macro("SH", strings.ToUpper(strings.ReplaceAll(topic.Word, "-", " ")))
		m.line(title + ".")
		m.verbatim(Wrap(strings.TrimSpace(body), manualColumns))
	}
	m.macro("SH", "SEE ALSO")
	m.line(Page)
	return m.text.String()
}

// manualColumns is the width of text that man does not fill.
const manualColumns = 72

// manual is a page that is being written.
type manual struct {
	text   strings.Builder
	guides map[string]Guide
	shared []cli.Flag
}

func (m *manual) commands(commands []*cli.Command, before string) {
	for _, command := range commands {
		if command.Hidden {
			continue
		}
		path := before + " " + command.Name
		m.macro("SS", UsageLine(command, path))
		m.line(Sentence(command.Usage) + ".")
		if command.Description != "" {
			m.macro("PP")
			m.verbatim(Wrap(command.Description, manualColumns))
		}
		m.terms(flagRows(OwnFlags(command, m.shared)))
		guide := m.guides[path]
		if len(guide.Examples) > 0 {
			m.macro("PP")
			m.line("Examples:")
			var lines strings.Builder
			for _, example := range guide.Examples {
				fmt.Fprintf(&lines, "# %s\n%s\n", example.For, example.Line)
			}
			m.verbatim(lines.String())
		}
		if len(guide.Exits) > 0 {
			m.macro("PP")
			m.line("Exit codes:")
			for _, exit := range guide.Exits {
				m.term(fmt.Sprint(exit.Code), exit.Meaning)
			}
		}
		m.commands(command.Subcommands, path)
	}
}

func (m *manual) terms(rows [][2]string) {
	for _, row := range rows {
		m.term(strings.TrimSpace(row[0]), row[1])
	}
}

func (m *manual) term(term, says string) {
	m.macro("TP")
	m.line(term)
	m.line(says)
}

// verbatim writes lines that are not filled.
func (m *manual) verbatim(text string) {
	m.macro("nf")
	for line := range strings.Lines(text) {
		m.line(strings.TrimRight(line, "\n"))
	}
	m.macro("fi")
}

// macro writes a request of man with its arguments.
func (m *manual) macro(name string, arguments ...string) {
	m.text.WriteString("." + name)
	for _, argument := range arguments {
		m.text.WriteString(` "` + strings.ReplaceAll(escapeRoff(argument), `"`, `""`) + `"`)
	}
	m.text.WriteString("\n")
}

// line writes a line of text, which is never taken for a request.
func (m *manual) line(text string) {
	text = escapeRoff(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	m.text.WriteString(text + "\n")
}

func escapeRoff(text string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(text)
}
