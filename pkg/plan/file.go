package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Decode reads a plan that was written as JSON. It is evidence of what was
// reviewed and never carried out: its steps have no operations.
func Decode(r io.Reader) (*Plan, error) {
	var p Plan
	if err := decode(r, &p); err != nil {
		return nil, fmt.Errorf("not a plan: %w", err)
	}
	if p.Format != Format {
		return nil, fmt.Errorf("not a plan: its format is %q, not %q", p.Format, Format)
	}
	if p.Project == "" || p.Hash == "" {
		return nil, errors.New("not a plan: it has no project or no hash")
	}
	return &p, nil
}

// DecodeDrift reads a drift report that was written as JSON.
func DecodeDrift(r io.Reader) (*Drift, error) {
	var d Drift
	if err := decode(r, &d); err != nil {
		return nil, fmt.Errorf("not a drift report: %w", err)
	}
	if d.Format != DriftFormat {
		return nil, fmt.Errorf("not a drift report: its format is %q, not %q", d.Format, DriftFormat)
	}
	if d.Project == "" {
		return nil, errors.New("not a drift report: it has no project")
	}
	return &d, nil
}

// DecodeFleet reads the reports of several tenants that were written as JSON; the
// caller has looked at their format.
func DecodeFleet[T any](r io.Reader) (*Fleet[T], error) {
	var f Fleet[T]
	if err := decode(r, &f); err != nil {
		return nil, fmt.Errorf("not a report of several tenants: %w", err)
	}
	if f.Project == "" || len(f.Tenants) == 0 {
		return nil, errors.New("not a report of several tenants: it has no project or no tenants")
	}
	return &f, nil
}

func decode(r io.Reader, value any) error {
	decoder := json.NewDecoder(r)
	decoder.UseNumber() // so that values keep the text over which the hash was made
	return decoder.Decode(value)
}
