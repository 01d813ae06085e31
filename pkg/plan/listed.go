package plan

import (
	"cmp"

	"github.com/qlsync/qlsync/pkg/connection"
)

// listed reports of which live connections the plan needs nothing that only their details tell: they
// are at a declared key, no property is declared of them, and nothing can make them anew.
func listed(in Input) func(*connection.Live) bool {
	type place struct {
		space connection.SpaceRef
		name  string
	}
	at := func(space connection.SpaceRef, name string) place {
		space.Position = connection.Position{}
		return place{space, name}
	}
	declared, moved := map[place]*connection.Desired{}, map[place]bool{}
	for i := range in.Desired {
		declared[at(in.Desired[i].Space, in.Desired[i].Name)] = &in.Desired[i]
	}
	for _, move := range in.Moves {
		moved[at(move.From.Space, move.From.Name)], moved[at(move.To.Space, move.To.Name)] = true, true
	}
	return func(live *connection.Live) bool {
		places := []place{{connection.SpaceRef{Personal: true}, live.Key.Name}}
		if live.SpaceID != "" {
			places = []place{{connection.SpaceRef{Name: live.Key.Space}, live.Key.Name}, {connection.SpaceRef{ID: live.SpaceID}, live.Key.Name}}
		}
		for _, p := range places {
			if d := declared[p]; d != nil {
				return !moved[places[0]] && !moved[places[len(places)-1]] && needsNoDetails(in, d, live)
			}
		}
		return false
	}
}

func needsNoDetails(in Input, d *connection.Desired, live *connection.Live) bool {
	switch {
	case len(d.Properties) > 0, live.DataSource != d.DataSource, live.Mark.Transit != "":
		return false
	case cmp.Or(d.Lifecycle.Update, in.Policy.Update) == connection.UpdateRecreate:
		return false // a recreate carries what is not declared
	case len(d.Credentials) > 0 && (in.Catalog == nil || in.Catalog.DataSources[d.DataSource] == nil || in.Catalog.DataSources[d.DataSource].SignIn != nil):
		return false // a property tells whether a person must sign in
	}
	return true
}
