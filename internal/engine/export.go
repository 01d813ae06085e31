package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/export"
	"github.com/qlsync/qlsync/internal/keyrecord"
	"github.com/qlsync/qlsync/internal/report/messages"
	planned "github.com/qlsync/qlsync/internal/spaces"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// ExportOptions select what is exported.
type ExportOptions struct {
	// Spaces are the names of the spaces, or personal. Empty: the spaces of the project.
	Spaces []string
	// Dir is the folder for the files, one for each space. Empty: everything is in one file, as for
	// standard output.
	Dir string
	// WithSpaces also declares the spaces, with their members.
	WithSpaces bool
}

// Export reads the tenant's connections that no file declares, and returns them as files.
// It writes nothing. The session is open with [SessionOptions.Exports].
func (s *Session) Export(ctx context.Context, o ExportOptions) (export.Result, error) {
	if err := s.problems.Err(); err != nil {
		return export.Result{}, err
	}
	spaces, err := s.exportedSpaces(o.Spaces)
	if err != nil {
		return export.Result{}, err
	}
	if o.WithSpaces && !s.tenant.KeepsSpaces() {
		return export.Result{}, fmt.Errorf("export spaces: tenant %q has the provider %s, whose spaces cannot be declared. Export the connections only", s.tenant.Name, s.tenant.Provider)
	}
	defer s.watch()()
	snapshot, err := s.snapshot(ctx, connection.Scope{
		Spaces: spaces,
		Details: func(live *connection.Live) bool {
			return live.Record.Project == "" || live.Record.Project == s.project.Name
		},
	})
	if err != nil {
		return export.Result{}, s.explained(err)
	}
	spaces = slices.DeleteFunc(spaces, func(space connection.SpaceRef) bool { // apply creates it
		return s.declared.Prepares(space) && !slices.ContainsFunc(snapshot.Spaces, func(live connection.Space) bool { return live.Name == space.Name })
	})
	if err := checkSpaces(s.project.Project, spaces, snapshot); err != nil {
		return export.Result{}, err
	}
	catalog, err := s.sourcesOf(ctx, snapshot.Connections)
	var unread connection.Problems
	if err != nil && !errors.As(err, &unread) {
		return export.Result{}, s.explained(err)
	}
	hidden := keyrecord.Redact(snapshot, nil, nil)
	for i := range hidden.Connections {
		if one := &hidden.Connections[i]; s.redactAll(&one.Tags) { // a file must not declare other tags
			one.Unreadable = cmp.Or(one.Unreadable, "one of its tags quotes a secret of this run")
		}
	}
	s.redactValues(hidden)
	var withSpaces export.Spaces
	if o.WithSpaces {
		if withSpaces, err = s.exportSpaces(ctx, spaces, snapshot); err != nil {
			return export.Result{}, s.explained(err)
		}
	}
	kind, _ := providerOf(s.tenant)
	dir := o.Dir
	if dir == "" {
		dir = filepath.Join(s.project.Dir, "connections")
	}
	exported := export.Export(s.project.Project, export.Input{
		Tenant: s.tenant.Name, Live: hidden.Connections, Catalog: catalog,
		Declared: s.declared.Connections, Moves: s.declared.Moves, Dir: dir, Spaces: withSpaces, OneFile: o.Dir == "",
		Classify: kind.rules.Classify, HoldsSecret: kind.holdsSecret, KnowsSecret: kind.knowsSecret, Normalize: s.provider.Normalize,
	})
	exported.Written = s.provider.Assess(connection.Difference{Live: &connection.Live{}, Declared: &connection.Desired{}, Source: &connection.DataSource{}}).Carries.Holds()
	for _, reason := range snapshot.Incomplete {
		s.notify(NotExported{reason})
	}
	for _, problem := range unread {
		s.notify(NotExported{problem.Message})
	}
	return exported, nil
}

