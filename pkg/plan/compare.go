package plan

import (
	"cmp"
	"maps"
	"slices"

	"github.com/qlsync/qlsync/internal/jsonpointer"
	"github.com/qlsync/qlsync/internal/match"
	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// staleness explains the renewal of a key record, if one is renewed.
func (d *difference) staleness() connection.Reason {
	if !d.shows("/keyRecord") {
		return connection.Reason{}
	}
	return connection.Because("record-of-another-key")
}

func (d *difference) shows(path string) bool {
	return slices.ContainsFunc(d.fields, func(f Field) bool { return f.Path == path })
}

// content reports whether something differs besides the ownership record.
func (d *difference) content() bool { return len(d.fields) > 0 }

// compare finds the fields in which a live connection differs. Only what is
// declared is compared.
func (a *analysis) compare(p *match.Pair) *difference {
	d := &difference{set: map[string]any{}, hidden: map[string]any{}, owner: p.OwnerDiffers()}
	for _, part := range []struct{ path, before, after string }{
		{"/space", p.Live.Key.Space, p.Key.Space},
		{"/name", p.Live.Key.Name, p.Key.Name},
		{"/dataSource", p.Live.DataSource, p.DataSource},
	} {
		if part.before != part.after {
			d.add(part.path, part.before, part.after)
		}
	}
	if d.owner {
		d.add("/owner", a.UserName(p.Live.OwnerID), a.UserName(p.TenantOwner))
	}
	a.compareTags(p, d)
	a.compareProperties(p, d)
	a.assess(p, d)
	a.compareCredentials(p, d)
	if d.recreate = a.mustRecreate(p, d); d.recreate.Holds() {
		d.writeCredentials(p.Credentials, connection.Because("recreate-carries-credentials"))
	}
	if p.Live.Record.Project == a.in.Project {
		a.compareRecord(p, d)
	}
	if d.demands.Carries.Holds() && (d.content() || p.Live.Record.Project == "") {
		d.alone, d.carried = !d.content(), !d.credentials && len(p.Credentials) > 0
		d.writeCredentials(p.Credentials, a.named(d.demands.Carries))
	}
	return d
}

// compareRecord compares what our ownership record records.
func (a *analysis) compareRecord(p *match.Pair, d *difference) {
	if d.pending = p.Live.Record.Pending; d.pending {
		d.add("/effective", false, true)
	}
	if !a.in.Snapshot.Capabilities.NoRecords {
		a.compareRecorded(p, d)
		a.compareNotSensitive(p, d)
	}
}

// assess asks the provider what the service demands of the change.
func (a *analysis) assess(p *match.Pair, d *difference) {
	difference := a.Difference(p.Target, p.Live)
	difference.Set, difference.Remove = d.set, d.remove
	if d.owner {
		difference.Owner = p.TenantOwner
	}
	d.demands = a.in.Rules.Assess(difference)
	maps.Copy(d.set, d.demands.Set)
}

func (d *difference) add(path string, before, after any) {
	d.fields = append(d.fields, Field{Path: path, Before: before, After: after})
}

func (a *analysis) compareTags(p *match.Pair, d *difference) {
	if p.Tags == nil || p.Lifecycle.Ignores("tags", "") {
		return
	}
	want := slices.Sorted(slices.Values(p.Tags))
	if !slices.Equal(want, p.Live.Tags) {
		d.tags = true
		d.add("/tags", toList(p.Live.Tags), toList(want))
	}
}

// compareProperties compares each declared property in its normal form.
func (a *analysis) compareProperties(p *match.Pair, d *difference) {
	for _, name := range slices.Sorted(maps.Keys(p.Properties)) {
		if !p.Lifecycle.Ignores("properties", name) {
			a.compareProperty(p, d, name)
		}
	}
}

// compareProperty compares one property. One that is missing live is a difference unless its
// value is the schema's default.
func (a *analysis) compareProperty(p *match.Pair, d *difference, name string) {
	property := p.Source.Properties[name]
	path := "/properties/" + jsonpointer.Escape(name)
	want := a.in.Rules.Normalize(property, p.Properties[name])
	have, present := p.Live.Properties[name]
	have = a.in.Rules.Normalize(property, have)
	isDefault := func(value any) bool {
		return property.HasDefault && connection.Equal(a.in.Rules.Normalize(property, property.Default), value)
	}
	switch {
	case slices.Contains(p.Live.WriteOnlyProperties, name):
		if want != nil {
			d.hidden[name] = want
		}
	case want == nil:
		if present && !isDefault(have) {
			d.remove = append(d.remove, name)
			d.add(path, have, nil)
		}
	case !present:
		if !isDefault(want) && !slices.Contains(p.Lifecycle.Unreadable, name) {
			d.set[name] = want
			d.add(path, nil, a.StoredName(property, want))
		}
	case !connection.EqualBy(p.Lifecycle.Compare, name, want, have):
		d.set[name] = want
		d.add(path, a.StoredName(property, have), a.StoredName(property, want))
	}
}

// compareRecorded compares what the ownership record alone has: the key, the protection, and what
// was declared sensitive. A name that is not recorded yet is worth a write, since nothing
// else hides the value once a file no longer says so; one that is no longer declared
// stays until the next write.
func (a *analysis) compareRecorded(p *match.Pair, d *difference) {
	// Where a write replaces everything, a record is no reason to lose what is not declared.
	d.record = p.Stale && len(d.demands.Loses) == 0
	if d.record && p.Live.Key == p.Key { // what moves gets its record on its way
		d.add("/keyRecord", p.Live.Record.Key, a.Places.Record(p.Key))
	}
	if want := p.Lifecycle.PreventDestroy; want != nil && *want != p.Live.Record.Protected {
		d.protection = true
		d.add("/lifecycle/preventDestroy", p.Live.Record.Protected, *want)
	}
	d.sensitive = d.addUnrecorded("/sensitive", slices.Compact(slices.Sorted(slices.Values(p.Sensitive))), p.Live.Record.Redacts)
}

// addUnrecorded adds a field for names that an ownership record should record, and reports whether one
// of them is not recorded. The field shows those that are recorded, and all that should be.
func (d *difference) addUnrecorded(path string, names []string, isRecorded func(name string) bool) bool {
	recorded := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !isRecorded(name) })
	if len(recorded) == len(names) {
		return false
	}
	var before any
	if len(recorded) > 0 {
		before = toList(recorded)
	}
	d.add(path, before, toList(names))
	return true
}

