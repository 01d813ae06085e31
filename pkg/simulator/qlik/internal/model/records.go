package model

import (
	"slices"
	"strings"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/source"
)

// SeedTime is when everything of a seed was created.
var SeedTime = time.Date(2026, time.January, 2, 3, 4, 5, 910_000_000, time.UTC)

type User struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Email   string   `json:"email"`
	Subject string   `json:"subject"`
	Status  string   `json:"status"`
	Roles   []string `json:"roles"`
	Groups  []string `json:"groups,omitempty"` // ids
}

// IsAdmin reports whether the user holds the role that the bulk actions ask for (update tutorial). That the other
// administrator roles do not suffice is undocumented; assumed.
func (u *User) IsAdmin() bool { return slices.Contains(u.Roles, "TenantAdmin") }

// MayEnter reports whether the user sees a space: administrators, its owner and its members do.
func (u *User) MayEnter(s *Space) bool {
	return s != nil && (u.IsAdmin() || s.Open || s.Owner == u.ID || len(u.RolesIn(s)) > 0)
}

// RolesIn returns the roles of the user in a space: those of the user and of the user's groups. An owner has all roles
// that can be assigned (space roles page).
func (u *User) RolesIn(s *Space) []string {
	if s.Owner == u.ID {
		return slices.Clone(SpaceRoles[s.Type])
	}
	roles := []string{}
	for _, a := range s.Assignments {
		if a.Type != AssignedGroup && a.Assignee == u.ID || a.Type == AssignedGroup && slices.Contains(u.Groups, a.Assignee) {
			roles = append(roles, a.Roles...)
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles)
}

// MayManage reports whether the user may change a space and its members: administrators, its owner, and those with "Can
// manage" (space roles page).
func (u *User) MayManage(s *Space) bool {
	return u.IsAdmin() || slices.Contains(u.RolesIn(s), "facilitator")
}

// MayCreateSpace reports whether the user may create a space of the type. The names of the roles are those of the
// interface, without spaces.
func (u *User) MayCreateSpace(kind string) bool {
	role := map[string]string{"shared": "SharedSpaceCreator", "managed": "ManagedSpaceCreator", "data": "DataSpaceCreator"}[kind]
	return u.IsAdmin() || slices.Contains(u.Roles, role)
}

type Space struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Type        string       `json:"type"`
	Owner       string       `json:"owner"`
	Open        bool         `json:"open,omitempty"` // everybody sees it
	Description string       `json:"description,omitempty"`
	Assignments []Assignment `json:"assignments,omitempty"`
	Created     time.Time    `json:"created"`
	CreatedBy   string       `json:"createdBy"`
	Updated     time.Time    `json:"updated"`
}

// IsSpaceName reports whether a space can have the name.
func IsSpaceName(name string) bool {
	return name != "" && len([]rune(name)) <= 256 && !strings.ContainsAny(name, `"*?<>/|\:`)
}

// Assignment is the roles of one user or group in a space. Each has at most one (API reference, 409).
type Assignment struct {
	ID       string    `json:"id"`
	Type     string    `json:"type"`
	Assignee string    `json:"assigneeId"`
	Roles    []string  `json:"roles"`
	Created  time.Time `json:"created"`
	Updated  time.Time `json:"updated"`
}

// The types of assignments.
const (
	AssignedUser  = "user"
	AssignedGroup = "group"
	AssignedBot   = "bot"
)

// SpaceRoles are the roles that can be assigned in a space, by its type (space roles page).
var SpaceRoles = map[string][]string{
	"shared":  {"codeveloper", "consumer", "dataconsumer", "facilitator", "producer"},
	"managed": {"basicconsumer", "consumer", "contributor", "dataconsumer", "facilitator", "operator", "publisher"},
	"data":    {"consumer", "dataconsumer", "datapreview", "facilitator", "operator", "producer", "publisher"},
}

// Assigned returns the assignment with the id; nil if there is none.
func (s *Space) Assigned(id string) *Assignment {
	for i := range s.Assignments {
		if s.Assignments[i].ID == id {
			return &s.Assignments[i]
		}
	}
	return nil
}

// Group is a group of users.
type Group struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Credential is one set of separated credentials. It belongs to a user, may serve several connections of one connector,
// and is not deleted with them (separated credentials tutorial).
type Credential struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	User       string         `json:"user"`
	DataSource string         `json:"dataSource"`
	Values     map[string]any `json:"values"` // hashed
	Created    time.Time      `json:"created"`
	Updated    time.Time      `json:"updated"`
}

func (k *Credential) Source() *source.Source { return source.ByID(k.DataSource) }

// SignIn is an authorisation that was begun.
type SignIn struct {
	User       string `json:"user"`
	DataSource string `json:"dataSource"`
}

// Record is one stored connection.
type Record struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	Space        string         `json:"space,omitempty"` // "" is the personal space of Owner
	Owner        string         `json:"owner"`
	DataSource   string         `json:"dataSource"`
	Properties   map[string]any `json:"properties"`             // credentials among them, hashed
	CredentialID string         `json:"credentialId,omitempty"` // of the credentials stored with the connection
	Stale        bool           `json:"stale,omitempty"`        // those credentials are of a former owner: of no use

	// Links are the separated credentials, by user; under "" one that everybody uses.
	Links map[string]string `json:"links,omitempty"`

	Statement string `json:"statement,omitempty"` // what it says of properties counts
	Earlier   string `json:"earlier,omitempty"`   // the statement before that one

	// ToldStatement is the statement that answers show instead, "" for none; nil: they show the one above.
	ToldStatement *string `json:"toldStatement,omitempty"`

	Extras       []string  `json:"extras,omitempty"` // pairs of the statement that are not properties
	Secret       any       `json:"secret,omitempty"` // qConnectionSecret, hashed
	Legacy       string    `json:"legacy,omitempty"` // its qType: of before there were data sources
	Architecture int       `json:"architecture,omitempty"`
	LogOn        *int      `json:"logOn,omitempty"`
	Tags         []string  `json:"tags,omitempty"`
	Created      time.Time `json:"created"`
	Updated      time.Time `json:"updated"`
}

func (r *Record) Key() NameKey { return NameKey{ScopeOf(r.Space, r.Owner), r.Name} }

func (r *Record) Source() *source.Source { return source.ByID(r.DataSource) }

// NameKey is where a name must be unique: in a space, or among the personal connections of one owner (API reference,
// 409). Whether letter case counts is undocumented: see Behaviour.NamesIgnoreCase.
type NameKey struct{ Scope, Name string }

func ScopeOf(space, owner string) string {
	if space == "" {
		return "personal:" + owner
	}
	return space
}

// ReservedName is the built-in connection of every space; nobody may create, change or delete one.
const ReservedName = "DataFiles"

// Touched returns the time of a write: `updated` increases with every write, even if the clock is
// stopped.
func Touched(now, before time.Time) time.Time {
	now = now.UTC().Truncate(time.Millisecond)
	if !now.After(before) {
		return before.Add(time.Millisecond)
	}
	return now
}

// Gateway is a data gateway: one that the DG_ data sources run on.
type Gateway struct {
	ID      string `json:"id"` // left out: derived from the name
	Name    string `json:"name"`
	Default bool   `json:"default"`
}
