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

// Live is one connection as the tenant holds it. It never holds a credential:
// what looks like one in the properties has become a [Secret] that prints a
// placeholder.
type Live struct {
	ID      string `json:"id"`
	Key     Key    `json:"connection"`
	SpaceID string `json:"spaceId,omitempty"` // empty: the caller's personal space
	OwnerID string `json:"ownerId,omitempty"`
	// Ownerless reports that nobody owns it, as after an account was deleted: the service
	// says of others in the lists who owns them. Where both are empty, the owner is unknown.
	Ownerless bool `json:"ownerless,omitempty"`
	// UpdatedAt is when the service last saw it change, for people to read; zero
	// where it does not tell. The plan never compares it; see [CheckUnchanged].
	UpdatedAt time.Time `json:"updatedAt,omitzero"`
	// Statement is compared before a write, within the process that has read it. It is
	// never stored, shown or written.
	Statement  StatementDigest `json:"-"`
	DataSource string          `json:"dataSource"`
	// Family is the connector behind the data source; see [DataSource.Family].
	Family string `json:"family,omitempty"`
	// Tags are the user's own, sorted: without ours and without the server's.
	Tags []string `json:"tags,omitempty"`
	// OtherTags is how many tags there are that are neither the user's nor part of our ownership record.
	OtherTags int    `json:"otherTags,omitempty"`
	Record    Record `json:"mark"`
	// Properties is nil where the details were not asked for, or not readable.
	Properties map[string]any `json:"properties"`
	// HasCredentials reports that the service knows credentials for the connection.
	HasCredentials bool `json:"hasCredentials,omitempty"`
	// PerUserCredentials reports that each user brings their own credentials.
	PerUserCredentials bool `json:"separated,omitempty"`
	// WriteOnlyCredentials names the parts of the credentials that the service keeps, or may keep,
	// and does not show; sorted. A write that replaces the whole connection
	// must carry them; see [Demands.Loses].
	WriteOnlyCredentials []string `json:"withheld,omitempty"`
	// InUse names the parts of the credentials that the connection uses as it is set up;
	// sorted. Nil where the service does not tell.
	InUse []string `json:"inUse,omitempty"`
	// WriteOnlyProperties names properties that are set and whose values the service does not show;
	// sorted. They cannot be compared.
	WriteOnlyProperties []string `json:"hidden,omitempty"`
	// Crowded names a property that, as long as it is as it is, leaves no room for our
	// mark; empty: there is room.
	Crowded string `json:"crowded,omitempty"`
	// StoredID is the caller's stored credentials that it uses where Separated is
	// true; empty: none, or unknown.
	StoredID string `json:"storedId,omitempty"`
	// CredentialsID is the service's id of the credentials that the connection uses, whoever
	// they are of; empty: none. It is compared before a write, as Statement is.
	CredentialsID string `json:"-"`
	// CredentialsUnknown reports that HasCredentials, Separated, StoredID and CredentialsID
	// are not known, because a write of ours may have changed them; see [Live.After].
	CredentialsUnknown bool `json:"-"`
	// Unreadable says why the details could not be read; empty when they could,
	// or when nobody asked.
	Unreadable string `json:"unreadable,omitempty"`
	// Missing reports that a list has it, and that its details were not found: it was
	// deleted in between, or the service does not show it everywhere yet.
	Missing bool `json:"-"`
}

// Record is what qlsync has written on a live connection. There is no state file:
// this is all the memory between two runs, and each provider keeps it where its
// service has room (tags, a description).
type Record struct {
	// Project owns the connection. Empty: nobody does.
	Project string `json:"project,omitempty"`
	// Key is the [KeyRecord] of the declared key that the connection was written for.
	Key string `json:"key,omitempty"`
	// Credentials is the [CredentialsRecord] of what was last written. Empty: unknown.
	Credentials string `json:"credentials,omitempty"`
	// Fingerprint is the keyed fingerprint of the values that were last written, as
	// package fingerprint makes it. Empty: none is known. It means something only
	// beside Credentials.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Sensitive is the [SensitiveRecord] of what was declared sensitive when it was last
	// written: what a file no longer says is still to be hidden. Empty: nothing.
	Sensitive string `json:"sensitive,omitempty"`
	// NotSensitive is the [NotSensitiveRecord] of declared properties that were written and are
	// not secrets although a provider guesses so. It counts only as [Record.Lifts] says.
	NotSensitive string `json:"notSensitive,omitempty"`
	// Protected refuses delete and recreate, also after the file's block is gone.
	Protected bool `json:"protected,omitempty"`
	// Moved is the [KeyRecord] of the key from which it was brought, by a move that is part of a
	// cycle or by a recreate at another key: without it nobody could tell whether the cycle was gone
	// round, and what the old connection is. Of a connection that moved blocks do not move on from
	// its key, it is a record that fits no key.
	Moved string `json:"moved,omitempty"`
	// Pending reports that what was written last is saved and not in effect; see
	// [ErrPending].
	Pending bool `json:"pending,omitempty"`
	// Phase is set while a connection is being recreated; see [PhaseNew].
	Phase string `json:"transit,omitempty"`
}

