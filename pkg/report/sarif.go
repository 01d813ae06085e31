package report

import (
	"bytes"
	"io"
	"net/url"
	"path"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/qlsync/qlsync/pkg/connection"
)

// SARIF writes problems in the format SARIF 2.1.0, which code scanning reads.
type SARIF struct {
	// Version is that of the program.
	Version string
}

// The rules by which a reader of SARIF groups problems.
const (
	ruleError   = "qlsync-error"
	ruleWarning = "qlsync-warning"
)

// Problems writes one run with a result for each problem. Files are named relative
// to where the program ran, columns count characters.
func (s SARIF) Problems(w io.Writer, problems connection.Problems) error {
	run := sarif.NewRunWithInformationURI("qlsync", "https://github.com/qlsync/qlsync")
	if s.Version != "" {
		run.Tool.Driver.WithVersion(s.Version)
	}
	run.WithColumnKind("unicodeCodePoints")
	run.AddRule(ruleError).WithName("Mistake").
		WithShortDescription(sarif.NewMultiformatMessageString().WithText("A mistake in the files of a project, which stops every run."))
	run.AddRule(ruleWarning).WithName("Warning").
		WithShortDescription(sarif.NewMultiformatMessageString().WithText("Something in the files of a project that somebody should know, and that stops nothing."))
	for _, problem := range problems {
		run.AddResult(sarifResult(problem))
	}
	document := sarif.NewReport()
	document.AddRun(run)
	var text bytes.Buffer
	if err := document.PrettyWrite(&text); err != nil {
		return err
	}
	_, err := w.Write(append(bytes.TrimRight(escapeJSON(text.Bytes()), "\n"), '\n'))
	return err
}

func sarifResult(problem connection.Problem) *sarif.Result {
	rule, level := ruleError, "error"
	if problem.Severity == connection.SeverityWarning {
		rule, level = ruleWarning, "warning"
	}
	at := problem.Position
	problem.Position = connection.Position{}
	result := sarif.NewRuleResult(rule).WithLevel(level).WithMessage(sarif.NewTextMessage(problem.Error()))
	if at.File == "" {
		return result
	}
	where := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation(fileURI(at.File)))
	if at.Line > 0 {
		where.WithRegion(sarif.NewRegion().WithStartLine(at.Line).WithStartColumn(max(1, at.Column)))
	}
	return result.WithLocations([]*sarif.Location{sarif.NewLocationWithPhysicalLocation(where)})
}

// fileURI returns a path as a reference: a relative one stays relative, an absolute one begins
// with file://, also one with a drive letter or on a host, and what may not be in a reference
// is percent-encoded.
func fileURI(file string) string {
	switch {
	case hasDrive(file):
		return (&url.URL{Scheme: "file", Path: "/" + strings.ReplaceAll(file, `\`, "/")}).String()
	case strings.HasPrefix(file, "//"):
		host, rest, _ := strings.Cut(file[2:], "/")
		return (&url.URL{Scheme: "file", Host: host, Path: "/" + rest}).String()
	case path.IsAbs(file):
		return (&url.URL{Scheme: "file", Path: file}).String()
	}
	return (&url.URL{Path: file}).String()
}

// hasDrive reports whether a path begins with a drive letter, as absolute ones do on Windows.
func hasDrive(file string) bool {
	if len(file) < 3 || file[1] != ':' || file[2] != '/' && file[2] != '\\' {
		return false
	}
	letter := file[0] | 0x20
	return 'a' <= letter && letter <= 'z'
}
