package connection

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Provider is a remote system that holds connections. It reads and writes; it
// never compares and never decides. All methods may be called concurrently.
type Provider interface {
	Rules

	// DataSources reads the schemas of the data sources with these ids. An id that the tenant does not
	// have is absent from the result and not an error. If only some cannot be read, the error is
	// [Problems], and the others are in the result.
	DataSources(ctx context.Context, ids []string) (*Catalog, error)

	// Snapshot reads what the scope selects. An error means that no plan is possible; parts that are
	// missing or unreadable are reported in the snapshot.
	Snapshot(ctx context.Context, scope Scope) (*Snapshot, error)

	// Execute runs one operation, or several of a kind that [Capabilities.BatchSize] contains, in as
	// few calls as possible. It always returns one outcome for each operation, in their order.
	//
	// Execute does not write on the basis of an old read: it reads the connection of each operation
	// again after a permit of the rate limit has been taken, before each attempt. An operation whose
	// connection has changed fails with [ErrChanged], and the others of a batch continue.
	//
	// When the context ends, nothing more is sent: operations that wait for the rate limit or for
	// another attempt fail, with [ErrNotSent] if nothing was carried out. Execute still waits for the
	// response to a write that has been sent, within the provider's own time limit.
	Execute(ctx context.Context, operations []Operation) []Outcome

	// ExecuteGroup runs a group. The contract of Execute applies until the first operation has been
	// sent. From then on nothing interrupts the group: permits of the rate limit for all of its writes,
	// including undo, are reserved before the first is sent, and the end of the context no longer
	// matters.
	ExecuteGroup(ctx context.Context, group Group) []Outcome
}

// Group is an atomic group of operations: if only some of them are carried out, something in use is
// missing. They are sent one after the other, up to the first that fails; the rest end with
// [ErrNotSent].
type Group struct {
	Operations []Operation
	// Undo reverts the first operation if a later one fails. Nil: nothing is reverted.
	Undo *Operation
}

// Detailer is an optional interface of a provider whose snapshots may contain proved connections; see
// [Live.Proved].
type Detailer interface {
	// Detail reads in detail the proved connections of a snapshot for which needed reports true, and
	// returns the snapshot with them. The scope is that of the snapshot.
	Detail(ctx context.Context, snapshot *Snapshot, scope Scope, needed func(*Live) bool) (*Snapshot, error)
}

// IdleCloser is an optional interface of a provider that keeps network connections open.
type IdleCloser interface {
	// CloseIdleConnections closes the network connections that are not in use. The provider opens new
	// ones when it needs them.
	CloseIdleConnections()
}

// Pacer is an optional interface of a provider that knows how much of its rate limit is used up.
type Pacer interface {
	// Pace returns how long that many more requests would wait for the rate limit, until the last of
	// them may be sent, if no other client uses the limit. It may be called concurrently.
	Pace(reads, writes int) time.Duration
}

// Waiter is an optional interface of a provider that knows why its requests wait.
type Waiter interface {
	// Waiting returns the current reason for delays and the earliest time at which it ends. The zero
	// value means that nothing delays requests. Waiting returns at once and may be called concurrently.
	Waiting() Wait
}

// Wait is a delay of requests.
type Wait struct {
	For   WaitReason
	Until time.Time
}

// WaitReason is why requests wait.
type WaitReason string

// The reasons: a rate limit, of reads or of writes, and the next attempt at a request that the
// service could not answer.
const (
	WaitReads  WaitReason = "reads"
	WaitWrites WaitReason = "writes"
	WaitRetry  WaitReason = "retry"
)

type readingKey struct{}

// WithReading returns a context for [Provider.DataSources]. After each data source, reading
// receives how many of the requested ones have been read. It may be called concurrently.
func WithReading(ctx context.Context, reading func(done, total int)) context.Context {
	return context.WithValue(ctx, readingKey{}, reading)
}

// Reading returns the function that [WithReading] stored in the context, or a function that does
// nothing.
func Reading(ctx context.Context) func(done, total int) {
	if reading, ok := ctx.Value(readingKey{}).(func(done, total int)); ok {
		return reading
	}
	return func(int, int) {}
}

