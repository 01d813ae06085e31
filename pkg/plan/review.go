package plan

import (
	"fmt"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// onlyReviewed refuses the changes that differ from those of a reviewed plan: the
// change itself is another one, or what it was seen on has changed since.
func onlyReviewed(decisions []*decision, reviewed *Plan) {
	texts := reviewed.texts()
	for _, d := range decisions {
		seen := ""
		if d.live != nil {
			seen = see(d.live).Digest
		}
		if d.change.Refused == "" && texts[d.change.Connection] != textOf(&d.change, seen) {
			d.change.Refused = fmt.Sprintf("it is not as reviewed in plan %s: plan and review again", reviewed.Hash)
		}
	}
}

// refuseReviewed returns the refusal of a plan by what was reviewed before; nil where that is a
// whole plan of the same project and tenant.
func (p *Plan) refuseReviewed(reviewed *Plan) *Refusal {
	if p.Project == reviewed.Project && p.Tenant.URL == reviewed.Tenant.URL && hash(reviewed) == reviewed.Hash {
		return nil
	}
	message := "the reviewed plan is not for this project and tenant, or was changed since"
	if reviewed.IsEarlier() {
		message = "the reviewed plan was made by an earlier version of qlsync, whose hash covers less"
	}
	return &Refusal{Rule: RuleStale, Message: message, Hint: "plan and review again"}
}

// Stale returns what makes this plan another one than the reviewed plan: one line for
// each connection that differs. It is empty only when both have the same hash, and
// it is the hash of what the reviewed plan holds.
func (p *Plan) Stale(reviewed *Plan) []string {
	switch {
	case p.Hash == reviewed.Hash && hash(reviewed) == reviewed.Hash:
		return nil
	case reviewed.IsEarlier():
		return []string{earlierVersion}
	case p.Project != reviewed.Project || p.Tenant.URL != reviewed.Tenant.URL:
		return []string{"it was made for project " + reviewed.Project + " on " + reviewed.Tenant.URL}
	}
	if lines := differences(p.texts(), reviewed.texts()); len(lines) > 0 {
		return lines
	}
	return []string{"its hash does not fit its content: the file was edited"}
}

// differences returns one line for each connection with another text now than in the review.
func differences(now, then map[connection.Key]string) []string {
	var lines []string
	for key := range now {
		if _, was := then[key]; !was {
			lines = append(lines, key.String()+": this change is not in the reviewed plan")
		}
	}
	for key, text := range then {
		switch other, is := now[key]; {
		case !is:
			lines = append(lines, key.String()+": no longer changes")
		case other != text:
			lines = append(lines, key.String()+": this change differs from the reviewed one, or the connection was edited after the review")
		}
	}
	slices.Sort(lines)
	return lines
}

// texts returns, for each connection, a text that is equal when the change and
// what it was seen on are equal.
func (p *Plan) texts() map[connection.Key]string {
	seen := map[string]string{}
	for _, s := range p.Seen {
		seen[s.ID] = s.Digest
	}
	texts := map[connection.Key]string{}
	for i := range p.Changes {
		c := &p.Changes[i]
		texts[c.Connection] += textOf(c, seen[c.ID])
	}
	return texts
}

func textOf(c *Change, seen string) string { return hash(&Plan{Changes: []Change{*c}}) + seen }
