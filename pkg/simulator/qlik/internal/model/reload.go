package model

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/identity"
)

// keptReloads is how many reloads of an app are remembered (API reference, Apps).
const keptReloads = 10

// The codes of a failed reload. The reference shows none; assumed.
const (
	codeNoConnection = "CONNECTION_NOT_FOUND"
	codeFailed       = "SCRIPT_ERROR"
)

type seedApp struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Space       string       `json:"space"`
	Owner       string       `json:"owner"`
	Viewers     int          `json:"viewers"`
	Unreadable  bool         `json:"unreadable"`
	DirectQuery bool         `json:"directQuery"`
	Script      []Line       `json:"script"`
	Reloads     []SeedReload `json:"reloads"`
}

// SeedReload describes a reload that happened without a request.
type SeedReload struct {
	Ago       string `json:"ago"`   // such as 26h, before the start of the tenant
	End       string `json:"end"`   // instead of ago: the time
	Times     int    `json:"times"` // as many reloads, each Every before the one that follows it
	Every     string `json:"every"`
	Failed    bool   `json:"failed"`
	ErrorCode string `json:"errorCode"`
	Partial   bool   `json:"partial"`
	SkipStore bool   `json:"skipStore"`
	RowLimit  int    `json:"rowLimit"`
	Script    []Line `json:"script"` // left out: the script of the app
}

type seedHolder struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Space       string   `json:"space"`
	Owner       string   `json:"owner"`
	Unreadable  bool     `json:"unreadable"`
	Connections []string `json:"connections"`
}

// addApp adds an app and its reloads; it comes after the connections.
func (w *World) addApp(s seedApp, caller *User, now time.Time) error {
	space, owner, err := w.place(s.Name, s.Space, s.Owner, caller)
	if err != nil {
		return err
	}
	app := &App{
		ID: s.ID, Name: s.Name, Space: space, Owner: owner, Viewers: s.Viewers, Unreadable: s.Unreadable, DirectQuery: s.DirectQuery,
		Script: s.Script, Created: SeedTime, Updated: SeedTime,
	}
	if app.ID == "" {
		app.ID = w.uuid("app", space, owner, s.Name)
	}
	if w.App(app.ID) != nil {
		return fmt.Errorf(".id: %q is used twice", app.ID)
	}
	if err := checkScript(s.Script); err != nil {
		return err
	}
	for i, reload := range s.Reloads {
		if err := w.addReloads(app, reload, now); err != nil {
			return fmt.Errorf(".reloads[%d]%w", i, err)
		}
	}
	w.Apps = append(w.Apps, app)
	return nil
}

func checkScript(script []Line) error {
	for i, line := range script {
		if !slices.Contains([]string{"load", "store", "include"}, line.Type) || line.Connection == "" {
			return fmt.Errorf(".script[%d]: needs type load, store or include, and a connection", i)
		}
	}
	return nil
}

func (w *World) addReloads(app *App, s SeedReload, now time.Time) error {
	var end time.Time
	ago, err := time.ParseDuration(s.Ago)
	if end = now.Add(-ago); s.End != "" {
		end, err = time.Parse(time.RFC3339, s.End)
	}
	if err != nil {
		return errors.New(": needs ago (such as 26h) or end (RFC 3339)")
	}
	var every time.Duration
	if s.Times > 1 {
		if every, err = time.ParseDuration(s.Every); err != nil {
			return errors.New(".every: must be a time such as 24h")
		}
	}
	if err := checkScript(s.Script); err != nil {
		return err
	}
	for i := max(1, s.Times) - 1; i >= 0; i-- {
		w.Reload(app, s, end.Add(-time.Duration(i)*every), app.Owner)
	}
	return nil
}

// Reload adds a reload of an app at its end. A script that names a connection which does not exist fails there.
func (w *World) Reload(app *App, s SeedReload, end time.Time, user string) *Reload {
	reload := &Reload{
		App: app.ID, User: user, End: end, Success: !s.Failed, Partial: s.Partial, SkipStore: s.SkipStore, RowLimit: s.RowLimit, ErrorCode: s.ErrorCode,
		ID: identity.ObjectID("reload", app.ID, end.UTC().Format(time.RFC3339Nano), strconv.Itoa(len(app.Reloads))),
	}
	script := s.Script
	if script == nil {
		script = app.Script
	}
	for _, line := range script {
		statement, found := w.statement(app, line)
		if !found {
			reload.Success, reload.ErrorCode = false, codeNoConnection
			break
		}
		if line.Type != "store" || !s.SkipStore {
			reload.Lines = append(reload.Lines, statement)
		}
	}
	if !reload.Success && reload.ErrorCode == "" {
		reload.ErrorCode = codeFailed
	}
	app.Reloads = append(slices.Clip(app.Reloads), reload)
	slices.SortStableFunc(app.Reloads, func(a, b *Reload) int { return a.End.Compare(b.End) })
	app.Reloads = app.Reloads[max(0, len(app.Reloads)-keptReloads):]
	if end.After(app.Updated) {
		app.Updated = end
	}
	return reload
}

