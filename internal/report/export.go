package report

import (
	"io"
	"path/filepath"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Export is what became of live connections that were to be written as files.
type Export struct {
	Files     []ExportFile
	Declared  int // connections that the files declare already
	Omitted   []Remark
	LeftOut   []Remark
	Variables []Variable
	// Written tells that whatever takes the connections over writes their credentials.
	Written bool
}

// ExportFile is a file that was written, with the number of its connections.
type ExportFile struct {
	Name        string
	Connections int
}

// Remark says something about one connection.
type Remark struct {
	Connection connection.Key
	ID         string
	Reason     string
}

// Variable is an environment variable that a credential is to come from.
type Variable struct {
	Name       string
	Connection connection.Key
	Credential string
}

// Export writes what was exported, what was not and why, and which variables are
// to be set.
func (t Text) Export(w io.Writer, e Export) error {
	p := t.printer(w)
	for _, file := range e.Files {
		p.line("wrote %s: %s", Clean(file.Name), words.Count(file.Connections, "connection"))
	}
	if e.Declared > 0 {
		p.line("declared already: %s", words.Count(e.Declared, "connection"))
	}
	p.remarks("Not exported", e.Omitted)
	p.remarks("Exported without", e.LeftOut)
	if len(e.Variables) > 0 {
		p.line("")
		if e.Written {
			p.line("Adoption writes the credentials of this tenant again. Set lifecycle.adopt: true, and these variables:")
		} else {
			p.line("Adoption leaves credentials alone. Set these variables before the first change that writes credentials:")
		}
		rows := make([][]string, len(e.Variables))
		for i, v := range e.Variables {
			rows[i] = []string{"  " + Clean(v.Name), Clean(v.Credential) + " of " + label(v.Connection.String())}
		}
		p.table(rows)
	}
	return p.err
}

// remarks writes a list of remarks under a title.
func (p *printer) remarks(title string, remarks []Remark) {
	if len(remarks) == 0 {
		return
	}
	p.line("")
	p.line("%s:", title)
	for _, remark := range remarks {
		p.line("  %s: %s", label(remark.Connection.String()), Clean(remark.Reason))
	}
}

// ExportNext is what to do after an export.
type ExportNext struct {
	Folder string   // which has the files
	Unread string   // the project file, if it does not read the folder yet
	Plan   string   // the command that plans with the files
	Editor []string // commands that write schemas for editors, where there are none
}

// ExportNext writes what to do next, below what was exported.
func (t Text) ExportNext(w io.Writer, next ExportNext) error {
	p := t.printer(w)
	p.line("")
	if next.Unread != "" {
		p.line("%s does not read the folder %s yet: add the folder to connections there first.", Clean(next.Unread), Clean(filepath.ToSlash(next.Folder)))
	}
	p.commands("Next:", next.Plan)
	if len(next.Editor) > 0 {
		p.commands("For completion and checks in your editor:", next.Editor...)
	}
	return p.err
}
