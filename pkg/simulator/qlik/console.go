package qlik

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/filter"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/ratelimit"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

const (
	listedPath   = "/api/core/tenants"
	consoleScope = "cloud-console.tenants:read"
)

type entryList struct {
	Data         []entry   `json:"data"`
	Links        pageLinks `json:"links"`
	TotalResults *int      `json:"totalResults,omitempty"`
}

func (l entryList) next() *link { return l.Links.Next }

// consoleRoutes is the whole surface of a console: what is not in it is answered 400.
func consoleRoutes() []route {
	return []route{
		{http.MethodPost, tokenPath, ratelimit.Untiered, nil, (*Tenant).token, true},
		{http.MethodGet, listedPath, ratelimit.Tier1, params{
			"filter": text, "limit": emptySize, "next": text, "prev": text, "sort": text, "totalResults": boolean,
		}, (*Tenant).listTenants, false},
	}
}

// The operators of the list of tenants (organization reference).
var (
	equality = []string{"eq", "ne"}

	entryFields = map[string]filter.Field[entry]{
		"subscriptionId": {Values: func(e entry) []string { return []string{e.SubscriptionID} }, Operators: exact},
		"regionCode":     {Values: func(e entry) []string { return []string{e.RegionCode} }, Operators: equality},
		"countryCode":    {Values: func(e entry) []string { return []string{e.CountryCode} }},
		"name":           {Values: func(e entry) []string { return []string{e.Name} }, Operators: exact},
		"hostnames":      {Values: func(e entry) []string { return e.Hostnames }, Operators: exact},
		"createdAt":      {Values: func(e entry) []string { return []string{e.CreatedAt} }, Time: true},
		"updatedAt":      {Values: func(e entry) []string { return []string{e.UpdatedAt} }, Time: true},
		"id":             {Values: func(e entry) []string { return []string{e.ID} }, Operators: exact},
		"status":         {Values: func(e entry) []string { return []string{e.Status} }, Operators: equality},
		"originalId":     {Values: func(entry) []string { return nil }},
	}

	entrySorts = map[string]func(entry) string{
		"":           func(e entry) string { return e.Name },
		"name":       func(e entry) string { return e.Name },
		"id":         func(e entry) string { return e.ID },
		"status":     func(e entry) string { return e.Status },
		"regionCode": func(e entry) string { return e.RegionCode },
		"createdAt":  func(e entry) string { return e.CreatedAt },
		"updatedAt":  func(e entry) string { return e.UpdatedAt },
	}
)

// listTenants serves GET /api/core/tenants of a console: 20 to a page by default. The order is undocumented; assumed: by
// name.
func (t *Tenant) listTenants(c *call) (answer, error) {
	if t.console.forbidden {
		return answer{}, refusal.Forbidden("the scope " + consoleScope + " is needed")
	}
	wanted := c.query.Get("filter")
	matches, err := filter.Parse(wanted, entryFields)
	if err != nil {
		return answer{}, refusal.BadRequest("filter: %v", err)
	}
	if t.console.needsTerm && !strings.Contains(wanted, "subscriptionId eq ") {
		return answer{}, refusal.BadRequest("filter: subscriptionId is needed")
	}
	by, desc := c.order("")
	sortKey := entrySorts[by]
	if sortKey == nil {
		return answer{}, refusal.BadRequest("tenants cannot be sorted by %q", by)
	}
	key := func(e entry) []string { return []string{"", sortKey(e), fmt.Sprintf("%08d", e.number)} }
	var shown []entry
	for _, e := range t.console.entries {
		if e.at != nil {
			e.Hostnames = append([]string{e.at.host}, e.Hostnames...)
		}
		if matches(e) {
			shown = append(shown, e)
		}
	}
	list := entryList{Data: []entry{}}
	if total := len(shown); c.query.Get("totalResults") == "true" {
		list.TotalResults = &total
	}
	if c.query.Get("limit") == "0" {
		list.Links.Self = link{t.console.away(c.base() + c.request.URL.RequestURI())}
		return ok(list), nil
	}
	pages := listing[entry]{items: shown, key: key, desc: desc, limit: 20, at: []string{"next", "prev"}, paging: listedPath}
	paged, links, err := sortedPage(t, c, pages)
	if err != nil {
		return answer{}, err
	}
	if t.console.endless && links.Next == nil {
		// After the last tenant, all pages are empty, and each has another cursor.
		at := cursor{Key: []string{"~"}, Query: queryDigest(c.query, pages.at), Limit: pages.limit}
		if before, err := parseCursor(c.query.Get("next"), at.Query); err == nil && before.Key[0] == "~" {
			at.Key = append(before.Key, "~")
		}
		links.Next = pages.link(c, at, "next")
	}
	for _, l := range []*link{&links.Self, links.Next, links.Prev} {
		if l != nil {
			l.Href = t.console.away(l.Href)
		}
	}
	list.Data, list.Links = append(list.Data, paged...), links
	return ok(list), nil
}
