package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"

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
	sum := sha256.Sum256([]byte(connection.Canonical(saw)))
	return Seen{Connection: live.Key, ID: live.ID, Digest: "sha256:" + hex.EncodeToString(sum[:16])}
}

// declares is a digest of what a declaration says and the fields do not show.
func declares(t *target) string {
	protection := "-"
	if want := t.Lifecycle.PreventDestroy; want != nil {
		protection = strconv.FormatBool(*want)
	}
	sum := sha256.Sum256([]byte(t.credentialsMark(t.ownerID) + " " + protection))
	return "sha256:" + hex.EncodeToString(sum[:16])
}

// hash is over what will change and what it was seen on: not over steps, costs,
// texts or the caller, so that the same decision has the same hash whoever makes
// it and however it is carried out.
func hash(p *Plan) string {
	changes := make([]any, len(p.Changes))
	for i, c := range p.Changes {
		fields := make([]any, len(c.Fields))
		for j, f := range c.Fields {
			fields[j] = map[string]any{"path": f.Path, "before": f.Before, "after": f.After, "secret": f.Secret}
		}
		changes[i] = map[string]any{
			"action": string(c.Action), "connection": c.Connection.String(), "id": c.ID,
			"dataSource": c.DataSource, "fields": fields, "declares": c.Declares, "refused": c.Refused != "",
		}
	}
	seen := make([]any, len(p.Seen))
	for i, s := range p.Seen {
		seen[i] = s.ID + " " + s.Digest
	}
	text := connection.Canonical(map[string]any{
		"format": p.Format, "project": p.Project, "tenant": p.Tenant.URL, "changes": changes, "seen": seen,
	})
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Stale tells what makes this plan another one than the reviewed: one line for
// each connection that differs. It is empty only when both have the same hash, and
// it is the hash of what the reviewed plan holds.
func (p *Plan) Stale(reviewed *Plan) []string {
	if p.Hash == reviewed.Hash && hash(reviewed) == reviewed.Hash {
		return nil
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
			lines = append(lines, key.String()+": the change is another one, or the connection has changed since")
		}
	}
	for key := range now {
		if _, ok := then[key]; !ok {
			lines = append(lines, key.String()+": changes now, and did not then")
		}
	}
	if len(lines) == 0 {
		lines = append(lines, "its hash does not belong to it: the file was changed")
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
