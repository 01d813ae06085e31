package qlik_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
)

// A provider reads a tenant and carries out operations on it. Everything about it is
// in its configuration: two of them, of one tenant or of two, know nothing of each
// other. Errors are separated by the sentinels of package connection, and an answer
// of the service is an [*qlik.Error].
func Example() {
	tenant, err := simulator.New([]byte(`{"users": [{"email": "ana@example.com"}], "spaces": [{"name": "Finance", "type": "shared"}]}`), simulator.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer tenant.Close()
	server := httptest.NewServer(tenant) // instead of a real tenant
	defer server.Close()

	provider, err := qlik.New(qlik.Config{URL: server.URL, Auth: qlik.Auth{APIKey: connection.NewSecret(tenant.Token())}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	scope := connection.Scope{Spaces: []connection.SpaceRef{{Name: "Finance"}}}
	snapshot, err := provider.Snapshot(ctx, scope)
	if err != nil {
		fmt.Println(err)
		return
	}
	finance := snapshot.Spaces[slices.IndexFunc(snapshot.Spaces, func(s connection.Space) bool { return s.Name == "Finance" })]

	create := connection.Operation{
		Kind: connection.Create, Name: "Rates", Space: &finance, DataSource: "rest",
		Set:         map[string]any{"url": "https://rates.example.com", "authSchema": "basic"},
		Credentials: map[string]any{"username": "ana", "password": connection.NewSecret("not-a-real-one")},
	}
	for range 2 {
		outcome := provider.Execute(ctx, []connection.Operation{create})[0]
		var refusal *qlik.Error
		switch {
		case errors.Is(outcome.Err, connection.ErrConflict) && errors.As(outcome.Err, &refusal):
			fmt.Println("refused:", refusal.Status, refusal.Detail)
		case outcome.Err != nil:
			fmt.Println(outcome.Err)
		default:
			fmt.Println("created")
		}
	}
	snapshot, err = provider.Snapshot(ctx, scope)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, live := range snapshot.Connections {
		fmt.Println(live.Key, live.DataSource, live.HasCredentials)
	}
	// Output:
	// created
	// refused: 409 a connection of this name exists in the space
	// Finance/Rates rest true
}

// A client takes care of tokens, limits, retries and errors; paths and bodies are
// those of the API reference.
func ExampleClient_Do() {
	tenant := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/users/me" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprint(w, `{"id": "u1", "name": "Ana"}`)
	}))
	defer tenant.Close()

	client, err := qlik.NewClient(qlik.Config{
		URL:  tenant.URL, // of a real tenant: https://acme.eu.qlikcloud.com
		Auth: qlik.Auth{APIKey: connection.NewSecret("an API key")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var me struct {
		Name string `json:"name"`
	}
	err = client.Do(context.Background(), qlik.Request{Method: http.MethodGet, Path: "/api/v1/users/me"}, &me)
	fmt.Println(me.Name, err)

	err = client.Do(context.Background(), qlik.Request{Method: http.MethodGet, Path: "/api/v1/spaces/nowhere"}, nil)
	fmt.Println(errors.Is(err, connection.ErrNotFound), err)
	// Output:
	// Ana <nil>
	// true GET /api/v1/spaces/nowhere was answered with 404: Not Found
}
