package qlik_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// oddForms are answers with the status 200 that no reference describes: of a service under
// maintenance, or of a proxy in between.
var oddForms = map[string]string{
	"an empty object": `{}`, "a message": `{"message": "maintenance"}`, "null": `null`, "a list": `[]`, "a text": `"ok"`,
	"HTML": `<html>Maintenance</html>`, "nothing": ``, "data is null": `{"data": null}`, "data is an object": `{"data": {}}`,
}

// oddItems are items of lists that no reference describes.
var oddItems = map[string]string{
	"null": `null`, "an empty object": `{}`, "a text": `"c1"`, "a list": `[]`, "without an id": `{"qName": "Other", "name": "Other"}`,
}

// TestAnAnswerOfAnotherFormNeverCountsAsAnEmptyList answers one read of a snapshot with what
// no reference describes: nothing can be planned without it.
func TestAnAnswerOfAnotherFormNeverCountsAsAnEmptyList(t *testing.T) {
	scope := finance
	scope.Owners, scope.Stored = []string{"bo@example.com"}, []string{"mine"}
	users := always(200, `{"data": [{"id": "u2", "email": "bo@example.com", "status": "active"}]}`)
	for _, path := range []string{
		"/api/v1/users/me", spaces, connections, "/api/v1/users", "/api/v1/data-credentials/mine",
	} {
		for name, body := range oddForms {
			t.Run(path+" is "+name, func(t *testing.T) {
				routes := map[string]route{
					"GET /api/v1/users": users, "GET /api/v1/data-credentials/mine": always(200, `{"qID": "k1", "qName": "mine"}`),
				}
				if found, err := small(t, routes).provider().Snapshot(t.Context(), scope); err != nil || len(found.Connections) == 0 {
					t.Fatalf("got %+v, error %v; want connections from answers of the documented form", found, err)
				}
				routes["GET "+path] = always(200, body)
				if found, err := small(t, routes).provider().Snapshot(t.Context(), scope); err == nil {
					t.Errorf("no error, and %d connections, incomplete %q", len(found.Connections), found.Incomplete)
				}
			})
		}
	}
}

// TestADataSourceOfAnotherFormIsNotUnknown answers the two reads of a catalog with what no
// reference describes.
func TestADataSourceOfAnotherFormIsNotUnknown(t *testing.T) {
	for name, body := range oddForms {
		t.Run(name, func(t *testing.T) {
			n := newTenant(t, map[string]route{"GET /api/v1/data-sources/rest/api-specs": always(200, body)})
			if catalog, err := n.provider().DataSources(t.Context(), []string{"rest"}); err == nil || catalog != nil && len(catalog.Unread) != 1 {
				t.Errorf("api-specs: got catalog %+v, error %v; want an error and one data source unread", catalog, err)
			}
			n = newTenant(t, map[string]route{"GET /api/v1/data-sources": always(200, body)})
			if catalog, err := n.provider().DataSources(t.Context(), []string{"gone"}); err == nil {
				t.Errorf("the list: got catalog %+v, want an error", catalog)
			}
		})
	}
}

// TestAnItemOfAnotherFormMakesItsListIncomplete keeps what can be read, so that nothing is
// created or deleted, and everything else goes on.
func TestAnItemOfAnotherFormMakesItsListIncomplete(t *testing.T) {
	for path, item := range map[string]string{spaces: `{"id": "s1", "name": "Finance", "type": "shared"}`, connections: lake} {
		for name, odd := range oddItems {
			t.Run(path+" holds "+name, func(t *testing.T) {
				n := small(t, map[string]route{"GET " + path: always(200, `{"data": [`+odd+`, `+item+`]}`)})
				found := snapshot(t, n, finance)
				if len(found.Connections) != 1 || len(found.Incomplete) != 1 || !strings.Contains(found.Incomplete[0], "1 of 2 items") {
					t.Errorf("%d connections, incomplete %q", len(found.Connections), found.Incomplete)
				}
			})
		}
	}
}

// TestASpaceThatAnIncompleteListLacksIsNotCalledMissing ends with an error that says why, as
// nothing can be planned for the space.
func TestASpaceThatAnIncompleteListLacksIsNotCalledMissing(t *testing.T) {
	for name, odd := range oddItems {
		t.Run(name, func(t *testing.T) {
			n := small(t, map[string]route{"GET " + spaces: always(200, `{"data": [`+odd+`]}`)})
			found, err := n.provider().Snapshot(t.Context(), finance)
			if err == nil {
				t.Fatalf("no error, and %d spaces, incomplete %q", len(found.Spaces), found.Incomplete)
			}
			mustContain(t, err, "the answer is incomplete", `"Finance"`)
		})
	}
}

