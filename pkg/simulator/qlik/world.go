package qlik

import (
	"cmp"
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

type userRecord struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Email   string   `json:"email"`
	Subject string   `json:"subject"`
	Status  string   `json:"status"`
	Roles   []string `json:"roles"`
}

type spaceRecord struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Owner   string   `json:"owner"`
	Members []string `json:"members"` // user ids; null: everybody
}

// record is one stored connection.
type record struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	Space        string         `json:"space,omitempty"` // "" is the personal space of Owner
	Owner        string         `json:"owner"`
	DataSource   string         `json:"dataSource"`
	Properties   map[string]any `json:"properties"`             // credentials among them, sealed
	CredentialID string         `json:"credentialId,omitempty"` // of the credentials stored with the connection
	Stale        bool           `json:"stale,omitempty"`        // those credentials are of a former owner: of no use

	// Links are the separated credentials, by user; under "" one that everybody uses.
	Links map[string]string `json:"links,omitempty"`

	Statement    string    `json:"statement,omitempty"` // as it was sent, until a property changes
	Extras       []string  `json:"extras,omitempty"`    // pairs of the statement that are no properties
	Secret       any       `json:"secret,omitempty"`    // qConnectionSecret, sealed
	Legacy       string    `json:"legacy,omitempty"`    // its qType: of before there were data sources
	Architecture int       `json:"architecture,omitempty"`
	LogOn        *int      `json:"logOn,omitempty"`
	Tags         []string  `json:"tags,omitempty"`
	Created      time.Time `json:"created"`
	Updated      time.Time `json:"updated"`
}

// nameKey is where a name must be unique: in a space, or among the personal connections of one owner (API reference,
// 409). Whether letter case counts is undocumented: see Behaviour.NamesIgnoreCase.
type nameKey struct{ scope, name string }

// reservedName is the built-in connection of every space; nobody may create, change or delete one.
const reservedName = "DataFiles"

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

func (r *record) key() nameKey { return nameKey{scopeOf(r.Space, r.Owner), r.Name} }

func (r *record) source() *source { return sourceByID(r.DataSource) }

func scopeOf(space, owner string) string {
	if space == "" {
		return "personal:" + owner
	}
	return space
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

// isAdmin says whether the user holds the role that the bulk actions ask for (update tutorial). That the other
// administrator roles do not suffice is undocumented; assumed.
func (u *userRecord) isAdmin() bool { return slices.Contains(u.Roles, "TenantAdmin") }

// mayEnter says whether the user sees a space: administrators, its owner and its members do.
func (u *userRecord) mayEnter(s *spaceRecord) bool {
	return s != nil && (u.isAdmin() || s.Members == nil || s.Owner == u.ID || slices.Contains(s.Members, u.ID))
}

// sees says whether the user may see a connection, and, as space roles are not modelled, change it. Personal
// connections are seen by their owner alone.
func (w *world) sees(u *userRecord, r *record) bool {
	if r.Space == "" {
		return r.Owner == u.ID
	}
	return u.mayEnter(w.space(r.Space))
}

// touched gives the time of a write: `updated` moves with every one, even under a clock that stands still.
func touched(now, before time.Time) time.Time {
	now = now.UTC().Truncate(time.Millisecond)
	if !now.After(before) {
		return before.Add(time.Millisecond)
	}
	return now
}
