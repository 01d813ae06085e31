// Package plan decides what has to change and in which calls: it compares what
// the files declare with what a tenant holds and returns a [Plan], a value.
//
// It is pure. No I/O, no clock, no logging; the same input produces the same plan,
// byte for byte, in any order of files or maps. It knows no provider: the rules of
// the provider ([connection.Rules]) say what a service demands and refuses, and in
// which calls it does a change. It never sees a secret: credentials are references here.
//
// # The stages
//
//	declared ──resolve──▶ targets ─┐
//	                               ├─match──▶ pairs ──compare──▶ differences ──decide──▶ changes ──refuse──┐
//	live ──────────────────────────┘            └──▶ leftovers ──────────────prune──────────▶ deletes ─────┤
//	                                                                                                       │
//	steps ◀──pack── tasks ◀──order── operations ◀──derive── paths ◀──lower─────────────────────────────────┘
//
// The first three stages are packages of their own: internal/targets looks up the names in the files,
// internal/match finds which live connection each declared one is, and internal/compare finds in
// what the two differ. The other stages are files of this package.
//
//	decide: whose is it?     differs?   action
//	  ours                   yes        update, or move when its key differs,
//	                                    or recreate where the service demands it
//	  nobody's               no         adopt: only our record is written
//	  nobody's               yes        adopt where a policy says so, else refused
//	  another project's                 refused
//	  ours, not declared                delete where policy.prune says so
//
// The provider says which operations make a change: [connection.Rules].
//
// A refused change is part of the plan, with its reason and without steps, and so are
// the changes that depend on it. All others have steps.
package plan

import (
	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Format names the plan's JSON contract.
const Format = "qlsync.plan/v1"

// Input is all that a plan depends on.
type Input struct {
	Project string
	Tenant  Tenant
	Policy  connection.Policy
	Desired []connection.Desired
	Moves   []connection.Move
	// Prepared are the declared spaces.
	Prepared []connection.DesiredSpace
	// Spaces is what the project looks at; OnlyMoves the part of it that is there
	// because a move comes from it, and nothing else in it matters.
	Spaces    []connection.SpaceRef
	OnlyMoves []connection.SpaceRef
	Catalog   *connection.Catalog
	Snapshot  *connection.Snapshot
	// Taken is when the snapshot was taken (RFC 3339), if it comes from a file
	// and not from the tenant. Empty: it is fresh.
	Taken string
	// Only names the connections to plan for, with what they depend on. Empty: all.
	Only []connection.Key
	// Rotate names connections whose credentials are always written, regardless of their records.
	Rotate []connection.Key
	// Fingerprints holds, by declared key, what is known of the values behind the
	// references. What has no entry is not compared. Empty for a plan that is only to
	// be shown: values are read by apply alone.
	Fingerprints map[connection.Key]Fingerprint
	// Reviewed is a plan of before: what differs from it is refused, and the rest
	// goes on. Nil: nothing is compared.
	Reviewed *Plan
	// Rules is what the provider knows of its service.
	Rules connection.Rules
}

// Plan is what would change and how. It holds no secret and nothing volatile.
type Plan struct {
	Format  string `json:"format"`
	Hash    string `json:"hash"`
	Project string `json:"project"`
	Tenant  Tenant `json:"tenant"`
	Caller  string `json:"caller"` // id of the user whose token was used
	// Snapshot is the file that the plan was made from; nil: from the tenant.
	Snapshot *Source  `json:"snapshot,omitempty"`
	Changes  []Change `json:"changes"`
	// Rotations are writes of credentials, and of what is recorded of them, for
	// reasons that neither the files nor the tenant show. They are not in the hash.
	Rotations []Change `json:"rotations,omitempty"`
	Steps     []Step   `json:"steps"`
	Summary   Summary  `json:"summary"`
	// Estimate is what applying the plan costs.
	Estimate Estimate  `json:"estimate"`
	Warnings []Warning `json:"warnings"`
	// Reads says how the tenant was read; nil unless its list proved something. It is not in the hash.
	Reads *connection.ReadCounts `json:"reads,omitempty"`
	// Refusal says why nothing of the plan may be applied; empty when it may.
	Refusal *Refusal `json:"refusal,omitempty"`
	// Seen is what the plan saw of every live connection that it touches.
	Seen []Seen `json:"seen"`
	// Impact is what depends on the connections of the changes, as evidence: it is not in the hash.
	// Nil: it was not read.
	Impact *impact.Report `json:"impact,omitempty"`
	// Compared lists the connections whose values matter to [Input.Fingerprints].
	Compared []Compared `json:"-"`
}

// Tenant is where the plan would be applied.
type Tenant struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	// ID is the tenant's own id. Empty: unknown. It is not in the hash, because not every
	// caller may read it, and guards against a URL that leads elsewhere; see
	// [Tenant.IsAnother].
	ID string `json:"id,omitempty"`
}

