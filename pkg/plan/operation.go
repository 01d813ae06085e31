package plan

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/qlsync/qlsync/pkg/connection"
)

// node is one operation in the graph.
type node struct {
	operation connection.Operation
	decision  *decision
	// takes and frees are the keys that the operation occupies and gives up.
	takes, frees *connection.Key
	needs        []*node // must have succeeded before
	// created is the operation whose connection this one is about; nil where the
	// id is known.
	created *node
	advice  string // what to do if the service refuses it
	// group is the group whose step this is part of; nil: none. leads reports that it comes
	// before the group, and creates what that needs.
	group *group
	leads bool
	// urgent marks what brings back a name that is missing.
	urgent bool
	task   int // its index among the scheduled ones
	id     int // see [Item.ID]
}

// group is operations that must not be separated.
type group struct{ undo *connection.Operation }

// ownerAfter gives who is to own what is made anew: the caller, where nobody is
// declared.
func (a *analysis) ownerAfter(t *target, old *connection.Live) string {
	owner := t.ownerID
	if old != nil && t.Lifecycle.Ignores("owner", "") {
		owner = old.OwnerID
	}
	return cmp.Or(owner, a.in.Snapshot.Caller.ID)
}

// mark is what will be known of the connection afterwards. Credentials are
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

// movedMark is the mark of what stands at a key on a cycle of moved blocks: that
// it has gone round; and of what was made anew, as long as the old one is there: the
// next run must know what that is. Elsewhere there is none.
func (a *analysis) movedMark(key connection.Key, live *connection.Live) string {
	if from, ok := a.moves.cycle[key]; ok {
		return a.places.Record(from)
	}
	if live != nil && slices.ContainsFunc(a.leftovers, func(rest leftover) bool {
		return rest.recreated && a.places.Fits(live.Mark.Moved, rest.live.Key)
	}) {
		return live.Mark.Moved
	}
	return ""
}

func (t *target) credentialsMark(ownerID string) string {
	return connection.CredentialsMark(t.CredentialsVersion, t.Credentials, ownerID)
}

// spare gives the key, or one like it at which nothing stands.
func (o *orderer) spare(key connection.Key) connection.Key {
	name := key.Name
	for i := 2; !o.reserve(key); i++ {
		key.Name = name + "-" + strconv.Itoa(i)
	}
	return key
}

// reserve takes a key for the moment between two calls; it reports false when
// something stands there that does not leave at any time, now or at the end, or passes
// through as well.
func (o *orderer) reserve(key connection.Key) bool {
	_, leadsAway := o.analysis.moves.away[key]
	if o.live[key] != nil && !o.needless[key] || o.declared[key] || o.passed[key] || leadsAway {
		return false
	}
	o.passed[key] = true
	return true
}
