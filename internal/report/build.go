package report

import (
	"cmp"
	"io"
)

// BuildFormat names the JSON contract of a description of the program.
const BuildFormat = "qlsync.version/v1"

// Build describes the program: what it was built from, by what and for what.
type Build struct {
	Format  string `json:"format"`
	Version string `json:"version"`
	// Commit and Date are those of the source; empty: not recorded in the program.
	Commit   string `json:"commit,omitempty"`
	Date     string `json:"date,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	// Modified reports whether the source differed from the commit; nil: not recorded.
	Modified *bool `json:"modified,omitempty"`
}

// BuildFormats are the forms of a description of the program.
func BuildFormats() Formats[Build] {
	return Formats[Build]{{FormatText, Text.Build}, jsonFormat[Build]()}
}

// Build writes the version, followed by one line for each other fact.
func (t Text) Build(w io.Writer, b Build) error {
	modified := unrecorded
	if b.Modified != nil {
		modified = map[bool]string{true: "yes", false: "no"}[*b.Modified]
	}
	p := t.printer(w)
	p.line("qlsync %s", Sanitize(b.Version))
	for _, fact := range [][2]string{
		{"commit", b.Commit},
		{"date", b.Date},
		{"go", b.Go},
		{"platform", b.Platform},
		{"modified", modified},
	} {
		p.line("  %s%s", pad(fact[0], len("modified  ")), Sanitize(cmp.Or(fact[1], unrecorded)))
	}
	return p.err
}

// unrecorded is the text of a fact that a program built outside of a Git repository does not have.
const unrecorded = "not recorded"
