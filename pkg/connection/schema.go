package connection

// SchemaChange is one difference between two versions of a data source's schema.
type SchemaChange struct {
	// Property is the name of the property; empty: the rest of the schema.
	Property string           `json:"property,omitempty"`
	Kind     SchemaChangeKind `json:"change"`
	// Details lists what was added, removed or changed, in the schema's own words.
	Details []string `json:"details,omitempty"`
}

// SchemaChangeKind is the kind of change to a property.
type SchemaChangeKind string

// The kinds of changes.
const (
	SchemaAdded   SchemaChangeKind = "added"
	SchemaRemoved SchemaChangeKind = "removed"
	SchemaChanged SchemaChangeKind = "changed"
)
