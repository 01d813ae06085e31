package spec

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Project is the content of a project file. It may be used concurrently.
type Project struct {
	File string // as it was given, with forward slashes
	Dir  string // the folder of the file, and the base of relative paths
	Name string // the owner in ownership records
	// Policy has every field set.
	Policy connection.Policy
	// Tenants are those that the file declares, in their order, and then those of the fleet.
	Tenants []Tenant
	// Groups are the named selections of tenants, in the order of the file.
	Groups []Group
	// Fleet is where further tenants come from. Nil: the file declares all tenants.
	Fleet *Fleet
	// LockDigest is the digest of the lock file of the fleet. Empty: none was read.
	LockDigest string
	// Locked are the entries of the lock file, also those that are left out of Tenants.
	Locked []LockedTenant
	// Rollout is the order in which tenants are changed. Nil: none is declared, and the order is open.
	Rollout *Rollout
	// DefaultTenant is the name of the tenant that is meant where none is named. Empty: none is.
	DefaultTenant string
	// Spaces is the scope of the project, as written: [Project.Desired] fills in variables. Nil: not
	// declared.
	Spaces []connection.SpaceRef
	// ReadMode is one of [ReadModes].
	ReadMode   string
	SchemasDir string // where vendored schemas are; it need not exist

	known     map[string]bool // names of tenants
	limits    RateLimits      // of tenants that declare none
	variables map[string]string
	entries   []fileEntry // of connections
	formats   formats
	options   Options
	reserved  reserved
	sources   func() loaded // reads the connection files once
}

// The modes of reading: which connections are read one by one, although the list may show that they
// are as declared.
const (
	ReadsProof = "proof" // those that the list does not prove to be as declared
	ReadsCache = "cache" // those that are not in a cache, or were updated since
	ReadsFull  = "full"  // all
)

// ReadModes lists the modes of reading, the default first.
func ReadModes() []string { return []string{ReadsProof, ReadsCache, ReadsFull} }

// Tenant is one tenant of a project.
type Tenant struct {
	Name string
	// ID is the id that the tenant itself reports. Empty: unknown. A tenant that reports another id is
	// never written to.
	ID string
	// Region is the code of the tenant's region. Empty: unknown.
	Region string
	// Groups are the names of the groups that the tenant is in, in the order of the file.
	Groups []string
	// Columns are the columns of the tenant in the fleet's file.
	Columns map[string]string
	// Provider is the kind of system; default: [ProviderQlik].
	Provider string
	// URL is "https://host", "http://" with a loopback host, or "sim:FILE" as
	// written. Empty: it is none of them.
	URL string
	// SimFile is the seed of the embedded tenant, for a URL "sim:FILE": a path
	// that can be opened. Empty: a real tenant.
	SimFile string
	// NoRecords keeps ownership records off connections: then every declared connection counts as ours.
	NoRecords bool
	Auth      Auth
	Variables map[string]string // they win over the project's
	// RateLimits are the tenant's own, or else the project's.
	RateLimits RateLimits
	Position   connection.Position
	address    connection.Position // of the URL
	title      string              // the tenant's name on the remote side; else Name
	host       string              // of a tenant of the fleet; else that of the URL
	// Spaces are the scope of the project in this tenant. Nil: the project's.
	Spaces []connection.SpaceRef
}

// Identity returns the text that identifies the tenant in every run, independent of its name in the
// project file: its id, or its URL if the id is unknown.
func (t *Tenant) Identity() string { return cmp.Or(t.ID, t.URL) }

// Host returns the host of the tenant, with its port if there is one. An embedded tenant has none.
func (t *Tenant) Host() string {
	_, host, _ := strings.Cut(t.URL, "://")
	return cmp.Or(t.host, host)
}

// Auth is the sign-in to a tenant: to Qlik Cloud with an API key or an OAuth client, to Apinizer
// with a token or as a user. For an embedded tenant it may be empty.
type Auth struct {
	APIKey any // nil or a [connection.Reference]
	// ClientID is nil, a string or a [connection.Reference].
	ClientID     any
	ClientSecret any // nil or a [connection.Reference]
	// PrivateKey replaces ClientSecret, and KeyID names its public key; it may be empty.
	PrivateKey any // nil or a [connection.Reference]
	KeyID      string
	Token      any // nil or a [connection.Reference]
	// User is nil, a string or a [connection.Reference].
	User     any
	Password any // nil or a [connection.Reference]
}

