package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

var update = flag.Bool("update", false, "write what is printed into the goldens")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// goldens are all reports in text. The files have ␛ for an escape.
var goldens = map[string]func(report.Text, io.Writer) error{
	"plan":         showPlan(everydayPlan()),
	"plan-empty":   showPlan(emptyPlan()),
	"plan-refused": showPlan(refusedPlan()),
	"plan-hostile": showPlan(hostilePlan()),
	"plan-long":    showPlan(longValuesPlan()),
	"result":       func(t report.Text, w io.Writer) error { return t.Result(w, everydayResult()) },
	"result-hostile": func(t report.Text, w io.Writer) error {
		return t.Result(w, hostileResult())
	},
	"drift":         func(t report.Text, w io.Writer) error { return t.Drift(w, everydayDrift()) },
	"drift-clean":   func(t report.Text, w io.Writer) error { return t.Drift(w, cleanDrift()) },
	"drift-hostile": func(t report.Text, w io.Writer) error { return t.Drift(w, hostileDrift()) },
	"doctor":        func(t report.Text, w io.Writer) error { return t.Doctor(w, examinedTenants()) },
	"secrets":       func(t report.Text, w io.Writer) error { return t.Secrets(w, listedSecrets()) },
	"version":       func(t report.Text, w io.Writer) error { return t.Build(w, releaseBuild()) },
	"problems":      func(t report.Text, w io.Writer) error { return t.Problems(w, everydayProblems()) },
}

func showPlan(p *plan.Plan) func(report.Text, io.Writer) error {
	return func(t report.Text, w io.Writer) error { return t.Plan(w, p) }
}

func print(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var text bytes.Buffer
	if err := write(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", file, diff)
	}
}

func TestReportsReadAsTheirGoldens(t *testing.T) {
	for name, write := range goldens {
		t.Run(name, func(t *testing.T) {
			compare(t, name+".txt", print(t, func(w io.Writer) error { return write(report.Text{}, w) }))
		})
	}
	for _, name := range []string{"plan", "plan-long", "plan-refused", "result", "drift", "problems"} {
		t.Run(name+" in colour", func(t *testing.T) {
			text := print(t, func(w io.Writer) error { return goldens[name](report.Text{Color: true}, w) })
			compare(t, name+"-color.txt", strings.ReplaceAll(text, "\x1b", "␛"))
		})
	}
}

var colour = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestColourChangesNothingButColour(t *testing.T) {
	for name, write := range goldens {
		t.Run(name, func(t *testing.T) {
			plain := print(t, func(w io.Writer) error { return write(report.Text{}, w) })
			coloured := print(t, func(w io.Writer) error { return write(report.Text{Color: true}, w) })
			if diff := cmp.Diff(plain, colour.ReplaceAllString(coloured, "")); diff != "" {
				t.Errorf("colour changes the text (-plain +coloured):\n%s", diff)
			}
			for _, line := range strings.Split(coloured, "\n") {
				if strings.Count(line, "\x1b[")%2 != 0 {
					t.Errorf("a colour goes on into the next line: %q", line)
				}
			}
		})
	}
}

func TestNoReportSteersATerminalOrAPipelineOrEndsALineInBlanks(t *testing.T) {
	for name, write := range goldens {
		t.Run(name, func(t *testing.T) {
			for _, line := range strings.Split(print(t, func(w io.Writer) error { return write(report.Text{}, w) }), "\n") {
				if !utf8.ValidString(line) || strings.IndexFunc(line, func(r rune) bool { return connection.IsUnseen(r) }) >= 0 {
					t.Errorf("not printable: %q", line)
				}
				if strings.HasPrefix(strings.TrimLeft(line, " "), "::") || strings.Contains(line, "##[") || strings.Contains(line, "##vso[") {
					t.Errorf("a pipeline reads the line as a command: %q", line)
				}
				if strings.TrimRight(line, " ") != line {
					t.Errorf("blanks at the end: %q", line)
				}
			}
		})
	}
}

func TestNoReportShowsASecret(t *testing.T) {
	p := longValuesPlan()
	for _, write := range []func(io.Writer) error{
		func(w io.Writer) error { return report.JSON(w, p) },
		func(w io.Writer) error { return report.Text{}.Plan(w, p) }, htmlPlan(p),
	} {
		text := print(t, write)
		if strings.Contains(text, "canary") || !strings.Contains(text, connection.Placeholder) {
			t.Errorf("got a secret or no placeholder: %s", text)
		}
	}
	leak := plan.Field{Path: "/credentials/password", Before: "canary-3", After: "canary-4", Secret: true}
	p = newPlan([]plan.Change{{Action: plan.ActionUpdate, Fields: []plan.Field{leak}}})
	for name, write := range map[string]func(io.Writer) error{"text": func(w io.Writer) error { return report.Text{}.Plan(w, p) }, "html": htmlPlan(p)} {
		if strings.Contains(print(t, write), "canary") {
			t.Errorf("the form %s shows a secret that a plan should not hold", name)
		}
	}
}

