package spec

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
)

const (
	// TenantLockFile is the name of the file next to the project file that holds the tenants of the
	// fleet.
	TenantLockFile = "tenants.lock.json"
	// TenantsFormat is the format of the lock file.
	TenantsFormat = "qlsync.tenants/v1"
	// ActiveTenant is the status of a tenant that can be used.
	ActiveTenant = "active"
)

// TenantLock is the content of the lock file: the tenants of the fleet when it was written.
type TenantLock struct {
	Format  string         `json:"format"`
	Tenants []LockedTenant `json:"tenants"` // sorted by id
}

// LockedTenant is a tenant as its console or the fleet's file describes it.
type LockedTenant struct {
	ID     string `json:"id"`
	Name   string `json:"name,omitempty"`
	Host   string `json:"host"`
	Region string `json:"region,omitempty"`
	// Status is the status of a tenant that is not active. Empty: it is active.
	Status  string            `json:"status,omitempty"`
	Columns map[string]string `json:"columns,omitempty"`

	Position connection.Position `json:"-"`
}

// Encode returns the text of the lock file. The same tenants, in any order, have the same text.
func (l TenantLock) Encode() []byte {
	l.Format = TenantsFormat
	l.Tenants = slices.SortedStableFunc(slices.Values(l.Tenants), func(a, b LockedTenant) int { return cmp.Compare(a.ID, b.ID) })
	if l.Tenants == nil {
		l.Tenants = []LockedTenant{}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(l); err != nil {
		panic("spec: a lock of tenants is not JSON: " + err.Error()) // it has texts only
	}
	return text.Bytes()
}

// TenantLockPath returns the path of the lock file, relative to the working directory.
func (p *Project) TenantLockPath() string { return filepath.Join(p.Dir, TenantLockFile) }

// readLock reads the lock file and adds its active tenants.
func (n *notes) readLock(p *Project) {
	path := filepath.ToSlash(p.TenantLockPath())
	text := p.options.Lock
	if text == nil {
		if _, err := os.Lstat(p.at(path)); errors.Is(err, fs.ErrNotExist) {
			n.note(p.Fleet.Position, connection.SeverityError, connection.Because("no-tenant-lock", "file", path))
			return
		}
		var problems connection.Problems
		if text, problems = readText(path, p.at(path)); len(problems) > 0 {
			n.problems, n.errors = append(n.problems, problems...), n.errors+1
			return
		}
	}
	locked, problems := p.parseLock(path, text)
	for _, problem := range problems {
		n.problems = append(n.problems, problem)
		n.errors++
	}
	if len(problems) > 0 {
		return
	}
	sum := sha256.Sum256(text)
	p.LockDigest, p.Locked = "sha256:"+hex.EncodeToString(sum[:]), locked
	for i := range locked {
		if locked[i].Status != "" {
			continue
		}
		if tenant, ok := n.fleetTenant(p, &locked[i]); ok {
			p.Tenants = append(p.Tenants, tenant)
		}
		if n.full() {
			break
		}
	}
}

// parseLock parses the text of the lock file.
func (p *Project) parseLock(file string, text []byte) ([]LockedTenant, connection.Problems) {
	root, problems := parseFile(file, text)
	if root == nil || len(problems) > 0 {
		return nil, problems
	}
	n := &notes{file: file}
	n.checkStructure(p.formats.tenants, root)
	if n.errors > 0 {
		return nil, n.problems
	}
	var locked []LockedTenant
	for _, item := range root.get("tenants").items() {
		one := LockedTenant{
			ID: textOf(item.value.get("id")), Name: textOf(item.value.get("name")), Host: textOf(item.value.get("host")),
			Region: textOf(item.value.get("region")), Status: textOf(item.value.get("status")), Position: position(file, item.place),
		}
		for _, column := range item.value.get("columns").entries() {
			if one.Columns == nil {
				one.Columns = map[string]string{}
			}
			one.Columns[column.key] = textOf(column.value)
		}
		if one.Status == ActiveTenant {
			one.Status = ""
		}
		locked = append(locked, one)
	}
	return locked, CheckTenants(locked, p.options.RaiseLimits)
}

var (
	tenantHost = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?$`)
	columnName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)
)

// CheckTenants returns the problems of a list of tenants: ids and hosts that are missing, malformed
// or occur twice, and a list that is too long. raise multiplies the limits.
func CheckTenants(tenants []LockedTenant, raise int) connection.Problems {
	if most := int(limits.Tenants.At(raise)); len(tenants) > most {
		file := ""
		if len(tenants) > 0 {
			file = tenants[0].Position.File
		}
		return connection.Problems{messages.FileProblem(file, connection.Because("too-many-tenants", "limit", most))}
	}
	n := &notes{}
	ids, hosts := map[string]string{}, map[string]string{}
	for i := range tenants {
		tenant := &tenants[i]
		at := tenant.Position
		where := cmp.Or(at.String(), "tenant "+tenant.ID)
		add := func(code string, args ...any) {
			n.note(at, connection.SeverityError, connection.Because(code, args...))
		}
		switch {
		case tenant.ID == "":
			add("tenant-without-id", "name", cmp.Or(tenant.Name, tenant.Host))
		case !safeInName.MatchString(tenant.ID):
			add("tenant-id-malformed", "name", cmp.Or(tenant.Name, tenant.Host))
		case ids[tenant.ID] != "":
			add("same-tenant-id", "id", tenant.ID, "at", ids[tenant.ID])
		default:
			ids[tenant.ID] = where
		}
		switch {
		case tenant.Status != "" && tenant.Status != ActiveTenant && tenant.Host == "":
		case !tenantHost.MatchString(tenant.Host) || strings.Contains(tenant.Host, ".."):
			add("tenant-host-malformed", "id", tenant.ID)
		case hosts[tenant.Host] != "":
			add("same-tenant-host", "host", tenant.Host, "at", hosts[tenant.Host])
		default:
			hosts[tenant.Host] = where
		}
	}
	return n.problems
}

// FleetTenants reads the fleet's file: CSV with a header, or a list of maps in JSON or YAML. id and
// host are needed, name and region are optional, and all others are columns.
func (p *Project) FleetTenants() ([]LockedTenant, connection.Problems) {
	file := filepath.ToSlash(p.Fleet.File)
	text, problems := readText(file, p.at(file))
	if len(problems) > 0 {
		return nil, problems
	}
	n := &notes{file: file}
	var tenants []LockedTenant
	if strings.EqualFold(filepath.Ext(file), ".csv") {
		tenants = n.tenantsOfCSV(text)
	} else {
		root, broken := parseFile(file, text)
		if root == nil || len(broken) > 0 {
			return nil, broken
		}
		tenants = n.tenantsOfList(root)
	}
	return tenants, Collect(n.problems, CheckTenants(tenants, p.options.RaiseLimits))
}

func (n *notes) tenantsOfList(root *node) []LockedTenant {
	if !root.is(kindList) {
		n.add(root.place, connection.Because("tenants-not-a-list"))
	}
	var tenants []LockedTenant
	for _, item := range root.items() {
		tenant := LockedTenant{Position: position(n.file, item.place)}
		if !item.value.is(kindObject) {
			n.add(item.place, connection.Because("tenants-not-a-list"))
		}
		for _, entry := range item.value.entries() {
			if !entry.value.is(kindString, kindNumber, kindBool) {
				n.add(entry.place, connection.Because("column-not-text", "column", entry.key))
				continue
			}
			n.setColumn(&tenant, entry.key, entry.value.text, position(n.file, entry.place))
		}
		tenants = append(tenants, tenant)
	}
	return tenants
}

func (n *notes) tenantsOfCSV(text []byte) []LockedTenant {
	clean, err := infile.Text(text)
	if err != nil {
		n.note(connection.Position{File: n.file}, connection.SeverityError, unreadable(err))
		return nil
	}
	reader := csv.NewReader(bytes.NewReader(clean))
	var header []string
	var tenants []LockedTenant
	for !n.full() {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			at := connection.Position{File: n.file}
			if broken, ok := errors.AsType[*csv.ParseError](err); ok {
				at.Line, at.Column = broken.Line, broken.Column
				err = broken.Err
			}
			n.note(at, connection.SeverityError, connection.Because("csv-malformed", "reason", err.Error()))
			break
		}
		if header == nil {
			header = record
			for i, name := range header {
				if slices.Contains(header[:i], name) {
					line, column := reader.FieldPos(i)
					n.add(place{int32(line), int32(column)}, connection.Because("column-twice", "column", name))
				}
			}
			continue
		}
		line, column := reader.FieldPos(0)
		tenant := LockedTenant{Position: connection.Position{File: n.file, Line: line, Column: column}}
		for i, value := range record {
			line, column := reader.FieldPos(i)
			n.setColumn(&tenant, header[i], value, connection.Position{File: n.file, Line: line, Column: column})
		}
		tenants = append(tenants, tenant)
	}
	return tenants
}

// maxColumn is how long the value of a column may be, in bytes.
const maxColumn = 1000

// setColumn sets one column of a tenant, or reports why it cannot be one.
func (n *notes) setColumn(tenant *LockedTenant, name, value string, at connection.Position) {
	switch {
	case !columnName.MatchString(name) || name == "url":
		n.note(at, connection.SeverityError, connection.Because("column-name", "column", name))
	case len(value) > maxColumn || strings.ContainsFunc(value, isFormatting):
		n.note(at, connection.SeverityError, connection.Because("column-value", "column", name, "limit", maxColumn))
	case name == attributeID:
		tenant.ID = value
	case name == attributeHost:
		tenant.Host = strings.ToLower(value)
	case name == attributeName:
		tenant.Name = value
	case name == attributeRegion:
		tenant.Region = value
	default:
		if tenant.Columns == nil {
			tenant.Columns = map[string]string{}
		}
		tenant.Columns[name] = value
	}
}

// TenantChanges are the differences between two lists of tenants.
type TenantChanges struct {
	Came, Went []LockedTenant
	// Changed are pairs: the tenant before, and the tenant now.
	Changed [][2]LockedTenant
}

// Empty reports whether there is no difference.
func (c *TenantChanges) Empty() bool { return len(c.Came)+len(c.Went)+len(c.Changed) == 0 }

// CompareTenants compares two lists of tenants by their ids. The differences are sorted by id.
func CompareTenants(before, now []LockedTenant) TenantChanges {
	byID := func(tenants []LockedTenant) map[string]LockedTenant {
		known := map[string]LockedTenant{}
		for _, tenant := range tenants {
			known[tenant.ID] = tenant
		}
		return known
	}
	old, current := byID(before), byID(now)
	var changes TenantChanges
	for _, id := range slices.Sorted(maps.Keys(old)) {
		switch tenant, stays := current[id]; {
		case !stays:
			changes.Went = append(changes.Went, old[id])
		case !tenant.same(old[id]):
			changes.Changed = append(changes.Changed, [2]LockedTenant{old[id], tenant})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(current)) {
		if _, known := old[id]; !known {
			changes.Came = append(changes.Came, current[id])
		}
	}
	return changes
}

func (t LockedTenant) same(other LockedTenant) bool {
	return t.ID == other.ID && t.Name == other.Name && t.Host == other.Host && t.Region == other.Region && t.Status == other.Status && maps.Equal(t.Columns, other.Columns)
}
