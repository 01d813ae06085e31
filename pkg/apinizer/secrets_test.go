package apinizer_test

import (
	"testing"

	"github.com/qlsync/qlsync/internal/secretcorpus"
	"github.com/qlsync/qlsync/pkg/apinizer"
)

// TestValuesAreSecretsHereAsForEveryProvider goes through the lists of values that package
// connection is tested with.
func TestValuesAreSecretsHereAsForEveryProvider(t *testing.T) {
	for _, want := range []bool{true, false} {
		samples := secretcorpus.Harmless(t)
		if want {
			samples = secretcorpus.Secrets(t)
		}
		for _, one := range samples {
			if list, ok := one.Value.([]any); ok && len(list) > 0 {
				if item, ok := list[0].(map[string]any); ok && (item["encrypt"] != nil || item["name"] == "key" || item["name"] == "token.pem") {
					continue // lists that this service does not have
				}
			}
			if got := apinizer.HoldsSecret(one.Property, one.Value); got != want {
				t.Errorf("HoldsSecret(%s) = %v, want %v", one, got, want)
			}
		}
	}
}
