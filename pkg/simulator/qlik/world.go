package qlik

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// world is the tenant's content and its indices. It does no locking: the Tenant does.
type world struct {
	users       []*userRecord
	spaces      []*spaceRecord
	connections map[string]*record     // by id; records are replaced, never changed in place
	credentials map[string]*credential // separated ones by id; replaced, never changed in place
	signIns     map[string]signIn      // authorisations under way, by state
	disabled    map[string]bool        // data sources switched off by an administrator
	gone        map[string]bool        // ids that were deleted: never given again
	behaviour   Behaviour

	byName map[nameKey]string
	past   history // for [Behaviour.Lag]

	order  sync.Mutex // readers share the world, and the first one after a write sorts
	sorted []*record  // by creation, then id; nil after a write
}

func newWorld(b Behaviour) *world {
	return &world{
		connections: make(map[string]*record), credentials: make(map[string]*credential),
		signIns: make(map[string]signIn), disabled: make(map[string]bool),
		gone: make(map[string]bool), byName: make(map[nameKey]string), behaviour: b,
	}
}

// at is the key as names are compared.
func (w *world) at(key nameKey) nameKey {
	if w.behaviour.NamesIgnoreCase {
		key.name = strings.ToLower(key.name)
	}
	return key
}

func (w *world) sameName(a, b string) bool {
	return a == b || w.behaviour.NamesIgnoreCase && strings.EqualFold(a, b)
}

// put stores a new or changed record. The caller has made sure that its name is free.
func (w *world) put(r *record) {
	w.past.note(r.ID, w.connections[r.ID])
	if old := w.connections[r.ID]; old != nil {
		delete(w.byName, w.at(old.key()))
	}
	w.connections[r.ID] = r
	w.byName[w.at(r.key())] = r.ID
	w.sorted = nil
}

func (w *world) remove(id string) {
	w.past.note(id, w.connections[id])
	delete(w.byName, w.at(w.connections[id].key()))
	delete(w.connections, id)
	w.gone[id] = true
	w.sorted = nil
}

// taken says whether another connection than id stands at the key.
func (w *world) taken(key nameKey, id string) bool {
	holder, found := w.byName[w.at(key)]
	return key.name == reservedName || found && holder != id
}

// checkName says that the name of a new or changed record is taken where it stands.
func (w *world) checkName(r *record) error {
	if w.taken(r.key(), r.ID) {
		return conflict("a connection of this name exists in the space")
	}
	return nil
}

// named finds a connection by its place and name; nil if there is none.
func (w *world) named(key nameKey) *record { return w.connections[w.byName[w.at(key)]] }

// freshID derives the id of a connection that is created at key. A place that was used before gives another id.
func (w *world) freshID(key nameKey) string {
	for n := 0; ; n++ {
		id := uuidOf("connection", key.scope, key.name, strconv.Itoa(n))
		if w.connections[id] == nil && !w.gone[id] {
			return id
		}
	}
}

// inOrder gives all connections by creation and id. The slice is shared: do not change it.
func (w *world) inOrder() []*record {
	w.order.Lock()
	defer w.order.Unlock()
	if w.sorted == nil {
		w.sorted = make([]*record, 0, len(w.connections))
		for _, r := range w.connections {
			w.sorted = append(w.sorted, r)
		}
		slices.SortFunc(w.sorted, func(a, b *record) int {
			return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
		})
	}
	return w.sorted
}

func (w *world) user(id string) *userRecord {
	return find(w.users, func(u *userRecord) bool { return u.ID == id })
}

// userByAny finds a user by id, e-mail or subject, as a seed may name one.
func (w *world) userByAny(text string) *userRecord {
	return find(w.users, func(u *userRecord) bool {
		return text != "" && (u.ID == text || u.Email == text || u.Subject == text)
	})
}

func (w *world) space(id string) *spaceRecord {
	return find(w.spaces, func(s *spaceRecord) bool { return s.ID == id })
}

func (w *world) spaceByName(name string) *spaceRecord {
	return find(w.spaces, func(s *spaceRecord) bool { return s.Name == name })
}

func find[T any](items []*T, match func(*T) bool) *T {
	if i := slices.IndexFunc(items, match); i >= 0 {
		return items[i]
	}
	return nil
}

// sees says whether the user may see a connection, and, as space roles are not modelled, change it. Personal
// connections are seen by their owner alone.
func (w *world) sees(u *userRecord, r *record) bool {
	if r.Space == "" {
		return r.Owner == u.ID
	}
	return u.mayEnter(w.space(r.Space))
}

// keepHistory begins to keep what reads show that lag behind.
func (w *world) keepHistory(now func() time.Time) {
	if lag := time.Duration(max(w.behaviour.Lag, w.behaviour.ListLag)) * time.Second; lag > 0 {
		w.past = history{now: now, lag: lag, before: make(map[string][]earlier)}
	}
}

// lagging gives the world that reads show which lag so much.
func (w *world) lagging(lag time.Duration) *world {
	old, now := newWorld(w.behaviour), w.past.now()
	old.users, old.spaces, old.credentials = w.users, w.spaces, w.credentials
	old.signIns, old.disabled, old.gone = w.signIns, w.disabled, w.gone
	for id, r := range w.connections {
		if len(w.past.before[id]) == 0 {
			old.put(r)
		}
	}
	for id, versions := range w.past.before {
		r := w.connections[id]
		if i := slices.IndexFunc(versions, func(e earlier) bool { return e.isShown(now, lag) }); i >= 0 {
			r = versions[i].record
		}
		if r != nil {
			old.put(r)
		}
	}
	return old
}

// freeName gives a name for a copy that is free where the copy goes.
func (w *world) freeName(r *record) string {
	for n := 1; ; n++ {
		copied := *r
		copied.Name = fmt.Sprintf("%s (%d)", r.Name, n)
		if !w.taken(copied.key(), "") {
			return copied.Name
		}
	}
}
