package report

import "io"

// Note writes a sentence in addition to a result. Parts of it from outside are sanitized.
func (t Text) Note(w io.Writer, sentence string) error {
	p := t.printer(w)
	p.line("%s", sentence)
	return p.err
}

// NextCommands writes commands under a heading, one on each line, so that all of them can be pasted
// at once.
func (t Text) NextCommands(w io.Writer, heading string, commands ...string) error {
	p := t.printer(w)
	p.commands(heading, commands...)
	return p.err
}

func (p *printer) commands(heading string, commands ...string) {
	p.line("%s", heading)
	for _, command := range commands {
		p.verbatim("  %s", Sanitize(command))
	}
}
