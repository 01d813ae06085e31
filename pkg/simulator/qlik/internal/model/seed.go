package model

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/assertion"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/identity"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/ratelimit"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/source"
)

// Seed is the description of a tenant before the first request; see New for an example.
type Seed struct {
	TenantID            string               `json:"tenantId"` // left out: derived from the caller
	Caller              string               `json:"caller"`
	Users               []seedUser           `json:"users"`
	Spaces              []seedSpace          `json:"spaces"`
	Groups              []string             `json:"groups"` // names, in addition to those that users and assignments name
	Connections         []SeedConnection     `json:"connections"`
	DisabledDataSources []string             `json:"disabledDataSources"`
	RateLimits          ratelimit.RateLimits `json:"rateLimits"`
	Token               string               `json:"token"`
	OAuth               *OAuth               `json:"oauth"`
	Gateways            []Gateway            `json:"gateways"`
	Apps                []seedApp            `json:"apps"`
	KnowledgeBases      []seedHolder         `json:"knowledgeBases"`
	DataSets            []seedHolder         `json:"dataSets"`
	Behaviour           Behaviour            `json:"behaviour"`
}

type seedUser struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Email   string   `json:"email"`
	Subject string   `json:"subject"`
	Roles   []string `json:"roles"`
	Status  string   `json:"status"`
	Groups  []string `json:"groups"` // names
}

type seedSpace struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	Type        string           `json:"type"`
	Owner       string           `json:"owner"`
	Members     []string         `json:"members"` // users with the role consumer
	Description string           `json:"description"`
	Assignments []seedAssignment `json:"assignments"`
}

// seedAssignment has one of the three: a user by e-mail, subject or id, a group by name, an OAuth client by id.
type seedAssignment struct {
	User   string   `json:"user"`
	Group  string   `json:"group"`
	Client string   `json:"client"`
	Roles  []string `json:"roles"`
}

// SeedConnection describes a connection that is there without a request: of a seed, or of the one who adds it by hand.
type SeedConnection struct {
	ID          string         `json:"id"` // a UUID; left out: derived from place and name
	Name        string         `json:"name"`
	Space       string         `json:"space"` // a space's name; left out: personal space of the owner
	Owner       string         `json:"owner"` // e-mail, subject or id; left out: the caller
	DataSource  string         `json:"dataSource"`
	Properties  map[string]any `json:"properties"`
	Credentials map[string]any `json:"credentials"` // plain values, only digests of them are kept
	Tags        []string       `json:"tags"`        // exactly these: no tag of the server is added
	Statement   *string        `json:"statement"`   // what answers show as the statement, "" for none; left out: the one of the properties
	Legacy      string         `json:"legacy"`      // answered with this qType and without a data source, as obsolete connections are
}

// OAuth is an OAuth client. It signs in with its secret, or with an assertion that the private key of
// PublicKey has signed.
type OAuth struct {
	ClientID     string         `json:"clientId"`
	ClientSecret string         `json:"clientSecret"`
	PublicKey    *assertion.Key `json:"publicKey"`
}

// AddOnlyUser makes a user with that e-mail the only one.
func (s *Seed) AddOnlyUser(email string) { s.Users = []seedUser{{Email: email}} }

func ParseSeed(data []byte) (*Seed, error) {
	s := new(Seed)
	if err := host.DecodeStrict(data, s); err != nil {
		return nil, fmt.Errorf("seed: %w", err)
	}
	return s, nil
}

