package qlik_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	bigint "math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
)

// privateKey is a key as PEM, with its public key as a JSON Web Key.
type privateKey struct{ pem, public string }

func rsaKey(t *testing.T, bits int) privateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return privateKey{
		pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)),
		fmt.Sprintf(`{"kid": "k1", "use": "sig", "kty": "RSA", "alg": "RS256", "n": %q, "e": "AQAB"}`, base64.RawURLEncoding.EncodeToString(key.N.Bytes())),
	}
}

func curveKey(t *testing.T, curve elliptic.Curve) privateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	half := len(point) / 2
	number := func(part []byte) string {
		return base64.RawURLEncoding.EncodeToString(new(bigint.Int).SetBytes(part).Bytes())
	}
	return privateKey{
		pkcs8(t, key),
		fmt.Sprintf(`{"kid": "k1", "use": "sig", "kty": "EC", "alg": "ES384", "crv": "P-384", "x": %q, "y": %q}`, number(point[1:half+1]), number(point[half+1:])),
	}
}

func pkcs8(t *testing.T, key crypto.Signer) string {
	t.Helper()
	text, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("PRIVATE KEY", text)
}

func pemOf(kind string, text []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: text}))
}

func TestAnOAuthClientSignsInWithItsPrivateKey(t *testing.T) {
	for name, key := range map[string]privateKey{"RSA": rsaKey(t, 2048), "EC": curveKey(t, elliptic.P384())} {
		t.Run(name, func(t *testing.T) {
			tenant, err := simulator.New([]byte(`{"users": [{"email": "ana@example.com", "roles": ["TenantAdmin"]}],
				"oauth": {"clientId": "regional", "publicKey": `+key.public+`}}`), simulator.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var assertions []url.Values
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/oauth/token" {
					text, _ := io.ReadAll(r.Body)
					form, _ := url.ParseQuery(string(text))
					assertions = append(assertions, form)
					r.Body = io.NopCloser(strings.NewReader(string(text)))
				}
				tenant.ServeHTTP(w, r)
			}))
			defer server.Close()
			ids := map[string]bool{}
			for range 2 {
				provider, err := qlik.New(qlik.Config{URL: server.URL, Auth: qlik.Auth{
					ClientID: connection.NewSecret("regional"), PrivateKey: connection.NewSecret(key.pem), KeyID: "k1",
				}})
				if err != nil {
					t.Fatal(err)
				}
				if identity, err := provider.TenantID(t.Context()); err != nil || identity.ID != tenant.ID() {
					t.Fatalf("with the private key, the tenant's id is %q, error %v; want %q", identity.ID, err, tenant.ID())
				}
			}
			for _, form := range assertions {
				claims := claimsOf(t, form.Get("client_assertion"))
				if claims["aud"] != server.URL+"/oauth/token" || claims["iss"] != "regional" || form.Get("client_secret") != "" {
					t.Errorf("the assertion claims %v, want the token endpoint of the tenant and the client", claims)
				}
				ids[fmt.Sprint(claims["jti"])] = true
			}
			if len(assertions) != 2 || len(ids) != 2 {
				t.Errorf("%d assertions had the ids %v, want two with an id each", len(assertions), ids)
			}
			if misuse := tenant.Misuse(); len(misuse) > 0 {
				t.Errorf("the tenant got requests that it does not know: %v", misuse)
			}
		})
	}
}

func claimsOf(t *testing.T, assertion string) map[string]any {
	t.Helper()
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		t.Fatalf("the assertion has %d parts, want three", len(parts))
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestAKeyThatCannotSignInIsRefusedUnseen(t *testing.T) {
	whole := rsaKey(t, 2048).pem
	for name, c := range map[string]struct{ key, want string }{
		"no PEM":         {"hunter2-canary-hunter2", "it must be PEM"},
		"half of a key":  {whole[:len(whole)/2], "it must be PEM"},
		"a broken key":   {pemOf("PRIVATE KEY", []byte("hunter2-canary-hunter2")), "it must be an unencrypted private key"},
		"a small key":    {rsaKey(t, 1024).pem, "at least 2048 bits"},
		"another curve":  {curveKey(t, elliptic.P256()).pem, "the curve P-384"},
		"a public thing": {pemOf("CERTIFICATE", []byte("x")), "it must be an unencrypted private key"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := qlik.NewClient(qlik.Config{URL: "https://acme.example", Auth: qlik.Auth{ClientID: connection.NewSecret("c"), PrivateKey: connection.NewSecret(c.key)}})
			mustContain(t, err, c.want)
			for line := range strings.Lines(c.key) {
				if line = strings.TrimSpace(line); len(line) > 12 && strings.Contains(err.Error(), line) {
					t.Errorf("the error quotes the key: %v", err)
				}
			}
		})
	}
	_, err := qlik.NewClient(qlik.Config{URL: "https://acme.example", Auth: qlik.Auth{ClientID: connection.NewSecret("c"), ClientSecret: connection.NewSecret("s"), PrivateKey: connection.NewSecret(whole)}})
	mustContain(t, err, "either its secret or its private key")
}

func TestNoErrorQuotesTheKeyOrAnAssertion(t *testing.T) {
	key := rsaKey(t, 2048)
	lines := strings.Split(key.pem, "\n")
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		text, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(text))
		detail, _ := json.Marshal("you sent " + form.Get("client_assertion") + " of " + lines[3])
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"errors": [{"title": "no", "detail": ` + string(detail) + `}]}`))
	}))
	defer server.Close()
	provider, err := qlik.New(qlik.Config{URL: server.URL, Auth: qlik.Auth{ClientID: connection.NewSecret("regional"), PrivateKey: connection.NewSecret(key.pem)}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = provider.TenantID(t.Context())
	if err == nil || strings.Contains(err.Error(), "eyJ") || strings.Contains(err.Error(), lines[3]) || asked.Load() != 1 {
		t.Errorf("after %d requests the error is %v, want one request, and an error without the assertion and the key", asked.Load(), err)
	}
}
