package spec

import (
	"cmp"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Fleet is where further tenants of a project come from. The tenants themselves are in the lock
// file, which [Project.Tenants] was read from.
type Fleet struct {
	// Organization is the console that lists the tenants. Nil: File does.
	Organization *Organization
	// File is the path of the file that lists the tenants, relative to the working directory.
	File string
	// Hosts are patterns for the hosts of the tenants. A tenant with another host is an error, because
	// the sign-in is sent to the host.
	Hosts    []string
	Position connection.Position
	template *node
}

// Organization is the console of an organization.
type Organization struct {
	URL      string // scheme and host
	Auth     Auth
	Where    string // a SCIM filter; empty: all tenants
	Position connection.Position
}

// DefaultConsole is the console of Qlik Cloud.
const DefaultConsole = "https://console.qlikcloud.com"

// defaultHosts are the hosts of Qlik Cloud.
var defaultHosts = []string{"*.qlikcloud.com"}

// readFleet reads the fleet, and adds the tenants of the lock file.
func (n *notes) readFleet(p *Project, entry *child) {
	if entry == nil || !entry.value.is(kindObject) {
		return
	}
	fleet := &Fleet{Position: position(n.file, entry.place), template: entry.value.get("tenant"), Hosts: textsOf(entry.value.get("hosts"))}
	if host := textOf(entry.value.get("hosts")); host != "" {
		fleet.Hosts = []string{host}
	}
	if len(fleet.Hosts) == 0 {
		fleet.Hosts = defaultHosts
	}
	from := entry.value.entry("from")
	if from == nil || !from.value.is(kindObject) {
		return // reported by the structure check
	}
	organization, file := from.value.entry("organization"), from.value.entry("file")
	switch known := n.errors; {
	case (organization == nil) == (file == nil):
		n.add(from.place, connection.Because("one-source-of-tenants"))
		return
	case file != nil:
		name := textOf(file.value)
		if name == "" || !n.isPath(file.value.place, name) {
			return
		}
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			n.add(file.value.place, connection.Because("fleet-file-outside", "file", name))
			return
		}
		fleet.File = infile.Under(p.Dir, name)
	default:
		if fleet.Organization = n.readOrganization(p, organization); n.errors > known {
			return
		}
	}
	p.Fleet = fleet
	n.readLock(p)
}

func (n *notes) readOrganization(p *Project, entry *child) *Organization {
	o := &Organization{
		URL: DefaultConsole, Auth: n.readAuth(entry.value.get("auth"), p, nil), Where: textOf(entry.value.get("where")),
		Position: position(n.file, entry.place),
	}
	if address := entry.value.get("url"); textOf(address) != "" {
		o.URL = n.tenantURL(address, ProviderQlik)
	}
	if entry.value.get("auth").entry("oauth") == nil || len(entry.value.get("auth").entries()) > 1 {
		n.add(entry.place, connection.Because("console-needs-oauth"))
	}
	return o
}

// tenantName is the form of the name of a tenant in the project; notInName is what cannot be part of
// one.
var (
	tenantName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	notInName  = regexp.MustCompile(`[^A-Za-z0-9._-]+`)
)

