package apinizer_test

import (
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	simulator "github.com/qlsync/qlsync/pkg/simulator/apinizer"
)

// TestARunGoesOnWhereTheManagerShowsWritesLate makes, changes, renames and deletes, each on
// what the write before has left, on a manager whose reads lag behind its writes.
func TestARunGoesOnWhereTheManagerShowsWritesLate(t *testing.T) {
	for _, dialect := range []simulator.Dialect{simulator.Current, simulator.Legacy} {
		for _, lag := range []int{0, 5} {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, twoProjects, simulator.Behaviour{Dialect: dialect, Lag: lag})
				r.snapshot()
				at := func(name string) connection.Key { return connection.Key{Space: "Payments", Name: name} }
				record := connection.Record{Project: testProject, Key: connection.KeyDigest(at("Drop"))}
				create := func(name string) connection.Operation {
					return connection.Operation{
						Kind: connection.Create, Key: at(name), Name: name, DataSource: "ftp", Record: &record, ReadBack: true,
						Set:         map[string]any{"host": "ftp.example", "username": "app", "protocol": "SFTP", "port": json.Number("22")},
						Credentials: map[string]any{"password": connection.NewSecret("p")},
					}
				}
				change := func(name, to string, set map[string]any) connection.Operation {
					return connection.Operation{
						Kind: connection.Patch, ID: "Payments/" + name, Key: at(name), Name: to, DataSource: "ftp", Record: &record, Set: set,
						Credentials: map[string]any{"password": connection.NewSecret("p")},
					}
				}
				for i, operation := range []connection.Operation{
					create("Drop"),
					change("Drop", "", map[string]any{"retryCount": json.Number("5")}),
					change("Drop", "", map[string]any{"retryCount": json.Number("6")}),
					change("Drop", "Box", nil),
					change("Box", "BOX", nil),
					change("BOX", "Drop", nil),
					{Kind: connection.Delete, ID: "Payments/Drop", Key: at("Drop")},
					create("Drop"),
				} {
					began := time.Now()
					outcome := r.provider.Execute(t.Context(), []connection.Operation{operation})[0]
					took := time.Since(began)
					if outcome.Err != nil || took > 25*time.Second || lag == 0 && took > 0 {
						t.Fatalf("%s, lag %d: %d. %s %s: got error %v after %v, want none within 25s", dialect, lag, i+1, operation.Kind, operation.Key, outcome.Err, took)
					}
				}
				all := r.manager.Connections()
				if len(all) != 1 || all[0].Name != "Drop" || !all[0].Deployed {
					t.Errorf("%s, lag %d: got %+v, want only Drop, deployed", dialect, lag, all)
				}
			})
		}
	}
}

// TestWhatTheManagerNeverShowsIsMissingAfterAWhile bounds the time for which it looks again.
func TestWhatTheManagerNeverShowsIsMissingAfterAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, twoProjects, simulator.Behaviour{Lag: 3600})
		began := time.Now()
		outcome := r.provider.Execute(t.Context(), []connection.Operation{{
			Kind: connection.Create, Key: connection.Key{Space: "Payments", Name: "Drop"}, Name: "Drop", DataSource: "ftp", ReadBack: true,
			Set: map[string]any{"host": "ftp.example", "username": "app", "protocol": "SFTP", "port": json.Number("22")}, Credentials: map[string]any{"password": connection.NewSecret("p")},
		}})[0]
		if took := time.Since(began); outcome.Err == nil || errors.Is(outcome.Err, connection.ErrNotFound) || took != 30*time.Second {
			t.Errorf("got error %v after %v, want a connection that is missing after 30s", outcome.Err, took)
		}
	})
}
