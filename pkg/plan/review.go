package plan

import (
	"maps"
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
		if !d.change.Refused.Holds() && texts[d.change.Connection] != textOf(&d.change, seen) {
			d.change.Refused = connection.Because("not-as-reviewed", "hash", reviewed.Hash)
		}
	}
}

// refuseReviewed returns the refusal of a plan by what was reviewed before; nil where that is a
// whole plan of the same project and tenant.
func (p *Plan) refuseReviewed(reviewed *Plan) *Refusal {
	if p.Project == reviewed.Project && p.Tenant.URL == reviewed.Tenant.URL && hash(reviewed) == reviewed.Hash {
		return nil
	}
	reason := connection.Because("reviewed-another")
	if reviewed.IsEarlier() {
		reason = connection.Because("reviewed-earlier")
	}
	return &Refusal{Rule: RuleStale, Reason: reason}
}

// Stale returns what makes this plan another one than the reviewed plan: one reason for
// each connection that differs. It is empty only when both have the same hash, and
// it is the hash of what the reviewed plan holds.
func (p *Plan) Stale(reviewed *Plan) []connection.Reason {
	switch {
	case p.Hash == reviewed.Hash && hash(reviewed) == reviewed.Hash:
		return nil
	case reviewed.IsEarlier():
		return reasons(connection.Because("stale-earlier"))
	case p.Project != reviewed.Project || p.Tenant.URL != reviewed.Tenant.URL:
		return reasons(connection.Because("stale-elsewhere", "project", reviewed.Project, "url", reviewed.Tenant.URL))
	}
	if found := differences(p.texts(), reviewed.texts()); len(found) > 0 {
		return found
	}
	return reasons(connection.Because("stale-edited"))
}

// differences returns one reason for each connection with another text now than in the review.
func differences(now, then map[connection.Key]string) []connection.Reason {
	found := map[connection.Key]string{}
	for key := range now {
		if _, was := then[key]; !was {
			found[key] = "stale-new"
		}
	}
	for key, text := range then {
		switch other, is := now[key]; {
		case !is:
			found[key] = "stale-gone"
		case other != text:
			found[key] = "stale-differs"
		}
	}
	var stale []connection.Reason
	for _, key := range slices.SortedFunc(maps.Keys(found), connection.Key.Compare) {
		stale = append(stale, connection.Because(found[key], "connection", key))
	}
	return stale
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
