package plan

import (
	"github.com/qlsync/qlsync/internal/schedule"
	"github.com/qlsync/qlsync/pkg/connection"
)

// The values that one stage of the planner passes to the next.

// target is a declared connection whose names have been looked up in the tenant.
type target struct {
	*connection.Desired
	key     connection.Key
	space   connection.Space
	ownerID string                 // empty: not declared
	source  *connection.DataSource // never nil; empty where the tenant has none
	// lacks says which stored credentials the tenant does not have; empty: none.
	lacks connection.Reason
	// selects is the property that selects them.
	selects string
}

// credentialsRecord returns what is recorded of the declared credentials once the user owns the
// connection; see [connection.CredentialsRecord].
func (t *target) credentialsRecord(ownerID string) string {
	return connection.CredentialsRecord(t.CredentialsVersion, t.Credentials, ownerID)
}

// resolved is what resolve found: the declared connections with what their names mean in the tenant.
type resolved struct {
	*tenant
	targets  []*target // by key
	declared map[connection.Key]*target
	inScope  map[string]bool // names of the spaces whose connections matter
	disabled map[string]bool // data sources with which nothing can be made or changed
	problems []problem
}

// problem is a mistake in the files that only the tenant shows.
type problem struct {
	position connection.Position
	reason   connection.Reason
}

// remark is something that a reader of the plan should know and that stops nothing.
type remark struct {
	about  *connection.Key // nil: no single connection
	reason connection.Reason
}

// moves is what the moved blocks mean for this tenant. Blocks may stay in the files for ever, so
// most of them lead from keys and to keys at which there is nothing.
type moves struct {
	away map[connection.Key]connection.Key   // the key to which the block of a key leads
	into map[connection.Key][]connection.Key // the keys whose blocks lead to a key, sorted
	// target is, for live and declared keys, the first declared key to which the blocks lead.
	target map[connection.Key]connection.Key
	// end is the last key of the blocks of a live connection that lead to no declared key.
	end map[connection.Key]connection.Key
	// sources are the live keys that have a declared key as their target, sorted.
	sources map[connection.Key][]connection.Key
	// cycle holds the declared keys that are on a cycle of targets, each with the key before it.
	cycle map[connection.Key]connection.Key
	// unseen holds the ends of blocks that are in a space which the token cannot see.
	unseen   map[connection.Key]connection.SpaceRef
	declared map[connection.Key]*target
}

// pair is a declared connection and the live connection that it is. Live is nil where there is
// none.
type pair struct {
	*target
	live *connection.Live
	// tried is what an interrupted recreate has tried out before it deleted the old connection;
	// nil: nothing.
	tried *connection.Live
	// trouble is why it is not clear which live connection is meant.
	trouble connection.Reason
	// because says how the live connection was found where it is at another key.
	because connection.Reason
	// missed reports that no connection has the declared name, and apps look for it.
	missed bool
	// stale reports that the record of the live connection is of another key, which no moved block
	// explains: after a rename of its space, a moved block that was removed, or by hand. Without a
	// record that fits it would never be deleted. A missing record is written with the next change.
	stale bool
}

// fate is what becomes of a leftover.
type fate int

const (
	fateForeign    fate = iota // nobody's, or another project's: it stays
	fateKept                   // ours, and it stays for a reason
	fateFinished               // left by a recreate that was interrupted: its delete ends the recreate
	fateUndeclared             // ours, and no longer declared: policy.prune says what becomes of it
)

// leftover is a live connection that is no declared one.
type leftover struct {
	live *connection.Live
	fate fate
	kept connection.Reason // of what is [fateKept]
	// of is, of one that is [fateFinished], the key that was recreated; obsolete reports that the
	// connection is a new one, and that the one which it was to replace is at its key.
	of       connection.Key
	obsolete bool
	// elsewhere reports that its record is of another key, which moved blocks explain.
	elsewhere bool
	// recreated reports that it was to be moved, and a recreate of it is at the new key.
	recreated bool
	// released reports that the files lift the protection of what a recreate has replaced.
	released bool
}

// matched is what match found: for every target its live connection, and what is left over.
type matched struct {
	moves     moves
	pairs     []pair // by key
	leftovers []leftover
	// begun holds the new connections that interrupted recreates have left next to those that they
	// were to replace, by key.
	begun map[connection.Key]*connection.Live
	// recreated holds the records of the keys from which a connection was to be moved, and
	// was recreated instead.
	recreated map[string]bool
	// apart holds the declared keys to which something comes while moved blocks lead on from there
	// to another declared key at which nothing stays, with that key.
	apart    map[connection.Key]connection.Key
	problems []problem
	// remarks are about what is created because nothing is seen where its moved blocks come from.
	remarks []remark
}

// difference is what differs between a declared connection and its live one, and
// what would have to be written.
type difference struct {
	fields []Field
	set    map[string]any // properties, in the form that is sent
	remove []string
	// credentials reports whether they must be written, credentialsWhy is why.
	credentials    bool
	credentialsWhy string
	tags           bool
	owner          bool
	protection     bool
	sensitive      bool
	notSensitive   bool // a name to be lifted is not recorded yet
	record         bool // the key record is of another key
	// demands is what the service demands of the change.
	demands connection.Demands
	// pending reports whether the last write is not in effect.
	pending bool
	// carried reports whether the credentials are written only because every write must
	// carry them, alone whether nothing else differs.
	carried, alone bool
	// hidden are declared properties that cannot be compared.
	hidden map[string]any
	// recreate says why only a recreate can make the change; empty where it need not.
	recreate string
}

// decision is a change together with what it takes to carry it out.
type decision struct {
	change Change
	target *target // nil for a delete
	live   *connection.Live
	tried  *connection.Live // see [pair]
	diff   *difference      // nil for a create or a delete
	missed bool             // apps look for the declared name in vain
	// begun is the new one of a recreate that was interrupted, if this one goes on with it.
	begun *connection.Live
	// repair marks the delete of what an interrupted recreate left behind, obsolete of
	// that a new one that nothing will come to need.
	repair, obsolete bool
	of               connection.Key // the key that was recreated
	// signIn is the credential that is the code of a person's sign-in; todo says what
	// to do with it.
	signIn, todo string
	// viaTemporary lets the connection go to its key by a temporary name.
	viaTemporary bool
}

// analysis is what the comparison of files and tenant found, before it becomes a
// plan or a drift report.
type analysis struct {
	in Input
	resolved
	matched
	messages  connection.Messages
	problems  connection.Problems
	noted     map[string]bool // the texts of the problems
	decisions []*decision     // what is to change, by key
	unchanged int
	rotations []*decision // writes of credentials apart from the changes, by key
	compared  []Compared
	asked     map[connection.Key]bool // whose credentials are to be written again
	omitted   int                     // changes that were left out
	warnings  []Warning
}

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
type group struct {
	undo *connection.Operation
	does string // in words
}

// orderer is the operations of decisions, and their order.
type orderer struct {
	analysis     *analysis
	capabilities *connection.Capabilities
	passed       map[connection.Key]bool // keys at which a connection stands between two calls
	obsolete     map[connection.Key]bool // keys of what is deleted at any time
	nodes        []*node
	// scheduled is the nodes in order.
	scheduled *schedule.Schedule
}
