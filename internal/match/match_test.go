package match_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/keyrecord"
	"github.com/qlsync/qlsync/internal/match"
	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// rules is a provider that demands nothing.
type rules struct{ connection.Rules }

func (rules) Check(*connection.Desired, *connection.DataSource, *connection.Capabilities) []connection.Reason {
	return nil
}
func (rules) Assess(connection.Difference) connection.Demands { return connection.Demands{} }

// world is files and a tenant with the spaces A and B.
type world struct {
	files targets.Files
	live  []connection.Live
}

func spaces() []connection.Space {
	return []connection.Space{{ID: "s-a", Name: "A", Type: "shared"}, {ID: "s-b", Name: "B", Type: "shared"}}
}

// record returns the record of a key in the space A.
func record(name string) string {
	return keyrecord.Of(&connection.Snapshot{Spaces: spaces()}, nil).Record(connection.Key{Space: "A", Name: name})
}

// onTheWay returns the name that a connection has on a way to a name in the space A.
func onTheWay(way connection.Way, name string) string {
	return keyrecord.Of(&connection.Snapshot{Spaces: spaces()}, nil).Name(way, connection.Key{Space: "A", Name: name})
}

func (w *world) declare(names ...string) {
	for _, name := range names {
		w.files.Desired = append(w.files.Desired, connection.Desired{Space: connection.SpaceRef{Name: "A"}, Name: name})
	}
}

func (w *world) move(from, to string) {
	end := func(name string) connection.MoveEnd {
		return connection.MoveEnd{Space: connection.SpaceRef{Name: "A"}, Name: name}
	}
	w.files.Moves = append(w.files.Moves, connection.Move{From: end(from), To: end(to)})
}

// hold adds a live connection in the space A that the project owns, with the record of a key.
func (w *world) hold(name, of string, set ...func(*connection.Live)) {
	live := connection.Live{
		ID: "id-" + name, Key: connection.Key{Space: "A", Name: name}, SpaceID: "s-a",
		Record: connection.Record{Project: "acme", Key: record(of)},
	}
	for _, change := range set {
		change(&live)
	}
	w.live = append(w.live, live)
}

func phase(of string) func(*connection.Live) {
	return func(l *connection.Live) { l.Record.Phase = of }
}

func ownedBy(project string) func(*connection.Live) {
	return func(l *connection.Live) { l.Record.Project = project }
}

func (w *world) find() match.Found {
	w.files.Project, w.files.Spaces = "acme", []connection.SpaceRef{{Name: "A"}}
	tenant := targets.NewTenant(&connection.Snapshot{Spaces: spaces(), Connections: w.live}, w.files.Moves)
	resolved := targets.Resolve(&w.files, rules{}, tenant)
	return match.Find(&w.files, rules{}, &resolved)
}

// TestEachDeclaredConnectionIsOneLiveOneOrNone has a case for each line of the table in the comment of
// the package.
func TestEachDeclaredConnectionIsOneLiveOneOrNone(t *testing.T) {
	for name, test := range map[string]struct {
		set  func(w *world)
		want string // the live name of x, and how it was found, or what the trouble is
	}{
		"itself":                          {func(w *world) { w.hold("x", "x") }, "x"},
		"itself, also of another project": {func(w *world) { w.hold("x", "x", ownedBy("other")) }, "x"},
		"itself, and a copy by hand":      {func(w *world) { w.hold("x", "x"); w.hold("copy", "x") }, "x"},
		"the one at a temporary name": {
			func(w *world) { w.hold(onTheWay(connection.OnTheWay, "x"), "x") }, onTheWay(connection.OnTheWay, "x") + " interrupted",
		},
		"the old one of a recreate whose new one is gone": {
			func(w *world) { w.hold(onTheWay(connection.Aside, "x"), "x", phase(connection.PhaseDeposed)) }, onTheWay(connection.Aside, "x") + " interrupted",
		},
		"the new one of a recreate whose old one has made way": {func(w *world) {
			w.hold(onTheWay(connection.Aside, "x"), "x", phase(connection.PhaseDeposed))
			w.hold(onTheWay(connection.Beside, "x"), "x", phase(connection.PhaseNew))
		}, onTheWay(connection.Beside, "x") + " interrupted"},
		"the one from which a moved block leads": {func(w *world) { w.hold("w", "w"); w.move("w", "x") }, "w moved"},
		"the one at the far end of a chain": {
			func(w *world) { w.hold("u", "u"); w.move("u", "v"); w.move("v", "x") }, "u moved",
		},
		"not the one that moves on":                  {func(w *world) { w.hold("x", "x"); w.declare("y"); w.move("x", "y") }, "none"},
		"the one renamed by hand":                    {func(w *world) { w.hold("renamed", "x") }, "renamed moved-by-hand"},
		"none: two may be the renamed one":           {func(w *world) { w.hold("renamed", "x"); w.hold("copied", "x") }, "none several-candidates"},
		"none: several moved blocks lead there":      {func(w *world) { w.hold("v", "v"); w.hold("w", "w"); w.move("v", "x"); w.move("w", "x") }, "none several-moves"},
		"itself, while the one to be moved is there": {func(w *world) { w.hold("w", "w"); w.hold("x", "x"); w.move("w", "x") }, "x moved-to-taken"},
		"none": {func(w *world) { w.hold("another", "another") }, "none"},
	} {
		w := &world{}
		w.declare("x")
		test.set(w)
		found := w.find()
		p := found.Pairs[slices.IndexFunc(found.Pairs, func(p match.Pair) bool { return p.Key.Name == "x" })]
		got := "none"
		if p.Live != nil {
			got = p.Live.Key.Name
		}
		if got = strings.TrimSpace(got + " " + cmp.Or(p.Trouble.Code, p.Because.Code)); got != test.want {
			t.Errorf("%s: x is %q, want %q", name, got, test.want)
		}
	}
}