// Identifier is an optional interface of a provider whose tenants have ids, which shows when a URL
// leads to another tenant.
type Identifier interface {
	// TenantID reads the id of the tenant. An id that the caller may not see is not an error; see
	// [TenantIdentity.Unknown].
	TenantID(ctx context.Context) (TenantIdentity, error)
}

// TenantIdentity is the identity of a tenant, as the tenant reports it.
type TenantIdentity struct {
	ID string
	// Unknown says why there is no ID.
	Unknown error
	// Reads counts the requests that were made.
	Reads int
}

// Class is the role of a property with respect to secrets.
type Class int

// The classes of properties.
const (
	// ClassProperty is readable and compared.
	ClassProperty Class = iota
	// ClassCredential belongs to the credentials and is not returned by the service, but may be shown:
	// a user name.
	ClassCredential
	// ClassSecret must never be shown.
	ClassSecret
)

// MarshalText returns the name of the class.
func (c Class) MarshalText() ([]byte, error) { return []byte(classNames[c]), nil }

// UnmarshalText parses the name of a class.
func (c *Class) UnmarshalText(text []byte) error {
	found := slices.Index(classNames[:], string(text))
	if found < 0 {
		return fmt.Errorf("%q is no class of properties", text)
	}
	*c = Class(found)
	return nil
}

var classNames = [...]string{ClassProperty: "property", ClassCredential: "credential", ClassSecret: "secret"}

// Catalog is the data sources that a tenant offers.
type Catalog struct {
	// DataSources holds the requested data sources that exist, by id.
	DataSources map[string]*DataSource `json:"dataSources"`
	// Known lists the ids of all data sources, for suggestions, sorted. It is filled only if a
	// requested one does not exist.
	Known []string `json:"known,omitempty"`
	// Disabled lists the requested data sources that are disabled in the tenant, sorted. They are in no
	// other list.
	Disabled []string `json:"disabled,omitempty"`
	// Unread lists the data sources that could not be read; the error says why.
	Unread []string `json:"-"`
	// Reads counts the requests that were made.
	Reads int `json:"reads"`
}

// Absence returns why a tenant has no schema of a data source: the tenant has no description of it,
// has disabled it, or does not have it.
func (c *Catalog) Absence(id string) string {
	switch {
	case slices.Contains(c.Known, id):
		return fmt.Sprintf("the tenant has no api-specs of data source %q", id)
	case slices.Contains(c.Disabled, id):
		return fmt.Sprintf("data source %q is disabled in the tenant", id)
	}
	return fmt.Sprintf("the tenant has no data source %q", id)
}

// Classify returns a function that finds secrets by name, as [Rules.Classify] does, and by the
// marks and the switches in the schemas of the catalog. The catalog may be nil.
func (c *Catalog) Classify(byName func(dataSource, property string) Class) func(dataSource, property string) Class {
	return func(dataSource, property string) Class {
		class := byName(dataSource, property)
		if c == nil || c.DataSources[dataSource] == nil {
			return class
		}
		switch known, ok := c.DataSources[dataSource].Properties[property]; {
		case !ok:
			return class
		case known.Class == ClassSecret:
			return ClassSecret
		case class == ClassSecret && known.Type == "boolean":
			return known.Class // the name of a switch does not mean that its value is a secret
		}
		return class
	}
}

// HoldsSecret returns a function that reports whether a value contains a secret, by its content, as
// a provider does, and by the marks in the schemas of the catalog. The catalog may be nil.
func (c *Catalog) HoldsSecret(byValue func(property string, value any) bool) func(dataSource, property string, value any) bool {
	return func(dataSource, property string, value any) bool {
		if c != nil && c.DataSources[dataSource] != nil && len(Secrets(c.DataSources[dataSource].Properties[property].hide(value, false))) > 0 {
			return true
		}
		return byValue(property, value)
	}
}

// KnowsSecret returns a function that reports whether a property, or something inside its value, is
// known to be a secret: by what the provider knows, or by the marks in the schemas of the catalog.
// A guess does not count. The catalog may be nil.
func (c *Catalog) KnowsSecret(byProvider func(dataSource, property string, value any) bool) func(dataSource, property string, value any) bool {
	return func(dataSource, property string, value any) bool {
		if c != nil && c.DataSources[dataSource] != nil {
			known := c.DataSources[dataSource].Properties[property]
			if known.Class == ClassSecret && !known.Guessed || len(Secrets(known.hide(value, true))) > 0 {
				return true
			}
		}
		return byProvider(dataSource, property, value)
	}
}

