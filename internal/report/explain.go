package report

import (
	"io"
	"strings"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/words"
)

// Explain writes messages with what they mean and what to do.
func (t Text) Explain(w io.Writer, found []messages.Explained) error {
	p := t.printer(w)
	for i, e := range found {
		if i > 0 {
			p.line("")
		}
		p.line("%s (%s)", p.paint(bold, e.Code), e.Part)
		p.line("")
		p.line("  Example: %s", e.Text)
		p.line("  Meaning: %s", e.Meaning)
		if e.Next != "" {
			p.line("  Next:    %s", e.Next)
		}
	}
	return p.err
}

// Codes writes the codes of all messages, by part, with an example each.
func (t Text) Codes(w io.Writer, all []messages.Explained) error {
	p := t.printer(w)
	part := ""
	for _, e := range all {
		if e.Part != part {
			if part != "" {
				p.line("")
			}
			part = e.Part
			p.line("%s", p.paint(bold, part))
		}
		p.line("  %s", e.Code)
		p.line("      %s", e.Text)
	}
	p.line("")
	p.line("%s. To explain one, run: qlsync explain CODE", words.Count(len(all), "message"))
	return p.err
}

// MessagesPage returns all messages as a page of the documentation.
func MessagesPage(all []messages.Explained) string {
	var b strings.Builder
	b.WriteString("# Messages\n\n" +
		"<!-- Written from the tables of messages: change those and run `make docs`. -->\n\n" +
		"JSON output has the code and the arguments of each message next to its text. A code does not change when its sentence does.\n" +
		"`qlsync explain CODE` prints the same as this page, and `qlsync explain 'TEXT'` finds a message by its text. The sentences below are examples.\n")
	part := ""
	for _, e := range all {
		if e.Part != part {
			part = e.Part
			b.WriteString("\n## " + part + "\n")
		}
		b.WriteString("\n### " + e.Code + "\n\n```text\n" + e.Text + "\n```\n\n" + e.Meaning + "\n")
		if e.Next != "" {
			b.WriteString("\nNext: `" + e.Next + "`\n")
		}
	}
	return b.String()
}
