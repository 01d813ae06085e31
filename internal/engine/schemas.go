package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/outfile"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/vendored"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// PullOptions select the schemas to pull. Without either, those of the tenant are pulled: in use
// for it, or pulled from it and used by no other tenant.
type PullOptions struct {
	All bool     // all data sources that the tenant offers
	IDs []string // these data sources
}

// Pulled is the result of [Session.PullSchemas].
type Pulled struct {
	// Files are the files that were compared, with the change of each, in the order of the ids.
	Files []PulledFile
	// Editor are the files for editors that were written again.
	Editor []string
	// Problems are the schemas that could not be pulled, with the reasons.
	Problems connection.Problems
}

// PulledFile is a file of the folder of vendored schemas, and what was done to it.
type PulledFile struct{ File, Change string }

// PullSchemas updates the folder of vendored schemas to the tenant's schemas. An error means that
// no schema could be pulled.
func (s *Session) PullSchemas(ctx context.Context, o PullOptions) (Pulled, error) {
	lock, problems := vendored.ReadLock(s.host.WorkDir, s.project.SchemasDir)
	if problems.Err() != nil {
		return Pulled{}, problems
	}
	ids, err := s.wanted(ctx, o, lock)
	if err != nil {
		return Pulled{}, err
	}
	catalog, err := s.sources(ctx, ids)
	if err != nil && !errors.As(err, &problems) {
		return Pulled{}, s.explained(err)
	}
	used := s.declared.DataSources()
	pull := vendored.Pull{
		Dir: s.project.SchemasDir, Lock: lock, Catalog: catalog,
		Needed: func(id string) bool { return len(o.IDs) > 0 || slices.Contains(used, id) },
	}
	inputs := s.project.otherInputs()
	pulled := s.take(pull, inputs, slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(catalog.Unread, id) }))
	var unusable connection.Problems
	if s.project.HasEditorSchemas() {
		pulled.Editor, err = s.project.WriteEditorSchemas(s.project.Tenants)
		if err != nil && !errors.As(err, &unusable) {
			pulled.Problems = append(pulled.Problems, failure(err))
		}
	}
	pulled.Problems = spec.Collect(problems, pulled.Problems, unusable)
	return pulled, nil
}

// HasEditorSchemas reports whether the project has schemas for editors.
func (p *Project) HasEditorSchemas() bool {
	_, err := os.Stat(p.host.at(filepath.Join(p.SchemasDir, filepath.FromSlash(spec.EditorConnections))))
	return err == nil
}

// wanted returns the ids to pull, sorted, each once.
func (s *Session) wanted(ctx context.Context, o PullOptions, lock vendored.Lock) ([]string, error) {
	var ids []string
	switch {
	case o.All && len(o.IDs) > 0:
		return nil, fmt.Errorf("--all pulls every data source: pass --all or ids, not both")
	case len(o.IDs) > 0:
		ids = o.IDs
	default:
		vendored, _ := vendored.Read(s.host.WorkDir, s.project.SchemasDir, s.project.Dir, s.project.o.RaiseLimits)
		ids = s.concerned(slices.Collect(maps.Keys(vendored)), lock)
	}
	if o.All {
		// No data source has an empty id, so the answer lists the existing ones.
		catalog, err := s.sources(ctx, []string{""})
		if err != nil {
			return nil, s.explained(err)
		}
		if most := limits.SchemaCount.At(s.project.o.RaiseLimits); int64(len(catalog.Known)) > most {
			return nil, fmt.Errorf("the tenant offers %s data sources, and a folder of vendored schemas holds at most %s: %s",
				limits.Grouped(int64(len(catalog.Known))), limits.Grouped(most), limits.SchemaCount.Hint("name the data sources that you need"))
		}
		ids = append(ids, catalog.Known...)
	}
	if len(ids) == 0 {
		return nil, s.besides(fmt.Errorf("no connection is declared for tenant %q, so there is no schema to pull. Name data sources, or pass --all", s.tenant.Name))
	}
	return slices.Compact(slices.Sorted(slices.Values(ids))), nil
}

