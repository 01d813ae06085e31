package qlik

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/qlsync/qlsync/pkg/transport"
)

const (
	// pageSize is the largest that the API reference allows for connections and
	// users; for spaces it is assumed. The default differs from page to page of the
	// documentation, so it is always sent.
	pageSize = 100
	// maxPages ends a chain of links that never does.
	maxPages = 10_000
	// maxLink is the longest link to a next page, in bytes.
	maxLink = 16 << 10
)

// list reads all pages of a list. The problems are what is missing from it: what the
// service says, and what has another form than the reference describes. A first page of
// another form is an error: then nothing of the list is known.
func list[T any](ctx context.Context, c *Client, request Request) (items []T, problems []wireError, err error) {
	request.Method = http.MethodGet
	request.Query = withLimit(request.Query)
	next, err := c.prepare(request)
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	var shift shifts
	for len(seen) < maxPages*c.raise && !seen[next.url.String()] {
		seen[next.url.String()] = true
		var page wirePage
		got, err := c.call(ctx, next, &page)
		if len(seen) > 1 && hasOtherForm(err) {
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
		problems = append(problems, c.readable(append(page.Errors, odd...), next, got)...)
		shift.notePage(page.Meta.Count, len(page.Data), page.Links.Next.Href != "")
		for i := range found {
			if one, ok := any(&found[i]).(identified); ok {
				shift.noteItem(one.id())
			}
		}
		if page.Links.Next.Href == "" {
			return items, append(problems, shift.problems()...), nil
		}
		if len(page.Links.Next.Href) > maxLink {
			return nil, nil, fmt.Errorf("GET %s: follow next page: the link is longer than %d bytes", request.Path, maxLink)
		}
		target, err := c.ours(got.url, page.Links.Next.Href, c.redactor(next, got))
		if err != nil {
			return nil, nil, fmt.Errorf("GET %s: follow next page: %w", request.Path, err)
		}
		next = next.at(target)
	}
	if seen[next.url.String()] {
		return nil, nil, fmt.Errorf("GET %s: follow next page: the pages go round in circles", request.Path)
	}
	return nil, nil, fmt.Errorf("GET %s: follow next page: there are more than %d pages", request.Path, maxPages*c.raise)
}

// identified is an item of a list of which there is only one with that id.
type identified interface{ id() string }

// shifts notices that a list has changed while its pages were read: what is shown twice
// has changed places, and something else may have been on no page.
type shifts struct {
	ids    map[string]bool
	twice  int
	totals map[int]bool
	shown  bool // a page has shown a total, and not only its own number of items
}

// notePage takes what a page counts. Whether that is the total or the number of items on
// the page is not certain: it is the total where more follows and it is larger.
func (s *shifts) notePage(count *int, items int, more bool) {
	if count == nil {
		return
	}
	if more && *count > items {
		s.shown = true
	}
	if s.shown {
		if s.totals == nil {
			s.totals = map[int]bool{}
		}
		s.totals[*count] = true
	}
}

func (s *shifts) noteItem(id string) {
	if s.ids == nil {
		s.ids = map[string]bool{}
	}
	if s.ids[id] {
		s.twice++
	}
	s.ids[id] = true
}

func (s *shifts) problems() []wireError {
	if s.twice == 0 && len(s.totals) < 2 {
		return nil
	}
	detail := "their total is not the same on all pages"
	if s.twice > 0 {
		detail = fmt.Sprintf("%d are listed twice", s.twice)
	}
	return []wireError{{Title: "the list changed while it was read", Detail: detail + "; plan again"}}
}

// decodeItems reads the items of a page, and tells of those that are not what they
// should be.
func decodeItems[T any](texts []json.RawMessage) (items []T, problems []wireError) {
	odd, why := 0, ""
	items = make([]T, 0, len(texts))
	for _, text := range texts {
		var item T
		if err := decodeOne(bytes.TrimSpace(text), &item); err != nil {
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

// describeForm tells what is wrong with an item, in words of ours alone.
func describeForm(err error) string {
	if wrongType, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("it holds a JSON %s where it should not", wrongType.Value)
	}
	return err.Error()
}

// hasOtherForm reports whether an error is about an answer that says it is a success and
// cannot be used.
func hasOtherForm(err error) bool {
	failed, ok := errors.AsType[*Error](err)
	return ok && failed.Status/100 == 2
}

func withLimit(query url.Values) url.Values {
	limited := url.Values{"limit": {strconv.Itoa(pageSize)}}
	for name, values := range query {
		limited[name] = values
	}
	return limited
}

// readable makes the words of the service fit to be shown.
func (c *Client) readable(problems []wireError, call call, got *reply) []wireError {
	hide := c.redactor(call, got)
	for i, problem := range problems {
		problems[i].Code = hide.Clean(problem.Code, maxCode)
		problems[i].Title = hide.Clean(problem.Title, maxTitle)
		problems[i].Detail = hide.Clean(problem.Detail, maxDetail)
	}
	return problems
}