// DataSource is a kind of connection.
type DataSource struct {
	ID      string `json:"id"`
	Version string `json:"version,omitempty"` // of the connector to which the schema belongs
	// Family is the connector behind the data source. Apps that read through one data source of a
	// family can read through another. Empty: unknown.
	Family string `json:"family,omitempty"`
	// Schema is the JSON Schema of the properties and credentials, as the service returns it.
	Schema json.RawMessage `json:"schema,omitempty"`
	// Properties is the part of the schema that the engine needs, by property name.
	Properties map[string]Property `json:"properties,omitempty"`
	// Unsuited says, by type of space, why connections of this kind do not belong there, with the
	// source of that knowledge. The service may accept them anyway.
	Unsuited map[string]string `json:"unsuited,omitempty"`
	// SignIn is the condition under which a person must sign in for a connection of this kind; nil:
	// never.
	SignIn *SignIn `json:"signIn,omitempty"`
}

// SignIn is the condition under which a person must sign in before a connection is created or its
// credentials are written: the property has one of the values or, if there is no such property, the
// code is declared. The person gets a single-use code, which is sent as the credential of that
// name.
type SignIn struct {
	Property string   `json:"property"`
	Values   []string `json:"values"`
	Code     string   `json:"code"`
}

// Property is the part of a data source's property that the engine needs.
type Property struct {
	Type       string   `json:"type,omitempty"`    // JSON type; empty: unknown or several
	Default    any      `json:"default,omitempty"` // meaningful if HasDefault
	HasDefault bool     `json:"hasDefault,omitempty"`
	Enum       []string `json:"enum,omitempty"`
	Class      Class    `json:"class"`
	// Guessed reports whether the only evidence for a secret is the name of the property.
	Guessed bool `json:"guessed,omitempty"`
	// Marked are the places within a value at which the schema marks a secret, as paths of names; "*"
	// is every item of a list and every entry of a map.
	Marked      [][]string  `json:"marked,omitempty"`
	PerUserRole PerUserRole `json:"separated,omitempty"`
	// ChosenBy reports that the value is the id of a [Choice]. It is the key with which a file may contain
	// the name instead; see [Property.ChoiceName]. Empty: the value is not such an id.
	ChosenBy string `json:"chosenBy,omitempty"`
	// AnyID reports that the id of a choice is not looked up, because the service may not list all that
	// fit.
	AnyID bool `json:"anyId,omitempty"`
	// Form is the provider's own word for how values are compared, for its Normalize only. Usually
	// empty.
	Form string `json:"form,omitempty"`
	// UsedWhen lists alternatives, each a set of values of other properties. The property is in use if,
	// in at least one alternative, every other property has one of its values. Nil: always.
	UsedWhen []map[string][]any `json:"usedWhen,omitempty"`
	// Gone reports that newer versions of the service do not have the property.
	Gone bool `json:"gone,omitempty"`
}

// PerUserRole is the role of a property where each user brings their own credentials, which are
// stored separately from connections.
type PerUserRole int

// The roles; most properties have none.
const (
	_ PerUserRole = iota
	// SeparatesCredentials is the switch between credentials of the connection and credentials of each
	// user.
	SeparatesCredentials
	// NamesCredentials is the name under which the declared credentials are stored for the caller.
	NamesCredentials
	// SelectsCredentials is the id of the caller's stored credentials; a file may contain their name
	// instead.
	SelectsCredentials
)

// StoredCredentials is a set of credentials that a user has stored.
type StoredCredentials struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Choice is an object of the tenant that connections of a data source select by its id, such as a
// gateway. Two choices may have the same name.
type Choice struct {
	DataSource string `json:"dataSource"`
	ID         string `json:"id"`
	Name       string `json:"name"`
}

// ChoiceName returns the name of a choice, if a declared value of the property is a map with only the
// key [Property.ChosenBy].
func (p *Property) ChoiceName(value any) (name string, ok bool) {
	object, _ := value.(map[string]any)
	name, ok = object[p.ChosenBy].(string)
	return name, ok && len(object) == 1 && p.ChosenBy != ""
}

