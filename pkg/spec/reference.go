package spec

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/connection"
)

// isReference reports whether a map is a valid or invalid reference, rather than a structure with
// references inside.
func isReference(tree *node) bool {
	return tree.is(kindObject) && (tree.entry("env") != nil || tree.entry("file") != nil || tree.entry("exec") != nil)
}

// reference reads {env: NAME}, {file: PATH}, {file: PATH, encoding: base64} or {exec: [COMMAND,
// ARGUMENT...]}. The schema of the file checks the form of each part; reference reports the rest.
// expand fills in the placeholders of a name; see [Tenant.ExpandName]. The arguments of a command have
// no placeholders. ok is false if the reference must not be followed.
func (n *notes) reference(tree *node, expand expander) (ref connection.Reference, ok bool) {
	ref, known := connection.Reference{Position: n.position(tree.place)}, n.errors
	sources := 0
	for _, entry := range tree.entries() {
		switch entry.key {
		case "env":
			ref.Env = n.expandName(entry, expand)
			sources++
		case "file":
			ref.File = n.expandName(entry, expand)
			sources++
		case "encoding":
			ref.Encoding = textOf(entry.value)
		case "exec":
			for _, item := range entry.value.items() {
				ref.Exec = append(ref.Exec, textOf(item.value))
			}
			sources++
		}
	}
	if sources > 1 {
		n.add(tree.place, connection.Because("several-sources"))
	}
	if slices.ContainsFunc(append(ref.Exec, ref.Env, ref.File), func(text string) bool {
		return strings.Contains(text, openVariable) || strings.Contains(text, openTenant) || strings.Contains(text, openEach)
	}) {
		n.add(tree.place, connection.Because("variable-in-reference"))
	}
	for _, path := range append([]string{ref.File}, ref.Exec[:min(len(ref.Exec), 1)]...) {
		n.isPath(tree.place, path)
	}
	if ok = n.errors == known; ok {
		n.warnOfBackslash(tree.place, ref.File)
	}
	return ref, ok
}

// expander fills in the placeholders of a name.
type expander func(text string) (string, connection.Reason)

// expandName returns the name in a reference with its placeholders filled in, or adds the problem.
func (n *notes) expandName(entry child, expand expander) string {
	text := textOf(entry.value)
	name, reason := expand(text)
	switch {
	case reason.Code != "":
		n.add(entry.value.place, reason)
		return ""
	case name != text && entry.key == "env" && !environmentName.MatchString(name):
		n.add(entry.value.place, connection.Because("expanded-name-invalid", "name", name))
	}
	return name
}

// reserved is what a reference in a connection must not name: a person who may write connection
// files may not be allowed to read the keys of the tenants, and the host of a connection can read
// its credentials.
type reserved struct {
	dir   string            // of the project file, as it can be opened
	env   map[string]string // variable, see foldVariable -> the tenant that signs in with it
	files []reservedFile
}

// FingerprintVariable is the environment variable with the key of the
// fingerprints. No reference may name it.
const FingerprintVariable = "QLSYNC_FINGERPRINT_KEY"

// Reserved returns the environment variables that no connection and no command may receive: those
// that sign in to tenants, in capitals, and the key of the fingerprints.
func (p *Project) Reserved() []string {
	return append(slices.Sorted(maps.Keys(p.reserved.env)), FingerprintVariable)
}

type reservedFile struct {
	secretFile
	tenant string
}

// reserve collects the references under auth of all tenants.
func reserve(dir string, tenants []Tenant) reserved {
	r := reserved{dir: dir, env: map[string]string{}}
	for _, tenant := range tenants {
		for _, part := range tenant.Auth.parts() {
			ref, _ := part.(connection.Reference)
			if _, known := r.env[foldVariable(ref.Env)]; ref.Env != "" && !known {
				r.env[foldVariable(ref.Env)] = tenant.Name
			}
			if ref.File != "" {
				r.files = append(r.files, reservedFile{locate(dir, ref.File), tenant.Name})
			}
		}
	}
	return r
}

// foldVariable returns the name of an environment variable for comparison. Windows ignores letter
// case, and ignoring it everywhere is the careful choice.
func foldVariable(name string) string { return strings.ToUpper(name) }

