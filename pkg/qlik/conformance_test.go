package qlik_test

import (
	"net/http"
	"testing"

	"github.com/qlsync/qlsync/internal/providertest"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

func TestConformance(t *testing.T) {
	const seed = `{"users": [{"email": "ana@example.com", "roles": ["TenantAdmin"]}], "spaces": [{"name": "Finance", "type": "shared"}, {"name": "Sales", "type": "shared"}]}`
	providertest.Walk(t, func(t *testing.T) *providertest.System {
		tenant, err := inspect.New([]byte(seed), simulator.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return &providertest.System{
			Service: tenant,
			Connect: func(client *http.Client) (connection.Provider, error) {
				return qlik.New(qlik.Config{
					URL: "http://127.0.0.1:8080", Auth: qlik.Auth{APIKey: connection.NewSecret(tenant.Token())}, Project: "walk", HTTPClient: client,
				})
			},
			Spaces: [2]string{"Finance", "Sales"},
			Kinds: [2]providertest.Kind{
				{DataSource: "mysql", Properties: map[string]any{"host": "db.example", "port": "3306", "database": "orders"}, Property: "database", Changed: "rates", Credential: "password"},
				{DataSource: "rest", Properties: map[string]any{"url": "https://api.example.com"}, Credential: "password"},
			},
			Holds: func(key connection.Key, credential, value string) bool {
				found, ok := tenant.Find(key.Space, key.Name)
				return ok && tenant.CredentialEquals(found.ID, credential, value)
			},
			Check: func(t *testing.T) {
				if misuse := tenant.Misuse(); len(misuse) > 0 {
					t.Errorf("got misuse %q, want none", misuse)
				}
			},
		}
	})
}
