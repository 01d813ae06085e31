package plan

import (
	"cmp"
	"slices"

	"github.com/qlsync/qlsync/internal/keyrecord"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Scope returns what must be read of a tenant to plan for the files: the
// connections of the project's spaces, in detail where they are declared, moved
// from, or owned by the project.
func Scope(in Input) connection.Scope {
	scope := connection.Scope{
		Spaces:    in.Spaces,
		Secretive: func(live *connection.Live) bool { return keyrecord.MayRedact(live, in.Desired) },
	}
	for i := range in.Desired {
		if owner := in.Desired[i].Owner; owner != "" {
			scope.Owners = append(scope.Owners, owner)
		} else if id := in.Desired[i].OwnerID; id != "" {
			scope.OwnerIDs = append(scope.OwnerIDs, id)
		}
	}
	slices.Sort(scope.Owners)
	scope.Owners = slices.Compact(scope.Owners)
	scope.Stored, scope.Linked = storedIn(in)
	named := namedIn(&in)
	scope.Details = func(live *connection.Live) bool {
		declared, moved := named(live)
		return live.Record.Project == in.Project || declared != nil || moved
	}
	scope.Listed = func(live *connection.Live) bool {
		declared, moved := named(live)
		return declared != nil && !moved && in.needsNoDetails(declared, live)
	}
	return scope
}

// namedIn returns what the files say of the place at which a live connection is: its declaration,
// or nil, and whether the place is an end of a moved block.
func namedIn(in *Input) func(*connection.Live) (declared *connection.Desired, moved bool) {
	declarations, ends := map[connection.MoveEnd]*connection.Desired{}, map[connection.MoveEnd]bool{}
	place := func(space connection.SpaceRef, name string) connection.MoveEnd {
		return connection.MoveEnd{Space: plain(space), Name: name}
	}
	for i := range in.Desired {
		declarations[place(in.Desired[i].Space, in.Desired[i].Name)] = &in.Desired[i]
	}
	for _, move := range in.Moves {
		ends[place(move.From.Space, move.From.Name)], ends[place(move.To.Space, move.To.Name)] = true, true
	}
	return func(live *connection.Live) (*connection.Desired, bool) {
		byName, byID := place(connection.SpaceRef{Name: live.Key.Space}, live.Key.Name), place(connection.SpaceRef{ID: live.SpaceID}, live.Key.Name)
		if live.SpaceID == "" {
			byName = place(connection.SpaceRef{Personal: true}, live.Key.Name)
			byID = byName
		}
		return cmp.Or(declarations[byName], declarations[byID]), ends[byName] || ends[byID]
	}
}

// needsNoDetails reports whether the plan needs nothing of a live connection at a declared key that
// only its details tell: no property is declared of it, and nothing recreates it.
func (in *Input) needsNoDetails(d *connection.Desired, live *connection.Live) bool {
	switch {
	case len(d.Properties) > 0, live.DataSource != d.DataSource, live.Record.Phase != "":
		return false
	case cmp.Or(d.Lifecycle.Update, in.Policy.Update) == connection.UpdateRecreate:
		return false // a recreate carries what is not declared
	case len(d.Credentials) == 0:
		return true
	}
	// A property shows whether a person must sign in.
	return in.Catalog != nil && in.Catalog.DataSources[d.DataSource] != nil && in.Catalog.DataSources[d.DataSource].SignIn == nil
}
