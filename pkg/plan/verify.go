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
	// Reasons say what the fields do not show.
	Reasons []connection.Reason `json:"reasons,omitempty"`
	// Advice says what to do about it; may be none.
	Advice connection.Reason `json:"-"`
}

// Verify plans again and returns those of the plan's changes with the given indices
// that are still to be made; the rest is as declared. The input is as for [Make], with a
// snapshot that was taken afterwards. It needs only the details of the connections that
// were touched.
func (p *Plan) Verify(in Input, changes []int) map[int]Finding {
	in.Only, in.Reviewed = nil, nil
	found := analyze(in)
	left := map[connection.Key]*decision{}
	for _, d := range found.decisions {
		if d.target != nil || d.space != nil {
			left[d.change.Connection] = d
		}
	}
	undeclared := found.undeclared()
	findings := map[int]Finding{}
	for _, i := range changes {
		c := p.Change(i)
		if c.Action == ActionRotate || c.Action == ActionRecord { // the service does not show what was written
			continue
		}
		switch d := left[c.Connection]; {
		case found.problems.Err() != nil:
			findings[i] = Finding{Unseen: true, Reasons: reasons(connection.Because("not-compared", "problems", found.problems))}
		case d != nil && d.space != nil:
			findings[i] = Finding{Fields: turned(d.change.Fields), Reasons: reasons(d.change.Refused)}
		case c.Action != ActionDelete && d != nil:
			findings[i] = d.finding(len(in.Snapshot.Incomplete) > 0)
		default:
			if finding := c.findDeleted(undeclared, len(in.Snapshot.Incomplete) > 0); len(finding.Reasons) > 0 {
				findings[i] = finding
			}
		}
	}
	return findings
}

// undeclared returns, by id, the keys of live connections that are not declared. An id may be a
// name, and may then be the name of a declared connection at its earlier key.
func (a *analysis) undeclared() map[string]connection.Key {
	keys := map[string]connection.Key{}
	for i := range a.in.Snapshot.Connections {
		keys[a.in.Snapshot.Connections[i].ID] = a.in.Snapshot.Connections[i].Key
	}
	for i := range a.Pairs {
		if live := a.Pairs[i].Live; live != nil {
			delete(keys, live.ID)
		}
	}
	return keys
}

// findDeleted returns what is left of a delete, or of the one of a recreate; the zero value where
// nothing is.
func (c *Change) findDeleted(undeclared map[string]connection.Key, incomplete bool) Finding {
	at, exists := undeclared[c.ID]
	switch {
	case c.Action == ActionRecreate && exists:
		return Finding{Reasons: reasons(connection.Because("old-still-there", "at", at))}
	case c.Action == ActionDelete && exists:
		return Finding{Reasons: reasons(connection.Because("still-there"))}
	case c.Action == ActionDelete && incomplete:
		return Finding{Unseen: true, Reasons: reasons(connection.Because("gone-unseen"))}
	case c.Action == ActionRecreate && incomplete:
		return Finding{Unseen: true, Reasons: reasons(connection.Because("old-gone-unseen"))}
	}
	return Finding{}
}

// finding turns what is left to do into what was not done.
func (d *decision) finding(incomplete bool) Finding {
	f := Finding{Reasons: d.leftReasons(incomplete), Unseen: d.live == nil && incomplete || d.live != nil && d.live.Unreadable != ""}
	if d.live == nil || d.diff == nil {
		return f
	}
	f.Fields = turned(d.change.Fields)
	if missing := d.missing(); len(missing) > 0 {
		f.Advice = connection.Because("may-be-unreadable", "properties", missing)
	} else if rewritten := d.rewritten(); rewritten != "" {
		f.Advice = connection.Because("may-be-rewritten", "rules", rewritten)
	}
	return f
}

// leftReasons returns why something is left to do.
func (d *decision) leftReasons(incomplete bool) []connection.Reason {
	code := ""
	switch isRefused := d.change.Refused.Holds(); {
	case d.live != nil && d.live.Unreadable == "" && d.diff != nil && d.change.Action == ActionAdopt:
		code = "no-record-there"
	case isRefused, d.live != nil && d.live.Unreadable != "":
		return reasons(d.change.Refused)
	case d.live == nil && incomplete:
		code = "not-listed"
	case d.live == nil:
		code = "not-there"
	case d.diff == nil:
		code = "not-comparable"
	default:
		return d.change.Reasons
	}
	return reasons(connection.Because(code))
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
