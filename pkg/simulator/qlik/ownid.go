package qlik

import (
	"cmp"
	"net/http"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
)

// tenantView is a tenant as the API answers it (Tenants reference).
type tenantView struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Hostnames  []string `json:"hostnames"`
	Region     string   `json:"region"`
	Datacenter string   `json:"datacenter"`
	Status     string   `json:"status"`
	Created    string   `json:"created"`
	Links      selfLink `json:"links"`
}

// getTenant serves GET /tenants/me. Which callers may read it is undocumented; assumed: all.
func (t *Tenant) getTenant(c *call) (answer, error) {
	return answer{status: http.StatusOK, body: tenantView{
		ID: t.tenantID(), Name: t.place.name, Hostnames: []string{cmp.Or(t.place.host, c.request.Host)},
		Region: t.place.region.part, Datacenter: t.place.region.code, Status: t.place.status,
		Created: timestamp(model.SeedTime), Links: selfLink{link{c.base() + tenantPath}},
	}}, nil
}
