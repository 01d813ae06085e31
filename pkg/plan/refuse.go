package plan

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// refuseCreate says why a connection that is not there may not be created.
func (a *analysis) refuseCreate(p *pair) string {
	switch {
	case p.trouble != "":
		return p.trouble
	case len(a.in.Snapshot.Incomplete) > 0:
		return "it was not seen, but the tenant's list is incomplete: it may exist; plan again when the tenant lists everything"
	case p.ownerID != "" && p.ownerID != a.in.Snapshot.Caller.ID:
		return "creating a connection for another owner is not supported yet: leave owner out, or use that user's token"
	}
	for i := range a.in.Snapshot.Connections {
		other := a.in.Snapshot.Connections[i].Key
		if other.Space == p.key.Space && other.Name != p.key.Name && strings.EqualFold(other.Name, p.key.Name) {
			return fmt.Sprintf("%q exists, and differs only in letter case: declare it in the same case, or rename it with a moved block", other)
		}
	}
	return ""
}

// refuseChange says why a live connection may not be changed; d is nil where it
// was not compared.
func (a *analysis) refuseChange(p *pair, d *difference) string {
	live := p.live
	switch {
	case p.trouble != "":
		return p.trouble
	case live.Mark.Project != "" && live.Mark.Project != a.in.Project:
		return fmt.Sprintf("it belongs to project %q: remove it from these files, or take the tag qlsync:%s off it", live.Mark.Project, live.Mark.Project)
	case live.Unreadable != "":
		return "it cannot be read: " + live.Unreadable
	}
	if live.Mark.Project == "" {
		if reason := a.refuseAdoption(p, d); reason != "" {
			return reason
		}
	}
	switch {
	case d.dataSource && live.Mark.Protected:
		return "it is protected: a change of data source needs recreate; declare lifecycle.preventDestroy: false first"
	case d.dataSource:
		return "a change of data source needs recreate, which is not supported yet"
	case d.owner:
		return "a change of owner is not supported yet: change it in Qlik Cloud, or leave owner out"
	}
	return a.refuseWrite(p, d)
}

func (a *analysis) refuseAdoption(p *pair, d *difference) string {
	switch {
	case a.in.Policy.Adopt == connection.AdoptNone && !p.Lifecycle.Adopt:
		return "it exists and nobody owns it: set lifecycle.adopt: true to take it over (policy.adopt is none)"
	case a.in.Policy.Adopt == connection.AdoptMatching && !p.Lifecycle.Adopt && d.content():
		return "it exists, nobody owns it, and it differs: set lifecycle.adopt: true to take it over and overwrite what is shown"
	}
	return ""
}

// refuseWrite says why properties and credentials cannot be written as declared.
func (a *analysis) refuseWrite(p *pair, d *difference) string {
	update := p.Lifecycle.Update
	if update == "" {
		update = a.in.Policy.Update
	}
	traits := &a.in.Snapshot.Traits
	unpatchable := ""
	for _, name := range slices.Sorted(maps.Keys(d.set)) {
		if traits.Patchable != nil && !traits.Patchable(d.set[name]) {
			unpatchable = name
		}
	}
	_, canMove := traits.Mechanisms[connection.AspectSpace]
	switch {
	case update == connection.UpdateRecreate && (len(d.set)+len(d.remove) > 0 || d.credentials):
		return "update: recreate is not supported yet: use update: patch"
	case unpatchable != "":
		return fmt.Sprintf("the value of %s cannot be patched and needs recreate, which is not supported yet", unpatchable)
	case d.host != "" && len(p.Credentials) == 0 && p.live.HasCredentials:
		return fmt.Sprintf("a change of %s must carry the credentials: declare them under credentials", d.host)
	case p.live.Key.Space != p.key.Space && !canMove:
		return "this token may not move connections between spaces"
	}
	return ""
}

// warnAbout tells what a reviewer must not miss in a change that will be made.
func (a *analysis) warnAbout(p *pair, d *difference) {
	if d == nil || d.host == "" {
		return
	}
	key := p.key
	if d.credentials {
		a.warn(&key, fmt.Sprintf("these credentials will be sent to another host: %s changes", d.host))
	}
	if p.live.Separated {
		a.warn(&key, fmt.Sprintf("%s changes: every user of this connection will have to enter credentials again", d.host))
	}
}

// prune turns what is owned and no longer declared into deletes, where the policy
// says so, and warns of copies.
func (a *analysis) prune() {
	for _, rest := range a.leftovers {
		key := rest.live.Key
		switch {
		case !rest.owned:
			continue
		case rest.kept != "":
			a.warn(&key, rest.kept+"; it is never deleted by qlsync")
			continue
		case a.in.Policy.Prune != connection.PruneOwned:
			a.warn(&key, "owned by this project and no longer declared; policy.prune: owned would delete it")
			continue
		}
		d := &decision{live: rest.live, change: Change{
			Action: ActionDelete, Connection: key, ID: rest.live.ID, DataSource: rest.live.DataSource,
			Reason: "owned by this project and no longer declared",
		}}
		switch {
		case rest.live.Mark.Protected:
			d.change.Refused = "it is protected by preventDestroy: declare it again with lifecycle.preventDestroy: false first"
		case len(a.in.Snapshot.Incomplete) > 0:
			d.change.Refused = "nothing is deleted while the tenant's list is incomplete"
		}
		a.decisions = append(a.decisions, d)
	}
}

// refuse applies the rules over the whole plan. The hash is known by now, so that
// the hint can name it.
func (a *analysis) refuse(p *Plan) *Refusal {
	deletes, owned := p.Summary.Delete, 0
	for i := range a.in.Snapshot.Connections {
		if a.in.Snapshot.Connections[i].Mark.Project == a.in.Project {
			owned++
		}
	}
	confirm := fmt.Sprintf("if this is meant: --confirm-deletes %d@%s", deletes, p.Hash)
	switch allowed := a.in.Policy.MaxDeletes.Allowed(owned); {
	case deletes == 0:
		return nil
	case len(a.in.Desired) == 0:
		return &Refusal{
			Rule:    RuleEmpty,
			Message: "the files declare no connection for this tenant, and the plan would delete " + strconv.Itoa(deletes),
			Hint:    confirm,
		}
	case deletes > allowed:
		return &Refusal{
			Rule: RuleMaxDeletes,
			Message: fmt.Sprintf("the plan would delete %d of %d owned connections; policy.maxDeletes allows %d",
				deletes, owned, allowed),
			Hint: confirm,
		}
	}
	return nil
}

// ConfirmDeletes lifts a refusal that counts deletes, if the confirmation is for
// exactly this plan: "N@HASH". The error says what does not fit.
func (p *Plan) ConfirmDeletes(confirmation string) error {
	count, hash, ok := strings.Cut(confirmation, "@")
	switch {
	case !ok:
		return fmt.Errorf("confirm deletes %q: it must be N@HASH, as the plan prints it", confirmation)
	case hash != p.Hash:
		return fmt.Errorf("confirm deletes %q: the plan is now %s: review it again", confirmation, p.Hash)
	case count != strconv.Itoa(p.Summary.Delete):
		return fmt.Errorf("confirm deletes %q: the plan deletes %d", confirmation, p.Summary.Delete)
	}
	p.Refusal = nil
	return nil
}
