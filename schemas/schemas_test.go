package schemas_test

import (
	"encoding/json"
	"testing"

	"github.com/qlsync/qlsync/schemas"
)

func TestEverySchemaIsADraft07DocumentWithATitle(t *testing.T) {
	for name, text := range map[string][]byte{
		"project":     schemas.Project(),
		"connections": schemas.Connections(),
		"plan":        schemas.Plan(),
		"result":      schemas.Result(),
		"plans":       schemas.Plans(),
		"drifts":      schemas.Drifts(),
		"results":     schemas.Results(),
		"history":     schemas.History(),
		"drift":       schemas.Drift(),
		"problems":    schemas.Problems(),
		"tenants":     schemas.Tenants(),
		"fleet":       schemas.Fleet(),
		"vendored":    schemas.Vendored(),
		"snapshot":    schemas.Snapshot(),
		"secrets":     schemas.Secrets(),
		"doctor":      schemas.Doctor(),
		"impact":      schemas.Impact(),
		"check":       schemas.Check(),
		"version":     schemas.Version(),
	} {
		var head struct {
			Schema string `json:"$schema"`
			Title  string `json:"title"`
			Type   string `json:"type"`
		}
		if err := json.Unmarshal(text, &head); err != nil {
			t.Errorf("%s is not JSON: %v", name, err)
			continue
		}
		if head.Schema != "http://json-schema.org/draft-07/schema#" || head.Title == "" || head.Type != "object" {
			t.Errorf("%s: unexpected head %+v", name, head)
		}
	}
}

func TestACallerMayChangeWhatItGets(t *testing.T) {
	schemas.Plan()[0] = 'x'
	if schemas.Plan()[0] != '{' {
		t.Error("a change by one caller is seen by the next")
	}
}
