package report

import (
	"io"
	"strings"
	"time"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// Drift writes the differences between the tenant and the files, grouped by space, and a summary.
func (t Text) Drift(w io.Writer, d *plan.Drift) error {
	p := t.printer(w)
	p.title("Drift of tenant %s from project %s", tenantName(d.Tenant), Sanitize(d.Project))
	var warnings []plan.Warning
	for _, reason := range unseen(d) {
		warnings = append(warnings, plan.Warning{Reason: connection.Reason{Text: reason}})
	}
	t.warnings(p, warnings)
	rows := make([]row, len(d.Items))
	common := t.common(d)
	for i := range d.Items {
		item := d.Items[i]
		if common[alikeInWords(reasonOf(&item))] {
			item.Reasons = nil
		}
		rows[i] = driftRow(&item, d.Impact)
	}
	p.rows(rows, drifted)
	p.commonReasons(d, common)
	p.line("")
	s := d.Summary
	if len(d.Items) == 0 {
		p.line("No drift%s: %s as declared.", asFarAsSeen(d), are(s.Clean))
	} else {
		p.line("%s %s.", p.paint(bold, "Drift:"), p.counts(driftNumbers(s)...))
	}
	for _, line := range looked(d.Impact) {
		p.line("%s", Sanitize(line))
	}
	p.reads(d.Reads)
	return p.err
}

// reasonOf returns the kind and the reason of a difference; empty without a reason.
func reasonOf(item *plan.DriftItem) string {
	if len(item.Reasons) == 0 {
		return ""
	}
	return string(item.Kind) + ": " + because(item.Reasons)
}

// common returns the reasons, apart from parts that belong to one connection, that more than three
// differences have: the report contains them once.
func (t Text) common(d *plan.Drift) map[string]bool {
	count, common := map[string]int{}, map[string]bool{}
	for i := range d.Items {
		if reason := alikeInWords(reasonOf(&d.Items[i])); reason != "" && !t.Whole {
			count[reason]++
			common[reason] = count[reason] > shownNames
		}
	}
	return common
}

// commonReasons writes each common reason once, with the first connections and the number of the
// others.
func (p *printer) commonReasons(d *plan.Drift, common map[string]bool) {
	var keys []connection.Key
	var reasons []string
	for i := range d.Items {
		if reason := reasonOf(&d.Items[i]); common[alikeInWords(reason)] {
			keys, reasons = append(keys, d.Items[i].Connection), append(reasons, reason)
		}
	}
	for i, group := range grouped(keys, reasons) {
		if i == 0 {
			p.line("")
		}
		p.line("%s (%s) are %s", words.Count(len(group.keys), "connection"), group.names(), Sanitize(group.text()))
	}
}

// unseen returns what a drift report does not cover.
func unseen(d *plan.Drift) []string {
	var reasons []string
	for _, reason := range d.Incomplete {
		reasons = append(reasons, "the report may lack connections, because "+reason)
	}
	if len(d.Ignored) > 0 {
		reasons = append(reasons, ignored(d.Ignored)+", as asked for with --ignore")
	}
	return reasons
}

// ignored returns a sentence about the excluded kinds.
func ignored(kinds []plan.DriftKind) string {
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = string(kind)
	}
	return strings.Join(names, " and ") + " connections are left out"
}

// asFarAsSeen returns a qualification for a report that does not cover everything.
func asFarAsSeen(d *plan.Drift) string {
	if len(unseen(d)) == 0 {
		return ""
	}
	return " in what was looked at"
}

var driftSigns = map[plan.DriftKind]look{
	plan.DriftChanged: {"~", amber}, plan.DriftMissing: {"-", red},
	plan.DriftUndeclared: {"+", amber}, plan.DriftUnmanaged: {"?", teal}, plan.DriftForeign: {"!", red}, plan.DriftUnreadable: {"!", red},
}

func driftRow(item *plan.DriftItem, seen *impact.Report) row {
	look := driftSigns[item.Kind]
	r := row{
		key: item.Connection, name: label(nameIn(item.Connection)), sign: look.sign, paint: look.paint,
		verb: Sanitize(string(item.Kind)), kind: item.DataSource, fields: item.Fields, verbHue: look.serious(),
	}
	if len(item.Reasons) > 0 {
		r.remark = append(r.remark, because(item.Reasons))
	}
	if witness := witness(item); witness != "" {
		r.remark = append(r.remark, witness)
	}
	if one := seen.Of(item.Connection, item.ID); one != nil {
		r.remark = append(r.remark, "impact: "+dependents(one, seen.At))
	}
	r.remark = append(r.remark, wouldDo(item.Apply))
	return r
}

// wouldDo returns the words for what apply would do about drift.
func wouldDo(what string) string {
	if what == plan.ApplyNothing {
		return "apply would leave it alone"
	}
	return "apply would " + what + " it"
}

// witness returns the owner of a live connection and the time of its last change: "owner
// ana@example.com, last changed 2026-11-24 16:05 UTC".
func witness(item *plan.DriftItem) string {
	var parts []string
	if item.Owner != "" {
		parts = append(parts, "owner "+item.Owner)
	}
	if !item.UpdatedAt.IsZero() {
		parts = append(parts, "last changed "+minute(item.UpdatedAt))
	}
	return strings.Join(parts, ", ")
}

// minute formats a time in UTC, to the minute.
func minute(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }
