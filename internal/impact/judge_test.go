package impact_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/pkg/connection"
)

var (
	noon   = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	orders = connection.Key{Space: "Finance", Name: "Orders lake"}
)

// app returns an app that loaded through the connections in one complete reload, two hours ago.
func app(id string, connections ...string) connection.App {
	reload := connection.Reload{ID: "r-" + id, At: noon.Add(-2 * time.Hour), Success: true}
	for _, used := range connections {
		reload.Uses = append(reload.Uses, connection.Use{ID: used, Key: connection.KeyDigest(connection.Key{Space: "Finance", Name: "the name of " + used}), How: connection.UseLoad})
	}
	return connection.App{
		Item: connection.Item{ID: id, Name: id}, Reloads: []connection.Reload{reload},
		State: connection.AppState{ReloadedAt: reload.At, Status: "ok", UpdatedAt: reload.At},
	}
}

// seen returns what a tenant administrator sees who also sees the personal apps of others.
func seen(apps ...connection.App) *connection.Usage {
	return &connection.Usage{Caller: connection.User{ID: "u", Name: "Ana", Admin: true}, At: noon, OthersPersonal: true, Apps: apps}
}

func limits(refuse int, unknown string) connection.ImpactLimits {
	return connection.ImpactLimits{Refuse: &refuse, Unknown: unknown}
}

func judge(usage *connection.Usage, limits connection.ImpactLimits) (*impact.Report, []impact.Verdict) {
	live := []connection.Live{{ID: "c1", Key: orders, UpdatedAt: noon.Add(-time.Hour)}}
	change := impact.Change{Connection: orders, ID: "c1", Breaks: impact.BreakRename, Limits: limits}
	return impact.Judge([]impact.Change{change}, indexOf(usage, live, nil))
}

func TestANumberOfDependentsThatMayBeTooLowPassesNoLimitThatRefuses(t *testing.T) {
	often := app("often")
	often.Reloads = nil
	for i := range 10 {
		often.Reloads = append(often.Reloads, connection.Reload{ID: fmt.Sprint(i), At: noon.Add(time.Duration(10*(i-10)) * time.Minute), Success: true})
	}
	daily := app("daily")
	daily.Reloads = nil
	for i := range 10 {
		daily.Reloads = append(daily.Reloads, connection.Reload{ID: fmt.Sprint(i), At: noon.Add(time.Duration(24*(i-10)) * time.Hour), Success: true})
	}
	daily.State.ReloadedAt = noon.Add(-24 * time.Hour)
	failing := app("failing")
	for i := range failing.Reloads {
		failing.Reloads[i].Success = false
	}
	// after returns an app with a complete reload that did not use the connection, and a newer one. The
	// script may have been edited in between.
	after := func(newer connection.Reload) connection.App {
		one := app("edited", "c2")
		newer.ID, newer.At = "newer", noon.Add(-time.Hour)
		one.Reloads = append(one.Reloads, newer)
		one.State = connection.AppState{ReloadedAt: newer.At, UpdatedAt: newer.At}
		return one
	}
	broken := app("broken", "c2") // complete, then failed nine times
	for i := range 9 {
		broken.Reloads = append(broken.Reloads, connection.Reload{ID: fmt.Sprint(i), At: noon.Add(time.Duration(24*(i-9)) * time.Hour)})
	}
	broken.Reloads[0].At, broken.State.ReloadedAt = noon.Add(-1000*24*time.Hour), noon.Add(-24*time.Hour)
	behind := app("behind", "c2")
	behind.State.ReloadedAt = noon.Add(-time.Hour)
	limited := app("limited")
	limited.Reloads[0].Limited = true
	nameless := app("nameless")
	nameless.Reloads[0].Unknown = 1
	forgotten := app("forgotten")
	forgotten.Reloads = nil
	never := app("never")
	never.Reloads, never.State = nil, connection.AppState{UpdatedAt: noon}
	direct := app("direct")
	direct.DirectQuery = true
	unread := app("unread")
	unread.Reloads, unread.Unread = nil, connection.Because("usage-unread", "error", "403")

	nobody := seen(app("a"))
	nobody.Caller.Admin = false
	personal := seen(app("a"))
	personal.OthersPersonal = false
	cut := seen(app("a"))
	cut.Incomplete = []connection.Reason{connection.Because("usage-list-incomplete", "why", "cut off")}

	for name, c := range map[string]struct {
		usage *connection.Usage
		want  string // the code of why the number may be too low; empty: the plan passes
	}{
		"every app is known":                                {seen(app("a"), app("b", "c2")), ""},
		"an app was never reloaded":                         {seen(app("a"), never), ""},
		"an app is reloaded daily, and older ones are gone": {seen(daily), ""},
		"an app is reloaded every ten minutes":              {seen(often), "impact-unchecked"},
		"all remembered reloads of an app failed":           {seen(failing), "impact-unchecked"},
		"the newest reload failed, after a complete one":    {seen(after(connection.Reload{})), "impact-unchecked"},
		"the newest reload was partial":                     {seen(after(connection.Reload{Success: true, Limited: true})), "impact-unchecked"},
		"the newest reload was complete":                    {seen(after(connection.Reload{Success: true})), ""},
		"an app has failed since a complete reload":         {seen(broken), "impact-unchecked"},
		"the list has a reload that its metadata lacks":     {seen(behind), "impact-unchecked"},
		"a reload was partial or limited":                   {seen(limited), "impact-unchecked"},
		"a load has no known connection":                    {seen(nameless), "impact-unchecked"},
		"an app was reloaded, and no reload is remembered":  {seen(forgotten), "impact-unchecked"},
		"an app reads by Direct Query":                      {seen(direct), "impact-unchecked"},
		"an app is not readable":                            {seen(unread), "impact-unchecked"},
		"the caller is not a tenant administrator":          {nobody, "usage-not-admin"},
		"personal apps of others may be missing":            {personal, "usage-not-listed"},
		"the list is incomplete":                            {cut, "usage-list-incomplete"},
	} {
		t.Run(name, func(t *testing.T) {
			report, verdicts := judge(c.usage, limits(0, ""))
			got, refuses := "", false
			if len(verdicts) > 0 {
				refuses = verdicts[0].Refuses
				got = verdicts[0].Reason.Args["why"].(connection.Reason).Code
			}
			if got != c.want || refuses != (c.want != "") {
				t.Errorf("got refused=%v because of %q, want it because of %q", refuses, got, c.want)
			}
			if unknown := report.Refused != nil && report.Refused.Unknown; unknown != (c.want != "") {
				t.Errorf("got unknown=%v in the evidence, want %v", unknown, c.want != "")
			}
		})
	}
}

