package connection

import "slices"

// Rules is a provider's offline knowledge of its service. Every method is pure and may be called
// concurrently.
type Rules interface {
	// Classify returns the class of a property of a data source from its name alone, so that no schema
	// is needed.
	Classify(dataSource, property string) Class

	// Normalize returns the one form in which a value of the property is compared:
	// "1433" and 1433 are the same port, "true" and true the same switch.
	Normalize(property Property, value any) any

	// Check returns the parts of a declaration that the service can never store, each with its path.
	Check(declared *Desired, source *DataSource, capabilities *Capabilities) []Reason

	// Assess returns the demands of the service on a change that brings a live connection in sync with
	// its declaration.
	Assess(change Difference) Demands

	// Refuse returns why the service or the rights of the caller do not allow a change. The zero value:
	// the change is allowed.
	Refuse(change Lowering) Reason

	// Lower returns the paths by which the service can make a change that it does not refuse, the best
	// one first, and at least one. Only a path with a recreate deletes an existing connection; such a
	// change is one for which Assess demands a recreate.
	Lower(change Lowering) []Path

	// Messages returns the sentences of the reasons that the other methods return.
	Messages() Messages
}

// Difference is the difference between a live connection and its declaration.
type Difference struct {
	Capabilities *Capabilities
	Declared     *Desired
	Source       *DataSource // the declared data source; never nil
	Live         *Live
	// Set and Remove are the properties to write, in normal form, and to remove.
	Set    map[string]any
	Remove []string
	// Space and Name report whether the connection moves to another space or name. Owner is the id of
	// its new owner; empty: unchanged.
	Space, Name bool
	Owner       string
	// Caller is the id of the user whose token is used.
	Caller string
	// Shown returns the value of a property in the form that people know.
	Shown func(name string, value any) any
}

// Demands are the demands of a service on a change.
type Demands struct {
	// Recreate is why the connection must be recreated. The zero value: a recreate is not needed.
	Recreate Reason
	// Recreated is the effect of a recreate, demanded or not, on the users of the connection.
	Recreated Reason
	// Credentials is why the declared credentials must be written with the change. The zero value: they
	// need not be written.
	Credentials Reason
	// Carries is why every write must carry the declared credentials, which are then not a difference.
	// The zero value: a write leaves stored credentials unchanged.
	Carries Reason
	// Loses lists, sorted, the secrets that a write would erase because they are not declared.
	Loses []string
	// Set holds further properties that must be written with the change.
	Set map[string]any
	// Together reports that the credentials must be written in the same operation as the
	// properties.
	Together bool
	// Drops reports that writing the properties may drop or unlink stored credentials.
	Drops bool
	// Resumes reports that a recreate can continue with the connection that an interrupted one created.
	Resumes bool
	// Leaves lists properties of the old connection that a recreate does not carry over.
	Leaves []string
	// Warnings are what a reviewer must know of the change. Common is what a reviewer must know of a
	// change without a recreate; it is reported once for all connections, which are then the argument
	// "connections".
	Warnings, Common []Reason
	// Advice is what to do if the service refuses the change. The zero value: unknown.
	Advice Reason
}

// Undeclared returns the names that are declared neither as properties (including absent ones) nor
// as credentials.
func (d *Desired) Undeclared(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		_, declared := d.Properties[name]
		return declared || d.Credentials[name] != nil
	})
}
