package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/qlsync/qlsync/internal/doctor"
	"github.com/qlsync/qlsync/internal/words"
)

// Doctor writes a line for each check of each tenant, followed by what is wrong and what to do.
func (t Text) Doctor(w io.Writer, r doctor.Report) error {
	p := t.printer(w)
	for i, tenant := range r.Tenants {
		if i > 0 {
			p.line("")
		}
		p.title("%s (%s)", label(tenant.Tenant.Name), Sanitize(tenant.Tenant.URL))
		for _, check := range tenant.Checks {
			p.check(check)
		}
		p.doctorSummary(tenant)
	}
	return p.err
}

func (p *printer) check(check doctor.Check) {
	signs := map[doctor.Status]string{
		doctor.OK:         p.paint(green, "ok  "),
		doctor.Warning:    p.paint(amber, "warn"),
		doctor.Failed:     p.paint(red, "FAIL"),
		doctor.NotChecked: "--  ",
	}
	message := Sanitize(check.Message)
	if check.Status == doctor.NotChecked {
		message = "not checked: " + message
	}
	name := Sanitize(check.Name) + ":"
	for i, row := range wrapped(name+" "+message, max(p.width-8, 0)) {
		sign := signs[check.Status]
		if i > 0 {
			sign = "    "
		} else {
			row = p.paint(bold, name) + strings.TrimPrefix(row, name)
		}
		p.verbatim("  %s  %s", sign, row)
	}
	for _, detail := range check.Details {
		p.line("          %s", Sanitize(detail))
	}
	if check.Next != "" {
		p.line("        > %s", Sanitize(check.Next))
	}
}

func (p *printer) doctorSummary(tenant doctor.Examined) {
	counts := map[doctor.Status]int{}
	for _, check := range tenant.Checks {
		counts[check.Status]++
	}
	text := "No check failed"
	if n := counts[doctor.Failed]; n > 0 {
		text = p.paint(red, fmt.Sprintf("%d of %s failed", n, words.Count(len(tenant.Checks), "check")))
	}
	if n := counts[doctor.Warning]; n > 0 {
		text += ", " + words.Count(n, "warning")
	}
	if n := counts[doctor.NotChecked]; n > 0 {
		text += fmt.Sprintf(", %d not checked", n)
	}
	p.line("%s.", text)
}
