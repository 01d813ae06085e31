package report_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// goldensOfTerminal are the reports that are kept as a terminal of 80 and of 120 columns shows them.
var goldensOfTerminal = []string{"plan", "plan-long", "plan-refused", "drift", "result"}

func TestReportsReadAsTheirGoldensOnATerminal(t *testing.T) {
	for _, name := range goldensOfTerminal {
		for _, width := range []int{80, 120} {
			t.Run(fmt.Sprint(name, " at ", width), func(t *testing.T) {
				compare(t, fmt.Sprintf("%s-%d.txt", name, width), print(t, func(w io.Writer) error { return goldens[name](report.Text{Width: width}, w) }))
			})
		}
	}
}

func TestNoLineIsWiderThanTheTerminalAndNoWordIsBroken(t *testing.T) {
	table := runewidth.Condition{StrictEmojiNeutral: true}
	for name, write := range goldens {
		for _, width := range []int{40, 60, 80, 120} {
			for _, color := range []bool{false, true} {
				text := print(t, func(w io.Writer) error { return write(report.Text{Width: width, Color: color}, w) })
				for _, line := range strings.Split(text, "\n") {
					if strings.Count(line, "\x1b[")%2 != 0 {
						t.Errorf("%s at %d: a colour goes on into the next line: %q", name, width, line)
					}
					line = colour.ReplaceAllString(line, "")
					rest := strings.TrimSpace(line)
					value := strings.TrimLeft(rest, "+- ") // a sign is on the row of its value
					if table.StringWidth(line) > width && len(strings.Fields(value)) > 1 && !isOneRow(rest) {
						t.Errorf("%s: a line takes %d of %d columns: %q", name, table.StringWidth(line), width, line)
					}
				}
			}
		}
	}
}

// isOneRow reports whether a line is not wrapped: a command, or a line of a file with its mark.
func isOneRow(line string) bool {
	return strings.Contains(line, "qlsync ") || strings.Contains(line, " | ") || strings.HasPrefix(line, ">")
}

func TestAListOpensWhereTheTerminalHasTooLittleSpace(t *testing.T) {
	p := newPlan([]plan.Change{{
		Action: plan.ActionUpdate, Connection: key("Finance", "Budget"), DataSource: "rest", Fields: []plan.Field{
			field("/tags", list("accounts", "finance"), list("accounts", "finance", "nightly", "production")),
			field("/properties/url", "https://rates.example.com/api/v1/exchange", "https://rates.example.com/api/v2/exchange"),
		},
	}})
	for width, want := range map[int][]string{
		70: {"      ~ tags\n            \"accounts\"\n            \"finance\"\n          + \"nightly\"\n          + \"production\"\n", "          - \"https://rates.example.com/api/v1/exchange\"\n"},
		180: {
			`tags            ["accounts","finance"] -> ["accounts","finance","nightly","production"]`,
			`properties.url  "https://rates.example.com/api/v1/exchange" -> "https://rates.example.com/api/v2/exchange"`,
		},
	} {
		text := print(t, func(w io.Writer) error { return report.Text{Width: width}.Plan(w, p) })
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("at %d columns the plan does not have %q:\n%s", width, part, text)
			}
		}
	}
}

func TestAWarningOnStandardErrorThatIsRepeatedIsOneLine(t *testing.T) {
	var problems connection.Problems
	for i := range 6 {
		problems = append(problems, connection.Problem{
			Position: connection.Position{File: "a.yaml", Line: i + 1, Column: 5}, Severity: connection.SeverityWarning, Message: fmt.Sprintf(`tag "t%d" is reserved`, i),
		})
	}
	problems = append(problems, connection.Problem{Severity: connection.SeverityError, Message: "no"}, connection.Problem{Severity: connection.SeverityError, Message: "no"})
	for name, test := range map[string]struct {
		text report.Text
		want string
	}{
		"grouped": {report.Text{}, `a.yaml:1:5: warning: tag "t0" is reserved (and 5 more like this: a.yaml:2:5, a.yaml:3:5, 3 elsewhere)` + "\nerror: no\nerror: no\n"},
		"all":     {report.Text{Whole: true}, "\na.yaml:6:5: warning: tag \"t5\" is reserved\n"},
	} {
		if got := print(t, func(w io.Writer) error { return test.text.Problems(w, problems) }); !strings.Contains(got, test.want) {
			t.Errorf("%s: the problems are\n%swant among them\n%s", name, got, test.want)
		}
	}
}
