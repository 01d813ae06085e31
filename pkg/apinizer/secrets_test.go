package apinizer_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/qlsync/qlsync/pkg/apinizer"
)

// TestValuesAreSecretsHereAsForEveryProvider goes through the lists of values that package
// connection is tested with.
func TestValuesAreSecretsHereAsForEveryProvider(t *testing.T) {
	for file, want := range map[string]bool{"secrets.jsonl": true, "harmless.jsonl": false} {
		text, err := os.ReadFile("../connection/testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
			var one struct {
				Property string
				Value    any
			}
			if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
				t.Fatal(err)
			}
			if list, ok := one.Value.([]any); ok && len(list) > 0 {
				if item, ok := list[0].(map[string]any); ok && (item["encrypt"] != nil || item["name"] == "key" || item["name"] == "token.pem") {
					continue // lists that this service does not have
				}
			}
			if got := apinizer.HoldsSecret(one.Property, one.Value); got != want {
				t.Errorf("HoldsSecret(%s) = %v", lines.Text(), got)
			}
		}
	}
}
