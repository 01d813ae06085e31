package qlik

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
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
	if body.AuthURLOnly && s.signsIn(body.Properties) {
		return t.beginSignIn(c, s, body.Properties[s.SignIn.Code])
	}
	now := touched(t.now(), seedTime)
	r := &record{
		Name: *body.Name, Space: body.Space, Owner: c.user.ID, DataSource: s.id,
		Properties: t.world.store(s, body.Properties), Created: now, Updated: now,
		Tags: append(slices.Clone(body.Tags), s.serverTag()),
	}
	if err := t.world.checkName(r); err != nil {
		return answer{}, err
	}
	if s.signsIn(body.Properties) {
		if err := t.world.redeemProperty(c.user.ID, s, body.Properties); err != nil {
			return answer{}, err
		}
	}
	return t.created(c, r, namesOf(body.Properties), 1)
}

// created gives a new record its id, stores it and answers it.
func (t *Tenant) created(c *call, r *record, given map[string]bool, logOn any) (answer, error) {
	if r.ID == "" {
		r.ID = t.world.freshID(r.key())
	}
	if err := t.world.settle(c.user.ID, nil, r, given); err != nil {
		return answer{}, err
	}
	t.world.put(r)
	v := t.view(c, r)
	v.QRI, v.LogOn = r.source().qri(r.Properties), logOn
	v.Privileges = []string{"read", "update", "delete"} // shorter than in a GET, as in the tutorial's sample
	return answer{status: http.StatusCreated, body: v}, nil
}

// dataSource gives the data source that the body names.
func (b *createBody) dataSource(accepted string) (id string, err error) {
	contract, tutorials := b.DatasourceID, b.DataSourceID
	switch accepted {
	case keyOfContract:
		tutorials = nil
	case keyOfTutorials:
		contract = nil
	}
	switch {
	case contract != nil && tutorials != nil && *contract != *tutorials:
		return "", misuse("datasourceID and dataSourceId differ")
	case contract != nil && *contract != "":
		return *contract, nil
	case tutorials != nil && *tutorials != "":
		return *tutorials, nil
	}
	return "", badRequest("Field %s is missing in the request", firstSet(accepted, keyOfContract))
}

// checkCreate gives the data source of an acceptable body. An unknown or disabled one is 400: undocumented; assumed.
func (t *Tenant) checkCreate(c *call, body *createBody) (*source, error) {
	id, err := body.dataSource(t.behaviour.DataSourceKey)
	switch {
	case err != nil:
		return nil, err
	case body.Name == nil || *body.Name == "":
		return nil, badRequest("Field qName is missing in the request")
	case body.Properties == nil:
		return nil, badRequest("Field connectionProperties is missing in the request")
	}
	s, err := t.checkNew(c, body.Space, body.Tags, maxTagsOnCreate, id)
	if err != nil {
		return nil, err
	}
	if t.behaviour.IgnoreUnknownProperties {
		body.Properties = s.known(body.Properties)
	}
	if err := t.checkGateway(body.Properties); err != nil {
		return nil, err
	}
	if err := s.checkAll(body.Properties); err != nil {
		return nil, badRequest("connectionProperties: %v", err)
	}
	return s, nil
}

// checkNew checks what both forms of a create have in common, and gives the data source.
func (t *Tenant) checkNew(c *call, space string, tags []string, mostTags int, sourceID string) (*source, error) {
	if err := t.checkAccess(c, space); err != nil {
		return nil, err
	}
	if err := checkTags(tags, mostTags); err != nil {
		return nil, err
	}
	return t.enabledSource(sourceID)
}

// enabledSource gives a data source that connections can be made for.
func (t *Tenant) enabledSource(id string) (*source, error) {
	s := sourceByID(id)
	if s == nil || t.world.disabled[id] {
		return nil, badRequest("data source %q is unknown or not enabled", id)
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
		return badRequest("qLogOn must be 0, 1, LOG_ON_SERVICE_USER or LOG_ON_CURRENT_USER, as a string")
	}
	if l.Architecture != 0 && l.Architecture != 1 {
		return badRequest("qArchitecture must be 0 or 1")
	}
	return nil
}

// apply puts what the login says into a record that has its statement.
func (l *createLogin) apply(r *record) (given map[string]bool) {
	given = make(map[string]bool)
	set := func(name string, value any) { r.Properties[name], given[name] = value, true }
	if l.Username != nil {
		set(loginUser, host.Seal(*l.Username))
	}
	if l.Password != nil {
		set(loginPassword, host.Seal(*l.Password))
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
		r.Secret = host.Seal(*l.Secret)
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
	now := touched(t.now(), seedTime)
	r := &record{
		ID: firstSet(body.QID, body.EngineObjectID), Name: body.Name, Space: body.Space, Owner: c.user.ID,
		DataSource: s.id, Tags: body.Tags, Created: now, Updated: now,
	}
	if err := r.setStatement(body.Statement); err != nil {
		return answer{}, err
	}
	if err := t.world.checkName(r); err != nil {
		return answer{}, err
	}
	if t.world.connections[r.ID] != nil {
		return answer{}, conflict("a connection of this id exists")
	}
	given := body.apply(r)
	if err := t.world.linkStored(r, c.user.ID, body.CredentialsID); err != nil {
		return answer{}, err
	}
	return t.created(c, r, given, firstSet(body.LogOn, "1"))
}

func (t *Tenant) checkStatementBody(c *call, body *statementBody) (*source, error) {
	keys := createBody{DatasourceID: body.DatasourceID, DataSourceID: body.DataSourceID}
	id, err := keys.dataSource(t.behaviour.DataSourceKey)
	switch {
	case err != nil:
		return nil, err
	case body.Name == "":
		return nil, badRequest("Field qName is missing in the request")
	case body.Type == "":
		return nil, badRequest("Field qType is missing in the request")
	case body.QID != "" && body.EngineObjectID != "" && body.QID != body.EngineObjectID:
		return nil, badRequest("qID and qEngineObjectID must be the same")
	case body.QID+body.EngineObjectID != "" && !uuidShape.MatchString(firstSet(body.QID, body.EngineObjectID)):
		return nil, badRequest("qID is not a valid UUID")
	}
	if err := body.check(); err != nil {
		return nil, err
	}
	s, err := t.checkNew(c, body.Space, body.Tags, maxTags, id)
	if err != nil {
		return nil, err
	}
	if body.Type != s.provider {
		return nil, badRequest("qType must be the provider of data source %s", s.id)
	}
	return s, nil
}