// parts lists what the sign-in is made of.
func (a Auth) parts() []any {
	return []any{a.APIKey, a.ClientID, a.ClientSecret, a.PrivateKey, a.Token, a.User, a.Password}
}

// References lists the secrets that the sign-in is made of.
func (a Auth) References() []connection.Reference {
	var refs []connection.Reference
	for _, part := range a.parts() {
		if ref, ok := part.(connection.Reference); ok {
			refs = append(refs, ref)
		}
	}
	return refs
}

// complete reports whether there is enough of it to sign in.
func (a Auth) complete() bool {
	return a.APIKey != nil || a.ClientID != nil && (a.ClientSecret != nil || a.PrivateKey != nil) || a.Token != nil || a.User != nil && a.Password != nil
}

// Options extend the rights of files. The zero value is safe.
type Options struct {
	// AllowExec permits {exec: ...}: commands in the files, which run on this computer. Without it, a
	// command under auth is an error, because every call to the tenant would run it. A command under
	// credentials is not: only apply resolves it, and then refuses it.
	AllowExec bool
	// RaiseLimits multiplies the limits of a project. Zero means one.
	RaiseLimits int
	// Lock is the text of the lock file of the fleet. Nil: it is read from the file.
	Lock []byte
	// WorkDir is the absolute path of the folder that the path of the project file is
	// relative to. Empty is the working directory of the process.
	WorkDir string
}

// at returns the path under which a file can be opened.
func (o Options) at(path string) string { return workdir.Dir(o.WorkDir).Path(path) }

func (p *Project) at(path string) string { return p.options.at(path) }

// CanBeAsked reports whether a tenant can be called: its provider, address and auth have no
// problems.
func (t *Tenant) CanBeAsked() bool {
	_, known := systemOf(t.Provider)
	return known && (t.SimFile != "" || t.URL != "" && t.Auth.complete())
}

// LoadProject is [Options.LoadProject] with the safe options.
func LoadProject(path string) (*Project, connection.Problems) { return Options{}.LoadProject(path) }

// LoadProject reads a project file, such as "qlsync.yaml", and returns its problems. The project is
// nil if nothing of it could be read. [Project.Desired] reads the connection files later.
func (o Options) LoadProject(path string) (*Project, connection.Problems) {
	file := filepath.ToSlash(filepath.Clean(path))
	root, problems := readTree(file, o.at(file))
	if root == nil {
		return nil, problems
	}
	n := &notes{file: file, problems: problems}
	p := &Project{File: file, Dir: filepath.Dir(filepath.Clean(path)), formats: compileFormats(), options: o}
	n.checkStructure(p.formats.project, root)
	n.readProject(p, root)
	p.sources = sync.OnceValue(p.load)
	return p, Collect(n.problems)
}

// readTree reads the file at a path and parses it. Without a tree there is a problem.
func readTree(file, path string) (*node, connection.Problems) {
	text, problems := readText(file, path)
	if len(problems) > 0 {
		return nil, problems
	}
	return parseFile(file, text)
}

// readText reads the file at a path.
func readText(file, path string) ([]byte, connection.Problems) {
	text, err := infile.Read(path, maxFileSize)
	var large *infile.TooLargeError
	switch {
	case errors.As(err, &large):
		return nil, connection.Problems{messages.FileProblem(file, tooLarge())}
	case err != nil:
		return nil, connection.Problems{messages.FileProblem(file, unreadable(err))}
	}
	return text, nil
}

