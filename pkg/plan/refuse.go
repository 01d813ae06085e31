package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/match"
	"github.com/qlsync/qlsync/pkg/connection"
)

// rule returns why the change of a pair is refused; the zero value where it is not.
type rule func(a *analysis, p *match.Pair, d *decision) connection.Reason

// createRules are asked, in this order, whether a connection that is not there may be created.
var createRules = []rule{troubled, inOtherSpace, mayExist, inactiveOwner, lacksStored, refusedByService, namesake}

// changeRules are asked, in this order, whether a live connection may be changed.
var changeRules = []rule{
	troubled, inOtherSpace, ofAnotherProject, unreadable, lacksStored, crowded, // it is not clear what it is, or nothing can be written
	notTakenOver,               // no project owns it
	nameMayBeTaken, renamesake, // it goes to another key
	inactiveOwner,           // it goes to another owner
	wouldDestroy, wouldLose, // it is recreated
	refusedByService,
}

// refuse returns the answer of the first rule that refuses a change.
func (a *analysis) refuse(rules []rule, p *match.Pair, d *decision) connection.Reason {
	for _, asked := range rules {
		if reason := asked(a, p, d); reason.Holds() {
			return reason
		}
	}
	return connection.Reason{}
}

// troubled: it is not clear which live connection is meant.
func troubled(_ *analysis, p *match.Pair, _ *decision) connection.Reason {
	return p.Trouble
}

// mayExist: what was not listed may be there.
func mayExist(a *analysis, _ *match.Pair, _ *decision) connection.Reason {
	if len(a.in.Snapshot.Incomplete) == 0 {
		return connection.Reason{}
	}
	return connection.Because("create-not-listed")
}

// inactiveOwner: nothing can be given to an inactive user.
func inactiveOwner(a *analysis, p *match.Pair, d *decision) connection.Reason {
	to := a.newOwner(p, d)
	if to == "" || a.Users[to].Inactive == "" {
		return connection.Reason{}
	}
	return connection.Because("owner-inactive", "owner", a.ownerAsDeclared(p.Target), "status", a.Users[to].Inactive).About("/owner")
}

// newOwner returns the id of the new owner of a connection after the change; empty: the owner stays.
func (a *analysis) newOwner(p *match.Pair, d *decision) string {
	caller := a.in.Snapshot.Caller.ID
	switch {
	case d.live != nil && d.diff.Recreate.Holds():
		if owner := a.ownerAfter(p.Target, d.live); owner != caller {
			return owner
		}
	case d.live != nil && d.diff.Owner, d.live == nil && p.TenantOwner != caller:
		return p.TenantOwner
	}
	return ""
}

// lacksStored: a property selects stored credentials that the tenant does not have.
func lacksStored(_ *analysis, p *match.Pair, d *decision) connection.Reason {
	if d.live != nil && p.Lifecycle.Ignores("properties", p.Selects) {
		return connection.Reason{}
	}
	return p.Lacks
}

// refusedByService: the service does not allow it, or the rights of the caller do not.
func refusedByService(a *analysis, _ *match.Pair, d *decision) connection.Reason {
	return a.in.Rules.Refuse(a.lowering(d))
}

// namesake: another connection has almost the same name.
func namesake(a *analysis, p *match.Pair, _ *decision) connection.Reason {
	return a.Namesake(p.Key, p.Live)
}

func ofAnotherProject(a *analysis, p *match.Pair, _ *decision) connection.Reason {
	if owner := p.Live.Record.Project; owner != "" && owner != a.in.Project {
		return connection.Because("other-project", "project", owner)
	}
	return connection.Reason{}
}

func unreadable(_ *analysis, p *match.Pair, _ *decision) connection.Reason {
	if p.Live.Unreadable == "" {
		return connection.Reason{}
	}
	return connection.Because("unreadable", "error", p.Live.Unreadable)
}

// crowded refuses a change if there is no space for the ownership record.
func crowded(_ *analysis, p *match.Pair, _ *decision) connection.Reason {
	name := p.Live.Crowded
	if _, declared := p.Properties[name]; name == "" || declared && !p.Lifecycle.Ignores("properties", name) {
		return connection.Reason{}
	}
	return connection.Because("no-room-for-record", "property", name)
}

// notTakenOver: it exists, no project owns it, and the files do not say that it may be taken over.
func notTakenOver(a *analysis, p *match.Pair, d *decision) connection.Reason {
	switch adopt := a.in.Policy.Adopt; {
	case p.Live.Record.Project != "" || p.Lifecycle.Adopt:
	case adopt == connection.AdoptNone:
		return connection.Because("adopt-none")
	case adopt == connection.AdoptMatching && d.diff.Carried && d.diff.Alone:
		return connection.Because("adopt-writes-credentials")
	case adopt == connection.AdoptMatching && d.diff.Content():
		return connection.Because("adopt-differs")
	}
	return connection.Reason{}
}

// nameMayBeTaken: what was not listed may have the new name.
func nameMayBeTaken(a *analysis, p *match.Pair, _ *decision) connection.Reason {
	if p.Live.Key == p.Key || len(a.in.Snapshot.Incomplete) == 0 {
		return connection.Reason{}
	}
	return connection.Because("move-not-listed")
}

