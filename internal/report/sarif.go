package report

import (
	"io"
	"net/url"
	"path"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// SARIF writes problems in the format SARIF 2.1.0 of code scanning.
type SARIF struct {
	// Version is the version of the program.
	Version string
}

// The rules by which a reader of SARIF groups problems.
const (
	ruleError   = "qlsync-error"
	ruleWarning = "qlsync-warning"
)

// sarifSchema is the address of the schema of the format, published by OASIS.
const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// The objects of SARIF that qlsync writes, with the names of the standard.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string    `json:"id"`
		Name             string    `json:"name"`
		ShortDescription sarifText `json:"shortDescription"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifLocation struct {
		PhysicalLocation sarifPhysicalLocation `json:"physicalLocation"`
	}
	sarifPhysicalLocation struct {
		ArtifactLocation sarifArtifactLocation `json:"artifactLocation"`
		Region           *sarifRegion          `json:"region,omitempty"`
	}
	sarifArtifactLocation struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
	}
)

// Problems writes one run with a result for each problem. Files are named relative to the working
// directory, columns count characters.
func (s SARIF) Problems(w io.Writer, problems connection.Problems) error {
	results := make([]sarifResult, len(problems))
	for i, problem := range problems {
		results[i] = newSARIFResult(problem)
	}
	return JSON(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{{
		Tool: sarifTool{sarifDriver{
			Name: "qlsync", Version: s.Version, InformationURI: "https://github.com/qlsync/qlsync",
			Rules: []sarifRule{
				{ruleError, "Mistake", sarifText{"An error in the files of a project. It stops every run."}},
				{ruleWarning, "Warning", sarifText{"A warning about the files of a project. It stops nothing."}},
			},
		}},
		ColumnKind: "unicodeCodePoints",
		Results:    results,
	}}})
}

func newSARIFResult(problem connection.Problem) sarifResult {
	result := sarifResult{RuleID: ruleError, Level: "error"}
	if problem.Severity == connection.SeverityWarning {
		result.RuleID, result.Level = ruleWarning, "warning"
	}
	at := problem.Position
	problem.Position = problem.Position.OnlyItem()
	result.Message.Text = problem.Error()
	if at.File == "" {
		return result
	}
	where := sarifPhysicalLocation{ArtifactLocation: sarifArtifactLocation{fileURI(at.File)}}
	if at.Line > 0 {
		where.Region = &sarifRegion{at.Line, max(1, at.Column)}
	}
	result.Locations = []sarifLocation{{where}}
	return result
}

// fileURI returns a path as a URI reference: a relative path stays relative, an absolute one,
// including one with a drive letter or a host, begins with file://. Characters that a reference
// must not contain are percent-encoded.
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

// hasDrive reports whether a path begins with a drive letter, as absolute paths do on Windows.
func hasDrive(file string) bool {
	if len(file) < 3 || file[1] != ':' || file[2] != '/' && file[2] != '\\' {
		return false
	}
	letter := file[0] | 0x20
	return 'a' <= letter && letter <= 'z'
}
