// Package targets looks up what the files declare in a tenant. It is the first stage of the planner:
//
//	Files, Tenant ──Resolve──▶ Resolved: targets, and problems
//
// A [Target] is a declared connection whose space, owner, data source and stored credentials are
// known. What cannot be found is a problem with its position in the files. Nothing here compares a
// declaration with a live connection. It is pure.
package targets

import (
	"cmp"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Files is what the files of a project declare, with the catalog that the declarations refer to.
type Files struct {
	Project string
	Policy  connection.Policy
	Desired []connection.Desired
	Moves   []connection.Move
	// Spaces is what the project looks at; OnlyMoves is the part that only moves come from.
	Spaces    []connection.SpaceRef
	OnlyMoves []connection.SpaceRef
	Catalog   *connection.Catalog // may be nil
	// Prepared are the declared spaces.
	Prepared []connection.DesiredSpace
}

// UpdateOf returns how properties and credentials of a declared connection are updated: as its
// lifecycle says, or else the policy.
func (f *Files) UpdateOf(d *connection.Desired) string {
	return cmp.Or(d.Lifecycle.Update, f.Policy.Update)
}

// source returns the data source as the catalog knows it.
func (f *Files) source(id string) *connection.DataSource {
	if f.Catalog != nil && f.Catalog.DataSources[id] != nil {
		return f.Catalog.DataSources[id]
	}
	return &connection.DataSource{ID: id}
}

// plain returns a reference without its position.
func plain(ref connection.SpaceRef) connection.SpaceRef {
	return connection.SpaceRef{Name: ref.Name, ID: ref.ID, Personal: ref.Personal}
}

// Target is a declared connection whose names have been looked up in the tenant.
type Target struct {
	*connection.Desired
	Key         connection.Key
	TenantSpace connection.Space
	TenantOwner string                 // empty: not declared
	Source      *connection.DataSource // never nil; empty where the tenant has none
	// Lacks says which stored credentials the tenant does not have; empty: none.
	Lacks connection.Reason
	// Selects is the property that selects them.
	Selects string
}

// CredentialsRecord returns what is recorded of the declared credentials once the user owns the
// connection; see [connection.CredentialsRecord].
func (t *Target) CredentialsRecord(ownerID string) string {
	return connection.CredentialsRecord(t.CredentialsVersion, t.Credentials, ownerID)
}

// Problem is a mistake in the files that only a tenant shows. One mistake can be found several times.
type Problem struct {
	Position connection.Position
	Reason   connection.Reason
}

// Remark is something that a reader of the plan should know and that stops nothing.
type Remark struct {
	About  *connection.Key // nil: no single connection
	Reason connection.Reason
}

// Contrast returns a reason about two names that a reader may take for the same.
func Contrast(code, own, other, difference string) connection.Reason {
	own, other = connection.QuoteApart(own, other)
	return connection.Because(code, "own", own, "other", other, "difference", difference)
}
