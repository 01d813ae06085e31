package simulator

import (
	"maps"
	"net/http"
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

func (t *Tenant) byName(c *call, name string) (*record, error) {
	if space := c.query.Get("spaceId"); space != "" {
		if !c.user.mayEnter(t.world.space(space)) {
			return nil, forbidden("no access to the connection or space")
		}
		if r := t.world.named(nameKey{space, name}); r != nil {
			return r, nil
		}
		return nil, notFound("data connection")
	}
	var found *record
	for _, r := range t.world.inOrder() {
		if r.Name != name || !t.world.sees(c.user, r) {
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
	if c.query.Get("parseConnection") == "true" {
		v.Properties = r.source().visible(r.Properties)
	}
	return ok(v), nil
}

// createBody is the properties form of create. The reference says datasourceID, every tutorial dataSourceId: both work.
type createBody struct {
	Name         *string        `json:"qName"`
	DatasourceID *string        `json:"datasourceID"`
	DataSourceID *string        `json:"dataSourceId"`
	Properties   map[string]any `json:"connectionProperties"`
	Space        string         `json:"space"`
	Tags         []string       `json:"tags"`
	AuthURLOnly  bool           `json:"authUrlOnly"` // ignored for data sources without OAuth, which all of these are
}

// createConnection serves POST /data-connections (create tutorial; API reference, option 2).
func (t *Tenant) createConnection(c *call) (answer, error) {
	var body createBody
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	s, err := t.checkCreate(c, &body)
	if err != nil {
		return answer{}, err
	}
	now := touched(t.now(), seedTime)
	r := &record{
		Name: *body.Name, Space: body.Space, Owner: c.user.ID, DataSource: s.id,
		Properties: s.sealAll(body.Properties), Created: now, Updated: now,
		Tags: append(append([]string(nil), body.Tags...), "DcaasAPI:"+s.provider+":"+s.version),
	}
	if t.world.taken(r.key(), "") {
		return answer{}, conflict("a connection of this name exists in the space")
	}
	r.ID = t.world.freshID(r.key())
	r.linkCredentials()
	t.world.put(r)
	v := t.view(c, r)
	v.QRI = s.qri(r.Properties)
	v.Privileges = []string{"read", "update", "delete"} // shorter than in a GET, as in the tutorial's sample
	return answer{status: http.StatusCreated, body: v}, nil
}

// checkCreate gives the data source of an acceptable body. An unknown or disabled one is 400: undocumented; assumed.
func (t *Tenant) checkCreate(c *call, body *createBody) (*source, error) {
	id := body.DatasourceID
	switch {
	case id == nil:
		id = body.DataSourceID
	case body.DataSourceID != nil && *body.DataSourceID != *id:
		return nil, misuse("datasourceID and dataSourceId differ")
	}
	switch {
	case id == nil || *id == "":
		return nil, badRequest("Field datasourceID is missing in the request")
	case body.Name == nil || *body.Name == "":
		return nil, badRequest("Field qName is missing in the request")
	case body.Properties == nil:
		return nil, badRequest("Field connectionProperties is missing in the request")
	case body.Space != "" && !c.user.mayEnter(t.world.space(body.Space)):
		return nil, forbidden("no access to the connection or space")
	}
	if err := checkTags(body.Tags, maxTagsOnCreate); err != nil {
		return nil, err
	}
	s := sourceByID(*id)
	if s == nil || t.world.disabled[*id] {
		return nil, badRequest("data source %q is unknown or not enabled", *id)
	}
	if err := s.checkAll(body.Properties); err != nil {
		return nil, badRequest("connectionProperties: %v", err)
	}
	return s, nil
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

// deleteConnection serves DELETE /data-connections/{qID}. Embedded credentials go with it.
func (t *Tenant) deleteConnection(c *call) (answer, error) {
	r, err := t.byPath(c)
	if err != nil {
		return answer{}, err
	}
	t.world.remove(r.ID)
	return noContent, nil
}

// change gives a copy of the record to be changed and stored in its place.
func (r *record) change(t *Tenant) *record {
	next := *r
	next.Properties = maps.Clone(r.Properties)
	next.Updated = touched(t.now(), r.Updated)
	return &next
}