// IsAnother reports whether two tenants are certainly not the same: both ids are known
// and differ.
func (t Tenant) IsAnother(other Tenant) bool { return t.ID != "" && other.ID != "" && t.ID != other.ID }

// Source is the file that a plan was made from.
type Source struct {
	Taken string `json:"taken"` // RFC 3339
}

// Action is what happens to one connection.
type Action string

// The actions.
const (
	ActionCreate   Action = "create"
	ActionAdopt    Action = "adopt"
	ActionUpdate   Action = "update"
	ActionMove     Action = "move"
	ActionRecreate Action = "recreate"
	ActionDelete   Action = "delete"
)

// Change is everything that is to happen to one connection.
type Change struct {
	Action     Action          `json:"action"`
	Connection connection.Key  `json:"connection"`
	From       *connection.Key `json:"from,omitempty"` // current key, if different
	ID         string          `json:"id,omitempty"`
	DataSource string          `json:"dataSource,omitempty"`
	Fields     []Field         `json:"fields,omitempty"`
	// Declares is a digest of what the fields do not show: the references and plain
	// parts of the credentials, and the protection.
	Declares string `json:"declares,omitempty"`
	// Reasons explain what the fields do not show.
	Reasons []connection.Reason `json:"reasons,omitempty"`
	// Manual says what a person has to do so that the change can be made, if anything.
	Manual connection.Reason `json:"-"`
	// Waits reports whether the change is not tried before that.
	Waits bool `json:"waits,omitempty"`
	// Refused is why the change will not be made; none when it will.
	Refused connection.Reason `json:"-"`
	// Position is where the connection is declared; nil for a delete.
	Position *connection.Position `json:"position,omitempty"`
	// At is [connection.Desired.PositionOf] of the declaration; nil for a delete, and
	// in a plan that was read from a file.
	At func(path string) connection.Position `json:"-"`
}

// Overwrites reports whether the change is an adoption that changes the connection.
func (c *Change) Overwrites() bool { return c.Action == ActionAdopt && len(c.Fields) > 0 }

// Field is one difference within a connection.
type Field = connection.Field

// Step is one call to the service, or, of kind recreate, a few in a row that are
// not to be separated.
type Step struct {
	ID          string                   `json:"id"`
	Kind        connection.OperationKind `json:"kind"`
	Connections []connection.Key         `json:"connections"`
	After       []string                 `json:"after"` // steps that come first
	// Calls is how many writes the step takes.
	Calls int `json:"calls"`
	// Does says what the step does; empty where its kind says it all.
	Does []connection.Reason `json:"does,omitempty"`
	// Urgent reports whether the step restores a missing name, or must come before one
	// that does. No other step is begun next to it.
	Urgent bool   `json:"-"`
	Items  []Item `json:"-"`
	// Grouped is how many of the last items are a [connection.Group], and Undo its undo. The
	// items before them create what the group needs. Zero: there is no group.
	Grouped int                   `json:"-"`
	Undo    *connection.Operation `json:"-"`
}

