package impact_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/pkg/connection"
	simqlik "github.com/qlsync/qlsync/pkg/simulator/qlik"
)

// often is ten complete reloads within the last 36 days.
var often = []object{{"ago": "1h", "times": 10, "every": "96h"}}

// visible returns apps that are visible and covered for 30 days, one of them in the personal space of another user. They
// use the connections A and B.
func visible(more ...object) []object {
	return append([]object{
		{"name": "Board", "space": "Sales", "owner": "bo@example.com", "script": load("Finance/A"), "reloads": often},
		{"name": "Mine", "owner": "cy@example.com", "script": load("Finance/B"), "reloads": often},
	}, more...)
}

// codes returns the codes of reasons.
func codes(reasons []connection.Reason) []string {
	var codes []string
	for _, reason := range reasons {
		codes = append(codes, reason.Code)
	}
	return codes
}

func TestEachBlindSpotIsReportedAndNothingIsUnused(t *testing.T) {
	one := func(app object) object { return object{"apps": visible(app)} }
	app := func(more object) object {
		app := object{"name": "Dark", "space": "Finance", "owner": "bo@example.com", "script": load("A"), "reloads": often}
		for key, value := range more {
			app[key] = value
		}
		return one(app)
	}
	user := []object{{"email": "ana@example.com", "name": "Ana"}, {"email": "bo@example.com", "name": "Bo"}, {"email": "cy@example.com", "name": "Cy"}}
	tests := map[string]struct {
		seed   object
		faults []simqlik.Fault
		// doubt has the codes of the doubts; empty: none. lists returns the list of what was not seen in which the app Dark is.
		doubt string
		lists func(impact.Unseen) []string
	}{
		"everything is seen and covered": {seed: object{"apps": visible()}},
		"an idle app is covered since its last reload": {
			seed: app(object{"reloads": []object{{"ago": "1000h"}}}),
		},
		"a caller without the role": {
			seed: object{"apps": visible(), "users": user, "behaviour": object{"reloadsForAll": true}}, doubt: "usage-not-admin usage-not-listed",
		},
		"no app at all": {seed: object{}, doubt: "usage-no-apps usage-not-listed"},
		"apps in personal spaces of others not listed":  {seed: object{"apps": visible(), "behaviour": object{"listPersonalItems": false}}, doubt: "usage-not-listed"},
		"an app that is not readable":                   {seed: app(object{"unreadable": true}), doubt: "usage-not-readable", lists: func(u impact.Unseen) []string { return u.NotReadable }},
		"metadata for owners only":                      {seed: object{"apps": visible(), "behaviour": object{"reloadsByOwnerOnly": true}}, doubt: "usage-not-readable"},
		"an app that was never reloaded":                {seed: app(object{"reloads": []object{}}), doubt: "usage-not-covered", lists: func(u impact.Unseen) []string { return u.NeverReloaded }},
		"Direct Query whose statements are not listed":  {seed: app(object{"directQuery": true}), doubt: "usage-not-covered", lists: func(u impact.Unseen) []string { return u.DirectQuery }},
		"a load without a known connection":             {seed: app(object{"script": load("endpoints")}), doubt: "usage-not-covered", lists: func(u impact.Unseen) []string { return u.UnknownConnection }},
		"an app that reloads every ten minutes":         {seed: app(object{"reloads": []object{{"ago": "1m", "times": 300, "every": "10m"}}}), doubt: "usage-not-covered"},
		"an app that failed ten reloads":                {seed: app(object{"reloads": []object{{"ago": "1h", "times": 10, "every": "96h", "failed": true}}}), doubt: "usage-not-covered"},
		"an app whose last reload failed":               {seed: app(object{"reloads": []object{{"ago": "1h", "failed": true}, {"ago": "1000h"}}}), doubt: "usage-not-covered"},
		"an app whose last reload was partial":          {seed: app(object{"reloads": []object{{"ago": "1h", "partial": true}, {"ago": "1000h"}}}), doubt: "usage-not-covered"},
		"an app whose last reload was limited to rows":  {seed: app(object{"reloads": []object{{"ago": "1h", "rowLimit": 100}, {"ago": "1000h"}}}), doubt: "usage-not-covered"},
		"an app whose last reload skipped the stores":   {seed: app(object{"reloads": []object{{"ago": "1h", "skipStore": true}, {"ago": "1000h"}}}), doubt: "usage-not-covered"},
		"an app whose reloads were all partial":         {seed: app(object{"reloads": []object{{"ago": "1h", "times": 10, "every": "96h", "partial": true}}}), doubt: "usage-not-covered"},
		"a knowledge base that is not readable":         {seed: object{"apps": visible(), "knowledgeBases": []object{{"name": "Docs", "space": "Finance", "unreadable": true}}}, doubt: "usage-not-readable"},
		"a data set that is not readable":               {seed: object{"apps": visible(), "dataSets": []object{{"name": "Set", "space": "Finance", "connections": []string{"A"}, "unreadable": true}}}, doubt: "usage-not-readable"},
		"Direct Query that the list does not show":      {seed: object{"apps": visible(object{"name": "Dark", "space": "Finance", "directQuery": true, "script": load("A"), "reloads": often}), "behaviour": object{"hideAppUsage": true}}, doubt: "usage-not-covered"},
		"a list that cannot be read":                    {seed: object{"apps": visible()}, faults: []simqlik.Fault{{Path: "/api/v1/items", Status: 403}}, doubt: "usage-no-apps usage-not-listed usage-list-incomplete"},
		"a list without data":                           {seed: object{"apps": visible()}, faults: []simqlik.Fault{{Path: "/api/v1/items", Answer: "{}"}}, doubt: "usage-no-apps usage-not-listed usage-list-incomplete"},
		"a list with empty data":                        {seed: object{"apps": visible()}, faults: []simqlik.Fault{{Path: "/api/v1/items", Answer: `{"data": [], "links": {}}`}}, doubt: "usage-no-apps usage-not-listed"},
		"metadata answered with 404":                    {seed: object{"apps": visible()}, faults: []simqlik.Fault{{Path: "/api/v1/apps/*/reloads/metadata/", Status: 404}}, doubt: "usage-not-readable"},
		"metadata answered with 500":                    {seed: object{"apps": visible()}, faults: []simqlik.Fault{{Path: "/api/v1/apps/*/reloads/metadata/", Status: 500, Times: 9}}, doubt: "usage-not-readable"},
		"metadata without data":                         {seed: object{"apps": visible()}, faults: []simqlik.Fault{{Path: "/api/v1/apps/*/reloads/metadata/", Answer: "{}"}}, doubt: "usage-not-readable"},
		"metadata that is empty":                        {seed: object{"apps": visible()}, faults: []simqlik.Fault{{Path: "/api/v1/apps/*/reloads/metadata/", Answer: `{"data": []}`}}, doubt: "usage-not-covered"},
		"a reload without an end":                       {seed: object{"apps": visible()}, faults: []simqlik.Fault{{Path: "/api/v1/apps/*/reloads/metadata/", Answer: `{"data": [{"reloadId": "r", "success": true}]}`}}, doubt: "usage-not-covered"},
		"metadata older than the last reload":           {seed: object{"apps": visible()}, faults: []simqlik.Fault{{Path: "/api/v1/apps/*/reloads/metadata/", Answer: `{"data": [{"reloadId": "r", "success": true, "endTime": "2026-10-01T00:00:00Z"}]}`}}, doubt: "usage-not-covered"},
		"a success that is no boolean":                  {seed: object{"apps": visible()}, faults: []simqlik.Fault{{Path: "/api/v1/apps/*/reloads/metadata/", Answer: `{"data": [{"reloadId": "r", "success": 1, "endTime": "2026-10-01T00:00:00Z"}]}`}}, doubt: "usage-not-covered"},
		"statements of another form":                    {seed: object{"apps": visible()}, faults: []simqlik.Fault{{Path: "/api/v1/apps/*/reloads/metadata/", Answer: `{"data": [{"statements": "many"}]}`}}, doubt: "usage-not-readable"},
		"a data set that does not name its connection":  {seed: object{"apps": visible(), "dataSets": []object{{"name": "Set", "space": "Finance", "connections": []string{"A"}}}}, faults: []simqlik.Fault{{Path: "/api/v1/data-sets/*", Answer: `{"id": "x"}`}}, doubt: "usage-not-readable"},
		"a knowledge base of which nothing is answered": {seed: object{"apps": visible(), "knowledgeBases": []object{{"name": "Docs", "space": "Finance"}}}, faults: []simqlik.Fault{{Path: "/api/v1/knowledgebases/*", Answer: `{}`}}, doubt: "usage-not-readable"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := embed(t, seedOf(test.seed), simqlik.Options{Faults: test.faults})
			x := w.index(t, nil)
			unused := x.Unused(30)
			if got, want := codes(unused.Doubts), strings.Fields(test.doubt); !slices.Equal(got, want) {
				t.Errorf("got doubts %q, want %q", got, want)
			}
			if test.lists != nil && !slices.Equal(test.lists(x.Unseen), []string{w.App(t, "Dark")}) {
				t.Errorf("got %+v, want the app Dark in its list", x.Unseen)
			}
			if !slices.Contains(unused.IDs, w.id(t, "E")) {
				t.Errorf("got %q without a use, want E among them", unused.IDs)
			}
		})
	}
}

