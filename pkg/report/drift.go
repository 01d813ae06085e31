package report

import (
	"io"

	"github.com/fatih/color"

	"github.com/qlsync/qlsync/pkg/plan"
)

// Drift writes where the tenant differs from the files, grouped by space, then a
// summary.
func (t Text) Drift(w io.Writer, d *plan.Drift) error {
	p := t.printer(w)
	p.line("Drift of tenant %s from project %s", tenantName(d.Tenant), Clean(d.Project))
	for _, reason := range d.Incomplete {
		p.line("%s the tenant's list is incomplete: %s", p.paint(color.FgYellow, "Warning:"), Clean(reason))
	}
	rows := make([]row, len(d.Items))
	for i := range d.Items {
		rows[i] = driftRow(&d.Items[i])
	}
	p.rows(rows, drifted)
	p.line("")
	s := d.Summary
	if len(d.Items) == 0 {
		p.line("No drift: %s as declared.", are(s.Clean))
		return p.err
	}
	p.line("Drift: %d changed, %d missing, %d unmanaged, %d foreign, %d unreadable; %d clean.",
		s.Changed, s.Missing, s.Unmanaged, s.Foreign, s.Unreadable, s.Clean)
	return p.err
}

var driftSigns = map[plan.DriftKind]struct {
	sign  string
	paint color.Attribute
}{
	plan.DriftChanged: {"~", color.FgYellow}, plan.DriftMissing: {"-", color.FgRed},
	plan.DriftUnmanaged: {"?", color.FgCyan}, plan.DriftForeign: {"!", color.FgRed}, plan.DriftUnreadable: {"!", color.FgRed},
}

func driftRow(item *plan.DriftItem) row {
	look := driftSigns[item.Kind]
	r := row{
		key: item.Connection, name: Clean(item.Connection.Name), sign: look.sign, paint: look.paint,
		verb: string(item.Kind), kind: item.DataSource, fields: item.Fields,
	}
	if item.Reason != "" {
		r.remark = append(r.remark, item.Reason)
	}
	switch item.Apply {
	case plan.ApplyNothing:
		r.remark = append(r.remark, "apply would leave it alone")
	case plan.ApplyRefuse:
		r.remark = append(r.remark, "apply would refuse it")
	default:
		r.remark = append(r.remark, "apply would "+item.Apply+" it")
	}
	return r
}
