package chaos_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// undrawn says why no world has what the embedded tenant can do: switches, options, faults,
// and members of the connections of a seed.
var undrawn = map[string]string{
	"Behaviour.RefuseSpacePatch":        "who is no administrator could move nothing, for ever: the stories under every switch have it",
	"Behaviour.DuplicateCopiesTags":     "qlsync duplicates nothing",
	"Behaviour.TenantLimit":             "with the four users of a world, it is larger than the limit of the one who applies",
	"Behaviour.IgnoreUnknownProperties": "the planner knows every property that a world declares",
	"Behaviour.DefaultPageSize":         "qlsync asks for a size of pages with every list",
	"Behaviour.AnonymousHostChange":     "each connection of a world has credentials",
	"Behaviour.ListPersonalItems":       noApps,
	"Behaviour.ReloadsByOwnerOnly":      noApps,
	"Behaviour.ReloadsForAll":           noApps,
	"Behaviour.QualifiedStatements":     noApps,
	"Behaviour.DirectQueryStatements":   noApps,
	"Behaviour.HideAppUsage":            noApps,
	"Behaviour.NestedDataSetConnection": noApps,
	"Options.Now":                       "the time of a bubble is fake already",
	"Options.LockTimeout":               "a world has no state file",
	"Options.RateLimits":                "they are in the seed",
	"Fault.Latency":                     "a world carries out one request at a time, and nobody may sleep meanwhile: slow answers are the soak's",
	"Fault.Deploy":                      "is of the Apinizer-shaped server",
	"SeedConnection.ID":                 "ids follow from places and names",
}

const noApps = "is about what uses connections, which a world does not have"

// TestEverySwitchOfTheEmbeddedTenantIsDrawn fails when the embedded tenant learns something that
// no world has, so that chaos draws it or somebody says why not.
func TestEverySwitchOfTheEmbeddedTenantIsDrawn(t *testing.T) {
	drawn := map[string]bool{}
	worlds := rapid.Custom(drawWorld)
	for i := range 400 {
		w := worlds.Example(i)
		noteDrawn(drawn, "Behaviour", w.behaviour)
		noteDrawn(drawn, "Options", w.options())
		for _, f := range w.faults {
			noteDrawn(drawn, "Fault", f)
		}
		var seed struct {
			Connections []map[string]any `json:"connections"`
		}
		if err := json.Unmarshal(w.seed(), &seed); err != nil {
			t.Fatal(err)
		}
		for _, c := range seed.Connections {
			for name, value := range c {
				if value != nil && value != "" {
					drawn["SeedConnection."+strings.ToUpper(name[:1])+name[1:]] = true
				}
			}
		}
	}
	known := slices.Collect(maps.Keys(fieldsOf(map[string]reflect.Type{
		"Behaviour": reflect.TypeFor[simulator.Behaviour](), "Options": reflect.TypeFor[simulator.Options](),
		"Fault": reflect.TypeFor[simulator.Fault](), "SeedConnection": reflect.TypeFor[inspect.SeedConnection](),
	})))
	slices.Sort(known)
	for _, name := range known {
		switch why, listed := undrawn[name]; {
		case !drawn[name] && !listed:
			t.Errorf("no world has %s: let drawWorld draw it, or say in undrawn why not", name)
		case drawn[name] && listed:
			t.Errorf("worlds have %s, and undrawn says that none does, because %s", name, why)
		}
	}
	for name := range undrawn {
		if !slices.Contains(known, name) {
			t.Errorf("undrawn has %s, which the embedded tenant does not know", name)
		}
	}
}

func noteDrawn(drawn map[string]bool, of string, value any) {
	v := reflect.ValueOf(value)
	for i := range v.NumField() {
		if field := v.Field(i); !field.IsZero() && (field.Kind() != reflect.Slice || field.Len() > 0) {
			drawn[of+"."+v.Type().Field(i).Name] = true
		}
	}
}

func fieldsOf(types map[string]reflect.Type) map[string]bool {
	fields := map[string]bool{}
	for of, kind := range types {
		for i := range kind.NumField() {
			fields[of+"."+kind.Field(i).Name] = true
		}
	}
	return fields
}