// Item is one operation of a step.
type Item struct {
	Operation connection.Operation
	// ID numbers the operations of the plan, from 0.
	ID int
	// Change is the index of the change that the operation belongs to: among the
	// changes of the plan, followed by its rotations.
	Change int
	// Needs lists the operations that must have succeeded.
	Needs []int
	// Creates names a data source of which every create of the plan must have
	// succeeded; empty: none must.
	Creates string
	// Created is the id of the operation that makes the connection which this one
	// is about; nil where the operation names the connection.
	Created *int
	// Advice says what to do if the service refuses the operation; may be none.
	Advice connection.Reason
	// Todo says what to do with the code of a sign-in; none where nobody signs in.
	Todo connection.Reason
}

// Summary counts the changes that will be made, by action, those that wait for a
// person, the refused ones, and the declared connections that need nothing.
type Summary struct {
	Create    int `json:"create"`
	Adopt     int `json:"adopt"`
	Update    int `json:"update"`
	Move      int `json:"move"`
	Recreate  int `json:"recreate"`
	Delete    int `json:"delete"`
	Unchanged int `json:"unchanged"`
	Manual    int `json:"manual,omitempty"`
	Refused   int `json:"refused"`
	// Omitted counts the changes that were left out because they were not selected.
	Omitted int `json:"omitted"`
	// Rotate and Record count the rotations that will be made, by action.
	Rotate int `json:"rotate,omitempty"`
	Record int `json:"record,omitempty"`
}

// Add adds up two summaries.
func (s Summary) Add(other Summary) Summary {
	return Summary{
		Create: s.Create + other.Create, Adopt: s.Adopt + other.Adopt, Update: s.Update + other.Update, Move: s.Move + other.Move,
		Recreate: s.Recreate + other.Recreate, Delete: s.Delete + other.Delete, Unchanged: s.Unchanged + other.Unchanged,
		Manual: s.Manual + other.Manual, Refused: s.Refused + other.Refused, Omitted: s.Omitted + other.Omitted,
		Rotate: s.Rotate + other.Rotate, Record: s.Record + other.Record,
	}
}

// Estimate is the cost of applying a plan.
type Estimate struct {
	// Tier1Calls counts the reads at most: reading everything again, and what steps read.
	Tier1Calls int `json:"tier1Calls"`
	Tier2Calls int `json:"tier2Calls"`
	// Seconds is the time that the rate limit imposes if its window is fresh when
	// the apply begins; SecondsMax if others have used it up.
	Seconds    int `json:"seconds"`
	SecondsMax int `json:"secondsMax"`
}

// Warning is something to know that stops nothing.
type Warning struct {
	Connection *connection.Key   `json:"connection,omitempty"`
	Reason     connection.Reason `json:"-"`
}

// Refusal says why a whole plan may not be applied.
type Refusal struct {
	Rule   string            `json:"rule"`
	Reason connection.Reason `json:"-"`
	// Next is the refusal by another rule, which holds after this one is lifted; may be nil.
	Next *Refusal `json:"-"`
}

// The rules that refuse a whole plan.
const (
	RuleMaxDeletes   = "maxDeletes"
	RuleEmpty        = "emptyDesiredSet"
	RuleMaxRecreates = "maxRecreates"
	RuleStale        = "stale"
)

// Seen is the precondition that a live connection has not changed since.
type Seen struct {
	Connection connection.Key `json:"connection"`
	ID         string         `json:"id"`
	Digest     string         `json:"digest"`
}

// Change returns the change with the index that [Item.Change] has: one of the changes
// of the plan, or one of its rotations behind them.
func (p *Plan) Change(i int) *Change {
	if i < len(p.Changes) {
		return &p.Changes[i]
	}
	return &p.Rotations[i-len(p.Changes)]
}

// Empty reports whether there is nothing to do, not even something refused.
func (p *Plan) Empty() bool { return len(p.Changes)+len(p.Rotations) == 0 }

// Fingerprint is what is known of the values of a connection's credentials.
type Fingerprint struct {
	// Fresh is what is recorded of them.
	Fresh string
	// Changed reports whether other values are recorded, Unknown whether nothing
	// comparable is recorded.
	Changed, Unknown bool
}

// Compared is a declared connection whose values matter to [Input.Fingerprints]:
// its credentials are written, or what is recorded of them is compared.
type Compared struct {
	Connection  connection.Key
	Credentials map[string]any // with references
	Recorded    string         // fingerprint; empty: none
}