// Scope selects what a snapshot reads.
type Scope struct {
	Spaces []SpaceRef
	// Owners are declared owners (e-mail or subject) to look up.
	Owners []string
	// OwnerIDs are ids of declared owners to look up.
	OwnerIDs []string
	// People requests the names of the owners of the listed connections; see [Snapshot.People].
	People bool
	// Stored are ids and names of stored credentials to look up. Linked requests which of them the
	// connections use that are read in detail: the result is the value of their properties with the
	// roles NamesCredentials and SelectsCredentials.
	Stored []string
	Linked bool
	// SpaceDetails are the names of spaces whose details are needed; see [Snapshot.SpaceDetails].
	SpaceDetails []string
	// Principals are members to look up; see [Snapshot.Principals].
	Principals []Principal
	// Choices are the data sources whose choices are needed; see [Snapshot.Choices].
	Choices []string
	// Details reports whether the properties of a connection are needed. It is called
	// from one goroutine, once for each listed connection.
	Details func(*Live) bool
	// Listed reports whether the properties of a connection are not needed, even if Details asks for
	// them, provided that the list has everything else. It is called from one goroutine. May be nil.
	Listed func(*Live) bool
	// Equals reports whether a listed connection with these properties is as declared, so that nothing
	// in a plan, a drift report or a verification would mention it. A property that is absent is
	// unknown, and no evidence. Equals returns the declared properties, or nil if the connection has to
	// be read in detail regardless of its properties. It is pure, and false where it is not sure. A
	// provider that concludes properties from its list need not read a connection for which Equals
	// reports true; see [Live.Proved]. It is called from one goroutine. Nil: everything that Details
	// asks for is read.
	Equals func(live *Live, properties map[string]any) (declared map[string]any, equal bool)
	// Day selects which connections are read in detail although their properties could be concluded, as
	// a sample: other ones on another day.
	Day string
	// Secretive reports whether the properties of a connection contain a secret that the provider does
	// not recognise, so that they must not be stored in a file. It is called from one goroutine. May be
	// nil.
	Secretive func(*Live) bool
	// Reading receives, after each connection, how many of the requested details have been read. It may
	// be called concurrently. May be nil.
	Reading func(done, total int)
}

// Snapshot is the live side of a plan.
type Snapshot struct {
	Caller User `json:"caller"`
	// Spaces holds every space that the caller can see, and the personal one.
	Spaces []Space `json:"spaces"`
	// Users holds the caller and every user who matches a looked-up owner: two users with one address
	// are two entries.
	Users []User `json:"users"`
	// NoUsers holds the ids of declared owners that were looked up and do not exist.
	NoUsers []string `json:"noUsers,omitempty"`
	// Disabled holds the data sources of listed connections that are disabled in the tenant.
	Disabled []string `json:"disabledDataSources,omitempty"`
	// People holds the owners of the connections, by id, if the scope asked for them and the service
	// returns them. It is for people to read: declared owners are not looked up in it.
	People []User `json:"people,omitempty"`
	// Stored holds the stored credentials that were looked up and found.
	Stored []StoredCredentials `json:"stored,omitempty"`
	// SpaceDetails holds the details of the spaces that the scope asked for and that exist, by id.
	SpaceDetails []SpaceDetails `json:"spaceDetails,omitempty"`
	// Principals holds the principals that the scope asked for and that exist, each with its id: two
	// groups with one name are two entries.
	Principals []Principal `json:"principals,omitempty"`
	// Choices holds the choices of the data sources that the scope asked for. NoChoices holds the data
	// sources of which the service does not list them: nothing is known about these.
	Choices   []Choice `json:"choices,omitempty"`
	NoChoices []string `json:"noChoices,omitempty"`
	// Connections holds the connections found in the scope, by key, then id.
	Connections []Live `json:"connections"`
	// Incomplete says what is missing from the lists, and why. If it is not empty, absence proves
	// nothing.
	Incomplete []string `json:"incomplete,omitempty"`
	// Reads counts the requests that were made, and Details those of them that read one connection.
	Reads   int `json:"reads"`
	Details int `json:"details"`
	// Cached counts the connections whose details came from the cache.
	Cached int `json:"-"`
	// Proved counts the connections that are as declared by the list; see [Live.Proved].
	Proved int `json:"-"`
	// Remarks is what the provider noticed that is about no single connection.
	Remarks []Reason `json:"-"`
	// Unkept is the error of writing the cache.
	Unkept       error        `json:"-"`
	Capabilities Capabilities `json:"traits"`
}

