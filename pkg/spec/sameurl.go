package spec

import (
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/net/idna"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/pkg/connection"
)

// distinctTenants reports tenants with the address of an earlier one. Each of them would delete the
// other's connections, which it owns and does not declare.
func (n *notes) distinctTenants(p *Project) {
	known := map[string]*Tenant{}
	var seeds []*Tenant
	for i := range p.Tenants {
		tenant := &p.Tenants[i]
		var first *Tenant
		switch {
		case tenant.SimFile != "":
			for _, other := range seeds {
				if first == nil && sameFile(p.at(other.SimFile), p.at(tenant.SimFile)) {
					first = other
				}
			}
			seeds = append(seeds, tenant)
		case tenant.URL != "":
			address := normalURL(tenant.URL)
			if first = known[address]; first == nil {
				known[address] = tenant
			}
		}
		if first != nil {
			n.note(tenant.address, connection.SeverityError, connection.Because("same-url", "tenant", tenant.Name, "other", first.Name, "at", first.address.String()))
		}
	}
}

// sameFile reports whether two paths lead to one file, which need not exist.
func sameFile(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	pathA, errA := infile.Real(a)
	pathB, errB := infile.Real(b)
	if errA != nil || errB != nil {
		return false
	}
	infoA, errA := os.Stat(pathA)
	infoB, errB := os.Stat(pathB)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// normalURL returns one text for all notations of a tenant's address that [notes.tenantURL]
// accepts.
func normalURL(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return address
	}
	scheme, port := strings.ToLower(parsed.Scheme), parsed.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[scheme]
	}
	host := strings.TrimRight(parsed.Hostname(), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.Unmap().String()
	} else if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii
	}
	host = strings.ToLower(host)
	if host == "127.0.0.1" || host == "::1" {
		host = "localhost"
	}
	return scheme + " " + host + " " + strings.TrimLeft(port, "0")
}
