package plan

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/jsonpointer"
	"github.com/qlsync/qlsync/pkg/connection"
)

// refuseCreate says why a connection that is not there may not be created.
func (a *analysis) refuseCreate(p *pair) string {
	switch {
	case p.trouble != "":
		return p.trouble
	case len(a.in.Snapshot.Incomplete) > 0:
		return "it was not seen, but the tenant's list is incomplete: it may exist; plan again when the tenant lists everything"
	}
	if reason := a.refuseOwner(p, a.in.Snapshot.Caller.ID, p.ownerID); reason != "" {
		return reason
	}
	if reason := cmp.Or(p.lacks, a.refuseSignIn(p, p.ownerID)); reason != "" {
		return reason
	}
	return a.refuseNamesake(p)
}

// refuseMove says why a connection may not go to the declared key.
func (a *analysis) refuseMove(p *pair) string {
	switch {
	case len(a.in.Snapshot.Incomplete) > 0:
		return "nothing is renamed or moved while the tenant's list is incomplete: its name may be taken"
	case p.space.Type == "personal" && p.live.Key.Space != p.key.Space && p.live.OwnerID != a.in.Snapshot.Caller.ID:
		return fmt.Sprintf("it belongs to %s, and would move to the personal space of that user, where this project does not look: declare another space", a.userName(p.live.OwnerID))
	}
	return a.refuseNamesake(p)
}

// refuseChange says why a live connection may not be changed; d is nil where it
// was not compared.
func (a *analysis) refuseChange(p *pair, d *difference) string {
	live := p.live
	switch {
	case p.trouble != "":
		return p.trouble
	case live.Mark.Project != "" && live.Mark.Project != a.in.Project:
		return fmt.Sprintf("it belongs to project %q: remove it from these files, or remove its ownership record (qlsync:%s)", live.Mark.Project, live.Mark.Project)
	case live.Unreadable != "":
		return "it cannot be read: " + live.Unreadable
	case p.lacks != "" && !p.ignores("properties", p.selects):
		return p.lacks
	}
	if reason := cmp.Or(refuseCrowded(p), a.refuseTags(p, d)); reason != "" {
		return reason
	}
	if live.Mark.Project == "" {
		if reason := a.refuseAdoption(p, d); reason != "" {
			return reason
		}
	}
	if live.Key != p.key {
		if reason := a.refuseMove(p); reason != "" {
			return reason
		}
	}
	if d.recreate != "" {
		return a.refuseRecreate(p)
	}
	if d.owner {
		if reason := a.refuseOwner(p, live.OwnerID, p.ownerID); reason != "" {
			return reason
		}
	}
	return a.refuseWrite(p, d)
}

// refuseCrowded says why no ownership record can be written.
func refuseCrowded(p *pair) string {
	crowded := p.live.Crowded
	if _, declared := p.Properties[crowded]; crowded == "" || declared && !p.ignores("properties", crowded) {
		return ""
	}
	return fmt.Sprintf("its %[1]s is too long to add the ownership record: shorten it in the console, or declare %[1]s in the file", crowded)
}

// refuseOwner says why the connection cannot go from one owner to another.
func (a *analysis) refuseOwner(p *pair, from, to string) string {
	switch {
	case to == "" || to == from:
		return ""
	case a.users[to].Inactive != "":
		return fmt.Sprintf("the declared owner %s is not an active user (status %s): declare another owner, or let an administrator enable the account",
			a.ownerAsDeclared(p.target), a.users[to].Inactive)
	case p.space.Type == "personal":
		return "a connection in the personal space belongs to the token's user: leave owner out"
	case a.in.Snapshot.Traits.Owner == "":
		return "this token may not change owners: leave owner out, or use a token with the admin role"
	}
	return ""
}

// refusedAt returns the position of what a change is about: the declared owner, where the
// change is refused because of the owner, or else the connection.
func (a *analysis) refusedAt(p *pair, owner, refused string) connection.Position {
	if refused != "" && refused == a.refuseOwner(p, owner, p.ownerID) {
		return p.PositionOf("/owner")
	}
	return p.PositionOf("")
}

