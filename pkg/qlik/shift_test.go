package qlik_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
)

// TestAListThatChangesWhileItIsReadIsIncomplete: what is on two pages or in two spaces was
// moved in between, and something else may have been on no page.
func TestAListThatChangesWhileItIsReadIsIncomplete(t *testing.T) {
	item := func(id, space string) string {
		return fmt.Sprintf(`{"qID": %q, "qName": "C%s", "space": %q, "user": "u1", "datasourceID": "rest"}`, id, id, space)
	}
	page := func(count int, next string, items ...string) string {
		return fmt.Sprintf(`{"data": [%s], "meta": {"count": %d}, "links": {"next": {"href": %q}}}`, strings.Join(items, ", "), count, next)
	}
	const second = "/api/v1/data-connections?page=2&limit=100&noDatafiles=true&includeDisabled=true&spaceId=s1"
	var full []string
	for i := range 100 {
		full = append(full, item(fmt.Sprint("f", i), "s1"))
	}
	for _, test := range []struct {
		name          string
		first, second string // pages of the space s1
		other         string // the list of the space s2
		want          string // empty: complete
		connections   int
	}{
		{"two pages", page(2, second, item("1", "s1")), page(2, "", item("2", "s1")), page(1, "", item("3", "s2")), "", 3},
		{"a count that is of the page", page(1, second, item("1", "s1")), page(1, "", item("2", "s1")), page(1, "", item("3", "s2")), "", 3},
		{"a count that is of pages of different sizes", page(2, second, item("1", "s1"), item("2", "s1")), page(1, "", item("3", "s1")), page(0, ""), "", 3},
		{"one on two pages", page(2, second, item("1", "s1")), page(2, "", item("1", "s1")), page(0, ""), "1 item is listed twice", 1},
		{"twice on a page", page(2, "", item("1", "s1"), item("1", "s1")), "", page(0, ""), "1 item is listed twice", 1},
		{"another total", page(3, second, item("1", "s1")), page(2, "", item("2", "s1")), page(0, ""), "the total is not the same", 2},
		{"a total that a full page does not reach", page(130, "", full...), "", page(0, ""), "the tenant counts 130 and lists only 100", 100},
		{"a total that counts what is left out", page(3, "", item("1", "s1"), item("2", "s1")), "", page(0, ""), "", 2},
		{"a total that is exceeded", page(1, second, item("1", "s1"), item("2", "s1")), page(1, "", item("3", "s1")), page(0, ""), "the tenant lists 3 and counts only 1", 3},
		{"pages that go round in circles", page(2, second, item("1", "s1")), page(2, second, item("2", "s1")), page(0, ""), "leads to a page that was already read", 2},
		{"one that names no space", page(2, "", item("1", "s1"), item("2", "")), "", page(0, ""), "1 of 2 connections do not say which space they are in", 1},
		{"one in two spaces", page(1, "", item("1", "s1")), "", page(1, "", item("1", "s2")), `"Finance/C1" and "Sales/C1" are one connection`, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := small(t, map[string]route{
				getSpaces: always(200, `{"data": [{"id": "s1", "name": "Finance", "type": "shared"}, {"id": "s2", "name": "Sales", "type": "shared"}]}`),
				getList: func(w http.ResponseWriter, r *http.Request, attempt int) {
					body := test.first
					switch {
					case r.URL.Query().Get("spaceId") == "s2":
						body = test.other
					case r.URL.Query().Get("page") == "2":
						body = test.second
					}
					always(200, body)(w, r, attempt)
				},
			})
			got := snapshot(t, n, connection.Scope{Spaces: []connection.SpaceRef{{Name: "Finance"}, {Name: "Sales"}}})
			told := strings.Join(got.Incomplete, "; ")
			if (told == "") != (test.want == "") || !strings.Contains(told, test.want) || len(got.Connections) != test.connections {
				t.Errorf("%d connections, incomplete: %q", len(got.Connections), told)
			}
		})
	}
}

func TestSpacesThatShiftBetweenPagesAreAnIncompleteList(t *testing.T) {
	n := small(t, map[string]route{
		getSpaces: always(200, `{"data": [{"id": "s1", "name": "Finance", "type": "shared"}, {"id": "s1", "name": "Finance", "type": "shared"}]}`),
	})
	if got := snapshot(t, n, finance); len(got.Incomplete) != 1 || len(got.Connections) != 1 {
		t.Errorf("%d connections, incomplete: %q", len(got.Connections), got.Incomplete)
	}
}
