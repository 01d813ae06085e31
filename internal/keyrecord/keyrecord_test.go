package keyrecord_test

import (
	"testing"

	"github.com/qlsync/qlsync/internal/keyrecord"
	"github.com/qlsync/qlsync/pkg/connection"
)

var (
	spaces = keyrecord.Of(&connection.Snapshot{Spaces: []connection.Space{{ID: "s1", Name: "Finance"}}}, nil)
	orders = connection.Key{Space: "Finance", Name: "Orders"}
)

func TestARecordFitsAfterARenameOfItsSpace(t *testing.T) {
	written := spaces.Record(orders)
	renamed := keyrecord.Of(&connection.Snapshot{Spaces: []connection.Space{{ID: "s1", Name: "Treasury"}}}, nil)
	for name, test := range map[string]struct {
		spaces keyrecord.Spaces
		record string
		key    connection.Key
		want   bool
	}{
		"as it is written":                       {spaces, written, orders, true},
		"over the name, as an earlier version":   {spaces, connection.KeyDigest(orders), orders, true},
		"after a rename of the space":            {renamed, written, connection.Key{Space: "Treasury", Name: "Orders"}, true},
		"over the name, after a rename":          {renamed, connection.KeyDigest(orders), connection.Key{Space: "Treasury", Name: "Orders"}, false},
		"of another name":                        {spaces, written, connection.Key{Space: "Finance", Name: "orders"}, false},
		"none, of a key in a space that is gone": {renamed, "", orders, false},
	} {
		if got := test.spaces.Fits(test.record, test.key); got != test.want {
			t.Errorf("%s: a record fits is %v, want %v", name, got, test.want)
		}
	}
}

func TestOnlyTheNamesThatQlsyncWritesAreOnTheWay(t *testing.T) {
	live := func(name, phase string) *connection.Live {
		return &connection.Live{
			Key:    connection.Key{Space: "Finance", Name: name},
			Record: connection.Record{Key: spaces.Record(orders), Phase: phase},
		}
	}
	beside := spaces.Name(connection.Beside, orders)
	for name, test := range map[string]struct {
		live            *connection.Live
		leftover, ofAny bool
	}{
		"the new one":                   {live(beside, connection.PhaseNew), true, true},
		"with a number":                 {live(beside+"-2", connection.PhaseNew), true, true},
		"the old one":                   {live(spaces.Name(connection.Aside, orders), connection.PhaseDeposed), true, true},
		"a copy with the other name":    {live(beside, connection.PhaseDeposed), false, false},
		"a copy with a name by hand":    {live("Orders (copy)", connection.PhaseNew), false, false},
		"no leftover: it is on its way": {live(beside, ""), false, true},
	} {
		if got := spaces.IsLeftover(test.live, orders); got != test.leftover {
			t.Errorf("%s: is a leftover of the key: %v, want %v", name, got, test.leftover)
		}
		if got := keyrecord.IsLeftoverOfAny(test.live); got != test.ofAny {
			t.Errorf("%s: has the name of a leftover: %v, want %v", name, got, test.ofAny)
		}
	}
	exact, numbered := live(beside, connection.PhaseNew), live(beside+"-2", connection.PhaseNew)
	for name, test := range map[string]struct {
		list []*connection.Live
		want *connection.Live
	}{
		"two with numbers are not separable": {[]*connection.Live{numbered, live(beside+"-3", connection.PhaseNew)}, nil},
		"the one without a number is meant":  {[]*connection.Live{numbered, exact}, exact},
		"a number alone is enough for one":   {[]*connection.Live{numbered}, numbered},
	} {
		if got := spaces.Only(test.list, orders); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}
