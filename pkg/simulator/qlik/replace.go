package qlik

import (
	"maps"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// putBody is the body of PUT (API reference): it has no tags and no connectionProperties.
type putBody struct {
	createLogin
	QID            string  `json:"qID"`
	EngineObjectID string  `json:"qEngineObjectID"`
	Name           string  `json:"qName"`
	Type           string  `json:"qType"`
	Statement      string  `json:"qConnectStatement"`
	DatasourceID   string  `json:"datasourceID"`
	Space          *string `json:"space"`
}

// putConnection serves PUT /data-connections/{qID}. It cannot change credentials that are stored with the connection
// (update tutorial): qUsername and qPassword do nothing. That a missing space, secret or datasourceID means no change is
// documented for the secret alone; assumed for the others.
func (t *Tenant) putConnection(c *call) (answer, error) {
	r, err := t.byPath(c)
	if err != nil {
		return answer{}, err
	}
	var body putBody
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	if err := body.checkFor(r); err != nil {
		return answer{}, err
	}
	next := r.Change(t.now())
	next.Name = body.Name
	if body.Space != nil {
		if err := t.checkAccess(c, *body.Space); err != nil {
			return answer{}, err
		}
		next.Space = *body.Space
	}
	if err := t.store.World.CheckName(next); err != nil {
		return answer{}, err
	}
	if err := next.SetStatement(body.Statement, t.behaviour.RawStatements); err != nil {
		return answer{}, err
	}
	body.Username, body.Password = nil, nil
	given := body.apply(next)
	if err := t.store.World.LinkStored(next, c.user.ID, body.CredentialsID); err != nil {
		return answer{}, err
	}
	if err := t.store.World.Settle(c.user.ID, r, next, given); err != nil {
		return answer{}, err
	}
	t.store.World.Put(next)
	return noContent, nil
}

func (b *putBody) checkFor(r *model.Record) error {
	required := map[string]string{
		"qID": b.QID, "qName": b.Name, "qType": b.Type, "qConnectStatement": b.Statement, "qEngineObjectID": b.EngineObjectID,
	}
	for _, name := range host.SortedKeys(required) {
		if required[name] == "" {
			return refusal.BadRequest("Field %s is missing in the request", name)
		}
	}
	switch {
	case b.QID != r.ID || b.EngineObjectID != r.ID:
		return refusal.BadRequest("qID and qEngineObjectID must be those of the connection")
	case b.DatasourceID != "" && b.DatasourceID != r.DataSource:
		return refusal.BadRequest("datasourceID cannot be changed")
	}
	return b.check()
}

// duplicateBody is the body of the duplicate action.
type duplicateBody struct {
	ID       string  `json:"id"`
	Name     *string `json:"name"`
	SpaceID  *string `json:"spaceId"`
	Username *string `json:"qUsername"`
	Password *string `json:"qPassword"`
}

// duplicateConnection serves POST /data-connections/actions/duplicate: a copy, of the caller, with the credentials of its
// source unless others are given. The form of a generated name is undocumented; assumed.
func (t *Tenant) duplicateConnection(c *call) (answer, error) {
	var body duplicateBody
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	r, err := t.duplicated(c, &body)
	if err != nil {
		return answer{}, err
	}
	now := model.Touched(t.now(), model.SeedTime)
	next := *r
	next.ID, next.Owner, next.CredentialID, next.Tags = "", c.user.ID, "", nil
	next.Created, next.Updated = now, now
	next.Properties, next.Links = maps.Clone(r.Properties), maps.Clone(r.Links)
	if t.behaviour.DuplicateCopiesTags {
		next.Tags = r.Tags
	}
	if body.SpaceID != nil {
		next.Space = *body.SpaceID
	}
	if body.Name != nil {
		next.Name = *body.Name
	} else {
		next.Name = t.store.World.FreeName(&next)
	}
	if err := t.store.World.CheckName(&next); err != nil {
		return answer{}, err
	}
	login := createLogin{Username: body.Username, Password: body.Password, Architecture: r.Architecture}
	if body.Password != nil {
		next.Properties, next.Stale = r.Source().WithoutCredentials(next.Properties), false
	}
	return t.created(c, &next, login.apply(&next), "1")
}

// duplicated returns the source of a duplicate, if the request is an acceptable one.
func (t *Tenant) duplicated(c *call, body *duplicateBody) (*model.Record, error) {
	if body.ID == "" {
		return nil, refusal.BadRequest("Field id is missing in the request")
	}
	for space, open := range t.enterable(c.user) {
		if open && body.ID == dataFilesID(model.ScopeOf(space, c.user.ID)) {
			return nil, refusal.BadRequest("%s connections cannot be duplicated", model.ReservedName)
		}
	}
	r := t.store.World.Connections[body.ID]
	switch {
	case r == nil:
		return nil, refusal.NotFound("data connection")
	case !t.store.World.Sees(c.user, r):
		return nil, refusal.Forbidden("no access to the connection or space")
	case body.Name != nil && *body.Name == "":
		return nil, refusal.BadRequest("name cannot be empty")
	case body.Name != nil && *body.Name == model.ReservedName:
		return nil, refusal.BadRequest("%s connections are built in", model.ReservedName)
	case body.SpaceID != nil:
		return r, t.checkAccess(c, *body.SpaceID)
	}
	return r, nil
}
