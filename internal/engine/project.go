package engine

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"sync"

	"github.com/qlsync/qlsync/internal/doctor"
	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/resolver"
	"github.com/qlsync/qlsync/internal/vendored"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// ProjectOptions select the project file and how to read it.
type ProjectOptions struct {
	// File is the path of the project file.
	File string
	// Variables override those of the project and of its tenants.
	Variables map[string]string
	// AllowExec allows {exec: ...} references to run their commands.
	AllowExec bool
	// RaiseLimits multiplies the limits of the project and of the tenant's answers. Zero means one.
	RaiseLimits int
}

// Project is a project file that has been read.
type Project struct {
	*spec.Project
	// Problems are the problems of the project file. Problems of a tenant include them.
	Problems connection.Problems

	host *Host
	o    ProjectOptions
	// offline has what [Project.vendoredOnce] has read, by provider.
	offline map[string]*offlineCatalog
	reading sync.Mutex // of offline
	shared  shared     // by the sessions of all tenants
}

// ReadProject reads a project file. It calls no tenant. If the file is not a valid project, the
// error is a [connection.Problems]; other mistakes are in the field Problems.
func (host *Host) ReadProject(ctx context.Context, o ProjectOptions) (*Project, error) {
	p := &Project{host: host, o: o, shared: newShared()}
	err := Interruptibly(ctx, func() error {
		p.Project, p.Problems = spec.Options{AllowExec: o.AllowExec, RaiseLimits: o.RaiseLimits, WorkDir: string(host.WorkDir)}.LoadProject(o.File)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if p.Project == nil {
		return nil, p.Problems
	}
	return p, nil
}

// Inputs lists the files that the project is read from.
func (p *Project) Inputs() []spec.Input { return p.Project.Inputs(p.o.Variables) }

// IsBuiltIn reports whether the data sources of a tenant's provider are built in, so that schemas
// need not be vendored.
func IsBuiltIn(tenant *spec.Tenant) bool {
	kind, ok := providerOf(tenant)
	return ok && kind.builtin != nil
}

// Desired returns the declarations of the files for a tenant, with the problems of the tenant's
// files. The catalog of vendored schemas adds to the known secrets.
func (p *Project) Desired(tenant *spec.Tenant, local *connection.Catalog) (*spec.DesiredSet, connection.Problems) {
	set, problems := p.Project.Desired(tenant, p.o.Variables)
	kind, ok := providerOf(tenant)
	if !ok {
		return set, spec.Collect(problems, connection.Problems{unknownProvider(tenant)})
	}
	return set, spec.Collect(problems, kind.checkCredentials(set, local))
}

// Vendored returns the data sources of the tenant's provider that are available offline: built-in
// ones, or those with a schema in the project.
func (p *Project) Vendored(tenant *spec.Tenant) (*connection.Catalog, connection.Problems) {
	catalog := &connection.Catalog{DataSources: map[string]*connection.DataSource{}}
	kind, ok := providerOf(tenant)
	if !ok {
		return catalog, nil
	}
	if kind.builtin != nil {
		return kind.builtin(), nil
	}
	texts, problems := vendored.Read(p.host.WorkDir, p.SchemasDir, p.Dir, p.o.RaiseLimits)
	for id, text := range texts {
		source, err := kind.parse(id, text)
		if err != nil {
			reason := connection.Because("invalid-vendored-schema", "reason", infile.ErrorText(err))
			problems = append(problems, messages.FileProblem(filepath.Join(p.SchemasDir, id+".json"), reason))
			continue
		}
		catalog.DataSources[id] = source
	}
	return catalog, problems
}

// offlineCatalog is the catalog of [Project.Vendored] with its problems.
type offlineCatalog struct {
	catalog  *connection.Catalog
	problems connection.Problems
}

// vendoredOnce is [Project.Vendored], which reads the schemas once for all tenants of the project.
// The caller changes neither the catalog nor the problems.
func (p *Project) vendoredOnce(tenant *spec.Tenant) (*connection.Catalog, connection.Problems) {
	p.reading.Lock()
	defer p.reading.Unlock()
	found := p.offline[tenant.Provider]
	if found == nil {
		found = &offlineCatalog{}
		found.catalog, found.problems = p.Vendored(tenant)
		if p.offline == nil {
			p.offline = map[string]*offlineCatalog{}
		}
		p.offline[tenant.Provider] = found
	}
	return found.catalog, found.problems
}

func unknownProvider(tenant *spec.Tenant) connection.Problem {
	return messages.Problem(tenant.Position, connection.SeverityError, connection.Because("unknown-provider", "tenant", tenant.Name, "provider", tenant.Provider))
}

// Validate checks the files for the tenants offline. The problems are those of all files, in file
// order.
func (p *Project) Validate(tenants []spec.Tenant) report.Validation {
	v := report.Validation{Problems: p.Problems, SchemasDir: p.SchemasDir}
	for i := range tenants {
		tenant := &tenants[i]
		catalog, more := p.vendoredOnce(tenant)
		declared, problems := p.Desired(tenant, catalog)
		v.Problems = spec.Collect(v.Problems, more, problems, spec.Further(problems, spec.CheckProperties(declared.Connections, catalog)))
		known := slices.Collect(maps.Keys(catalog.DataSources))
		for _, id := range declared.DataSources() {
			if catalog.DataSources[id] != nil {
				continue
			}
			if meant := words.Closest(id, known, 1); len(meant) > 0 {
				id += " (did you mean " + meant[0] + "?)"
			}
			v.WithoutSchema = append(v.WithoutSchema, id)
		}
		v.Checked = append(v.Checked, report.CheckedTenant{Name: tenant.Name, Connections: len(declared.Connections), Files: declared.Files})
	}
	slices.Sort(v.WithoutSchema)
	v.WithoutSchema = slices.Compact(v.WithoutSchema)
	return v
}

// resolver returns the resolver of the secrets in the files.
func (p *Project) resolver() *resolver.Resolver {
	return resolver.New(resolver.Options{Dir: p.host.at(p.Dir), Lookup: p.host.Lookup, Environ: p.host.Environ, AllowExec: p.o.AllowExec, Excluded: p.Reserved()})
}

// ListSecrets lists the secrets to which the files refer, without reading them. If the files have
// mistakes, the list may be incomplete; the problems are returned too.
func (p *Project) ListSecrets(tenants []spec.Tenant) (doctor.Secrets, connection.Problems) {
	secrets := p.resolver()
	listed := doctor.Secrets{Format: doctor.SecretsFormat, Project: p.Name, Tenants: []doctor.TenantSecrets{}}
	problems := p.Problems
	for i := range tenants {
		catalog, _ := p.vendoredOnce(&tenants[i])
		declared, more := p.Desired(&tenants[i], catalog)
		problems = spec.Collect(problems, more)
		listed.Tenants = append(listed.Tenants, doctor.ListSecrets(&tenants[i], declared.Connections, catalog, secrets.Present))
	}
	return listed, problems
}
