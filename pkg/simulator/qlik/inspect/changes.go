package inspect

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/ratelimit"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/source"
)

// SeedConnection describes a connection as a seed does; see [Tenant.Add].
type SeedConnection = model.SeedConnection

// Connection is a connection as it is stored, without credentials.
type Connection struct {
	ID             string
	Name           string
	Space          string // the space's name; "" is the personal space of Owner
	Owner          string // user id
	DataSource     string
	Properties     map[string]any // what parseConnection shows
	Statement      string         // the one that properties are read from
	Tags           []string
	HasCredentials bool // with the connection, or linked to it
	Stale          bool // they are of a former owner, and of no use (Behaviour.OwnerChangeKeepsCredentials)
	Created        time.Time
	Updated        time.Time
}

// Connections returns all connections of the tenant, in the order of creation, DataFiles not among them.
func (t *Tenant) Connections() []Connection {
	t.store.RLock()
	defer t.store.RUnlock()
	var all []Connection
	for _, r := range t.store.World.InOrder() {
		all = append(all, t.exported(r))
	}
	return all
}

// Find returns the connection of that name in the space with that name; "" is the caller's personal space.
func (t *Tenant) Find(space, name string) (Connection, bool) {
	t.store.RLock()
	defer t.store.RUnlock()
	key := model.NameKey{Scope: model.ScopeOf("", t.store.Caller), Name: name}
	if space != "" {
		s := t.store.World.SpaceByName(space)
		if s == nil {
			return Connection{}, false
		}
		key.Scope = s.ID
	}
	r := t.store.World.Named(key)
	if r == nil {
		return Connection{}, false
	}
	return t.exported(r), true
}

// Add creates a connection as a seed would, and returns its id.
func (t *Tenant) Add(c SeedConnection) (id string, err error) {
	t.store.Lock()
	defer t.store.Unlock()
	r, err := t.store.World.AddConnection(c, t.store.World.User(t.store.Caller), model.Touched(t.store.Now(), model.SeedTime))
	if err != nil {
		return "", fmt.Errorf("add connection%w", err)
	}
	return r.ID, t.store.Save()
}

// Edit changes name, space, owner, properties and tags of a connection as a person would in the browser; the function's
// other changes are ignored. Properties are the visible ones; credentials stay.
func (t *Tenant) Edit(id string, edit func(*Connection)) error {
	t.store.Lock()
	defer t.store.Unlock()
	r := t.store.World.Connections[id]
	if r == nil {
		return fmt.Errorf("edit connection %s: not found", id)
	}
	c := t.exported(r)
	edit(&c)
	next := r.Change(t.store.Now())
	next.Name, next.Owner, next.Tags, next.Space = c.Name, c.Owner, c.Tags, ""
	if c.Space != "" {
		s := t.store.World.SpaceByName(c.Space)
		if s == nil {
			return fmt.Errorf("edit connection %s: no such space %q", id, c.Space)
		}
		next.Space = s.ID
	}
	if t.store.World.Taken(next.Key(), id) {
		return fmt.Errorf("edit connection %s: name %q is taken", id, c.Name)
	}
	if err := next.EditProperties(t.store.World, c.Properties); err != nil {
		return fmt.Errorf("edit connection %s: %w", id, err)
	}
	t.store.World.HandOver(r, next)
	t.store.World.Put(next)
	return t.store.Save()
}

// TypeIn stores credentials with a connection, as a person does who types them into the browser.
func (t *Tenant) TypeIn(id string, credentials map[string]any) error {
	t.store.Lock()
	defer t.store.Unlock()
	r := t.store.World.Connections[id]
	if r == nil {
		return fmt.Errorf("type credentials into connection %s: not found", id)
	}
	next, given := r.Change(t.store.Now()), map[string]bool{}
	for name := range credentials {
		if given[name] = true; !next.Source().IsCredential(name) {
			return fmt.Errorf("type credentials into connection %s: %q is none", id, name)
		}
	}
	maps.Copy(next.Properties, t.store.World.Store(next.Source(), credentials))
	if err := t.store.World.Settle(r.Owner, r, next, given); err != nil {
		return fmt.Errorf("type credentials into connection %s: %w", id, err)
	}
	t.store.World.Put(next)
	return t.store.Save()
}

// RenameSpace returns a space another name, as a person would.
func (t *Tenant) RenameSpace(name, to string) error {
	t.store.Lock()
	defer t.store.Unlock()
	s := t.store.World.SpaceByName(name)
	switch {
	case s == nil:
		return fmt.Errorf("rename space %q: not found", name)
	case t.store.World.SpaceByName(to) != nil:
		return fmt.Errorf("rename space %q: the name %q is taken", name, to)
	}
	s.Name = to
	return t.store.Save()
}

