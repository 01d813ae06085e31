package qlik

import (
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/identity"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// Limits of tags (API reference, create; the size is in the published specification).
const (
	maxTagsOnCreate = 31 // the server adds one of its own
	maxTags         = 32
	maxTagBytes     = 256
)

// byPath finds the connection that the path names: an id, or with type=connectionname a name (API reference).
//
// By name without spaceId it must be the only one that the caller sees: undocumented; assumed.
func (t *Tenant) byPath(c *call) (*model.Record, error) {
	if _, builtIn := t.dataFilesSpace(c); builtIn {
		return nil, refusal.Forbidden(model.ReservedName + " connections are built in")
	}
	ref := c.request.PathValue("id")
	switch kind := c.query.Get("type"); kind {
	case "connectionname":
		return t.byName(c, ref)
	case "":
	default:
		return nil, refusal.Misuse("type must be connectionname")
	}
	if !identity.UUIDShape.MatchString(ref) {
		return nil, refusal.BadRequest("the connection id is not a valid UUID")
	}
	r := t.store.World.Connections[ref]
	if r == nil {
		return nil, refusal.NotFound("data connection")
	}
	if !t.store.World.Sees(c.user, r) {
		return nil, refusal.Forbidden("no access to the connection or space")
	}
	return r, nil
}

// checkAccess refuses a space that the caller does not see; "" is the caller's own personal one.
func (t *Tenant) checkAccess(c *call, space string) error {
	if space != "" && !c.user.MayEnter(t.store.World.Space(space)) {
		return refusal.Forbidden("no access to the connection or space")
	}
	return nil
}

func (t *Tenant) byName(c *call, name string) (*model.Record, error) {
	if space := c.query.Get("spaceId"); space != "" {
		if err := t.checkAccess(c, space); err != nil {
			return nil, err
		}
		if r := t.store.World.Named(model.NameKey{Scope: space, Name: name}); r != nil {
			return r, nil
		}
		return nil, refusal.NotFound("data connection")
	}
	var found *model.Record
	for _, r := range t.store.World.InOrder() {
		if !t.store.World.SameName(r.Name, name) || !t.store.World.Sees(c.user, r) {
			continue
		}
		if found != nil {
			return nil, refusal.BadRequest("more than one connection has this name: spaceId is needed")
		}
		found = r
	}
	if found == nil {
		return nil, refusal.NotFound("data connection")
	}
	return found, nil
}

// dataFilesSpace reports whether the path names the DataFiles of a space, "" for the caller's personal one.
func (t *Tenant) dataFilesSpace(c *call) (space string, builtIn bool) {
	ref := c.request.PathValue("id")
	if t.store.World.Connections[ref] != nil {
		return "", false
	}
	spaces := t.enterable(c.user)
	if c.query.Get("type") == "connectionname" {
		space = c.query.Get("spaceId")
		return space, ref == model.ReservedName && spaces[space]
	}
	for space, open := range spaces {
		if open && dataFilesID(model.ScopeOf(space, c.user.ID)) == ref {
			return space, true
		}
	}
	return "", false
}

// getConnection serves GET /data-connections/{qID}. The properties come only with parseConnection=true.
func (t *Tenant) getConnection(c *call) (answer, error) {
	if space, builtIn := t.dataFilesSpace(c); builtIn {
		return ok(t.dataFilesView(c, space)), nil
	}
	r, err := t.byPath(c)
	if err != nil {
		return answer{}, err
	}
	v := t.view(c, r)
	v.QRI = r.Source().QRI(r.Properties)
	v.ConnectionSecret = secretText(r.Secret)
	if c.query.Get("parseConnection") == "true" {
		v.Properties = t.store.World.Shown(r)
	}
	if id := c.query.Get("credentialId"); id != "" {
		k := t.store.World.Credentials[id]
		if c.query.Get("byCredentialName") == "true" {
			k = t.store.World.CredentialNamed(c.user.ID, id)
		}
		if k == nil || k.User != c.user.ID {
			return answer{}, refusal.NotFound("credential")
		}
		v.CredentialsID = k.ID
	}
	return ok(v), nil
}

func checkTags(tags []string, limit int) error {
	if len(tags) > limit {
		return refusal.BadRequest("at most %d tags are allowed", limit)
	}
	for _, tag := range tags {
		if tag == "" || len(tag) > maxTagBytes {
			return refusal.BadRequest("a tag must have 1 to %d bytes", maxTagBytes)
		}
	}
	return nil
}

// deleteConnection serves DELETE /data-connections/{qID}. Embedded credentials go with it, separated ones stay
// (separated credentials tutorial).
func (t *Tenant) deleteConnection(c *call) (answer, error) {
	r, err := t.byPath(c)
	if err != nil {
		return answer{}, err
	}
	t.store.World.Remove(r.ID)
	return noContent, nil
}

// enterable returns the spaces that the user may enter, and "" for the personal one.
func (t *Tenant) enterable(u *model.User) map[string]bool {
	spaces := map[string]bool{"": true}
	for _, s := range t.store.World.Spaces {
		spaces[s.ID] = u.MayEnter(s)
	}
	return spaces
}
