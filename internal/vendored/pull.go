package vendored

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Pull decides what becomes of vendored schemas when they are taken from a tenant.
// What somebody has edited or made by hand stays as it is.
type Pull struct {
	Dir  string // of the vendored schemas
	Lock Lock
	// Catalog is what the tenant says.
	Catalog *connection.Catalog
	// Needed reports which to keep although the tenant does not have them.
	Needed func(id string) bool
}

// Pulled is what becomes of one vendored schema.
type Pulled struct {
	Source *connection.DataSource // nil: the file is to be removed
	File   string
	Text   []byte // of the file; it is there already if Same
	Same   bool
	Change string // in words
}

// Decide reports what becomes of one data source. The text is that of its file, nil
// where there is none. It changes nothing, the lock included.
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

// missing is the problem of a data source whose schema the tenant does not return.
func (p Pull) missing(id string) *connection.Problem {
	problem := connection.Problem{Severity: connection.SeverityError, Message: p.Catalog.Absence(id)}
	switch {
	case slices.Contains(p.Catalog.Known, id):
	case slices.Contains(p.Catalog.Disabled, id):
		problem.Hint = "ask an administrator to enable it"
	case p.Lock.DataSources[id].Tenant != "":
		from := p.Lock.DataSources[id] // the id was right then
		problem.Hint = fmt.Sprintf("its schema was pulled from tenant %q on %s: change dataSource of the connections that use it, or remove them", from.Tenant, from.Pulled)
	default:
		problem.Hint = cmp.Or(words.DidYouMean(id, p.Catalog.Known), "correct the id in the command or in the files")
	}
	return &problem
}

// kept says that a file stays as it is.
func (p Pull) kept(id, file string) *connection.Problem {
	problem := connection.FileProblem(file, "the file was edited since it was pulled, so it is kept")
	if _, isLocked := p.Lock.DataSources[id]; !isLocked {
		problem.Message = "the file was not pulled, so it is kept"
	}
	problem.Hint = "to have it as on the tenant, remove it and pull again"
	return &problem
}
