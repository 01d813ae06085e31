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

	// DataSources reads what the tenant says about the data sources with these ids.
	// One that it does not have is absent from the answer, no error. If only some of
	// them cannot be read, the error is [Problems], and the others are in the answer.
	DataSources(ctx context.Context, ids []string) (*Catalog, error)

	// Snapshot reads what the scope names. An error means that nothing can be
	// planned; what is merely missing or unreadable is reported in the snapshot.
	Snapshot(ctx context.Context, scope Scope) (*Snapshot, error)

	// Execute runs one operation, or several of a kind that [Capabilities.BatchSize] knows, in as
	// few calls as possible. The outcomes stand in the order of the operations, one for each,
	// whatever happens.
	//
	// Nothing is written on an old read: what an operation is about is read again when its
	// permit in the rate limit has been taken, before each attempt. What is no longer as it was
	// seen fails with [ErrChanged], and the others of a batch go on without it.
	//
	// When the context ends, nothing more is sent: what waiting for the rate limit or
	// for another try fails, with [ErrNotSent] where nothing was carried out. A write
	// that has been sent is waited for all the same, as long as the provider's own
	// time limit allows.
	Execute(ctx context.Context, operations []Operation) []Outcome

	// ExecuteGroup runs a group. What is said of Execute holds here too, until the first
	// operation has been sent. After that nothing separates the group: permits of the rate
	// limit are reserved for all of its writes, undoing included, before the first is sent, and
	// the context no longer matters.
	ExecuteGroup(ctx context.Context, group Group) []Outcome
}

// Group is operations that must not be separated: while only some of them are carried out,
// something is missing that is in use. One is sent after the other, up to the first that
// fails; the rest ends with [ErrNotSent].
type Group struct {
	Operations []Operation
	// Undo puts back what the first one has changed, if one of them fails. Nil: nothing is
	// put back.
	Undo *Operation
}

// Pacer is an optional interface of a provider that knows how far its rate limit is
// used up.
type Pacer interface {
	// Pace returns how long so many more requests wait for the rate limit, until the
	// last of them may be sent, if nobody else uses it. It may be called concurrently.
	Pace(reads, writes int) time.Duration
}

// Waiter is an optional interface of a provider that knows what its requests wait for.
type Waiter interface {
	// Waiting returns what holds requests back now, and until when at least. The zero
	// value means that nothing does. It may be called concurrently, also while requests
	// are sent, and returns at once.
	Waiting() Wait
}

// Wait is a wait of requests.
type Wait struct {
	For   WaitReason
	Until time.Time
}

// WaitReason is what requests wait for.
type WaitReason string

// The reasons: a rate limit, of reads or of writes, and the next attempt at a request
// that the service could not answer.
const (
	WaitReads  WaitReason = "reads"
	WaitWrites WaitReason = "writes"
	WaitRetry  WaitReason = "retry"
)

type readingKey struct{}

// WithReading returns a context for [Provider.DataSources]: after each data source,
// reading receives how many of the requested ones have been read. It may be
// called concurrently.
func WithReading(ctx context.Context, reading func(done, total int)) context.Context {
	return context.WithValue(ctx, readingKey{}, reading)
}

// Reading returns the function that a context was given by [WithReading], or one that
// does nothing.
func Reading(ctx context.Context) func(done, total int) {
	if reading, ok := ctx.Value(readingKey{}).(func(done, total int)); ok {
		return reading
	}
	return func(int, int) {}
}

// Identifier is an optional interface of a provider whose tenant has an id of its own,
// which shows that a URL leads to another tenant.
type Identifier interface {
	// TenantID reads the id of the tenant. An id that the tenant does not show the caller is
	// not an error; see [TenantIdentity.Unknown].
	TenantID(ctx context.Context) (TenantIdentity, error)
}

// TenantIdentity is what a tenant says of itself.
type TenantIdentity struct {
	ID string
	// Unknown is why there is no ID.
	Unknown error
	// Reads counts the requests that were made.
	Reads int
}

// Class is the part that a property plays.
type Class int

// The classes of properties.
const (
	// ClassProperty is readable and compared.
	ClassProperty Class = iota
	// ClassCredential belongs to the credentials and is not returned by the
	// service, but is no secret to show: a user name.
	ClassCredential
	// ClassSecret must never be shown.
	ClassSecret
)

// MarshalText returns the name of the class.
func (c Class) MarshalText() ([]byte, error) { return []byte(classNames[c]), nil }

