package impact_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/pkg/connection"
	simqlik "github.com/qlsync/qlsync/pkg/simulator/qlik"
)

var worlds = flag.Int("worlds", 50, "how many random worlds are drawn")

// drawn is a random world: what happened, not what the service shows of it.
type drawn struct {
	apps     []drawnApp
	switches object
	admin    bool
}

type drawnApp struct {
	name, space, owner string
	unreadable, direct bool
	reloads            []drawnReload // oldest first
}

type drawnReload struct {
	at                                 time.Time
	failed, partial, skipStore, limits bool
	uses                               map[string]string // types of statements by connection; "endpoints" is unknown
}

var connectionNames = []string{"A", "B", "C", "D", "E"}

// draw returns a world. In half of the worlds nothing is hostile, and apps reload no more often than every calm hours.
func draw(r *rand.Rand, calmHours int) drawn {
	chance := func(percent int) bool { return r.IntN(100) < percent }
	d := drawn{admin: chance(85), switches: object{
		"listPersonalItems": chance(80), "qualifiedStatements": chance(50), "directQueryStatements": chance(50),
		"hideAppUsage": chance(30), "reloadsForAll": chance(30), "reloadsByOwnerOnly": chance(5),
	}}
	calm := chance(50) // a world without hostile apps, so that something can be unused
	for i := range 1 + r.IntN(8) {
		app := drawnApp{
			name: fmt.Sprintf("App %d", i), space: []string{"", "Finance", "Sales"}[r.IntN(3)], owner: []string{"ana", "bo", "cy"}[r.IntN(3)],
			unreadable: !calm && chance(10), direct: !calm && chance(10),
		}
		every := []time.Duration{10 * time.Minute, 12 * time.Hour, 24 * time.Hour, 100 * time.Hour, 500 * time.Hour}[r.IntN(5)]
		if calm {
			every = max(every, time.Duration(calmHours)*time.Hour)
		}
		script := map[string]string{}
		for n, at := 0, now.Add(-time.Duration(r.IntN(48))*time.Hour); n < 30 && at.After(now.Add(-90*24*time.Hour)); n++ {
			if n == 0 || chance(10) {
				script = map[string]string{}
				for range r.IntN(3) {
					script[connectionNames[r.IntN(len(connectionNames)-1)]] = []string{"load", "store"}[r.IntN(2)]
				}
				if chance(3) {
					script["E"] = "load"
				}
				if !calm && chance(5) {
					script["endpoints"] = "load"
				}
			}
			app.reloads = append(app.reloads, drawnReload{
				at: at, failed: !calm && chance(10), partial: !calm && chance(5), skipStore: !calm && chance(5), limits: !calm && chance(5), uses: script,
			})
			at = at.Add(-every)
		}
		slices.Reverse(app.reloads)
		if !calm && chance(10) {
			app.reloads = nil
		}
		d.apps = append(d.apps, app)
	}
	return d
}

// seed returns the world as it was at a time.
func (d *drawn) seed(at time.Time) object {
	roles := []string{}
	if d.admin {
		roles = append(roles, "TenantAdmin")
	}
	var apps []object
	for _, app := range d.apps {
		var reloads []object
		for _, reload := range app.reloads {
			if reload.at.After(at) {
				continue
			}
			one := object{"end": reload.at.Format(time.RFC3339), "failed": reload.failed, "partial": reload.partial, "skipStore": reload.skipStore, "script": []object{}}
			if reload.limits {
				one["rowLimit"] = 10
			}
			for _, name := range slices.Sorted(maps.Keys(reload.uses)) {
				connection := "Finance/" + name
				if name == "endpoints" {
					connection = name
				}
				one["script"] = append(one["script"].([]object), object{"type": reload.uses[name], "connection": connection})
			}
			reloads = append(reloads, one)
		}
		apps = append(apps, object{
			"name": app.name, "space": app.space, "owner": app.owner + "@example.com", "unreadable": app.unreadable, "directQuery": app.direct, "reloads": reloads,
		})
	}
	return seedOf(object{
		"apps": apps, "behaviour": d.switches,
		"users": []object{
			{"email": "ana@example.com", "name": "Ana", "roles": roles},
			{"email": "bo@example.com", "name": "Bo"},
			{"email": "cy@example.com", "name": "Cy"},
		},
	})
}

