package plan

import "github.com/qlsync/qlsync/pkg/connection"

// files is what the files of a project declare, with the catalog that the declarations refer to.
type files struct {
	Project string
	Policy  connection.Policy
	Desired []connection.Desired
	Moves   []connection.Move
	// Spaces is what the project looks at; OnlyMoves is the part that only moves come from.
	Spaces    []connection.SpaceRef
	OnlyMoves []connection.SpaceRef
	Catalog   *connection.Catalog // may be nil
}

// source returns the data source as the catalog knows it.
func (f *files) source(id string) *connection.DataSource {
	if f.Catalog != nil && f.Catalog.DataSources[id] != nil {
		return f.Catalog.DataSources[id]
	}
	return &connection.DataSource{ID: id}
}

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

// contrast returns a reason about two names that a reader may take for the same.
func contrast(code, own, other, difference string) connection.Reason {
	own, other = connection.QuoteApart(own, other)
	return connection.Because(code, "own", own, "other", other, "difference", difference)
}
