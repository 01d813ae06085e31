package qlik

// Limits of tags (API reference, create; the size is in the published specification).
const (
	maxTagsOnCreate = 31 // the server adds one of its own
	maxTags         = 32
	maxTagBytes     = 256
)

// byPath finds the connection that the path names: an id, or with type=connectionname a name (API reference).
//
// By name without spaceId it must be the only one that the caller sees: undocumented; assumed.
func (t *Tenant) byPath(c *call) (*record, error) {
	if _, builtIn := t.dataFilesSpace(c); builtIn {
		return nil, forbidden(reservedName + " connections are built in")
	}
	ref := c.request.PathValue("id")
	switch kind := c.query.Get("type"); kind {
	case "connectionname":
		return t.byName(c, ref)
	case "":
	default:
		return nil, misuse("type must be connectionname")
	}
	if !uuidShape.MatchString(ref) {
		return nil, badRequest("the connection id is not a valid UUID")
	}
	r := t.world.connections[ref]
	if r == nil {
		return nil, notFound("data connection")
	}
	if !t.world.sees(c.user, r) {
		return nil, forbidden("no access to the connection or space")
	}
	return r, nil
}

// checkAccess refuses a space that the caller does not see; "" is the caller's own personal one.
func (t *Tenant) checkAccess(c *call, space string) error {
	if space != "" && !c.user.mayEnter(t.world.space(space)) {
		return forbidden("no access to the connection or space")
	}
	return nil
}

func (t *Tenant) byName(c *call, name string) (*record, error) {
	if space := c.query.Get("spaceId"); space != "" {
		if err := t.checkAccess(c, space); err != nil {
			return nil, err
		}
		if r := t.world.named(nameKey{space, name}); r != nil {
			return r, nil
		}
		return nil, notFound("data connection")
	}
	var found *record
	for _, r := range t.world.inOrder() {
		if !t.world.sameName(r.Name, name) || !t.world.sees(c.user, r) {
			continue
		}
		if found != nil {
			return nil, badRequest("more than one connection has this name: spaceId is needed")
		}
		found = r
	}
	if found == nil {
		return nil, notFound("data connection")
	}
	return found, nil
}

// dataFilesSpace says whether the path names the DataFiles of a space, "" for the caller's personal one.
func (t *Tenant) dataFilesSpace(c *call) (space string, builtIn bool) {
	ref, spaces := c.request.PathValue("id"), t.enterable(c.user)
	if c.query.Get("type") == "connectionname" {
		space = c.query.Get("spaceId")
		return space, ref == reservedName && spaces[space]
	}
	for space, open := range spaces {
		if open && dataFilesID(scopeOf(space, c.user.ID)) == ref {
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
	v.QRI = r.source().qri(r.Properties)
	v.ConnectionSecret = secretText(r.Secret)
	if c.query.Get("parseConnection") == "true" {
		v.Properties = t.world.shown(r)
	}
	if id := c.query.Get("credentialId"); id != "" {
		k := t.world.credentials[id]
		if c.query.Get("byCredentialName") == "true" {
			k = t.world.credentialNamed(c.user.ID, id)
		}
		if k == nil || k.User != c.user.ID {
			return answer{}, notFound("credential")
		}
		v.CredentialsID = k.ID
	}
	return ok(v), nil
}

func checkTags(tags []string, limit int) error {
	if len(tags) > limit {
		return badRequest("at most %d tags are allowed", limit)
	}
	for _, tag := range tags {
		if tag == "" || len(tag) > maxTagBytes {
			return badRequest("a tag must have 1 to %d bytes", maxTagBytes)
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
	t.world.remove(r.ID)
	return noContent, nil
}

// enterable gives the spaces that the user may enter, and "" for the personal one.
func (t *Tenant) enterable(u *userRecord) map[string]bool {
	spaces := map[string]bool{"": true}
	for _, s := range t.world.spaces {
		spaces[s.ID] = u.mayEnter(s)
	}
	return spaces
}
