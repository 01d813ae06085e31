package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// JUnit writes findings as failed tests, for pipelines: the common subset of JUnit's XML that
// GitLab, Azure Pipelines and Jenkins read. A report without findings contains one test that
// passes, so that the report is not empty.
type JUnit struct{}

// testCase is one finding, or one passed check. Its texts need not be sanitized.
type testCase struct {
	name, class string // class is the group in a pipeline
	// position is where the connection is declared; nil: nowhere.
	position *connection.Position
	// failed is the type of a failure, and broken the type of an error: something that could not be
	// read. Both are empty for a passed test.
	failed, broken string
	skipped        bool // not checked, as requested
	message, text  string
}

type xmlSuites struct {
	XMLName  xml.Name   `xml:"testsuites"`
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Errors   int        `xml:"errors,attr"`
	Skipped  int        `xml:"skipped,attr"`
	Suites   []xmlSuite `xml:"testsuite"`
}

type xmlSuite struct {
	Name     string    `xml:"name,attr"`
	Tests    int       `xml:"tests,attr"`
	Failures int       `xml:"failures,attr"`
	Errors   int       `xml:"errors,attr"`
	Skipped  int       `xml:"skipped,attr"`
	Cases    []xmlCase `xml:"testcase"`
}

type xmlCase struct {
	Name    string     `xml:"name,attr"`
	Class   string     `xml:"classname,attr"`
	File    string     `xml:"file,attr,omitempty"`
	Line    int        `xml:"line,attr,omitempty"`
	Failure *xmlReason `xml:"failure"`
	Error   *xmlReason `xml:"error"`
	Skipped *xmlSkip   `xml:"skipped"`
}

type xmlReason struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

type xmlSkip struct {
	Message string `xml:"message,attr"`
}

// testSuite is a group of tests: those of a tenant, or of a file.
type testSuite struct {
	name  string
	cases []testCase
}

func writeJUnit(w io.Writer, name string, suites ...testSuite) error {
	all := xmlSuites{Name: Sanitize(name)}
	for _, group := range suites {
		suite := xmlSuite{Name: Sanitize(group.name)}
		for _, c := range group.cases {
			suite.Cases = append(suite.Cases, c.xml())
			suite.Tests++
			switch {
			case c.failed != "":
				suite.Failures++
			case c.broken != "":
				suite.Errors++
			case c.skipped:
				suite.Skipped++
			}
		}
		all.Tests += suite.Tests
		all.Failures += suite.Failures
		all.Errors += suite.Errors
		all.Skipped += suite.Skipped
		all.Suites = append(all.Suites, suite)
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	// Only texts contain line ends, and need no escapes for them.
	text = bytes.ReplaceAll(text, []byte("&#xA;"), []byte("\n"))
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

func (c *testCase) xml() xmlCase {
	out := xmlCase{Name: label(c.name), Class: label(c.class)}
	if c.position != nil {
		out.File, out.Line = Sanitize(c.position.File), c.position.Line
	}
	reason := &xmlReason{Message: Sanitize(c.message), Text: "\n" + c.text}
	switch {
	case c.failed != "":
		reason.Type, out.Failure = Sanitize(c.failed), reason
	case c.broken != "":
		reason.Type, out.Error = Sanitize(c.broken), reason
	case c.skipped:
		out.Skipped = &xmlSkip{Sanitize(c.message)}
	}
	return out
}

// Drift writes a suite for the tenant: a failed test for each connection that differs, and an error
// for each part that could not be read.
func (JUnit) Drift(w io.Writer, d *plan.Drift) error {
	return writeJUnit(w, "qlsync drift", testSuite{d.Project + " on " + d.Tenant.Name, driftCases(d)})
}

func driftCases(d *plan.Drift) []testCase {
	cases := []testCase{{name: are(d.Summary.Clean) + " as declared", class: d.Project}}
	for _, reason := range d.Incomplete {
		cases = append(cases, testCase{name: "the tenant's list", class: d.Project, broken: "incomplete", message: reason})
	}
	for _, kind := range d.Ignored {
		cases = append(cases, testCase{name: string(kind) + " connections", class: d.Project, skipped: true, message: "left out with --ignore"})
	}
	for i := range d.Items {
		item := &d.Items[i]
		c := testCase{
			name: nameIn(item.Connection), class: item.Connection.Space, position: item.Position,
			failed: string(item.Kind), message: string(item.Kind) + ": " + wouldDo(item.Apply),
		}
		if item.Kind == plan.DriftUnreadable {
			c.failed, c.broken = "", c.failed
		}
		c.text = driftText(item)
		cases = append(cases, c)
	}
	return cases
}

// driftText returns the text report of one connection, without indent.
func driftText(item *plan.DriftItem) string {
	var text strings.Builder
	p := Text{}.printer(&text)
	r := driftRow(item, nil)
	for _, remark := range r.remark {
		p.line("%s", Sanitize(remark))
	}
	p.fields(r, drifted)
	return text.String()
}