// UnmarshalText reads the name of a class.
func (c *Class) UnmarshalText(text []byte) error {
	found := slices.Index(classNames[:], string(text))
	if found < 0 {
		return fmt.Errorf("%q is no class of properties", text)
	}
	*c = Class(found)
	return nil
}

var classNames = [...]string{ClassProperty: "property", ClassCredential: "credential", ClassSecret: "secret"}

// Catalog is what a tenant offers.
type Catalog struct {
	// DataSources holds those that were asked for and exist, by id.
	DataSources map[string]*DataSource `json:"dataSources"`
	// Known lists the ids of all data sources, for suggestions, sorted. It is
	// filled only when one that was asked for does not exist.
	Known []string `json:"known,omitempty"`
	// Disabled lists those that were asked for and are disabled in the tenant, sorted: they
	// are in no other list.
	Disabled []string `json:"disabled,omitempty"`
	// Unread lists those that could not be read; the error says why.
	Unread []string `json:"-"`
	// Reads counts the requests that were made.
	Reads int `json:"reads"`
}

// Absence says why a tenant returns no schema of a data source: the tenant describes it
// nowhere, has disabled it, or does not have it.
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
			return known.Class // the name of a switch betrays nothing
		}
		return class
	}
}

// HoldsSecret returns a function that reports whether a value contains a secret, by its content,
// as a provider does, and by the ownership records in the schemas of the catalog. The catalog may be nil.
func (c *Catalog) HoldsSecret(byValue func(property string, value any) bool) func(dataSource, property string, value any) bool {
	return func(dataSource, property string, value any) bool {
		if c != nil && c.DataSources[dataSource] != nil && len(Secrets(c.DataSources[dataSource].Properties[property].hide(value, false))) > 0 {
			return true
		}
		return byValue(property, value)
	}
}

// KnowsSecret returns a function that reports whether a property, or something inside its
// value, is a secret by more than a guess: by what the provider knows, or by the ownership records in the
// schemas of the catalog. The catalog may be nil.
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
	Version string `json:"version,omitempty"` // of the connector; the schema belongs to it
	// Family is the connector behind it: what apps read through one data source of
	// a family they can read through another. Empty: unknown.
	Family string `json:"family,omitempty"`
	// Schema is the JSON Schema of the properties, credentials included, as the
	// service returns it.
	Schema json.RawMessage `json:"schema,omitempty"`
	// Properties is what the engine needs of the schema, by property name.
	Properties map[string]Property `json:"properties,omitempty"`
	// Unsuited says, by type of space, why connections of this kind do not belong there, with the
	// source of that knowledge. The service may accept them anyway.
	Unsuited map[string]string `json:"unsuited,omitempty"`
	// SignIn is when a person must sign in for a connection of this kind; nil: never.
	SignIn *SignIn `json:"signIn,omitempty"`
}

// SignIn is when a person has to sign in so that a connection can be created, or
// its credentials written: the property has one of the values, or, if no such property
// is known, the code is declared. The person gets a code for one use, which goes
// where a credential of that name goes.
type SignIn struct {
	Property string   `json:"property"`
	Values   []string `json:"values"`
	Code     string   `json:"code"`
}

// Property is what the engine knows of one property of a data source.
type Property struct {
	Type       string   `json:"type,omitempty"`    // JSON type; empty: unknown or several
	Default    any      `json:"default,omitempty"` // meaningful if HasDefault
	HasDefault bool     `json:"hasDefault,omitempty"`
	Enum       []string `json:"enum,omitempty"`
	Class      Class    `json:"class"`
	// Guessed reports that nothing but the name of the property says that it is a secret.
	Guessed bool `json:"guessed,omitempty"`
	// Marked are the places within a value at which the schema marks a secret: the names
	// that lead there, of which "*" is every item of a list and every entry of a map.
	Marked      [][]string  `json:"marked,omitempty"`
	PerUserRole PerUserRole `json:"separated,omitempty"`
	// Form is the provider's own word for how values are compared; it means something
	// to its Normalize alone. Usually empty.
	Form string `json:"form,omitempty"`
	// UsedWhen are alternatives; each one lists values of other properties. The property is
	// in use where, in one of the alternatives, every other property has one of its values.
	// Nil: always.
	UsedWhen []map[string][]any `json:"usedWhen,omitempty"`
	// Gone reports that newer versions of the service do not have the property.
	Gone bool `json:"gone,omitempty"`
}

// PerUserRole is the part that a property plays where each user brings their own
// credentials, which are stored apart from connections.
type PerUserRole int

