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
	order, err := c.connectionOrder()
	if err != nil {
		return answer{}, err
	}
	entries := t.entries(c, order)
	total := len(entries)
	shown, omitted := c.withoutOmitted(entries)
	paged, links, err := page(t, c, listing[listed]{
		items: shown, key: order.key, desc: order.desc, at: []string{"page"}, paging: connectionsPath,
	})
	if err != nil {
		return answer{}, err
	}
	list := connectionList{
		Data: make([]connectionView, 0, len(paged)), Meta: countMeta{total}, Links: links, Errors: omitted,
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

// connectionOrder is how a list is sorted.
type connectionOrder struct {
	user    string // the caller, whose personal DataFiles are listed
	by      string
	desc    bool
	sortKey func(*record) string
}

func (c *call) connectionOrder() (connectionOrder, error) {
	o := connectionOrder{user: c.user.ID, by: "created", desc: strings.HasPrefix(c.query.Get("sort"), "-")}
	if by := strings.TrimLeft(c.query.Get("sort"), "+- "); by != "" {
		o.by = by
	}
	if o.sortKey = connectionSorts[o.by]; o.sortKey == nil {
		return o, badRequest("connections cannot be sorted by %q", o.by)
	}
	return o, nil
}

// key: regular connections come before DataFiles, whatever the sort (API reference).
func (o connectionOrder) key(l listed) []string {
	if l.record == nil {
		return []string{"1", dataFilesID(scopeOf(l.space, o.user)), ""}
	}
	return []string{"0", o.sortKey(l.record), l.record.ID}
}

// entries gives what the query selects, in order.
func (t *Tenant) entries(c *call, order connectionOrder) []listed {
	var entries []listed
	spaces := t.enterable(c.user)
	for _, r := range t.world.inOrder() {
		if t.selects(c, r, spaces) {
			entries = append(entries, listed{record: r})
		}
	}
	if order.desc || order.by != "created" {
		sortByKey(entries, order)
	}
	if c.query.Get("noDatafiles") == "true" {
		return entries
	}
	var builtIn []listed
	for space, open := range spaces { // ownedByMe does not apply to them (API reference)
		if open && c.inScope(space) {
			builtIn = append(builtIn, listed{space: space})
		}
	}
	sortByKey(builtIn, order)
	return append(entries, builtIn...)
}

// sortByKey makes every key once: there may be ten thousand.
func sortByKey(entries []listed, order connectionOrder) {
	type keyed struct {
		listed
		key []string
	}
	all := make([]keyed, len(entries))
	for i, l := range entries {
		all[i] = keyed{l, order.key(l)}
	}
	slices.SortFunc(all, func(a, b keyed) int { return compareKeys(a.key, b.key, order.desc) })
	for i := range all {
		entries[i] = all[i].listed
	}
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

// withoutOmitted takes out what a fault hides, and gives the errors that say so: status 200, but incomplete (API
// reference, 200 of the list).
func (c *call) withoutOmitted(entries []listed) ([]listed, []*apiError) {
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
