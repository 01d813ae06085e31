package connection

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

// UsageReader is an optional interface of a provider whose service shows what depends on
// connections. It only reads.
type UsageReader interface {
	// Usage reads what loads through connections. An error means that the lists could not be read.
	// What else is missing is in the result: absence proves nothing. The requests wait for the rate
	// limit behind all others of the provider, and leave a part of the limit to them. Usage may be
	// called concurrently.
	Usage(ctx context.Context, scope UsageScope) (*Usage, error)
}

// UsageScope is what a [UsageReader] needs from the caller.
type UsageScope struct {
	// Caller and Spaces are those of the snapshot.
	Caller User
	Spaces []Space
	// Known holds apps of an earlier reading, by id. An app whose [AppState] is the same is not read
	// again. May be nil.
	Known map[string]App
	// Fresh reports whether a known app is read anyway, because a decision rests on it. It is called
	// from one goroutine. May be nil.
	Fresh func(*App) bool
	// ErrorCodes requests the codes of failed reloads, which takes one more request for each app whose
	// last reload failed.
	ErrorCodes bool
	// Planned receives, once and before the apps are read, how many requests follow and how long they
	// wait at least for the rate limit. May be nil.
	Planned func(requests int, wait time.Duration)
	// Reading receives, after each object, how many have been read. It may be called concurrently. May
	// be nil.
	Reading func(done, total int)
}

// Usage is what the caller can see of the use of connections.
type Usage struct {
	// Caller is as whom it was looked.
	Caller User
	// At is when the reading began, by the clock of the service if it is known: the times of reloads are
	// compared with it.
	At time.Time
	// Apps holds all listed apps, by id, without session apps.
	Apps []App
	// Holders holds the objects other than apps that name a connection, by kind, then id.
	Holders []Holder
	// Owners holds the owners of the apps and holders that use a connection, by id, where the service
	// shows them.
	Owners []User
	// OthersPersonal reports whether the list has an app in the personal space of another user. If it
	// has none, it is unknown whether the service lists such apps.
	OthersPersonal bool
	// SessionApps counts the listed session apps, which are left out.
	SessionApps int
	// Incomplete says what is missing from the lists, and why.
	Incomplete []Reason
	// Reads counts the requests that were made, and Cached the apps that were not read again.
	Reads, Cached int
}

// DependentKind is a kind of object that depends on connections.
type DependentKind string

// The kinds.
const (
	DependentApp           DependentKind = "app"
	DependentKnowledgeBase DependentKind = "knowledge-base"
	DependentDataSet       DependentKind = "data-set"
)

// Item is an object as a list of the service has it.
type Item struct {
	ID   string `json:"id"`
	Name string `json:"-"`
	// SpaceID is empty for a personal space, and Space is the name of the space as in a [Key]. It is
	// the id of a space that the caller cannot see.
	SpaceID string `json:"-"`
	Space   string `json:"-"`
	OwnerID string `json:"-"`
	// Viewers counts the users who opened the object in the last 28 days; nil: unknown.
	Viewers *int `json:"-"`
}

// AppState is the part of the list that shows whether an app has changed since it was read.
type AppState struct {
	// ReloadedAt is when the last reload ended; zero: the list has none.
	ReloadedAt time.Time `json:"reloadedAt,omitzero"`
	// Status is that of the last reload, in the service's words.
	Status    string    `json:"status,omitempty"`
	UpdatedAt time.Time `json:"updatedAt,omitzero"`
}

// Equal reports whether two states are the same. A state without a time is equal to none.
func (s AppState) Equal(other AppState) bool {
	return !s.UpdatedAt.IsZero() && s.ReloadedAt.Equal(other.ReloadedAt) && s.Status == other.Status && s.UpdatedAt.Equal(other.UpdatedAt)
}

// App is an app with the reloads that the service remembers.
type App struct {
	Item
	State AppState `json:"state"`
	// DirectQuery reports that the app reads through connections outside of reloads.
	DirectQuery bool `json:"directQuery,omitempty"`
	// Unread says why the reloads could not be read.
	Unread Reason `json:"-"`
	// Reloads are the remembered ones, oldest first.
	Reloads []Reload `json:"reloads,omitempty"`
	// Cached reports that the reloads come from [UsageScope.Known].
	Cached bool `json:"-"`
}

// Reload is one reload of an app.
type Reload struct {
	ID string `json:"id"`
	// At is when the reload ended; zero: unknown.
	At time.Time `json:"at,omitzero"`
	// Took is how long the reload took; zero: unknown.
	Took    time.Duration `json:"took,omitempty"`
	Success bool          `json:"success,omitempty"`
	// Limited reports that the reload may not have reached every statement even if it succeeded: it was
	// partial, limited to a number of rows, or skipped the store statements.
	Limited bool `json:"limited,omitempty"`
	// ErrorCode is the service's code of the failure; empty: unknown, or none.
	ErrorCode string `json:"errorCode,omitempty"`
	// Uses are the connections of the reload, each once.
	Uses []Use `json:"uses,omitempty"`
	// Unknown counts the loads whose connection the service does not name.
	Unknown int `json:"unknown,omitempty"`
}

// Complete reports whether every statement of the script ran that this reload could reach.
func (r *Reload) Complete() bool { return r.Success && !r.Limited && !r.At.IsZero() }

// Use is how something uses one connection.
type Use struct {
	// ID is that of the connection; empty: the service returns only the name.
	ID string `json:"id,omitempty"`
	// Key is the [KeyDigest] of the space and name under which the connection was used; empty: unknown.
	Key string `json:"key,omitempty"`
	// Bare is the [KeyDigest] of the name without a space, if the service returns no space: Key is then
	// of the space in which the service looks first. Empty: Key is certain.
	Bare string `json:"bare,omitempty"`
	How  How    `json:"how"`
}

// How is a set of ways to use a connection.
type How uint8

// The ways: a reload loads, stores or includes a script; a knowledge base or a data set refers to
// the connection.
const (
	UseLoad How = 1 << iota
	UseStore
	UseInclude
	UseRefer
)

// howWords are the names of the ways, by the number of their bit.
var howWords = [...]string{"load", "store", "include", "refer"}

// Words returns the names of the ways, in a fixed order.
func (h How) Words() []string {
	var words []string
	for i, word := range howWords {
		if h&(1<<i) != 0 {
			words = append(words, word)
		}
	}
	return words
}

// MarshalJSON returns the names of the ways.
func (h How) MarshalJSON() ([]byte, error) { return json.Marshal(append([]string{}, h.Words()...)) }

// UnmarshalJSON reads names of ways. It ignores unknown ones.
func (h *How) UnmarshalJSON(text []byte) error {
	var words []string
	if err := json.Unmarshal(text, &words); err != nil {
		return err
	}
	*h = 0
	for i, word := range howWords {
		if slices.Contains(words, word) {
			*h |= 1 << i
		}
	}
	return nil
}

// Holder is an object other than an app that refers to connections.
type Holder struct {
	Item
	Kind DependentKind
	// At is when the object was last indexed or loaded; zero: unknown.
	At time.Time
	// Uses are the connections, each once.
	Uses []Use
	// Unread says why the object could not be read.
	Unread Reason
}

// LastReload returns the newest reload with a time; nil: none.
func (a *App) LastReload() *Reload {
	for i := range slices.Backward(a.Reloads) {
		if !a.Reloads[i].At.IsZero() {
			return &a.Reloads[i]
		}
	}
	return nil
}
