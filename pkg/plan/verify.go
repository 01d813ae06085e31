package plan

import (
	"strings"

	"github.com/qlsync/qlsync/internal/jsonpointer"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Finding is a change of a plan that was carried out, and is still to be made when
// the tenant is read again: the service has stored something else, or somebody has
// changed it since. It may also be one that could not be read again.
type Finding struct {
	// Unseen reports that the connection could not be read or compared again: whether it
	// is as declared is not known.
	Unseen bool `json:"unseen,omitempty"`

	// Fields are what differs: Before is what is declared and After what is live.
	Fields []Field `json:"fields,omitempty"`
	// Reason says what the fields do not show.
	Reason string `json:"reason,omitempty"`
	// Advice says what to do about it; may be empty.
	Advice string `json:"advice,omitempty"`
}

// Verify plans again and tells which of the plan's changes with the given indices
// are still to be made; the rest is as declared. The input is as for [Make], with a
// snapshot that was taken afterwards. In it only the details of the connections that
// were touched need be there.
func (p *Plan) Verify(in Input, changes []int) map[int]Finding {
	in.Only, in.Reviewed = nil, nil
	found := analyze(in)
	left := map[connection.Key]*decision{}
	for _, d := range found.decisions {
		if d.target != nil {
			left[d.change.Connection] = d
		}
	}
	live := map[string]connection.Key{}
	for i := range in.Snapshot.Connections {
		live[in.Snapshot.Connections[i].ID] = in.Snapshot.Connections[i].Key
	}
	findings := map[int]Finding{}
	for _, i := range changes {
		c := p.Change(i)
		_, exists := live[c.ID]
		switch d := left[c.Connection]; {
		case c.Action == ActionRotate, c.Action == ActionRecord: // the service does not show what was written
		case found.problems.Err() != nil:
			findings[i] = Finding{Unseen: true, Reason: "it cannot be compared again: " + found.problems.Error()}
		case c.Action != ActionDelete && d != nil:
			findings[i] = d.finding(len(in.Snapshot.Incomplete) > 0)
		case c.Action == ActionDelete && exists:
			findings[i] = Finding{Reason: "it is still there"}
		case c.Action == ActionRecreate && exists && live[c.ID] != c.Connection: // there, it is the new one: an id may be a name
			findings[i] = Finding{Reason: "the old one is still there, at " + live[c.ID].String()}
		case c.Action == ActionDelete && len(in.Snapshot.Incomplete) > 0:
			findings[i] = Finding{Unseen: true, Reason: "whether it is gone cannot be seen: the tenant's list is incomplete"}
		}
	}
	return findings
}

// finding turns what is left to do into what was not done. In an incomplete list, a
// connection that is not listed may be there.
func (d *decision) finding(incomplete bool) Finding {
	c := &d.change
	f := Finding{Reason: c.Refused}
	switch {
	case d.live == nil && incomplete:
		f.Unseen, f.Reason = true, orElse(c.Refused, "the tenant's list is incomplete")
	case d.live == nil:
		f.Reason = orElse(c.Refused, "it is not there")
	case d.live.Unreadable != "":
		f.Unseen = true
	case d.diff == nil:
		f.Reason = orElse(c.Refused, "it cannot be compared")
	case c.Action == ActionAdopt:
		f.Reason = "it does not have our ownership record"
	case c.Refused == "":
		f.Reason = c.Reason
	}
	if d.live == nil || d.diff == nil {
		return f
	}
	for _, field := range c.Fields {
		field.Before, field.After = field.After, field.Before
		f.Fields = append(f.Fields, field)
	}
	if missing := d.missing(); len(missing) > 0 {
		f.Advice = "if the service does not show " + strings.Join(missing, ", ") +
			": lifecycle.unreadable: [" + strings.Join(missing, ", ") + "]"
	} else if rewritten := d.rewritten(); rewritten != "" {
		f.Advice = "if the service writes the value so each time: lifecycle.compare: {" + rewritten + "}"
	}
	return f
}

// rewritten lists the entries of lifecycle.compare under which changed properties would be as
// declared: the service has put a list in another order, or changed the letter case.
func (d *decision) rewritten() string {
	var rules []string
	for _, field := range d.change.Fields {
		escaped, isProperty := strings.CutPrefix(field.Path, "/properties/")
		if !isProperty || field.Secret || field.Before == nil || field.After == nil {
			continue
		}
		for _, as := range []string{connection.CompareSet, connection.CompareIgnoreCase} {
			name := jsonpointer.Unescape(escaped)
			if connection.EqualBy(map[string]connection.Comparison{name: {As: as}}, name, field.After, field.Before) {
				rules = append(rules, name+": {as: "+as+"}")
				break
			}
		}
	}
	return strings.Join(rules, ", ")
}

// missing lists the declared properties that the live connection does not show.
func (d *decision) missing() []string {
	var names []string
	for _, field := range d.change.Fields {
		escaped, isProperty := strings.CutPrefix(field.Path, "/properties/")
		if isProperty && field.Before == nil && !field.Secret {
			names = append(names, jsonpointer.Unescape(escaped))
		}
	}
	return names
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
