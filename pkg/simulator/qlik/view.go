package qlik

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/identity"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
)

// connectionView is a connection as the API answers it (sample answers of the create, update and delete tutorials).
type connectionView struct {
	QID                 string `json:"qID"`
	ID                  string `json:"id"`
	EngineObjectID      string `json:"qEngineObjectID"`
	Name                string `json:"qName"`
	Type                string `json:"qType"`
	DataSource          string `json:"datasourceID,omitempty"`
	Space               string `json:"space,omitempty"`
	User                string `json:"user,omitempty"` // the owner
	Tenant              string `json:"tenant"`
	LogOn               any    `json:"qLogOn"` // a number here, a string there
	Architecture        int    `json:"qArchitecture"`
	SeparateCredentials bool   `json:"qSeparateCredentials"`
	CredentialsID       string `json:"qCredentialsID,omitempty"`
	ConnectStatement    string `json:"qConnectStatement"`
	ConnectionSecret    string `json:"qConnectionSecret,omitempty"`

	// With extended=true.
	CredentialsName string      `json:"qCredentialsName,omitempty"`
	ReferenceKey    string      `json:"qReferenceKey,omitempty"`
	Credentials     *ciphertext `json:"qCredentials,omitempty"`

	Properties any      `json:"connectionProperties,omitempty"` // an object, or nil where it was not asked for
	QRI        string   `json:"qri,omitempty"`
	Tags       []string `json:"tags,omitempty"`
	Privileges []string `json:"privileges"`
	Created    string   `json:"created"`
	Updated    string   `json:"updated"`
	Links      selfLink `json:"links"`
	Version    string   `json:"version"`

	without []string // members that the answer does not have
}

// MarshalJSON leaves out what the tenant does not answer.
func (v connectionView) MarshalJSON() ([]byte, error) {
	type plain connectionView
	data, err := host.JSON(plain(v))
	if err != nil || len(v.without) == 0 {
		return data, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, err
	}
	for _, name := range v.without {
		delete(members, name)
	}
	return json.Marshal(members)
}

// ciphertext is the returned form of encrypted credentials. It is not an encryption, because the
// credentials are not stored.
type ciphertext struct {
	Ciphertext string `json:"ciphertext"`
}

type selfLink struct {
	Self link `json:"self"`
}

// view returns what the caller sees of a connection, without properties and qri.
func (t *Tenant) view(c *call, r *model.Record) connectionView {
	v := connectionView{
		QID: r.ID, ID: r.ID, EngineObjectID: r.ID, Name: r.Name, Type: r.Source().Provider, DataSource: r.DataSource,
		Space: r.Space, User: r.Owner, Tenant: t.tenantID(), LogOn: 1, Architecture: r.Architecture,
		SeparateCredentials: r.Separated(), CredentialsID: r.CredentialOf(c.user.ID),
		Privileges: privileges(c.user),
		Created:    timestamp(r.Created), Updated: timestamp(r.Updated),
		Links: selfLink{link{c.base() + connectionsPath + "/" + r.ID}}, Version: "V1", without: t.behaviour.Without,
	}
	v.tell(t.store.World, r, "")
	if owner := t.store.World.User(r.Owner); owner != nil && owner.Status == "deleted" {
		v.User = ""
	}
	if r.Legacy != "" {
		v.Type, v.DataSource = r.Legacy, ""
	}
	if r.LogOn != nil {
		v.LogOn = *r.LogOn
	}
	if c.query.Get("extended") == "true" && v.CredentialsID != "" {
		v.ReferenceKey, v.Credentials = "credential:"+v.CredentialsID, &ciphertext{identity.Opaque("ciphertext", v.CredentialsID)}
		if k := t.store.World.Linked(r, c.user.ID); k != nil {
			v.CredentialsName = k.Name
		}
	}
	return v
}

// tell puts statement and tags into the answer, with the lies about the connection and one more of that kind.
func (v *connectionView) tell(w *model.World, r *model.Record, kind string) {
	var stated bool
	if v.ConnectStatement, v.Tags, stated = w.Told(r, kind); !stated {
		v.without = append(slices.Clip(v.without), "qConnectStatement")
	}
}

// secretText returns the digest of a connection secret in an answer, because the secret itself is
// not stored.
func secretText(hashed any) string {
	digest, _ := hashed.(map[string]any)
	text, _ := digest[host.HashKey].(string)
	return text
}

// dataFilesView returns the built-in connection of a space, or of the caller's personal space for "": it has no owner.
// Type, statement and privileges are undocumented; assumed.
func (t *Tenant) dataFilesView(c *call, space string) connectionView {
	id := dataFilesID(model.ScopeOf(space, c.user.ID))
	return connectionView{
		QID: id, ID: id, EngineObjectID: id, Name: model.ReservedName, Type: "qix-datafiles.exe", Space: space,
		Tenant: t.tenantID(), LogOn: 1, ConnectStatement: `CUSTOM CONNECT TO "provider=qix-datafiles.exe;path=` + space + `;"`,
		Privileges: []string{"list", "read"}, Created: timestamp(model.SeedTime), Updated: timestamp(model.SeedTime),
		Links: selfLink{link{c.base() + connectionsPath + "/" + id}}, Version: "V1",
	}
}

func dataFilesID(scope string) string { return identity.UUID("datafiles", scope) }

// privileges of one who sees the connection: everything but change_owner, which only bulk update can do, and that needs
// an administrator.
func privileges(u *model.User) []string {
	if u.IsAdmin() {
		return []string{"change_owner", "change_space", "delete", "list", "read", "update"}
	}
	return []string{"change_space", "delete", "list", "read", "update"}
}

// timestamp is RFC 3339 with 0 to 3 digits of fraction, as in the samples.
func timestamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.999Z") }
