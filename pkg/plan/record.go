package plan

import (
	"cmp"

	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// ownerAfter returns who is to own what is created or recreated: the caller, where no owner is
// declared.
func (a *analysis) ownerAfter(t *targets.Target, old *connection.Live) string {
	owner := t.TenantOwner
	if old != nil && t.Lifecycle.Ignores("owner", "") {
		owner = old.OwnerID
	}
	return cmp.Or(owner, a.in.Snapshot.Caller.ID)
}

// mark returns the ownership record of the connection after the change. Credentials are
// recorded when they are written, and as a baseline when nothing is recorded; that
// none are declared is recorded too, so that those which are added later count as
// a change.
func (a *analysis) record(t *targets.Target, live *connection.Live, written bool) *connection.Record {
	record := &connection.Record{
		Project: a.in.Project, Key: a.Places.Record(t.Key), Moved: a.MovedRecord(t.Key, live),
		Sensitive: connection.SensitiveRecord(t.Sensitive), NotSensitive: connection.NotSensitiveRecord(a.comparer.Lifted(t, live)),
	}
	owner := a.in.Snapshot.Caller.ID
	if live != nil {
		record.Credentials, record.Protected = live.Record.Credentials, live.Record.Protected
		owner = live.OwnerID
		if t.TenantOwner != "" && !t.Lifecycle.Ignores("owner", "") {
			owner = t.TenantOwner
		}
	}
	if len(t.Credentials) > 0 && written || record.Credentials == "" {
		record.Credentials = t.CredentialsRecord(owner)
	}
	record.Fingerprint = a.fingerprint(t, live, written)
	if protect := t.Lifecycle.PreventDestroy; protect != nil {
		record.Protected = *protect
	}
	return record
}

// fingerprint returns what is recorded of the values: of those that are written, what
// is known; of those that are there already, what the connection has recorded or, where
// that says nothing, a baseline.
func (a *analysis) fingerprint(t *targets.Target, live *connection.Live, written bool) string {
	known, ok := a.in.Fingerprints[t.Key]
	switch {
	case len(t.Credentials) > 0 && written:
		return known.Fresh
	case ok && known.Unknown && !a.asked[t.Key]:
		return known.Fresh
	case live != nil:
		return live.Record.Fingerprint
	}
	return ""
}