// compareCredentials asks the ownership record: the service never shows a credential. It may demand that a
// change carries all of them.
func (a *analysis) compareCredentials(p *match.Pair, d *difference) {
	switch {
	case d.demands.Credentials.Holds():
		d.writeCredentials(p.Credentials, a.named(d.demands.Credentials))
	case len(p.Credentials) == 0:
	case p.Lifecycle.Ignores("credentials", ""):
		if a.wereTakenAway(p) {
			d.writeCredentials(p.Credentials, connection.Because("no-credentials-there"))
		}
	case p.Live.Record.Credentials == "" && !p.Live.HasCredentials && !p.Live.PerUserCredentials:
		d.writeCredentials(p.Credentials, connection.Because("no-credentials-there"))
	default:
		if due := a.credentialsDue(p); due.Holds() {
			d.writeCredentials(p.Credentials, due)
		}
	}
}

// wereTakenAway reports whether a change of owner that was interrupted has taken away the credentials
// that the files ignore from then on: the declared owner has the connection, and what is recorded was
// written for another one. That the tenant shows none is no reason, because it may never show any,
// and somebody may have typed them in.
func (a *analysis) wereTakenAway(p *match.Pair) bool {
	live := p.Live
	if live.HasCredentials || live.PerUserCredentials || p.TenantOwner == "" || p.TenantOwner != live.OwnerID || !a.credentialsDue(p).Holds() {
		return false
	}
	for owner := range a.Users {
		if !connection.CredentialsDue(live.Record.Credentials, p.CredentialsRecord(owner)).Holds() {
			return true
		}
	}
	return !connection.CredentialsDue(live.Record.Credentials, p.CredentialsRecord(a.in.Snapshot.Caller.ID)).Holds()
}

// credentialsDue says why the credentials must be written again, by what is recorded of them.
// Where the service does not say who owns the connection, and it has credentials, a record for
// the caller also fits, as a create writes it, and one for the declared owner: one recreate or
// change of owner would follow another for ever. Empty: they need not be written.
func (a *analysis) credentialsDue(p *match.Pair) connection.Reason {
	recorded := p.Live.Record.Credentials
	due := connection.CredentialsDue(recorded, p.CredentialsRecord(p.Live.OwnerID))
	if p.Live.OwnerID != "" || !p.Live.HasCredentials && !p.Live.PerUserCredentials {
		return due
	}
	for _, owner := range []string{a.in.Snapshot.Caller.ID, p.TenantOwner} {
		if !connection.CredentialsDue(recorded, p.CredentialsRecord(owner)).Holds() {
			return connection.Reason{}
		}
	}
	return due
}

// writeCredentials notes, once, that all declared credentials are to be written.
func (d *difference) writeCredentials(credentials map[string]any, why connection.Reason) {
	if len(credentials) == 0 || d.credentials {
		return
	}
	d.credentials, d.credentialsWhy = true, why
	d.addCredentials(credentials)
}

// mustRecreate returns why a patch cannot make the change; empty where it can.
func (a *analysis) mustRecreate(p *match.Pair, d *difference) connection.Reason {
	if d.demands.Recreate.Holds() {
		return a.named(d.demands.Recreate)
	}
	if a.updateOf(p.Target) == connection.UpdateRecreate && (len(d.set)+len(d.remove) > 0 || d.credentials && !a.handsOver(p, d)) {
		return connection.Because("update-recreate")
	}
	return connection.Reason{}
}

// handsOver reports whether the credentials are to be written only because a connection is given to
// another owner than the caller, or was given by a run that was interrupted, so that the tenant has
// none. That takes a patch in any case, also after a create.
func (a *analysis) handsOver(p *match.Pair, d *difference) bool {
	caller := a.in.Snapshot.Caller.ID
	if d.owner {
		return p.TenantOwner != caller && !connection.CredentialsDue(p.Live.Record.Credentials, p.CredentialsRecord(p.Live.OwnerID)).Holds()
	}
	return p.Live.OwnerID != caller && !p.Live.HasCredentials
}

// updateOf returns how properties and credentials of a connection are updated.
func (a *analysis) updateOf(t *targets.Target) string {
	return cmp.Or(t.Lifecycle.Update, a.in.Policy.Update)
}

func (d *difference) addCredentials(credentials map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(credentials)) {
		d.fields = append(d.fields, Field{Path: "/credentials/" + jsonpointer.Escape(name), Secret: true})
	}
}

func toList(items []string) []any {
	list := make([]any, len(items))
	for i, item := range items {
		list[i] = item
	}
	return list
}
