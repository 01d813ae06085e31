package qlik

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/internal/words"
)

const (
	// pageSize is the largest that the API reference allows for connections and users; for spaces it is
	// assumed. The documentation names several defaults, so the size is always sent.
	pageSize = 100
	// maxPages ends an endless chain of links.
	maxPages = limits.TenantPages
	// maxEmptyPages ends a chain of empty pages. A service that filters pages after reading them may
	// send some.
	maxEmptyPages = 100
	// maxLink is the longest link to a next page, in bytes.
	maxLink = 16 << 10
)

// list reads all pages of a list. The problems are the reasons why the list is incomplete: the
// service's own, and pages or items of an undocumented form. A first page of an undocumented form
// is an error, because then nothing of the list is known.
func list[T any](ctx context.Context, c *Client, request Request) (items []T, problems []wireError, err error) {
	ctx = transport.WithQuota(ctx, c.raise)
	request.Method = http.MethodGet
	request.Query = withLimit(request.Query)
	next, err := c.prepare(request)
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	empty := 0 // consecutive pages
	check := consistency{ids: map[string]bool{}, counts: map[int]bool{}}
	at := c.http.Address(next).String()
	for len(seen) < maxPages*c.raise && !seen[at] {
		seen[at] = true
		var page wirePage
		got, err := c.send(ctx, next, &page)
		if len(seen) > 1 && transport.HasOtherForm(err) {
			return items, append(problems, wireError{Title: "a page could not be read", Detail: err.Error()}), nil
		}
		if err != nil {
			return nil, nil, err
		}
		if err := transport.TakeItems(ctx, len(page.Data)); err != nil {
			return nil, nil, fmt.Errorf("GET %s: %w", request.Path, err)
		}
		found, odd := decodeItems[T](page.Data)
		items = append(items, found...)
		problems = append(problems, c.readable(append(page.Errors, odd...))...)
		news := notePage(&check, page, found)
		if page.Links.Next.Href == "" {
			return items, append(problems, check.problems(len(problems) > 0)...), nil
		}
		if !news {
			break
		}
		if empty++; len(page.Data) > 0 {
			empty = 0
		}
		if empty > maxEmptyPages {
			return nil, nil, fmt.Errorf("GET %s: follow next page: there are more than %d empty pages in a row", request.Path, maxEmptyPages)
		}
		if len(page.Links.Next.Href) > maxLink {
			return nil, nil, fmt.Errorf("GET %s: follow next page: the link is longer than %d bytes", request.Path, maxLink)
		}
		if next.Link, err = c.http.Resolve(got.URL, page.Links.Next.Href); err != nil {
			return nil, nil, fmt.Errorf("GET %s: follow next page: %w", request.Path, err)
		}
		at = next.Link.String()
	}
	switch circling := errors.New("the link leads to a page that was already read"); {
	case len(seen) < maxPages*c.raise && len(items) > 0:
		return items, append(problems, wireError{Title: "the list repeats itself", Detail: "the link to the next page leads to a page that was already read"}), nil
	case seen[at]:
		return nil, nil, fmt.Errorf("GET %s: follow next page: %w", request.Path, circling)
	}
	return nil, nil, fmt.Errorf("GET %s: follow next page: there are more than %s pages", request.Path, limits.Grouped(int64(maxPages*c.raise)))
}

// identified is an item of a list whose id is unique.
type identified interface{ id() string }

// consistency compares the pages of a list with each other and with their counts. An inconsistent
// list has changed while its pages were read, or is incomplete.
type consistency struct {
	ids   map[string]bool
	twice int // items that were listed already
	items int
	last  int // items of the last page
	// counts holds the different counts of the pages; notPages reports that at least one count is not
	// the number of items on its page.
	counts   map[int]bool
	notPages bool
}

// notePage adds a page with those of its items that could be read. It reports whether the page has
// anything new: a chain of pages without news is circular.
func notePage[T any](c *consistency, page wirePage, found []T) (news bool) {
	if count := page.Meta.value.Count; count != nil {
		c.counts[*count] = true
		c.notPages = c.notPages || *count != len(page.Data)
	}
	c.items, c.last = c.items+len(page.Data), len(page.Data)
	for i := range found {
		switch one, ok := any(&found[i]).(identified); {
		case !ok:
			news = true
		case c.ids[one.id()]:
			c.twice++
		default:
			c.ids[one.id()], news = true, true
		}
	}
	return news || len(found) == 0
}

// problems returns the inconsistencies. According to the reference, a page counts the items of all
// pages; a count of its own items is accepted too. A larger count adds nothing if the service has
// already reported what is missing. Nor does it after a last page that is not full: whether the
// total includes items that the request excludes, such as DataFiles, is unknown.
func (c *consistency) problems(told bool) []wireError {
	counts := slices.Sorted(maps.Keys(c.counts))
	fits := len(counts) == 0 || !c.notPages || len(counts) == 1 && (counts[0] == c.items || counts[0] > c.items && c.last < pageSize)
	switch {
	case c.twice > 0:
		return []wireError{{Title: "the list changed while it was read", Detail: words.CountOf(c.twice, "item is listed twice", "items are listed twice")}}
	case fits || told:
		return nil
	case len(counts) > 1:
		return []wireError{{Title: "the list changed while it was read", Detail: "the total is not the same on all pages"}}
	}
	title := fmt.Sprintf("the tenant counts %d and lists only %d", counts[0], c.items)
	if counts[0] < c.items {
		title = fmt.Sprintf("the tenant lists %d and counts only %d", c.items, counts[0])
	}
	return []wireError{{Title: title}}
}

// decodeItems parses the items of a page, and reports the items of an unexpected form.
func decodeItems[T any](texts []json.RawMessage) (items []T, problems []wireError) {
	odd, why := 0, ""
	items = make([]T, 0, len(texts))
	for _, text := range texts {
		var item T
		if err := cmp.Or(transport.CheckTexts(text), decodeOne(bytes.TrimSpace(text), &item)); err != nil {
			odd, why = odd+1, cmp.Or(why, describeForm(err))
			continue
		}
		items = append(items, item)
	}
	if odd > 0 {
		problems = []wireError{{Title: fmt.Sprintf("%d of %d items on a page could not be read", odd, len(texts)), Detail: why}}
	}
	return items, problems
}

// describeForm describes what is wrong with an item, without quoting the service.
func describeForm(err error) string {
	if wrongType, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("it holds a JSON %s where it should not", wrongType.Value)
	}
	return err.Error()
}

func withLimit(query url.Values) url.Values {
	limited := url.Values{"limit": {strconv.Itoa(pageSize)}}
	for name, values := range query {
		limited[name] = values
	}
	return limited
}

// readable returns the service's problems with their texts sanitized and redacted.
func (c *Client) readable(problems []wireError) []wireError {
	hide := c.http.Redactor()
	for i, problem := range problems {
		problems[i].Code = hide.Sanitize(problem.Code, maxCode)
		problems[i].Title = hide.Sanitize(problem.Title, maxTitle)
		problems[i].Detail = hide.Sanitize(problem.Detail, maxDetail)
	}
	return problems
}
