package report

import (
	"fmt"
	"io"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/apply"
)

// Result writes the outcome of each change, then the ledger.
func (t Text) Result(w io.Writer, r *apply.Result) error {
	p := t.printer(w)
	if r.Ledger.Planned == 0 && !r.Unverified.Holds() {
		p.line("Nothing to apply for project %s on tenant %s.", Sanitize(r.Project), tenantName(r.Tenant))
		return p.err
	}
	p.title("Applied project %s to tenant %s", Sanitize(r.Project), tenantName(r.Tenant))
	p.rows(t.mark(p, t.folded(p, resultRows(r))), drifted)
	p.foldedRest()
	p.line("")
	p.line("%s %s", p.paint(bold, "Applied:"), p.ledger(r))
	l := r.Ledger
	if l.Differs > 0 {
		p.line("%s %s not as declared when read again. The tenant has stored something else, or somebody has changed it since.",
			p.paint(red, "Differs:"), are(l.Differs))
	}
	if l.Unseen > 0 {
		p.line("%s %s, so the result is not known. Run qlsync plan to compare again.",
			p.paint(amber, "Not verified:"), notReadAgain(l.Unseen))
	}
	if r.Unverified.Holds() {
		p.line("%s the changes were not read again (%s)", p.paint(amber, "Not verified:"), Sanitize(r.Unverified.String()))
	}
	return p.err
}

// notReadAgain returns how many connections could not be read again.
func notReadAgain(n int) string { return words.Count(n, "connection") + " could not be read again" }

// ledger returns the outcomes of the changes as numbers that add up.
func ledger(r *apply.Result) string { return (&printer{}).ledger(r) }

func (p *printer) ledger(r *apply.Result) string {
	l := r.Ledger
	pending, failed := "", words.Number(l.Failed)+" failed"
	if l.Pending > 0 {
		pending = " " + words.Number(l.Pending) + " saved but not in effect,"
	}
	if l.Failed > 0 {
		failed = p.paint(red, failed)
	}
	return fmt.Sprintf("%s done,%s %s, %s blocked, %s skipped of %s planned.", words.Number(l.Done), pending, failed,
		words.Number(l.Blocked), words.Number(l.Skipped), words.Number(l.Planned))
}

func resultRows(r *apply.Result) []row {
	rows := make([]row, len(r.Items))
	for i := range r.Items {
		rows[i] = resultRow(&r.Items[i])
	}
	return rows
}

func resultRow(item *apply.Item) row {
	look := lookOf(item.Action, item.Overwrites)
	r := row{
		key: item.Connection, name: label(nameIn(item.Connection)), sign: look.sign, paint: look.paint,
		verb: Sanitize(string(item.Action)), kind: string(item.Outcome), verbHue: look.serious(),
	}
	switch item.Outcome {
	case apply.Done:
	case apply.Pending:
		r.sign, r.paint, r.kindHue = "!", amber, amber
		r.remark = []string{at(item.Position) + item.Why.String()}
	default:
		r.sign, r.paint, r.kindHue = "!", red, red
		r.remark = []string{at(item.Position) + item.Why.String()}
		if item.Outcome == apply.Failed { // the plan before shows the line of a refusal
			r.marked = item.Position
		}
		if item.SignInURL != "" {
			r.remark = append(r.remark, item.SignInURL)
		} else {
			r.fold = string(item.Outcome) + ": " + item.Why.String()
		}
	}
	if differs := item.Differs; differs != nil {
		r.sign, r.paint, r.kindHue, r.kind, r.fields = "!", red, red, "done, and differs", differs.Fields
		r.remark = []string{at(item.Position) + "the connection was read again and is not as declared"}
		if differs.Unseen {
			r.paint, r.kindHue, r.kind, r.remark = amber, amber, "done, not verified", []string{at(item.Position) + "it could not be read again"}
		}
		r.remark = append(r.remark, findingTexts(differs)...)
	}
	return r
}
