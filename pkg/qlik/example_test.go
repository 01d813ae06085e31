package qlik_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
)

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
	// true GET /api/v1/spaces/nowhere: 404: Not Found
}
