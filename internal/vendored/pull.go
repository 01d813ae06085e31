package vendored

import (
	"path/filepath"
	"slices"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Pull decides how a pull from a tenant changes vendored schemas. It keeps files that were edited
// or created by hand.
type Pull struct {
	Dir  string // of the vendored schemas
	Lock Lock
	// Catalog is the tenant's data sources.
	Catalog *connection.Catalog
	// Needed reports whether to keep a schema although the tenant does not have it.
	Needed func(id string) bool
}

// Pulled is the decision about one vendored schema.
type Pulled struct {
	Source *connection.DataSource // nil: the file is removed
	File   string
	Text   []byte // of the file; unchanged if Same
	Same   bool
	Change string // in words
}

// Decide returns the decision about one data source. text is the text of its file, nil if there is
// none. Decide changes nothing, not even the lock.
func (p Pull) Decide(id string, text []byte) (Pulled, *connection.Problem) {
	source := p.Catalog.DataSources[id]
	pulled := Pulled{Source: source, File: filepath.Join(p.Dir, id+".json")}
	if source == nil && (text == nil || p.Needed(id)) {
		return pulled, p.missing(id)
	}
	if source != nil {
		var err error
		if pulled.Text, err = Text(source); err != nil {
			return pulled, problemOf(connection.Because("schema-not-vendored", "reason", err.Error()))
		}
		pulled.Same = text != nil && Digest(text) == Digest(pulled.Text)
	}
	if text != nil && !pulled.Same && p.Lock.Edited(id, text) {
		return pulled, p.kept(id, pulled.File)
	}
	pulled.Change = p.change(id, source, text != nil, pulled.Same)
	return pulled, nil
}

func (p Pull) change(id string, source *connection.DataSource, isThere, same bool) string {
	if source == nil {
		return "removed: " + p.Catalog.Absence(id) + ", and no connection uses it"
	}
	known := p.Lock.DataSources[source.ID].Version
	switch {
	case !isThere:
		return "new, connector version " + source.Version
	case same:
		return "unchanged, connector version " + source.Version
	case known != source.Version:
		return "updated, connector version " + known + " -> " + source.Version
	}
	return "updated, connector version " + source.Version
}

// missing returns the problem of a data source whose schema the tenant does not return.
func (p Pull) missing(id string) *connection.Problem {
	from := p.Lock.DataSources[id]
	meant := words.Closest(id, p.Catalog.Known, 1)
	switch {
	case slices.Contains(p.Catalog.Known, id):
		return problemOf(connection.Because("data-source-without-schema", "dataSource", id))
	case slices.Contains(p.Catalog.Disabled, id):
		return problemOf(connection.Because("data-source-to-enable", "dataSource", id))
	case from.Tenant != "": // the id was right then
		return problemOf(connection.Because("data-source-gone", "dataSource", id, "tenant", from.Tenant, "day", from.Pulled))
	case len(meant) > 0:
		return problemOf(connection.Because("misspelt-data-source", "dataSource", id, "meant", meant[0]))
	}
	return problemOf(connection.Because("no-such-data-source", "dataSource", id))
}

func problemOf(reason connection.Reason) *connection.Problem {
	problem := messages.Problem(connection.Position{}, connection.SeverityError, reason)
	return &problem
}

// kept returns the problem that a file is kept.
func (p Pull) kept(id, file string) *connection.Problem {
	code := "schema-edited"
	if _, isLocked := p.Lock.DataSources[id]; !isLocked {
		code = "schema-not-pulled"
	}
	problem := messages.FileProblem(file, connection.Because(code))
	return &problem
}
