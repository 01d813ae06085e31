package memory_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/providertest/memory"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// TestTheSmallestProviderDemandsWhatItsServiceNeeds plans one change to a connection that is there.
// Without the demands of the provider, each plan would lose something, or ask for what the service
// does not have.
func TestTheSmallestProviderDemandsWhatItsServiceNeeds(t *testing.T) {
	declares := map[string]any{"password": connection.Reference{Env: "SECRET"}}
	for _, test := range []struct {
		name      string
		protected bool
		declare   func(*connection.Desired)
		want      string // of the refusal or the problem; empty: the change is made
	}{
		{"a change is made with the declared credentials", false, func(d *connection.Desired) {
			d.Properties["limit"], d.Credentials = json.Number("9"), declares
		}, ""},
		{"a write would lose a secret that is not declared", false, func(d *connection.Desired) {
			d.Properties["limit"] = json.Number("9")
		}, "would lose password"},
		{"another host gets the credentials only if they are declared", false, func(d *connection.Desired) {
			d.Properties["address"], d.Lifecycle.RecreateAllowed = "other.example", true
		}, "credentials"},
		{"another name takes a recreate, which a protected connection refuses", true, func(d *connection.Desired) {
			d.Name, d.Credentials = "New name", declares
		}, "preventDestroy"},
		{"another kind takes a recreate, which a protected connection refuses", true, func(d *connection.Desired) {
			d.DataSource, d.Properties = "queue", map[string]any{"address": "db.example"}
			d.Credentials, d.Lifecycle.RecreateAllowed = map[string]any{"key": connection.Reference{Env: "SECRET"}}, true
		}, "preventDestroy"},
		{"tags cannot be declared", false, func(d *connection.Desired) {
			d.Tags, d.Credentials = []string{"finance"}, declares
		}, "cannot have tags"},
	} {
		t.Run(test.name, func(t *testing.T) {
			key := connection.Key{Space: "Shop", Name: "Orders"}
			record, _ := json.Marshal(connection.Record{
				Project: "walk", Key: connection.KeyRecord(connection.Space{ID: "Shop"}, "Orders"), Protected: test.protected,
				Credentials: connection.CredentialsRecord(0, declares, ""),
			})
			service := &memory.Service{Spaces: []string{"Shop"}}
			body, _ := json.Marshal(map[string]any{
				"space": key.Space, "name": key.Name, "kind": "table", "secrets": map[string]string{"password": "a value"},
				"settings": map[string]any{"address": "db.example", "limit": 5}, "notes": map[string]string{"qlsync": string(record)},
			})
			answer := httptest.NewRecorder()
			service.ServeHTTP(answer, httptest.NewRequest(http.MethodPut, "/Shop/Orders", strings.NewReader(string(body))))
			if answer.Code != http.StatusOK {
				t.Fatalf("the service answers %d to what was to be there: %s", answer.Code, answer.Body)
			}
			server := httptest.NewServer(service)
			defer server.Close()
			provider, err := memory.New(server.URL, server.Client())
			if err != nil {
				t.Fatal(err)
			}
			declared := connection.Desired{
				Space: connection.SpaceRef{Name: key.Space}, Name: key.Name, DataSource: "table",
				Properties: map[string]any{"address": "db.example", "limit": json.Number("5")},
				At:         func(string) connection.Position { return connection.Position{File: "a.yaml", Line: 1, Column: 1} },
			}
			test.declare(&declared)
			in := plan.Input{
				Project: "walk", Desired: []connection.Desired{declared}, Spaces: []connection.SpaceRef{{Name: key.Space}}, Rules: provider,
				Policy: connection.Policy{Prune: connection.PruneNone, Adopt: connection.AdoptMatching, Update: connection.UpdatePatch},
			}
			if declared.Name != key.Name {
				in.Moves = []connection.Move{{
					From: connection.MoveEnd{Space: declared.Space, Name: key.Name}, To: connection.MoveEnd{Space: declared.Space, Name: declared.Name},
				}}
			}
			if in.Catalog, err = provider.DataSources(t.Context(), []string{declared.DataSource}); err != nil {
				t.Fatal(err)
			}
			if in.Snapshot, err = provider.Snapshot(t.Context(), plan.Scope(in)); err != nil {
				t.Fatal(err)
			}
			p, problems := plan.Make(in)
			var got []string
			messages.FillProblems(problems, provider.Messages())
			if err := problems.Err(); err != nil {
				got = append(got, err.Error())
			} else {
				messages.Fill(p.Reasons(), provider.Messages())
				for _, c := range p.Changes {
					got = append(got, c.Refused.String())
				}
			}
			if len(got) != 1 || (test.want == "") != (got[0] == "") || !strings.Contains(got[0], test.want) {
				t.Errorf("got the refusals or problems %q, want one that says %q", got, test.want)
			}
		})
	}
}