func TestEachLeftoverHasTheFateOfTheFirstRuleThatHolds(t *testing.T) {
	for name, test := range map[string]struct {
		set  func(w *world)
		want match.Fate
		why  string
	}{
		"another project's":                    {func(w *world) { w.hold("l", "l", ownedBy("other")) }, match.Foreign, ""},
		"nobody's":                             {func(w *world) { w.hold("l", "l", ownedBy("")) }, match.Foreign, ""},
		"ours, and no longer declared":         {func(w *world) { w.hold("l", "l") }, match.Undeclared, ""},
		"ours, without a key record":           {func(w *world) { w.hold("l", "l", func(l *connection.Live) { l.Record.Key = "" }) }, match.Kept, "kept-unrecorded"},
		"renamed or copied by hand":            {func(w *world) { w.hold("l", "else") }, match.Kept, "kept-unexplained"},
		"renamed, and a moved block says so":   {func(w *world) { w.hold("l", "else"); w.move("else", "l") }, match.Undeclared, ""},
		"like a declared one but for the case": {func(w *world) { w.hold("X", "X") }, match.Kept, "kept-namesake"},
		"to be moved to a name that is taken":  {func(w *world) { w.hold("l", "l"); w.move("l", "x") }, match.Kept, "kept-pending"},
		"listed twice, as it was just moved":   {func(w *world) { w.hold("l", "x", func(l *connection.Live) { l.ID = "id-x" }) }, match.Kept, "kept-listed-twice"},
		"the new one of a recreate":            {func(w *world) { w.hold(onTheWay(connection.Beside, "x"), "x", phase(connection.PhaseNew)) }, match.Finished, ""},
		"the old one of a recreate":            {func(w *world) { w.hold(onTheWay(connection.Aside, "x"), "x", phase(connection.PhaseDeposed)) }, match.Finished, ""},
		"the old one, with the only credentials": {func(w *world) {
			w.hold(onTheWay(connection.Aside, "x"), "x", phase(connection.PhaseDeposed), func(l *connection.Live) { l.HasCredentials = true })
		}, match.Kept, "kept-credentials"},
		"a protected one with the record of a recreate": {func(w *world) {
			w.hold(onTheWay(connection.Beside, "x"), "x", phase(connection.PhaseNew), func(l *connection.Live) { l.Record.Protected = true })
		}, match.Kept, "kept-protected"},
		"a copy of one, with a name by hand": {func(w *world) { w.hold("l", "x", phase(connection.PhaseNew)) }, match.Kept, "kept-misnamed"},
	} {
		w := &world{}
		w.declare("x")
		w.hold("x", "x")
		test.set(w)
		found := w.find()
		if len(found.Leftovers) != 1 {
			t.Errorf("%s: got %d leftovers, want 1", name, len(found.Leftovers))
			continue
		}
		if rest := found.Leftovers[0]; rest.Fate != test.want || rest.Kept.Code != test.why {
			t.Errorf("%s: the fate is %d for %q, want %d for %q", name, rest.Fate, rest.Kept.Code, test.want, test.why)
		}
	}
}

func TestOfTwoHalvesOfOneKindNoneIsFinished(t *testing.T) {
	w := &world{}
	w.declare("x")
	w.hold("x", "x")
	w.hold(onTheWay(connection.Beside, "x"), "x", phase(connection.PhaseNew))
	w.hold(onTheWay(connection.Beside, "x")+"-2", "x", phase(connection.PhaseNew))
	for _, rest := range w.find().Leftovers {
		if rest.Fate != match.Kept || rest.Kept.Code != "kept-several" {
			t.Errorf("the fate of %s is %d for %q, want it kept: nobody can tell which one the recreate has left", rest.Live.Key, rest.Fate, rest.Kept.Code)
		}
	}
}

func TestOnlyWhatGoesRoundOrIsRecreatedRecordsWhereItComesFrom(t *testing.T) {
	w := &world{}
	w.declare("x", "y", "z")
	w.hold("x", "x")
	w.hold("y", "y")
	w.move("x", "y")
	w.move("y", "x")
	w.move("w", "z")
	found := w.find()
	for name, want := range map[string]string{"x": record("y"), "y": record("x"), "z": ""} {
		if got := found.MovedRecord(connection.Key{Space: "A", Name: name}, nil); got != want {
			t.Errorf("the record from where %s comes is %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]bool{"x": true, "w": true, "z": false} {
		if got := found.LeadsAway(connection.Key{Space: "A", Name: name}); got != want {
			t.Errorf("a moved block leads away from %s is %v, want %v", name, got, want)
		}
	}
}

func TestWhatIsOfADisabledDataSourceIsInTrouble(t *testing.T) {
	w := &world{files: targets.Files{Catalog: &connection.Catalog{Disabled: []string{"teradata"}}}}
	w.declare("x", "y")
	w.files.Desired[0].DataSource, w.files.Desired[1].DataSource = "teradata", "postgres"
	w.hold("y", "y", func(l *connection.Live) { l.DataSource = "teradata" })
	for _, p := range w.find().Pairs {
		want := map[string]string{"x": "disabled", "y": "disabled-live"}[p.Key.Name]
		if p.Trouble.Code != want {
			t.Errorf("the trouble of %s is %q, want %q", p.Key.Name, p.Trouble.Code, want)
		}
	}
}
