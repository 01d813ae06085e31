package connection

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Live is one connection as the tenant holds it. It never contains a credential: a property that
// looks like one is a [Secret], which prints a placeholder.
type Live struct {
	ID      string `json:"id"`
	Key     Key    `json:"connection"`
	SpaceID string `json:"spaceId,omitempty"` // empty: the caller's personal space
	OwnerID string `json:"ownerId,omitempty"`
	// Ownerless reports that the connection has no owner, for example because the account was deleted,
	// while the service returns the owners of other connections. If both OwnerID and Ownerless are
	// zero, the owner is unknown.
	Ownerless bool `json:"ownerless,omitempty"`
	// UpdatedAt is when the service last saw a change, for people to read; zero: unknown. The plan
	// never compares it; see [CheckUnchanged].
	UpdatedAt time.Time `json:"updatedAt,omitzero"`
	// CreatedAt is when the service created the connection; zero: unknown.
	CreatedAt time.Time `json:"-"`
	// Statement is compared before a write, within the process that read it. It is never stored, shown
	// or written.
	Statement StatementDigest `json:"-"`
	// Parsed is the digest of the properties that the service returned by name, regardless of the
	// statement, which may be older; zero: they were not read. It is compared like Statement.
	Parsed     StatementDigest `json:"-"`
	DataSource string          `json:"dataSource"`
	// Family is the connector behind the data source; see [DataSource.Family].
	Family string `json:"family,omitempty"`
	// Tags are the user's own tags, sorted, without qlsync's and the server's.
	Tags []string `json:"tags,omitempty"`
	// OtherTags counts the tags that are neither the user's nor part of the ownership record.
	OtherTags int    `json:"otherTags,omitempty"`
	Record    Record `json:"mark"`
	// Properties is nil if the details were not requested or could not be read.
	Properties map[string]any `json:"properties"`
	// Proved reports that the properties were not read: they are the declared ones, because the list
	// shows that they are equal; see [Scope.Equals]. Nothing is written on the basis of such a state.
	Proved bool `json:"-"`
	// HasCredentials reports whether the service knows credentials for the connection.
	HasCredentials bool `json:"hasCredentials,omitempty"`
	// PerUserCredentials reports whether each user brings their own credentials.
	PerUserCredentials bool `json:"separated,omitempty"`
	// WriteOnlyCredentials names the parts of the credentials that the service stores, or may store,
	// and does not return; sorted. A write that replaces the whole connection must carry them; see
	// [Demands.Loses].
	WriteOnlyCredentials []string `json:"withheld,omitempty"`
	// InUse names the parts of the credentials that the connection uses with its current settings;
	// sorted. Nil: unknown.
	InUse []string `json:"inUse,omitempty"`
	// WriteOnlyProperties names properties that are set and whose values the service does not return;
	// sorted. They cannot be compared.
	WriteOnlyProperties []string `json:"hidden,omitempty"`
	// Crowded names a property that currently leaves no space for the ownership record; empty: there is
	// space.
	Crowded string `json:"crowded,omitempty"`
	// StoredID is the id of the caller's stored credentials, used where PerUserCredentials is true;
	// empty: none, or unknown.
	StoredID string `json:"storedId,omitempty"`
	// CredentialsID is the service's id of the credentials that the connection uses, regardless of
	// their owner; empty: none. Like Statement, it is compared before a write.
	CredentialsID string `json:"-"`
	// CredentialsUnknown reports that HasCredentials, PerUserCredentials, StoredID and CredentialsID
	// are unknown because a write of ours may have changed them; see [Live.After].
	CredentialsUnknown bool `json:"-"`
	// Unreadable says why the details could not be read; empty if they were read or not requested.
	Unreadable string `json:"unreadable,omitempty"`
	// Missing reports that the connection is in a list but its details were not found: it was deleted
	// in between, or the service does not show it everywhere yet.
	Missing bool `json:"-"`
}

// Record is the ownership record that qlsync writes on a live connection. There is no state file:
// the record is all that one run knows of the runs before. Each provider stores it where its
// service has space (tags, a description).
type Record struct {
	// Project owns the connection. Empty: no project does.
	Project string `json:"project,omitempty"`
	// Key is the [KeyRecord] of the declared key that the connection was written for.
	Key string `json:"key,omitempty"`
	// Credentials is the [CredentialsRecord] of what was last written. Empty: unknown.
	Credentials string `json:"credentials,omitempty"`
	// Fingerprint is the keyed fingerprint of the values that were last written, as package fingerprint
	// computes it. Empty: unknown. It is meaningful only together with Credentials.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Sensitive is the [SensitiveRecord] of the properties that were declared sensitive at the last
	// write: their values stay redacted after the declaration is removed. Empty: none.
	Sensitive string `json:"sensitive,omitempty"`
	// NotSensitive is the [NotSensitiveRecord] of declared properties that were written and are not
	// secrets although a provider guesses so. It has effect only under the conditions of
	// [Record.Lifts].
	NotSensitive string `json:"notSensitive,omitempty"`
	// Protected refuses delete and recreate, also after the connection is removed from the file.
	Protected bool `json:"protected,omitempty"`
	// Moved is the [KeyRecord] of the previous key, written by a move that is part of a cycle and by a
	// recreate at another key. Without it, an interrupted cycle and the old connection of a recreate
	// could not be recognised. A value that matches no key excludes the connection from moved blocks.
	Moved string `json:"moved,omitempty"`
	// Pending reports that the last write is saved and not in effect; see [ErrPending].
	Pending bool `json:"pending,omitempty"`
	// Phase is set while a connection is being recreated; see [PhaseNew].
	Phase string `json:"transit,omitempty"`
}

