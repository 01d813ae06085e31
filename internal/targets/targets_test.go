package targets_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// rules is a provider that has something to say of each connection with a name.
type rules struct {
	connection.Rules
	refused string
}

func (r rules) Check(declared *connection.Desired, _ *connection.DataSource, _ *connection.Capabilities) []connection.Reason {
	if declared.Name != r.refused {
		return nil
	}
	return []connection.Reason{connection.Because("no-such-port").About("/properties/port")}
}

func snapshot() *connection.Snapshot {
	return &connection.Snapshot{
		Spaces: []connection.Space{{Name: connection.PersonalSpace, Type: "personal"}, {ID: "s-a", Name: "A", Type: "shared"}, {ID: "s-b", Name: "B", Type: "shared"}},
		Users: []connection.User{
			{ID: "u-ana", Email: "ana@example.com", Subject: "acme/ana"}, {ID: "u-bo", Email: "bo@example.com"}, {ID: "u-bo2", Email: "Bo@example.com"},
		},
		NoUsers: []string{"u-gone"},
		Stored:  []connection.StoredCredentials{{ID: "id-team", Name: "team"}},
	}
}

func catalog() *connection.Catalog {
	return &connection.Catalog{DataSources: map[string]*connection.DataSource{"postgres": {ID: "postgres", Properties: map[string]connection.Property{
		"use":  {PerUserRole: connection.SelectsCredentials},
		"make": {PerUserRole: connection.NamesCredentials},
	}}}}
}

// declared returns a declaration whose positions name the path in the column of the file's name.
func declared(space, name string, set ...func(*connection.Desired)) connection.Desired {
	d := connection.Desired{
		Space: connection.SpaceRef{Name: space, Position: connection.Position{File: name + "/space"}}, Name: name, DataSource: "postgres",
		At: func(path string) connection.Position { return connection.Position{File: name + path} },
	}
	for _, change := range set {
		change(&d)
	}
	return d
}

func resolve(files *targets.Files) targets.Resolved {
	now := snapshot()
	return targets.Resolve(files, rules{refused: "odd"}, targets.NewTenant(now, files.Moves))
}

func TestAMistakeThatOnlyTheTenantShowsIsACodeWithItsPosition(t *testing.T) {
	owner := func(name string) func(*connection.Desired) { return func(d *connection.Desired) { d.Owner = name } }
	for name, test := range map[string]struct {
		files targets.Files
		want  string
	}{
		"no mistake":               {targets.Files{Desired: []connection.Desired{declared("A", "x", owner("acme/ana"))}}, ""},
		"a space that is not seen": {targets.Files{Desired: []connection.Desired{declared("C", "x")}}, "no-space x/space"},
		"a space with a typo":      {targets.Files{Desired: []connection.Desired{declared("persona", "x")}}, "no-space-typo x/space"},
		"a space in other letters": {targets.Files{Desired: []connection.Desired{declared("a", "x")}}, "no-space-case x/space"},
		"a space of another project": {
			targets.Files{Spaces: []connection.SpaceRef{{Name: "B"}}, Desired: []connection.Desired{declared("A", "x")}}, "outside-spaces x/space",
		},
		"the same connection twice": {targets.Files{Desired: []connection.Desired{declared("A", "x"), declared("A", "x")}}, "already-declared x"},
		"by the name and the id of the space, in other letters": {targets.Files{Desired: []connection.Desired{
			declared("A", "x"), declared("A", "X", func(d *connection.Desired) { d.Space = connection.SpaceRef{ID: "s-a"} }),
		}}, "declared-almost-alike X"},
		"an owner who is nobody":      {targets.Files{Desired: []connection.Desired{declared("A", "x", owner("cy@example.com"))}}, "no-user x/owner"},
		"an owner who may be several": {targets.Files{Desired: []connection.Desired{declared("A", "x", owner("bo@example.com"))}}, "several-users x/owner"},
		"an id that is nobody's": {
			targets.Files{Desired: []connection.Desired{declared("A", "x", func(d *connection.Desired) { d.OwnerID = "u-gone" })}}, "no-user-id x/owner",
		},
		"what the provider says": {targets.Files{Desired: []connection.Desired{declared("A", "odd")}}, "no-such-port odd/properties/port"},
	} {
		var got []string
		for _, p := range resolve(&test.files).Problems {
			got = append(got, p.Reason.Code+" "+p.Position.File)
		}
		if text := strings.Join(got, ", "); text != test.want {
			t.Errorf("%s: problems are %q, want %q", name, text, test.want)
		}
	}
}

func TestATargetHasWhatItsNamesMeanInTheTenant(t *testing.T) {
	files := &targets.Files{Catalog: catalog(), Desired: []connection.Desired{
		declared("B", "y", func(d *connection.Desired) {
			d.Owner, d.Properties = "ANA@example.com", map[string]any{"use": "team"}
		}),
		declared("A", "x", func(d *connection.Desired) { d.DataSource, d.OwnerID = "unknown", "u-bo" }),
		declared("", "z", func(d *connection.Desired) { d.Space = connection.SpaceRef{Personal: true} }),
	}}
	r := resolve(files)
	if len(r.Problems) != 0 || len(r.Targets) != 3 {
		t.Fatalf("got %d targets and the problems %v, want 3 without a problem", len(r.Targets), r.Problems)
	}
	var got []string
	for _, target := range r.Targets {
		got = append(got, strings.Join([]string{target.Key.String(), target.TenantSpace.ID, target.TenantOwner, target.Source.ID}, " "))
	}
	slices.Sort(got)
	want := []string{"A/x s-a u-bo unknown", "B/y s-b u-ana postgres", connection.PersonalSpace + "/z   postgres"}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("targets differ (-want +got):\n%s", diff)
	}
	y := r.Declared[connection.Key{Space: "B", Name: "y"}]
	if selected := y.Properties["use"]; selected != "id-team" {
		t.Errorf("the target selects the stored credentials %v, want their id", selected)
	}
	if selected := files.Desired[0].Properties["use"]; selected != "team" {
		t.Errorf("the declaration selects %v after Resolve, want it as the file has it", selected)
	}
}