// exportSpaces returns the declarations of spaces. It reads the spaces, then what the names of their
// members refer to, as a plan of the declarations would. Such a plan must be empty.
func (s *Session) exportSpaces(ctx context.Context, refs []connection.SpaceRef, snapshot *connection.Snapshot) (export.Spaces, error) {
	var wanted []connection.Space
	var scope connection.Scope
	for _, space := range snapshot.Spaces {
		isWanted := func(ref connection.SpaceRef) bool {
			return !ref.Personal && (ref.ID == space.ID || ref.Name == space.Name)
		}
		if space.ID != "" && slices.ContainsFunc(refs, isWanted) {
			wanted, scope.SpaceDetails = append(wanted, space), append(scope.SpaceDetails, space.Name)
		}
	}
	if len(wanted) == 0 {
		return export.Spaces{}, nil
	}
	details, err := s.read(ctx, scope) // not withheld: a file must not have the replacement of a secret
	if err != nil {
		return export.Spaces{}, s.redactError(err)
	}
	found := export.DeclareSpaces(wanted, details, s.declared.Prepared, s.quotes)
	scope = connection.Scope{}
	for i := range found.Found {
		found.Found[i].AddTo(&scope)
	}
	directory, err := s.read(ctx, scope)
	if err != nil {
		return export.Spaces{}, s.redactError(err)
	}
	found.Settle(directory)
	for _, change := range planned.Find(found.Found, directory) {
		reason := "it changed while it was read: export again"
		if change.Refused.Holds() {
			reason = messages.Text(change.Refused)
		}
		found.Drop(change.Key().Space, reason)
	}
	for i := range found.Omitted {
		s.redact(&found.Omitted[i].Reason)
	}
	return *found, nil
}

// sourcesOf reads the data sources of live connections.
func (s *Session) sourcesOf(ctx context.Context, live []connection.Live) (*connection.Catalog, error) {
	var ids []string
	for i := range live {
		ids = append(ids, live[i].DataSource)
	}
	slices.Sort(ids)
	return s.sources(ctx, slices.Compact(ids))
}

// exportedSpaces returns the spaces to export: the named ones, or those of the project. Spaces
// outside of a project's spaces are not exported.
func (s *Session) exportedSpaces(named []string) ([]connection.SpaceRef, error) {
	all := slices.DeleteFunc(slices.Clone(s.declared.Spaces), func(space connection.SpaceRef) bool {
		return slices.ContainsFunc(s.declared.OnlyMoves, space.Same)
	})
	if len(named) == 0 {
		return all, nil
	}
	var spaces []connection.SpaceRef
	for _, name := range named {
		space := connection.SpaceRef{Name: name}
		if name == connection.PersonalSpace {
			space = connection.SpaceRef{Personal: true}
		}
		if len(s.project.Spaces) > 0 && !slices.ContainsFunc(all, space.Same) {
			return nil, fmt.Errorf("space %q is not among the project's spaces: add it to spaces in %s", name, s.project.File)
		}
		spaces = append(spaces, space)
	}
	return spaces, nil
}

// checkSpaces returns an error if there are no spaces to export, or if the token may not see them.
func checkSpaces(project *spec.Project, spaces []connection.SpaceRef, snapshot *connection.Snapshot) error {
	var known []string
	for _, space := range snapshot.Spaces {
		known = append(known, space.Name)
	}
	if len(spaces) == 0 {
		return fmt.Errorf("no space to export: neither spaces in %s nor a connection names one. Pass --space NAME; the tenant has %s", project.File, strings.Join(known, ", "))
	}
	var problems connection.Problems
	for _, space := range spaces {
		found := slices.ContainsFunc(snapshot.Spaces, func(s connection.Space) bool {
			return s.ID == space.ID && space.ID != "" || s.Name == space.String()
		})
		if !found {
			reason := connection.Because("space-not-seen", "space", space.String())
			if meant := words.Closest(space.String(), known, 1); len(meant) > 0 {
				reason = reason.With("meant", meant[0])
			}
			problems = append(problems, messages.Problem(space.Position, connection.SeverityError, reason))
		}
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// WriteFiles writes exported files into a folder, all or none.
func (host *Host) WriteFiles(folder string, files []export.File) error {
	var texts []TextFile
	for _, file := range files {
		texts = append(texts, TextFile{filepath.Join(folder, file.Name), file.Text})
	}
	if existing := host.existingFiles(texts); len(existing) > 0 {
		return fmt.Errorf("export: these files exist: %s. Nothing was written (move them away, or name another folder)", strings.Join(existing, ", "))
	}
	for i, file := range texts {
		if err := file.write(host.WorkDir); err != nil {
			for _, written := range texts[:i] {
				_ = os.Remove(host.at(written.Name))
			}
			return fmt.Errorf("export: %w", err)
		}
	}
	return nil
}
