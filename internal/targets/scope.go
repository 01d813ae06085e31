package targets

import (
	"cmp"
	"slices"

	"github.com/qlsync/qlsync/internal/keyrecord"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Scope returns what must be read of a tenant to plan for the files: the
// connections of the project's spaces, in detail where they are declared, moved
// from, or owned by the project.
func Scope(f *Files) connection.Scope {
	wanted := connection.Scope{
		Spaces:    f.Spaces,
		Secretive: func(live *connection.Live) bool { return keyrecord.MayRedact(live, f.Desired) },
	}
	for i := range f.Desired {
		if owner := f.Desired[i].Owner; owner != "" {
			wanted.Owners = append(wanted.Owners, owner)
		} else if id := f.Desired[i].OwnerID; id != "" {
			wanted.OwnerIDs = append(wanted.OwnerIDs, id)
		}
	}
	for i := range f.Prepared {
		f.Prepared[i].AddTo(&wanted)
	}
	slices.Sort(wanted.Owners)
	wanted.Owners = slices.Compact(wanted.Owners)
	wanted.Stored, wanted.Linked = f.stored()
	wanted.Choices = f.choices()
	named := f.Named()
	wanted.Details = func(live *connection.Live) bool {
		declared, moved := named(live)
		return live.Record.Project == f.Project || declared != nil || moved
	}
	wanted.Listed = func(live *connection.Live) bool {
		declared, moved := named(live)
		return declared != nil && !moved && f.needsNoDetails(declared, live)
	}
	return wanted
}

// Named returns what the files say of the place at which a live connection is: its declaration,
// or nil, and whether the place is an end of a moved block.
func (f *Files) Named() func(*connection.Live) (declared *connection.Desired, moved bool) {
	declarations, ends := map[connection.MoveEnd]*connection.Desired{}, map[connection.MoveEnd]bool{}
	place := func(space connection.SpaceRef, name string) connection.MoveEnd {
		return connection.MoveEnd{Space: plain(space), Name: name}
	}
	for i := range f.Desired {
		declarations[place(f.Desired[i].Space, f.Desired[i].Name)] = &f.Desired[i]
	}
	for _, move := range f.Moves {
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
func (f *Files) needsNoDetails(d *connection.Desired, live *connection.Live) bool {
	switch {
	case len(d.Properties) > 0, live.DataSource != d.DataSource, live.Record.Phase != "":
		return false
	case f.UpdateOf(d) == connection.UpdateRecreate:
		return false // a recreate carries what is not declared
	case len(d.Credentials) == 0:
		return true
	}
	// A property shows whether a person must sign in.
	return f.Catalog != nil && f.Catalog.DataSources[d.DataSource] != nil && f.Catalog.DataSources[d.DataSource].SignIn == nil
}