func TestAppsThatCannotBeCheckedPassWhereEvenAllOfThemAreAllowed(t *testing.T) {
	direct := app("direct")
	direct.DirectQuery = true
	usage := seen(app("a", "c1"), app("b", "c1"), direct)
	if _, verdicts := judge(usage, limits(3, "")); len(verdicts) > 0 {
		t.Errorf("2 dependents, 1 unchecked, 3 allowed: got %v, want it to pass", verdicts)
	}
	report, verdicts := judge(usage, limits(2, ""))
	if len(verdicts) != 1 || !verdicts[0].Refuses || report.Refused.Dependents != 2 || !report.Refused.Unknown {
		t.Errorf("2 dependents, 1 unchecked, 2 allowed: got %v and %+v, want it refused with 2 dependents and more unknown", verdicts, report.Refused)
	}
	if _, verdicts := judge(usage, limits(2, connection.ImpactWarn)); len(verdicts) != 1 || verdicts[0].Refuses {
		t.Errorf("with unknown: warn, got %v, want one warning", verdicts)
	}
	report, verdicts = judge(usage, limits(1, connection.ImpactWarn))
	if len(verdicts) != 1 || verdicts[0].Reason.Code != "impact-over" || report.Refused.Unknown {
		t.Errorf("2 dependents, 1 allowed: got %v, want it refused as over the limit", verdicts)
	}
}

// A warning begins with the name of its connection, so its sentence does not repeat the name.
func TestAWarningAboutADoubtDoesNotNameItsConnectionAgain(t *testing.T) {
	usage := seen(app("known", "c1"))
	usage.Caller.Admin = false
	_, verdicts := judge(usage, limits(5, connection.ImpactWarn))
	if len(verdicts) != 1 || verdicts[0].Refuses || verdicts[0].Reason.Code != "impact-may-be-more" {
		t.Fatalf("got %+v, want one warning impact-may-be-more, whose sentence names no connection", verdicts)
	}
	if _, isNamed := verdicts[0].Reason.Args["connection"]; verdicts[0].Connection != orders || !isNamed {
		t.Errorf("got %+v, want a verdict about %s", verdicts[0], orders)
	}
}

func TestWithoutASourceALimitThatRefusesRefuses(t *testing.T) {
	why := connection.Because("impact-no-source")
	change := impact.Change{Connection: orders, ID: "c1", Breaks: impact.BreakDelete, Limits: limits(1000, "")}
	if report, verdicts := impact.Blindly([]impact.Change{change}, why); len(verdicts) != 1 || !verdicts[0].Refuses || !report.Refused.Unknown {
		t.Errorf("got %v, want the delete refused, because nothing is known", verdicts)
	}
	change.Breaks = ""
	if _, verdicts := impact.Blindly([]impact.Change{change}, why); len(verdicts) > 0 {
		t.Errorf("got %v for a change that breaks nothing, want none", verdicts)
	}
}