func (a *analysis) refuseAdoption(p *pair, d *difference) string {
	switch {
	case a.in.Policy.Adopt == connection.AdoptNone && !p.Lifecycle.Adopt:
		return "it exists and nobody owns it: set lifecycle.adopt: true to take it over (policy.adopt is none)"
	case a.in.Policy.Adopt == connection.AdoptMatching && !p.Lifecycle.Adopt && d.carried && d.alone:
		return "it exists, nobody owns it, and adding the ownership record would write its credentials again: set lifecycle.adopt: true to take it over"
	case a.in.Policy.Adopt == connection.AdoptMatching && !p.Lifecycle.Adopt && d.content():
		return "it exists, nobody owns it, and it differs: set lifecycle.adopt: true to take it over and overwrite what is shown"
	}
	return ""
}

// refuseWrite says why a change cannot be patched as declared.
func (a *analysis) refuseWrite(p *pair, d *difference) string {
	withheld := a.undeclared(p, p.live.Withheld)
	switch {
	case a.in.Snapshot.Traits.Whole && withheld != "" && !p.Lifecycle.RecreateAllowed:
		return "a write replaces the whole connection and would lose " + withheld +
			", which the service keeps, or may keep, and does not show: declare it under credentials, or as null under properties" +
			" where there is none; lifecycle.recreate: allow loses it"
	case d.host != "" && len(p.Credentials) == 0 && p.live.HasCredentials:
		return fmt.Sprintf("a change of %s must carry the credentials: declare them under credentials", d.host)
	case d.host != "" && len(p.Credentials) > 0 && p.live.Separated && a.unnamed(p.target) != "":
		return fmt.Sprintf("a change of %s unlinks the credentials that each user has entered: declare %s too, so that the declared credentials are linked to the new host", d.host, a.unnamed(p.target))
	case p.live.Key.Space != p.key.Space && a.in.Snapshot.Traits.Space == "":
		return "this token may not move connections between spaces"
	}
	return ""
}

// undeclared names those of the parts of a connection that are neither declared as
// properties, be it to be absent, nor as credentials.
func (a *analysis) undeclared(p *pair, names []string) string {
	var missing []string
	for _, name := range names {
		if _, declared := p.Properties[name]; !declared && p.Credentials[name] == nil {
			missing = append(missing, name)
		}
	}
	return strings.Join(missing, ", ")
}

// refuseRecreate says why a connection may not be recreated: it is protected, or
// something would be lost that cannot be put back.
func (a *analysis) refuseRecreate(p *pair) string {
	live := p.live
	owner := a.ownerAfter(p.target, live)
	if reason := cmp.Or(a.refuseOwner(p, a.in.Snapshot.Caller.ID, owner), a.refuseSignIn(p, owner)); reason != "" {
		return reason
	}
	protected := live.Mark.Protected
	if want := p.Lifecycle.PreventDestroy; want != nil {
		protected = *want
	}
	secret := ""
	if live.DataSource == p.DataSource {
		secret = a.undeclared(p, live.Hidden)
	}
	for _, name := range slices.Sorted(maps.Keys(live.Properties)) {
		_, declared := p.Properties[name]
		if _, credential := p.Credentials[name]; !declared && !credential && live.DataSource == p.DataSource && len(connection.Secrets(live.Properties[name])) > 0 {
			secret = name
		}
	}
	const allow = ". To recreate it anyway, set lifecycle.recreate: allow"
	switch {
	case protected:
		return "it is protected by preventDestroy, and this change needs a recreate: declare lifecycle.preventDestroy: false first"
	case len(a.in.Snapshot.Incomplete) > 0:
		return "nothing is recreated while the tenant's list is incomplete"
	case secret != "":
		return "recreating it would lose " + secret + ", which the service does not show in full: declare it"
	case p.Lifecycle.RecreateAllowed:
		return ""
	case live.Family != "" && p.source.Family != "" && live.Family != p.source.Family:
		return fmt.Sprintf("a connection of data source %s cannot serve the apps that load from it as %s", p.DataSource, live.DataSource) + allow
	case live.HasCredentials && len(p.Credentials) == 0:
		return "recreating it would lose its stored credentials: declare them under credentials" + allow
	case live.DataSource == p.DataSource && a.undeclared(p, live.Withheld) != "":
		return "recreating it would lose " + a.undeclared(p, live.Withheld) + ", which the service keeps, or may keep, and does not show: declare it under credentials" + allow
	case live.Separated:
		return "recreating it would lose the credentials that each user has entered" + allow
	case live.OwnerID != "" && owner != live.OwnerID && p.ownerID == "":
		return fmt.Sprintf("recreating it would change its owner from %s: declare owner", a.userName(live.OwnerID)) + allow
	}
	return ""
}

