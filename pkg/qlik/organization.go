package qlik

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/transport"
)

// organizationPath lists the tenants of an organization (Organization API, Tenants).
const organizationPath = "/api/core/tenants"

// maxTenantName is how much of a tenant's name is kept, in characters.
const maxTenantName = 200

// OrganizationTenant is a tenant as the console of an organization lists it. Its texts are the
// choice of the remote side: without control characters, and otherwise unchecked.
type OrganizationTenant struct {
	ID, Name, Status, Region string
	// Host is the first of the tenant's hosts, in lower case.
	Host string
}

// Tenants lists the tenants of an organization that a SCIM filter selects; empty: all. The URL and
// the credentials of the configuration are those of the console. An incomplete list is an error.
//
// The links to the next page lead to another host than the console's (Organization API, samples).
// Only their cursor is used.
func Tenants(ctx context.Context, config Config, where string) ([]OrganizationTenant, error) {
	client, err := NewClient(config)
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	ctx = transport.WithQuota(ctx, client.raise)
	var tenants []OrganizationTenant
	most := int(limits.Tenants.At(client.raise))
	query := url.Values{}
	if where != "" {
		query.Set("filter", where)
	}
	for seen := map[string]bool{}; ; {
		var page wirePage
		if err := client.Do(ctx, Request{Method: http.MethodGet, Path: organizationPath, Query: withLimit(query)}, &page); err != nil {
			return nil, err
		}
		if err := transport.TakeItems(ctx, len(page.Data)); err != nil {
			return nil, fmt.Errorf("GET %s: %w", organizationPath, err)
		}
		found, odd := decodeItems[wireTenant](page.Data)
		if problems := client.readable(append(page.Errors, odd...)); len(problems) > 0 {
			return nil, fmt.Errorf("GET %s: the list is incomplete: %s %s", organizationPath, problems[0].Title, problems[0].Detail)
		}
		for _, tenant := range found {
			tenants = append(tenants, client.organizationTenant(tenant))
		}
		if len(tenants) > most {
			return nil, fmt.Errorf("GET %s: there are more than %s tenants: %s", organizationPath, limits.Grouped(int64(most)), limits.Tenants.Hint("select fewer with where"))
		}
		next, err := cursor(page.Links.Next.Href)
		switch {
		case err != nil:
			return nil, fmt.Errorf("GET %s: follow next page: %w", organizationPath, err)
		case next == "":
			return tenants, nil
		case seen[next]:
			return nil, fmt.Errorf("GET %s: follow next page: the link leads to a page that was already read", organizationPath)
		case len(seen) > most/pageSize+maxEmptyPages:
			return nil, fmt.Errorf("GET %s: follow next page: there are more pages than tenants to fill them", organizationPath)
		}
		seen[next] = true
		query.Set("next", next)
	}
}

// wireTenant is a tenant in the list of an organization.
type wireTenant struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Status    string   `json:"status"`
	Hostnames []string `json:"hostnames"` // the first one is shown to people, aliases follow
	Region    string   `json:"regionCode"`
}

// UnmarshalJSON refuses what is not an object, which would be decoded to nothing.
func (w *wireTenant) UnmarshalJSON(text []byte) error {
	type plain wireTenant
	if len(text) == 0 || text[0] != '{' {
		return errors.New("it is not an object")
	}
	return json.Unmarshal(text, (*plain)(w))
}

func (c *Client) organizationTenant(w wireTenant) OrganizationTenant {
	hide := c.http.Redactor()
	tenant := OrganizationTenant{
		ID: hide.Sanitize(w.ID, maxTenantName), Name: strings.TrimSpace(hide.Sanitize(w.Name, maxTenantName)),
		Status: hide.Sanitize(w.Status, maxCode), Region: hide.Sanitize(w.Region, maxCode),
	}
	if len(w.Hostnames) > 0 {
		tenant.Host = strings.ToLower(hide.Sanitize(w.Hostnames[0], 4*maxCode))
	}
	return tenant
}

// cursor returns the cursor in a link to the next page; empty: there is no next page.
func cursor(link string) (string, error) {
	if link == "" {
		return "", nil
	}
	if len(link) > maxLink {
		return "", fmt.Errorf("the link is longer than %d bytes", maxLink)
	}
	address, err := url.Parse(link)
	if err != nil {
		return "", errors.New("the link is not an address")
	}
	next := address.Query().Get("next")
	if next == "" {
		return "", errors.New("the link has no cursor")
	}
	return next, nil
}
