package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/qlsync/qlsync/pkg/plan"
)

// The JSON contracts of the reports of several tenants of one project.
const (
	PlansFormat  = "qlsync.plans/v1"
	DriftsFormat = "qlsync.drifts/v1"
)

// Fleet is the plans or drift reports of the tenants of one project. A tenant that could not be
// read has its error here, next to the reports of the others.
type Fleet[T any] struct {
	Format  string      `json:"format"`
	Project string      `json:"project"`
	Tenants []Member[T] `json:"tenants"` // in the order of the project file
}

// Member is one tenant with either Report or Error.
type Member[T any] struct {
	Tenant plan.Tenant `json:"tenant"`
	Report *T          `json:"report,omitempty"`
	Error  string      `json:"error,omitempty"`
}

// Failed counts the tenants without a report.
func (f *Fleet[T]) Failed() int {
	failed := 0
	for _, member := range f.Tenants {
		if member.Report == nil {
			failed++
		}
	}
	return failed
}

// ReadPlan reads a plan that was written as JSON. The plan is evidence of what was reviewed and
// cannot be applied: its steps have no operations.
func ReadPlan(r io.Reader) (*plan.Plan, error) {
	var p plan.Plan
	if err := readJSON(r, &p); err != nil {
		return nil, fmt.Errorf("not a plan: %w", err)
	}
	if p.Format != plan.Format {
		return nil, fmt.Errorf("not a plan: its format is %q, not %q", p.Format, plan.Format)
	}
	if p.Project == "" || p.Hash == "" {
		return nil, errors.New("not a plan: it has no project or no hash")
	}
	return &p, nil
}

// ReadDrift reads a drift report that was written as JSON.
func ReadDrift(r io.Reader) (*plan.Drift, error) {
	var d plan.Drift
	if err := readJSON(r, &d); err != nil {
		return nil, fmt.Errorf("not a drift report: %w", err)
	}
	if d.Format != plan.DriftFormat {
		return nil, fmt.Errorf("not a drift report: its format is %q, not %q", d.Format, plan.DriftFormat)
	}
	if d.Project == "" {
		return nil, errors.New("not a drift report: it has no project")
	}
	return &d, nil
}

// ReadFleet reads the reports of several tenants that were written as JSON; the caller has checked
// their format.
func ReadFleet[T any](r io.Reader) (*Fleet[T], error) {
	var f Fleet[T]
	if err := readJSON(r, &f); err != nil {
		return nil, fmt.Errorf("not a report of several tenants: %w", err)
	}
	if f.Project == "" || len(f.Tenants) == 0 {
		return nil, errors.New("not a report of several tenants: it has no project or no tenants")
	}
	return &f, nil
}

func readJSON(r io.Reader, value any) error {
	decoder := json.NewDecoder(r)
	decoder.UseNumber() // so that values keep the text over which the hash was computed
	return decoder.Decode(value)
}
