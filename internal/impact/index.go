// Package impact answers, from what a provider could see, which apps and other objects depend on a
// connection, and what could not be seen. It is pure: no clock, and no I/O except reading and
// writing its own file format.
//
// The rule of the package: the absence of evidence proves nothing. A use that was seen once counts,
// however old it is. A connection is unused only if everything that could use it is visible, and
// was visible for the whole time.
package impact

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Index is who uses what, and what could not be seen. It is not changed after [New].
type Index struct {
	// Caller is as whom it was looked, and At when.
	Caller connection.User
	At     time.Time
	// Apps counts the listed apps.
	Apps   int
	Unseen Unseen

	dependents map[string][]Dependent // by connection
	apps       map[string]*sighted    // by id
	live       map[string]*connection.Live
	unchecked  map[string]bool // ids of the listed objects that may use any connection
}

// Dependent is an object that depends on one connection.
type Dependent struct {
	Kind  connection.DependentKind `json:"kind"`
	ID    string                   `json:"id"`
	Name  string                   `json:"name"`
	Space string                   `json:"space"`
	// Owner is the name of the owner or, if that is unknown, the id.
	Owner string `json:"owner,omitempty"`
	// Viewers counts the users of the last 28 days; nil: unknown.
	Viewers *int `json:"viewers28Days,omitempty"`
	// How has the ways of all known uses.
	How connection.How `json:"how"`
	// FirstSeen and LastSeen are the times of the oldest and the newest known use; zero: unknown.
	FirstSeen time.Time `json:"firstSeen,omitzero"`
	LastSeen  time.Time `json:"lastSeen,omitzero"`
	// Reloaded is when the app was last reloaded. Failing reports that this reload failed, with its
	// code if that is known. Zero for other kinds.
	Reloaded  time.Time `json:"reloaded,omitzero"`
	Failing   bool      `json:"failing,omitempty"`
	ErrorCode string    `json:"errorCode,omitempty"`
	// Succeeded is the end of the last successful reload that used the connection, and Failed the end
	// of the last failed reload, whether or not it reached the connection. Zero: none is known.
	Succeeded time.Time `json:"succeeded,omitzero"`
	Failed    time.Time `json:"failed,omitzero"`
	// Began is when the last successful reload began that used the connection.
	Began time.Time `json:"-"`
	// Former reports that the use is known only by the name of the connection, or under the id of one
	// that it replaced.
	Former bool `json:"former,omitempty"`
}

// Unseen is what could not be seen. The lists are sorted.
type Unseen struct {
	// NotReadable are the ids of listed objects whose uses the caller could not read.
	NotReadable []string `json:"notReadable,omitempty"`
	// NotListed reports that apps in the personal spaces of other users may be missing.
	NotListed bool `json:"notListed,omitempty"`
	// NeverReloaded are the ids of apps without a remembered reload.
	NeverReloaded []string `json:"neverReloaded,omitempty"`
	// DirectQuery are the ids of apps that read outside of reloads.
	DirectQuery []string `json:"directQuery,omitempty"`
	// UnknownConnection are the ids of apps with loads whose connection the service does not name.
	UnknownConnection []string `json:"unknownConnection,omitempty"`
	// Elsewhere are the ids of used connections that are not among the live ones: they are in spaces
	// that were not read, or do not exist any more.
	Elsewhere []string `json:"elsewhere,omitempty"`
	// Incomplete says what is missing from the lists, and why.
	Incomplete []connection.Reason `json:"incomplete,omitempty"`
}

// sighted is an app with what is known of its reloads.
type sighted struct {
	*connection.App
	past *past
	// nameless reports a use of a connection that is not among the live ones and whose name the service
	// does not return. It may have been recreated, and its successor is unknown.
	nameless bool
}

// New returns the index of what a provider saw. live are the connections that were read, and
// history is what was seen until now: it already has this reading; see [History.With].
func New(usage *connection.Usage, live []connection.Live, history *History) *Index {
	x := &Index{
		Caller: usage.Caller, At: usage.At, Apps: len(usage.Apps), dependents: map[string][]Dependent{}, apps: map[string]*sighted{},
	}
	names := namesOf(live, history)
	x.live = names.live
	owners := map[string]string{}
	for _, user := range usage.Owners {
		owners[user.ID] = cmp.Or(user.Name, user.Email)
	}
	elsewhere := map[string]bool{}
	add := func(d Dependent, use connection.Use, seen seen, isLast bool) {
		d.How, d.FirstSeen, d.LastSeen, d.Succeeded, d.Began = seen.How, seen.First, seen.Last, seen.Succeeded, seen.Began
		ids, former := names.resolve(use)
		for _, id := range ids {
			d.Former = former
			x.add(id, d)
		}
		if isLast {
			d.Former = true
			for _, id := range names.next(use, seen.Last) {
				if !slices.Contains(ids, id) {
					ids = append(slices.Clip(ids), id)
					x.add(id, d)
				}
			}
		}
		if len(ids) == 0 && use.ID != "" {
			elsewhere[use.ID] = true
		}
		if app := x.apps[d.ID]; app != nil && d.Kind == connection.DependentApp && len(ids) == 0 && use.Key == "" {
			app.nameless = true
		}
	}
	for i := range usage.Apps {
		app := &usage.Apps[i]
		one := &sighted{App: app, past: history.Apps[app.ID]}
		x.apps[app.ID] = one
		d := dependent(connection.DependentApp, &app.Item, owners)
		if one.past == nil {
			continue
		}
		d.Failed, d.Reloaded = one.past.Failed, one.past.LastAt
		if last := app.LastReload(); last != nil && !last.Success {
			d.Failing, d.ErrorCode = true, last.ErrorCode
		}
		for _, key := range slices.Sorted(maps.Keys(one.past.Uses)) {
			seen := one.past.Uses[key]
			add(d, parseUse(key), seen, !one.past.To.After(seen.Last))
		}
	}
	for i := range usage.Holders {
		holder := &usage.Holders[i]
		d := dependent(holder.Kind, &holder.Item, owners)
		for _, use := range holder.Uses {
			add(d, use, seen{How: use.How, First: holder.At, Last: holder.At}, false)
		}
	}
	for _, dependents := range x.dependents {
		slices.SortFunc(dependents, mostUsedFirst)
	}
	x.Unseen = x.unseen(usage, elsewhere)
	x.unchecked = x.mayUseAny()
	return x
}

