package plan

import (
	"fmt"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// onlyReviewed refuses the changes that differ from those of a reviewed plan: the
// change itself is another one, or what it was seen on has changed since.
func (a *analysis) onlyReviewed() {
	if a.in.Reviewed == nil {
		return
	}
	reviewed := a.in.Reviewed.describe()
	for _, d := range a.decisions {
		now := Plan{Changes: []Change{d.change}}
		if d.live != nil {
			now.Seen = []Seen{see(d.live)}
		}
		if text := now.describe()[d.change.Connection]; d.change.Refused == "" && reviewed[d.change.Connection] != text {
			d.change.Refused = fmt.Sprintf("it is not as reviewed in plan %s: plan and review again", a.in.Reviewed.Hash)
		}
	}
}

// Stale tells what makes this plan another one than the reviewed: one line for
// each connection that differs. It is empty only when both have the same hash, and
// it is the hash of what the reviewed plan holds.
func (p *Plan) Stale(reviewed *Plan) []string {
	if p.Hash == reviewed.Hash && hash(reviewed) == reviewed.Hash {
		return nil
	}
	if reviewed.IsEarlier() {
		return []string{earlierVersion}
	}
	var lines []string
	if p.Project != reviewed.Project || p.Tenant.URL != reviewed.Tenant.URL {
		return append(lines, "it was made for project "+reviewed.Project+" on "+reviewed.Tenant.URL)
	}
	now, then := p.describe(), reviewed.describe()
	for key, text := range then {
		switch other, ok := now[key]; {
		case !ok:
			lines = append(lines, key.String()+": no longer changes")
		case other != text:
			lines = append(lines, key.String()+": this change differs from the reviewed one, or the connection was edited after the review")
		}
	}
	for key := range now {
		if _, ok := then[key]; !ok {
			lines = append(lines, key.String()+": this change is not in the reviewed plan")
		}
	}
	if len(lines) == 0 {
		lines = append(lines, "its hash does not fit its content: the file was edited")
	}
	slices.Sort(lines)
	return lines
}

// reviews reports whether the plan is whole, and of the same project and tenant as
// the other.
func (p *Plan) reviews(now *Plan) bool {
	return p.Project == now.Project && p.Tenant.URL == now.Tenant.URL && hash(p) == p.Hash
}

// describe gives, for each connection, a text that is equal when the change and
// what it was seen on are equal.
func (p *Plan) describe() map[connection.Key]string {
	seen := map[string]string{}
	for _, s := range p.Seen {
		seen[s.ID] = s.Digest
	}
	texts := map[connection.Key]string{}
	for _, c := range p.Changes {
		single := Plan{Changes: []Change{c}}
		texts[c.Connection] += hash(&single) + seen[c.ID]
	}
	return texts
}