func TestAnAdoptionThatOverwritesIsAnUpdateWithACountOfItsOwn(t *testing.T) {
	p := newPlan([]plan.Change{
		{Action: plan.ActionAdopt, Connection: key("Finance", "Same"), DataSource: "rest"},
		{Action: plan.ActionAdopt, Connection: key("Finance", "Other"), DataSource: "rest", Fields: []plan.Field{field("/properties/url", "a", "b")}},
		{Action: plan.ActionAdopt, Connection: key("Finance", "Refused"), DataSource: "rest", Refused: connection.Reason{Text: "no"}, Fields: []plan.Field{field("/properties/url", "a", "b")}},
	})
	fleet := &report.Fleet[plan.Plan]{Project: "finance", Tenants: []report.Member[plan.Plan]{{Tenant: p.Tenant, Report: p}, {Tenant: p.Tenant, Report: p}}}
	for name, test := range map[string]struct {
		write func(io.Writer) error
		want  []string
	}{
		"text":             {func(w io.Writer) error { return report.Text{}.Plan(w, p) }, []string{"  ~ Other    adopt", "  = Same     adopt", "2 to adopt, 1 of them overwritten, 1 refused."}},
		"markdown":         {mdPlan(p), []string{"<code>&#126;</code> <b>adopt</b> <code>Other</code>", "2 to adopt, 1 of them overwritten"}},
		"markdown of two":  {func(w io.Writer) error { return report.Markdown{}.Plans(w, fleet) }, []string{"4 to adopt, 2 of them overwritten"}},
		"the page":         {htmlPlan(p), []string{"~ adopt", "= adopt", "1 of them overwritten with what the files say"}},
		"the page of two":  {func(w io.Writer) error { return report.HTML{}.Plans(w, fleet) }, []string{"2 of them overwritten with what the files say"}},
		"nothing to count": {func(w io.Writer) error { return report.Text{}.Plan(w, newPlan(p.Changes[:1])) }, []string{"Plan: 1 to adopt."}},
	} {
		text := print(t, test.write)
		for _, want := range test.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q:\n%.3000s", name, want, text)
			}
		}
	}
}

func TestAThousandStepsAreAFewLines(t *testing.T) {
	text := print(t, func(w io.Writer) error { return report.Text{}.Plan(w, thousandStepsPlan()) })
	_, steps, ok := strings.Cut(text, "\nSteps\n")
	if !ok {
		t.Fatal("the report has no line of steps")
	}
	compare(t, "steps.txt", steps)
}

func TestAWriterThatFailsEndsTheReportWithItsError(t *testing.T) {
	full := errors.New("disk full")
	for name, write := range goldens {
		for _, room := range []int{0, 1, 3} {
			if err := write(report.Text{}, &small{room, full}); !errors.Is(err, full) {
				if name == "drift-clean" && room == 3 {
					continue // it has three lines
				}
				t.Errorf("%s with room for %d lines: got %v", name, room, err)
			}
		}
	}
	if err := report.JSON(&small{0, full}, everydayPlan()); !errors.Is(err, full) {
		t.Errorf("JSON: got error %v, want that of the writer", err)
	}
}

// small is a writer with room for a few writes.
type small struct {
	room int
	err  error
}

func (s *small) Write(text []byte) (int, error) {
	if s.room == 0 {
		return 0, s.err
	}
	s.room--
	return len(text), nil
}

