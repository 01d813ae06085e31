package report_test

import (
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/plan"
)

func TestAFileOfTheRightFormatAndAnotherShapeIsNotAnEmptyReport(t *testing.T) {
	const items = `", "items": [{}]}`
	_, noPlan := report.ReadPlan(strings.NewReader(`{"format": "` + plan.Format + items))
	_, noDrift := report.ReadDrift(strings.NewReader(`{"format": "` + plan.DriftFormat + items))
	_, noFleet := report.ReadFleet[plan.Plan](strings.NewReader(`{"format": "` + report.PlansFormat + items))
	for name, err := range map[string]error{"plan": noPlan, "drift report": noDrift, "report of several tenants": noFleet} {
		if err == nil || !strings.Contains(err.Error(), "not a "+name+": it has no project") {
			t.Errorf("got the error %v, want one that says what the %s lacks", err, name)
		}
	}
}
