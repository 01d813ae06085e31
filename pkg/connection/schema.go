package connection

// SchemaChange is one thing in which a data source's schema differs from what it
// was.
type SchemaChange struct {
	// Property is its name; empty: the rest of the schema.
	Property string           `json:"property,omitempty"`
	Kind     SchemaChangeKind `json:"change"`
	// Details say what came, went or differs, in the schema's own words.
	Details []string `json:"details,omitempty"`
}

// SchemaChangeKind says what became of a property.
type SchemaChangeKind string

// The kinds of changes.
const (
	SchemaAdded   SchemaChangeKind = "added"
	SchemaRemoved SchemaChangeKind = "removed"
	SchemaChanged SchemaChangeKind = "changed"
)
