package qlik

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// Ids are derived from names, not drawn: the same seed and the same writes give the same ids in whatever order
// concurrent writes arrive, so recorded outputs stay the same from run to run.

var uuidShape = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

func digestOf(parts ...string) [sha256.Size]byte {
	return sha256.Sum256([]byte(strings.Join(parts, "\x00")))
}

// uuidOf has the shape of a version 8 (custom) UUID.
func uuidOf(parts ...string) string {
	d := digestOf(parts...)
	d[6] = d[6]&0x0f | 0x80
	d[8] = d[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", d[0:4], d[4:6], d[6:8], d[8:10], d[10:16])
}

// objectIDOf has the shape of the 24 hexadecimal digits that spaces and users are known by.
func objectIDOf(parts ...string) string {
	d := digestOf(parts...)
	return hex.EncodeToString(d[:12])
}

// opaqueOf has the shape of a tenant id and of the hash in a qri.
func opaqueOf(parts ...string) string {
	d := digestOf(parts...)
	return base64.RawURLEncoding.EncodeToString(d[:])
}
