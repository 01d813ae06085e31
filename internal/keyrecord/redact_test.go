package keyrecord_test

import (
	"fmt"
	"testing"

	"github.com/qlsync/qlsync/internal/keyrecord"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

func TestLiveValuesOfMarkedPropertiesAreHidden(t *testing.T) {
	shared := connection.SpaceRef{Name: "Finance"}
	live := func(name string, record connection.Record) connection.Live {
		return connection.Live{
			Key: connection.Key{Space: "Finance", Name: name}, SpaceID: "s1", DataSource: "rest", Record: record,
			Properties: map[string]any{"pin": "canary", "plain": "shown", "none": nil},
		}
	}
	pin := []string{"pin"}
	for name, test := range map[string]struct {
		live    connection.Live
		desired connection.Desired
		moves   []connection.Move
		hidden  bool
	}{
		"by nobody":           {live("a", connection.Record{}), connection.Desired{Space: shared, Name: "a"}, nil, false},
		"by its mark":         {live("a", connection.Record{Sensitive: connection.SensitiveRecord([]string{"code", "pin"})}), connection.Desired{Space: shared, Name: "a"}, nil, true},
		"of no declared one":  {live("z", connection.Record{Project: "p", Sensitive: connection.SensitiveRecord(pin)}), connection.Desired{Space: shared, Name: "a"}, nil, true},
		"by a mark of others": {live("a", connection.Record{Sensitive: connection.SensitiveRecord([]string{"pins"})}), connection.Desired{Space: shared, Name: "a"}, nil, false},
		"by the files":        {live("a", connection.Record{}), connection.Desired{Space: shared, Name: "a", Sensitive: pin}, nil, true},
		"in a space by id":    {live("a", connection.Record{}), connection.Desired{Space: connection.SpaceRef{ID: "s1"}, Name: "a", Sensitive: pin}, nil, true},
		"of another one":      {live("a", connection.Record{}), connection.Desired{Space: shared, Name: "b", Sensitive: pin}, nil, false},
		"of another property": {live("a", connection.Record{}), connection.Desired{Space: shared, Name: "a", Sensitive: []string{"pins"}}, nil, false},
		"where it was renamed by hand": {
			live("z", connection.Record{Key: connection.KeyDigest(connection.Key{Space: "Finance", Name: "a"})}),
			connection.Desired{Space: shared, Name: "a", Sensitive: pin},
			nil, true,
		},
		"where it was renamed by hand, and its record is over the id of the space": {
			live("z", connection.Record{Key: connection.KeyRecord(connection.Space{ID: "s1", Name: "Finance"}, "a")}),
			connection.Desired{Space: shared, Name: "a", Sensitive: pin},
			nil, true,
		},
		"where two moves come from": {
			live("x", connection.Record{}),
			connection.Desired{Space: shared, Name: "a", Sensitive: pin},
			[]connection.Move{
				{From: connection.MoveEnd{Space: shared, Name: "x"}, To: connection.MoveEnd{Space: shared, Name: "y"}},
				{From: connection.MoveEnd{Space: shared, Name: "y"}, To: connection.MoveEnd{Space: shared, Name: "a"}},
			},
			true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			snapshot := &connection.Snapshot{Spaces: []connection.Space{{ID: "s1", Name: "Finance"}}, Connections: []connection.Live{test.live}}
			got := keyrecord.Redact(snapshot, []connection.Desired{test.desired}, test.moves).Connections[0].Properties
			in := plan.Input{Desired: []connection.Desired{test.desired}, Moves: test.moves}
			if test.hidden && !plan.Scope(in).Secretive(&test.live) {
				t.Error("a connection with hidden values may be kept in a file, want it secretive")
			}
			want := "canary"
			if test.hidden {
				want = connection.Placeholder
			}
			if fmt.Sprint(got["pin"]) != want || got["plain"] != "shown" || got["none"] != nil {
				t.Errorf("got properties %v, want the pin hidden and the others as they were", got)
			}
			if snapshot.Connections[0].Properties["pin"] != "canary" {
				t.Error("the snapshot was changed")
			}
		})
	}
}
