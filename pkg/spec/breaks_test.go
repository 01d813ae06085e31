package spec_test

import (
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

func TestConnectionsThatAChangeBreaks(t *testing.T) {
	set := desired(t, "    properties: {host: h, port: 1, prot: 2}")
	fresh := strings.Replace(sampleSchema, `"minimum": 1,`, `"minimum": 1024,`, 1)
	broken := spec.Breaks(set, catalog(sampleSchema, nil), catalog(fresh, nil))
	if len(broken) != 1 || codes(broken[0].Problems) != `c.yaml:7:33: below-minimum field=port limit=1024 what=property` {
		t.Errorf("got %v, want the one connection whose port the change refuses", broken)
	}
	gone := &connection.Catalog{Known: []string{"other"}}
	if broken := spec.Breaks(set, catalog(sampleSchema, nil), gone); len(broken) != 1 || !strings.Contains(codes(broken[0].Problems), `unknown-data-source dataSource=src`) {
		t.Errorf("got %v, want the one connection whose data source is gone", broken)
	}
	if broken := spec.Breaks(set, catalog(sampleSchema, nil), catalog(sampleSchema, nil)); broken != nil {
		t.Errorf("got %v, want no broken connection for the same schema twice", broken)
	}
}