func TestSanitizeReturnsOnePrintableLineAndKeepsTheRest(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"a plain text", "Orders lake", "Orders lake"},
		{"quotes and backslashes", `"C:\data"`, `"C:\data"`},
		{"other scripts, accents and emoji", "注文 Übersicht é 🧾", "注文 Übersicht é 🧾"},
		{"an escape sequence", "\x1b[31mred", `\x1b[31mred`},
		{"a control character above ASCII", "\u009b31m", `\u009b31m`},
		{"a byte that is no UTF-8", "\x9b31m", `\x9b31m`},
		{"a newline", "one\ntwo", `one\ntwo`},
		{"a newline and a quote", "\"one\"\ntwo", `"one"\ntwo`},
		{"a text that runs backwards", "gnp\u202eexe", `gnp\u202eexe`},
		{"a blank that is none", "a\u00a0b", `a\u00a0b`},
		{"a variation selector that an emoji does not need", "Ledger\ufe0f", `Ledger\ufe0f`},
		{"a Hangul filler", "Ledger\u3164", `Ledger\u3164`},
		{"a braille blank", "Ledger\u2800", `Ledger\u2800`},
		{"a joiner in a word", "نام\u200cها", `نام\u200cها`},
		{"a tag letter", "Ledger\U000e0041", `Ledger\U000e0041`},
		{"a letter of another script", "L\u0435dger", "L\u0435dger"},
		{"a command of a pipeline", "a ##vso[x]##[y]", `a \x23#vso[x]\x23#[y]`},
		{"a command of a pipeline in what cannot be printed", "a\n##[y]", `a\n\x23#[y]`},
		{"nothing", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := report.Sanitize(test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAnyTextIsCleanOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
		clean := report.Sanitize(text)
		if !utf8.ValidString(clean) || strings.ContainsFunc(clean, connection.IsUnseen) {
			t.Fatalf("%q is not clean", clean)
		}
		if again := report.Sanitize(clean); again != clean {
			t.Fatalf("%q, sanitized again, became %q, want no second change", clean, again)
		}
	})
}

// TestAnyDifferenceOfTwoTextsCanBeReadBack takes the lines of both sides out of
// the report again.
func TestAnyDifferenceOfTwoTextsCanBeReadBack(t *testing.T) {
	text := rapid.Custom(func(t *rapid.T) []string {
		lines := rapid.SliceOfN(rapid.SampledFrom([]string{"alpha", "beta", "gamma", "", " indented"}), 1, 5).Draw(t, "lines")
		return append(lines, strings.Repeat("x", 61))
	})
	rapid.Check(t, func(t *rapid.T) {
		before, after := text.Draw(t, "before"), text.Draw(t, "after")
		if cmp.Equal(before, after) {
			return
		}
		p := newPlan([]plan.Change{{Action: plan.ActionUpdate, Connection: key("A", "a"), Fields: []plan.Field{
			field("/properties/p", strings.Join(before, "\n"), strings.Join(after, "\n")),
		}}})
		var out bytes.Buffer
		if err := (report.Text{}).Plan(&out, p); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), " equal line") {
			return
		}
		_, block, _ := strings.Cut(out.String(), "~ properties.p\n")
		block, _, _ = strings.Cut(block, "\n\nPlan:")
		var gotBefore, gotAfter []string
		for _, line := range strings.Split(block, "\n") {
			line = strings.TrimPrefix(line+strings.Repeat(" ", 12), "          ")
			sign, content := line[0], strings.TrimRight(line[2:], " ")
			if sign != '+' {
				gotBefore = append(gotBefore, content)
			}
			if sign != '-' {
				gotAfter = append(gotAfter, content)
			}
		}
		if diff := cmp.Diff(before, gotBefore) + cmp.Diff(after, gotAfter); diff != "" {
			t.Fatalf("the texts that were read back differ (-want +got):\n%s\nin the report\n%s", diff, out.String())
		}
	})
}

func TestJSONEscapesWhatCannotBePrintedAndKeepsItsMeaning(t *testing.T) {
	value := report.NewProblems(connection.Problems{{Message: "\u009b \u202e \U000e0041 \x7f \x1b <&> \U0001f9fe 注文 ##vso[x] ###[y]"}})
	got := print(t, func(w io.Writer) error { return report.JSON(w, value) })
	if want := `"\u009b \u202e \udb40\udc41 \u007f \u001b <&> 🧾 注文 #\u0023vso[x] #\u0023#[y]"`; !strings.Contains(got, want) {
		t.Errorf("got %s, want the escaped text %s", got, want)
	}
	var back report.ProblemList
	if err := json.Unmarshal([]byte(got), &back); err != nil || !cmp.Equal(value, back) {
		t.Errorf("got %+v, error %v; want the value that was written", back, err)
	}
	compare(t, "problems.json", print(t, func(w io.Writer) error { return report.JSON(w, report.NewProblems(everydayProblems())) }))
	compare(t, "no-problems.json", print(t, func(w io.Writer) error { return report.JSON(w, report.NewProblems(nil)) }))
	compare(t, "plan.json", print(t, func(w io.Writer) error { return report.JSON(w, everydayPlan()) }))
	compare(t, "result.json", print(t, func(w io.Writer) error { return report.JSON(w, everydayResult()) }))
	compare(t, "drift.json", print(t, func(w io.Writer) error { return report.JSON(w, everydayDrift()) }))
}
