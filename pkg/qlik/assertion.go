package qlik

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/qlsync/qlsync/pkg/connection"
)

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" // RFC 7523
	// assertionLife is less than the 5 minutes that are allowed, so that clocks may differ.
	assertionLife = 4 * time.Minute
	minRSABits    = 2048
)

// assertions returns the function that makes the body of a request for a token. An assertion is for
// one tenant and one request (qlik.dev, Private Key JWT reference): the tenant's own token endpoint
// is its audience, so no other host can use it. Whether a regional client may sign in like this is
// not documented.
func (a Auth) assertions(tenant string, learn func(secret string)) (func(context.Context, bool) ([]byte, error), error) {
	key, method, err := signingKey(a.PrivateKey)
	if err != nil {
		return nil, err
	}
	client := a.ClientID.Reveal()
	return func(context.Context, bool) ([]byte, error) {
		now := time.Now()
		token := jwt.NewWithClaims(method, jwt.MapClaims{
			"iss": client, "sub": client, "aud": strings.TrimRight(tenant, "/") + tokenPath, "jti": rand.Text(),
			"iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
		})
		if a.KeyID != "" {
			token.Header["kid"] = a.KeyID
		}
		signed, err := token.SignedString(key)
		if err != nil {
			return nil, errors.New("sign in with the private key: the key cannot sign")
		}
		learn(signed)
		return []byte(url.Values{
			"grant_type": {"client_credentials"}, "client_id": {client},
			"client_assertion_type": {assertionType}, "client_assertion": {signed},
		}.Encode()), nil
	}, nil
}

// signingKey parses a private key, and returns the algorithm for it. Errors do not quote the key.
func signingKey(secret connection.Secret) (crypto.Signer, jwt.SigningMethod, error) {
	const what = "read the private key of the OAuth client: "
	block, _ := pem.Decode([]byte(secret.Reveal()))
	if block == nil {
		return nil, nil, errors.New(what + "it must be PEM, from -----BEGIN to -----END")
	}
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, nil, errors.New(what + "it must be an unencrypted private key in PKCS #8, PKCS #1 or SEC 1")
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		if key.N.BitLen() >= minRSABits {
			return key, jwt.SigningMethodRS256, nil
		}
	case *ecdsa.PrivateKey:
		if key.Curve == elliptic.P384() {
			return key, jwt.SigningMethodES384, nil
		}
	}
	return nil, nil, errors.New(what + "it must be an RSA key with at least 2048 bits or an EC key on the curve P-384")
}
