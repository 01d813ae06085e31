package plan

import (
	"encoding/json"
	"fmt"
	"io"
)

// Decode reads a plan that was written as JSON. It is evidence of what was
// reviewed and never carried out: its steps have no operations.
func Decode(r io.Reader) (*Plan, error) {
	decoder := json.NewDecoder(r)
	decoder.UseNumber() // so that values keep the text over which the hash was made
	var p Plan
	if err := decoder.Decode(&p); err != nil {
		return nil, fmt.Errorf("not a plan: %w", err)
	}
	if p.Format != Format {
		return nil, fmt.Errorf("not a plan: its format is %q, not %q", p.Format, Format)
	}
	return &p, nil
}
