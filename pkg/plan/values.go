package plan

import (
	"github.com/qlsync/qlsync/internal/compare"
	"github.com/qlsync/qlsync/internal/match"
	"github.com/qlsync/qlsync/internal/schedule"
	"github.com/qlsync/qlsync/internal/spaces"
	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// The values that one stage of the planner passes to the next.

// decision is a change together with what it takes to carry it out.
type decision struct {
	change Change
	target *targets.Target // nil for a delete
	live   *connection.Live
	tried  *connection.Live    // see [match.Pair]
	diff   *compare.Difference // nil for a create or a delete
	missed bool                // no connection currently has the declared name
	// begun is the new one of a recreate that was interrupted, if this one goes on with it.
	begun *connection.Live
	// repair marks the delete of a leftover of an interrupted recreate; obsolete marks the delete of an
	// unused replacement.
	repair, obsolete bool
	of               connection.Key // the key that was recreated
	// signIn is the credential that is the code of a person's sign-in; todo says what
	// to do with it.
	signIn string
	todo   connection.Reason
	// viaTemporary lets the connection go to its key by a temporary name.
	viaTemporary bool
	// space is the declared space that the decision is about; nil for a connection.
	space *spaces.Change
}

// analysis is what the comparison of files and tenant found, before it becomes a
// plan or a drift report.
type analysis struct {
	in Input
	targets.Resolved
	match.Found
	comparer  *compare.Comparer
	problems  connection.Problems
	noted     map[string]bool // the problems
	decisions []*decision     // what is to change, by key
	spaces    []spaces.Change // of the declared spaces that are not as declared
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
	advice  connection.Reason // what to do if the service refuses it
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
	does connection.Reason
}

// orderer is the operations of decisions, and their order.
type orderer struct {
	analysis     *analysis
	capabilities *connection.Capabilities
	passed       map[connection.Key]bool // keys at which a connection is between two calls
	obsolete     map[connection.Key]bool // keys of what is deleted at any time
	nodes        []*node
	// scheduled is the nodes in order.
	scheduled *schedule.Schedule
}
