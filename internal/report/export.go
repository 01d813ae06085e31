package report

import (
	"io"
	"path/filepath"

	"github.com/qlsync/qlsync/internal/export"
	"github.com/qlsync/qlsync/internal/words"
)

// Export writes what was exported, what was not and why, and which variables to set. folder is the
// folder of the files, or empty.
func (t Text) Export(w io.Writer, exported export.Result, folder string) error {
	p := t.printer(w)
	if folder != "" {
		for _, file := range exported.Files {
			name := filepath.ToSlash(filepath.Join(folder, file.Name))
			p.line("wrote %s: %s", Sanitize(name), words.Count(file.Connections, "connection"))
		}
	}
	if exported.Declared > 0 {
		p.line("declared already: %s", words.Count(exported.Declared, "connection"))
	}
	p.remarks("Not exported", exported.Omitted)
	p.remarks("Exported without", exported.LeftOut)
	if len(exported.Variables) > 0 {
		p.line("")
		if exported.Written {
			p.line("Adoption writes the credentials of this tenant again. Set lifecycle.adopt: true, and these variables:")
		} else {
			p.line("Adoption leaves credentials alone. Set these variables before the first change that writes credentials:")
		}
		rows := make([][]string, len(exported.Variables))
		for i, v := range exported.Variables {
			rows[i] = []string{"  " + Sanitize(v.Name), Sanitize(v.Credential) + " of " + label(v.Connection.String())}
		}
		p.table(rows)
	}
	return p.err
}

// remarks writes a list of remarks under a title.
func (p *printer) remarks(title string, remarks []export.Remark) {
	if len(remarks) == 0 {
		return
	}
	p.line("")
	p.line("%s:", title)
	for _, remark := range remarks {
		p.line("  %s: %s", label(remark.Connection.String()), Sanitize(remark.Reason))
	}
}

// ExportNext is the next steps after an export.
type ExportNext struct {
	Folder string   // which has the files
	Unread string   // the project file, if it does not read the folder yet
	Plan   string   // the command that plans with the files
	Editor []string // commands that write schemas for editors, where there are none
}

// ExportNext writes the next steps, after the export itself.
func (t Text) ExportNext(w io.Writer, next ExportNext) error {
	p := t.printer(w)
	p.line("")
	if next.Unread != "" {
		p.line("%s does not read the folder %s yet: add the folder to connections there first.", Sanitize(next.Unread), Sanitize(filepath.ToSlash(next.Folder)))
	}
	p.commands("Next:", next.Plan)
	if len(next.Editor) > 0 {
		p.commands("For completion and checks in your editor:", next.Editor...)
	}
	return p.err
}