// warnAbout tells what a reviewer must not miss in a change that will be made.
func (a *analysis) warnAbout(decided *decision) {
	d, p, key := decided.diff, decided.target, decided.change.Connection
	if d == nil || decided.change.Refused != "" {
		return
	}
	if d.host != "" && d.credentials {
		a.warn(&key, d.newHost("these credentials"))
	}
	if d.relinked != nil {
		a.warn(&key, d.newHost(fmt.Sprintf("the stored credentials %q", d.relinked)))
	}
	if d.host != "" && decided.live.Separated {
		a.warn(&key, fmt.Sprintf("%s changes: every user of this connection will have to enter credentials again", d.host))
	}
	if d.owner && decided.live.HasCredentials && len(p.Credentials) == 0 {
		a.warn(&key, "the owner changes, and the stored credentials are lost: the new owner must enter them again")
	}
	switch {
	case d.separates == nil:
	case *d.separates:
		a.warn(&key, "from now on every user needs credentials of their own; the stored ones are lost")
	default:
		a.warn(&key, "it gets credentials for everybody; those that each user has linked are no longer used")
	}
	if d.recreate != "" {
		a.warn(&key, a.recreateWarning()+a.lost(decided))
	}
}

// newHost says that credentials will be sent to the place at which the changed host property
// points, and names the old and the new place where the service shows both.
func (d *difference) newHost(what string) string {
	before, after := d.places()
	switch {
	case after == "":
		return fmt.Sprintf("%s changes: %s will be sent to the new host", d.host, what)
	case before == "":
		return fmt.Sprintf("%s changes to %q: %s will be sent there", d.host, after, what)
	}
	return fmt.Sprintf("%s changes from %q to %q: %s will be sent to %[3]q", d.host, before, after, what)
}

// places returns the old and the new place that a change of the host property shows: of two
// URLs the hosts, if these differ, and the whole values otherwise. Empty: it is no text.
func (d *difference) places() (before, after string) {
	at := slices.IndexFunc(d.fields, func(f Field) bool { return f.Path == "/properties/"+jsonpointer.Escape(d.host) })
	if at < 0 || d.fields[at].Secret {
		return "", ""
	}
	before, _ = d.fields[at].Before.(string)
	after, _ = d.fields[at].After.(string)
	if old, next := hostOf(before), hostOf(after); old != "" && next != "" && old != next {
		return old, next
	}
	return before, after
}

// hostOf returns the host of a URL, with its port; empty for any other text.
func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return parsed.Host
}

// recreateWarning says what a recreate changes for whoever uses the connection.
func (a *analysis) recreateWarning() string {
	if changes := a.in.Snapshot.Traits.Recreated; changes != "" {
		return "it is recreated: " + changes
	}
	return "it is recreated"
}

// warnAboutOwners tells, once for all, which connections may be left without
// credentials: a change of owner takes them away, and whether the token's user may
// write them again, only the service knows.
func (a *analysis) warnAboutOwners() {
	var keys []string
	for _, d := range a.decisions {
		if d.change.Refused == "" && d.diff != nil && d.diff.recreate == "" && d.diff.owner && d.diff.credentials &&
			d.live.HasCredentials && d.target.ownerID != a.in.Snapshot.Caller.ID {
			keys = append(keys, d.change.Connection.String())
		}
	}
	if len(keys) == 0 {
		return
	}
	a.warn(nil, "a change of owner takes the credentials away; if the service lets only the new owner write them again, apps fail until apply runs with that user's token: "+firstOf(keys))
}