// Build returns the world of a seed that begins now, or all mistakes, with their paths. The salt is
// part of every derived id: tenants of one seed differ in their ids by it.
func (s *Seed) Build(b Behaviour, now time.Time, salt string) (*World, error) {
	w := newWorld(b)
	w.salt = salt
	var problems []error
	note := func(err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("seed: %w", err))
		}
	}
	for i, u := range s.Users {
		note(within(fmt.Sprintf("users[%d]", i), w.addUser(u)))
	}
	if len(s.Users) == 0 {
		note(errors.New("users: at least one is needed"))
	}
	if s.Caller != "" && w.userByAny(s.Caller) == nil {
		note(fmt.Errorf("caller: no such user %q", s.Caller))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...) // the rest needs users
	}
	for i, name := range s.Groups {
		w.addGroup(name, slices.Contains(s.Groups[:i], name))
	}
	if s.OAuth != nil {
		w.Users = append(w.Users, w.Bot(s.OAuth.ClientID))
	}
	for i, sp := range s.Spaces {
		note(within(fmt.Sprintf("spaces[%d]", i), w.addSpace(sp, s.CallerIn(w))))
	}
	for i, c := range s.Connections {
		_, err := w.AddConnection(c, s.CallerIn(w), SeedTime)
		note(within(fmt.Sprintf("connections[%d]", i), err))
	}
	for i, app := range s.Apps {
		note(within(fmt.Sprintf("apps[%d]", i), w.addApp(app, s.CallerIn(w), now)))
	}
	for i, holder := range s.KnowledgeBases {
		note(within(fmt.Sprintf("knowledgeBases[%d]", i), w.addHolder(KnowledgeBase, holder, s.CallerIn(w))))
	}
	for i, holder := range s.DataSets {
		note(within(fmt.Sprintf("dataSets[%d]", i), w.addHolder(DataSet, holder, s.CallerIn(w))))
	}
	note(b.check())
	if s.OAuth != nil && s.OAuth.PublicKey != nil {
		note(within("oauth.publicKey", s.OAuth.PublicKey.Check()))
	}
	for i, g := range s.Gateways {
		note(within(fmt.Sprintf("gateways[%d]", i), w.addGateway(g)))
	}
	for i, id := range s.DisabledDataSources {
		if source.ByID(id) == nil {
			note(fmt.Errorf("disabledDataSources[%d]: no such data source %q", i, id))
		}
		w.Disabled[id] = true
	}
	return w, errors.Join(problems...)
}

func within(path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s%w", path, err)
}

// CallerIn is the user that the API key acts as: the one named, or the first.
func (s *Seed) CallerIn(w *World) *User {
	if s.Caller != "" {
		return w.userByAny(s.Caller)
	}
	return w.Users[0]
}

func (w *World) addUser(u seedUser) error {
	if u.Email == "" {
		return errors.New(".email: missing")
	}
	r := &User{ID: u.ID, Name: u.Name, Email: u.Email, Subject: u.Subject, Status: u.Status, Roles: u.Roles}
	if r.ID == "" {
		r.ID = w.objectID("user", u.Email)
	}
	if r.Name == "" {
		r.Name, _, _ = strings.Cut(u.Email, "@")
	}
	if r.Subject == "" {
		r.Subject = "auth0|" + r.ID
	}
	if r.Status == "" {
		r.Status = "active"
	}
	if w.User(r.ID) != nil {
		return fmt.Errorf(".id: %q is used twice", r.ID) // the same e-mail twice needs two ids
	}
	for _, name := range u.Groups {
		r.Groups = append(r.Groups, w.groupNamed(name).ID)
	}
	w.Users = append(w.Users, r)
	return nil
}

func (w *World) addSpace(s seedSpace, caller *User) error {
	if !IsSpaceName(s.Name) {
		return errors.New(`.name: must have 1 to 256 characters, none of "*?<>/|\: among them`)
	}
	if SpaceRoles[s.Type] == nil {
		return errors.New(".type: must be shared, managed or data")
	}
	if w.SpaceByName(s.Name) != nil {
		return fmt.Errorf(".name: %q is used twice", s.Name)
	}
	owner, err := w.ownerOf(s.Owner, caller)
	if err != nil {
		return err
	}
	r := &Space{
		ID: s.ID, Name: s.Name, Type: s.Type, Owner: owner.ID, Open: s.Members == nil && s.Assignments == nil,
		Description: s.Description, Created: SeedTime, CreatedBy: owner.ID, Updated: SeedTime,
	}
	if r.ID == "" {
		r.ID = w.objectID("space", s.Name)
	}
	if w.Space(r.ID) != nil {
		return fmt.Errorf(".id: %q is used twice", r.ID)
	}
	for i, m := range s.Members {
		member := w.userByAny(m)
		if member == nil {
			return fmt.Errorf(".members[%d]: no such user %q", i, m)
		}
		r.Assign(AssignedUser, member.ID, []string{"consumer"}, SeedTime)
	}
	for i, a := range s.Assignments {
		if err := w.assign(r, a); err != nil {
			return fmt.Errorf(".assignments[%d]%w", i, err)
		}
	}
	w.Spaces = append(w.Spaces, r)
	return nil
}