// Records returns how many records the ownership record holds. A fingerprint is part of the record
// of the credentials.
func (m *Record) Records() int {
	records := 0
	for _, record := range []bool{
		m.Project != "", m.Key != "", m.Credentials != "", m.Sensitive != "", m.NotSensitive != "", m.Protected, m.Moved != "", m.Phase != "",
	} {
		if record {
			records++
		}
	}
	return records
}

// The values of [Record.Phase]. A recreate creates the new connection next to the old one, renames
// the old one, and renames the new one to the free name. With these records a later run repairs a
// crash in between.
const (
	PhaseNew     = "new" // created, and waiting for its owner and its name
	PhaseDeposed = "old" // renamed to free its name, and to be deleted
)

// digest returns 64 bits of SHA-256 in hexadecimal: short enough for a tag, long enough to avoid
// collisions between the keys of a tenant.
func digest(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// MaxSensitive is how many names a [SensitiveRecord] may contain, so that it fits with the rest of
// a [Record].
const MaxSensitive = 8

// MaxNotSensitive is how many names a [NotSensitiveRecord] may contain, and how many it and a
// [SensitiveRecord] may contain together.
const MaxNotSensitive = 7

// nameSize is the length of the digest of one name in a [SensitiveRecord] or a [NotSensitiveRecord].
const nameSize = 8

// SensitiveRecord returns the record of names of properties: a short digest of each, in order.
func SensitiveRecord(names []string) string { return nameRecord("sensitive", names) }

// NotSensitiveRecord returns a record as [SensitiveRecord] does, with different digests.
func NotSensitiveRecord(names []string) string { return nameRecord("notSensitive", names) }

func nameRecord(kind string, names []string) string {
	digests := make([]string, len(names))
	for i, name := range names {
		digests[i] = nameDigest(kind, name)
	}
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(digests))), "")
}

func nameDigest(kind, name string) string { return digest(kind, name)[:nameSize] }

func isRecorded(record, kind, name string) bool {
	if record == "" {
		return false
	}
	digest := nameDigest(kind, name)
	for known := range slices.Chunk([]byte(record), nameSize) {
		if string(known) == digest {
			return true
		}
	}
	return false
}

// Redacts reports whether the ownership record records the property as sensitive.
func (m *Record) Redacts(property string) bool { return isRecorded(m.Sensitive, "sensitive", property) }

// Lifts reports whether the ownership record says that the property is not a secret, overriding a
// provider's guess. Only a full record of the project counts, and a property that is recorded as
// sensitive stays redacted.
func (m *Record) Lifts(project, property string) bool {
	return project != "" && m.Project == project && m.Key != "" && !m.Redacts(property) &&
		isRecorded(m.NotSensitive, "notSensitive", property)
}

// KeyRecord returns the record of a declared key in a [Record]. It is a digest over the id of the
// space, which does not change with a rename; the personal space and a new space have no id and are
// represented by their names.
func KeyRecord(space Space, name string) string {
	if space.IsNew() {
		space.ID = ""
	}
	return KeyDigest(Key{Space: cmp.Or(space.ID, space.Name), Name: name})
}

// KeyDigest returns the record of a declared key over the name of its space. Earlier versions wrote
// it, and it is still accepted.
func KeyDigest(k Key) string { return digest("key", k.Space, k.Name) }

// CredentialsRecord describes credentials without their values: the version, and a digest of the
// names, references and plain parts of the tree and of the owner for whom they were written.
func CredentialsRecord(version int, credentials map[string]any, ownerID string) string {
	return strconv.Itoa(version) + ":" + digest("credentials", Canonical(credentials), ownerID)
}

// SameCredentials reports whether two records describe the same credentials of the same owner,
// regardless of their versions. It reports false for a record without digest.
func SameCredentials(recorded, wanted string) bool {
	_, was, hasDigest := strings.Cut(recorded, ":")
	_, is, _ := strings.Cut(wanted, ":")
	return !hasDigest || was == is
}

// CredentialsDue returns why the credentials must be written again, given the recorded and the
// wanted [CredentialsRecord]; empty if they need not be. A missing record is a baseline, not a
// change; a record without digest is compared by its version.
func CredentialsDue(recorded, wanted string) Reason {
	if recorded == "" || recorded == wanted {
		return Reason{}
	}
	oldVersion, oldDigest, hasDigest := strings.Cut(recorded, ":")
	newVersion, newDigest, _ := strings.Cut(wanted, ":")
	switch {
	case oldVersion != newVersion:
		return Because("credentials-version", "from", oldVersion, "to", newVersion)
	case hasDigest && oldDigest != newDigest:
		return Because("credentials-references")
	}
	return Reason{}
}
