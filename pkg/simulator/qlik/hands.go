package qlik

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// What follows is for tests and demonstrations: to look behind the API, and to change things behind a client's back. It
// is no request: nothing is logged, counted or refused for lack of rights.

// Connection is a connection as it is stored, without credentials.
type Connection struct {
	ID             string
	Name           string
	Space          string // the space's name; "" is the personal space of Owner
	Owner          string // user id
	DataSource     string
	Properties     map[string]any // what parseConnection shows
	Tags           []string
	HasCredentials bool // with the connection, or linked to it
	Stale          bool // they are of a former owner, and of no use (Behaviour.OwnerChangeKeepsCredentials)
	Created        time.Time
	Updated        time.Time
}

// Connections gives all connections of the tenant, in the order of creation, DataFiles not among them.
func (t *Tenant) Connections() []Connection {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var all []Connection
	for _, r := range t.world.inOrder() {
		all = append(all, t.exported(r))
	}
	return all
}

// Find gives the connection of that name in the space with that name; "" is the caller's personal space.
func (t *Tenant) Find(space, name string) (Connection, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	key := nameKey{scopeOf("", t.keys.caller), name}
	if space != "" {
		s := t.world.spaceByName(space)
		if s == nil {
			return Connection{}, false
		}
		key.scope = s.ID
	}
	r := t.world.named(key)
	if r == nil {
		return Connection{}, false
	}
	return t.exported(r), true
}

// Add puts a connection there as a seed would, and gives its id.
func (t *Tenant) Add(c SeedConnection) (id string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, err := t.world.addConnection(c, t.world.user(t.keys.caller), touched(t.now(), seedTime))
	if err != nil {
		return "", fmt.Errorf("add connection%w", err)
	}
	return r.ID, t.save()
}

// Edit changes name, space, owner, properties and tags of a connection as a person would in the browser; the function's
// other changes are ignored. Properties are the visible ones; credentials stay.
func (t *Tenant) Edit(id string, edit func(*Connection)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.world.connections[id]
	if r == nil {
		return fmt.Errorf("edit connection %s: not found", id)
	}
	c := t.exported(r)
	edit(&c)
	next := r.change(t.now())
	next.Name, next.Owner, next.Tags, next.Space = c.Name, c.Owner, c.Tags, ""
	if c.Space != "" {
		s := t.world.spaceByName(c.Space)
		if s == nil {
			return fmt.Errorf("edit connection %s: no such space %q", id, c.Space)
		}
		next.Space = s.ID
	}
	if t.world.taken(next.key(), id) {
		return fmt.Errorf("edit connection %s: name %q is taken", id, c.Name)
	}
	if err := next.editProperties(t.world, c.Properties); err != nil {
		return fmt.Errorf("edit connection %s: %w", id, err)
	}
	t.world.handOver(r, next)
	t.world.put(next)
	return t.save()
}

// TypeIn stores credentials with a connection, as a person does who types them into the browser.
func (t *Tenant) TypeIn(id string, credentials map[string]any) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.world.connections[id]
	if r == nil {
		return fmt.Errorf("type credentials into connection %s: not found", id)
	}
	next, given := r.change(t.now()), map[string]bool{}
	for name := range credentials {
		if given[name] = true; !next.source().isCredential(name) {
			return fmt.Errorf("type credentials into connection %s: %q is none", id, name)
		}
	}
	maps.Copy(next.Properties, t.world.store(next.source(), credentials))
	if err := t.world.settle(r.Owner, r, next, given); err != nil {
		return fmt.Errorf("type credentials into connection %s: %w", id, err)
	}
	t.world.put(next)
	return t.save()
}

// RenameSpace gives a space another name, as a person would.
func (t *Tenant) RenameSpace(name, to string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.world.spaceByName(name)
	switch {
	case s == nil:
		return fmt.Errorf("rename space %q: not found", name)
	case t.world.spaceByName(to) != nil:
		return fmt.Errorf("rename space %q: the name %q is taken", name, to)
	}
	s.Name = to
	return t.save()
}

// Remove deletes a connection.
func (t *Tenant) Remove(id string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.world.connections[id] == nil {
		return fmt.Errorf("remove connection %s: not found", id)
	}
	t.world.remove(id)
	return t.save()
}

// HasCredentials says whether any credential is stored with the connection.
func (t *Tenant) HasCredentials(id string) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	r := t.world.connections[id]
	return r != nil && r.hasCredentials()
}

// CredentialEquals says whether the stored value of a property was made from value. The name may lead into lists, as in
// KeyFilePath/0/value; the value of a whole list or object is given as JSON.
func (t *Tenant) CredentialEquals(id, name, value string) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	r := t.world.connections[id]
	if r == nil {
		return false
	}
	properties := r.Properties
	for _, key := range host.SortedKeys(r.Links) { // what is separated is looked for in the sets
		if k := t.world.credentials[r.Links[key]]; k != nil && len(r.source().credentialsIn(properties)) == 0 {
			properties = k.Values
		}
	}
	stored := partOf(properties, strings.Split(name, "/"))
	if host.IsSealed(stored) {
		return host.SealedEquals(stored, value)
	}
	var parsed any
	return host.DecodeOne([]byte(value), &parsed) == nil && host.SealedEquals(stored, parsed)
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
func (t *Tenant) exported(r *record) Connection {
	c := Connection{
		ID: r.ID, Name: r.Name, Owner: r.Owner, DataSource: r.DataSource, Tags: slices.Clone(r.Tags),
		Properties: plain(t.world.shown(r)), HasCredentials: r.hasCredentials(), Stale: r.Stale,
		Created: r.Created, Updated: r.Updated,
	}
	if s := t.world.space(r.Space); s != nil {
		c.Space = s.Name
	}
	return c
}
