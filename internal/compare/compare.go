// Package compare finds in what a live connection differs from its declaration. It is the third stage
// of the planner:
//
//	match.Pair ──Compare──▶ Difference: fields for people, and what would have to be written
//
// Only what is declared is compared, in the normal form of the provider, which also says what the
// service demands of the difference. What the service never shows is compared by the ownership
// record. Nothing here decides what becomes of a difference. It is pure.
package compare

import (
	"maps"
	"slices"

	"github.com/qlsync/qlsync/internal/jsonpointer"
	"github.com/qlsync/qlsync/internal/match"
	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Comparer compares live connections with their declarations.
type Comparer struct {
	*targets.Tenant
	files *targets.Files
	rules connection.Rules
}

// New returns a comparer of the connections of a tenant.
func New(files *targets.Files, rules connection.Rules, tenant *targets.Tenant) *Comparer {
	return &Comparer{tenant, files, rules}
}

// Compare returns in what the live connection of a pair, which is not nil, differs from the declared
// one. Only what is declared is compared.
func (c *Comparer) Compare(p *match.Pair) *Difference {
	d := &Difference{Set: map[string]any{}, Hidden: map[string]any{}, Owner: p.OwnerDiffers()}
	for _, part := range []struct{ path, before, after string }{
		{"/space", p.Live.Key.Space, p.Key.Space},
		{"/name", p.Live.Key.Name, p.Key.Name},
		{"/dataSource", p.Live.DataSource, p.DataSource},
	} {
		if part.before != part.after {
			d.add(part.path, part.before, part.after)
		}
	}
	if d.Owner {
		d.add("/owner", c.UserName(p.Live.OwnerID), c.UserName(p.TenantOwner))
	}
	c.compareTags(p, d)
	c.compareProperties(p, d)
	c.assess(p, d)
	c.compareCredentials(p, d)
	if d.Recreate = c.mustRecreate(p, d); d.Recreate.Holds() {
		d.WriteCredentials(p.Credentials, connection.Because("recreate-carries-credentials"))
	}
	if p.Live.Record.Project == c.files.Project {
		c.compareRecord(p, d)
	}
	if d.Demands.Carries.Holds() && (d.Content() || p.Live.Record.Project == "") {
		d.Alone, d.Carried = !d.Content(), !d.Credentials && len(p.Credentials) > 0
		d.WriteCredentials(p.Credentials, c.Named(d.Demands.Carries))
	}
	return d
}

// compareRecord compares what our ownership record records.
func (c *Comparer) compareRecord(p *match.Pair, d *Difference) {
	if d.Pending = p.Live.Record.Pending; d.Pending {
		d.add("/effective", false, true)
	}
	if !c.Snapshot.Capabilities.NoRecords {
		c.compareRecorded(p, d)
		c.compareNotSensitive(p, d)
	}
}

// assess asks the provider what the service demands of the change.
func (c *Comparer) assess(p *match.Pair, d *Difference) {
	difference := c.Difference(p.Target, p.Live)
	difference.Set, difference.Remove = d.Set, d.Remove
	if d.Owner {
		difference.Owner = p.TenantOwner
	}
	d.Demands = c.rules.Assess(difference)
	maps.Copy(d.Set, d.Demands.Set)
}

// compareTags compares the tags as a set.
func (c *Comparer) compareTags(p *match.Pair, d *Difference) {
	if p.Tags == nil || p.Lifecycle.Ignores("tags", "") {
		return
	}
	want := slices.Sorted(slices.Values(p.Tags))
	if !slices.Equal(want, p.Live.Tags) {
		d.Tags = true
		d.add("/tags", toList(p.Live.Tags), toList(want))
	}
}

// compareProperties compares each declared property in its normal form.
func (c *Comparer) compareProperties(p *match.Pair, d *Difference) {
	for _, name := range slices.Sorted(maps.Keys(p.Properties)) {
		if !p.Lifecycle.Ignores("properties", name) {
			c.compareProperty(p, d, name)
		}
	}
}

// compareProperty compares one property. One that is missing live is a difference unless its
// value is the schema's default.
func (c *Comparer) compareProperty(p *match.Pair, d *Difference, name string) {
	property := p.Source.Properties[name]
	path := "/properties/" + jsonpointer.Escape(name)
	want := c.rules.Normalize(property, p.Properties[name])
	have, present := p.Live.Properties[name]
	have = c.rules.Normalize(property, have)
	isDefault := func(value any) bool {
		return property.HasDefault && connection.Equal(c.rules.Normalize(property, property.Default), value)
	}
	switch {
	case slices.Contains(p.Live.WriteOnlyProperties, name):
		if want != nil {
			d.Hidden[name] = want
		}
	case want == nil:
		if present && !isDefault(have) {
			d.Remove = append(d.Remove, name)
			d.add(path, have, nil)
		}
	case !present:
		if !isDefault(want) && !slices.Contains(p.Lifecycle.Unreadable, name) {
			d.Set[name] = want
			d.add(path, nil, c.StoredName(property, want))
		}
	case !connection.EqualBy(p.Lifecycle.Compare, name, want, have):
		d.Set[name] = want
		d.add(path, c.StoredName(property, have), c.StoredName(property, want))
	}
}

// compareRecorded compares the parts that the ownership record alone contains: the key, the
// protection, and the sensitive properties. An unrecorded sensitive name justifies a write, because
// only the record redacts the value once the files no longer declare it. A recorded name that is no
// longer declared remains until the next write.
func (c *Comparer) compareRecorded(p *match.Pair, d *Difference) {
	// Where a write replaces everything, a record alone does not justify the loss of what is not declared.
	d.Record = p.Stale && len(d.Demands.Loses) == 0
	if d.Record && p.Live.Key == p.Key { // what moves gets its record on its way
		d.add("/keyRecord", p.Live.Record.Key, c.Places.Record(p.Key))
	}
	if want := p.Lifecycle.PreventDestroy; want != nil && *want != p.Live.Record.Protected {
		d.Protection = true
		d.add("/lifecycle/preventDestroy", p.Live.Record.Protected, *want)
	}
	d.Sensitive = d.addUnrecorded("/sensitive", slices.Compact(slices.Sorted(slices.Values(p.Sensitive))), p.Live.Record.Redacts)
}

// compareCredentials asks the ownership record: the service never shows a credential. It may demand that a
// change carries all of them.
func (c *Comparer) compareCredentials(p *match.Pair, d *Difference) {
	switch {
	case d.Demands.Credentials.Holds():
		d.WriteCredentials(p.Credentials, c.Named(d.Demands.Credentials))
	case len(p.Credentials) == 0:
	case p.Lifecycle.Ignores("credentials", ""):
		if c.wereTakenAway(p) {
			d.WriteCredentials(p.Credentials, connection.Because("no-credentials-there"))
		}
	case p.Live.Record.Credentials == "" && !p.Live.HasCredentials && !p.Live.PerUserCredentials:
		d.WriteCredentials(p.Credentials, connection.Because("no-credentials-there"))
	default:
		if due := c.credentialsDue(p); due.Holds() {
			d.WriteCredentials(p.Credentials, due)
		}
	}
}

// wereTakenAway reports whether a change of owner that was interrupted has taken away the credentials
// that the files ignore from then on: the declared owner has the connection, and what is recorded was
// written for another one. That the tenant shows none does not count, because it may never show any,
// and somebody may have typed them in.
func (c *Comparer) wereTakenAway(p *match.Pair) bool {
	live := p.Live
	if live.HasCredentials || live.PerUserCredentials || p.TenantOwner == "" || p.TenantOwner != live.OwnerID || !c.credentialsDue(p).Holds() {
		return false
	}
	for owner := range c.Users {
		if !connection.CredentialsDue(live.Record.Credentials, p.CredentialsRecord(owner)).Holds() {
			return true
		}
	}
	return !connection.CredentialsDue(live.Record.Credentials, p.CredentialsRecord(c.Snapshot.Caller.ID)).Holds()
}

// credentialsDue says why the credentials must be written again, by what is recorded of them.
// Where the service does not say who owns the connection, and it has credentials, a record for
// the caller also fits, as a create writes it, and one for the declared owner: one recreate or
// change of owner would follow another for ever. Empty: they need not be written.
func (c *Comparer) credentialsDue(p *match.Pair) connection.Reason {
	recorded := p.Live.Record.Credentials
	due := connection.CredentialsDue(recorded, p.CredentialsRecord(p.Live.OwnerID))
	if p.Live.OwnerID != "" || !p.Live.HasCredentials && !p.Live.PerUserCredentials {
		return due
	}
	for _, owner := range []string{c.Snapshot.Caller.ID, p.TenantOwner} {
		if !connection.CredentialsDue(recorded, p.CredentialsRecord(owner)).Holds() {
			return connection.Reason{}
		}
	}
	return due
}

// mustRecreate returns why a patch cannot make the change; empty where it can.
func (c *Comparer) mustRecreate(p *match.Pair, d *Difference) connection.Reason {
	if d.Demands.Recreate.Holds() {
		return c.Named(d.Demands.Recreate)
	}
	if c.files.UpdateOf(p.Desired) == connection.UpdateRecreate && (len(d.Set)+len(d.Remove) > 0 || d.Credentials && !c.handsOver(p, d)) {
		return connection.Because("update-recreate")
	}
	return connection.Reason{}
}

// handsOver reports whether the credentials are to be written only because a connection is given to
// another owner than the caller, or was given by a run that was interrupted, so that the tenant has
// none. That takes a patch in any case, also after a create.
func (c *Comparer) handsOver(p *match.Pair, d *Difference) bool {
	caller := c.Snapshot.Caller.ID
	if d.Owner {
		return p.TenantOwner != caller && !connection.CredentialsDue(p.Live.Record.Credentials, p.CredentialsRecord(p.Live.OwnerID)).Holds()
	}
	return p.Live.OwnerID != caller && !p.Live.HasCredentials
}

// HasProperties reports whether a live connection has the properties of a target.
func (c *Comparer) HasProperties(live *connection.Live, t *targets.Target) bool {
	d := &Difference{Set: map[string]any{}, Hidden: map[string]any{}}
	c.compareProperties(&match.Pair{Target: t, Live: live}, d)
	return !d.Content()
}

// compareNotSensitive compares the record of what is not sensitive. A name that is not
// recorded yet is worth a write, since the live value is hidden until then; one that is no
// longer declared stays until the next write.
func (c *Comparer) compareNotSensitive(p *match.Pair, d *Difference) {
	d.NotSensitive = d.addUnrecorded("/notSensitive", c.Lifted(p.Target, p.Live), func(name string) bool {
		return p.Live.Record.Lifts(c.files.Project, name)
	})
}

// Lifted lists, sorted, what of [connection.Desired.NotSensitive] a write records on a
// connection: only names whose live value is what the files show once the write is done.
// Otherwise the record would uncover a value that nobody has declared. Live is nil where the
// write creates the connection.
func (c *Comparer) Lifted(t *targets.Target, live *connection.Live) []string {
	var names []string
	for _, name := range t.NotSensitive {
		value := t.Properties[name]
		if value == nil || slices.Contains(t.Sensitive, name) || t.Lifecycle.Ignores("properties", name) {
			continue
		}
		if live != nil && !live.Record.Lifts(c.files.Project, name) && !c.showsNothingElse(t, live, name) {
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// showsNothingElse reports whether an update leaves nothing hidden in a property that the
// files do not declare: it writes the whole value, or there is no secret in the live one.
func (c *Comparer) showsNothingElse(t *targets.Target, live *connection.Live, name string) bool {
	property := t.Source.Properties[name]
	have := c.rules.Normalize(property, live.Properties[name])
	kept := connection.EqualBy(t.Lifecycle.Compare, name, c.rules.Normalize(property, t.Properties[name]), have)
	return !slices.Contains(live.WriteOnlyProperties, name) && (len(connection.Secrets(have)) == 0 || !kept)
}

// Created lists what a new connection will have, with these properties.
func (c *Comparer) Created(t *targets.Target, properties map[string]any) []connection.Field {
	d := &Difference{Fields: make([]connection.Field, 0, 2+len(properties)+len(t.Credentials))}
	if t.TenantOwner != "" {
		d.add("/owner", nil, c.UserName(t.TenantOwner))
	}
	if len(t.Tags) > 0 {
		d.add("/tags", nil, toList(slices.Sorted(slices.Values(t.Tags))))
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		d.add("/properties/"+jsonpointer.Escape(name), nil, c.StoredName(t.Source.Properties[name], properties[name]))
	}
	d.addCredentials(t.Credentials)
	return d.Fields
}
