package qlik_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/connection"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
)

func TestGatewaysAreListedWithOneRequestForEachDataSource(t *testing.T) {
	withGateways := strings.Replace(acme, `"spaces":`, `"gateways": [{"name": "Frankfurt", "id": "a::b"}], "spaces":`, 1)
	found := []connection.Choice{{DataSource: "DG_mssql", ID: "a::b", Name: "Frankfurt"}, {DataSource: "DG_postgres", ID: "a::b", Name: "Frankfurt"}}
	for name, test := range map[string]struct {
		seed    string
		status  int // of one of the two lists; zero: no fault
		want    []connection.Choice
		unknown []string
		fails   bool
		sources []string // default: DG_mssql and DG_postgres
		silent  bool     // an unknown list has no remark
	}{
		"listed":     {seed: withGateways, want: found},
		"no gateway": {seed: acme, unknown: []string{"DG_mssql", "DG_postgres"}},
		"forbidden":  {seed: withGateways, status: http.StatusForbidden, want: found[1:], unknown: []string{"DG_mssql"}},
		"not found":  {seed: withGateways, status: http.StatusNotFound, want: found[1:], unknown: []string{"DG_mssql"}},
		"for data integration": {
			seed: withGateways, sources: []string{"DG_mssql", "repsrc_mysql"}, want: found[:1], unknown: []string{"repsrc_mysql"}, silent: true,
		},
		"bad": {seed: withGateways, status: http.StatusBadRequest, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			var faults []simulator.Fault
			if test.status != 0 {
				faults = []simulator.Fault{{Method: http.MethodGet, Path: "/api/v1/data-sources/DG_mssql/gateways", Status: test.status}}
			}
			tenant, provider := embed(t, test.seed, simulator.Options{Faults: faults})
			scope := everything
			scope.Choices = []string{"DG_mssql", "DG_postgres"}
			if test.sources != nil {
				scope.Choices = test.sources
			}
			got, err := provider.Snapshot(t.Context(), scope)
			if (err != nil) != test.fails {
				t.Fatalf("got error %v, want one: %t", err, test.fails)
			}
			if test.fails {
				return
			}
			if diff := cmp.Diff(test.want, got.Choices); diff != "" {
				t.Errorf("gateways differ (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.unknown, got.NoChoices); diff != "" || (len(got.Remarks) != len(test.unknown)) != test.silent {
				t.Errorf("got remarks %v, want one for each data source without a list; these differ (-want +got):\n%s", got.Remarks, diff)
			}
			asked := 0
			for _, request := range tenant.Requests() {
				if strings.HasSuffix(request.Path, "/gateways") {
					asked++
				}
			}
			if asked != 2 || got.Reads != len(tenant.Requests()) {
				t.Errorf("%d lists of gateways were asked for and %d of %d requests counted, want 2 and all", asked, got.Reads, len(tenant.Requests()))
			}
		})
	}
}

// TestAGatewayWithoutAnIDIsNoGateway: a connection with an empty id would run on no gateway.
func TestAGatewayWithoutAnIDIsNoGateway(t *testing.T) {
	_, provider := embed(t, acme, simulator.Options{Faults: []simulator.Fault{{
		Method: http.MethodGet, Path: "/api/v1/data-sources/DG_mssql/gateways", Answer: `{"gateways": [{"name": "Frankfurt"}]}`,
	}}})
	scope := everything
	scope.Choices = []string{"DG_mssql"}
	if got, err := provider.Snapshot(t.Context(), scope); err == nil {
		t.Errorf("got the gateways %v, want an error: one of them has no id", got.Choices)
	}
}
