package report_test

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"unicode"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/plan"
)

func junitDrift(d *plan.Drift) func(io.Writer) error {
	return func(w io.Writer) error { return report.JUnit{}.Drift(w, d) }
}

// junit is what a pipeline reads of a report.
type junit struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Suites   []struct {
		Cases []struct {
			Name    string    `xml:"name,attr"`
			Failure *struct{} `xml:"failure"`
			Error   *struct{} `xml:"error"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func TestJUnitReadsAsItsGoldensAndCountsRight(t *testing.T) {
	for name, d := range map[string]*plan.Drift{"drift": everydayDrift(), "drift-clean": cleanDrift(), "drift-hostile": hostileDrift()} {
		t.Run(name, func(t *testing.T) {
			text := print(t, junitDrift(d))
			compare(t, name+".junit.xml", text)
			if strings.IndexFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) >= 0 {
				t.Error("the report has a character that is not printable")
			}
			var read junit
			if err := xml.Unmarshal([]byte(text), &read); err != nil {
				t.Fatal(err)
			}
			counted := junit{Tests: len(read.Suites[0].Cases)}
			for _, c := range read.Suites[0].Cases {
				if c.Failure != nil {
					counted.Failures++
				}
				if c.Error != nil {
					counted.Errors++
				}
			}
			if read.Tests != counted.Tests || read.Failures != counted.Failures || read.Errors != counted.Errors {
				t.Errorf("got the counts %+v, but the report has %+v", read, counted)
			}
			unreadable := d.Summary.Unreadable + len(d.Incomplete)
			if counted.Errors != unreadable || counted.Failures+counted.Errors != len(d.Items)+len(d.Incomplete) {
				t.Errorf("got %+v, want every one of %d items and each unreadable one as an error", counted, len(d.Items))
			}
		})
	}
}