// ReadCounts says how the connections of a snapshot were read.
type ReadCounts struct {
	Connections int `json:"connections"`
	Detailed    int `json:"detailed"`         // read one by one
	Proved      int `json:"proved"`           // see [Live.Proved]
	Cached      int `json:"cached,omitempty"` // taken from the cache
	Calls       int `json:"calls"`            // all requests, also those for lists and schemas
}

// Counts returns how the connections were read, with the calls for the catalog, which may be nil. Nil:
// the list proved nothing.
func (s *Snapshot) Counts(catalog *Catalog) *ReadCounts {
	if s.Proved == 0 {
		return nil
	}
	counts := &ReadCounts{s.Details + s.Proved + s.Cached, s.Details, s.Proved, s.Cached, s.Reads}
	if catalog != nil {
		counts.Calls += catalog.Reads
	}
	return counts
}

// Space is a place for connections.
type Space struct {
	ID   string `json:"id"`   // empty: the personal space
	Name string `json:"name"` // as it appears in a [Key]
	Type string `json:"type"` // "personal", "shared", "managed" or "data"
}

// User is a person or a bot.
type User struct {
	ID      string `json:"id"`
	Name    string `json:"name,omitempty"`
	Email   string `json:"email,omitempty"`
	Subject string `json:"subject,omitempty"`
	// Inactive is the status of a user who is not active, in the service's words; empty: active. An
	// inactive user cannot become an owner.
	Inactive string `json:"inactive,omitempty"`
	// Admin reports whether the user may change connections that others own.
	Admin bool `json:"admin,omitempty"`
}

// Capabilities describe, as data, how the remote system makes changes. They depend on the caller's
// role, so they are part of the snapshot.
type Capabilities struct {
	// Space, Owner and Existence are the kinds of operation that move a connection to another space,
	// change its owner, and delete it. Empty: this caller cannot do so. Everything else is changed by
	// [Patch], or by [Recreate] where a patch cannot express it. If Space is [Recreate], a connection
	// changes its space only by a recreate.
	Space     OperationKind `json:"space,omitempty"`
	Owner     OperationKind `json:"owner,omitempty"`
	Existence OperationKind `json:"existence,omitempty"`
	// BatchSize is how many operations of a kind fit in one call: one for a kind that is absent.
	BatchSize map[OperationKind]int `json:"batchSize,omitempty"`
	// Costs is how many requests one call of each kind needs at most; its reads are for each operation
	// of the call.
	Costs map[OperationKind]Cost `json:"costs,omitempty"`
	// Writes is the rate limit of writes.
	Writes RateLimit `json:"writes"`
	// NoRecords reports that ownership records are not stored: parts that only an ownership record
	// remembers are not compared.
	NoRecords bool `json:"unmarked,omitempty"`
}

// ValueKind is a kind of JSON value.
type ValueKind string

// The kinds of values.
const (
	KindNull    ValueKind = "null"
	KindBool    ValueKind = "boolean"
	KindInteger ValueKind = "integer" // written as an integer: 1.0 is a decimal
	KindDecimal ValueKind = "decimal"
	KindString  ValueKind = "string" // also a secret, and a reference to one
	KindList    ValueKind = "array"
	KindObject  ValueKind = "object"
)

// KindOf returns the kind of a JSON value; empty for any other value.
func KindOf(value any) ValueKind {
	switch value := value.(type) {
	case nil:
		return KindNull
	case bool:
		return KindBool
	case json.Number:
		if strings.ContainsAny(value.String(), ".eE") {
			return KindDecimal
		}
		return KindInteger
	case string, Secret, Reference:
		return KindString
	case []any:
		return KindList
	case map[string]any:
		return KindObject
	}
	return ""
}

// Cost is a number of requests per tier of the rate limit.
type Cost struct {
	Reads  int `json:"reads,omitempty"`
	Writes int `json:"writes,omitempty"`
}

