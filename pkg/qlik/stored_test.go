package qlik_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/connection"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
)

// TestStoredCredentialsAreFoundByNameAndID works against tenants that show the
// settings of separated credentials, and that do not.
func TestStoredCredentialsAreFoundByNameAndID(t *testing.T) {
	for name, hidden := range map[string]bool{"shown": false, "hidden": true} {
		t.Run(name, func(t *testing.T) {
			tenant, provider := embed(t, acme, simulator.Options{Behaviour: simulator.Behaviour{HideCredentialSettings: hidden}})
			create := connection.Operation{
				Kind: connection.Create, Name: "First", Space: &fin, DataSource: "mssql", Record: &ours,
				Set:         map[string]any{"host": "h", "separateCredentials": true, "credentialsName": "team / 1"},
				Credentials: map[string]any{"username": "u", "password": connection.NewSecret("p")},
			}
			must(t, provider.Execute(t.Context(), []connection.Operation{create}))
			id := tenant.Credentials()[0].ID
			second := create
			second.Name, second.Credentials = "Second", nil
			second.Set = map[string]any{"host": "h", "separateCredentials": true, "selectedCredentials": id}
			must(t, provider.Execute(t.Context(), []connection.Operation{second}))

			scope := everything
			scope.Linked, scope.Stored = true, []string{"team / 1", id, "nobody", "00000000-0000-4000-8000-000000000000", ".."}
			got, err := provider.Snapshot(t.Context(), scope)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]connection.StoredCredentials{{ID: id, Name: "team / 1"}}, got.Stored); diff != "" {
				t.Errorf("stored credentials differ (-want +got):\n%s", diff)
			}
			if reads := len(tenant.Requests()) - len(tenant.Writes()); got.Reads != reads {
				t.Errorf("%d reads, and the tenant has counted %d", got.Reads, reads)
			}
			for _, live := range got.Connections {
				if !slices.Contains([]string{"First", "Second"}, live.Key.Name) {
					continue
				}
				if live.Properties["selectedCredentials"] != id || live.Properties["credentialsName"] != "team / 1" || live.StoredID != id || live.HasCredentials {
					t.Errorf("got %+v, want the stored credentials by name and id", live)
				}
			}
		})
	}
}
