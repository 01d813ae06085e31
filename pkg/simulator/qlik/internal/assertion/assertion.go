// Package assertion checks the signed assertions by which an OAuth client signs in without a secret
// (Private Key JWT reference).
package assertion

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha512" // the hash of RS512 and ES384
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// Type is the client_assertion_type of a token request.
const Type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// maxLife is the longest time between iat and exp.
const maxLife = 5 * time.Minute

// Key is a registered public key, a JSON Web Key. Which other members a key may have is
// undocumented; assumed: none.
type Key struct {
	ID        string `json:"kid"`
	Kind      string `json:"kty"`
	Algorithm string `json:"alg"`
	Use       string `json:"use"`
	N         string `json:"n"`
	E         string `json:"e"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	Y         string `json:"y"`
}

// algorithms are those that the reference lists, with the kind of their keys.
var algorithms = map[string]struct {
	kind string
	hash crypto.Hash
}{"RS256": {"RSA", crypto.SHA256}, "RS512": {"RSA", crypto.SHA512}, "ES384": {"EC", crypto.SHA384}}

// Check returns what is wrong with a key.
func (k *Key) Check() error {
	algorithm, known := algorithms[k.Algorithm]
	switch {
	case k.ID == "":
		return errors.New(".kid: missing")
	case k.Use != "sig":
		return errors.New(".use: must be sig")
	case !known:
		return errors.New(".alg: must be RS256, RS512 or ES384")
	case k.Kind != algorithm.kind:
		return fmt.Errorf(".kty: must be %s for %s", algorithm.kind, k.Algorithm)
	}
	_, err := k.verifier()
	return err
}

// verifier returns the function that checks a signature.
func (k *Key) verifier() (func(signed, signature []byte) bool, error) {
	hash := algorithms[k.Algorithm].hash
	sum := func(signed []byte) []byte {
		h := hash.New()
		h.Write(signed)
		return h.Sum(nil)
	}
	if k.Kind == "RSA" {
		n, e := number(k.N), number(k.E)
		if n.BitLen() < 2048 || !e.IsInt64() || e.Int64() < 3 {
			return nil, errors.New(".n: an RSA key needs n and e, and at least 2048 bits")
		}
		public := &rsa.PublicKey{N: n, E: int(e.Int64())}
		return func(signed, signature []byte) bool {
			return rsa.VerifyPKCS1v15(public, hash, sum(signed), signature) == nil
		}, nil
	}
	x, y := number(k.X), number(k.Y)
	point := make([]byte, 97)
	point[0] = 4 // uncompressed
	var public *ecdsa.PublicKey
	var err error
	if fits := x.BitLen() <= 384 && y.BitLen() <= 384; fits {
		x.FillBytes(point[1:49])
		y.FillBytes(point[49:])
		public, err = ecdsa.ParseUncompressedPublicKey(elliptic.P384(), point)
	}
	if k.Curve != "P-384" || public == nil || err != nil {
		return nil, errors.New(".crv: an EC key needs the curve P-384, and x and y of a point on it")
	}
	return func(signed, signature []byte) bool {
		half := len(signature) / 2
		return len(signature) == 96 && ecdsa.Verify(public, sum(signed), new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:]))
	}, nil
}

func number(text string) *big.Int {
	data, _ := base64.RawURLEncoding.DecodeString(text) // Check refuses a number that is too small
	return new(big.Int).SetBytes(data)
}

// Verify checks an assertion of a client for a token endpoint, and returns its id and when it expires.
// The caller refuses an id that was used before. The reference requires kid, which the tutorial's
// samples do not have.
func (k *Key) Verify(text, client, audience string, now time.Time) (id string, expires time.Time, err error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return "", time.Time{}, errors.New("client_assertion is not a signed JWT")
	}
	var header struct {
		Algorithm string `json:"alg"`
		Key       string `json:"kid"`
	}
	var claims struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience string `json:"aud"`
		ID       string `json:"jti"`
		Issued   int64  `json:"iat"`
		Expires  int64  `json:"exp"`
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || decode(parts[0], &header) != nil || decode(parts[1], &claims) != nil {
		return "", time.Time{}, errors.New("client_assertion is not a signed JWT")
	}
	verify, err := k.verifier()
	if err != nil {
		return "", time.Time{}, err
	}
	issued, expires := time.Unix(claims.Issued, 0), time.Unix(claims.Expires, 0)
	switch {
	case header.Key != k.ID:
		err = errors.New("kid is not that of the registered key")
	case header.Algorithm != k.Algorithm || !verify([]byte(parts[0]+"."+parts[1]), signature):
		err = errors.New("signature validation failed")
	case claims.Issuer != client || claims.Subject != client:
		err = errors.New("invalid client: iss and sub must be the client id")
	case claims.Audience != audience:
		err = errors.New("invalid audience")
	case claims.ID == "":
		err = errors.New("jti is missing")
	case issued.After(now.Add(time.Minute)) || !expires.After(now):
		err = errors.New("the assertion has expired, or is not valid yet")
	case expires.Sub(issued) > maxLife:
		err = errors.New("exp is more than 5 minutes after iat")
	}
	return claims.ID, expires, err
}

func decode(part string, v any) error {
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}
