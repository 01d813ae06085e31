package qlik

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/identity"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/source"
)

// createBody is the properties form of create.
type createBody struct {
	Name         *string        `json:"qName"`
	DatasourceID *string        `json:"datasourceID"`
	DataSourceID *string        `json:"dataSourceId"`
	Properties   map[string]any `json:"connectionProperties"`
	Space        string         `json:"space"`
	Tags         []string       `json:"tags"`
	AuthURLOnly  bool           `json:"authUrlOnly"` // ignored for connections without interactive OAuth
}

// createConnection serves POST /data-connections: in the form with properties (create tutorial; API reference, option 2),
// or with a statement (option 1).
func (t *Tenant) createConnection(c *call) (answer, error) {
	var form struct {
		Statement json.RawMessage `json:"qConnectStatement"`
	}
	if err := json.Unmarshal(c.body, &form); err == nil && form.Statement != nil {
		return t.createFromStatement(c)
	}
	var body createBody
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	s, err := t.checkCreate(c, &body)
	if err != nil {
		return answer{}, err
	}
	if body.AuthURLOnly && s.SignsIn(body.Properties) {
		return t.beginSignIn(c, s, body.Properties[s.SignIn.Code])
	}
	now := model.Touched(t.now(), model.SeedTime)
	r := &model.Record{
		Name: *body.Name, Space: body.Space, Owner: c.user.ID, DataSource: s.ID,
		Properties: t.store.World.Store(s, body.Properties), Created: now, Updated: now,
		Tags: append(slices.Clone(body.Tags), s.ServerTag()),
	}
	if err := t.store.World.CheckName(r); err != nil {
		return answer{}, err
	}
	if s.SignsIn(body.Properties) {
		if err := t.store.World.RedeemProperty(c.user.ID, s, body.Properties); err != nil {
			return answer{}, err
		}
	}
	return t.created(c, r, source.NamesOf(body.Properties), 1)
}

// created returns a new record its id, stores it and answers it.
func (t *Tenant) created(c *call, r *model.Record, given map[string]bool, logOn any) (answer, error) {
	if r.ID == "" {
		r.ID = t.store.World.FreshID(r.Key())
	}
	if err := t.store.World.Settle(c.user.ID, nil, r, given); err != nil {
		return answer{}, err
	}
	t.store.World.Put(r)
	v := t.view(c, r)
	v.QRI, v.LogOn = r.Source().QRI(r.Properties), logOn
	v.Privileges = []string{"read", "update", "delete"} // shorter than in a GET, as in the tutorial's sample
	return answer{status: http.StatusCreated, body: v}, nil
}

// dataSource returns the data source that the body names.
func (b *createBody) dataSource(accepted string) (id string, err error) {
	contract, tutorials := b.DatasourceID, b.DataSourceID
	switch accepted {
	case model.KeyOfContract:
		tutorials = nil
	case model.KeyOfTutorials:
		contract = nil
	}
	switch {
	case contract != nil && tutorials != nil && *contract != *tutorials:
		return "", refusal.Misuse("datasourceID and dataSourceId differ")
	case contract != nil && *contract != "":
		return *contract, nil
	case tutorials != nil && *tutorials != "":
		return *tutorials, nil
	}
	return "", refusal.BadRequest("Field %s is missing in the request", cmp.Or(accepted, model.KeyOfContract))
}

// checkCreate returns the data source of an acceptable body. An unknown or disabled one is 400: undocumented; assumed.
func (t *Tenant) checkCreate(c *call, body *createBody) (*source.Source, error) {
	id, err := body.dataSource(t.behaviour.DataSourceKey)
	switch {
	case err != nil:
		return nil, err
	case body.Name == nil || *body.Name == "":
		return nil, refusal.BadRequest("Field qName is missing in the request")
	case body.Properties == nil:
		return nil, refusal.BadRequest("Field connectionProperties is missing in the request")
	}
	s, err := t.checkNew(c, body.Space, body.Tags, maxTagsOnCreate, id)
	if err != nil {
		return nil, err
	}
	if t.behaviour.IgnoreUnknownProperties {
		body.Properties = s.Known(body.Properties)
	}
	if err := t.checkGateway(body.Properties); err != nil {
		return nil, err
	}
	if err := s.CheckAll(body.Properties); err != nil {
		return nil, refusal.BadRequest("connectionProperties: %v", err)
	}
	return s, nil
}

// checkNew checks the common parts of both forms of a create, and returns the data source.
func (t *Tenant) checkNew(c *call, space string, tags []string, mostTags int, sourceID string) (*source.Source, error) {
	if err := t.checkAccess(c, space); err != nil {
		return nil, err
	}
	if err := checkTags(tags, mostTags); err != nil {
		return nil, err
	}
	return t.enabledSource(sourceID)
}

// enabledSource returns a data source that connections can be made for.
func (t *Tenant) enabledSource(id string) (*source.Source, error) {
	s := source.ByID(id)
	if s == nil || t.store.World.Disabled[id] {
		return nil, refusal.BadRequest("data source %q is unknown or not enabled", id)
	}
	return s, nil
}

