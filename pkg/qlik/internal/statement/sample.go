package statement

// Sample is what connections of one data source and connector version have shown about their
// statements.
type Sample struct{}

// NewSample returns a sample without connections, which proves nothing.
func NewSample() *Sample { return &Sample{} }

// Add adds a connection: its statement, or nil, and its properties as they were read in detail.
func (s *Sample) Add(statement *Statement, properties map[string]any) {}

// Disagreements returns the names of the properties that differed from a statement, sorted. They are
// not provable.
func (s *Sample) Disagreements() []string { return nil }

// Properties returns the properties of a connection that its statement proves, as the service would
// return them.
func (s *Sample) Properties(statement *Statement) map[string]any { return nil }