func dependent(kind connection.DependentKind, item *connection.Item, owners map[string]string) Dependent {
	return Dependent{
		Kind: kind, ID: item.ID, Name: item.Name, Space: item.Space, Viewers: item.Viewers,
		Owner: cmp.Or(owners[item.OwnerID], item.OwnerID),
	}
}

// add adds a dependent of a connection, or merges two uses of one object.
func (x *Index) add(id string, d Dependent) {
	list := x.dependents[id]
	at := len(list) - 1 // the uses of one object come one after the other
	if at < 0 || list[at].Kind != d.Kind || list[at].ID != d.ID {
		x.dependents[id] = append(list, d)
		return
	}
	known := &list[at]
	known.How |= d.How
	known.FirstSeen = earlier(known.FirstSeen, d.FirstSeen)
	known.LastSeen = later(known.LastSeen, d.LastSeen)
	known.Succeeded, known.Began = later(known.Succeeded, d.Succeeded), later(known.Began, d.Began)
	known.Former = known.Former && d.Former
}

func mostUsedFirst(a, b Dependent) int {
	views := func(d Dependent) int {
		if d.Viewers == nil {
			return 0
		}
		return *d.Viewers
	}
	return cmp.Or(cmp.Compare(views(b), views(a)), b.LastSeen.Compare(a.LastSeen), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
}

// unseen collects what could not be seen.
func (x *Index) unseen(usage *connection.Usage, elsewhere map[string]bool) Unseen {
	unseen := Unseen{
		NotListed: !usage.OthersPersonal, Incomplete: usage.Incomplete, Elsewhere: slices.Sorted(maps.Keys(elsewhere)),
	}
	for i := range usage.Apps {
		app := &usage.Apps[i]
		switch {
		case app.Unread.Holds():
			unseen.NotReadable = append(unseen.NotReadable, app.ID)
		case len(app.Reloads) == 0:
			unseen.NeverReloaded = append(unseen.NeverReloaded, app.ID)
		}
		if app.DirectQuery {
			unseen.DirectQuery = append(unseen.DirectQuery, app.ID)
		}
		if past := x.apps[app.ID].past; past != nil && !past.Unknown.IsZero() {
			unseen.UnknownConnection = append(unseen.UnknownConnection, app.ID)
		}
	}
	for i := range usage.Holders {
		if usage.Holders[i].Unread.Holds() {
			unseen.NotReadable = append(unseen.NotReadable, usage.Holders[i].ID)
		}
	}
	for _, list := range [][]string{unseen.NotReadable, unseen.NeverReloaded, unseen.DirectQuery, unseen.UnknownConnection} {
		slices.Sort(list)
	}
	return unseen
}

// Blind reports whether something that could use a connection was not seen at all: an object that
// is not readable or may be missing from the lists, or a caller who does not see the whole tenant.
func (x *Index) Blind() bool {
	return !x.Caller.Admin || x.Unseen.NotListed || len(x.Unseen.NotReadable) > 0 || len(x.Unseen.Incomplete) > 0
}

// Dependents returns what depends on the connection with the id, most used first.
func (x *Index) Dependents(id string) []Dependent { return x.dependents[id] }

// Uses returns the ids of the connections that the app uses, sorted. Connections that were not read
// are absent; see [Unseen.Elsewhere].
func (x *Index) Uses(app string) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(x.dependents)) {
		if slices.ContainsFunc(x.dependents[id], func(d Dependent) bool { return d.Kind == connection.DependentApp && d.ID == app }) {
			ids = append(ids, id)
		}
	}
	return ids
}

// Count is the summary of some dependents.
type Count struct {
	Apps           int `json:"apps"`
	KnowledgeBases int `json:"knowledgeBases,omitempty"`
	DataSets       int `json:"dataSets,omitempty"`
	// Today counts the apps that were reloaded on the day of the reading, and Failing those whose last
	// reload failed.
	Today   int `json:"today,omitempty"`
	Failing int `json:"failing,omitempty"`
	// Newest is when the newest of the reloads ended.
	Newest time.Time `json:"newest,omitzero"`
}

// Total returns the number of dependents.
func (c Count) Total() int { return c.Apps + c.KnowledgeBases + c.DataSets }

// CountOf returns the summary of dependents at the time of the reading.
func CountOf(dependents []Dependent, at time.Time) Count {
	var c Count
	for i := range dependents {
		d := &dependents[i]
		switch d.Kind {
		case connection.DependentKnowledgeBase:
			c.KnowledgeBases++
			continue
		case connection.DependentDataSet:
			c.DataSets++
			continue
		}
		c.Apps++
		if d.Failing {
			c.Failing++
		}
		if !d.Reloaded.IsZero() && sameDay(d.Reloaded, at) {
			c.Today++
		}
		c.Newest = later(c.Newest, d.Reloaded)
	}
	return c
}

func sameDay(a, b time.Time) bool {
	a = a.In(b.Location())
	return a.Year() == b.Year() && a.YearDay() == b.YearDay()
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// earlier returns the earlier of two times; a zero one is unknown.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