// secretFile is the file of a reference, independent of its name.
type secretFile struct {
	path, target string      // absolute: as written, and where its links lead
	info         os.FileInfo // nil: it is not there
}

func locate(dir, name string) secretFile {
	path := infile.Under(dir, name)
	if absolute, err := workdir.Dir("").Abs(path); err == nil {
		path = absolute
	}
	found := secretFile{path: path, target: path}
	if target, err := infile.Follow(path); err == nil {
		found.target = target
		found.info, _ = os.Stat(target)
	}
	return found
}

func (f secretFile) same(other secretFile) bool {
	return f.path == other.path || f.target == other.target ||
		f.info != nil && other.info != nil && os.SameFile(f.info, other.info)
}

// below reports whether the file is in a folder, as written or through links.
func (f secretFile) below(folder string) bool {
	return slices.ContainsFunc([]string{f.path, f.target}, func(path string) bool {
		return strings.HasPrefix(filepath.ToSlash(path)+"/", folder+"/")
	})
}

// systemFolders contain devices, and the environment and the memory of processes, but no secrets of
// people.
var systemFolders = [...]string{"/proc", "/sys", "/dev"}

// check reports a reference within a connection to a reserved source.
func (r reserved) check(n *notes, at place, ref connection.Reference) {
	if tenant, taken := r.env[foldVariable(ref.Env)]; taken {
		n.signsIn(at, "environment variable", ref.Env, tenant)
	}
	if !n.mayBeSent(at, r.dir, ref) || ref.File == "" || len(r.files) == 0 {
		return
	}
	named := locate(r.dir, ref.File)
	for _, taken := range r.files {
		if taken.same(named) {
			n.signsIn(at, "file", ref.File, taken.tenant)
			return
		}
	}
}

// pipelineVariables are the environment variables that contain a pipeline job's own token, and
// those of the examples. The tokens are valid for that job only, so no connection can need them.
var pipelineVariables = []string{
	"GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", // GitHub
	"CI_JOB_TOKEN", "CI_REGISTRY_PASSWORD", "CI_DEPENDENCY_PROXY_PASSWORD", "CI_DEPLOY_PASSWORD", "CI_REPOSITORY_URL", "QLSYNC_BOT_TOKEN", // GitLab
	"SYSTEM_ACCESSTOKEN", "IDTOKEN", // Azure Pipelines
	"BITBUCKET_STEP_OIDC_TOKEN", "BUILDKITE_AGENT_ACCESS_TOKEN", "CIRCLE_OIDC_TOKEN", "CIRCLE_OIDC_TOKEN_V2",
}

// pipelinePrefixes are prefixes of further ones: ACTIONS_RUNTIME_TOKEN,
// ACTIONS_ID_TOKEN_REQUEST_TOKEN, CI_JOB_JWT_V2.
var pipelinePrefixes = []string{"ACTIONS_", "CI_JOB_JWT"}

func isPipelineVariable(name string) bool {
	name = foldVariable(name)
	return slices.Contains(pipelineVariables, name) ||
		slices.ContainsFunc(pipelinePrefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// mayBeSent reports whether the value of a reference, including one under auth, may leave this
// computer, and otherwise adds the problem: the key of the fingerprints, the token of a pipeline's
// job, and the system's information about processes may not.
func (n *notes) mayBeSent(at place, dir string, ref connection.Reference) bool {
	if isPipelineVariable(ref.Env) {
		n.add(at, connection.Because("pipeline-token", "variable", ref.Env))
		return false
	}
	if foldVariable(ref.Env) == FingerprintVariable {
		n.add(at, connection.Because("fingerprint-key-sent", "variable", FingerprintVariable))
		return false
	}
	if ref.File == "" {
		return true
	}
	named := locate(dir, ref.File)
	for _, folder := range systemFolders {
		if named.below(folder) {
			n.add(at, connection.Because("system-file", "file", ref.File, "folder", folder))
			return false
		}
	}
	return true
}

// signsIn reports a reference to a sign-in secret of a tenant.
func (n *notes) signsIn(at place, what, name, tenant string) {
	n.add(at, connection.Because("sign-in-secret-sent", "source", what, "name", name, "tenant", tenant))
}

// textOf returns the text of a string; empty for anything else.
func textOf(tree *node) string {
	if tree.is(kindString) {
		return tree.text
	}
	return ""
}
