package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// see records what the plan knows of a live connection, as a digest.
func see(live *connection.Live) Seen {
	saw := map[string]any{
		"id": live.ID, "space": live.Key.Space, "name": live.Key.Name, "owner": live.OwnerID,
		"dataSource": live.DataSource, "tags": toList(live.Tags), "properties": live.Properties,
		"hasCredentials": live.HasCredentials, "separated": live.Separated, "unreadable": live.Unreadable != "",
		"mark": toList([]string{
			live.Mark.Project, live.Mark.Key, live.Mark.Credentials, live.Mark.Moved, live.Mark.Transit,
		}),
		"protected": live.Mark.Protected,
	}
	if live.Mark.Pending {
		saw["pending"] = true
	}
	return Seen{Connection: live.Key, ID: live.ID, Digest: digest(saw)}
}

// digest is over all of a value, in the form of canonical JSON: no two values have the same
// text, and all 256 bits are kept.
func digest(value any) string {
	sum := sha256.Sum256([]byte(connection.Canonical(value)))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// declares is a digest of what a declaration says and the fields do not show. It is not made
// from the record of the credentials, which has to fit into a tag and keeps 64 bits: so few
// that another declaration with the same record could be found.
func declares(t *target) string {
	said := map[string]any{"version": t.CredentialsVersion, "credentials": t.Credentials, "owner": t.ownerID, "protected": nil}
	if want := t.Lifecycle.PreventDestroy; want != nil {
		said["protected"] = *want
	}
	return digest(said)
}

// hashVersion is in the hash. It is raised whenever the hash of the same decision changes.
const hashVersion = 2

// hash is over what will change and what it was seen on: not over steps, costs,
// texts or the caller, so that the same decision has the same hash whoever makes
// it and however it is carried out.
func hash(p *Plan) string {
	changes, seen := make([]any, len(p.Changes)), make([]any, len(p.Seen))
	for i := range p.Changes {
		c := &p.Changes[i]
		changes[i] = hashed(c, map[string]any{"space": c.Connection.Space, "name": c.Connection.Name})
	}
	for i, s := range p.Seen {
		seen[i] = map[string]any{"id": s.ID, "digest": s.Digest}
	}
	return digest(map[string]any{
		"hash": hashVersion, "format": p.Format, "project": p.Project, "tenant": p.Tenant.URL, "changes": changes, "seen": seen,
	})
}

// hashed returns what is hashed of a change, with its key in the given form.
func hashed(c *Change, key any) any {
	fields := make([]any, len(c.Fields))
	for j, f := range c.Fields {
		fields[j] = map[string]any{"path": f.Path, "before": f.Before, "after": f.After, "secret": f.Secret}
	}
	return map[string]any{
		"action": string(c.Action), "connection": key, "id": c.ID, "dataSource": c.DataSource, "fields": fields, "declares": c.Declares, "refused": c.Refused != "",
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