// A connection that was changed within the days may have been created within them.
func TestAConnectionThatIsYoungerThanTheDaysIsNotUnused(t *testing.T) {
	w := embed(t, seedOf(object{"apps": visible()}), simqlik.Options{})
	if _, err := w.Add(inspectConnection("Young")); err != nil {
		t.Fatal(err)
	}
	unused := w.index(t, nil).Unused(30)
	if slices.Contains(unused.IDs, w.id(t, "Young")) || !slices.Contains(unused.Recent, w.id(t, "Young")) {
		t.Errorf("got %+v, want Young among the recent connections", unused)
	}
}

// A session app cannot break, and says nothing about coverage.
func TestSessionAppsAreLeftOutByTheirIDs(t *testing.T) {
	w := embed(t, seedOf(object{"apps": visible(
		object{"id": "SessionApp_1", "name": "Session", "space": "Finance", "script": load("E")},
		object{"name": "SessionApp_2 is only a name", "space": "Finance", "script": load("E"), "reloads": often},
	)}), simqlik.Options{})
	usage, live := w.read(t, connection.UsageScope{})
	x := indexOf(usage, live, nil)
	if usage.SessionApps != 1 || x.Apps != 3 || len(x.Dependents(w.id(t, "E"))) != 1 {
		t.Errorf("got %d session apps, %d apps and dependents %q of E, want 1, 3 and the app with that name", usage.SessionApps, x.Apps, described(x.Dependents(w.id(t, "E"))))
	}
}