// readProject reads the parts of the tree with the right form; the others were reported already.
func (n *notes) readProject(p *Project, root *node) {
	p.Name = textOf(root.get("project"))
	p.Policy = readPolicy(root.get("policy"))
	p.variables = n.variables(root.get("variables"))
	p.entries = n.fileEntries(root)
	p.SchemasDir = filepath.Join(p.Dir, "schemas")
	if dir := textOf(root.get("schemas")); dir != "" && n.isPath(root.get("schemas").place, dir) {
		n.warnOfBackslash(root.get("schemas").place, dir)
		p.SchemasDir = infile.Under(p.Dir, dir)
	}
	p.ReadMode = cmp.Or(textOf(root.get("reads")), ReadsProof)
	for _, item := range root.get("spaces").items() {
		p.Spaces = append(p.Spaces, n.spaceRef(item.value, asWritten))
	}
	p.limits = n.rateLimits(root.get("rateLimits"), RateLimits{})
	for _, entry := range root.get("tenants").entries() {
		p.Tenants = append(p.Tenants, n.readTenant(p, entry, Tenant{Name: entry.key, title: entry.key, ID: textOf(entry.value.get("id"))}))
	}
	n.readFleet(p, root.entry("fleet"))
	n.needTenants(p, root)
	n.distinctNames(p)
	n.distinctIDs(p)
	p.known = make(map[string]bool, len(p.Tenants))
	for i := range p.Tenants {
		p.known[p.Tenants[i].Name] = true
	}
	n.distinctTenants(p)
	n.readGroups(p, root.get("groups"))
	n.readDefaultTenant(p, root.get("defaultTenant"))
	signsIn := p.Tenants
	if p.Fleet != nil && p.Fleet.Organization != nil {
		signsIn = append(slices.Clip(signsIn), Tenant{Name: "console", Auth: p.Fleet.Organization.Auth})
	}
	p.reserved = reserve(p.at(p.Dir), signsIn)
	n.readRollout(p, root.get("rollout"))
	n.warnAboutLeftovers(p, root)
}

// readDefaultTenant reads the name of the default tenant, which must be one of the tenants.
func (n *notes) readDefaultTenant(p *Project, tree *node) {
	name := textOf(tree)
	if name == "" {
		return
	}
	if names := p.TenantNames(); !slices.Contains(names, name) && (p.Fleet == nil || p.LockDigest != "") {
		n.add(tree.place, suggest(connection.Because("unknown-tenant", "tenant", name), name, names))
		return
	}
	p.DefaultTenant = name
}

// warnAboutLeftovers warns about what pruning cannot find: without declared spaces, a space without
// connections in the files is outside of the scope.
func (n *notes) warnAboutLeftovers(p *Project, root *node) {
	if p.Policy.Prune == connection.PruneOwned && root.entry("spaces") == nil {
		n.warn(root.get("policy").entry("prune").place, connection.Because("prune-without-spaces"))
	}
}

// readPolicy reads the policy and fills in what is not written.
func readPolicy(tree *node) connection.Policy {
	orElse := func(key, otherwise string) string {
		if text := textOf(tree.get(key)); text != "" {
			return text
		}
		return otherwise
	}
	policy := connection.Policy{
		Prune:      orElse("prune", connection.PruneNone),
		Adopt:      orElse("adopt", connection.AdoptMatching),
		Update:     orElse("update", connection.UpdatePatch),
		MaxDeletes: readMaxDeletes(tree.get("maxDeletes")),
		Impact:     readImpact(tree.get("impact")),
	}
	if limit := tree.get("maxRecreates"); limit != nil || policy.Update != connection.UpdateRecreate {
		recreates := readMaxDeletes(limit)
		policy.MaxRecreates = &recreates
	}
	return policy
}

// readMaxDeletes reads a count such as 5 or a percentage such as 10%, both exact.
func readMaxDeletes(tree *node) connection.MaxDeletes {
	if tree.is(kindNumber) {
		return connection.MaxDeletes{Count: integer(tree)}
	}
	if digits, isPercent := strings.CutSuffix(textOf(tree), "%"); isPercent {
		percent, _ := strconv.Atoi(digits)
		return connection.MaxDeletes{Percent: percent, IsPercent: true}
	}
	return connection.DefaultMaxDeletes()
}

// readImpact reads the limits on dependents: true is short for limits of which none is set.
func readImpact(tree *node) *connection.ImpactLimits {
	if !tree.is(kindObject) && !isTrue(tree) {
		return nil
	}
	limits := &connection.ImpactLimits{Unknown: textOf(tree.get("unknown"))}
	for key, limit := range map[string]**int{"warn": &limits.Warn, "refuse": &limits.Refuse} {
		if written := tree.get(key); written.is(kindNumber) {
			n := integer(written)
			*limit = &n
		}
	}
	return limits
}

// integer reads a number that the schema has checked to be whole and small; zero for anything else.
func integer(tree *node) int {
	if !tree.is(kindNumber) {
		return 0
	}
	value, _ := strconv.ParseFloat(tree.text, 64)
	return int(value)
}

