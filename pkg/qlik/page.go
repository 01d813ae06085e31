package qlik

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

const (
	// pageSize is the largest that the API reference allows for connections and
	// users; for spaces it is assumed. The default differs from page to page of the
	// documentation, so it is always sent.
	pageSize = 100
	// maxPages ends a chain of links that never does.
	maxPages = 10_000
)

// list reads all pages of a list. The problems are what the service says is
// missing from it.
func list[T any](ctx context.Context, c *Client, request Request) (items []T, problems []wireError, err error) {
	request.Method = http.MethodGet
	request.Query = withLimit(request.Query)
	next, err := c.prepare(request)
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	for len(seen) < maxPages && !seen[next.url.String()] {
		seen[next.url.String()] = true
		var page wirePage[T]
		got, err := c.call(ctx, next, &page)
		if err != nil {
			return nil, nil, err
		}
		items, problems = append(items, page.Data...), append(problems, page.Errors...)
		if page.Links.Next.Href == "" {
			return items, c.readable(problems, next, got), nil
		}
		target, err := c.ours(got.url, page.Links.Next.Href, c.redactor(next, got))
		if err != nil {
			return nil, nil, fmt.Errorf("GET %s: follow next page: %w", request.Path, err)
		}
		next = next.at(target)
	}
	return nil, nil, fmt.Errorf("GET %s: follow next page: the pages go round in circles", request.Path)
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
