package plan

import (
	"slices"

	"github.com/qlsync/qlsync/internal/keyrecord"
	"github.com/qlsync/qlsync/pkg/connection"
)

// tenant is the snapshot of a tenant with the look-ups that the stages share.
type tenant struct {
	snapshot *connection.Snapshot
	places   keyrecord.Spaces
	// spaces holds the spaces by every reference that a file may use: name, id, or personal.
	spaces map[connection.SpaceRef]connection.Space
	users  map[string]connection.User // by id
	live   map[connection.Key]*connection.Live
	// folded holds the live connections by [connection.FoldKey].
	folded map[connection.Key][]*connection.Live
	// noSpaces holds what is said of references to spaces that do not exist.
	noSpaces map[connection.SpaceRef]connection.Reason
}

// newTenant returns the look-ups of a snapshot, and of the spaces of moved blocks.
func newTenant(snapshot *connection.Snapshot, moves []connection.Move) *tenant {
	t := &tenant{
		snapshot: snapshot, places: keyrecord.Of(snapshot, moves),
		spaces: map[connection.SpaceRef]connection.Space{}, noSpaces: map[connection.SpaceRef]connection.Reason{},
		users:  map[string]connection.User{},
		live:   make(map[connection.Key]*connection.Live, len(snapshot.Connections)),
		folded: make(map[connection.Key][]*connection.Live, len(snapshot.Connections)),
	}
	for _, space := range snapshot.Spaces {
		if space.Type == "personal" {
			t.spaces[connection.SpaceRef{Personal: true}] = space
			continue
		}
		t.spaces[connection.SpaceRef{Name: space.Name}] = space
		t.spaces[connection.SpaceRef{ID: space.ID}] = space
	}
	for _, user := range slices.Concat(snapshot.People, snapshot.Users) {
		t.users[user.ID] = user
	}
	for i := range snapshot.Connections {
		live := &snapshot.Connections[i]
		folded := connection.FoldKey(live.Key)
		t.live[live.Key], t.folded[folded] = live, append(t.folded[folded], live)
	}
	return t
}

// visible returns the space with exactly the name or id of the reference.
func (t *tenant) visible(ref connection.SpaceRef) (connection.Space, bool) {
	space, ok := t.spaces[plain(ref)]
	return space, ok
}

// difference returns what a provider is asked about a live connection that is to be as declared,
// without its properties and its owner.
func (t *tenant) difference(to *target, live *connection.Live) connection.Difference {
	return connection.Difference{
		Capabilities: &t.snapshot.Capabilities, Caller: t.snapshot.Caller.ID, Declared: to.Desired, Source: to.source, Live: live,
		Space: live.Key.Space != to.key.Space, Name: live.Key.Name != to.key.Name,
		Shown: func(name string, value any) any { return t.storedName(to.source.Properties[name], value) },
	}
}

func (t *tenant) userName(id string) string {
	if email := t.users[id].Email; email != "" {
		return email
	}
	return id
}