// reference returns which apps use each connection, by the rules of the documentation: of the apps that Ana may list and
// read, all statements of the last ten reloads that the service shows.
func (d *drawn) reference(at time.Time) map[string][]string {
	want := map[string][]string{}
	for _, app := range d.apps {
		mine, is := app.owner == "ana", func(name string) bool { return d.switches[name].(bool) }
		listed := app.space != "" || mine || d.admin && is("listPersonalItems")
		readable := !app.unreadable && (mine || is("reloadsForAll") || d.admin && !is("reloadsByOwnerOnly"))
		if !listed || !readable || app.direct && !is("directQueryStatements") {
			continue
		}
		var past []drawnReload
		for _, reload := range app.reloads {
			if !reload.at.After(at) {
				past = append(past, reload)
			}
		}
		for _, reload := range past[max(0, len(past)-10):] {
			for name, kind := range reload.uses {
				if name != "endpoints" && !(reload.skipStore && kind == "store") && !slices.Contains(want[name], app.name) {
					want[name] = append(want[name], app.name)
				}
			}
		}
	}
	for name := range want {
		slices.Sort(want[name])
	}
	return want
}

// usedSince reports whether anything has used the connection since that time, whether or not anybody can see it. A reload
// that skips store statements does not use their connection.
func (d *drawn) usedSince(name string, since, at time.Time) bool {
	for _, app := range d.apps {
		for _, reload := range app.reloads {
			kind, uses := reload.uses[name]
			if uses && !(reload.skipStore && kind == "store") && reload.at.After(since) && !reload.at.After(at) {
				return true
			}
		}
	}
	return false
}

// TestTheIndexOfRandomWorldsIsTrue: the dependents are those of the reference, nothing that a visible reload used is
// unused, and everything that is called unused was not used by anything, visible or not.
func TestTheIndexOfRandomWorldsIsTrue(t *testing.T) {
	certain := 0
	for n := range *worlds {
		d := draw(rand.New(rand.NewPCG(1, uint64(n))), 100)
		w := embed(t, d.seed(now), simqlik.Options{})
		x := w.index(t, nil)
		want := d.reference(now)
		unused := x.Unused(30)
		if len(unused.Doubts) == 0 && len(unused.IDs) > 0 {
			certain++
		}
		for _, name := range connectionNames {
			id := w.id(t, name)
			var got []string
			for _, dependent := range x.Dependents(id) {
				got = append(got, dependent.Name)
			}
			slices.Sort(got)
			if !slices.Equal(got, want[name]) {
				t.Errorf("world %d: got dependents %q of %s, want %q", n, got, name, want[name])
			}
			if slices.Contains(unused.IDs, id) && len(want[name]) > 0 {
				t.Errorf("world %d: %s is unused, although %q use it", n, name, want[name])
			}
			if slices.Contains(unused.IDs, id) && len(unused.Doubts) == 0 && d.usedSince(name, now.Add(-30*24*time.Hour), now) {
				t.Errorf("world %d: %s is called unused without doubt, and was used within 30 days", n, name)
			}
		}
	}
	if certain < *worlds/20 {
		t.Errorf("got %d worlds of %d in which something is certainly unused: the test says too little", certain, *worlds)
	}
}

