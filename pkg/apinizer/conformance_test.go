package apinizer_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/qlsync/qlsync/internal/providertest"
	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/connection"
	simulator "github.com/qlsync/qlsync/pkg/simulator/apinizer"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer/inspect"
)

const twoProjects = `{"token": "token-of-ana", "projects": [{"name": "Payments"}, {"name": "Logs"}]}`

// connect makes a provider for a manager through the client.
func connect(manager *inspect.Manager, project string, client *http.Client) (*apinizer.Provider, error) {
	return apinizer.New(apinizer.Config{
		URL: "http://127.0.0.1:8080", Auth: apinizer.Auth{Token: connection.NewSecret(manager.Token())},
		Project: project, HTTPClient: client,
	})
}

func TestConformance(t *testing.T) {
	for _, dialect := range []simulator.Dialect{simulator.Current, simulator.Legacy} {
		t.Run(string(dialect), func(t *testing.T) {
			providertest.Walk(t, func(t *testing.T) *providertest.System {
				manager, err := inspect.New([]byte(twoProjects), simulator.Options{Behaviour: simulator.Behaviour{Dialect: dialect}})
				if err != nil {
					t.Fatal(err)
				}
				return &providertest.System{
					Service: manager,
					Connect: func(client *http.Client) (connection.Provider, error) { return connect(manager, "walk", client) },
					Spaces:  [2]string{"Payments", "Logs"},
					Kinds: [2]providertest.Kind{
						{
							DataSource: "database",
							Properties: map[string]any{"dbType": "POSTGRES", "jdbcUrl": "jdbc:postgresql://db.example/x", "username": "app", "description": "Ours"},
							Property:   "maxPoolSize", Changed: json.Number("9"), Credential: "password",
						},
						{
							DataSource: "ftp",
							Properties: map[string]any{"host": "ftp.example", "username": "app", "protocol": "SFTP", "port": json.Number("22")},
							Property:   "retryCount", Changed: json.Number("5"), Credential: "password",
						},
					},
					Holds: func(key connection.Key, credential, value string) bool {
						return manager.SecretEquals(key.Space, key.Name, credential, value)
					},
					Check: func(t *testing.T) {
						if misuse := manager.Misuse(); len(misuse) > 0 {
							t.Errorf("got misuse %q, want none", misuse)
						}
					},
				}
			})
		})
	}
}
