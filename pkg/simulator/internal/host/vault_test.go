package host_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

func TestAVaultIsOpenedUnderItsSeedAlone(t *testing.T) {
	vault, err := host.NewVault([]byte("seed"))
	if err != nil {
		t.Fatal(err)
	}
	value := map[string]any{"name": "Authorization", "port": json.Number("25"), "none": nil}
	hidden, err := vault.Hide(value)
	if err != nil || strings.Contains(hidden, "Authorization") {
		t.Fatalf("hidden as %s, error %v", hidden, err)
	}
	if got, err := vault.Reveal(hidden); err != nil || !reflect.DeepEqual(got, value) {
		t.Errorf("got the revealed value %v, error %v; want %v", got, err, value)
	}
	other, err := host.NewVault([]byte("another seed"))
	if err != nil {
		t.Fatal(err)
	}
	for text, opener := range map[string]*host.Vault{hidden: other, "no base64!": vault, "QUJD": vault, hidden[:len(hidden)-4]: vault} {
		if got, err := opener.Reveal(text); err == nil {
			t.Errorf("%s is revealed as %v under another seed, want an error", text, got)
		}
	}
}
