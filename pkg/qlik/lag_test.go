package qlik_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// TestAWriteAfterAWriteWaitsUntilTheFirstOneIsVisible writes twice on the same connections, on
// a tenant whose reads lag behind its writes.
func TestAWriteAfterAWriteWaitsUntilTheFirstOneIsVisible(t *testing.T) {
	firsts := map[string]func(live *connection.Live) connection.Operation{
		"a patch": func(live *connection.Live) connection.Operation {
			return connection.Operation{Kind: connection.Patch, ID: live.ID, Key: live.Key, Seen: live, Tags: &[]string{"new"}}
		},
		"a patch of credentials": func(live *connection.Live) connection.Operation {
			return connection.Operation{Kind: connection.Patch, ID: live.ID, Key: live.Key, Seen: live, Credentials: map[string]any{"password": connection.NewSecret("p")}}
		},
		"a change of owner": func(live *connection.Live) connection.Operation {
			return connection.Operation{Kind: connection.BulkUpdate, ID: live.ID, Key: live.Key, Seen: live, OwnerID: "u-bob"}
		},
		"a create": func(*connection.Live) connection.Operation {
			return connection.Operation{
				Kind: connection.Create, Name: "N", Key: connection.Key{Space: "Finance", Name: "N"}, Space: &connection.Space{ID: "s-fin", Name: "Finance", Type: "shared"},
				DataSource: "rest", Set: map[string]any{"url": "https://n.example"}, Record: &connection.Record{Project: "finance"}, Tags: &[]string{"mine"},
			}
		},
	}
	for first, operation := range firsts {
		for second, write := range writes {
			for _, readBack := range []bool{false, true} {
				name := second + " after " + first
				if readBack {
					name += " that is read back"
				}
				t.Run(name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						_, provider := embed(t, shared, simulator.Options{Behaviour: simulator.Behaviour{Lag: 7}})
						_, live := look(t, provider)
						a, b := live["Finance/A"], live["Finance/B"]
						time.Sleep(time.Minute)
						one := operation(&a)
						one.ReadBack = readBack
						outcome := provider.Execute(t.Context(), []connection.Operation{one})[0]
						if outcome.Err != nil {
							t.Fatal(outcome.Err)
						}
						a.ID = outcome.ID
						if first == "a create" {
							a.Key.Name = "N"
						}
						began := time.Now()
						for _, outcome := range executeAny(t, provider, write(&a, &b)) {
							if outcome.Err != nil {
								t.Error(outcome.Err)
							}
						}
						if took := time.Since(began); took > 15*time.Second {
							t.Errorf("took %v, want at most 15s", took)
						}
					})
				})
			}
		}
	}
}

// TestAnEditAfterOurWriteIsReportedAtOnce does not take somebody else's edit for a lag.
func TestAnEditAfterOurWriteIsReportedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant, provider := embed(t, shared, simulator.Options{})
		_, live := look(t, provider)
		a := live["Finance/A"]
		provider.Execute(t.Context(), []connection.Operation{{Kind: connection.Patch, ID: a.ID, Key: a.Key, Seen: &a, Tags: &[]string{"new"}}})
		if err := tenant.Edit(a.ID, func(c *inspect.Connection) { c.Tags = []string{"mine", "qlsync:finance"} }); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		outcome := provider.Execute(t.Context(), []connection.Operation{{Kind: connection.Delete, ID: a.ID, Key: a.Key, Seen: &a}})[0]
		if took := time.Since(began); !errors.Is(outcome.Err, connection.ErrChanged) || took > 0 {
			t.Errorf("got error %v after %v, want ErrChanged at once", outcome.Err, took)
		}
	})
}