// The roles; most properties have none.
const (
	_ PerUserRole = iota
	// SeparatesCredentials is the switch between credentials of the connection and
	// credentials of each user.
	SeparatesCredentials
	// NamesCredentials is the name of the caller's stored credentials that the
	// declared credentials become.
	NamesCredentials
	// SelectsCredentials is the id, and in a file also the name, of stored
	// credentials of the caller.
	SelectsCredentials
)

// StoredCredentials is a set of credentials that a user has stored.
type StoredCredentials struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Scope is what a snapshot reads.
type Scope struct {
	Spaces []SpaceRef
	// Owners are declared owners (e-mail or subject) to be looked up.
	Owners []string
	// OwnerIDs are ids of declared owners to be looked up.
	OwnerIDs []string
	// People asks who the owners of the listed connections are; see [Snapshot.People].
	People bool
	// Stored are ids and names of stored credentials to be looked up. Linked asks
	// which of them the connections use that are read in detail: that is then the value
	// of their properties with the roles NamesCredentials and SelectsCredentials.
	Stored []string
	Linked bool
	// Details reports whether the properties of a connection are needed. It is called
	// from one goroutine, once for each listed connection.
	Details func(*Live) bool
	// Listed reports whether a provider whose list has everything else can leave out the properties
	// of a connection, even if Details asks for them. It is called from one goroutine. May be nil.
	Listed func(*Live) bool
	// Secretive reports whether the properties that were read of a connection contain a
	// secret that the provider does not recognise: they must not be kept in a file. It
	// is called from one goroutine. May be nil.
	Secretive func(*Live) bool
	// Reading receives, after each connection, how many of those whose details are wanted
	// have been read. It may be called concurrently. May be nil.
	Reading func(done, total int)
}

// Snapshot is the live side of a plan.
type Snapshot struct {
	Caller User `json:"caller"`
	// Spaces holds every space that the caller can see, and the personal one.
	Spaces []Space `json:"spaces"`
	// Users holds the caller, and whoever a looked-up owner may be: two users for
	// one address are two entries.
	Users []User `json:"users"`
	// NoUsers holds the ids of declared owners that were looked up and that nobody has.
	NoUsers []string `json:"noUsers,omitempty"`
	// Disabled holds the data sources of listed connections that are disabled in the tenant.
	Disabled []string `json:"disabledDataSources,omitempty"`
	// People holds the owners of the connections, by id, if the scope asked for them
	// and the service shows them. It is for people to read: no declared owner is looked for
	// among them.
	People []User `json:"people,omitempty"`
	// Stored holds the stored credentials that were looked up and found.
	Stored []StoredCredentials `json:"stored,omitempty"`
	// Connections holds what was found in the scope, by key, then id.
	Connections []Live `json:"connections"`
	// Incomplete says what was left out of the lists, and why. While it is not
	// empty, absence proves nothing.
	Incomplete []string `json:"incomplete,omitempty"`
	// Reads counts the requests that were made; Details those among them that read
	// one connection.
	Reads   int `json:"reads"`
	Details int `json:"details"`
	// Cached counts the connections whose details were known from before, and were
	// not read.
	Cached int `json:"-"`
	// Unkept is why what was read could not be kept for the next time.
	Unkept       error        `json:"-"`
	Capabilities Capabilities `json:"traits"`
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
	// Inactive is the status of a user who is not active, as the service calls it; empty:
	// active. Nothing can be given to that user.
	Inactive string `json:"inactive,omitempty"`
	// Admin reports that the user may change what others own.
	Admin bool `json:"admin,omitempty"`
}

// Capabilities say, as data, how the remote system changes what. They depend on the
// caller's role, so they come with the snapshot.
type Capabilities struct {
	// Space, Owner and Existence are the kinds of operation that move a connection to
	// another space, change its owner, and delete it. Empty: this caller cannot do
	// that. Everything else is changed by [Patch], or by [Recreate] where a patch
	// cannot express it. If Space is [Recreate], a connection gets to another space
	// only by a recreate.
	Space     OperationKind `json:"space,omitempty"`
	Owner     OperationKind `json:"owner,omitempty"`
	Existence OperationKind `json:"existence,omitempty"`
	// BatchSize is how many operations of a kind fit in one call: one for a kind that
	// is absent.
	BatchSize map[OperationKind]int `json:"batchSize,omitempty"`
	// Costs is how many requests one call of each kind needs at most; its reads are
	// those for each operation of the call.
	Costs map[OperationKind]Cost `json:"costs,omitempty"`
	// Writes is the limit that the writes are counted against.
	Writes RateLimit `json:"writes"`
	// NoRecords reports that ownership records are not kept: what only an ownership record records is not compared.
	NoRecords bool `json:"unmarked,omitempty"`
}

