package qlik_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
)

// hostileIDs would lead to another address of the tenant, as paths are cleaned.
var hostileIDs = []string{".", "..", "../users/me", `..\users`, "a/b", "/"}

func TestAnIDThatIsAStepIsNotReadAndNotWritten(t *testing.T) {
	for _, id := range hostileIDs {
		t.Run(id, func(t *testing.T) {
			listed := strings.ReplaceAll(lake, `"c1"`, fmt.Sprintf("%q", id))
			n := small(t, map[string]route{getList: always(200, `{"data": [`+listed+`], "links": {"next": null}}`)})
			got := snapshot(t, n, finance)
			if len(got.Connections) != 1 || !strings.Contains(got.Connections[0].Unreadable, "the id cannot be a part of a path") {
				t.Errorf("the snapshot has %+v", got.Connections)
			}
			for _, kind := range []connection.OperationKind{connection.Patch, connection.Delete} {
				operation := connection.Operation{
					Kind: kind, ID: id, Key: connection.Key{Space: "Finance", Name: "Orders lake"}, DataSource: "File_AmazonS3ConnectorV2",
					Set: map[string]any{"region": "eu"},
				}
				outcomes := n.provider().Execute(t.Context(), []connection.Operation{operation})
				if outcomes[0].Err == nil {
					t.Errorf("got no error of %s, want the id refused", kind)
				}
			}
		})
	}
}

func TestADataSourceThatIsAStepIsNotAskedFor(t *testing.T) {
	for _, id := range hostileIDs {
		n := small(t, map[string]route{"GET /api/v1/data-sources": always(200, `{"data": []}`)})
		if catalog, err := n.provider().DataSources(t.Context(), []string{id}); err == nil && catalog.DataSources[id] != nil {
			t.Errorf("%q: got %+v, want no data source", id, catalog.DataSources[id])
		}
	}
}
