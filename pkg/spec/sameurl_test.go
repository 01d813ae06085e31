package spec_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/spec"
)

func TestTwoTenantsOfAProjectHaveTwoAddresses(t *testing.T) {
	inFolder(t, `
-- seed.yaml --
-- other.yaml --
-- sub/seed.yaml --
`)
	links := os.Symlink("seed.yaml", "link.yaml") == nil && os.Link("seed.yaml", "hard.yaml") == nil
	for _, test := range []struct {
		one, other string
		same       bool
	}{
		{"https://acme.eu.qlikcloud.com", "https://acme.eu.qlikcloud.com", true},
		{"https://acme.eu.qlikcloud.com", "https://acme.eu.qlikcloud.com/", true},
		{"https://acme.eu.qlikcloud.com", "HTTPS://Acme.EU.qlikcloud.com", true},
		{"https://acme.eu.qlikcloud.com", "https://acme.eu.qlikcloud.com:443", true},
		{"https://acme.eu.qlikcloud.com", "https://acme.eu.qlikcloud.com.", true},
		{"https://acme.eu.qlikcloud.com", "https://acme.eu.qlikcloud.com.:0443/", true},
		{"https://bücher.example", "https://xn--bcher-kva.example", true},
		{"https://BÜCHER.example", "https://bücher.example", true},
		{"http://127.0.0.1:80", "http://localhost", true},
		{"http://[::1]:8080", "http://[0:0:0:0:0:0:0:1]:8080/", true},
		{"https://acme.eu.qlikcloud.com", "https://acme.us.qlikcloud.com", false},
		{"https://acme.eu.qlikcloud.com", "https://acme.eu.qlikcloud.com:8443", false},
		{"http://localhost:443", "https://localhost", false},
		{"sim:seed.yaml", "sim:seed.yaml", true},
		{"sim:seed.yaml", "sim:./sub/../seed.yaml", true},
		{"sim:none.yaml", "sim:./none.yaml", true},
		{"sim:seed.yaml", "sim:link.yaml", links},
		{"sim:seed.yaml", "sim:hard.yaml", links},
		{"sim:seed.yaml", "sim:other.yaml", false},
		{"sim:seed.yaml", "sim:sub/seed.yaml", false},
	} {
		for _, kind := range []struct{ provider, auth string }{{"qlik", "apiKey"}, {"apinizer", "token"}} {
			text := fmt.Sprintf("version: 1\nproject: p\nconnections: [c]\ntenants:\n"+
				"  a: {url: %q, provider: %[3]s, auth: {%[4]s: {env: K}}}\n  b: {url: %[2]q, provider: %[3]s, auth: {%[4]s: {env: K}}}\n",
				test.one, test.other, kind.provider, kind.auth)
			if err := os.WriteFile("qlsync.yaml", []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, problems := spec.LoadProject("qlsync.yaml")
			want := `qlsync.yaml:6:12: same-url at=qlsync.yaml:5:12 other=a tenant=b`
			if said := codes(problems); strings.HasPrefix(said, want) != test.same || !test.same && len(problems) > 0 {
				t.Errorf("%s and %s: got problems %q, want them refused as the same address: %v", test.one, test.other, said, test.same)
			}
		}
	}
}
