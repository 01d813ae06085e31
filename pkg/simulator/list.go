package simulator

import (
	"net/http"
	"slices"
	"strings"
)

// listed is an entry of the connection list: a stored connection, or the DataFiles of a space.
type listed struct {
	record *record // nil for DataFiles
	space  string
	key    []string
}

// The fields that the list can be sorted by, and their fixed-width sort keys.
var connectionSorts = map[string]func(*record) string{
	"_id":     func(r *record) string { return r.ID },
	"qName":   func(r *record) string { return r.Name },
	"created": func(r *record) string { return r.Created.UTC().Format(sortableTime) },
	"updated": func(r *record) string { return r.Updated.UTC().Format(sortableTime) },
}

const sortableTime = "20060102150405.000"

type connectionList struct {
	Data   []connectionView `json:"data"`
	Meta   countMeta        `json:"meta"`
	Links  pageLinks        `json:"links"`
	Errors []*apiError      `json:"errors,omitempty"`
}

type countMeta struct {
	Count int `json:"count"`
}

// listConnections serves GET /data-connections (API reference). Without limit everything is answered, with no paging
// links; meta.count is the total over all pages. Without sort, the order is by creation: undocumented; assumed.
func (t *Tenant) listConnections(c *call) (answer, error) {
	entries, desc, err := t.entries(c)
	if err != nil {
		return answer{}, err
	}
	shown, omitted := t.withoutOmitted(c, entries)
	paged, links, err := page(t, c, listing[listed]{
		items: shown, key: func(l listed) []string { return l.key }, desc: desc, at: []string{"page"}, paging: connectionsPath,
	})
	if err != nil {
		return answer{}, err
	}
	list := connectionList{
		Data: make([]connectionView, 0, len(paged)), Meta: countMeta{len(entries)}, Links: links, Errors: omitted,
	}
	for _, l := range paged {
		if l.record == nil {
			list.Data = append(list.Data, t.dataFilesView(c, l.space))
			continue
		}
		v := t.view(c, l.record)
		if c.query.Get("includeQris") == "true" {
			v.QRI = l.record.source().qri(l.record.Properties)
		}
		list.Data = append(list.Data, v)
	}
	return ok(list), nil
}

// entries gives what the query selects, in order: regular connections, then DataFiles, whatever the sort.
func (t *Tenant) entries(c *call) (entries []listed, desc bool, err error) {
	by, desc := strings.TrimLeft(c.query.Get("sort"), "+- "), strings.HasPrefix(c.query.Get("sort"), "-")
	if by == "" {
		by = "created"
	}
	sortKey := connectionSorts[by]
	if sortKey == nil {
		return nil, false, badRequest("connections cannot be sorted by %q", by)
	}
	spaces := t.enterable(c.user)
	for _, r := range t.world.inOrder() {
		if t.selects(c, r, spaces) {
			entries = append(entries, listed{record: r, key: []string{"0", sortKey(r), r.ID}})
		}
	}
	if desc || by != "created" {
		slices.SortFunc(entries, func(a, b listed) int { return compareKeys(a.key, b.key, desc) })
	}
	if c.query.Get("noDatafiles") != "true" {
		entries = append(entries, t.dataFiles(c, spaces, desc)...)
	}
	return entries, desc, nil
}

// enterable gives the spaces that the user may enter, and "" for the personal one.
func (t *Tenant) enterable(u *userRecord) map[string]bool {
	spaces := map[string]bool{"": true}
	for _, s := range t.world.spaces {
		spaces[s.ID] = u.mayEnter(s)
	}
	return spaces
}

// inScope applies the filters that DataFiles know too; personal is ignored beside spaceId.
func (c *call) inScope(space string) bool {
	if wanted := c.query.Get("spaceId"); wanted != "" {
		return space == wanted
	}
	return c.query.Get("personal") != "true" || space == ""
}

func (t *Tenant) selects(c *call, r *record, spaces map[string]bool) bool {
	switch {
	case !spaces[r.Space] || r.Space == "" && r.Owner != c.user.ID:
		return false
	case !c.inScope(r.Space):
		return false
	case c.query.Get("ownedByMe") == "true" && r.Owner != c.user.ID:
		return false
	}
	return c.query.Get("includeDisabled") == "true" || !t.world.disabled[r.DataSource]
}

// dataFiles gives the built-in connections; ownedByMe does not apply to them (API reference).
func (t *Tenant) dataFiles(c *call, spaces map[string]bool, desc bool) []listed {
	var entries []listed
	for _, space := range sortedKeys(spaces) {
		if spaces[space] && c.inScope(space) {
			entries = append(entries, listed{space: space, key: []string{"1", dataFilesID(scopeOf(space, c.user.ID)), ""}})
		}
	}
	slices.SortFunc(entries, func(a, b listed) int { return compareKeys(a.key, b.key, desc) })
	return entries
}

// withoutOmitted takes out what a fault hides, and gives the errors that say so: status 200, but incomplete (API
// reference, 200 of the list).
func (t *Tenant) withoutOmitted(c *call, entries []listed) ([]listed, []*apiError) {
	if len(c.omit) == 0 {
		return entries, nil
	}
	var errs []*apiError
	kept := slices.DeleteFunc(entries, func(l listed) bool {
		if l.record == nil || !slices.Contains(c.omit, l.record.Name) {
			return false
		}
		errs = append(errs, &apiError{
			Code: "DCERROR-0010", Title: "Connection could not be returned", Detail: "connection " + l.record.ID,
			Status: http.StatusInternalServerError,
		})
		return true
	})
	return kept, errs
}