func TestStoredCredentialsThatAreNotThereAreSaidWithTheirMaker(t *testing.T) {
	use := func(d *connection.Desired) { d.Properties = map[string]any{"use": "new"} }
	for name, test := range map[string]struct {
		files []connection.Desired
		want  string
	}{
		"none makes them": {[]connection.Desired{declared("A", "x", use)}, "no-stored"},
		"another one makes them": {[]connection.Desired{
			declared("A", "x", use), declared("A", "y", func(d *connection.Desired) { d.Properties = map[string]any{"make": "new"} }),
		}, "no-stored-yet"},
	} {
		x := resolve(&targets.Files{Catalog: catalog(), Desired: test.files}).Declared[connection.Key{Space: "A", Name: "x"}]
		if x.Lacks.Code != test.want || x.Selects != "use" {
			t.Errorf("%s: lacks %q by the property %q, want %q by use", name, x.Lacks.Code, x.Selects, test.want)
		}
	}
}

func TestASpaceThatOnlyMovesComeFromIsOutOfScope(t *testing.T) {
	files := &targets.Files{
		Spaces:    []connection.SpaceRef{{Name: "A"}, {ID: "s-b"}, {Name: "Gone"}},
		OnlyMoves: []connection.SpaceRef{{ID: "s-b"}, {Name: "Gone"}},
	}
	r := resolve(files)
	if diff := cmp.Diff(map[string]bool{"A": true}, r.InScope); diff != "" || len(r.Problems) > 0 {
		t.Errorf("spaces in scope differ (-want +got):\n%s\nproblems %v, want none of a space that is gone", diff, r.Problems)
	}
}

func catalogOf(source string, gw connection.Property) *connection.Catalog {
	return &connection.Catalog{DataSources: map[string]*connection.DataSource{source: {ID: source, Properties: map[string]connection.Property{"gw": gw}}}}
}

func TestAGatewayIsSelectedByItsNameOrItsID(t *testing.T) {
	byName := func(name string) any { return map[string]any{"gateway": name} }
	for name, test := range map[string]struct {
		value any
		want  any // the id, or a problem
	}{
		"a name":                         {byName("Frankfurt"), "eu-1"},
		"an id":                          {"eu-1", "eu-1"},
		"a name in other letters":        {byName("frankfurt"), "no-choice"},
		"the name of two gateways":       {byName("Twin"), "several-choices"},
		"the gateway of another source":  {byName("Rome"), "no-choice"},
		"the id of another tenant":       {"us-1", "no-choice-id"},
		"the id of another source":       {"it-1", "no-choice-id"},
		"no text":                        {json.Number("1"), "no-choice-id"},
		"another map":                    {map[string]any{"gateway": "Frankfurt", "x": 1}, "no-choice-id"},
		"nothing":                        {nil, nil},
		"an id of which is no list":      {"unlisted", "unlisted"},
		"a name where there is no list":  {byName("unlisted"), "choice-not-listed"},
		"an id that a name looks like":   {"Frankfurt", "no-choice-id"},
		"a name that an id looks like":   {byName("eu-1"), "no-choice"},
		"a name without a single letter": {byName(""), "no-choice"},
	} {
		source := "DG_listed"
		if text, _ := test.value.(string); text == "unlisted" || test.want == "choice-not-listed" {
			source = "DG_unlisted"
		}
		files := &targets.Files{
			Desired: []connection.Desired{declared("A", "x", func(d *connection.Desired) {
				d.DataSource, d.Properties = source, map[string]any{"gw": test.value, "host": byName("Frankfurt")}
			})},
			Catalog: catalogOf(source, connection.Property{ChosenBy: "gateway"}),
		}
		now := snapshot()
		now.NoChoices = []string{"DG_unlisted"}
		now.Choices = []connection.Choice{
			{DataSource: "DG_listed", ID: "eu-1", Name: "Frankfurt"},
			{DataSource: "DG_listed", ID: "eu-2", Name: "Twin"},
			{DataSource: "DG_listed", ID: "eu-3", Name: "Twin"},
			{DataSource: "DG_other", ID: "it-1", Name: "Rome"},
		}
		r := targets.Resolve(files, rules{}, targets.NewTenant(now, nil))
		got := r.Targets[0].Properties["gw"]
		if len(r.Problems) > 0 {
			got = r.Problems[0].Reason.Code
		}
		if diff := cmp.Diff(test.want, got); diff != "" || !cmp.Equal(r.Targets[0].Properties["host"], byName("Frankfurt")) {
			t.Errorf("%s: the value or the problem differs (-want +got), or another property was changed:\n%s", name, diff)
		}
		anyID := catalogOf(source, connection.Property{ChosenBy: "gateway", AnyID: true})
		_, isName := (&connection.Property{ChosenBy: "gateway"}).ChoiceName(test.value)
		if asked := targets.Scope(&targets.Files{Desired: files.Desired, Catalog: anyID}).Choices; (len(asked) == 1) != isName {
			t.Errorf("%s: the gateways of %q are asked for where an id is not looked up, want only those of a name", name, asked)
		}
		if asked := targets.Scope(files).Choices; (len(asked) == 1) != (test.value != nil) {
			t.Errorf("%s: the gateways of %q are asked for, want only those of a declared gateway", name, asked)
		}
	}
}
