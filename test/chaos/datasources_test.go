package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
)

// TestWhatIsWrittenIsWhatIsReadForEveryDataSource creates a connection of every data
// source of the embedded tenant, with every property that a file can declare, and
// changes all of them: each time what is read again is what was written, and nothing
// is left to do. Nor is there, when values are declared as texts instead.
func TestWhatIsWrittenIsWhatIsReadForEveryDataSource(t *testing.T) {
	for name, behaviour := range map[string]simulator.Behaviour{
		"kept as it was sent":      {},
		"kept as it is documented": {NormaliseValues: true, RestoreDefaults: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tenant := newTenant(t, simulator.Options{Behaviour: behaviour})
				e := newEngine(t, tenant, &line{service: tenant, latency: 20 * time.Millisecond}, qlik.Limits{}, 8)
				catalog := e.catalog()
				for _, values := range []values{{"1", false}, {"2", false}, {"2", true}, {"1", true}} {
					same := values.digit == "2" && values.asText
					e.desired = values.everywhere(t, catalog)
					p := e.plan()
					if same != p.Empty() || !same && len(p.Changes) != len(e.desired) {
						t.Fatalf("%+v: %d changes of %d connections", values, len(p.Changes), len(e.desired))
					}
					result := e.apply(p)
					for _, item := range result.Items {
						if item.Outcome != apply.Done || item.Differs != nil {
							t.Errorf("%+v: got %s of %s: %s %s %+v, want it done without a difference", values, item.Action, item.Connection, item.Outcome, item.Why.String(), item.Differs)
						}
					}
					if p = e.plan(); result.Unverified.Holds() || !p.Empty() {
						t.Errorf("%+v: not verified: %q, left to do: %+v", values, result.Unverified.String(), p.Changes)
					}
				}
			})
		})
	}
}

// catalog returns every data source of the embedded tenant.
func (e *engine) catalog() map[string]*connection.DataSource {
	e.Helper()
	missing, err := e.provider.DataSources(context.Background(), []string{"missing"})
	if err != nil {
		e.Fatal(err)
	}
	catalog, err := e.provider.DataSources(context.Background(), missing.Known)
	if err != nil || len(catalog.DataSources) < 20 {
		e.Fatalf("%d data sources, %v", len(catalog.DataSources), err)
	}
	return catalog.DataSources
}

// values are what a test declares properties as.
type values struct {
	digit  string // "1" or "2"
	asText bool   // also values that are not texts
}

// everywhere declares a connection of each data source.
func (v values) everywhere(t *testing.T, sources map[string]*connection.DataSource) (desired []connection.Desired) {
	t.Helper()
	for _, id := range slices.Sorted(maps.Keys(sources)) {
		d := connection.Desired{
			Space: connection.SpaceRef{Name: "Finance"}, Name: "Of " + id, DataSource: id,
			Properties: map[string]any{}, Credentials: map[string]any{},
		}
		for name, property := range sources[id].Properties {
			switch signIn := sources[id].SignIn; {
			case property.PerUserRole != 0, signIn != nil && (name == signIn.Property || name == signIn.Code):
			case property.Class == connection.ClassProperty:
				d.Properties[name] = v.of(t, property)
			case property.Type == "array":
				d.Credentials[name] = []any{map[string]any{"name": "key.pem", "value": connection.Reference{Env: name}}}
			default:
				d.Credentials[name] = connection.Reference{Env: name}
			}
		}
		desired = append(desired, d)
	}
	return desired
}

// of returns a value of a property, in the form in which files are read.
func (v values) of(t *testing.T, property connection.Property) any {
	t.Helper()
	if enum := property.Enum; len(enum) > 0 {
		return map[string]string{"1": enum[0], "2": enum[len(enum)-1]}[v.digit]
	}
	var value any
	switch property.Type {
	case "string":
		return "value " + v.digit
	case "array":
		return []any{map[string]any{"name": "part " + v.digit, "value": "dmFsdWU="}}
	case "boolean":
		value = v.digit == "2"
	case "integer", "number":
		value = json.Number(v.digit)
	default:
		t.Fatalf("no value of type %q", property.Type)
	}
	if v.asText {
		return fmt.Sprint(value)
	}
	return value
}
