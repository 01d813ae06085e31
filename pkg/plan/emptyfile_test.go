package plan_test

import (
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/plan"
)

func TestAFileOfTheRightFormatAndAnotherShapeIsNotAnEmptyReport(t *testing.T) {
	const items = `", "items": [{}]}`
	_, noPlan := plan.Decode(strings.NewReader(`{"format": "` + plan.Format + items))
	_, noDrift := plan.DecodeDrift(strings.NewReader(`{"format": "` + plan.DriftFormat + items))
	_, noFleet := plan.DecodeFleet[plan.Plan](strings.NewReader(`{"format": "` + plan.PlansFormat + items))
	for name, err := range map[string]error{"plan": noPlan, "drift report": noDrift, "report of several tenants": noFleet} {
		if err == nil || !strings.Contains(err.Error(), "not a "+name+": it has no project") {
			t.Errorf("got the error %v, want one that says what the %s lacks", err, name)
		}
	}
}
