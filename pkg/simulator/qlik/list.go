package qlik

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/filter"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// listed is an entry of the connection list: a stored connection, or the DataFiles of a space.
type listed struct {
	record *model.Record // nil for DataFiles
	space  string
}

// The fields that the list can be sorted by, and their fixed-width sort keys.
var connectionSorts = map[string]func(*model.Record) string{
	"_id":     func(r *model.Record) string { return r.ID },
	"qName":   func(r *model.Record) string { return r.Name },
	"created": func(r *model.Record) string { return r.Created.UTC().Format(sortableTime) },
	"updated": func(r *model.Record) string { return r.Updated.UTC().Format(sortableTime) },
}

// connectionFields are the fields that the list can be filtered by (published specification).
var connectionFields = map[string]filter.Field[*model.Record]{
	"qri":          {Values: func(r *model.Record) []string { return []string{r.Source().QRI(r.Properties)} }},
	"qName":        {Values: func(r *model.Record) []string { return []string{r.Name} }},
	"qType":        {Values: func(r *model.Record) []string { return []string{r.Source().Provider} }},
	"datasourceID": {Values: func(r *model.Record) []string { return []string{r.DataSource} }},
	"created":      {Values: func(r *model.Record) []string { return []string{timestamp(r.Created)} }, Time: true},
	"updated":      {Values: func(r *model.Record) []string { return []string{timestamp(r.Updated)} }, Time: true},
}

const sortableTime = "20060102150405.000"

type connectionList struct {
	Data   []connectionView `json:"data"`
	Meta   countMeta        `json:"meta"`
	Links  pageLinks        `json:"links"`
	Errors []*refusal.Error `json:"errors,omitempty"`

	name string // what data is called in the answer
}

// MarshalJSON returns data another name, where the query asked for one.
func (l connectionList) MarshalJSON() ([]byte, error) {
	type plain connectionList
	if l.name == "data" {
		return json.Marshal(plain(l))
	}
	members := map[string]any{l.name: l.Data, "meta": l.Meta, "links": l.Links}
	if len(l.Errors) > 0 {
		members["errors"] = l.Errors
	}
	return json.Marshal(members)
}

func (c *call) dataName() string { return cmp.Or(c.query.Get("dataName"), "data") }

type countMeta struct {
	Count int `json:"count"`
}

// listConnections serves GET /data-connections (API reference). Without limit everything is answered, with no paging
// links, unless Behaviour.DefaultPageSize says otherwise; meta.count is the total over all pages. Without sort, the order is by creation: undocumented; assumed.
func (t *Tenant) listConnections(c *call) (answer, error) {
	order, err := c.connectionOrder()
	if err != nil {
		return answer{}, err
	}
	matches, err := filter.Parse(c.query.Get("filter"), connectionFields)
	switch user := c.query.Get("userId"); {
	case err != nil:
		return answer{}, refusal.BadRequest("filter: %v", err)
	case c.query.Has("dataName") && c.query.Get("dataName") == "":
		return answer{}, refusal.BadRequest("dataName is empty")
	case user != "" && user != c.user.ID && !c.user.IsAdmin():
		return answer{}, refusal.Forbidden("userId of another user requires Admin role")
	}
	entries := t.entries(c, order, matches)
	total := len(entries)
	shown, omitted := c.withoutOmitted(entries)
	paged, links, err := page(t, c, listing[listed]{
		items: shown, key: order.key, desc: order.desc, limit: t.behaviour.DefaultPageSize, at: []string{"page"}, paging: connectionsPath,
	})
	if err != nil {
		return answer{}, err
	}
	list := connectionList{
		Data: make([]connectionView, 0, len(paged)), Meta: countMeta{total}, Links: links, Errors: omitted, name: c.dataName(),
	}
	for _, l := range paged {
		if l.record == nil {
			list.Data = append(list.Data, t.dataFilesView(c, l.space))
			continue
		}
		v := t.view(c, l.record)
		if c.lie.Lie != "" && c.lie.Concerns(l.record.Name) {
			v.tell(t.store.World, l.record, c.lie.Lie)
			c.lied = true
		}
		if c.query.Get("includeQris") == "true" {
			v.QRI = l.record.Source().QRI(l.record.Properties)
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
	sortKey func(*model.Record) string
}

func (c *call) connectionOrder() (connectionOrder, error) {
	by, desc := c.order("")
	o := connectionOrder{user: c.user.ID, by: cmp.Or(by, "created"), desc: desc}
	if o.sortKey = connectionSorts[o.by]; o.sortKey == nil {
		return o, refusal.BadRequest("connections cannot be sorted by %q", o.by)
	}
	if exact := o.sortKey; c.query.Get("caseinsensitive") == "true" && c.query.Has("sort") {
		o.sortKey = func(r *model.Record) string { return strings.ToLower(exact(r)) } // independent of the locale
	}
	return o, nil
}

// key returns the sort key of an entry: regular connections come before DataFiles in any sort order
// (API reference).
func (o connectionOrder) key(l listed) []string {
	if l.record == nil {
		return []string{"1", dataFilesID(model.ScopeOf(l.space, o.user)), ""}
	}
	return []string{"0", o.sortKey(l.record), l.record.ID}
}

// entries returns the selected entries, in order. The filter does not apply to DataFiles. owner
// applies to them only; because it is the id of an app, and there are no apps, it selects none.
func (t *Tenant) entries(c *call, order connectionOrder, matches filter.Predicate[*model.Record]) []listed {
	var entries []listed
	spaces := t.enterable(c.user)
	for _, r := range t.store.World.InOrder() {
		if t.selects(c, r, spaces) && matches(r) {
			entries = append(entries, listed{record: r})
		}
	}
	if order.desc || order.by != "created" {
		sortByKey(entries, order)
	}
	if c.query.Get("noDatafiles") == "true" || c.query.Get("owner") != "" {
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

// inScope applies the filters that also apply to DataFiles; personal is ignored if spaceId is set.
func (c *call) inScope(space string) bool {
	if wanted := c.query.Get("spaceId"); wanted != "" {
		return space == wanted
	}
	return c.query.Get("personal") != "true" || space == ""
}

// selects: with userId, personal connections are those of that user. Undocumented; assumed.
func (t *Tenant) selects(c *call, r *model.Record, spaces map[string]bool) bool {
	user := c.query.Get("userId")
	switch {
	case !spaces[r.Space] || r.Space == "" && r.Owner != cmp.Or(user, c.user.ID):
		return false
	case user != "" && r.Owner != user:
		return false
	case !c.inScope(r.Space):
		return false
	case c.query.Get("ownedByMe") == "true" && r.Owner != c.user.ID:
		return false
	}
	return c.query.Get("includeDisabled") == "true" || !t.store.World.Disabled[r.DataSource]
}

// withoutOmitted removes the entries that a fault omits, and returns the errors that report them:
// status 200, but incomplete (API reference, 200 of the list).
func (c *call) withoutOmitted(entries []listed) ([]listed, []*refusal.Error) {
	if len(c.omit) == 0 {
		return entries, nil
	}
	var errs []*refusal.Error
	kept := slices.DeleteFunc(entries, func(l listed) bool {
		if l.record == nil || !slices.Contains(c.omit, l.record.Name) {
			return false
		}
		errs = append(errs, &refusal.Error{
			Code: "DCERROR-0010", Title: "Connection could not be returned", Detail: "connection " + l.record.ID,
			Status: http.StatusInternalServerError,
		})
		return true
	})
	c.omitted = len(errs) > 0
	return kept, errs
}

func (l connectionList) next() *link { return l.Links.Next }