// readTenant reads a tenant, of which the identity is known.
func (n *notes) readTenant(p *Project, entry child, tenant Tenant) Tenant {
	tenant.Provider = cmp.Or(textOf(entry.value.get("provider")), systems[0].provider)
	tenant.Position = position(n.file, entry.place)
	tenant.Variables = n.variables(entry.value.get("variables"))
	tenant.RateLimits = n.rateLimits(entry.value.get("rateLimits"), p.limits)
	for _, item := range entry.value.get("spaces").items() {
		tenant.Spaces = append(tenant.Spaces, n.spaceRef(item.value, asWritten))
	}
	tenant.Auth = n.readAuth(entry.value.get("auth"), p, &tenant)
	tenant.NoRecords = n.unmarked(p, entry.value, tenant.Provider)
	address := entry.value.get("url")
	if address != nil {
		tenant.address = position(n.file, address.place)
	}
	if textOf(address) == "" {
		return tenant // reported by the structure check
	}
	if seed, embedded := strings.CutPrefix(address.text, "sim:"); embedded {
		if seed == "" {
			n.add(address.place, connection.Because("embedded-without-file"))
			return tenant
		}
		if n.isPath(address.place, seed) {
			n.warnOfBackslash(address.place, seed)
			tenant.URL, tenant.SimFile = address.text, infile.Under(p.Dir, seed)
		}
		return tenant
	}
	tenant.URL = n.tenantURL(address, tenant.Provider)
	if !n.needAuth(p, entry, tenant.Provider) {
		tenant.Auth = Auth{}
	}
	return tenant
}

// unmarked reads whether connections have no ownership record. Then undeclared connections of ours
// are unknown, so nothing may be pruned.
func (n *notes) unmarked(p *Project, tenant *node, provider string) bool {
	entry := tenant.entry("ownership")
	if entry == nil || textOf(entry.value) != "none" {
		return false
	}
	switch s, _ := systemOf(provider); {
	case !s.unmarked:
		able := slices.DeleteFunc(Providers(), func(name string) bool { s, _ := systemOf(name); return !s.unmarked })
		n.add(entry.place, connection.Because("ownership-none-unsupported", "providers", able))
	case p.Policy.Prune == connection.PruneOwned:
		n.add(entry.place, connection.Because("prune-without-ownership"))
	}
	return true
}