// TestALaterPageOfAnotherFormMakesItsListIncomplete keeps the pages before.
func TestALaterPageOfAnotherFormMakesItsListIncomplete(t *testing.T) {
	for name, body := range oddForms {
		t.Run(name, func(t *testing.T) {
			n := small(t, map[string]route{"GET " + connections: inTurn(
				always(200, `{"data": [`+lake+`], "links": {"next": {"href": "`+connections+`?page=2"}}}`), always(200, body))})
			found := snapshot(t, n, finance)
			if len(found.Connections) != 1 || len(found.Incomplete) != 1 || !strings.Contains(found.Incomplete[0], "a page could not be read") {
				t.Errorf("%d connections, incomplete %q", len(found.Connections), found.Incomplete)
			}
		})
	}
}

// TestADetailOfAnotherFormIsUnreadable leaves the connection alone that it is about.
func TestADetailOfAnotherFormIsUnreadable(t *testing.T) {
	oddForms := map[string]string{"another connection": `{"qID": "c2", "qName": "Orders lake", "connectionProperties": {}}`}
	for name, body := range oddFormsWith(oddForms) {
		t.Run(name, func(t *testing.T) {
			n := small(t, map[string]route{"GET " + one: always(200, body)})
			found := snapshot(t, n, finance)
			if len(found.Connections) != 1 || found.Connections[0].Unreadable == "" || found.Connections[0].Record.Project == "" {
				t.Errorf("got connections %+v, want one that is unreadable and has its ownership record", found.Connections)
			}
		})
	}
}

func oddFormsWith(more map[string]string) map[string]string {
	for name, body := range oddForms {
		more[name] = body
	}
	return more
}

// TestAWriteThatIsAnsweredWithAnotherFormIsNotDone never takes an answer for an
// acknowledgement that is none. What became of the write is read where it can be.
func TestAWriteThatIsAnsweredWithAnotherFormIsNotDone(t *testing.T) {
	live := `{"qID": "c1", "qName": "Orders lake", "space": "s1", "user": "u1", "tags": ["mine"]}`
	there := &connection.Live{ID: "c1", Key: connection.Key{Name: "Orders lake"}, SpaceID: "s1", OwnerID: "u1", Tags: []string{"mine"}}
	elsewhere := &connection.Space{ID: "s2", Type: "shared"}
	for kind, test := range map[string]struct {
		route     string
		operation connection.Operation
	}{
		"create":       {post, newLake()},
		"patch":        {patchOne, connection.Operation{Kind: connection.Patch, ID: "c1", Name: "Other", Seen: there}},
		"delete":       {"DELETE " + one, connection.Operation{Kind: connection.Delete, ID: "c1", Seen: there}},
		"bulk update":  {bulkUpdate, connection.Operation{Kind: connection.BulkUpdate, ID: "c1", Space: elsewhere, Seen: there}},
		"bulk delete":  {bulkDelete, connection.Operation{Kind: connection.BulkDelete, ID: "c1", Seen: there}},
		"change owner": {bulkUpdate, connection.Operation{Kind: connection.BulkUpdate, ID: "c1", OwnerID: "u2", Seen: there}},
	} {
		for name, body := range oddForms {
			if body == "" && (kind == "patch" || kind == "delete") {
				continue // that is how they are acknowledged
			}
			t.Run(kind+" is answered with "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := newTenant(t, map[string]route{
						test.route: always(http.StatusOK, body), getOne: always(200, live), getList: always(200, `{"data": []}`),
					})
					if outcome := execute(t, n, test.operation)[0]; outcome.Err == nil {
						t.Errorf("got outcome %+v after %q, want an error: the answer has another form", outcome, n.log())
					}
				})
			})
		}
	}
}

// TestWhatWasJustCreatedIsLookedForAgain reads a create back while the service does not find
// it yet, and says that it is missing only after a while.
func TestWhatWasJustCreatedIsLookedForAgain(t *testing.T) {
	for name, test := range map[string]struct {
		misses int
		found  bool
	}{"at once": {0, true}, "after some looks": {4, true}, "never": {1000, false}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				operation := newLake()
				operation.ReadBack = true
				n := newTenant(t, map[string]route{
					post: always(201, `{"qID": "c1", "qName": "Orders lake"}`),
					getOne: func(w http.ResponseWriter, _ *http.Request, attempt int) {
						if attempt <= test.misses {
							say(w, http.StatusNotFound, refuse("HTTP-404", "Not found", ""))
							return
						}
						say(w, 200, `{"qID": "c1", "qName": "Orders lake", "space": "s1", "datasourceID": "File_AmazonS3ConnectorV2", "tags": [
							"orders", "qlsync:finance", "qlsync-key:aa", "qlsync-credentials:1:bb", "qlsync-protected"], "connectionProperties": {}}`)
					},
				})
				began := time.Now()
				outcome := execute(t, n, operation)[0]
				gone := outcome.Err != nil && strings.Contains(outcome.Err.Error(), "404")
				if took := time.Since(began); gone == test.found || took > 30*time.Second || !test.found && took < 10*time.Second {
					t.Errorf("got %+v after %v, want found %v within 30s", outcome, took, test.found)
				}
			})
		})
	}
}
