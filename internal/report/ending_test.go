package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// said returns a reason whose sentence is written.
func said(text string) connection.Reason { return connection.Reason{Text: text} }

// large is the result of an apply of 1,500 connections that ended early: one is done, one
// failed, two are refused for the same reason, and the others were skipped.
func large() *apply.Result {
	r := &apply.Result{Format: apply.Format, Project: "acme", Tenant: plan.Tenant{Name: "prod", URL: "https://acme.example"}, Unverified: said("interrupted")}
	for i := range 1500 {
		item := apply.Item{
			Connection: connection.Key{Space: "Finance", Name: fmt.Sprintf("C %04d", i)}, Action: plan.ActionCreate,
			Outcome: apply.Skipped, Why: said("interrupted before its turn"),
		}
		switch {
		case i == 0:
			item.Outcome, item.Why = apply.Done, said("")
		case i == 1:
			item.Outcome, item.Why = apply.Failed, said("create connection: 400")
		case i < 4:
			item.Outcome, item.Why = apply.Blocked, said(`it belongs to project "ledger"`)
		case i%2 == 0:
			item.Why = said(fmt.Sprintf("it needs the patch of %q, which was not done", item.Connection.Name))
		}
		r.Items = append(r.Items, item)
	}
	r.Ledger = apply.Ledger{Planned: 1500, Done: 1, Failed: 1, Blocked: 2, Skipped: 1496}
	return r
}

func TestALargeResultShowsTenOfEachKindAndCountsTheOthers(t *testing.T) {
	var out strings.Builder
	if err := (Text{Rest: "qlsync show kept.json"}).Result(&out, large()); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if lines := strings.Count(text, "\n"); lines > 60 {
		t.Errorf("got %d lines, want at most 60", lines)
	}
	for _, want := range []string{
		"C 0000", "C 0001", "C 0002", "C 0003", "C 0022",
		"! 738 more skipped: it needs the patch of …, which was not done\n",
		"! 738 more skipped: interrupted before its turn\n",
		"To list all, run: qlsync show kept.json\n",
		"Applied: 1 done, 1 failed, 2 blocked, 1,496 skipped of 1,500 planned.\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got no %q, want it in\n%s", want, text)
		}
	}
	if !Folds(large()) {
		t.Error("Folds is false for a large result, want true")
	}
	out.Reset()
	if err := (Text{Whole: true}).Result(&out, large()); err != nil || strings.Count(out.String(), "  skipped\n") != 1496 {
		t.Errorf("got %d skipped in the whole text, error %v; want 1496", strings.Count(out.String(), "  skipped\n"), err)
	}
}

func TestAPlanCountsRefusalsThatSayTheSame(t *testing.T) {
	pl := &plan.Plan{Project: "acme", Tenant: plan.Tenant{Name: "prod"}}
	for i := range 1500 {
		pl.Changes = append(pl.Changes, plan.Change{
			Action: plan.ActionAdopt, Connection: connection.Key{Space: "Finance", Name: fmt.Sprintf("C %04d", i)}, Refused: connection.Reason{Text: "nobody owns it and it differs"},
			Position: &connection.Position{File: "a.yaml", Line: i + 1, Column: 1},
		})
	}
	pl.Changes = append(pl.Changes, plan.Change{Action: plan.ActionDelete, Connection: connection.Key{Space: "Sales", Name: "Shown"}})
	var out strings.Builder
	if err := (Text{}).Plan(&out, pl); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a.yaml:10:1", "! 1,490 more refused: nobody owns it and it differs\n", "To list all, add --format json\n", "Shown"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got no %q, want it in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "a.yaml:11:1") {
		t.Error("the text shows the eleventh connection, want ten")
	}
}

func TestAnEndingSaysWhatWasDoneWhatIsRefusedAndTheNextCommandInThisOrder(t *testing.T) {
	var out strings.Builder
	err := Text{}.Ending(&out, large(), Ending{
		Unreported: []string{"report: no space left on device"}, Whole: "qlsync show kept.json", Next: "qlsync apply -t prod",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `error: report: no space left on device
Applied in part: 1 done, 1 failed, 2 blocked, 1,496 skipped of 1,500 planned.
  failed: Finance/C 0001: create connection: 400
  skipped: Finance/C 0004, Finance/C 0006, Finance/C 0008 and 745 more: it needs the patch of …, which was not done
  skipped: Finance/C 0005, Finance/C 0007, Finance/C 0009 and 745 more: interrupted before its turn
Not verified: the changes were not read again (interrupted)
Full result: qlsync show kept.json
  blocked: Finance/C 0002, Finance/C 0003: it belongs to project "ledger"
To continue, run again: qlsync apply -t prod
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestAnEndingBelowItsResultOnATerminalHasOnlyTheNextCommand(t *testing.T) {
	short := large()
	short.Items = short.Items[:3]
	for name, test := range map[string]struct {
		result *apply.Result
		next   string
		want   string
	}{
		"a result in view":              {short, "qlsync apply -t prod", "\nTo continue, run again: qlsync apply -t prod\n"},
		"a result in view, and no next": {short, "", ""},
		"a long result":                 {large(), "qlsync apply -t prod", "\nApplied in part: 1 done, 1 failed"},
	} {
		var out strings.Builder
		if err := (Text{}).Ending(&out, test.result, Ending{Next: test.next, Seen: true}); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%s: the ending is %q, want %q", name, got, test.want)
		}
	}
}

func TestADriftReportContainsACommonReasonOnceWithACount(t *testing.T) {
	d := &plan.Drift{Project: "acme", Tenant: plan.Tenant{Name: "prod"}}
	for i := range 1200 {
		d.Items = append(d.Items, plan.DriftItem{
			Kind: plan.DriftForeign, Connection: connection.Key{Space: "Finance", Name: fmt.Sprintf("C %04d", i)}, Apply: plan.ApplyRefuse,
			Reasons: []connection.Reason{{Text: `it belongs to project "ledger"`, Next: "remove it from these files"}},
		})
	}
	d.Items = append(d.Items, plan.DriftItem{
		Kind: plan.DriftUnreadable, Connection: connection.Key{Space: "Sales", Name: "Rates"}, Apply: plan.ApplyRefuse,
		Reasons: []connection.Reason{{Text: "it cannot be read: 403"}},
	})
	for _, test := range []struct {
		whole bool
		text  string
		times int
	}{
		{false, `it belongs to project "ledger". Remove it from these files`, 1},
		{false, `1,200 connections (Finance/C 0000, Finance/C 0001, Finance/C 0002 and 1,197 more) are foreign: it belongs`, 1},
		{false, "      it cannot be read: 403\n", 1},
		{true, `      it belongs to project "ledger". Remove it from these files`, 1200},
		{true, "are foreign: ", 0},
	} {
		var out strings.Builder
		if err := (Text{Whole: test.whole}).Drift(&out, d); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(out.String(), test.text); got != test.times {
			t.Errorf("whole %v: the report has %q %d times, want %d", test.whole, test.text, got, test.times)
		}
	}
}