func TestUsesOfFormerConnectionsCount(t *testing.T) {
	const gone = "00000000-0000-4000-8000-00000000dead"
	script := func(name string) []object {
		return []object{{"type": "load", "connection": name, "id": gone}}
	}
	apps := visible(object{"name": "Old", "space": "Sales", "script": load("Finance/A"), "reloads": []object{{"ago": "2h", "script": script("Finance/C")}}})
	qualified := embed(t, seedOf(object{"apps": apps, "behaviour": object{"qualifiedStatements": true}}), simqlik.Options{})
	x := qualified.index(t, nil)
	if got := x.Dependents(qualified.id(t, "C")); len(got) != 1 || got[0].Name != "Old" || !got[0].Former {
		t.Errorf("got %q, want Old to use C by its former id and present name", described(got))
	}
	// Without the space in the name, only an app in the same space means a connection that is older than the reload.
	plain := embed(t, seedOf(object{"apps": apps}), simqlik.Options{})
	x = plain.index(t, nil)
	if got := x.Dependents(plain.id(t, "C")); len(got) != 0 || !slices.Equal(x.Unseen.Elsewhere, []string{gone}) {
		t.Errorf("got %q and elsewhere %q, want a connection that is not known", described(got), x.Unseen.Elsewhere)
	}
	// A history that saw the id at this name knows better.
	usage, live := plain.read(t, connection.UsageScope{})
	before := slices.Clone(live)
	for i := range before {
		if before[i].Key.Name == "C" {
			before[i].ID = gone
		}
	}
	history := (*impact.History)(nil).With(&connection.Usage{At: now}, before)
	x = indexOf(usage, live, history)
	if got := x.Dependents(plain.id(t, "C")); len(got) != 1 || !got[0].Former || len(x.Unseen.Elsewhere) != 0 {
		t.Errorf("got %q and elsewhere %q, want Old to use C, which was recreated", described(got), x.Unseen.Elsewhere)
	}
}