// statementBody is the statement form of create (API reference, option 1). The password is encoded by a connector, so
// nobody here looks into it; owner is the id of an app, and qriInRequest counts only from trusted clients: both do
// nothing.
type statementBody struct {
	createLogin
	QID            string   `json:"qID"`
	EngineObjectID string   `json:"qEngineObjectID"`
	Name           string   `json:"qName"`
	Type           string   `json:"qType"`
	Statement      string   `json:"qConnectStatement"`
	DatasourceID   *string  `json:"datasourceID"`
	DataSourceID   *string  `json:"dataSourceId"`
	Space          string   `json:"space"`
	Owner          string   `json:"owner"`
	Tags           []string `json:"tags"`
	QRI            string   `json:"qriInRequest"`
}

// createLogin is what the statement form of create, PUT and duplicate share.
type createLogin struct {
	LogOn           string  `json:"qLogOn"`
	Architecture    int     `json:"qArchitecture"`
	Username        *string `json:"qUsername"`
	Password        *string `json:"qPassword"`
	CredentialsID   string  `json:"qCredentialsID"`
	CredentialsName string  `json:"qCredentialsName"`
	Secret          *string `json:"qConnectionSecret"`
	Separate        *bool   `json:"qSeparateCredentials"`
}

// logOns are the strings that a request may give for the numbers of an answer. Which name is which number is
// undocumented; assumed.
var logOns = map[string]int{"": 1, "0": 0, "1": 1, "LOG_ON_SERVICE_USER": 0, "LOG_ON_CURRENT_USER": 1}

func (l *createLogin) check() error {
	if _, known := logOns[l.LogOn]; !known {
		return refusal.BadRequest("qLogOn must be 0, 1, LOG_ON_SERVICE_USER or LOG_ON_CURRENT_USER, as a string")
	}
	if l.Architecture != 0 && l.Architecture != 1 {
		return refusal.BadRequest("qArchitecture must be 0 or 1")
	}
	return nil
}

// apply puts what the login says into a record that has its statement.
func (l *createLogin) apply(r *model.Record) (given map[string]bool) {
	given = make(map[string]bool)
	set := func(name string, value any) { r.Properties[name], given[name] = value, true }
	if l.Username != nil {
		set(source.LoginUser, host.Hash(*l.Username))
	}
	if l.Password != nil {
		set(source.LoginPassword, host.Hash(*l.Password))
	}
	if l.Separate != nil {
		set("separateCredentials", *l.Separate)
	}
	if l.CredentialsName != "" {
		set("credentialsName", l.CredentialsName)
	}
	switch {
	case l.Secret != nil && *l.Secret == "":
		r.Secret = nil
	case l.Secret != nil:
		r.Secret = host.Hash(*l.Secret)
	}
	if number := logOns[l.LogOn]; l.LogOn != "" {
		r.LogOn = &number
	}
	r.Architecture = l.Architecture
	return given
}

func (t *Tenant) createFromStatement(c *call) (answer, error) {
	var body statementBody
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	s, err := t.checkStatementBody(c, &body)
	if err != nil {
		return answer{}, err
	}
	now := model.Touched(t.now(), model.SeedTime)
	r := &model.Record{
		ID: cmp.Or(body.QID, body.EngineObjectID), Name: body.Name, Space: body.Space, Owner: c.user.ID,
		DataSource: s.ID, Tags: body.Tags, Created: now, Updated: now,
	}
	if err := r.SetStatement(body.Statement, t.behaviour.RawStatements); err != nil {
		return answer{}, err
	}
	if err := t.store.World.CheckName(r); err != nil {
		return answer{}, err
	}
	if t.store.World.Connections[r.ID] != nil {
		return answer{}, refusal.Conflict("a connection of this id exists")
	}
	given := body.apply(r)
	if err := t.store.World.LinkStored(r, c.user.ID, body.CredentialsID); err != nil {
		return answer{}, err
	}
	return t.created(c, r, given, cmp.Or(body.LogOn, "1"))
}

func (t *Tenant) checkStatementBody(c *call, body *statementBody) (*source.Source, error) {
	keys := createBody{DatasourceID: body.DatasourceID, DataSourceID: body.DataSourceID}
	id, err := keys.dataSource(t.behaviour.DataSourceKey)
	switch {
	case err != nil:
		return nil, err
	case body.Name == "":
		return nil, refusal.BadRequest("Field qName is missing in the request")
	case body.Type == "":
		return nil, refusal.BadRequest("Field qType is missing in the request")
	case body.QID != "" && body.EngineObjectID != "" && body.QID != body.EngineObjectID:
		return nil, refusal.BadRequest("qID and qEngineObjectID must be the same")
	case body.QID+body.EngineObjectID != "" && !identity.UUIDShape.MatchString(cmp.Or(body.QID, body.EngineObjectID)):
		return nil, refusal.BadRequest("qID is not a valid UUID")
	}
	if err := body.check(); err != nil {
		return nil, err
	}
	s, err := t.checkNew(c, body.Space, body.Tags, maxTags, id)
	if err != nil {
		return nil, err
	}
	if body.Type != s.Provider {
		return nil, refusal.BadRequest("qType must be the provider of data source %s", s.ID)
	}
	return s, nil
}