// concerned returns the data sources of the tenant: those in use for it, and the vendored ones that
// no connection of any tenant uses and that were pulled from it or from a tenant that is no longer
// in the project. If the files have mistakes, it is unknown which ones are unused.
func (s *Session) concerned(vendored []string, lock vendored.Lock) []string {
	ids := s.declared.DataSources()
	problems := s.problems
	var elsewhere []string
	for i := range s.project.Tenants {
		if tenant := &s.project.Tenants[i]; tenant.Name != s.tenant.Name && !IsBuiltIn(tenant) {
			declared, more := s.project.Project.Desired(tenant, s.project.o.Variables)
			elsewhere = append(elsewhere, declared.DataSources()...)
			problems = spec.Collect(problems, more)
		}
	}
	for _, id := range vendored {
		locked, wasPulled := lock.DataSources[id]
		isTheirs := locked.Tenant != s.tenant.Name &&
			slices.ContainsFunc(s.project.Tenants, func(t spec.Tenant) bool { return t.Name == locked.Tenant })
		if problems.Err() == nil && wasPulled && !isTheirs && !slices.Contains(elsewhere, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// take writes or removes the vendored schemas of the data sources, then the lock file, and returns
// the changes. A file that cannot be written, for example because another program has it open, or
// that is one of the inputs, is a problem and does not stop the others.
func (s *Session) take(pull vendored.Pull, inputs []spec.Input, ids []string) Pulled {
	var done Pulled
	note := func(err error) { done.Problems = append(done.Problems, failure(err)) }
	for _, id := range ids {
		text, err := infile.Read(s.host.at(filepath.Join(pull.Dir, id+".json")), MaxWrittenFile)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			note(s.host.WorkDir.Shown(err))
			continue
		}
		pulled, problem := pull.Decide(id, text)
		if problem != nil {
			done.Problems = append(done.Problems, *problem)
			continue
		}
		if err := s.write(pulled, id, pull.Lock, inputs); err != nil {
			note(fmt.Errorf("the schema of %s was not written: %w", id, err))
			continue
		}
		done.Files = append(done.Files, PulledFile{filepath.ToSlash(pulled.File), pulled.Change})
	}
	if len(done.Files) > 0 {
		if err := s.host.replaceFile(filepath.Join(pull.Dir, spec.LockFile), pull.Lock.Text(), inputs); err != nil {
			note(fmt.Errorf("schemas.lock was not updated, so pull again: %w", err))
		}
	}
	return done
}

// write writes or removes one vendored schema, and records it in the lock file.
func (s *Session) write(pulled vendored.Pulled, id string, lock vendored.Lock, inputs []spec.Input) error {
	var err error
	switch {
	case pulled.Source == nil:
		if err = s.host.apartFrom(pulled.File, inputs); err == nil {
			err = s.host.WorkDir.Shown(outfile.Remove(s.host.at(pulled.File)))
		}
	case !pulled.Same:
		err = s.host.replaceFile(pulled.File, pulled.Text, inputs)
	}
	if err != nil {
		return err
	}
	if pulled.Source == nil {
		delete(lock.DataSources, id)
		return nil
	}
	lock.Take(pulled.Source, pulled.Text, s.tenant.Name, s.host.now().UTC().Format(time.DateOnly))
	return nil
}

// ListSchemas returns the vendored data sources, and those in use by the tenants that are not
// vendored. [Project.Validate] reports mistakes in the files.
func (p *Project) ListSchemas(tenants []spec.Tenant) (report.Schemas, error) {
	uses := map[string]int{}
	for i := range tenants {
		if IsBuiltIn(&tenants[i]) {
			continue
		}
		declared, _ := p.Project.Desired(&tenants[i], p.o.Variables)
		for id, n := range countSources(declared) {
			uses[id] = max(uses[id], n)
		}
	}
	return p.vendoredSources(uses)
}

func countSources(declared *spec.DesiredSet) map[string]int {
	uses := map[string]int{}
	for i := range declared.Connections {
		if id := declared.Connections[i].DataSource; id != "" {
			uses[id]++
		}
	}
	return uses
}

// vendoredSources returns the data sources that are vendored or in use, by id.
func (p *Project) vendoredSources(uses map[string]int) (report.Schemas, error) {
	listed := report.Schemas{Format: report.SchemasFormat, Sources: []report.SchemaSource{}}
	texts, problems := vendored.Read(p.host.WorkDir, p.SchemasDir, p.Dir, p.o.RaiseLimits)
	lock, more := vendored.ReadLock(p.host.WorkDir, p.SchemasDir)
	if problems = spec.Collect(problems, more); problems.Err() != nil {
		return listed, problems
	}
	ids := slices.Collect(maps.Keys(texts))
	ids = slices.Compact(slices.Sorted(slices.Values(slices.AppendSeq(ids, maps.Keys(uses)))))
	for _, id := range ids {
		locked := lock.DataSources[id]
		source := report.SchemaSource{ID: id, Uses: uses[id], Version: locked.Version, Pulled: locked.Pulled, From: locked.Tenant}
		if text, isVendored := texts[id]; isVendored {
			source.Edited = lock.Edited(id, text)
		} else {
			source = report.SchemaSource{ID: id, Uses: uses[id], State: report.SchemaNotPulled}
		}
		listed.Sources = append(listed.Sources, source)
	}
	return listed, nil
}

// CheckSchemas compares the vendored schemas with the tenant's.
func (s *Session) CheckSchemas(ctx context.Context) (report.Schemas, error) {
	lock, problems := vendored.ReadLock(s.host.WorkDir, s.project.SchemasDir)
	if problems = spec.Collect(problems, s.problems, s.localProblems); problems.Err() != nil {
		return report.Schemas{}, problems.Err()
	}
	checked, err := s.project.vendoredSources(countSources(s.declared))
	if err != nil {
		return report.Schemas{}, err
	}
	ours := s.local
	ids := s.concerned(slices.Collect(maps.Keys(ours.DataSources)), lock)
	checked.Tenant = s.tenant.Name
	checked.Sources = slices.DeleteFunc(checked.Sources, func(source report.SchemaSource) bool { return !slices.Contains(ids, source.ID) })
	theirs, err := s.sources(ctx, ids)
	if err != nil {
		return report.Schemas{}, s.explained(err)
	}
	for i := range checked.Sources {
		source := &checked.Sources[i]
		compareSource(source, ours.DataSources[source.ID], theirs.DataSources[source.ID])
		source.Disabled = source.State == report.SchemaGone && slices.Contains(theirs.Disabled, source.ID)
	}
	for _, broken := range spec.Breaks(s.declared.Connections, ours, theirs) {
		checked.Breaks = append(checked.Breaks, report.SchemaBreak(broken))
	}
	return checked, nil
}

// compareSource sets the state of a vendored schema compared with the tenant's.
func compareSource(source *report.SchemaSource, ours, theirs *connection.DataSource) {
	if theirs != nil {
		source.TenantVersion = theirs.Version
	}
	switch {
	case ours == nil:
		source.State = report.SchemaNotPulled
	case theirs == nil:
		source.Version, source.State = ours.Version, report.SchemaGone
	default:
		source.Version, source.Changes = ours.Version, vendored.CompareSchemas(ours, theirs)
		source.State = report.SchemaSame
		if len(source.Changes) > 0 || ours.Version != theirs.Version {
			source.State = report.SchemaDiffers
		}
	}
}

// WriteEditorSchemas writes the JSON Schemas for language servers, for the known data sources of
// all tenants, and returns the files. If one of the files cannot be written, the other one is still
// written.
func (p *Project) WriteEditorSchemas(tenants []spec.Tenant) ([]string, error) {
	all := &connection.Catalog{DataSources: map[string]*connection.DataSource{}}
	read := map[string]bool{} // by provider
	for i := range tenants {
		if read[tenants[i].Provider] {
			continue
		}
		read[tenants[i].Provider] = true
		catalog, problems := p.Vendored(&tenants[i])
		if problems.Err() != nil {
			return nil, problems
		}
		maps.Copy(all.DataSources, catalog.DataSources)
	}
	connections, own := spec.EditorSchemas(all)
	inputs := p.otherInputs()
	var written []string
	var errs []error
	for _, file := range []struct {
		name string
		text []byte
	}{{spec.EditorConnections, connections}, {spec.EditorProject, own}} {
		path := filepath.Join(p.SchemasDir, filepath.FromSlash(file.name))
		err := p.host.replaceFile(path, file.text, inputs)
		if err == nil {
			written = append(written, filepath.ToSlash(path))
		}
		errs = append(errs, err)
	}
	return written, errors.Join(errs...)
}

// replaceFile writes a file of the project completely or not at all, and creates its folder if
// necessary. A file that is one of the inputs is not replaced.
func (host *Host) replaceFile(path string, text []byte, inputs []spec.Input) error {
	if err := host.apartFrom(path, inputs); err != nil {
		return fmt.Errorf("%w. Keep it in another folder, or set schemas in the project file to another one", err)
	}
	if err := os.MkdirAll(host.at(filepath.Dir(path)), 0o755); err != nil {
		return host.WorkDir.Shown(err)
	}
	return host.WorkDir.Shown(outfile.WriteBytes(host.at(path), outfile.Public, text))
}

// otherInputs lists the inputs of a project that may be in the folder of vendored schemas but are
// not schemas, and must not be replaced.
func (p *Project) otherInputs() []spec.Input {
	return slices.DeleteFunc(p.Inputs(), func(input spec.Input) bool { return input.Schema })
}

// failure returns an error as a problem without a position.
func failure(err error) connection.Problem {
	return messages.Problem(connection.Position{}, connection.SeverityError, connection.Because("file-failed", "reason", infile.ErrorText(err)))
}
