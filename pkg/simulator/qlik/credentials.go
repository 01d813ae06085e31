package qlik

import (
	"cmp"
	"net/http"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/identity"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/source"
)

// Data credentials have no list and no create of their own: they come with connections. One that is stored with a
// connection (embedded) can be looked at by its id too; a separated one is its user's alone.

type credentialView struct {
	QID          string   `json:"qID"`
	Name         string   `json:"qName"`
	Type         string   `json:"qType"`
	DataSource   string   `json:"datasourceID"`
	ConnCount    int      `json:"qConnCount"`
	Separated    int      `json:"qSeparated"`
	ConnectionID string   `json:"connectionId"`
	ReferenceKey string   `json:"qReferenceKey"`
	Created      string   `json:"created"`
	Updated      string   `json:"updated"`
	Links        selfLink `json:"links"`
}

// foundCredential is a set of either kind; one of the two is nil.
type foundCredential struct {
	set  *model.Credential
	with *model.Record
}

// credentialOfPath finds what the path names: an id, or with byCredentialName=true the name of a separated set.
func (t *Tenant) credentialOfPath(c *call) (foundCredential, error) {
	ref := c.request.PathValue("id")
	if c.query.Get("byCredentialName") == "true" {
		if k := t.store.World.CredentialNamed(c.user.ID, ref); k != nil {
			return foundCredential{set: k}, nil
		}
		return foundCredential{}, refusal.NotFound("credential")
	}
	if !identity.UUIDShape.MatchString(ref) {
		return foundCredential{}, refusal.BadRequest("the credential id is not a valid UUID")
	}
	if k := t.store.World.Credentials[ref]; k != nil && k.User == c.user.ID {
		return foundCredential{set: k}, nil
	}
	for _, r := range t.store.World.InOrder() {
		if r.CredentialID == ref && t.store.World.Sees(c.user, r) {
			return foundCredential{with: r}, nil
		}
	}
	return foundCredential{}, refusal.NotFound("credential")
}

// getCredential serves GET /data-credentials/{qID}. No value of a credential is in any answer.
func (t *Tenant) getCredential(c *call) (answer, error) {
	found, err := t.credentialOfPath(c)
	if err != nil {
		return answer{}, err
	}
	var v credentialView
	if k := found.set; k != nil {
		v = credentialView{
			QID: k.ID, Name: k.Name, Type: k.Source().Provider, DataSource: k.DataSource, Separated: 1,
			ConnCount: len(t.store.World.ConnectionsOf(k.ID)), Created: timestamp(k.Created), Updated: timestamp(k.Updated),
		}
	} else {
		r := found.with
		v = credentialView{
			QID: r.CredentialID, Name: r.Name, Type: r.Source().Provider, DataSource: r.DataSource, ConnCount: 1,
			Created: timestamp(r.Created), Updated: timestamp(r.Updated),
		}
	}
	v.ReferenceKey = "credential:" + v.QID
	v.Links = selfLink{link{c.base() + credentialsPath + "/" + v.QID}}
	return ok(v), nil
}

// login is what a write brings. The service takes passwords as a connector encodes them, so nobody looks into them.
type login struct {
	name               string // "" leaves it
	username, password *string
}

// patchCredential serves PATCH /data-credentials/{qID}: a bare array here too. Which paths there are is undocumented;
// assumed: name, user name and password.
func (t *Tenant) patchCredential(c *call) (answer, error) {
	found, err := t.credentialOfPath(c)
	if err != nil {
		return answer{}, err
	}
	ops, err := t.patchOps(c)
	if err != nil {
		return answer{}, err
	}
	var change login
	for i := range ops {
		if err := change.take(&ops[i]); err != nil {
			return answer{}, err
		}
	}
	return t.writeCredential(found, change)
}

func (l *login) take(op *patchOp) error {
	if op.Op == "remove" {
		return refusal.BadRequest("path %q cannot be removed", op.Path)
	}
	var value string
	if err := host.DecodeOne(op.Value, &value); err != nil || value == "" {
		return refusal.BadRequest("%s: must be a string", op.Path)
	}
	switch op.Path {
	case "/qName":
		l.name = value
	case "/qUsername":
		l.username = &value
	case "/qPassword":
		l.password = &value
	default:
		return refusal.BadRequest("path %q cannot be patched", op.Path)
	}
	return nil
}

type credentialBody struct {
	QID          string `json:"qID"`
	Name         string `json:"qName"`
	Type         string `json:"qType"`
	Username     string `json:"qUsername"`
	Password     string `json:"qPassword"`
	DatasourceID string `json:"datasourceID"`
	ConnectionID string `json:"connectionId"`
}