// assign adds an assignment of a seed to a space.
func (w *World) assign(s *Space, a seedAssignment) error {
	if len(a.Roles) == 0 {
		return errors.New(".roles: at least one is needed")
	}
	for _, role := range a.Roles {
		if !slices.Contains(SpaceRoles[s.Type], role) {
			return fmt.Errorf(".roles: %q is none of a %s space", role, s.Type)
		}
	}
	switch {
	case a.Group != "":
		s.Assign(AssignedGroup, w.groupNamed(a.Group).ID, a.Roles, SeedTime)
	case a.Client != "":
		s.Assign(AssignedBot, w.Bot(a.Client).ID, a.Roles, SeedTime)
	default:
		user := w.userByAny(a.User)
		if user == nil {
			return fmt.Errorf(".user: no such user %q", a.User)
		}
		s.Assign(AssignedUser, user.ID, a.Roles, SeedTime)
	}
	return nil
}

// AddConnection stores a described connection under the rules of a create request, except that it takes no tag.
func (w *World) AddConnection(c SeedConnection, caller *User, at time.Time) (*Record, error) {
	if c.Name == "" {
		return nil, errors.New(".name: missing")
	}
	owner, err := w.ownerOf(c.Owner, caller)
	if err != nil {
		return nil, err
	}
	var space string
	if c.Space != "" {
		s := w.SpaceByName(c.Space)
		if s == nil {
			return nil, fmt.Errorf(".space: no such space %q", c.Space)
		}
		space = s.ID
	}
	properties, err := c.stored(w)
	if err != nil {
		return nil, err
	}
	r := &Record{
		ID: c.ID, Name: c.Name, Space: space, Owner: owner.ID, DataSource: c.DataSource,
		Properties: properties, Tags: c.Tags, Created: at, Updated: at, Legacy: c.Legacy,
		ToldStatement: c.Statement,
	}
	if w.Taken(r.Key(), "") {
		return nil, fmt.Errorf(".name: %q is taken in its space", c.Name)
	}
	if r.ID == "" {
		r.ID = w.FreshID(r.Key())
	}
	if !identity.UUIDShape.MatchString(r.ID) || w.Connections[r.ID] != nil {
		return nil, fmt.Errorf(".id: %q is not a UUID, or is used twice", r.ID)
	}
	if err := w.Settle(r.Owner, nil, r, source.NamesOf(properties)); err != nil {
		return nil, fmt.Errorf(".properties: %w", err)
	}
	w.Put(r)
	return r, nil
}

// stored checks and hashes the properties and credentials of a described connection.
func (c SeedConnection) stored(w *World) (map[string]any, error) {
	s := source.ByID(c.DataSource)
	if s == nil {
		return nil, fmt.Errorf(".dataSource: no such data source %q", c.DataSource)
	}
	for _, name := range host.SortedKeys(c.Properties) {
		if s.IsCredential(name) {
			return nil, fmt.Errorf(".properties.%s: is a credential. Move it to credentials", name)
		}
	}
	for _, name := range host.SortedKeys(c.Credentials) {
		if !s.IsCredential(name) {
			return nil, fmt.Errorf(".credentials.%s: is not a credential of %s", name, s.ID)
		}
	}
	all := make(map[string]any, len(c.Properties)+len(c.Credentials))
	maps.Copy(all, c.Properties)
	maps.Copy(all, c.Credentials)
	all, err := source.AsDecoded(all)
	if err != nil {
		return nil, fmt.Errorf(".properties: %w", err)
	}
	if err := s.CheckAll(all); err != nil {
		return nil, fmt.Errorf(".properties: %w", err)
	}
	return w.Store(s, all), nil
}

// addGateway derives an id that was left out; the two parts are those of the tutorial's samples.
func (w *World) addGateway(g Gateway) error {
	if g.Name == "" {
		return errors.New(".name: missing")
	}
	if g.ID == "" {
		g.ID = w.objectID("gateway", g.Name) + "::" + w.objectID("gateway instance", g.Name)
	}
	w.Gateways = append(w.Gateways, g)
	return nil
}