// RateLimit allows that many requests in any window.
type RateLimit struct {
	Requests int           `json:"requests"`
	Window   time.Duration `json:"window"` // in JSON: nanoseconds
}

// OperationKind is a kind of operation, and so of step.
type OperationKind string

// The operation kinds.
const (
	Create     OperationKind = "create"
	Patch      OperationKind = "patch"
	BulkUpdate OperationKind = "bulk-update"
	BulkDelete OperationKind = "bulk-delete"
	Delete     OperationKind = "delete"
	Recreate   OperationKind = "recreate"
	// AskSignIn changes nothing: it asks the service where a person can sign in, in place of a create
	// or a patch.
	AskSignIn OperationKind = "sign-in"

	// Operations on spaces; see [SpaceWrite].
	CreateSpace    OperationKind = "create-space"
	DescribeSpace  OperationKind = "patch-space"
	AssignRoles    OperationKind = "assign"
	ReplaceRoles   OperationKind = "set-roles"
	UnassignMember OperationKind = "unassign"
)

// Deletes reports whether operations of the kind delete connections.
func (m OperationKind) Deletes() bool { return m == Delete || m == BulkDelete }

// Order returns the rank of a kind: of operations that could begin at the same time, the smaller
// rank comes first.
func (m OperationKind) Order() int {
	return slices.Index([]OperationKind{CreateSpace, DescribeSpace, AssignRoles, ReplaceRoles, UnassignMember, AskSignIn, Create, BulkUpdate, Patch, Recreate, BulkDelete, Delete}, m)
}

// Operation is one change to one connection. Zero fields leave their part unchanged.
type Operation struct {
	Kind OperationKind
	// Key is the key of the connection before the operation; for a create, the key after it.
	Key Key
	ID  string // empty for a create

	Name    string // create: its name; patch: its new name
	Space   *Space // create: its space; otherwise its new space
	OwnerID string // bulk update: its new owner
	// DataSource is the data source of a new connection; otherwise the one with which the connection
	// was read, for a service where a name may later refer to another connection.
	DataSource string
	Set        map[string]any
	Remove     []string
	// Credentials has [Reference] leaves in a plan and [Secret] leaves during execution.
	Credentials map[string]any
	// DropsCredentials reports that the service may drop or unlink stored credentials with this
	// operation, although the operation writes none: a change of host or of the owner.
	DropsCredentials bool
	// Successor is the connection, as the plan saw it, that has replaced the one that this operation
	// deletes: its credentials replace the deleted ones. The provider reads it too, and does not delete
	// if [CheckSuccessor] returns an error. Nil: no such condition.
	Successor *Live
	// SignIn names the credential that holds the code of a person's sign-in. Empty: no sign-in is
	// needed.
	SignIn string
	// Tags replaces the user's tags; ours and the server's stay.
	Tags *[]string
	// Record replaces the ownership record.
	Record *Record
	// Seen is the connection as the plan saw it. Nil: unknown, for a create and for a connection that
	// an earlier operation of the plan creates. A provider reads the connection again just before it
	// writes, and does not write if [CheckUnchanged] finds a difference from Seen, or from the result
	// of its own acknowledged writes since.
	Seen *Live
	// ReadBack requests that the connection is read again after the write. For a create, a difference
	// from what was sent is an error. For any other operation, a later operation of the plan then finds
	// out whether another client changed the connection in between.
	ReadBack bool
	// AllowSecretLoss permits the operation to erase secrets that the service stores and does not
	// return and that this operation does not set. See [Demands.Loses].
	AllowSecretLoss bool
	// Write is what an operation on a space writes; nil for any other operation.
	Write *SpaceWrite
}

// Outcome is the result of one operation.
type Outcome struct {
	ID string // of the connection; for a create, the new one
	// Err wraps one of the sentinel errors if one applies.
	Err error
	// Path is the part of the declaration to which the error refers, as [Desired.PositionOf] takes it:
	// "/properties/region", "/credentials/password", "/name", "/space", "/owner", "/tags". Empty: the
	// connection as a whole, or unknown.
	Path string
	// UndoErr is the error of [Group.Undo]. It is set only for the operation of the group that failed.
	UndoErr error
	// SignInURL is where a person must sign in first; Err is then [ErrSignIn]. The URL is for that
	// person and for one use: no log and no error quotes it.
	SignInURL string
}
