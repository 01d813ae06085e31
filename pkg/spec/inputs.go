package spec

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Input is a file that a project is read from.
type Input struct {
	Path string // as it can be opened
	What string // what the file is, with its article: "a connection file"
	// Schema reports that the file is a vendored schema, or made from them.
	Schema bool
}

// Inputs lists the files from which a project is read, for all tenants: the project file, the
// connection files, the seeds of embedded tenants, the files of references, and the vendored
// schemas. It may include files that do not exist. The variables are those of [Project.Desired].
func (p *Project) Inputs(variables map[string]string) []Input {
	inputs := []Input{{Path: p.at(p.File), What: "the project file"}}
	known := map[Input]bool{inputs[0]: true} // a fleet may have a file for each tenant
	add := func(path, what string) {
		if input := (Input{Path: p.at(path), What: what}); !known[input] {
			known[input] = true
			inputs = append(inputs, input)
		}
	}
	if p.Fleet != nil {
		add(p.TenantLockPath(), "the lock file of the fleet")
		if p.Fleet.File != "" {
			add(p.Fleet.File, "the file of the fleet")
		}
		if o := p.Fleet.Organization; o != nil {
			for _, ref := range o.Auth.References() {
				if ref.File != "" {
					add(infile.Under(p.Dir, ref.File), "a file that a reference names")
				}
			}
		}
	}
	for _, source := range p.sources().sources {
		add(source.file, "a connection file")
	}
	named := func(ref connection.Reference) (connection.Secret, error) {
		if ref.File != "" {
			add(infile.Under(p.Dir, ref.File), "a file that a reference names")
		}
		return connection.Secret{}, nil
	}
	for i := range p.Tenants {
		tenant := &p.Tenants[i]
		if tenant.SimFile != "" {
			add(tenant.SimFile, "the file of an embedded tenant")
		}
		for _, part := range tenant.Auth.parts() {
			if ref, ok := part.(connection.Reference); ok {
				_, _ = named(ref)
			}
		}
		declared, _ := p.Desired(tenant, variables)
		for j := range declared.Connections {
			_, _ = connection.Resolve(declared.Connections[j].Credentials, named)
		}
	}
	return append(inputs, p.schemaFiles()...)
}

// schemaFiles lists the files in the folder of vendored schemas. It does not access a folder that
// is never read, such as a link to a network share.
func (p *Project) schemaFiles() []Input {
	var inputs []Input
	for _, folder := range []string{p.SchemasDir, filepath.Join(p.SchemasDir, filepath.Dir(filepath.FromSlash(EditorConnections)))} {
		real, err := infile.Real(p.at(folder))
		if err != nil {
			continue
		}
		entries, _ := os.ReadDir(real)
		for _, entry := range entries {
			name := entry.Name()
			if !entry.IsDir() && (strings.HasSuffix(name, ".json") || name == LockFile) {
				inputs = append(inputs, Input{Path: p.at(filepath.Join(folder, name)), What: "a vendored schema", Schema: true})
			}
		}
	}
	return inputs
}

// WouldRead reports whether a file that does not exist yet would be read as a
// connection file once it does.
func (p *Project) WouldRead(file string) bool {
	absolute, err := workdir.Dir(p.options.WorkDir).Abs(file)
	if err != nil || !IsYAML(filepath.ToSlash(absolute)) || strings.HasPrefix(filepath.Base(absolute), ".") {
		return false
	}
	return slices.ContainsFunc(p.entries, func(entry fileEntry) bool {
		root, pattern := splitGlob(entry.path)
		folder, err := workdir.Dir(p.options.WorkDir).Abs(infile.Under(p.Dir, root))
		if err != nil {
			return false
		}
		relative, err := filepath.Rel(folder, absolute)
		if err != nil || !filepath.IsLocal(relative) {
			return false
		}
		if pattern != nil {
			return pattern.matches(strings.Split(filepath.ToSlash(relative), "/"))
		}
		info, err := os.Stat(folder)
		return relative == "." || err == nil && info.IsDir() && !hasHidden(relative)
	})
}

// hasHidden reports whether a path has a hidden folder.
func hasHidden(path string) bool {
	return slices.ContainsFunc(strings.Split(filepath.ToSlash(path), "/"), func(segment string) bool { return strings.HasPrefix(segment, ".") })
}

// LockFile is the name of the file in the folder of vendored schemas that records
// from where and when each of them was taken.
const LockFile = "schemas.lock"
