package qlik_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/secretcorpus"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
)

// TestValuesAreSecretsHereAsForEveryProvider goes through the lists of values that package
// connection is tested with: as a file declares them, and as a tenant answers them.
func TestValuesAreSecretsHereAsForEveryProvider(t *testing.T) {
	for _, want := range []bool{true, false} {
		samples := secretcorpus.Harmless(t)
		if want {
			samples = secretcorpus.Secrets(t)
		}
		for _, one := range samples {
			if got := qlik.HoldsSecret(one.Property, one.Value); got != want {
				t.Errorf("declared, HoldsSecret(%s) = %v, want %v", one, got, want)
			}
			if one.Property == "password" {
				continue // of this data source it is a secret, empty or not
			}
			n := newTenant(t, lists(string(mustJSON(t, map[string]any{
				"qID": "c1", "qName": "A", "space": "s1", "user": "u1", "datasourceID": "rest",
				"connectionProperties": map[string]any{one.Property: one.Value},
			}))))
			snapshot, err := n.provider().Snapshot(t.Context(), connection.Scope{
				Spaces: []connection.SpaceRef{{Name: "Finance"}}, Details: func(*connection.Live) bool { return true },
			})
			if err != nil {
				t.Fatal(err)
			}
			shown := snapshot.Connections[0].Properties
			if got := len(connection.Secrets(shown)) > 0; got != want {
				t.Errorf("live, %s is shown as %s", one, connection.Canonical(shown))
			}
			if strings.Contains(connection.Canonical(shown), "hunter2") {
				t.Errorf("live, %s is shown as %s", one, connection.Canonical(shown))
			}
		}
	}
}

func mustJSON(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestASwitchIsNoSecretByItsName(t *testing.T) {
	source, err := qlik.ParseDataSource("rest", []byte(`{"connectionProperties": {"properties": {
		"useToken": {"type": "boolean"}, "marked": {"type": "boolean", "writeOnly": true}, "hiddenToken": {"type": "boolean", "format": "password"},
		"token": {"type": "string"}, "password": {"type": "boolean"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	classify := (&connection.Catalog{DataSources: map[string]*connection.DataSource{"rest": source}}).Classify(qlik.Classify)
	for name, want := range map[string]connection.Class{
		"useToken": connection.ClassProperty, "marked": connection.ClassSecret, "hiddenToken": connection.ClassSecret,
		"token": connection.ClassSecret, "password": connection.ClassSecret,
	} {
		if got := classify("rest", name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}
