package connection

// Desired is one connection as the files declare it for one tenant: defaults are merged and
// variables filled in; secrets are still references.
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
	// Properties holds the declared properties; others are not compared. A nil entry must be absent
	// from the live connection.
	Properties map[string]any
	// Credentials holds write-only parts, with [Reference] leaves where they are
	// secret. Nil: none are declared.
	Credentials map[string]any
	// UnknownAllowed accepts properties that the schema of the data source does not have; each is a
	// warning.
	UnknownAllowed bool
	// Sensitive names properties to treat as secrets although neither the schema nor their names say
	// so. They are declared under credentials, and their live values are redacted.
	Sensitive []string
	// NotSensitive names properties that are not secrets although a provider guesses so by their names
	// or values.
	NotSensitive []string
	// CredentialsVersion is increased by hand to have the credentials written again.
	CredentialsVersion int
	Lifecycle          Lifecycle
	// At returns the position of the value at a path such as "/properties/region", or of the closest
	// value around it. The path "" is the connection itself; a "#" at the end selects the key instead
	// of the value. At may be nil: use [Desired.PositionOf].
	At func(path string) Position
}

// PositionOf returns the position of the value at the path, or of the closest value around it.
func (d *Desired) PositionOf(path string) Position {
	if d.At == nil {
		return Position{}
	}
	return d.At(path)
}

// Lifecycle is the lifecycle block of a declaration.
type Lifecycle struct {
	// PreventDestroy protects if true and lifts a protection if false; nil: not declared.
	PreventDestroy *bool
	// IgnoreChanges names parts that are not compared once the connection exists: "tags", "owner",
	// "credentials", "properties", or "properties.NAME".
	IgnoreChanges []string
	// Update is [UpdatePatch] or [UpdateRecreate]; empty: as the policy says.
	Update string
	// RecreateAllowed allows a recreate that loses something.
	RecreateAllowed bool
	// Adopt takes over a live connection without an owner project although the two differ.
	Adopt bool
	// Impact replaces the limits of [Policy.Impact] for this connection, each that is set.
	Impact *ImpactLimits
	// Unreadable names properties that the service accepts and never returns.
	Unreadable []string
	// Compare holds the rules by which properties are compared, by path: names joined by dots. Paths
	// without an entry are compared exactly.
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

// Move is a rename or a move in the files: the live connection at From is the declared one at To.
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

// Policy is the project's policy for adoption, deletes and recreates. Package spec fills in the
// defaults, so every field is set.
type Policy struct {
	Prune string // [PruneNone] or [PruneOwned]
	Adopt string // [AdoptNone], [AdoptMatching] or [AdoptAll]
	// MaxDeletes is how many deletes a plan may contain.
	MaxDeletes MaxDeletes
	// MaxRecreates is how many connections a plan may recreate. Nil: any number.
	MaxRecreates *MaxDeletes
	Update       string // [UpdatePatch] or [UpdateRecreate]
	// Impact says what happens to changes on which others depend. Nil: no dependents are read.
	Impact *ImpactLimits
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
	// AtLeast deletes are always allowed, even if the percentage allows fewer.
	AtLeast int
	// IsPercent reports which of Count and Percent holds.
	IsPercent bool
}

// DefaultMaxDeletes returns the limit of a project that declares none: a tenth of the owned
// connections, but at least three.
func DefaultMaxDeletes() MaxDeletes { return MaxDeletes{Percent: 10, IsPercent: true, AtLeast: 3} }

// Allowed returns how many deletes a plan may contain when the project owns that many connections.
func (m MaxDeletes) Allowed(owned int) int {
	if !m.IsPercent {
		return m.Count
	}
	return max(m.AtLeast, owned*m.Percent/100)
}
