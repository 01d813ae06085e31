package qlik_test

import (
	"net/http"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
)

func TestTheWordsOfARefusalNameWhatTheyAreAbout(t *testing.T) {
	change := connection.Operation{
		Kind: connection.Patch, ID: "c1", Name: "Orders", Remove: []string{"sslmode"},
		Set:         map[string]any{"port": "1", "portRange": "2", "a/b": "3", "url": "https://a.example"},
		Credentials: map[string]any{"password": connection.NewSecret("hunter2")},
	}
	owner := connection.Operation{Kind: connection.BulkUpdate, ID: "c1", OwnerID: "u2"}
	for _, test := range []struct {
		name, words string
		status      int
		operation   connection.Operation
		want        string
	}{
		{"a property", "the value of port must be a number", 400, change, "/properties/port"},
		{"the longer of two names", "portRange is not a range", 400, change, "/properties/portRange"},
		{"the first of several", "url and port do not fit", 422, change, "/properties/url"},
		{"a pointer", "unknown path /connectionProperties/sslmode", 400, change, "/properties/sslmode"},
		{"a name with a slash", `property "a/b" is unknown`, 400, change, "/properties/a~1b"},
		{"a credential", "password is too short", 400, change, "/credentials/password"},
		{"part of a word is no name", "the viewport, the curl, and port_range", 400, change, ""},
		{"a taken name", "it exists already", http.StatusConflict, change, "/name"},
		{"a status that is about the caller", "no permission for port", http.StatusForbidden, change, ""},
		{"the only part of a bulk update", "user not found", http.StatusNotFound, owner, "/owner"},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := newTenant(t, map[string]route{
				patchOne:     always(test.status, refuse("X-1", "Bad request", test.words)),
				"GET " + one: always(200, `{"qID": "c1", "qName": "Orders", "connectionProperties": {"sslmode": "on"}}`),
				bulkUpdate:   always(207, `{"data": [{"id": "c1", "status": 404, "error": {"title": "Not found", "detail": "`+test.words[:4]+`"}}]}`),
			})
			got := execute(t, n, test.operation)[0]
			if got.Err == nil || got.Path != test.want {
				t.Errorf("path %q of %v, not %q", got.Path, got.Err, test.want)
			}
		})
	}
}
