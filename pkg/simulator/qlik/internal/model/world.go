// Package model is what an embedded tenant holds, without HTTP: users, spaces, connections and credentials, the seed that
// they come from, and the state file that keeps them.
package model

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/identity"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// World is the tenant's content and its indices. It does no locking: [Store] has the lock.
type World struct {
	Users       []*User
	Spaces      []*Space
	Groups      []*Group
	Connections map[string]*Record     // by id; records are replaced, never changed in place
	Credentials map[string]*Credential // separated ones by id; replaced, never changed in place
	SignIns     map[string]SignIn      // authorisations under way, by state
	Apps        []*App
	Holders     []*Holder // knowledge bases and data sets
	Gateways    []Gateway
	Disabled    map[string]bool // data sources switched off by an administrator
	gone        map[string]bool // ids that were deleted: never given again
	salt        string          // part of every derived id; empty: none
	behaviour   Behaviour

	byName map[NameKey]string
	past   history // for [Behaviour.Lag]

	order  sync.Mutex // readers share the world, and the first one after a write sorts
	sorted []*Record  // by creation, then id; nil after a write
}

func newWorld(b Behaviour) *World {
	return &World{
		Connections: make(map[string]*Record), Credentials: make(map[string]*Credential),
		SignIns: make(map[string]SignIn), Disabled: make(map[string]bool),
		gone: make(map[string]bool), byName: make(map[NameKey]string), behaviour: b,
	}
}

// objectID and uuid derive an id from names. Two worlds with different salts have no id in common.
func (w *World) objectID(parts ...string) string { return identity.ObjectID(w.salted(parts)...) }

func (w *World) uuid(parts ...string) string { return identity.UUID(w.salted(parts)...) }

func (w *World) salted(parts []string) []string {
	if w.salt == "" {
		return parts
	}
	return append(parts, w.salt)
}

// at is the key as names are compared.
func (w *World) at(key NameKey) NameKey {
	if w.behaviour.NamesIgnoreCase {
		key.Name = strings.ToLower(key.Name)
	}
	return key
}

func (w *World) SameName(a, b string) bool {
	return a == b || w.behaviour.NamesIgnoreCase && strings.EqualFold(a, b)
}

// Put stores a new or changed record. The caller has made sure that its name is free.
func (w *World) Put(r *Record) {
	w.past.note(r.ID, w.Connections[r.ID])
	r.settleStatement(w.behaviour.RawStatements)
	if old := w.Connections[r.ID]; old != nil {
		delete(w.byName, w.at(old.Key()))
		if old.Statement != r.Statement {
			r.Earlier = old.Statement
		}
	}
	w.index(r)
}

// index makes a settled record part of the world.
func (w *World) index(r *Record) {
	w.Connections[r.ID] = r
	w.byName[w.at(r.Key())] = r.ID
	w.sorted = nil
}

func (w *World) Remove(id string) {
	w.past.note(id, w.Connections[id])
	delete(w.byName, w.at(w.Connections[id].Key()))
	delete(w.Connections, id)
	w.gone[id] = true
	w.sorted = nil
}

// Taken reports whether another connection than id is at the key.
func (w *World) Taken(key NameKey, id string) bool {
	holder, found := w.byName[w.at(key)]
	return key.Name == ReservedName || found && holder != id
}

// CheckName returns an error if the key of a new or changed record is taken.
func (w *World) CheckName(r *Record) error {
	if w.Taken(r.Key(), r.ID) {
		return refusal.Conflict("a connection of this name exists in the space")
	}
	return nil
}

// Named finds a connection by its place and name; nil if there is none.
func (w *World) Named(key NameKey) *Record { return w.Connections[w.byName[w.at(key)]] }

// FreshID derives the id of a connection that is created at key. A key that was used before results
// in another id.
func (w *World) FreshID(key NameKey) string {
	for n := 0; ; n++ {
		id := w.uuid("connection", key.Scope, key.Name, strconv.Itoa(n))
		if w.Connections[id] == nil && !w.gone[id] {
			return id
		}
	}
}

// InOrder returns all connections by creation and id. The slice is shared: do not change it.
func (w *World) InOrder() []*Record {
	w.order.Lock()
	defer w.order.Unlock()
	if w.sorted == nil {
		w.sorted = make([]*Record, 0, len(w.Connections))
		for _, r := range w.Connections {
			w.sorted = append(w.sorted, r)
		}
		slices.SortFunc(w.sorted, func(a, b *Record) int {
			return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
		})
	}
	return w.sorted
}

func (w *World) User(id string) *User {
	return find(w.Users, func(u *User) bool { return u.ID == id })
}

// userByAny finds a user by id, e-mail or subject, as a seed may name one.
func (w *World) userByAny(text string) *User {
	return find(w.Users, func(u *User) bool {
		return text != "" && (u.ID == text || u.Email == text || u.Subject == text)
	})
}

