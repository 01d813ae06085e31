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
	if len(broken) != 1 || broken[0].Problems.Error() != `c.yaml:7:33: property "port" must be at least 1024` {
		t.Errorf("got %v, want the one connection whose port the change refuses", broken)
	}
	gone := &connection.Catalog{Known: []string{"other"}}
	if broken := spec.Breaks(set, catalog(sampleSchema, nil), gone); len(broken) != 1 || !strings.Contains(broken[0].Problems.Error(), `there is no data source "src"`) {
		t.Errorf("got %v, want the one connection whose data source is gone", broken)
	}
	if broken := spec.Breaks(set, catalog(sampleSchema, nil), catalog(sampleSchema, nil)); broken != nil {
		t.Errorf("got %v, want no broken connection for the same schema twice", broken)
	}
}
