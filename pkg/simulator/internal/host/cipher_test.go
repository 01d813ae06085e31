package host_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

func TestAVaultIsOpenedUnderItsSeedAlone(t *testing.T) {
	cipher, err := host.NewCipher([]byte("seed"))
	if err != nil {
		t.Fatal(err)
	}
	value := map[string]any{"name": "Authorization", "port": json.Number("25"), "none": nil}
	hidden, err := cipher.Encrypt(value)
	if err != nil || strings.Contains(hidden, "Authorization") {
		t.Fatalf("hidden as %s, error %v", hidden, err)
	}
	if got, err := cipher.Decrypt(hidden); err != nil || !reflect.DeepEqual(got, value) {
		t.Errorf("got the revealed value %v, error %v; want %v", got, err, value)
	}
	other, err := host.NewCipher([]byte("another seed"))
	if err != nil {
		t.Fatal(err)
	}
	for text, opener := range map[string]*host.Cipher{hidden: other, "no base64!": cipher, "QUJD": cipher, hidden[:len(hidden)-4]: cipher} {
		if got, err := opener.Decrypt(text); err == nil {
			t.Errorf("%s is revealed as %v under another seed, want an error", text, got)
		}
	}
}
