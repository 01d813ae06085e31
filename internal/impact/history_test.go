package impact_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/pkg/connection"
)

// reloads returns complete reloads of an app, one each day from one day to another, that load from the connection.
func reloads(from, to int, id string) []connection.Reload {
	var list []connection.Reload
	for day := from; day <= to; day++ {
		at := now.Add(time.Duration(day) * 24 * time.Hour)
		list = append(list, connection.Reload{ID: at.Format(time.DateOnly), At: at, Success: true, Uses: []connection.Use{{ID: id, How: connection.UseLoad}}})
	}
	return list
}

// reading returns what an administrator sees of one app, some days after the beginning.
func reading(day int, list []connection.Reload) *connection.Usage {
	app := connection.App{Item: connection.Item{ID: "app"}, Reloads: list}
	if len(list) > 0 {
		app.State.ReloadedAt = list[len(list)-1].At
	}
	return &connection.Usage{
		Caller: connection.User{Admin: true}, OthersPersonal: true, At: now.Add(time.Duration(day) * 24 * time.Hour), Apps: []connection.App{app},
	}
}

func TestAHistoryCoversTheTimeInWhichNoReloadWasMissed(t *testing.T) {
	live := []connection.Live{{ID: "used", UpdatedAt: now.Add(-1000 * time.Hour)}, {ID: "idle", UpdatedAt: now.Add(-1000 * time.Hour)}, {ID: "before", UpdatedAt: now.Add(-1000 * time.Hour)}}
	tests := map[string]struct {
		first, second []connection.Reload
		covers        int // days before the second reading, day 20
		before        int // dependents of the connection that only the first reading shows
	}{
		"one common reload":           {reloads(1, 10, "before"), reloads(10, 19, "used"), 19, 1},
		"none, with a gap":            {reloads(1, 9, "before"), reloads(11, 20, "used"), 9, 1},
		"none, without a gap":         {reloads(1, 10, "before"), reloads(11, 20, "used"), 9, 1}, // nobody knows
		"the same reloads":            {reloads(1, 10, "used"), reloads(1, 10, "used"), 19, 0},
		"nothing remembered any more": {reloads(1, 10, "before"), nil, -1, 1},
		"nothing before":              {nil, reloads(11, 20, "used"), 9, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			history := (*impact.History)(nil).With(reading(10, test.first), live)
			x := indexOf(reading(20, test.second), live, history)
			for days := range 30 {
				if covered := len(x.Unused(days).Doubts) == 0; covered != (days <= test.covers) {
					t.Errorf("%d days: got covered %v, want %v", days, covered, days <= test.covers)
				}
			}
			if got := len(x.Dependents("before")); got != test.before {
				t.Errorf("got %d dependents that the first reading shows, want %d", got, test.before)
			}
		})
	}
}

// TestAReadingThatIsSavedAfterALaterOne: two runs at once may save in either order.
func TestAReadingThatIsSavedAfterALaterOneAddsToIt(t *testing.T) {
	live := []connection.Live{{ID: "early"}, {ID: "late"}}
	for name, test := range map[string]struct {
		early, late []connection.Reload
		from        int
	}{
		"the times overlap":        {reloads(1, 10, "early"), reloads(8, 12, "late"), 1},
		"they touch":               {reloads(1, 10, "early"), reloads(10, 12, "late"), 10}, // another reload may have ended then
		"with a gap":               {reloads(1, 9, "early"), reloads(11, 12, "late"), 11},
		"the earlier one is empty": {nil, reloads(11, 12, "late"), 0}, // nobody knows
	} {
		history := (*impact.History)(nil).With(reading(12, test.late), live).With(reading(10, test.early), live)
		x := impact.New(reading(12, test.late), live, history)
		var want impact.Covered
		if test.from > 0 {
			want = impact.Covered{From: now.Add(time.Duration(test.from) * 24 * time.Hour), To: now.Add(12 * 24 * time.Hour)}
		}
		if got := x.Covered("app"); got != want {
			t.Errorf("%s: got covered %v, want %v", name, got, want)
		}
		if len(x.Dependents("late")) != 1 || len(x.Dependents("early")) != min(1, len(test.early)) {
			t.Errorf("%s: a use is forgotten", name)
		}
	}
}

func TestAReloadWithoutIDJoinsNothing(t *testing.T) {
	first, second := reloads(1, 10, "used"), reloads(10, 19, "used")
	first[9].ID, second[0].ID = "", ""
	history := (*impact.History)(nil).With(reading(10, first), nil)
	if got := indexOf(reading(20, second), nil, history).Covered("app").From; !got.Equal(second[0].At) {
		t.Errorf("got covered from %v, want from %v: a reload without an id may be any", got, second[0].At)
	}
}

func TestWhatCouldNotBeReadKeepsItsHistory(t *testing.T) {
	live := []connection.Live{{ID: "used"}}
	history := (*impact.History)(nil).With(reading(10, reloads(1, 10, "used")), live)
	dark := reading(20, nil)
	dark.Apps[0].Unread = connection.Because("usage-unread", "error", "403")
	x := indexOf(dark, live, history)
	if len(x.Dependents("used")) != 1 || !x.Blind() || x.Covered("app") != (impact.Covered{}) {
		t.Errorf("got dependents %v, blind %v, covered %v; want the known dependent, and no coverage", x.Dependents("used"), x.Blind(), x.Covered("app"))
	}
}

func TestAKeptFileIsSealed(t *testing.T) {
	live := []connection.Live{{ID: "used", Key: connection.Key{Space: "Secret space", Name: "Secret name"}}}
	usage := reading(20, reloads(1, 10, "used"))
	usage.Apps[0].Name = "Secret app"
	content, err := (*impact.Kept)(nil).Keep(usage, live).Seal([]byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(content, []byte("Secret")) {
		t.Errorf("got %s, want no name", content)
	}
	kept, err := impact.OpenKept(content, []byte("key"))
	if err != nil || len(kept.Apps["app"].Reloads) != 10 || !slices.EqualFunc(kept.Apps["app"].Reloads[1].Uses, usage.Apps[0].Reloads[1].Uses, func(a, b connection.Use) bool { return a.ID == b.ID && a.How == b.How }) {
		t.Fatalf("got %+v and error %v, want what was kept", kept, err)
	}
	if _, err := impact.OpenKept(content, []byte("another key")); !errors.Is(err, impact.ErrSeal) {
		t.Errorf("got error %v with another key, want ErrSeal", err)
	}
	for i := 0; i < len(content); i += 7 {
		for _, changed := range [][]byte{content[:i], append(slices.Clone(content[:i]), append([]byte{content[i] ^ 1}, content[i+1:]...)...)} {
			if _, err := impact.OpenKept(changed, []byte("key")); !errors.Is(err, impact.ErrSeal) {
				t.Fatalf("got error %v for a file changed at %d, want ErrSeal", err, i)
			}
		}
	}
}

func TestAnAppWhoseLastReloadIsNotInItsMetadataIsReadAgain(t *testing.T) {
	usage := reading(20, reloads(1, 10, "used"))
	usage.Apps[0].State.ReloadedAt = now.Add(11 * 24 * time.Hour)
	if kept := (*impact.Kept)(nil).Keep(usage, nil); len(kept.Apps) != 0 {
		t.Errorf("got kept %+v, want nothing: the metadata is behind the list", kept.Apps)
	}
}