// TestAnAppWithANamelessUseOfAGoneConnectionMayUseAny: the connection may have been recreated.
func TestAnAppWithANamelessUseOfAGoneConnectionMayUseAny(t *testing.T) {
	live := []connection.Live{{ID: "new", Key: orders, UpdatedAt: noon}}
	for name, c := range map[string]struct {
		use  connection.Use
		want int
	}{
		"the id is gone and has no name": {connection.Use{ID: "gone", How: connection.UseLoad}, 1},
		"the id is gone and has a name":  {connection.Use{ID: "gone", Key: connection.KeyDigest(connection.Key{Space: "Audit", Name: "C"}), How: connection.UseLoad}, 0},
		"the id exists and has no name":  {connection.Use{ID: "new", How: connection.UseLoad}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			one := app("a")
			one.Reloads[0].Uses = []connection.Use{c.use}
			report, _ := impact.Judge([]impact.Change{{Connection: orders, ID: "new", Breaks: impact.BreakDelete}}, indexOf(seen(one), live, nil))
			if got := report.Connections[0].Unchecked; got != c.want {
				t.Errorf("got %d apps that may use the connection too, want %d", got, c.want)
			}
			if got := len(indexOf(seen(one), live, nil).Unused(0).NotCovered); got != c.want {
				t.Errorf("got %d apps whose uses are not all known, want %d", got, c.want)
			}
		})
	}
}

