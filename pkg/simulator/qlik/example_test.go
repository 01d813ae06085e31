package qlik_test

import (
	"fmt"
	"io"
	"log"
	"net/http"

	"github.com/qlsync/qlsync/pkg/simulator"
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
)

func Example() {
	tenant, err := qlik.New([]byte(`{"users": [{"email": "ana@acme.example"}], "spaces": [{"name": "Finance", "type": "shared"}]}`), qlik.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer tenant.Close()
	server, err := simulator.Start(tenant, "")
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	request, err := http.NewRequest(http.MethodGet, server.URL+"/api/v1/data-connections?noDatafiles=true&limt=100", nil)
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+server.Token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.StatusCode, tenant.Misuse())
	// Output: 400 [GET /api/v1/data-connections: unknown query key "limt"]
}
