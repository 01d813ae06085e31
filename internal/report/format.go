package report

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"

	"github.com/qlsync/qlsync/internal/doctor"
	"github.com/qlsync/qlsync/internal/jsontext"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/plan"
)

// Format is one form that a result of type T can take.
type Format[T any] struct {
	name string
	// The text is how a stream wants its text; other forms have no use for it.
	write func(Text, io.Writer, T) error
}

// Formats are all output formats of a result of type T. The first one is the default.
type Formats[T any] []Format[T]

// FormatText is the name of the form for people, FormatJSON of the versioned contract.
const (
	FormatText = "text"
	FormatJSON = "json"
	// FormatLines is JSON Lines: one JSON value in each line, of one tenant each.
	FormatLines = "jsonl"
)

func jsonFormat[T any]() Format[T] {
	return plainly(FormatJSON, func(w io.Writer, value T) error { return JSON(w, value) })
}

// lineFormat is the JSON of one tenant in one line.
func lineFormat[T any]() Format[T] {
	return plainly(FormatLines, func(w io.Writer, value T) error { return Line(w, value) })
}

// linesFormat is one line for each tenant, after a line with the names of all of them.
func linesFormat[T any]() Format[*Fleet[T]] {
	return plainly(FormatLines, func(w io.Writer, f *Fleet[T]) error {
		err := f.FirstLine(w)
		for i := range f.Tenants {
			err = cmp.Or(err, f.Line(w, &f.Tenants[i]))
		}
		return cmp.Or(err, f.LastLine(w))
	})
}

// Line writes a value as JSON in one line.
func Line(w io.Writer, value any) error {
	text, err := jsontext.Encode(value, "")
	if err != nil {
		return err
	}
	var line bytes.Buffer // written at once, so that lines of concurrent writers do not mix
	escapeJSON(&line, text)
	_, err = w.Write(line.Bytes())
	return err
}

// FirstLine writes the line of JSON Lines that has the names of all tenants.
func (f *Fleet[T]) FirstLine(w io.Writer) error {
	first := *f
	if first.Selected == nil {
		first.Selected = f.Names()
	}
	first.Count = len(first.Selected)
	first.Signal, first.Tenants = 0, []Member[T]{}
	return Line(w, first)
}

// Line writes the line of JSON Lines about one tenant.
func (f *Fleet[T]) Line(w io.Writer, member *Member[T]) error {
	one := *f
	one.Count = cmp.Or(f.Count, len(f.Tenants))
	one.Tenants = []Member[T]{*member}
	one.Selected, one.Shards, one.Missing, one.Lost, one.Signal = nil, 0, nil, nil, 0 // the first line has them
	return Line(w, one)
}

// LastLine writes the line of JSON Lines about an interrupted run; of others there is none.
func (f *Fleet[T]) LastLine(w io.Writer) error {
	if f.Signal == 0 {
		return nil
	}
	last := *f
	last.Selected, last.Shards, last.Missing, last.Lost, last.Tenants = nil, 0, nil, nil, []Member[T]{}
	return Line(w, last)
}

// plainly makes a form of a renderer that knows nothing of streams.
func plainly[T any](name string, write func(io.Writer, T) error) Format[T] {
	return Format[T]{name, func(_ Text, w io.Writer, value T) error { return write(w, value) }}
}

// Names returns the names of the forms.
func (all Formats[T]) Names() []string {
	names := make([]string, len(all))
	for i, f := range all {
		names[i] = f.name
	}
	return names
}

// Write writes a value in the form of that name, many lines at once.
func (all Formats[T]) Write(name string, text Text, w io.Writer, value T) error {
	for _, f := range all {
		if f.name == name {
			buffered := bufio.NewWriterSize(w, bufferSize)
			return cmp.Or(f.write(text, buffered, value), buffered.Flush())
		}
	}
	return fmt.Errorf("no form is called %q: it must be %s", name, words.OneOf(all.Names()))
}

// PlanFormats are the forms of a plan.
func PlanFormats() Formats[*plan.Plan] {
	return Formats[*plan.Plan]{
		{FormatText, Text.Plan}, plainly("markdown", Markdown{}.Plan), jsonFormat[*plan.Plan](), plainly("html", HTML{}.Plan), lineFormat[*plan.Plan](),
	}
}

// ResultFormats are the forms of a result.
func ResultFormats() Formats[*apply.Result] {
	return Formats[*apply.Result]{
		{FormatText, Text.Result}, plainly("markdown", Markdown{}.Result), jsonFormat[*apply.Result](), plainly("junit", JUnit{}.Result), lineFormat[*apply.Result](),
	}
}

// DriftFormats are the forms of a drift report. It takes the page as it is to be written,
// with its history.
func DriftFormats(page HTML) Formats[*plan.Drift] {
	return Formats[*plan.Drift]{
		{FormatText, Text.Drift},
		plainly("markdown", Markdown{}.Drift), jsonFormat[*plan.Drift](),
		plainly("html", page.Drift), plainly("junit", JUnit{}.Drift), lineFormat[*plan.Drift](),
	}
}

// PlansFormats are the forms of plans for several tenants in one report. They have the
// same names as those of one plan.
func PlansFormats() Formats[*Fleet[plan.Plan]] {
	return Formats[*Fleet[plan.Plan]]{
		{FormatText, Text.Plans},
		plainly("markdown", Markdown{}.Plans), jsonFormat[*Fleet[plan.Plan]](),
		plainly("html", HTML{}.Plans), linesFormat[plan.Plan](),
	}
}

// DriftsFormats are the forms of the drift of several tenants in one report. They have the
// same names as those of [DriftFormats].
func DriftsFormats(page HTML) Formats[*Fleet[plan.Drift]] {
	return Formats[*Fleet[plan.Drift]]{
		{FormatText, Text.Drifts},
		plainly("markdown", Markdown{}.Drifts), jsonFormat[*Fleet[plan.Drift]](),
		plainly("html", page.Drifts), plainly("junit", JUnit{}.Drifts), linesFormat[plan.Drift](),
	}
}

// ResultsFormats are the forms of the results of several tenants in one report. They have the same
// names as those of [ResultFormats].
func ResultsFormats() Formats[*Fleet[apply.Result]] {
	return Formats[*Fleet[apply.Result]]{
		{FormatText, Text.Results},
		plainly("markdown", Markdown{}.Results), jsonFormat[*Fleet[apply.Result]](),
		plainly("junit", JUnit{}.Results), linesFormat[apply.Result](),
	}
}

// DoctorFormats are the forms of a report of doctor.
func DoctorFormats() Formats[doctor.Report] {
	return Formats[doctor.Report]{{FormatText, Text.Doctor}, jsonFormat[doctor.Report]()}
}

// SecretsFormats are the forms of a list of secrets.
func SecretsFormats() Formats[doctor.Secrets] {
	return Formats[doctor.Secrets]{
		{FormatText, Text.Secrets}, jsonFormat[doctor.Secrets](), plainly("env", SecretsEnv),
	}
}

// SchemaListFormats are the forms of a list of vendored schemas.
func SchemaListFormats() Formats[Schemas] {
	return Formats[Schemas]{{FormatText, Text.SchemaList}, jsonFormat[Schemas]()}
}

// SchemaCheckFormats are the forms of a comparison of vendored schemas with a tenant's.
func SchemaCheckFormats() Formats[Schemas] {
	return Formats[Schemas]{{FormatText, Text.SchemaCheck}, jsonFormat[Schemas]()}
}
