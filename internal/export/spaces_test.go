package export_test

import (
	"testing"

	"github.com/qlsync/qlsync/internal/export"
	"github.com/qlsync/qlsync/pkg/connection"
)

// The project may refer to a space by its id, and its file declares it by name.
func TestASpaceWhoseNameAnotherOneHasIsNotDeclared(t *testing.T) {
	finance := []connection.Space{{ID: "s-1", Name: "Finance", Type: "shared"}, {ID: "s-2", Name: "Finance", Type: "shared"}}
	sales := connection.Space{ID: "s-3", Name: "Sales", Type: "shared"}
	snapshot := &connection.Snapshot{Spaces: append(finance, sales), SpaceDetails: []connection.SpaceDetails{{ID: "s-1"}, {ID: "s-2"}, {ID: "s-3"}}}
	found := export.DeclareSpaces([]connection.Space{finance[1], sales}, snapshot, nil, func(string) bool { return false })
	if len(found.Found) != 1 || found.Found[0].Name != "Sales" {
		t.Errorf("got declarations %+v, want that of Sales only", found.Found)
	}
	if len(found.Omitted) != 1 || found.Omitted[0].Connection.Space != "Finance" || found.Omitted[0].Reason != "it and another space have the same name" {
		t.Errorf("got %+v omitted, want Finance, with the reason", found.Omitted)
	}
}
