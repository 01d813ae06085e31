package impact

import (
	"cmp"
	"slices"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// The JSON contracts of a list of dependents and of a check.
const (
	ListFormat  = "qlsync.impact/v1"
	CheckFormat = "qlsync.check/v1"
)

// Tenant is the tenant that was looked at.
type Tenant struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	ID   string `json:"id,omitempty"`
}

// List is what depends on the connections of a project's spaces.
type List struct {
	Format  string `json:"format"`
	Project string `json:"project"`
	Tenant  Tenant `json:"tenant"`
	Sight
	// App is the text by which apps were selected; empty: all dependents are listed.
	App         string     `json:"app,omitempty"`
	Connections []Impacted `json:"connections"`
	// Elsewhere are the ids of used connections that are in no space that was read or do not exist any
	// more, sorted. Empty if only a part was asked for.
	Elsewhere []string `json:"elsewhere,omitempty"`
	// Unused is set if only unused connections were asked for.
	Unused *UnusedList `json:"unused,omitempty"`
}

// Sight is as whom and when it was looked, and what could not be seen.
type Sight struct {
	// At is when the dependents were read; zero: they were not.
	At time.Time `json:"at,omitzero"`
	// As is the user as whom they were read. Admin reports whether that user sees all that the service
	// shows.
	As    string `json:"as,omitempty"`
	Admin bool   `json:"admin"`
	// Apps counts the listed apps, and Unchecked the objects of which it is not known what they use.
	Apps      int          `json:"apps"`
	Unchecked int          `json:"unchecked"`
	Unseen    UnseenCounts `json:"unseen"`
}

// UnusedList is which connections nothing has used.
type UnusedList struct {
	Days int `json:"days"`
	// Proven are the connections that are certainly unused; empty if there is a doubt.
	Proven []UnusedConnection `json:"proven"`
	// WithoutUse counts the connections without a known use, and Recent those that have none and were
	// created or changed within the days.
	WithoutUse int `json:"withoutUse"`
	Recent     int `json:"recent"`
	// Doubts say why no connection can be called unused.
	Doubts []connection.Reason `json:"doubts,omitempty"`
}

// UnusedConnection is a connection that nothing has used, and what is known about it.
type UnusedConnection struct {
	Connection connection.Key `json:"connection"`
	ID         string         `json:"id"`
	DataSource string         `json:"dataSource"`
	// Declared is where a file declares the connection; nil: none does.
	Declared *connection.Position `json:"declared,omitempty"`
	// Owned reports whether the project owns the connection.
	Owned     bool      `json:"owned"`
	UpdatedAt time.Time `json:"updatedAt,omitzero"`
}

// Sight returns as whom and when it was looked, and what could not be seen.
func (x *Index) Sight() Sight {
	return Sight{
		At: x.At, As: cmp.Or(x.Caller.Email, x.Caller.Name, x.Caller.ID), Admin: x.Caller.Admin,
		Apps: x.Apps, Unchecked: len(x.unchecked), Unseen: x.Unseen.Counts(),
	}
}

// List returns the selected connections with all of their dependents, or with those that keep
// selects, which may be nil: then a connection without any is left out.
func (x *Index) List(live []connection.Live, keep func(*Dependent) bool) []Impacted {
	list := []Impacted{}
	for i := range live {
		dependents := x.Dependents(live[i].ID)
		if keep != nil {
			dependents = slices.DeleteFunc(slices.Clone(dependents), func(d Dependent) bool { return !keep(&d) })
			if len(dependents) == 0 {
				continue
			}
		}
		list = append(list, x.impacted(live[i].Key, live[i].ID, dependents, len(dependents)))
	}
	slices.SortStableFunc(list, func(a, b Impacted) int { return a.compare(b.Connection, b.ID) })
	return list
}

// impacted counts the dependents of a connection, and lists that many of them.
func (x *Index) impacted(key connection.Key, id string, dependents []Dependent, most int) Impacted {
	found := Impacted{
		Connection: key, ID: id, Count: CountOf(dependents, x.At), Unchecked: len(x.unchecked),
		Dependents: append([]Dependent{}, dependents[:min(len(dependents), most)]...),
	}
	for _, d := range dependents {
		if x.unchecked[d.ID] {
			found.Unchecked--
		}
	}
	return found
}