// firstOf lists the first names of a warning that is about many, and counts the others.
func firstOf(keys []string) string {
	const most = 3
	if more := len(keys) - most; more > 0 {
		keys = append(slices.Clip(keys[:most]), fmt.Sprintf("%d more", more))
	}
	return strings.Join(keys, ", ")
}

// lost names what a recreate that was allowed loses besides the id.
func (a *analysis) lost(decided *decision) string {
	live, t := decided.live, decided.target
	text := ""
	if live.HasCredentials && len(t.Credentials) == 0 {
		text += "; its stored credentials are lost"
	}
	if live.Separated {
		text += "; the credentials that each user has entered are lost"
	}
	if live.OwnerID != "" && t.ownerID == "" && a.ownerAfter(t, live) != live.OwnerID {
		text += "; it no longer belongs to " + a.userName(live.OwnerID)
	}
	return text
}

// prune turns what is owned and no longer declared into deletes, where the policy
// says so, and warns of copies.
func (a *analysis) prune() {
	for _, rest := range a.leftovers {
		key := rest.live.Key
		switch {
		case !rest.owned:
			continue
		case rest.taken:
			continue
		case a.isDisabled(rest.live.DataSource):
			a.warn(&key, fmt.Sprintf("owned by this project and no longer declared, and its data source %s is disabled in the tenant; qlsync does not delete it: let an administrator enable it, or delete the connection yourself", rest.live.DataSource))
			continue
		case rest.half:
			a.repair(&rest)
			continue
		case rest.kept != "":
			message := rest.kept + "; qlsync does not delete it"
			if rest.wayOut != "" {
				message += ": " + rest.wayOut
			}
			a.warn(&key, message)
			continue
		case a.in.Policy.Prune != connection.PruneOwned:
			a.warn(&key, "owned by this project and no longer declared; policy.prune: owned would delete it")
			continue
		}
		d := &decision{live: rest.live, change: Change{
			Action: ActionDelete, Connection: key, ID: rest.live.ID, DataSource: rest.live.DataSource,
			Reason: "owned by this project and no longer declared",
		}}
		d.change.Refused = a.refuseDelete(rest.live)
		if d.change.Refused == "" && rest.elsewhere {
			d.change.Refused = a.mayBeCreated(rest.live)
		}
		a.decisions = append(a.decisions, d)
	}
}

// refuseDelete says why a live connection may not be deleted.
func (a *analysis) refuseDelete(live *connection.Live) string {
	switch {
	case live.Unreadable != "":
		return "it cannot be read: " + live.Unreadable
	case live.Mark.Protected:
		return "it is protected by preventDestroy: declare it again with lifecycle.preventDestroy: false first"
	case len(a.in.Snapshot.Incomplete) > 0:
		return "nothing is deleted while the tenant's list is incomplete"
	}
	return ""
}

// mayBeCreated says why a connection is not deleted whose record is of another key than its
// own: what this plan creates may be that connection under a new name. Empty: nothing is
// created that it could be.
func (a *analysis) mayBeCreated(live *connection.Live) string {
	for _, d := range a.decisions {
		if d.change.Action == ActionCreate && d.change.DataSource == live.DataSource {
			return fmt.Sprintf("its key record is of another name or space, and it may be what this plan creates as %q: add a moved block from %q, or plan again after the create", d.change.Connection, live.Key)
		}
	}
	return ""
}

// repair deletes what an interrupted recreate left behind.
func (a *analysis) repair(rest *leftover) {
	live := rest.live
	a.decisions = append(a.decisions, &decision{live: live, repair: true, needless: rest.needless, of: rest.of, change: Change{
		Action: ActionDelete, Connection: live.Key, ID: live.ID, DataSource: live.DataSource,
		Reason: "left behind by an interrupted recreate", Refused: a.refuseDelete(live),
	}})
}