// Records returns how many records the ownership record holds. A fingerprint stands in the one of the
// credentials.
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

// The values of [Record.Phase]. A recreate creates the new connection next to the old
// one, renames the old one, and renames the new one to the free name. These marks
// repair a crash in between.
const (
	PhaseNew     = "new" // made, and waiting for its owner and its name
	PhaseDeposed = "old" // has made way, and is to be deleted
)

// digest is 64 bits of SHA-256 in hexadecimal: short enough for a tag, long
// enough that no two keys of a tenant meet by accident.
func digest(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// MaxSensitive is how many names a [SensitiveRecord] may record: it must have room beside
// the rest of a [Record].
const MaxSensitive = 8

// MaxNotSensitive is how many names a [NotSensitiveRecord] may record, and how many it and a
// [SensitiveRecord] may record together.
const MaxNotSensitive = 7

// nameSize is the length of the digest of one name in a [SensitiveRecord] or a [NotSensitiveRecord].
const nameSize = 8

// SensitiveRecord records the names of properties: a short digest of each, in order.
func SensitiveRecord(names []string) string { return nameRecord("sensitive", names) }

// NotSensitiveRecord records names as [SensitiveRecord] does. The digests differ from those.
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

// Lifts reports whether the ownership record records that the property is not a secret, whatever a
// provider guesses. Only a full record of the project counts, and what is recorded as
// sensitive stays hidden.
func (m *Record) Lifts(project, property string) bool {
	return project != "" && m.Project == project && m.Key != "" && !m.Redacts(property) &&
		isRecorded(m.NotSensitive, "notSensitive", property)
}

// KeyRecord is the record of a declared key in a [Record]. It is over the id of the space,
// which a rename does not change; the personal space has none, and keeps its word.
func KeyRecord(space Space, name string) string {
	return KeyDigest(Key{Space: cmp.Or(space.ID, space.Name), Name: name})
}

// KeyDigest is the record of a declared key over the name of its space, as earlier versions
// wrote it. It still fits where it is read.
func KeyDigest(k Key) string { return digest("key", k.Space, k.Name) }

// CredentialsRecord describes credentials without their values: the version, and a
// digest of the names, references and plain parts of the tree and of the owner
// they were written for.
func CredentialsRecord(version int, credentials map[string]any, ownerID string) string {
	return strconv.Itoa(version) + ":" + digest("credentials", Canonical(credentials), ownerID)
}

// SameCredentials reports whether two records are about the same credentials of the same owner,
// whatever their versions. A record without digest says nothing about that.
func SameCredentials(recorded, wanted string) bool {
	_, was, hasDigest := strings.Cut(recorded, ":")
	_, is, _ := strings.Cut(wanted, ":")
	return !hasDigest || was == is
}

// CredentialsDue returns why the credentials must be written again when the live
// mark is recorded and the wanted one is declared; empty when they need not be.
// A missing record is a baseline, not a change; a record without digest is
// compared by its version.
func CredentialsDue(recorded, wanted string) string {
	if recorded == "" || recorded == wanted {
		return ""
	}
	oldVersion, oldDigest, hasDigest := strings.Cut(recorded, ":")
	newVersion, newDigest, _ := strings.Cut(wanted, ":")
	switch {
	case oldVersion != newVersion:
		return "credentialsVersion " + oldVersion + " -> " + newVersion
	case hasDigest && oldDigest != newDigest:
		return "the references, the plain parts or the owner have changed"
	}
	return ""
}
