package report

import (
	"io"
	"path/filepath"
	"strings"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Validation is the result of an offline check of the files.
type Validation struct {
	Problems connection.Problems
	// Excerpts returns the lines of the problems; only the text needs them. Nil: none.
	Excerpts func(connection.Problems) map[connection.Position]connection.Excerpt
	// Checked has one entry for each tenant.
	Checked []CheckedTenant
	// WithoutSchema are the data sources whose properties were not checked.
	WithoutSchema []string
	// SchemasDir is the folder of the vendored schemas.
	SchemasDir string
}

// CheckedTenant is the scope of the check of a tenant.
type CheckedTenant struct {
	Name               string
	Connections, Files int
}

// ValidationFormats are the formats of a validation. version is the version of qlsync.
func ValidationFormats(version string) Formats[Validation] {
	problems := func(write func(io.Writer, connection.Problems) error) func(io.Writer, Validation) error {
		return func(w io.Writer, v Validation) error { return write(w, v.Problems) }
	}
	return Formats[Validation]{
		{FormatText, Text.Validation},
		plainly(FormatJSON, func(w io.Writer, v Validation) error { return JSON(w, NewProblems(v.Problems)) }),
		plainly("github", problems(GitHub{}.Problems)),
		plainly("azure", problems(Azure{}.Problems)),
		plainly("sarif", problems(SARIF{Version: version}.Problems)),
		plainly("junit", problems(JUnit{}.Problems)),
	}
}

// Validation writes the problems or, if there is no error, what was checked and what could not be
// checked.
func (t Text) Validation(w io.Writer, v Validation) error {
	var excerpts map[connection.Position]connection.Excerpt
	if v.Excerpts != nil {
		excerpts = v.Excerpts(v.Problems)
	}
	if err := t.Excerpts(w, v.Problems, excerpts); err != nil || v.Problems.Err() != nil {
		return err
	}
	p := t.printer(w)
	for _, tenant := range v.Checked {
		p.line("%s: %s in %s %s valid.", Sanitize(tenant.Name), words.Count(tenant.Connections, "connection"),
			words.Count(tenant.Files, "file"), words.Plural(tenant.Connections, "is", "are"))
	}
	if len(v.WithoutSchema) == 0 {
		p.line("Not checked without a network: spaces and owners.")
	} else {
		p.line("Not checked without a network: spaces, owners, and the properties of %s (no schema in %s).",
			Sanitize(strings.Join(v.WithoutSchema, ", ")), Sanitize(filepath.ToSlash(v.SchemasDir)))
	}
	return p.err
}
