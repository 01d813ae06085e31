package match

import (
	"github.com/qlsync/qlsync/internal/keyrecord"
	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Pair is a declared connection and the live connection that it is. Live is nil where there is
// none.
type Pair struct {
	*targets.Target
	Live *connection.Live
	// Tried is what an interrupted recreate has tried out before it deleted the old connection;
	// nil: nothing.
	Tried *connection.Live
	// Trouble is why it is not clear which live connection is meant.
	Trouble connection.Reason
	// Because says how the live connection was found where it is at another key.
	Because connection.Reason
	// Missed reports that no connection has the declared name, and apps look for it.
	Missed bool
	// Stale reports that the record of the live connection is of another key, which no moved block
	// explains: after a rename of its space, a moved block that was removed, or by hand. Without a
	// record that fits it would never be deleted. A missing record is written with the next change.
	Stale bool
}

// Found is what [Find] has found: a pair for each target, and what is left over.
type Found struct {
	Pairs     []Pair // sorted by key
	Leftovers []Leftover
	// Begun holds the new connections that interrupted recreates have left next to those that they
	// were to replace, by key.
	Begun map[connection.Key]*connection.Live
	// Problems are the moved blocks that end in a space which the token cannot see.
	Problems []targets.Problem
	// Remarks are about what is created because nothing is seen where its moved blocks come from.
	Remarks []targets.Remark

	keys  keyrecord.Spaces
	moves moves
	// recreated holds the records of the keys from which a connection was to be moved, and
	// was recreated instead.
	recreated map[string]bool
	// apart holds the declared keys to which something comes while moved blocks lead on from there
	// to another declared key at which nothing stays, with that key.
	apart map[connection.Key]connection.Key
}

// IsUnsupplied reports whether the files neither declare credentials nor allow to let them go.
func (p *Pair) IsUnsupplied() bool { return len(p.Credentials) == 0 && !p.Lifecycle.RecreateAllowed }

// isReleased reports whether the files say that the connection is not protected.
func (p *Pair) isReleased() bool {
	return p.Lifecycle.PreventDestroy != nil && !*p.Lifecycle.PreventDestroy
}

// OwnerDiffers reports whether a live connection must be given to the declared owner. Where
// the service does not say who owns it, the record of its credentials, which is over their
// owner, decides: after a change of owner it fits, so that none follows. Without a record
// nobody knows, and the owner stays.
func (p *Pair) OwnerDiffers() bool {
	switch {
	case p.TenantOwner == "" || p.TenantOwner == p.Live.OwnerID || p.Lifecycle.Ignores("owner", ""):
		return false
	case p.Live.OwnerID != "" || p.Live.Ownerless:
		return true
	case len(p.Credentials) == 0 || p.Lifecycle.Ignores("credentials", "") || p.Live.Record.Credentials == "":
		return false
	}
	return !connection.SameCredentials(p.Live.Record.Credentials, p.CredentialsRecord(p.TenantOwner))
}

// Fate is what becomes of a leftover.
type Fate int

// The fates.
const (
	Foreign    Fate = iota // no project owns it, or another one does: it stays
	Kept                   // this project owns it, and it stays for a reason
	Finished               // a recreate that was interrupted has left it: its delete ends the recreate
	Undeclared             // this project owns it, and it is no longer declared: policy.prune decides
)

// Leftover is a live connection in scope that is not a declared one.
type Leftover struct {
	Live *connection.Live
	Fate Fate
	// Kept is why a leftover that is [Kept] stays.
	Kept connection.Reason
	// Of is the key that was recreated, of a leftover that is [Finished]. Obsolete reports that the
	// leftover is the new connection of the recreate, and that the old one is still at its key.
	Of       connection.Key
	Obsolete bool
	// Elsewhere reports that its record is of another key, which moved blocks explain.
	Elsewhere bool
	// recreated reports that it was to be moved, and a recreate of it is at the new key.
	recreated bool
	// Released reports that the files lift the protection of what a recreate has replaced.
	Released bool
}

// MovedRecord returns the record from where a connection has come that is to be at the key: at a key
// on a cycle of moved blocks, and of what was recreated at another key, as long as the old one is
// there. The next run must know what that is. Elsewhere there is none. Live is nil for a new one.
func (found *Found) MovedRecord(key connection.Key, live *connection.Live) string {
	if from, ok := found.moves.cycle[key]; ok {
		return found.keys.Record(from)
	}
	if to, ok := found.apart[key]; ok {
		return found.keys.Apart(to)
	}
	if live != nil && found.recreated[live.Record.Moved] {
		return live.Record.Moved
	}
	return ""
}

// LeadsAway reports whether a moved block leads from the key.
func (found *Found) LeadsAway(from connection.Key) bool {
	_, leads := found.moves.away[from]
	return leads
}