// TestWhatAReviewedPlanShowsIsNotForgotten: apply may have a shorter history than plan had.
func TestWhatAReviewedPlanShowsIsNotForgotten(t *testing.T) {
	live := []connection.Live{{ID: "c1", Key: orders}, {ID: "c2"}}
	shows := func(apps int, ids ...string) *impact.Impacted {
		one := &impact.Impacted{Count: impact.Count{Apps: apps}}
		for _, id := range ids {
			one.Dependents = append(one.Dependents, impact.Dependent{Kind: connection.DependentApp, ID: id})
		}
		return one
	}
	for name, test := range map[string]struct {
		reviewed   *impact.Impacted
		dependents int // 0: nothing is refused
	}{
		"nothing":                     {nil, 0},
		"the same":                    {shows(1, "a"), 0},
		"fewer":                       {shows(0), 0},
		"more":                        {shows(2, "a", "b"), 2},
		"others":                      {shows(2, "b", "c"), 3},
		"more than a plan file lists": {shows(300, "a", "b"), 300},
	} {
		change := impact.Change{Connection: orders, ID: "c1", Breaks: impact.BreakDelete, Limits: limits(1, connection.ImpactWarn), Reviewed: test.reviewed}
		report, _ := impact.Judge([]impact.Change{change}, indexOf(seen(app("a", "c1")), live, nil))
		if got := report.Refused; (got != nil) != (test.dependents > 0) || got != nil && got.Dependents != test.dependents {
			t.Errorf("%s: got refused %+v, want %d", name, got, test.dependents)
		}
		if blind, _ := impact.Blindly([]impact.Change{change}, connection.Because("impact-no-source")); (blind.Refused != nil) != (test.dependents > 0) {
			t.Errorf("%s: got refused %+v without a source", name, blind.Refused)
		}
	}
}

func TestALimitThatWarnsCountsDependents(t *testing.T) {
	for warn, want := range map[int]bool{1: true, 2: true, 3: false} {
		_, verdicts := judge(seen(app("a", "c1"), app("b", "c1")), connection.ImpactLimits{Warn: &warn})
		if got := len(verdicts) == 1 && !verdicts[0].Refuses; got != want {
			t.Errorf("2 dependents, warn: %d: got %v, want a warning: %v", warn, verdicts, want)
		}
	}
}

// The verdict equals one that is computed from the world itself: a change passes a limit only if
// certainly no more apps depend on the connection.
func TestInRandomWorldsNothingPassesThatMayBreakMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var apps []connection.App
		truth := 0 // apps that use c1, whether or not that can be seen
		for i := range rapid.IntRange(0, 12).Draw(t, "apps") {
			one := app(fmt.Sprint("a", i))
			if uses := rapid.Bool().Draw(t, "uses"); uses {
				one = app(fmt.Sprint("a", i), "c1")
				truth++
			}
			switch rapid.SampledFrom([]string{"seen", "unread", "direct", "nameless", "failed", "failed since"}).Draw(t, "blind spot") {
			case "unread":
				one.Reloads, one.Unread = nil, connection.Because("usage-unread", "error", "403")
			case "direct":
				one.DirectQuery, one.Reloads[0].Uses = true, nil
			case "nameless":
				one.Reloads[0].Uses, one.Reloads[0].Unknown = nil, 1
			case "failed":
				one.Reloads[0].Uses, one.Reloads[0].Success = nil, false
			case "failed since": // the load was added to the script, and never reached
				one.Reloads[0].Uses = nil
				one.Reloads = append(one.Reloads, connection.Reload{ID: "failed", At: noon.Add(-time.Hour)})
			}
			apps = append(apps, one)
		}
		allowed := rapid.IntRange(0, 12).Draw(t, "allowed")
		report, verdicts := judge(seen(apps...), limits(allowed, ""))
		if truth > allowed && len(verdicts) == 0 {
			t.Fatalf("%d apps use the connection and %d are allowed: got no refusal; the evidence is %+v", truth, allowed, report)
		}
		if found := report.Connections[0]; found.Total() > truth || found.Total()+found.Unchecked < truth {
			t.Fatalf("%d apps use the connection: got %d seen and %d unchecked", truth, found.Total(), found.Unchecked)
		}
	})
}

// A plan file is edited by hand: the number is the largest one.
func TestTheNumberOfAPlanFileHidesNoAppThatCouldNotBeChecked(t *testing.T) {
	live := []connection.Live{{ID: "c1", Key: orders}}
	direct := app("direct")
	direct.DirectQuery = true
	change := impact.Change{
		Connection: orders, ID: "c1", Breaks: impact.BreakDelete, Limits: connection.ImpactLimits{Unknown: connection.ImpactRefuse},
		Reviewed: &impact.Impacted{Count: impact.Count{Apps: math.MaxInt}},
	}
	if report, _ := impact.Judge([]impact.Change{change}, indexOf(seen(app("a", "c1"), direct), live, nil)); report.Refused == nil || !report.Refused.Unknown {
		t.Errorf("got refused %+v, want a refusal because of the app that could not be checked", report.Refused)
	}
}
