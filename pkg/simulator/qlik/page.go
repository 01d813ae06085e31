package qlik

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/identity"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// Lists are paged by position in their order, not by number: items that come or go between two pages neither hide nor
// repeat others.

// cursorPrefix begins every cursor, as in the example of the reference. A client that builds the query by hand, or does
// not escape the value, trips over it.
const cursorPrefix = "page="

// cursor is a place in an ordered list. Clients see it as an opaque string.
type cursor struct {
	Before bool     `json:"b,omitempty"` // the page that ends before Key; else the one that begins after it
	Key    []string `json:"k"`
	Query  string   `json:"q"` // digest of the query that it belongs to
	Limit  int      `json:"n"`
}

func (c cursor) encode() string {
	data, _ := json.Marshal(c) // strings and numbers cannot fail
	return cursorPrefix + base64.StdEncoding.EncodeToString(data)
}

// parseCursor refuses a cursor that was not given for the same query. Undocumented; assumed.
func parseCursor(text, query string) (*cursor, error) {
	encoded, prefixed := strings.CutPrefix(text, cursorPrefix)
	data, err := base64.StdEncoding.DecodeString(encoded)
	c := new(cursor)
	if !prefixed || err != nil || json.Unmarshal(data, c) != nil {
		return nil, refusal.BadRequest("the page cursor is not one that was given out")
	}
	if c.Query != query {
		return nil, refusal.BadRequest("the page cursor belongs to another query")
	}
	return c, nil
}

// listing is an ordered list to be paged. Items must be in the order of their keys.
type listing[T any] struct {
	items  []T
	key    func(T) []string
	desc   bool     // the second part of the key runs downwards
	limit  int      // page size when the query has none; 0: everything, without links
	at     []string // query keys that hold a cursor: one for both directions, or next and prev
	paging string   // route that the links point at
}

// link is {"href": ...}.
type link struct {
	Href string `json:"href"`
}

type pageLinks struct {
	Self link  `json:"self"`
	Next *link `json:"next,omitempty"`
	Prev *link `json:"prev,omitempty"`
}

// order is how the query asks for a list to be sorted; without sort, as the fallback says.
func (c *call) order(fallback string) (by string, desc bool) {
	sorted := cmp.Or(c.query.Get("sort"), fallback)
	return strings.TrimLeft(sorted, "+- "), strings.HasPrefix(sorted, "-")
}

// sortedPage is [page] for items in any order.
func sortedPage[T any](t *Tenant, c *call, l listing[T]) ([]T, pageLinks, error) {
	slices.SortFunc(l.items, func(a, b T) int { return compareKeys(l.key(a), l.key(b), l.desc) })
	return page(t, c, l)
}

// page returns the items that the query asks for, and absolute links to the pages around them.
func page[T any](t *Tenant, c *call, l listing[T]) ([]T, pageLinks, error) {
	links := pageLinks{Self: link{c.base() + c.request.URL.RequestURI()}}
	digest := queryDigest(c.query, l.at)
	at := &cursor{Query: digest, Limit: l.limit}
	for _, name := range l.at {
		if text := c.query.Get(name); text != "" {
			var err error
			if at, err = parseCursor(text, digest); err != nil {
				return nil, links, err
			}
		}
	}
	if n, err := strconv.Atoi(c.query.Get("limit")); err == nil {
		at.Limit = n
	}
	if at.Limit == 0 {
		return l.items, links, nil
	}
	size := at.Limit
	if t.options.PageSize > 0 {
		size = min(size, t.options.PageSize)
	}
	from, to := l.window(at, size)
	if from == to {
		return nil, links, nil // what was there when the cursor was given is gone
	}
	if from > 0 {
		links.Prev = l.link(c, cursor{Before: true, Key: l.key(l.items[from]), Query: digest, Limit: at.Limit}, l.at[len(l.at)-1])
	}
	if to < len(l.items) {
		links.Next = l.link(c, cursor{Key: l.key(l.items[to-1]), Query: digest, Limit: at.Limit}, l.at[0])
	}
	return l.items[from:to], links, nil
}

// window finds the page's bounds in the list as it is now.
func (l listing[T]) window(at *cursor, size int) (from, to int) {
	if at.Before {
		to = sort.Search(len(l.items), func(i int) bool { return compareKeys(l.key(l.items[i]), at.Key, l.desc) >= 0 })
		return max(to-size, 0), to
	}
	if at.Key != nil {
		from = sort.Search(len(l.items), func(i int) bool { return compareKeys(l.key(l.items[i]), at.Key, l.desc) > 0 })
	}
	return from, min(from+size, len(l.items))
}

// link is the query again with another cursor.
func (l listing[T]) link(c *call, at cursor, key string) *link {
	query := make(url.Values)
	for name, values := range c.query {
		if !slices.Contains(l.at, name) {
			query[name] = values
		}
	}
	query.Set(key, at.encode())
	return &link{c.base() + l.paging + "?" + query.Encode()}
}

// compareKeys orders keys part by part.
func compareKeys(a, b []string, desc bool) int {
	for i := range min(len(a), len(b)) {
		if order := cmp.Compare(a[i], b[i]); order != 0 {
			if desc && i == 1 {
				return -order
			}
			return order
		}
	}
	return cmp.Compare(len(a), len(b))
}

func queryDigest(query url.Values, cursors []string) string {
	rest := make(url.Values)
	for name, values := range query {
		if name != "limit" && !slices.Contains(cursors, name) {
			rest[name] = values
		}
	}
	return identity.Opaque("query", rest.Encode())[:12]
}
