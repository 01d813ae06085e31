package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// TestANewNameThatLooksLikeALiveOneIsAWarning has a Cyrillic letter in the live name.
func TestANewNameThatLooksLikeALiveOneIsAWarning(t *testing.T) {
	p, problems := plan.Make(plan.Input{
		Project: "acme", Catalog: &connection.Catalog{}, Normalize: func(_ connection.Property, value any) any { return value },
		Desired: []connection.Desired{
			{Name: "Ledger", Space: connection.SpaceRef{Name: "Finance"}, DataSource: "rest"},
			{Name: "Rates", Space: connection.SpaceRef{Name: "Finance"}, DataSource: "rest"},
		},
		Snapshot: &connection.Snapshot{
			Spaces:      []connection.Space{{ID: "s1", Name: "Finance", Type: "shared"}},
			Traits:      connection.Traits{Writes: connection.RateLimit{Requests: 500, Window: time.Minute}},
			Connections: []connection.Live{{ID: "c1", Key: connection.Key{Space: "Finance", Name: "L\u0435dger"}, SpaceID: "s1", DataSource: "rest"}},
		},
	})
	if problems.Err() != nil || p.Summary.Create != 2 {
		t.Fatalf("%d creates, %v, want 2 creates", p.Summary.Create, problems)
	}
	const want = `the new name "Ledger" differs from the live connection "L\u0435dger" only in look-alike letters`
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0].Message, want) || p.Warnings[0].Connection.Name != "Ledger" {
		t.Errorf("the warnings are %+v, want one that says %s", p.Warnings, want)
	}
}
