package connection

import "slices"

// Rules is what a provider knows of its service without a network. Every method is pure and may
// be called concurrently.
type Rules interface {
	// Classify returns the class of a property of a data source, from the name alone: it also
	// works without a schema.
	Classify(dataSource, property string) Class

	// Normalize returns the one form in which a value of the property is compared:
	// "1433" and 1433 are the same port, "true" and true the same switch.
	Normalize(property Property, value any) any

	// Check returns what of a declaration the service can never store, each with its path.
	Check(declared *Desired, source *DataSource, capabilities *Capabilities) []Reason

	// Assess returns what the service demands of a change that brings a live connection in sync
	// with its declaration.
	Assess(change Difference) Demands

	// Refuse returns why the service, or the rights of the caller, do not allow a change. The
	// zero value: they do.
	Refuse(change Lowering) Reason

	// Lower returns the ways in which the service can make a change that it does not refuse, the
	// best one first. It returns at least one. Without a recreate none deletes what is there: such a
	// change is one for which Assess demands a recreate.
	Lower(change Lowering) []Path

	// Messages returns the sentences of the reasons that the other methods return.
	Messages() Messages
}

// Difference is what differs between a live connection and its declaration.
type Difference struct {
	Capabilities *Capabilities
	Declared     *Desired
	Source       *DataSource // that is declared; never nil
	Live         *Live
	// Set and Remove are the properties that are to be written, in normal form, and removed.
	Set    map[string]any
	Remove []string
	// Space and Name report whether the connection moves to another space or name. Owner is the
	// id of its new owner; empty: the owner stays.
	Space, Name bool
	Owner       string
	// Caller is the id of the user whose token is used.
	Caller string
	// Shown returns the value of a property as people know it.
	Shown func(name string, value any) any
}

// Demands is what a service demands of a change.
type Demands struct {
	// Recreate is why the connection must be recreated. The zero value: it need not be.
	Recreate Reason
	// Recreated is what a recreate, demanded or not, changes for those who use the connection.
	Recreated Reason
	// Credentials is why the declared credentials must be written with the change. The zero
	// value: they need not.
	Credentials Reason
	// Carries is why every write must carry the declared credentials, which makes them no
	// difference. The zero value: a write leaves them as they are.
	Carries Reason
	// Loses lists, sorted, what a write would lose because it is not declared.
	Loses []string
	// Set has further properties that must be written with the change.
	Set map[string]any
	// Together reports that the credentials must be written in the same operation as the
	// properties.
	Together bool
	// Drops reports that the service may drop or unlink stored credentials with the properties.
	Drops bool
	// Resumes reports that a recreate can go on with what an interrupted one has created.
	Resumes bool
	// Leaves lists properties of the old connection that a recreate does not carry over.
	Leaves []string
	// Warnings are what a reviewer must know of the change. Common is what a reviewer must know of
	// a change without a recreate; it is said once for all connections, which are then the argument
	// "connections".
	Warnings, Common []Reason
	// Advice is what to do if the service refuses the change. The zero value: nothing is known.
	Advice Reason
}

// Undeclared returns those of the names that are declared neither as properties (also as absent
// ones) nor as credentials.
func (d *Desired) Undeclared(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		_, declared := d.Properties[name]
		return declared || d.Credentials[name] != nil
	})
}
