package report

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/qlsync/qlsync/internal/export"
	"github.com/qlsync/qlsync/internal/words"
)

// Export writes what was exported, what was not and why, which variables to set, and the count.
// folder is the folder of the files, or empty.
func (t Text) Export(w io.Writer, exported export.Result, folder string) error {
	p := t.printer(w)
	if folder != "" {
		for _, file := range exported.Files {
			name := filepath.ToSlash(filepath.Join(folder, file.Name))
			p.line("wrote %s: %s", Sanitize(name), words.Count(file.Connections, "connection"))
		}
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
	if len(exported.Omitted)+len(exported.LeftOut)+len(exported.Variables) > 0 {
		p.line("")
	}
	p.line("%s.", exportCount(exported))
	return p.err
}

// exportCount returns how many connections were exported, and how many were not.
func exportCount(exported export.Result) string {
	n := 0
	for _, file := range exported.Files {
		n += file.Connections
	}
	text := "Nothing was exported"
	if n > 0 {
		text = fmt.Sprintf("Exported %s in %s", words.Count(n, "connection"), words.Count(len(exported.Files), "file"))
	}
	rest := counts(number{n: exported.Declared, what: "already declared"}, number{n: len(exported.Omitted), what: "not exported"})
	if rest == "" {
		return text
	}
	return text + "; " + rest
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