// renamesake is [namesake] for a connection that gets another name.
func renamesake(a *analysis, p *match.Pair, d *decision) connection.Reason {
	if p.Live.Key == p.Key {
		return connection.Reason{}
	}
	return namesake(a, p, d)
}

// wouldDestroy: a recreate deletes the old connection, which must be unprotected and seen.
func wouldDestroy(a *analysis, p *match.Pair, d *decision) connection.Reason {
	protected := p.Live.Record.Protected
	if want := p.Lifecycle.PreventDestroy; want != nil {
		protected = *want
	}
	switch {
	case !d.diff.Recreate.Holds():
	case protected:
		return connection.Because("recreate-protected")
	case len(a.in.Snapshot.Incomplete) > 0:
		return connection.Because("recreate-not-listed")
	}
	return connection.Reason{}
}

// wouldLose: a recreate would lose something that cannot be put back. The files can allow it,
// but for properties that they could declare.
func wouldLose(a *analysis, p *match.Pair, d *decision) connection.Reason {
	if !d.diff.Recreate.Holds() {
		return connection.Reason{}
	}
	if hidden := lostProperty(p); hidden != "" {
		return connection.Because("recreate-loses-hidden", "property", hidden)
	}
	if p.Lifecycle.RecreateAllowed {
		return connection.Reason{}
	}
	return a.refuse([]rule{losesApps, losesCredentials, losesOwner}, p, d)
}

// losesApps: apps that load from one connector cannot load from another.
func losesApps(_ *analysis, p *match.Pair, _ *decision) connection.Reason {
	if p.Live.Family == "" || p.Source.Family == "" || p.Live.Family == p.Source.Family {
		return connection.Reason{}
	}
	return connection.Because("recreate-other-family", "dataSource", p.DataSource, "live", p.Live.DataSource)
}

func losesCredentials(_ *analysis, p *match.Pair, _ *decision) connection.Reason {
	live := p.Live
	writeOnly := p.Undeclared(live.WriteOnlyCredentials)
	switch {
	case live.HasCredentials && len(p.Credentials) == 0:
		return connection.Because("recreate-loses-credentials")
	case live.DataSource == p.DataSource && len(writeOnly) > 0:
		return connection.Because("recreate-loses-withheld", "properties", writeOnly)
	case live.PerUserCredentials:
		return connection.Because("recreate-loses-users-credentials")
	}
	return connection.Reason{}
}

func losesOwner(a *analysis, p *match.Pair, _ *decision) connection.Reason {
	if p.Live.OwnerID == "" || p.TenantOwner != "" || a.ownerAfter(p.Target, p.Live) == p.Live.OwnerID {
		return connection.Reason{}
	}
	return connection.Because("recreate-changes-owner", "owner", connection.UserID(p.Live.OwnerID))
}

// lostProperty returns the undeclared properties of the same data source that a recreate would
// lose, because the service does not show them in full; empty: none.
func lostProperty(p *match.Pair) string {
	if p.Live.DataSource != p.DataSource {
		return ""
	}
	lost := strings.Join(p.Undeclared(p.Live.WriteOnlyProperties), ", ")
	for _, name := range p.Undeclared(slices.Sorted(maps.Keys(p.Live.Properties))) {
		if len(connection.Secrets(p.Live.Properties[name])) > 0 {
			lost = name
		}
	}
	return lost
}

// warnAbout warns of what a reviewer must not miss in a change that will be made.
func (a *analysis) warnAbout(decided *decision) {
	d, key := decided.diff, decided.change.Connection
	if d == nil || decided.change.Refused.Holds() {
		return
	}
	warnings := slices.Clone(d.Demands.Warnings)
	if d.Recreate.Holds() {
		warnings = append(append(warnings, d.Demands.Recreated), a.lost(decided)...)
	}
	for _, warning := range warnings {
		a.warn(&key, warning)
	}
}

// lost returns what a recreate that was allowed loses besides the id.
func (a *analysis) lost(decided *decision) (lost []connection.Reason) {
	live, t := decided.live, decided.target
	if live.HasCredentials && len(t.Credentials) == 0 {
		lost = append(lost, connection.Because("loses-credentials"))
	}
	if live.PerUserCredentials {
		lost = append(lost, connection.Because("loses-users-credentials"))
	}
	if live.OwnerID != "" && t.TenantOwner == "" && a.ownerAfter(t, live) != live.OwnerID {
		lost = append(lost, connection.Because("loses-owner", "owner", connection.UserID(live.OwnerID)))
	}
	return lost
}

// warnOnce says once for all connections what the service demands of them in common.
func (a *analysis) warnOnce() {
	var common []connection.Reason
	keys := map[string][]string{}
	for _, d := range a.decisions {
		if d.change.Refused.Holds() || d.diff == nil || d.diff.Recreate.Holds() {
			continue
		}
		for _, reason := range d.diff.Demands.Common {
			if keys[reason.Code] == nil {
				common = append(common, reason)
			}
			keys[reason.Code] = append(keys[reason.Code], d.change.Connection.String())
		}
	}
	for _, reason := range common {
		a.warn(nil, reason.With("connections", keys[reason.Code]))
	}
}
