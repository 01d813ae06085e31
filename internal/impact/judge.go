package impact

import (
	"cmp"
	"slices"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Break is how a change can break what depends on the connection.
type Break string

// The ways. A change of other properties, of tags, of the owner or of credentials breaks nothing by
// itself.
const (
	BreakDelete     Break = "delete"
	BreakRename     Break = "rename"
	BreakSpace      Break = "space"
	BreakRecreate   Break = "recreate"
	BreakDataSource Break = "dataSource"
	BreakHost       Break = "host"
)

// Change is a planned change of a live connection.
type Change struct {
	// Connection is the key of the change in its plan, and ID the id of the live connection.
	Connection connection.Key
	ID         string
	// Breaks is how the change can break dependents. Empty: they are only counted.
	Breaks Break
	Limits connection.ImpactLimits
	// Reviewed is what a reviewed plan has of the connection; nil: nothing. It was made with another
	// history, so that it may have dependents that are not in the index. The limits count them too.
	Reviewed *Impacted
}

// reviewed replaces the dependents by those of the reviewed plan, if these are more.
func (c *Change) reviewed(found *Impacted) {
	if c.Reviewed != nil && c.Reviewed.Total() > found.Total() {
		found.Count, found.Dependents = c.Reviewed.Count, c.Reviewed.Dependents
	}
}

// Report is what depends on the connections that a plan changes, or that a drift report names. It is
// evidence and changes from minute to minute.
type Report struct {
	Sight
	// Connections are sorted by key.
	Connections []Impacted `json:"connections"`
	// Unknown is why the dependents could not be read; nil if they could.
	Unknown *connection.Reason `json:"unknown,omitempty"`
	// Refused is what limits refuse; nil: nothing.
	Refused *Refused `json:"refused,omitempty"`
}

// UnseenCounts are the numbers of what could not be seen: see [Unseen].
type UnseenCounts struct {
	NotReadable       int                 `json:"notReadable"`
	NotListed         bool                `json:"notListed"`
	NeverReloaded     int                 `json:"neverReloaded"`
	DirectQuery       int                 `json:"directQuery"`
	UnknownConnection int                 `json:"unknownConnection"`
	Incomplete        []connection.Reason `json:"incomplete,omitempty"`
}

// Counts returns the numbers of what could not be seen.
func (u *Unseen) Counts() UnseenCounts {
	return UnseenCounts{len(u.NotReadable), u.NotListed, len(u.NeverReloaded), len(u.DirectQuery), len(u.UnknownConnection), u.Incomplete}
}

// Impacted is a connection with its dependents.
type Impacted struct {
	Connection connection.Key `json:"connection"`
	ID         string         `json:"id"`
	// Breaks is how a change can break the dependents. Empty: it cannot, or there is no change.
	Breaks Break `json:"breaks,omitempty"`
	Count
	// Unchecked counts the other apps that may depend on the connection too.
	Unchecked int `json:"unchecked"`
	// Dependents are the most used ones, at most [MostListed].
	Dependents []Dependent `json:"dependents"`
}

// RuleImpact names the refusal of a plan because of dependents, and is part of the JSON contract.
const RuleImpact = "impact"

// MostListed is how many dependents of a connection a [Report] lists.
const MostListed = 200

// Refused is what limits refuse together.
type Refused struct {
	// Dependents counts the different dependents of all refused changes.
	Dependents int `json:"dependents"`
	// Unknown reports that a change is refused because it may have more dependents than were seen.
	Unknown bool `json:"unknown,omitempty"`
}

// Verdict is what the limits say about a change.
type Verdict struct {
	Connection connection.Key
	Refuses    bool // false: only a warning
	Reason     connection.Reason
}

// Judge returns the dependents of the changes, and what their limits say.
func Judge(changes []Change, x *Index) (*Report, []Verdict) {
	report := &Report{Sight: x.Sight(), Connections: []Impacted{}}
	var verdicts []Verdict
	for _, change := range changes {
		dependents := x.Dependents(change.ID)
		found := x.impacted(change.Connection, change.ID, dependents, MostListed)
		found.Breaks = change.Breaks
		change.reviewed(&found)
		report.Connections = append(report.Connections, found)
		verdict := judge(change, &found, x.doubt(&found, change.Limits))
		if !verdict.Reason.Holds() {
			continue
		}
		verdicts = append(verdicts, verdict)
		if verdict.Refuses {
			report.refuse(verdict)
		}
	}
	report.Sort()
	if report.Refused != nil {
		report.Refused.Dependents = distinct(verdicts, changes, x.dependents)
	}
	return report, verdicts
}

// Blindly is [Judge] where the dependents could not be read.
func Blindly(changes []Change, why connection.Reason) (*Report, []Verdict) {
	report := &Report{Connections: []Impacted{}, Unknown: &why}
	var verdicts []Verdict
	for _, change := range changes {
		var found Impacted
		change.reviewed(&found)
		if verdict := judge(change, &found, why); verdict.Reason.Holds() {
			verdicts = append(verdicts, verdict)
			if verdict.Refuses {
				report.refuse(verdict)
			}
		}
	}
	if report.Refused != nil {
		report.Refused.Dependents = distinct(verdicts, changes, nil)
	}
	return report, verdicts
}

// refuse notes that a change is refused.
func (r *Report) refuse(verdict Verdict) {
	if r.Refused == nil {
		r.Refused = &Refused{}
	}
	r.Refused.Unknown = r.Refused.Unknown || verdict.Reason.Code == uncounted
}

// distinct counts the different dependents of the refused changes. Those of reviewed plans beyond
// [MostListed] are known by number only.
func distinct(verdicts []Verdict, changes []Change, dependents map[string][]Dependent) int {
	refused := map[connection.Key]bool{}
	for _, verdict := range verdicts {
		refused[verdict.Connection] = refused[verdict.Connection] || verdict.Refuses
	}
	most, found := 0, map[string]bool{}
	for _, change := range changes {
		if !refused[change.Connection] {
			continue
		}
		all := dependents[change.ID]
		if change.Reviewed != nil {
			all = slices.Concat(all, change.Reviewed.Dependents)
			most = max(most, change.Reviewed.Total())
		}
		for _, d := range all {
			found[string(d.Kind)+" "+d.ID] = true
		}
	}
	return max(len(found), most)
}

const uncounted = "impact-uncounted"

// judge returns what the limits say about a change that can break dependents. With a doubt, more may
// exist than were seen: the number then passes no limit that refuses.
func judge(change Change, found *Impacted, doubt connection.Reason) Verdict {
	if change.Breaks == "" {
		return Verdict{}
	}
	limits, total := change.Limits, found.Total()
	because := func(code string, refuses bool, args ...any) Verdict {
		args = append([]any{"connection", change.Connection, "dependents", total}, args...)
		return Verdict{change.Connection, refuses, connection.Because(code, args...)}
	}
	switch {
	case limits.Refuse != nil && total > *limits.Refuse:
		return because("impact-over", true, "allowed", *limits.Refuse)
	case doubt.Holds() && limits.OfUnknown() == connection.ImpactRefuse:
		return because(uncounted, true, "why", doubt)
	case doubt.Holds() && limits.OfUnknown() != "":
		return because("impact-may-be-more", false, "why", doubt)
	case limits.Warn != nil && total >= *limits.Warn:
		return because("impact-dependents", false)
	}
	return Verdict{}
}

// doubt returns why a connection may have more dependents than the limit that refuses allows; without
// that limit, why it may have more than were seen. None: it certainly has not.
func (x *Index) doubt(found *Impacted, limits connection.ImpactLimits) connection.Reason {
	allowed := found.Total()
	if limits.Refuse != nil {
		allowed = *limits.Refuse
	}
	switch {
	case !x.Caller.Admin:
		return connection.Because("usage-not-admin")
	case len(x.Unseen.Incomplete) > 0:
		return x.Unseen.Incomplete[0]
	case x.Unseen.NotListed:
		return connection.Because("usage-not-listed")
	case found.Unchecked > allowed-found.Total(): // a plan file may have any total, so a sum could overflow
		return connection.Because("impact-unchecked", "apps", found.Unchecked)
	}
	return connection.Reason{}
}

// remembered is how many reloads of an app a service remembers at least: with fewer, no reload is
// forgotten.
const remembered = 10

// mayUseAny returns the ids of the listed objects that may use any connection: it is not known what
// they use. An app that was never reloaded uses nothing yet.
func (x *Index) mayUseAny() map[string]bool {
	ids := map[string]bool{}
	for _, id := range x.Unseen.NotReadable {
		ids[id] = true
	}
	for id, one := range x.apps {
		if one.DirectQuery || one.nameless || !x.isKnown(one) {
			ids[id] = true
		}
	}
	return ids
}

// isKnown reports whether the uses of an app are known: its newest reload is known and was complete,
// and if older reloads are forgotten, the remembered ones are of at least the last day. A newest
// reload that failed or was partial may not have reached a load that was added to the script since.
func (x *Index) isKnown(one *sighted) bool {
	switch known := one.past; {
	case known == nil || len(one.Reloads) == 0 && known.To.IsZero():
		return one.State.ReloadedAt.IsZero()
	case !known.Unknown.IsZero() || !one.endsComplete():
		return false
	default:
		return len(one.Reloads) < remembered || x.At.Sub(known.From) >= 24*time.Hour
	}
}

// Reasons calls yield with all reasons of a report, which may be nil, until yield returns false.
func (r *Report) Reasons(yield func(*connection.Reason) bool) bool {
	if r == nil {
		return true
	}
	for i := range r.Unseen.Incomplete {
		if !yield(&r.Unseen.Incomplete[i]) {
			return false
		}
	}
	return r.Unknown == nil || yield(r.Unknown)
}

// Sort sorts the connections.
func (r *Report) Sort() {
	slices.SortStableFunc(r.Connections, func(a, b Impacted) int { return a.compare(b.Connection, b.ID) })
}

func (i *Impacted) compare(key connection.Key, id string) int {
	return cmp.Or(i.Connection.Compare(key), cmp.Compare(i.ID, id))
}

// Of returns a connection of the report; nil: the report, which may be nil, does not have it.
func (r *Report) Of(key connection.Key, id string) *Impacted {
	if r == nil {
		return nil
	}
	at, found := slices.BinarySearchFunc(r.Connections, key, func(one Impacted, key connection.Key) int { return one.compare(key, id) })
	if !found {
		return nil
	}
	return &r.Connections[at]
}
