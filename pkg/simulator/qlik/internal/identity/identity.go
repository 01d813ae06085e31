// Package identity derives ids from names. The ids are not random: the same seed and the same
// writes result in the same ids for any order of concurrent writes, so recorded outputs are the
// same in every run.
package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// UUIDShape is what every UUID matches.
var UUIDShape = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

// Digest returns the digest of a list of texts, from which all ids come.
func Digest(parts ...string) [sha256.Size]byte {
	return sha256.Sum256([]byte(strings.Join(parts, "\x00")))
}

// UUID has the shape of a version 8 (custom) UUID.
func UUID(parts ...string) string {
	d := Digest(parts...)
	d[6] = d[6]&0x0f | 0x80
	d[8] = d[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", d[0:4], d[4:6], d[6:8], d[8:10], d[10:16])
}

// ObjectID has the shape of the 24 hexadecimal digits that spaces and users are known by.
func ObjectID(parts ...string) string {
	d := Digest(parts...)
	return hex.EncodeToString(d[:12])
}

// Opaque has the shape of a tenant id and of the hash in a qri.
func Opaque(parts ...string) string {
	d := Digest(parts...)
	return base64.RawURLEncoding.EncodeToString(d[:])
}
