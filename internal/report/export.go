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
			p.line("wrote %s: %s", Sanitize(name), declarations(file.Spaces, file.Connections))
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

// exportCount returns how many connections and spaces were exported, and how many were not.
func exportCount(exported export.Result) string {
	spaces, connections := 0, 0
	for _, file := range exported.Files {
		spaces, connections = spaces+file.Spaces, connections+file.Connections
	}
	text := "Nothing was exported"
	if spaces+connections > 0 {
		text = fmt.Sprintf("Exported %s in %s", declarations(spaces, connections), words.Count(len(exported.Files), "file"))
	}
	rest := counts(number{n: exported.Declared, what: "already declared"}, number{n: len(exported.Omitted), what: "not exported"})
	if exported.DeclaredSpaces > 0 {
		rest = declarations(exported.DeclaredSpaces, exported.Declared) + " already declared"
		if len(exported.Omitted) > 0 {
			rest += ", " + words.Number(len(exported.Omitted)) + " not exported"
		}
	}
	if rest == "" {
		return text
	}
	return text + "; " + rest
}

// declarations returns how many spaces and connections a file declares.
func declarations(spaces, connections int) string {
	switch {
	case spaces == 0:
		return words.Count(connections, "connection")
	case connections == 0:
		return words.Count(spaces, "space")
	}
	return words.Count(spaces, "space") + " and " + words.Count(connections, "connection")
}

// remarks writes a list of remarks under a title.
func (p *printer) remarks(title string, remarks []export.Remark) {
	if len(remarks) == 0 {
		return
	}
	p.line("")
	p.line("%s:", title)
	for _, remark := range remarks {
		about := label(remark.Connection.String())
		if remark.Connection.Name == "" {
			about = "space " + label(remark.Connection.Space)
		}
		p.line("  %s: %s", about, Sanitize(remark.Reason))
	}
}
