package qlik

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik/internal/statement"
)

// The forms of answers, as far as we read them. Fields that are not named here are dropped during
// decoding. qConnectStatement and qConnectionSecret may contain secrets: the former is kept while a
// snapshot is taken, in a type that prints a placeholder, and only its digest afterwards; the latter is
// omitted on purpose.

// wireErrors is the body of an error: every field is optional (API reference).
type wireErrors struct {
	Errors  []wireError `json:"errors"`
	TraceID string      `json:"traceId"`
}

type wireError struct {
	Code   string `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Status int    `json:"status"`
}

// promised is an answer, or an item of a list, with required parts: a service under maintenance, or
// a proxy in between, may answer 200 with any content.
type promised interface {
	// missing returns the name of a required part that is absent; empty: none.
	missing() string
}

// wirePage is one page of any list. Its items are decoded one by one, so that an item of another
// form does not fail the others.
type wirePage struct {
	// Data is nil if there is no list, as opposed to an empty one.
	Data []json.RawMessage `json:"data"`
	// Meta counts the items of all pages, or of this one; see [consistency].
	Meta optional[struct {
		Count *int `json:"count"`
	}] `json:"meta"`
	Links struct {
		// Next is absent, null, or has no href on the last page (paging guide).
		Next struct {
			Href string `json:"href"`
		} `json:"next"`
	} `json:"links"`
	// Errors means that some items of a list of connections are missing.
	Errors []wireError `json:"errors"`
}

func (w *wirePage) missing() string { return lacks(w.Data == nil, "data") }

// lacks returns the name if missing is true.
func lacks(missing bool, name string) string {
	if missing {
		return name
	}
	return ""
}

// wireConnection is a connection in a list, a get or the answer to a create.
type wireConnection struct {
	QID         string             `json:"qID"`
	PlainID     string             `json:"id"` // in every sample, not in the schema
	Name        string             `json:"qName"`
	Space       string             `json:"space"`                // absent or empty: personal
	Owner       string             `json:"user"`                 // absent: its owner was deleted, or it is not returned
	Type        string             `json:"qType"`                // the connector's provider
	DataSource  string             `json:"datasourceID"`         // absent: created before data sources existed
	Properties  map[string]any     `json:"connectionProperties"` // with parseConnection=true only
	Separated   *looseBool         `json:"qSeparateCredentials"` // nil: not returned
	Credentials string             `json:"qCredentialsID"`
	Tags        []string           `json:"tags"`
	Created     looseTime          `json:"created"`    // initially equal to updated
	Updated     looseTime          `json:"updated"`    // RFC 3339, with any number of decimals
	Privileges  optional[[]string] `json:"privileges"` // of the caller; incomplete in the answer to a create, where they are not used
	Statement   wireStatement      `json:"qConnectStatement"`

	answered time.Time // by the clock of the service; zero: unknown
}

func (w *wireConnection) id() string {
	if w.QID != "" {
		return w.QID
	}
	return w.PlainID
}

func (w *wireConnection) missing() string {
	return cmp.Or(lacks(w.id() == "", "qID"), lacks(w.Name == "", "qName"))
}

func (w *wireConnection) isSeparated() bool { return w.Separated != nil && bool(*w.Separated) }

// isBuiltIn reports whether the connection is the built-in one for the files of a space, which
// cannot be managed. A missing owner is not evidence: accounts are deleted.
func (w *wireConnection) isBuiltIn() bool {
	return strings.EqualFold(w.Type, dataFilesType) || w.Name == "DataFiles" || w.Name == "MyDataFiles"
}

// wireCreated is the answer to a create: a connection, or an address to sign in.
type wireCreated struct {
	wireConnection
	AuthURL string `json:"authUrl"`
}

// missing returns "": if there is neither an id nor an address, the create is looked for.
func (*wireCreated) missing() string { return "" }

// wireCredential is a set of per-user credentials, without secrets.
type wireCredential struct {
	ID   string `json:"qID"`
	Name string `json:"qName"`
}

func (w *wireCredential) missing() string { return lacks(w.ID == "", "qID") }

type wireSpace struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	Type        string           `json:"type"`
	OwnerID     string           `json:"ownerId"`
	Description optional[string] `json:"description"`
	// Meta holds the roles of the caller, and those that the caller may assign. The roles of the owner
	// are not listed.
	Meta optional[struct {
		Roles      optional[[]string] `json:"roles"`
		Assignable optional[[]string] `json:"assignableRoles"`
	}] `json:"meta"`
}

func (w *wireSpace) id() string { return w.ID }

func (w *wireSpace) missing() string {
	return cmp.Or(lacks(w.ID == "", "id"), lacks(w.Name == "", "name"))
}

type wireUser struct {
	ID            string     `json:"id"`
	Name          string     `json:"name"`
	Email         string     `json:"email"`
	Subject       string     `json:"subject"`
	Status        string     `json:"status"`
	ClientID      string     `json:"clientId"` // of a bot user
	AssignedRoles []wireRole `json:"assignedRoles"`
}

func (w *wireUser) missing() string { return lacks(w.ID == "", "id") }

type wireRole struct {
	Name string `json:"name"`
}

type wireDataSources struct {
	DataSources []struct {
		ID       string `json:"dataSourceId"` // optional in the published types
		Disabled bool   `json:"disabled"`
	} `json:"dataSources"`
}

func (w *wireDataSources) missing() string { return lacks(w.DataSources == nil, "dataSources") }

// wireWritten is the answer to a write that should have no body. A body that is not about a
// connection may come from a proxy, which has written nothing.
type wireWritten struct {
	QID     string `json:"qID"`
	PlainID string `json:"id"`
}

func (w *wireWritten) missing() string { return lacks(w.QID+w.PlainID == "", "id") }

// wireCreate is the property-based form of a create. The API reference calls the
// data source datasourceID, every tutorial dataSourceId: exactly one is set.
type wireCreate struct {
	DataSource      string         `json:"datasourceID,omitempty"`
	DataSourceAgain string         `json:"dataSourceId,omitempty"`
	Name            string         `json:"qName"`
	Space           string         `json:"space,omitempty"` // absent: personal
	Tags            []string       `json:"tags,omitempty"`
	Properties      map[string]any `json:"connectionProperties"`
	AuthURLOnly     bool           `json:"authUrlOnly,omitempty"` // return an address, create nothing
}

// wirePatch is one operation of a PATCH, whose body is a bare array of them; the
// older {"patchData": [...]} has been refused since May 2025 (changelog 134).
type wirePatch struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"` // a string, boolean, integer or array
}

