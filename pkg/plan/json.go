package plan

import (
	"bytes"
	"encoding/json"
	"iter"

	"github.com/qlsync/qlsync/internal/jsontext"
	"github.com/qlsync/qlsync/pkg/connection"
)

// The JSON contracts have each sentence as a text, and next to it the codes and arguments that the
// sentence was made from. A file of an earlier version has the texts alone.

// Reasons returns all reasons of a plan, for those who write their sentences or redact them.
func (p *Plan) Reasons() iter.Seq[*connection.Reason] {
	return func(yield func(*connection.Reason) bool) {
		for _, changes := range [][]Change{p.Changes, p.Rotations} {
			for i := range changes {
				c := &changes[i]
				if !each(c.Reasons, yield) || !yield(&c.Manual) || !yield(&c.Refused) {
					return
				}
			}
		}
		for i := range p.Steps {
			step := &p.Steps[i]
			if !each(step.Does, yield) {
				return
			}
			for j := range step.Items {
				if !yield(&step.Items[j].Advice) || !yield(&step.Items[j].Todo) {
					return
				}
			}
		}
		for i := range p.Warnings {
			if !yield(&p.Warnings[i].Reason) {
				return
			}
		}
		for refusal := p.Refusal; refusal != nil; refusal = refusal.Next {
			if !yield(&refusal.Reason) {
				return
			}
		}
		p.Impact.Reasons(yield)
	}
}

// Reasons returns all reasons of a drift report.
func (d *Drift) Reasons() iter.Seq[*connection.Reason] {
	return func(yield func(*connection.Reason) bool) {
		for i := range d.Items {
			if !each(d.Items[i].Reasons, yield) {
				return
			}
		}
		d.Impact.Reasons(yield)
	}
}

// Each calls yield with all reasons of a finding, until yield returns false.
func (f *Finding) Each(yield func(*connection.Reason) bool) bool {
	return each(f.Reasons, yield) && yield(&f.Advice)
}

func each(reasons []connection.Reason, yield func(*connection.Reason) bool) bool {
	for i := range reasons {
		if !yield(&reasons[i]) {
			return false
		}
	}
	return true
}

// joined is the text of several reasons.
func joined(reasons []connection.Reason) string { return connection.Join(reasons, "; ") }

// read returns the reasons of a text that was read: an earlier version wrote the text alone.
func read(list []connection.Reason, text string) []connection.Reason {
	if len(list) == 0 && text != "" {
		return []connection.Reason{{Text: text}}
	}
	return list
}

// decode keeps the texts of numbers, over which the hash was made.
func decode(text []byte, value any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(value)
}

type plainChange Change

type writtenChange struct {
	plainChange
	Reason      string         `json:"reason,omitempty"`
	Manual      string         `json:"manual,omitempty"`
	ManualCode  string         `json:"manualCode,omitempty"`
	ManualArgs  map[string]any `json:"manualArgs,omitempty"`
	Refused     string         `json:"refused,omitempty"`
	RefusedCode string         `json:"refusedCode,omitempty"`
	RefusedArgs map[string]any `json:"refusedArgs,omitempty"`
}

// MarshalJSON implements [json.Marshaler].
func (c Change) MarshalJSON() ([]byte, error) {
	return jsontext.Encode(writtenChange{
		plainChange(c), joined(c.Reasons), c.Manual.String(), c.Manual.Code, c.Manual.Args, c.Refused.String(), c.Refused.Code, c.Refused.Args,
	}, "")
}

// UnmarshalJSON implements [json.Unmarshaler].
func (c *Change) UnmarshalJSON(text []byte) error {
	var w writtenChange
	if err := decode(text, &w); err != nil {
		return err
	}
	*c = Change(w.plainChange)
	c.Reasons = read(c.Reasons, w.Reason)
	c.Manual = connection.Reason{Code: w.ManualCode, Args: w.ManualArgs, Text: w.Manual}
	c.Refused = connection.Reason{Code: w.RefusedCode, Args: w.RefusedArgs, Text: w.Refused}
	return nil
}

type plainStep Step

type writtenStep struct {
	plainStep
	Description string `json:"description,omitempty"`
}

