// Package fingerprint detects whether the values of credentials differ from those that were written
// last, without storing them: a service never returns a credential, and the value behind a
// reference can change while the reference does not.
//
// A fingerprint is a keyed digest of all values of one connection. It is stored on the live
// connection, where everybody who sees the connection can read it. Therefore:
//
//   - Without the key, values cannot be tried against the fingerprint. The key is derived slowly
//     (argon2id), so that a weak key cannot be tried quickly either.
//   - Two connections with the same values have different fingerprints.
//   - A fingerprint names its key. Under another key it is unknown, which is not a reason to write.
//
// The package knows no service and does no I/O; the values are already resolved.
package fingerprint

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/crypto/argon2"

	"github.com/qlsync/qlsync/pkg/connection"
)

const (
	// minKey is how long a key must be, in bytes.
	minKey = 16

	// The cost of one derivation (RFC 9106, second recommended option). Fingerprints depend on it:
	// another value makes every recorded fingerprint unknown.
	passes, memory, lanes = 3, 64 << 10, 4

	// The length of each digest, in bytes.
	nameSize, saltSize, valueSize = 4, 8, 16
)

// Key computes and compares fingerprints. It may be used concurrently.
type Key struct {
	secret []byte
	name   string
}

// NewKey returns the key of a project. The derivation takes a tenth of a second and 64 MiB, so a
// process does it once, even for a project of many tenants. A text of fewer than 16 bytes is an
// error. NewKey may be called concurrently.
func NewKey(text connection.Secret, project string) (*Key, error) {
	if len(text.Reveal()) < minKey {
		return nil, fmt.Errorf("the key of the fingerprints must have at least %d characters: make one with openssl rand -hex 32", minKey)
	}
	salt := sha256.Sum256([]byte("qlsync fingerprint/v1 " + project))
	id := sha256.Sum256(append(salt[:], text.Reveal()...))
	key, _ := derived.LoadOrStore(id, sync.OnceValue(func() *Key { return derive(text, salt[:]) }))
	return key.(func() *Key)(), nil
}

// derived are the keys of this process, by the digest of project and text.
var derived sync.Map

func derive(text connection.Secret, salt []byte) *Key {
	k := &Key{secret: argon2.IDKey([]byte(text.Reveal()), salt, passes, memory, lanes, sha256.Size)}
	k.name = hex.EncodeToString(k.mac("name")[:nameSize])
	return k
}

// Of returns the fingerprint "KEY:SALT:VALUE" of the resolved credentials of a connection. The same
// connection with the same values has the same fingerprint.
func (k *Key) Of(connection connection.Key, credentials map[string]any) string {
	values := text(credentials)
	salt := hex.EncodeToString(k.mac("salt", connection.Space, connection.Name, values)[:saltSize])
	return k.name + ":" + salt + ":" + k.value(salt, values)
}

// Digest returns a keyed digest of texts for another use than fingerprints.
func (k *Key) Digest(use string, texts ...string) string {
	return hex.EncodeToString(k.mac(append([]string{"use", use}, texts...)...))
}

// Verdict is the result of comparing a recorded fingerprint with values.
type Verdict int

// The verdicts.
const (
	Unknown Verdict = iota // nothing is recorded, or with another key
	Same
	Changed
)

// Compare reports whether a recorded fingerprint matches these resolved credentials. It also works
// after a change of the connection's key.
func (k *Key) Compare(recorded string, credentials map[string]any) Verdict {
	parts := strings.Split(recorded, ":")
	if len(parts) != 3 || parts[0] != k.name {
		return Unknown
	}
	if hmac.Equal([]byte(parts[2]), []byte(k.value(parts[1], text(credentials)))) {
		return Same
	}
	return Changed
}

func (k *Key) value(salt, values string) string {
	return hex.EncodeToString(k.mac("value", salt, values)[:valueSize])
}

// mac is HMAC-SHA-256 over the parts, each with its length.
func (k *Key) mac(parts ...string) []byte {
	mac := hmac.New(sha256.New, k.secret)
	for _, part := range parts {
		fmt.Fprintf(mac, "%d:%s", len(part), part)
	}
	return mac.Sum(nil)
}

// text returns the canonical text of credentials with their values.
func text(credentials map[string]any) string {
	return connection.Canonical(connection.Reveal(credentials))
}
