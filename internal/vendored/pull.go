package vendored

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"

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
			return pulled, &connection.Problem{Severity: connection.SeverityError, Message: err.Error()}
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
	problem := connection.Problem{Severity: connection.SeverityError, Message: p.Catalog.Absence(id)}
	switch {
	case slices.Contains(p.Catalog.Known, id):
	case slices.Contains(p.Catalog.Disabled, id):
		problem.Hint = "ask an administrator to enable it"
	case p.Lock.DataSources[id].Tenant != "":
		from := p.Lock.DataSources[id] // the id was correct then
		problem.Hint = fmt.Sprintf("its schema was pulled from tenant %q on %s: change dataSource of the connections that use it, or remove them", from.Tenant, from.Pulled)
	default:
		problem.Hint = cmp.Or(words.DidYouMean(id, p.Catalog.Known), "correct the id in the command or in the files")
	}
	return &problem
}

// kept returns the problem that a file is kept.
func (p Pull) kept(id, file string) *connection.Problem {
	problem := connection.FileProblem(file, "the file was edited since it was pulled, so it is kept")
	if _, isLocked := p.Lock.DataSources[id]; !isLocked {
		problem.Message = "the file was not pulled, so it is kept"
	}
	problem.Hint = "to have it as on the tenant, remove it and pull again"
	return &problem
}