// Description returns what the step does, in words.
func (s *Step) Description() string { return connection.Join(s.Does, ", ") }

// MarshalJSON implements [json.Marshaler].
func (s Step) MarshalJSON() ([]byte, error) {
	return jsontext.Encode(writtenStep{plainStep(s), s.Description()}, "")
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *Step) UnmarshalJSON(text []byte) error {
	var w writtenStep
	if err := decode(text, &w); err != nil {
		return err
	}
	*s = Step(w.plainStep)
	s.Does = read(s.Does, w.Description)
	return nil
}

type plainWarning Warning

type writtenWarning struct {
	plainWarning
	Message string         `json:"message"`
	Code    string         `json:"code,omitempty"`
	Args    map[string]any `json:"args,omitempty"`
}

// MarshalJSON implements [json.Marshaler].
func (w Warning) MarshalJSON() ([]byte, error) {
	return jsontext.Encode(writtenWarning{plainWarning(w), w.Reason.String(), w.Reason.Code, w.Reason.Args}, "")
}

// UnmarshalJSON implements [json.Unmarshaler].
func (w *Warning) UnmarshalJSON(text []byte) error {
	var written writtenWarning
	if err := decode(text, &written); err != nil {
		return err
	}
	*w = Warning(written.plainWarning)
	w.Reason = connection.Reason{Code: written.Code, Args: written.Args, Text: written.Message}
	return nil
}

type plainRefusal Refusal

type writtenRefusal struct {
	plainRefusal
	Message string         `json:"message"`
	Hint    string         `json:"hint"`
	Code    string         `json:"code,omitempty"`
	Args    map[string]any `json:"args,omitempty"`
}

// MarshalJSON implements [json.Marshaler].
func (r Refusal) MarshalJSON() ([]byte, error) {
	return jsontext.Encode(writtenRefusal{plainRefusal(r), r.Reason.Text, r.Reason.Next, r.Reason.Code, r.Reason.Args}, "")
}

// UnmarshalJSON implements [json.Unmarshaler].
func (r *Refusal) UnmarshalJSON(text []byte) error {
	var w writtenRefusal
	if err := decode(text, &w); err != nil {
		return err
	}
	*r = Refusal(w.plainRefusal)
	r.Reason = connection.Reason{Code: w.Code, Args: w.Args, Text: w.Message, Next: w.Hint}
	return nil
}

type plainItem DriftItem

type writtenItem struct {
	plainItem
	Reason string `json:"reason,omitempty"`
}

// MarshalJSON implements [json.Marshaler].
func (i DriftItem) MarshalJSON() ([]byte, error) {
	return jsontext.Encode(writtenItem{plainItem(i), joined(i.Reasons)}, "")
}

// UnmarshalJSON implements [json.Unmarshaler].
func (i *DriftItem) UnmarshalJSON(text []byte) error {
	var w writtenItem
	if err := decode(text, &w); err != nil {
		return err
	}
	*i = DriftItem(w.plainItem)
	i.Reasons = read(i.Reasons, w.Reason)
	return nil
}

type plainFinding Finding

type writtenFinding struct {
	plainFinding
	Reason     string         `json:"reason,omitempty"`
	Advice     string         `json:"advice,omitempty"`
	AdviceCode string         `json:"adviceCode,omitempty"`
	AdviceArgs map[string]any `json:"adviceArgs,omitempty"`
}

// MarshalJSON implements [json.Marshaler].
func (f Finding) MarshalJSON() ([]byte, error) {
	return jsontext.Encode(writtenFinding{plainFinding(f), joined(f.Reasons), f.Advice.String(), f.Advice.Code, f.Advice.Args}, "")
}

// UnmarshalJSON implements [json.Unmarshaler].
func (f *Finding) UnmarshalJSON(text []byte) error {
	var w writtenFinding
	if err := decode(text, &w); err != nil {
		return err
	}
	*f = Finding(w.plainFinding)
	f.Reasons = read(f.Reasons, w.Reason)
	f.Advice = connection.Reason{Code: w.AdviceCode, Args: w.AdviceArgs, Text: w.Advice}
	return nil
}