// Remove deletes a connection.
func (t *Tenant) Remove(id string) error {
	t.store.Lock()
	defer t.store.Unlock()
	if t.store.World.Connections[id] == nil {
		return fmt.Errorf("remove connection %s: not found", id)
	}
	t.store.World.Remove(id)
	return t.store.Save()
}

// HasCredentials reports whether any credential is stored with the connection.
func (t *Tenant) HasCredentials(id string) bool {
	t.store.RLock()
	defer t.store.RUnlock()
	r := t.store.World.Connections[id]
	return r != nil && r.HasCredentials()
}

// CredentialEquals reports whether the stored value of a property was made from value. The name may lead into lists, as in
// KeyFilePath/0/value; the value of a whole list or object is given as JSON.
func (t *Tenant) CredentialEquals(id, name, value string) bool {
	t.store.RLock()
	defer t.store.RUnlock()
	r := t.store.World.Connections[id]
	if r == nil {
		return false
	}
	properties := r.Properties
	for _, key := range host.SortedKeys(r.Links) { // what is separated is looked for in the sets
		if k := t.store.World.Credentials[r.Links[key]]; k != nil && len(r.Source().CredentialsIn(properties)) == 0 {
			properties = k.Values
		}
	}
	stored := partOf(properties, strings.Split(name, "/"))
	if host.IsHashed(stored) {
		return host.HashEquals(stored, value)
	}
	var parsed any
	return host.DecodeOne([]byte(value), &parsed) == nil && host.HashEquals(stored, parsed)
}

func partOf(v any, path []string) any {
	if len(path) == 0 {
		return v
	}
	switch v := v.(type) {
	case map[string]any:
		return partOf(v[path[0]], path[1:])
	case []any:
		if i, err := strconv.Atoi(path[0]); err == nil && i >= 0 && i < len(v) {
			return partOf(v[i], path[1:])
		}
	}
	return nil
}

// exported copies a record, so that the caller may change what it gets.
func (t *Tenant) exported(r *model.Record) Connection {
	c := Connection{
		ID: r.ID, Name: r.Name, Owner: r.Owner, DataSource: r.DataSource, Tags: slices.Clone(r.Tags), Statement: r.Statement,
		Properties: source.Plain(t.store.World.Shown(r)), HasCredentials: r.HasCredentials(), Stale: r.Stale,
		Created: r.Created, Updated: r.Updated,
	}
	if s := t.store.World.Space(r.Space); s != nil {
		c.Space = s.Name
	}
	return c
}

// Credential is a set of separated credentials, without its values.
type Credential struct {
	ID         string
	Name       string
	User       string // id
	DataSource string
	Updated    time.Time
}

// Credentials returns all separated credentials of the tenant, in the order of creation.
func (t *Tenant) Credentials() []Credential {
	t.store.RLock()
	defer t.store.RUnlock()
	var all []Credential
	for _, k := range t.store.World.CredentialsInOrder() {
		all = append(all, Credential{ID: k.ID, Name: k.Name, User: k.User, DataSource: k.DataSource, Updated: k.Updated})
	}
	return all
}

// SignIn signs in with the authUrl of an answer, as a person does, and returns the code.
func (t *Tenant) SignIn(authURL string) (code string, err error) {
	address, err := url.Parse(authURL)
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	t.store.RLock()
	defer t.store.RUnlock()
	state := address.Query().Get("state")
	if t.store.World.SignIns[state] == (model.SignIn{}) {
		return "", errors.New("sign in: no such authorisation is under way")
	}
	return model.CodeOf(state), nil
}

// Request is one entry of the request log.
type Request = host.Request

// Requests returns the requests so far, oldest first; those in flight are not among them.
func (t *Tenant) Requests() []Request { return t.store.Journal.Requests() }

// Writes returns the requests of tier 2: every create, change and delete, with any outcome.
func (t *Tenant) Writes() []Request {
	return slices.DeleteFunc(t.Requests(), func(r Request) bool { return r.Tier != int(ratelimit.Tier2) })
}

// SeedReload describes a reload as a seed does; see [Tenant.Reload].
type SeedReload = model.SeedReload

// Line is a use of a connection in the script of an app.
type Line = model.Line

// App is an app as it is stored, with its reloads.
type App = model.App

// Apps returns all apps of the tenant, in the order of the seed. They must not be changed.
func (t *Tenant) Apps() []*App {
	t.store.RLock()
	defer t.store.RUnlock()
	return slices.Clone(t.store.World.Apps)
}

// Reload adds a reload of the app of that name, which has just ended, as the schedule of the app would.
func (t *Tenant) Reload(app string, reload SeedReload) error {
	t.store.Lock()
	defer t.store.Unlock()
	found := t.store.World.AppNamed(app)
	if found == nil {
		return fmt.Errorf("reload app %q: not found", app)
	}
	t.store.World.Reload(found, reload, t.store.Now(), found.Owner)
	return t.store.Save()
}
