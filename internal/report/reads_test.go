package report_test

import (
	"io"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// provedPlan is an empty plan of a tenant of which the list proved most connections.
func provedPlan() *plan.Plan {
	p := emptyPlan()
	p.Reads = &connection.ReadCounts{Connections: 10_000, Detailed: 130, Proved: 9800, Cached: 70, Calls: 243}
	return p
}

func TestEveryFormTellsHowMuchWasRead(t *testing.T) {
	const sentence = "10,000 connections: 130 read in detail, 70 in the cache, 9,800 proved by the list (243 calls)"
	p, d := provedPlan(), cleanDrift()
	changing := everydayPlan()
	d.Reads, changing.Reads = p.Reads, p.Reads
	for name, write := range map[string]func(io.Writer) error{
		"an empty plan as text":     func(w io.Writer) error { return report.Text{}.Plan(w, p) },
		"a plan as text":            func(w io.Writer) error { return report.Text{}.Plan(w, changing) },
		"drift as text":             func(w io.Writer) error { return report.Text{}.Drift(w, d) },
		"an empty plan as Markdown": func(w io.Writer) error { return report.Markdown{}.Plan(w, p) },
		"a plan as Markdown":        func(w io.Writer) error { return report.Markdown{}.Plan(w, changing) },
		"drift as Markdown":         func(w io.Writer) error { return report.Markdown{}.Drift(w, d) },
		"a plan as HTML":            func(w io.Writer) error { return report.HTML{}.Plan(w, p) },
		"drift as HTML":             func(w io.Writer) error { return report.HTML{}.Drift(w, d) },
	} {
		t.Run(name, func(t *testing.T) {
			if got := print(t, write); strings.Count(got, sentence) != 1 {
				t.Errorf("got %d times %q, want it once in:\n%s", strings.Count(got, sentence), sentence, got)
			}
		})
	}
}
