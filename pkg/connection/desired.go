package connection

// Desired is one connection as the files declare it for one tenant: defaults
// merged, variables filled in, secrets still references.
type Desired struct {
	Space      SpaceRef
	Name       string
	DataSource string
	// Owner is an e-mail address or a subject; OwnerID an id. Both empty: the
	// owner is not declared and not compared.
	Owner   string
	OwnerID string
	// Tags is the exact set of the user's tags. Nil: not declared, not compared.
	Tags []string
	// Properties holds what is declared, and only that is compared. A nil entry
	// must be absent from the live connection.
	Properties map[string]any
	// Credentials holds write-only parts, with [Reference] leaves where they are
	// secret. Nil: none are declared.
	Credentials map[string]any
	// UnknownAllowed accepts properties that the schema of the data source does not
	// know; each is a warning.
	UnknownAllowed bool
	// Sensitive names properties that are secrets although nothing else shows it: they
	// are under credentials, and their live values are hidden.
	Sensitive []string
	// NotSensitive names properties that are not secrets although a provider guesses so, by
	// their names or their values.
	NotSensitive []string
	// CredentialsVersion is bumped by hand to have the credentials written again.
	CredentialsVersion int
	Lifecycle          Lifecycle
	// At returns where the value at a path such as "/properties/region" is written,
	// or the closest thing around it; "" is the connection itself, and a "#" at the
	// end asks for the key instead of the value. It may be nil: use
	// [Desired.PositionOf].
	At func(path string) Position
}

// PositionOf returns the place in the files of the value at the path, or of the
// closest value around it.
func (d *Desired) PositionOf(path string) Position {
	if d.At == nil {
		return Position{}
	}
	return d.At(path)
}

// Lifecycle is what a file says about how its connection may be treated.
type Lifecycle struct {
	// PreventDestroy true protects, false lifts a protection; nil says nothing.
	PreventDestroy *bool
	// IgnoreChanges names what is not compared once the connection exists:
	// "tags", "owner", "credentials", "properties", or "properties.NAME".
	IgnoreChanges []string
	// Update is [UpdatePatch] or [UpdateRecreate]; empty: the policy's.
	Update string
	// RecreateAllowed lets a recreate go on although it loses something.
	RecreateAllowed bool
	// Adopt takes over a live connection that nobody owns although it differs.
	Adopt bool
	// Unreadable names properties that the service accepts and never returns.
	Unreadable []string
	// Compare says how properties are compared, by path: names joined by dots. What has no entry is
	// compared exactly.
	Compare map[string]Comparison
}

// Ignores reports whether [Lifecycle.IgnoreChanges] names the group, or the member of it.
func (l *Lifecycle) Ignores(group, member string) bool {
	for _, ignored := range l.IgnoreChanges {
		if ignored == group || member != "" && ignored == group+"."+member {
			return true
		}
	}
	return false
}

// The ways in which properties and credentials are updated.
const (
	UpdatePatch    = "patch"
	UpdateRecreate = "recreate"
)

// Move says that a connection was renamed or moved in the files: the live one at
// From is the one declared at To.
type Move struct {
	From, To MoveEnd
	Position Position
}

// MoveEnd is one end of a [Move].
type MoveEnd struct {
	Space SpaceRef
	Name  string
}

// String returns the end for messages: "Finance/Orders S3".
func (e MoveEnd) String() string { return e.Space.String() + "/" + e.Name }

// Policy is what the project file says about taking over and deleting. Every
// field is set: package spec fills in the defaults.
type Policy struct {
	Prune string // [PruneNone] or [PruneOwned]
	Adopt string // [AdoptNone], [AdoptMatching] or [AdoptAll]
	// MaxDeletes is how many deletes a plan may hold.
	MaxDeletes MaxDeletes
	// MaxRecreates is how many connections a plan may recreate. Nil: any number.
	MaxRecreates *MaxDeletes
	Update       string // [UpdatePatch] or [UpdateRecreate]
}

// The values of Policy.Prune and Policy.Adopt.
const (
	PruneNone  = "none"
	PruneOwned = "owned"

	AdoptNone     = "none"
	AdoptMatching = "matching"
	AdoptAll      = "all"
)

// MaxDeletes bounds the deletes or the recreates of one plan, as a number or as a percentage of
// the connections that the project owns.
type MaxDeletes struct {
	Count   int
	Percent int
	// AtLeast deletes are allowed whatever the percentage gives.
	AtLeast int
	// IsPercent reports which of Count and Percent holds.
	IsPercent bool
}

// DefaultMaxDeletes is used when the project file says nothing: a tenth of what
// is owned, and up to three in any case.
func DefaultMaxDeletes() MaxDeletes { return MaxDeletes{Percent: 10, IsPercent: true, AtLeast: 3} }

// Allowed is the number of deletes that may be planned when the project owns
// that many connections.
func (m MaxDeletes) Allowed(owned int) int {
	if !m.IsPercent {
		return m.Count
	}
	return max(m.AtLeast, owned*m.Percent/100)
}