// statement returns what a line does, with the connection that has the name now.
func (w *World) statement(app *App, line Line) (Statement, bool) {
	space, name := w.split(app, line.Connection)
	statement := Statement{Type: line.Type, Name: name, Connection: line.ID}
	if s := w.Space(space); s != nil {
		statement.Space = s.Name
	}
	if line.ID != "" || line.Connection == "endpoints" {
		return statement, true
	}
	r := w.Named(NameKey{ScopeOf(space, app.Owner), name})
	if r == nil {
		return statement, false
	}
	statement.Connection = r.ID
	return statement, true
}

// split returns the id of the space and the name of a connection as a script has it.
func (w *World) split(app *App, text string) (space, name string) {
	before, after, qualified := strings.Cut(text, "/")
	if !qualified {
		return app.Space, text
	}
	if s := w.SpaceByName(before); s != nil {
		return s.ID, after
	}
	return "-", after // no space of that name: nothing is found there
}

// addHolder adds a knowledge base or a data set.
func (w *World) addHolder(kind string, s seedHolder, caller *User) error {
	space, owner, err := w.place(s.Name, s.Space, s.Owner, caller)
	if err != nil {
		return err
	}
	holder := &Holder{
		ID: s.ID, Kind: kind, Name: s.Name, Space: space, Owner: owner, Unreadable: s.Unreadable, Updated: SeedTime,
	}
	if holder.ID == "" {
		holder.ID = w.objectID(kind, space, owner, s.Name)
	}
	for i, name := range s.Connections {
		statement, found := w.statement(&App{Space: space, Owner: owner}, Line{Connection: name})
		if !found {
			return fmt.Errorf(".connections[%d]: no such connection %q", i, name)
		}
		holder.Connections = append(holder.Connections, statement.Connection)
	}
	w.Holders = append(w.Holders, holder)
	return nil
}

// place returns the ids of the space and the owner of a described object.
func (w *World) place(name, space, owner string, caller *User) (spaceID, ownerID string, err error) {
	if name == "" {
		return "", "", errors.New(".name: missing")
	}
	user, err := w.ownerOf(owner, caller)
	if err != nil || space == "" {
		return "", userID(user), err
	}
	s := w.SpaceByName(space)
	if s == nil {
		return "", "", fmt.Errorf(".space: no such space %q", space)
	}
	return s.ID, user.ID, nil
}

func userID(u *User) string {
	if u == nil {
		return ""
	}
	return u.ID
}

// App finds an app by its id; nil if there is none.
func (w *World) App(id string) *App { return find(w.Apps, func(a *App) bool { return a.ID == id }) }

// AppNamed finds an app by its name; nil if there is none.
func (w *World) AppNamed(name string) *App {
	return find(w.Apps, func(a *App) bool { return a.Name == name })
}

// Holder finds a knowledge base or a data set by its id; nil if there is none.
func (w *World) Holder(kind, id string) *Holder {
	return find(w.Holders, func(h *Holder) bool { return h.Kind == kind && h.ID == id })
}

// Lists reports whether the list of items has an object for the user. Whether an administrator sees those in the personal
// spaces of others is undocumented: [Behaviour.ListPersonalItems].
func (w *World) Lists(u *User, space, owner string) bool {
	if space == "" {
		return owner == u.ID || u.IsAdmin() && w.behaviour.ListPersonalItems
	}
	return u.MayEnter(w.Space(space))
}

// ShowsReloads reports whether the user may read the reloads of an app that the list has for them. Whose others may is
// undocumented: [Behaviour.ReloadsByOwnerOnly] and [Behaviour.ReloadsForAll].
func (w *World) ShowsReloads(u *User, app *App) bool {
	switch {
	case app.Unreadable:
		return false
	case app.Owner == u.ID || w.behaviour.ReloadsForAll:
		return true
	}
	return u.IsAdmin() && !w.behaviour.ReloadsByOwnerOnly
}