// wireBulk is the body of both bulk actions.
type wireBulk struct {
	Connections []wireBulkItem `json:"connections"`
}

// wireBulkItem is one connection of a bulk action. An absent field is not changed; an empty spaceId
// is the personal space.
type wireBulkItem struct {
	ID        string  `json:"id"`
	OwnerID   string  `json:"ownerId,omitempty"`
	SpaceID   *string `json:"spaceId,omitempty"`
	SpaceType string  `json:"spaceType,omitempty"` // required with spaceId
}

// wireBulkAnswer is the content of a 207: results by id, in no documented order.
type wireBulkAnswer struct {
	Data []wireBulkResult `json:"data"`
}

type wireBulkResult struct {
	ID     string     `json:"id"`
	Status int        `json:"status"`
	Error  *wireError `json:"error"`
}

// looseBool is a boolean that some answers contain as a string.
type looseBool bool

// UnmarshalJSON decodes true and "true" as true, and everything else as false.
func (b *looseBool) UnmarshalJSON(text []byte) error {
	*b = looseBool(strings.EqualFold(string(bytes.Trim(text, `"`)), "true"))
	return nil
}

// optional is a value that qlsync does not require: a value of another form is unknown, and the
// zero value.
type optional[T any] struct{ value T }

// UnmarshalJSON decodes a T, and everything else as the zero value.
func (o *optional[T]) UnmarshalJSON(text []byte) error {
	var value T
	if json.Unmarshal(text, &value) == nil {
		o.value = value
	}
	return nil
}

// looseTime is a time that qlsync does not require: a text that cannot be parsed is unknown.
type looseTime struct{ time.Time }

// UnmarshalJSON decodes RFC 3339, and everything else as the zero time.
func (t *looseTime) UnmarshalJSON(text []byte) error {
	at, err := time.Parse(time.RFC3339, string(bytes.Trim(text, `"`)))
	if err == nil {
		t.Time = at.UTC()
	}
	return nil
}

// wireStatement is a statement, with the digest that outlasts it.
type wireStatement struct {
	digest connection.StatementDigest
	text   statement.Text
}

// UnmarshalJSON decodes a string, and everything else as unknown.
func (s *wireStatement) UnmarshalJSON(text []byte) error {
	var decoded string
	if json.Unmarshal(text, &decoded) == nil {
		*s = wireStatement{connection.DigestStatement(decoded), statement.NewText(decoded)}
	}
	return nil
}

// rawAnswer keeps an answer unchanged.
type rawAnswer []byte

// UnmarshalJSON copies the text.
func (r *rawAnswer) UnmarshalJSON(text []byte) error {
	*r = bytes.Clone(text)
	return nil
}