// TestAHistoryOfRandomWorldsIsTrue reads each world several times: the history covers more than the service remembers,
// and never more than was seen.
func TestAHistoryOfRandomWorldsIsTrue(t *testing.T) {
	more := 0
	for n := range *worlds / 8 {
		r := rand.New(rand.NewPCG(2, uint64(n)))
		d := draw(r, 12)
		var kept *impact.Kept
		known := map[string]map[string]bool{} // dependents by connection, of all readings
		step := []time.Duration{time.Hour, 24 * time.Hour, 48 * time.Hour, 200 * time.Hour}[r.IntN(4)]
		at := now.Add(-time.Duration(min(12, int(80*24*time.Hour/step))) * step)
		for ; !at.After(now); at = at.Add(step) {
			w := embed(t, d.seed(at), simqlik.Options{})
			w.clock = at
			scope := connection.UsageScope{}
			if kept != nil {
				scope.Known = kept.Apps
			}
			usage, live := w.read(t, scope)
			var history *impact.History
			if kept != nil {
				history = kept.History
			}
			x, alone := indexOf(usage, live, history), w.index(t, nil)
			unused := x.Unused(15)
			if len(unused.Doubts) < len(alone.Unused(15).Doubts) {
				more++
			}
			for _, name := range connectionNames {
				id := w.id(t, name)
				if slices.Contains(unused.IDs, id) && len(unused.Doubts) == 0 && d.usedSince(name, at.Add(-15*24*time.Hour), at) {
					t.Errorf("world %d at %v: %s is called unused without doubt, and was used within 15 days", n, at, name)
				}
				if known[name] == nil {
					known[name] = map[string]bool{}
				}
				for _, dependent := range alone.Dependents(id) {
					known[name][dependent.Name] = true
				}
				if got := len(x.Dependents(id)); got != len(known[name]) {
					t.Errorf("world %d at %v: got %d dependents of %s, want the %d that any reading has seen", n, at, got, name, len(known[name]))
				}
			}
			kept = again(t, kept.Keep(usage, live))
		}
	}
	if more == 0 {
		t.Error("got no world in which the history covers more: the test says too little")
	}
}

// again returns what is in the file of what is kept.
func again(t *testing.T, kept *impact.Kept) *impact.Kept {
	t.Helper()
	content, err := kept.Seal([]byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	read, err := impact.OpenKept(content, []byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// usedLately reports whether a reload of the last day, or one of the last ten of an app, used the connection.
func (d *drawn) usedLately(name string, at time.Time) bool {
	if d.usedSince(name, at.Add(-24*time.Hour), at) {
		return true
	}
	for _, app := range d.apps {
		for _, reload := range app.reloads[max(0, len(app.reloads)-10):] {
			if kind, uses := reload.uses[name]; uses && !(reload.skipStore && kind == "store") {
				return true
			}
		}
	}
	return false
}

// TestNoRefusalIsPassedInTheDark: a change that can break dependents passes a limit of none only if no app has used the
// connection lately, whether or not anybody could see it.
func TestNoRefusalIsPassedInTheDark(t *testing.T) {
	passed, none := 0, 0
	for n := range *worlds {
		d := draw(rand.New(rand.NewPCG(3, uint64(n))), 100)
		w := embed(t, d.seed(now), simqlik.Options{})
		x := w.index(t, nil)
		for _, name := range connectionNames {
			change := impact.Change{
				Connection: connection.Key{Space: "Finance", Name: name}, ID: w.id(t, name), Breaks: impact.BreakDelete, Limits: connection.ImpactLimits{Refuse: &none},
			}
			_, verdicts := impact.Judge([]impact.Change{change}, x)
			if slices.ContainsFunc(verdicts, func(v impact.Verdict) bool { return v.Refuses }) {
				continue
			}
			passed++
			if d.usedLately(name, now) {
				t.Errorf("world %d: the delete of %s passes, although an app used it lately: %+v", n, name, x.Unseen)
			}
		}
	}
	if passed < *worlds/20 {
		t.Errorf("got %d deletes that pass, want some: the test says too little", passed)
	}
}
