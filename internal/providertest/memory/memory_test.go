package memory_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/qlsync/qlsync/internal/providertest"
	"github.com/qlsync/qlsync/internal/providertest/memory"
	"github.com/qlsync/qlsync/pkg/connection"
)

func TestTheSmallestProviderPassesTheWalk(t *testing.T) {
	providertest.Walk(t, func(*testing.T) *providertest.System {
		service := &memory.Service{Spaces: []string{"Shop", "Stock"}}
		return &providertest.System{
			Service: service,
			Connect: func(client *http.Client) (connection.Provider, error) {
				return memory.New("http://127.0.0.1:8080", client)
			},
			Spaces: [2]string{"Shop", "Stock"},
			Kinds: [2]providertest.Kind{
				{
					DataSource: "table", Properties: map[string]any{"address": "db.example", "limit": json.Number("5")},
					Property: "limit", Changed: json.Number("9"), Credential: "password",
				},
				{
					DataSource: "queue", Properties: map[string]any{"address": "queue.example", "retries": json.Number("2")},
					Property: "retries", Changed: json.Number("3"), Credential: "key",
				},
			},
			Holds: func(key connection.Key, credential, value string) bool {
				return service.Holds(key.Space, key.Name, credential, value)
			},
			Check: func(t *testing.T) {
				if len(service.Cleared) > 0 {
					t.Errorf("writes have cleared %q; every write must carry the secrets", service.Cleared)
				}
			},
		}
	})
}
