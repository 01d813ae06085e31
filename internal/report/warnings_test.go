package report_test

import (
	"fmt"
	"html"
	"io"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// forged is a plan with n leftovers that a recreate has not left, each of another connection.
func forged(n int) *plan.Plan {
	pl := &plan.Plan{Project: "acme", Tenant: plan.Tenant{Name: "prod", URL: "https://x.example"}}
	for i := range n {
		of := key("Finance", fmt.Sprintf("C%02d", i+1))
		about := connection.Key{Space: "Finance", Name: of.Name + "-new"}
		pl.Warnings = append(pl.Warnings, plan.Warning{Connection: &about, Reason: connection.Reason{Text: fmt.Sprintf("one of several leftovers of %q: delete it yourself", of)}})
	}
	return pl
}

func TestWarningsThatSayTheSameAreOneLine(t *testing.T) {
	about := func(name string) *connection.Key { k := key("Finance", name); return &k }
	equal := func(n int, message string, with bool) (list []plan.Warning) {
		for i := range n {
			w := plan.Warning{Reason: connection.Reason{Text: message}}
			if with {
				w.Connection = about(fmt.Sprintf("C%02d", i+1))
			}
			list = append(list, w)
		}
		return list
	}
	incomplete := func(n int) (list []plan.Warning) {
		for i := range n {
			list = append(list, plan.Warning{Reason: connection.Reason{Text: fmt.Sprintf(`the space "S%d" cannot be read`, i+1)}})
		}
		return list
	}
	for name, test := range map[string]struct {
		warnings       []plan.Warning
		text, markdown []string
	}{
		"three that differ in a name are shown": {
			forged(3).Warnings[:2],
			[]string{
				`Warning: Finance/C01-new: one of several leftovers of "Finance/C01": delete it yourself`,
				`Warning: Finance/C02-new: one of several leftovers of "Finance/C02": delete it yourself`,
			},
			[]string{
				"> - <code>Finance/C01-new</code>: one of several leftovers of \"Finance/C01\": delete it yourself",
				"> - <code>Finance/C02-new</code>: one of several leftovers of \"Finance/C02\": delete it yourself",
			},
		},
		"two that are equal": {
			equal(2, "look at it", true),
			[]string{"Warning: 2 connections (Finance/C01, Finance/C02): look at it"},
			[]string{"> - 2 connections (<code>Finance/C01</code>, <code>Finance/C02</code>): look at it"},
		},
		"a warning about the tenant that is repeated": {
			equal(3, "look at it", false), []string{"Warning: look at it (3 times)"}, []string{"> - look at it (3 times)"},
		},
		"forty equal ones, with another between them": {
			append(append(equal(2, "look at it", true), plan.Warning{Connection: about("Other"), Reason: connection.Reason{Text: "something else"}}), equal(38, "look at it", true)...),
			[]string{
				"Warning: 40 connections (Finance/C01, Finance/C02, Finance/C01 and 37 more): look at it", "Warning: Finance/Other: something else",
				"To list all warnings, add --format json",
			},
			[]string{
				"> - 40 connections (<code>Finance/C01</code>, <code>Finance/C02</code>, <code>Finance/C01</code> and 37 more): look at it",
				"> - <code>Finance/Other</code>: something else",
			},
		},
		"forty that differ in a name": {
			forged(40).Warnings,
			[]string{
				"Warning: 40 connections (Finance/C01-new, Finance/C02-new, Finance/C03-new and 37 more): one of several leftovers of …: delete it yourself",
				"To list all warnings, add --format json",
			},
			[]string{
				"> - 40 connections (<code>Finance/C01-new</code>, <code>Finance/C02-new</code>, <code>Finance/C03-new</code> and 37 more): " +
					"one of several leftovers of …: delete it yourself",
			},
		},
		"five about the tenant": {
			incomplete(5),
			[]string{
				`Warning: the space "S1" cannot be read`, `Warning: the space "S2" cannot be read`, `Warning: the space "S3" cannot be read`,
				"Warning: 2 more: the space … cannot be read", "To list all warnings, add --format json",
			},
			[]string{
				`> - the space "S1" cannot be read`, `> - the space "S2" cannot be read`, `> - the space "S3" cannot be read`,
				"> - 2 more: the space … cannot be read",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			pl := forged(0)
			pl.Warnings = test.warnings
			got := linesAbout(print(t, func(w io.Writer) error { return report.Text{}.Plan(w, pl) }), "Warning: ", "To list")
			if strings.Join(got, "\n") != strings.Join(test.text, "\n") {
				t.Errorf("the text warns with\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.text, "\n"))
			}
			rendered := html.UnescapeString(print(t, func(w io.Writer) error { return report.Markdown{}.Plan(w, pl) }))
			got = linesAbout(strings.NewReplacer("<span>", "", "</span>", "").Replace(rendered), "> - ")
			if strings.Join(got, "\n") != strings.Join(test.markdown, "\n") {
				t.Errorf("the Markdown warns with\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.markdown, "\n"))
			}
		})
	}
}

func TestEveryWarningIsListedWhereAllAreWanted(t *testing.T) {
	pl := forged(40)
	whole := print(t, func(w io.Writer) error { return report.Text{Whole: true}.Plan(w, pl) })
	const hint = "To list"
	if brief := print(t, func(w io.Writer) error { return report.Text{}.Plan(w, pl) }); !strings.Contains(brief, hint) {
		t.Errorf("got no hint %q at the other listing in\n%s", hint, brief)
	}
	if n := len(linesAbout(whole, "Warning: ")); n != 40 || strings.Contains(whole, hint) {
		t.Errorf("the whole text has %d warnings, want all 40 and no hint at another listing", n)
	}
	if n := strings.Count(print(t, func(w io.Writer) error { return report.JSON(w, pl) }), "one of several"); n != 40 {
		t.Errorf("the JSON has %d warnings, want all 40", n)
	}
}

func linesAbout(text string, prefixes ...string) (found []string) {
	for line := range strings.Lines(text) {
		for _, prefix := range prefixes {
			if strings.HasPrefix(line, prefix) {
				found = append(found, strings.TrimRight(line, "\n"))
			}
		}
	}
	return found
}