// ValueKind is a kind of JSON value.
type ValueKind string

// The kinds of values.
const (
	KindNull    ValueKind = "null"
	KindBool    ValueKind = "boolean"
	KindInteger ValueKind = "integer" // written as one: 1.0 is a decimal
	KindDecimal ValueKind = "decimal"
	KindString  ValueKind = "string" // also a secret, and a reference to one
	KindList    ValueKind = "array"
	KindObject  ValueKind = "object"
)

// KindOf returns the kind of a value; empty for what is not a JSON value.
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

// The mechanisms.
const (
	Create     OperationKind = "create"
	Patch      OperationKind = "patch"
	BulkUpdate OperationKind = "bulk-update"
	BulkDelete OperationKind = "bulk-delete"
	Delete     OperationKind = "delete"
	Recreate   OperationKind = "recreate"
	// AskSignIn changes nothing: it asks where a person can sign in for what would
	// otherwise be a create or a patch.
	AskSignIn OperationKind = "sign-in"
)

// Deletes reports whether operations of the kind delete connections.
func (m OperationKind) Deletes() bool { return m == Delete || m == BulkDelete }

// Order is smaller for a kind that comes first of those that could begin at the same time.
func (m OperationKind) Order() int {
	return slices.Index([]OperationKind{AskSignIn, Create, BulkUpdate, Patch, Recreate, BulkDelete, Delete}, m)
}

// Operation is one thing to do to one connection. What is zero stays as it is.
type Operation struct {
	Kind OperationKind
	// Key is where the connection stands before the operation, or where it will
	// stand after a create.
	Key Key
	ID  string // empty for a create

	Name    string // create: its name; patch: its new name
	Space   *Space // create: its space; otherwise its new space
	OwnerID string // bulk update: its new owner
	// DataSource is that of the new connection; otherwise the one with which the
	// connection was seen, for a service where a name may have come to mean another.
	DataSource string
	Set        map[string]any
	Remove     []string
	// Credentials has [Reference] leaves in a plan and [Secret] leaves when it is
	// executed.
	Credentials map[string]any
	// DropsCredentials reports that the service may drop or unlink stored credentials with
	// this operation, although it writes none: a change of host, or of whose they are.
	DropsCredentials bool
	// Successor is the connection that has taken the place of the one that this operation
	// deletes, as the plan saw it: its credentials replace those that are deleted. The
	// provider reads it too, and deletes nothing where [CheckSuccessor] returns an error.
	// Nil: no such condition.
	Successor *Live
	// SignIn names the credential that is the code of a person's sign-in. Empty:
	// nobody has to sign in.
	SignIn string
	// Tags replaces the user's tags, and leaves ours and the server's.
	Tags *[]string
	// Record replaces our ownership record.
	Record *Record
	// Seen is the connection as the plan saw it. Nil where it is unknown: for a create, and
	// for what an earlier operation of the plan creates. A provider reads the connection again
	// just before it writes, and does not write where [CheckUnchanged] finds a difference from
	// Seen, or from what its own acknowledged writes have left since.
	Seen *Live
	// ReadBack asks for what was written to be read again: for a create, with an error when it
	// is not what was sent; for any other operation, so that a later operation of the plan finds
	// out whether somebody else changed the connection in between.
	ReadBack bool
	// AllowSecretLoss permits the operation to erase what the service stores, does not show, and does not
	// receive with this operation. See [Demands.Loses].
	AllowSecretLoss bool
}

// Outcome is what became of one operation.
type Outcome struct {
	ID string // of the connection; for a create, the new one
	// Err wraps one of the sentinel errors where it can.
	Err error
	// Path is what of the declaration the error is about, as
	// [Desired.PositionOf] takes it: "/properties/region", "/credentials/password",
	// "/name", "/space", "/owner", "/tags". Empty: the connection as a whole, or not known.
	Path string
	// UndoErr is the error of [Group.Undo]. It means something for the operation of the group
	// that failed.
	UndoErr error
	// SignInURL is where a person has to sign in first; Err is then [ErrSignIn]. It
	// is meant for that person, and for one use: no log and no error quotes it.
	SignInURL string
}
