package targets

import (
	"slices"

	"github.com/qlsync/qlsync/internal/keyrecord"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Tenant is the snapshot of a tenant with the look-ups that the stages share. Nobody may change its
// maps.
type Tenant struct {
	Snapshot *connection.Snapshot
	Places   keyrecord.Spaces
	// spaces holds the spaces by every reference that a file may use: name, id, or personal.
	spaces map[connection.SpaceRef]connection.Space
	Users  map[string]connection.User // by id
	Live   map[connection.Key]*connection.Live
	// folded holds the live connections by [connection.FoldKey].
	folded map[connection.Key][]*connection.Live
	// noSpaces holds what is said of references to spaces that do not exist.
	noSpaces map[connection.SpaceRef]connection.Reason
}

// NewTenant returns the look-ups of a snapshot, and of the spaces of moved blocks.
func NewTenant(snapshot *connection.Snapshot, moves []connection.Move) *Tenant {
	t := &Tenant{
		Snapshot: snapshot, Places: keyrecord.Of(snapshot, moves),
		spaces: map[connection.SpaceRef]connection.Space{}, noSpaces: map[connection.SpaceRef]connection.Reason{},
		Users:  map[string]connection.User{},
		Live:   make(map[connection.Key]*connection.Live, len(snapshot.Connections)),
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
		t.Users[user.ID] = user
	}
	for i := range snapshot.Connections {
		live := &snapshot.Connections[i]
		folded := connection.FoldKey(live.Key)
		t.Live[live.Key], t.folded[folded] = live, append(t.folded[folded], live)
	}
	return t
}

// Visible returns the space with exactly the name or id of the reference.
func (t *Tenant) Visible(ref connection.SpaceRef) (connection.Space, bool) {
	space, ok := t.spaces[plain(ref)]
	return space, ok
}

// Difference returns what [connection.Rules.Assess] is asked about a live connection that is to be as
// declared. The caller adds how properties and owner differ.
func (t *Tenant) Difference(to *Target, live *connection.Live) connection.Difference {
	return connection.Difference{
		Capabilities: &t.Snapshot.Capabilities, Caller: t.Snapshot.Caller.ID, Declared: to.Desired, Source: to.Source, Live: live,
		Space: live.Key.Space != to.Key.Space, Name: live.Key.Name != to.Key.Name,
		Shown: func(name string, value any) any { return t.StoredName(to.Source.Properties[name], value) },
	}
}

// UserName returns the e-mail address of a user, or the id where the tenant shows none.
func (t *Tenant) UserName(id string) string {
	if email := t.Users[id].Email; email != "" {
		return email
	}
	return id
}

// StoredName returns the value of a property for people to read: stored credentials
// by name, if it is known.
func (t *Tenant) StoredName(property connection.Property, value any) any {
	if property.PerUserRole != connection.SelectsCredentials {
		return value
	}
	for _, one := range t.Snapshot.Stored {
		if one.ID == value && one.Name != "" {
			return one.Name
		}
	}
	return value
}

// Named returns a reason whose arguments have names of users instead of their ids.
func (t *Tenant) Named(r connection.Reason) connection.Reason {
	for name, value := range r.Args {
		if id, isUser := value.(connection.UserID); isUser {
			r = r.With(name, t.UserName(string(id)))
		}
	}
	return r
}