// putCredential serves PUT /data-credentials/{qID}.
func (t *Tenant) putCredential(c *call) (answer, error) {
	found, err := t.credentialOfPath(c)
	if err != nil {
		return answer{}, err
	}
	var body credentialBody
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	id, s, connection := found.identity()
	switch {
	case body.Name == "" || body.Type == "" || body.Username == "" || body.Password == "":
		return answer{}, refusal.BadRequest("qName, qType, qUsername and qPassword are needed")
	case body.QID != "" && body.QID != id:
		return answer{}, refusal.BadRequest("qID is not that of the path")
	case body.Type != s.Provider || body.DatasourceID != "" && body.DatasourceID != s.ID:
		return answer{}, refusal.BadRequest("qType and datasourceID cannot be changed")
	case body.ConnectionID != "" && body.ConnectionID != connection:
		return answer{}, refusal.BadRequest("connectionId cannot be changed")
	}
	return t.writeCredential(found, login{body.Name, &body.Username, &body.Password})
}

// identity returns id, data source, and the connection that the credentials are stored with.
func (f foundCredential) identity() (id string, s *source.Source, connection string) {
	if f.set != nil {
		return f.set.ID, f.set.Source(), ""
	}
	return f.with.CredentialID, f.with.Source(), f.with.ID
}

// writeCredential changes a set. Embedded ones have no name of their own, so that it does nothing for them.
func (t *Tenant) writeCredential(found foundCredential, l login) (answer, error) {
	if k := found.set; k != nil {
		if other := t.store.World.CredentialNamed(k.User, l.name); l.name != "" && other != nil && other != k {
			return answer{}, refusal.Conflict("credentials of this name exist")
		}
		t.store.World.ChangeCredential(k, t.now(), func(next *model.Credential) {
			next.Name = cmp.Or(l.name, k.Name)
			l.into(k.Source(), next.Values)
		})
		return noContent, nil
	}
	next := found.with.Change(t.now())
	l.into(next.Source(), next.Properties)
	next.Stale = next.Stale && l.password == nil
	t.store.World.Put(next)
	return noContent, nil
}

// into replaces credentials: a password stands for all that the connector has.
func (l login) into(s *source.Source, values map[string]any) {
	if l.password != nil {
		for name := range s.CredentialsIn(values) {
			delete(values, name)
		}
		values[source.LoginPassword] = host.Hash(*l.password)
	}
	if l.username != nil {
		values[source.LoginUser] = host.Hash(*l.username)
	}
}

// deleteCredential serves DELETE /data-credentials/{qID}: connections that used it lose it.
func (t *Tenant) deleteCredential(c *call) (answer, error) {
	found, err := t.credentialOfPath(c)
	if err != nil {
		return answer{}, err
	}
	if r := found.with; r != nil {
		next := r.Change(t.now())
		next.Properties = r.Source().WithoutCredentials(r.Properties)
		next.LinkCredentials()
		t.store.World.Put(next)
		return noContent, nil
	}
	for _, r := range t.store.World.ConnectionsOf(found.set.ID) {
		next := r.Change(t.now())
		for key, id := range r.Links {
			if id == found.set.ID {
				delete(next.Links, key)
			}
		}
		t.store.World.Put(next)
	}
	delete(t.store.World.Credentials, found.set.ID)
	return noContent, nil
}

type orphanFilter struct {
	DatasourceID string `json:"datasourceID"`
	Separated    *int   `json:"qSeparated"`
	Type         string `json:"qType"`
}

type orphan struct {
	QID        string `json:"qID"`
	Name       string `json:"qName"`
	Type       string `json:"qType"`
	DataSource string `json:"datasourceID"`
	User       string `json:"user"`
	Tenant     string `json:"tenant"`
	Created    string `json:"created"`
	Updated    string `json:"updated"`
}

type orphanList struct {
	Data  []orphan `json:"data"`
	Count int      `json:"count"`
}

// filterOrphans serves POST /data-credentials/actions/filter-orphan: sets without a connection. Embedded ones are deleted
// with theirs, so none of them is an orphan. Who may ask is undocumented; assumed: administrators.
func (t *Tenant) filterOrphans(c *call) (answer, error) {
	if !c.user.IsAdmin() {
		return answer{}, refusal.Forbidden("the endpoint requires Admin role")
	}
	var body orphanFilter
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	if n := body.Separated; n != nil && *n != 0 && *n != 1 {
		return answer{}, refusal.BadRequest("qSeparated must be 0 or 1")
	}
	list := orphanList{Data: []orphan{}}
	for _, k := range t.store.World.CredentialsInOrder() {
		if !body.selects(k) || len(t.store.World.ConnectionsOf(k.ID)) > 0 {
			continue
		}
		list.Data = append(list.Data, orphan{
			QID: k.ID, Name: k.Name, Type: k.Source().Provider, DataSource: k.DataSource, User: k.User,
			Tenant: t.tenantID(), Created: timestamp(k.Created), Updated: timestamp(k.Updated),
		})
	}
	list.Count = len(list.Data)
	return answer{status: http.StatusOK, body: list}, nil
}

func (f *orphanFilter) selects(k *model.Credential) bool {
	return (f.DatasourceID == "" || f.DatasourceID == k.DataSource) && (f.Separated == nil || *f.Separated == 1) &&
		(f.Type == "" || f.Type == k.Source().Provider)
}