// tenantURL reads the address of a real tenant: scheme and host, nothing else.
func (n *notes) tenantURL(address *node, provider string) string {
	s, _ := systemOf(provider)
	parsed, err := url.Parse(address.text)
	switch {
	case err != nil || parsed.Host == "" || parsed.Scheme != "https" && parsed.Scheme != "http":
		n.add(address.place, connection.Because("url-not-https", "example", s.url))
	case parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "" || strings.Trim(parsed.Path, "/") != "":
		n.add(address.place, connection.Because("url-with-path", "example", s.url))
	case parsed.Scheme == "http" && !isLoopback(parsed.Hostname()):
		n.add(address.place, connection.Because("plain-http"))
	default:
		return parsed.Scheme + "://" + strings.ToLower(parsed.Host)
	}
	return ""
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// needAuth reports whether a real tenant has exactly one way to sign in, and otherwise adds the
// problem. A misspelt key is reported by the structure check.
func (n *notes) needAuth(p *Project, entry child, provider string) bool {
	auth := entry.value.entry("auth")
	ways, known := systemOf(provider)
	switch {
	case !known:
		return false // reported by the structure check
	case auth == nil:
		if !meantBy(entry.value.keys(), p.formats.tenantKeys())["auth"] {
			n.add(entry.place, connection.Because("missing-auth", "tenant", entry.key, "example", ways.auth))
		}
		return false
	case auth.value.is(kindObject):
		one, other := auth.value.entry(ways.one), auth.value.entry(ways.other)
		meant := meantBy(auth.value.keys(), p.formats.authKeys())
		switch {
		case one == nil && other == nil && (meant[ways.one] || meant[ways.other]):
			return false
		case (one == nil) == (other == nil):
			n.add(auth.place, connection.Because("one-auth", "one", ways.one, "other", ways.other))
			return false
		}
		return !n.foreignAuth(auth.value, provider)
	}
	return true
}

// foreignAuth notes ways to sign in that belong to another kind of system.
func (n *notes) foreignAuth(auth *node, provider string) bool {
	own, _ := systemOf(provider)
	found := false
	for _, entry := range auth.entries() {
		foreign := slices.ContainsFunc(systems, func(s system) bool { return s.signsIn(entry.key) })
		if foreign && !own.signsIn(entry.key) {
			n.add(entry.place, connection.Because("foreign-auth", "way", entry.key, "provider", provider, "example", own.auth))
			found = true
		}
	}
	return found
}

// readAuth reads a sign-in to a tenant, or to something else if the tenant is nil.
func (n *notes) readAuth(tree *node, p *Project, tenant *Tenant) Auth {
	oauth := tree.get("oauth")
	n.needClientSecret(p, tree.entry("oauth"))
	return Auth{
		PrivateKey:   n.authPart(oauth.get("privateKey"), false, p, tenant),
		KeyID:        textOf(oauth.get("keyId")),
		APIKey:       n.authPart(tree.get("apiKey"), false, p, tenant),
		ClientID:     n.authPart(oauth.get("clientId"), true, p, tenant),
		ClientSecret: n.authPart(oauth.get("clientSecret"), false, p, tenant),
		Token:        n.authPart(tree.get("token"), false, p, tenant),
		User:         n.authPart(tree.get("user"), true, p, tenant),
		Password:     n.authPart(tree.get("password"), false, p, tenant),
	}
}

// needClientSecret reports an OAuth client that has neither a secret nor a private key, or both. A
// misspelt key is reported by the check of the structure.
func (n *notes) needClientSecret(p *Project, entry *child) {
	if entry == nil || !entry.value.is(kindObject) {
		return
	}
	secret, key := entry.value.entry("clientSecret"), entry.value.entry("privateKey")
	meant := meantBy(entry.value.keys(), keysOf(p.formats.project, "definitions", "tenant", "properties", "auth", "properties", "oauth"))
	switch {
	case secret != nil && key != nil:
		n.add(entry.place, connection.Because("one-auth", "one", "clientSecret", "other", "privateKey"))
	case secret == nil && key == nil && !meant["clientSecret"] && !meant["privateKey"]:
		n.add(entry.place, connection.Because("missing-field", "field", "clientSecret"))
	}
}

// authPart reads a reference or, if it may be plain, a text; nil for anything else, and for a
// reference that must not be followed.
func (n *notes) authPart(tree *node, mayBePlain bool, p *Project, tenant *Tenant) any {
	switch {
	case isReference(tree):
		ref, ok := n.reference(tree, tenant.ExpandName)
		if ref.Exec != nil && !p.options.AllowExec {
			n.add(tree.place, connection.Because("exec-off-for-sign-in"))
			return nil
		}
		if ok && n.mayBeSent(tree.place, p.at(p.Dir), ref) {
			return ref
		}
	case mayBePlain && tree.is(kindString):
		if wrong := unfitForSignIn(tree.text, false); wrong != "" {
			n.add(tree.place, connection.Because("sign-in-malformed", "part", "value", "fault", wrong))
		}
		return tree.text
	}
	return nil
}

// Tenant returns the tenant of that name. An empty name means the only tenant or the default
// tenant.
func (p *Project) Tenant(name string) (*Tenant, error) {
	if name == "" && len(p.Tenants) == 1 {
		return &p.Tenants[0], nil
	}
	name = cmp.Or(name, p.DefaultTenant)
	names := p.TenantNames()
	for i := range p.Tenants {
		if p.Tenants[i].Name == name {
			return &p.Tenants[i], nil
		}
	}
	switch {
	case len(names) == 0:
		return nil, fmt.Errorf("%s declares no tenant", p.File)
	case name == "":
		return nil, fmt.Errorf("%s has several tenants: choose one with -t: %s", p.File, strings.Join(names, ", "))
	}
	hint := words.DidYouMean(name, names)
	if hint == "" {
		hint = "there is " + alternatives(names)
	}
	return nil, fmt.Errorf("%s has no tenant %q (%s)", p.File, name, hint)
}

// TenantNames returns the names of the tenants, in their order.
func (p *Project) TenantNames() []string {
	names := make([]string, len(p.Tenants))
	for i := range p.Tenants {
		names[i] = p.Tenants[i].Name
	}
	return names
}