// TestTheNextReloadUsesWhatHasTheNameNow: a script finds a connection by its name, so that an app depends on what has the
// name now, although its last reload used another connection.
func TestTheNextReloadUsesWhatHasTheNameNow(t *testing.T) {
	digest := func(space, name string) string { return connection.KeyDigest(connection.Key{Space: space, Name: name}) }
	at := noon.Add(-2 * time.Hour) // the last reload of the app, which is in the space Sales
	exact := connection.Use{Key: digest("Finance", "Orders")}
	bare := connection.Use{Key: digest("Sales", "Orders"), Bare: digest("", "Orders")}
	live := func(id, space, name string, created, updated time.Time) connection.Live {
		return connection.Live{ID: id, Key: connection.Key{Space: space, Name: name}, CreatedAt: created, UpdatedAt: updated}
	}
	old, young := noon.Add(-1000*time.Hour), noon.Add(-time.Hour)
	for name, c := range map[string]struct {
		use  connection.Use
		id   string // of the used connection
		live []connection.Live
		want string
	}{
		"it is recreated":                    {bare, "gone", []connection.Live{live("new", "Finance", "Orders", young, young)}, "new"},
		"it is recreated at an unknown time": {bare, "gone", []connection.Live{live("new", "Finance", "Orders", time.Time{}, time.Time{})}, "new"},
		"the space of the app has one of the name too": {
			bare, "gone", []connection.Live{live("mine", "Sales", "Orders", old, old), live("new", "Finance", "Orders", young, young)}, "mine new",
		},
		"it is in a space that is not read": {bare, "elsewhere", []connection.Live{live("other", "Finance", "Orders", old, young)}, ""},
		"it is renamed, and a new one has its name": {
			exact, "old", []connection.Live{live("new", "Finance", "Orders", young, young), live("old", "Finance", "Orders old", old, young)}, "new old",
		},
		"it is renamed, and a name without space is known": {
			bare, "old", []connection.Live{live("new", "Finance", "Orders", young, young), live("old", "Finance", "Orders old", old, young)}, "new old",
		},
		"two are swapped": {
			exact, "old", []connection.Live{live("other", "Finance", "Orders", old, young), live("old", "Finance", "Rates", old, young)}, "old other",
		},
		"it is only renamed": {exact, "old", []connection.Live{live("old", "Finance", "Orders old", old, young)}, "old"},
		"nothing has changed": {
			bare, "old", []connection.Live{live("new", "Audit", "Orders", young, young), live("old", "Finance", "Orders", old, old)}, "old",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.use.ID, c.use.How = c.id, connection.UseLoad
			one := app("a")
			one.Reloads[0].At, one.Reloads[0].Uses = at, []connection.Use{c.use}
			kept := again(t, (*impact.Kept)(nil).Keep(seen(one), c.live))
			later := app("a")
			later.Reloads = append(slices.Clone(one.Reloads), connection.Reload{ID: "later", At: noon, Success: true})
			for where, x := range map[string]*impact.Index{
				"read": indexOf(seen(one), c.live, nil), "from a cache": indexOf(seen(kept.Apps["a"]), c.live, kept.History),
			} {
				var got []string
				for _, l := range c.live {
					for _, d := range x.Dependents(l.ID) {
						got = append(got, l.ID)
						if d.Former != (l.ID != c.id) {
							t.Errorf("%s: got former=%v for %s, want it for what the reload did not use", where, d.Former, l.ID)
						}
					}
				}
				slices.Sort(got)
				if text := strings.Join(got, " "); text != c.want {
					t.Errorf("%s: got %q with the app, want %q", where, text, c.want)
				}
			}
			x := indexOf(seen(later), c.live, nil)
			for _, l := range c.live {
				for _, d := range x.Dependents(l.ID) {
					if d.Former && c.id == "old" {
						t.Errorf("got %s used by its name, although a later reload has used another", l.ID)
					}
				}
			}
		})
	}
}

func TestUnusedConnectionsAreCountedAmongTheSelectedOnes(t *testing.T) {
	live := []connection.Live{
		{ID: "a", Key: orders, UpdatedAt: noon.Add(-1000 * time.Hour)}, {ID: "b", UpdatedAt: noon.Add(-1000 * time.Hour)}, {ID: "c", UpdatedAt: noon},
	}
	one := app("app")
	one.Reloads[0].At, one.State.ReloadedAt = noon.Add(-48*time.Hour), noon.Add(-48*time.Hour)
	x := indexOf(seen(one), live, nil)
	for selected, want := range map[int]impact.UnusedList{1: {WithoutUse: 1}, 2: {WithoutUse: 2}, 3: {WithoutUse: 2, Recent: 1}} {
		got := x.UnusedList(live[:selected], 1)
		if got.WithoutUse != want.WithoutUse || got.Recent != want.Recent || len(got.Proven) != want.WithoutUse {
			t.Errorf("of %d selected: got %d without use, %d proven and %d recent, want %d, as many and %d",
				selected, got.WithoutUse, len(got.Proven), got.Recent, want.WithoutUse, want.Recent)
		}
	}
}