// fleetTenant makes the tenant of an entry of the lock file from the template.
func (n *notes) fleetTenant(p *Project, locked *LockedTenant) (Tenant, bool) {
	known := n.errors
	seed := Tenant{ID: locked.ID, Name: locked.ID, title: locked.Name, host: locked.Host, Region: locked.Region, Columns: locked.Columns}
	template := p.Fleet.template
	name := &node{kind: kindString, place: place{}, text: "${tenant.host}"}
	if written := template.get("name"); written.is(kindString) {
		name = written
	}
	called := strings.Trim(notInName.ReplaceAllString(n.expand(name, seed.expandText), "-"), "-._")
	if !tenantName.MatchString(called) {
		n.note(locked.Position, connection.SeverityError, connection.Because("fleet-tenant-name", "id", locked.ID, "name", called))
	}
	seed.Name = called
	address := &node{kind: kindString, place: name.place, text: "https://${tenant.host}"}
	if written := template.get("url"); written.is(kindString) {
		address = written
	}
	expand := seed.expandText
	if strings.HasPrefix(address.text, "sim:") {
		expand = seed.ExpandName // it selects a file
	}
	tree := &node{kind: kindObject, place: template.place, children: []child{
		{key: "url", place: address.place, value: &node{kind: kindString, place: address.place, text: n.expand(address, expand)}},
	}}
	for _, entry := range template.entries() {
		switch entry.key {
		case "name", "url":
			continue
		case "variables", "spaces":
			entry.value = n.expanded(entry.value, seed.expandText, entry.key == "spaces")
		}
		tree.children = append(tree.children, entry)
	}
	tenant := n.readTenant(p, child{key: called, place: template.place, value: tree}, seed)
	tenant.Position, tenant.address = locked.Position, locked.Position
	if tenant.SimFile == "" && tenant.URL != "" && !p.Fleet.allows(tenant.URL) {
		n.note(locked.Position, connection.SeverityError, connection.Because("fleet-host-not-allowed", "tenant", called, "url", tenant.URL, "hosts", p.Fleet.Hosts))
		tenant.URL, tenant.Auth = "", Auth{}
	}
	return tenant, n.errors == known
}

// allows reports whether the sign-in may be sent to a URL.
func (f *Fleet) allows(address string) bool {
	parsed, err := url.Parse(address)
	return err == nil && slices.ContainsFunc(f.Hosts, func(pattern string) bool {
		pattern = strings.ToLower(pattern)
		return words.Match(pattern, parsed.Hostname()) || words.Match(pattern, parsed.Host)
	})
}

// expand returns a text of the template with its placeholders filled in, or adds the problem.
func (n *notes) expand(tree *node, fill func(string) (string, connection.Reason)) string {
	text, reason := fill(tree.text)
	if reason.Code != "" {
		n.add(tree.place, reason)
	}
	return text
}

// expanded copies a tree of the template with the placeholders of its texts filled in. With literal,
// a value that looks like a variable is not one.
func (n *notes) expanded(tree *node, fill func(string) (string, connection.Reason), literal bool) *node {
	filled := *tree
	if tree.is(kindString) {
		filled.text = n.expand(tree, fill)
		if literal && filled.text != tree.text {
			filled.text = EscapeVariables(filled.text)
		}
	}
	filled.children = slices.Clone(tree.children)
	for i, entry := range tree.children {
		filled.children[i].value = n.expanded(entry.value, fill, literal)
	}
	return &filled
}

// needTenants reports a project without any source of tenants. A misspelt key is reported by the
// check of the structure.
func (n *notes) needTenants(p *Project, root *node) {
	if !root.is(kindObject) || root.entry("tenants") != nil || root.entry("fleet") != nil {
		return
	}
	if meant := meantBy(root.keys(), keysOf(p.formats.project)); !meant["tenants"] && !meant["fleet"] {
		n.add(root.place, connection.Because("missing-field", "field", "tenants"))
	}
}

// distinctNames reports tenants with the name of an earlier one. The project file cannot have a key
// twice, so the later one comes from the lock file.
func (n *notes) distinctNames(p *Project) {
	known := map[string]*Tenant{}
	for i := range p.Tenants {
		tenant := &p.Tenants[i]
		if first := known[tenant.Name]; first != nil && tenant.Name != "" {
			n.note(tenant.Position, connection.SeverityError, connection.Because("same-tenant-name", "tenant", tenant.Name, "id", cmp.Or(tenant.ID, tenant.URL), "at", first.Position.String()))
		}
		known[tenant.Name] = cmp.Or(known[tenant.Name], tenant)
	}
}

// distinctIDs reports tenants with the id of an earlier one.
func (n *notes) distinctIDs(p *Project) {
	known := map[string]*Tenant{}
	for i := range p.Tenants {
		tenant := &p.Tenants[i]
		if first := known[tenant.ID]; first != nil && tenant.ID != "" {
			n.note(tenant.Position, connection.SeverityError, connection.Because("same-tenant-id", "id", tenant.ID, "at", first.Position.String()))
		}
		known[tenant.ID] = cmp.Or(known[tenant.ID], tenant)
	}
}