func (w *World) ownerOf(name string, caller *User) (*User, error) {
	if name == "" {
		return caller, nil
	}
	if u := w.userByAny(name); u != nil {
		return u, nil
	}
	return nil, fmt.Errorf(".owner: no such user %q", name)
}

// Bot is the user that an OAuth client acts as: a user of its own with the tenant administrator's role (OAuth
// machine-to-machine page). Its name and subject are undocumented; assumed.
func (w *World) Bot(clientID string) *User {
	return &User{
		ID: w.objectID("bot", clientID), Name: "Bot user of " + clientID, Email: clientID + "@bots.invalid",
		Subject: "qlikbot|" + clientID, Status: "active", Roles: []string{"TenantAdmin"},
	}
}

func (w *World) Space(id string) *Space {
	return find(w.Spaces, func(s *Space) bool { return s.ID == id })
}

// Group returns the group with the id; nil if there is none.
func (w *World) Group(id string) *Group {
	return find(w.Groups, func(g *Group) bool { return g.ID == id })
}

// groupNamed returns the group of that name, which a seed need not declare, and creates it where it is missing.
func (w *World) groupNamed(name string) *Group {
	if g := find(w.Groups, func(g *Group) bool { return g.Name == name }); g != nil {
		return g
	}
	g := &Group{ID: w.objectID("group", name), Name: name}
	w.Groups = append(w.Groups, g)
	return g
}

// addGroup adds a group of a seed. A name that the seed repeats is that of another group.
func (w *World) addGroup(name string, again bool) {
	if !again {
		w.groupNamed(name)
		return
	}
	w.Groups = append(w.Groups, &Group{ID: w.objectID("group", fmt.Sprintf("%s %d", name, len(w.Groups))), Name: name})
}

// AddSpace creates a space that belongs to its creator.
func (w *World) AddSpace(name, kind, creator string, at time.Time) *Space {
	s := &Space{ID: w.freshSpaceID(name), Name: name, Type: kind, Owner: creator, Created: at, CreatedBy: creator, Updated: at}
	w.Spaces = append(w.Spaces, s)
	return s
}

// freshSpaceID derives the id of a space that is created with a name.
func (w *World) freshSpaceID(name string) string {
	for n := 0; ; n++ {
		id := w.objectID("space", name)
		if n > 0 {
			id = w.objectID("space", name, strconv.Itoa(n))
		}
		if w.Space(id) == nil {
			return id
		}
	}
}

// Assign adds the assignment of roles in a space.
func (s *Space) Assign(kind, assignee string, roles []string, at time.Time) *Assignment {
	s.Assignments = append(s.Assignments, Assignment{
		ID: identity.ObjectID("assignment", s.ID, assignee), Type: kind, Assignee: assignee, Roles: slices.Clone(roles), Created: at, Updated: at,
	})
	return &s.Assignments[len(s.Assignments)-1]
}

func (w *World) SpaceByName(name string) *Space {
	return find(w.Spaces, func(s *Space) bool { return s.Name == name })
}

func find[T any](items []*T, match func(*T) bool) *T {
	if i := slices.IndexFunc(items, match); i >= 0 {
		return items[i]
	}
	return nil
}

// Sees reports whether the user may see a connection, and, as space roles are not modelled, change it. Personal
// connections are seen by their owner alone.
func (w *World) Sees(u *User, r *Record) bool {
	if r.Space == "" {
		return r.Owner == u.ID
	}
	return u.MayEnter(w.Space(r.Space))
}

// KeepHistory begins to keep what reads show that lag behind.
func (w *World) KeepHistory(now func() time.Time) {
	if lag := time.Duration(max(w.behaviour.Lag, w.behaviour.ListLag)) * time.Second; lag > 0 {
		w.past = history{now: now, lag: lag, before: make(map[string][]earlier)}
	}
}

// Lagging returns the world that reads show which lag so much.
func (w *World) Lagging(lag time.Duration) *World {
	old, now := newWorld(w.behaviour), w.past.now()
	old.Users, old.Spaces, old.Groups, old.Credentials = w.Users, w.Spaces, w.Groups, w.Credentials
	old.SignIns, old.Disabled, old.gone = w.SignIns, w.Disabled, w.gone
	old.Apps, old.Holders = w.Apps, w.Holders
	for id, r := range w.Connections {
		if len(w.past.before[id]) == 0 {
			old.index(r)
		}
	}
	for id, versions := range w.past.before {
		r := w.Connections[id]
		if i := slices.IndexFunc(versions, func(e earlier) bool { return e.isShown(now, lag) }); i >= 0 {
			r = versions[i].record
		}
		if r != nil {
			old.index(r)
		}
	}
	return old
}

// FreeName returns a name for a copy that is free where the copy goes.
func (w *World) FreeName(r *Record) string {
	for n := 1; ; n++ {
		copied := *r
		copied.Name = fmt.Sprintf("%s (%d)", r.Name, n)
		if !w.Taken(copied.Key(), "") {
			return copied.Name
		}
	}
}
