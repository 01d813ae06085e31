package qlik_test

import (
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
)

func TestAListThatNeverEndsIsAnError(t *testing.T) {
	many := strings.Repeat(`{},`, 250_000) + `{}`
	for name, test := range map[string]struct{ answer, want string }{
		"items":         {`{"data": [` + many + `]}`, "the tenant lists more than 250,000 items (raise the limits with --raise-limits N"},
		"a long link":   {`{"data": [], "links": {"next": {"href": "?page=` + strings.Repeat("x", 20<<10) + `"}}}`, "the link is longer than 16384 bytes"},
		"the same page": {`{"data": [], "links": {"next": {"href": "?limit=100"}}}`, "leads to a page that was already read"},
	} {
		t.Run(name, func(t *testing.T) {
			n := newTenant(t, map[string]route{
				"GET /api/v1/users/me": always(200, `{"id": "u"}`), "GET /api/v1/spaces": always(200, test.answer),
			})
			config := n.config()
			p, err := qlik.New(config)
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Snapshot(t.Context(), connection.Scope{})
			mustContain(t, err, "list spaces: GET /api/v1/spaces", test.want)
		})
	}
}
