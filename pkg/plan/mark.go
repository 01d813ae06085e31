package plan

import (
	"cmp"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// ownerAfter returns who is to own what is created or recreated: the caller, where no owner is
// declared.
func (a *analysis) ownerAfter(t *target, old *connection.Live) string {
	owner := t.ownerID
	if old != nil && t.Lifecycle.Ignores("owner", "") {
		owner = old.OwnerID
	}
	return cmp.Or(owner, a.in.Snapshot.Caller.ID)
}

// mark returns the ownership record of the connection after the change. Credentials are
// recorded when they are written, and as a baseline when nothing is recorded; that
// none are declared is recorded too, so that those which are added later count as
// a change.
func (a *analysis) mark(t *target, live *connection.Live, written bool) *connection.Mark {
	mark := &connection.Mark{
		Project: a.in.Project, Key: a.places.Record(t.key), Moved: a.movedMark(t.key, live),
		Sensitive: connection.SensitiveMark(t.Sensitive), NotSensitive: connection.NotSensitiveMark(a.lifted(t, live)),
	}
	owner := a.in.Snapshot.Caller.ID
	if live != nil {
		mark.Credentials, mark.Protected = live.Mark.Credentials, live.Mark.Protected
		owner = live.OwnerID
		if t.ownerID != "" && !t.Lifecycle.Ignores("owner", "") {
			owner = t.ownerID
		}
	}
	if len(t.Credentials) > 0 && written || mark.Credentials == "" {
		mark.Credentials = t.credentialsMark(owner)
	}
	mark.Fingerprint = a.fingerprint(t, live, written)
	if protect := t.Lifecycle.PreventDestroy; protect != nil {
		mark.Protected = *protect
	}
	return mark
}

// movedMark is the record from where a connection has come: at a key on a cycle of moved blocks,
// and of what was recreated at another key, as long as the old one is there. The next run must know
// what that is. Elsewhere there is none.
func (a *analysis) movedMark(key connection.Key, live *connection.Live) string {
	if from, ok := a.moves.cycle[key]; ok {
		return a.places.Record(from)
	}
	if to, ok := a.apart[key]; ok {
		return a.places.Apart(to)
	}
	if live != nil && a.recreated[live.Mark.Moved] {
		return live.Mark.Moved
	}
	return ""
}

func (t *target) credentialsMark(ownerID string) string {
	return connection.CredentialsMark(t.CredentialsVersion, t.Credentials, ownerID)
}

// fingerprint returns what is recorded of the values: of those that are written, what
// is known; of those that are there already, what the connection has recorded or, where
// that says nothing, a baseline.
func (a *analysis) fingerprint(t *target, live *connection.Live, written bool) string {
	known, ok := a.in.Fingerprints[t.key]
	switch {
	case len(t.Credentials) > 0 && written:
		return known.Fresh
	case ok && known.Unknown && !a.asked[t.key]:
		return known.Fresh
	case live != nil:
		return live.Mark.Fingerprint
	}
	return ""
}

// lifted lists, sorted, what of [connection.Desired.NotSensitive] a write records on a
// connection: only names whose live value is what the files show once the write is done.
// Otherwise the record would uncover a value that nobody has declared. Live is nil where the
// write creates the connection.
func (a *analysis) lifted(t *target, live *connection.Live) []string {
	var names []string
	for _, name := range t.NotSensitive {
		value := t.Properties[name]
		if value == nil || slices.Contains(t.Sensitive, name) || t.Lifecycle.Ignores("properties", name) {
			continue
		}
		if live != nil && !live.Mark.Lifts(a.in.Project, name) && !a.showsNothingElse(t, live, name) {
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