// UnusedList returns which of the live connections nothing has used for that many days. A connection
// is called unused only if everything that could use it was seen for the whole time.
func (x *Index) UnusedList(live []connection.Live, days int) *UnusedList {
	found := x.Unused(days)
	list := &UnusedList{Days: days, Proven: []UnusedConnection{}, Doubts: found.Doubts}
	for i := range live {
		one := &live[i]
		if _, isRecent := slices.BinarySearch(found.Recent, one.ID); isRecent {
			list.Recent++
		}
		if _, isUnused := slices.BinarySearch(found.IDs, one.ID); !isUnused {
			continue
		}
		list.WithoutUse++
		if len(found.Doubts) == 0 {
			list.Proven = append(list.Proven, UnusedConnection{Connection: one.Key, ID: one.ID, DataSource: one.DataSource, UpdatedAt: one.UpdatedAt})
		}
	}
	slices.SortStableFunc(list.Proven, func(a, b UnusedConnection) int { return a.Connection.Compare(b.Connection) })
	return list
}

// Check is whether what loads through connections still works.
type Check struct {
	Format  string `json:"format"`
	Project string `json:"project"`
	Tenant  Tenant `json:"tenant"`
	Sight
	// Since is the time from which reloads count; zero: all do.
	Since       time.Time `json:"since,omitzero"`
	Connections []Checked `json:"connections"`
}

// Checked is one connection of a [Check].
type Checked struct {
	Connection connection.Key `json:"connection"`
	ID         string         `json:"id"`
	// Apps counts the apps that use the connection, and Reloaded those of them of which the reloads
	// since say something: Succeeded and Failing. Succeeded counts those that used the connection in a
	// successful reload that began since, and whose last reload did not fail.
	Apps      int `json:"apps"`
	Reloaded  int `json:"reloaded"`
	Succeeded int `json:"succeeded"`
	// Unchecked counts the other apps that may use the connection too.
	Unchecked int `json:"unchecked"`
	// LastSucceeded is the end of the last successful reload that used the connection, and LastFailed
	// that of the last failed reload of an app that uses it. Zero: none is known.
	LastSucceeded time.Time `json:"lastSucceeded,omitzero"`
	LastFailed    time.Time `json:"lastFailed,omitzero"`
	// Failing are the apps that were reloaded since and whose last reload failed.
	Failing []Failing `json:"failing"`
}

// Failing is an app whose last reload failed.
type Failing struct {
	Dependent
	// Worked reports that an earlier reload had succeeded through the connection.
	Worked bool `json:"worked"`
}

// Failed counts the apps that fail, once for each connection.
func (c *Check) Failed() int {
	n := 0
	for i := range c.Connections {
		n += len(c.Connections[i].Failing)
	}
	return n
}

// Check returns what the reloads since a time say about connections. Failures count from began on, if
// that is set and before.
func (x *Index) Check(live []connection.Live, since, began time.Time) []Checked {
	if began.IsZero() {
		began = since
	}
	list := []Checked{}
	for i := range live {
		dependents := x.Dependents(live[i].ID)
		seen := x.impacted(live[i].Key, live[i].ID, dependents, 0)
		one := Checked{Connection: seen.Connection, ID: seen.ID, Apps: seen.Apps, Unchecked: seen.Unchecked, Failing: []Failing{}}
		for _, d := range dependents {
			one.LastSucceeded, one.LastFailed = later(one.LastSucceeded, d.Succeeded), later(one.LastFailed, d.Failed)
			switch {
			case d.Kind != connection.DependentApp:
			case d.Failing && d.Reloaded.After(began):
				one.Failing = append(one.Failing, Failing{d, !d.Succeeded.IsZero()})
			case !d.Failing && d.Began.After(since):
				one.Succeeded++
			}
		}
		one.Reloaded = one.Succeeded + len(one.Failing)
		list = append(list, one)
	}
	slices.SortStableFunc(list, func(a, b Checked) int { return cmp.Or(a.Connection.Compare(b.Connection), cmp.Compare(a.ID, b.ID)) })
	return list
}
