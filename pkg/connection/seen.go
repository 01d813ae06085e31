package connection

import (
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"
)

// ErrChanged means that a connection is no longer what it was when the plan was made,
// or when this run last wrote it, and that therefore nothing was sent to it.
var ErrChanged = errors.New("left alone because another person or client changed it after the plan")

// StatementDigest stands for the text in which a service keeps the properties of a
// connection, which may hold secrets. Digests can be compared within one process and mean
// nothing outside of it: they are never written or shown. Zero: unknown.
type StatementDigest uint64

// statementSeed differs in each process, so that a digest tells nothing about its text.
var statementSeed = maphash.MakeSeed()

// DigestStatement returns the digest of a statement; zero for an empty one.
func DigestStatement(statement string) StatementDigest {
	if statement == "" {
		return 0
	}
	return StatementDigest(max(1, maphash.String(statementSeed, statement)))
}

// CheckUnchanged returns an error that wraps [ErrChanged] and lists the differences where
// a connection that was just read differs from how it was last seen: in name, space, owner,
// tags, ownership record, protection, statement, or the credentials that it uses. What one
// side does not know is not compared.
//
// A difference in [Live.UpdatedAt] alone counts only for an operation that takes away what
// nobody can read back, as [Operation.Destroys] reports: credentials may have been typed in
// by hand over others, and some services may touch the time of update for reasons of their own.
func CheckUnchanged(seen, now *Live, operation *Operation) error {
	changes := differences(seen, now)
	touched := IsUpdated(seen, now)
	switch {
	case len(changes) == 0 && !(touched && operation.Destroys()):
		return nil
	case len(changes) == 0:
		changes = []string{"it was updated, perhaps its credentials"}
	}
	if touched {
		changes = append(changes, "updated at "+now.UpdatedAt.UTC().Format(time.RFC3339))
	}
	return fmt.Errorf("%w (%s); plan again", ErrChanged, strings.Join(changes, "; "))
}

// IsUpdated reports whether the service has changed the time of update of a connection since
// it was last seen. Where either time is unknown it reports false. Less than a millisecond is
// no difference: a service may answer a create with more decimals than it stores.
func IsUpdated(seen, now *Live) bool {
	return !seen.UpdatedAt.IsZero() && !now.UpdatedAt.IsZero() && now.UpdatedAt.Sub(seen.UpdatedAt).Abs() >= time.Millisecond
}

// CheckSuccessor returns an error that wraps [ErrChanged] where a delete would lose the last
// credentials: the connection that it deletes has some, and [Operation.Successor], as it was
// just read, has none, or has another owner, for whom they may be of no use.
func CheckSuccessor(operation *Operation, deleted, now *Live) error {
	seen := operation.Successor
	if !deleted.HasCredentials || now.HasCredentials && !isHandedOver(seen, now) {
		return nil
	}
	return fmt.Errorf("%w (it has credentials, and %q in its place no longer has any that work); plan again", ErrChanged, seen.Key.Name)
}

func differences(seen, now *Live) (changes []string) {
	note := func(differs bool, format string, args ...any) {
		if differs {
			changes = append(changes, fmt.Sprintf(format, args...))
		}
	}
	note(seen.Key.Name != now.Key.Name, "renamed to %q", now.Key.Name)
	note(seen.SpaceID != now.SpaceID, "moved to another space")
	note(isHandedOver(seen, now), "given to another owner")
	was, is := seen.Record, now.Record
	note(was.Project != is.Project && is.Project == "", "its ownership record was removed")
	note(was.Project != is.Project && is.Project != "", "it belongs to project %q now", is.Project)
	note(is.Protected && !was.Protected, "it was protected")
	note(was.Protected && !is.Protected, "its protection was removed")
	was.Project, was.Protected = is.Project, is.Protected
	note(was != is, "its ownership record was changed")
	note(!slices.Equal(sortedTags(seen.Tags), sortedTags(now.Tags)), "its tags were changed")
	note(seen.Statement != 0 && now.Statement != 0 && seen.Statement != now.Statement, "its properties were changed")
	return append(changes, credentialChanges(seen, now)...)
}

// isHandedOver reports whether a connection has another owner than when it was last seen, or
// has one and had none.
func isHandedOver(seen, now *Live) bool {
	return now.OwnerID != "" && seen.OwnerID != now.OwnerID && (seen.OwnerID != "" || seen.Ownerless)
}

// credentialChanges lists what changed about the credentials that a connection uses. New
// values under the same id cannot be told from the old ones here.
func credentialChanges(seen, now *Live) []string {
	switch {
	case seen.CredentialsUnknown || now.CredentialsUnknown:
	case seen.PerUserCredentials != now.PerUserCredentials && now.PerUserCredentials:
		return []string{"each user brings their own credentials now"}
	case seen.PerUserCredentials != now.PerUserCredentials:
		return []string{"all users share its credentials now"}
	case !seen.hasAnyCredentials() && now.hasAnyCredentials():
		return []string{"it was given credentials"}
	case seen.hasAnyCredentials() && !now.hasAnyCredentials():
		return []string{"its credentials were removed"}
	case seen.CredentialsID != now.CredentialsID || seen.StoredID != now.StoredID:
		return []string{"it uses other credentials"}
	}
	return nil
}

func (l *Live) hasAnyCredentials() bool { return l.HasCredentials || l.StoredID != "" }

func sortedTags(tags []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(tags)))
}

// Destroys reports whether the operation takes away what nobody can read back, or begins to:
// the connection itself; its credentials, which a new owner does not get and which a change
// of host may unlink; or its name, where a recreate puts it aside to delete it at the end.
func (o *Operation) Destroys() bool {
	return o.Kind == Delete || o.Kind == BulkDelete || o.OwnerID != "" || len(o.Credentials) > 0 || o.DropsCredentials ||
		o.Record != nil && o.Record.Phase == PhaseDeposed
}

// After returns how a connection is known once the operation was acknowledged. What a write
// does to the statement and to the time of update is for the service to say: they are unknown,
// and so is what becomes of the credentials under any write that may concern them.
func (l Live) After(operation *Operation) Live {
	if operation.Name != "" {
		l.Key.Name = operation.Name
	}
	if operation.Space != nil {
		l.Key.Space, l.SpaceID = operation.Space.Name, operation.Space.ID
	}
	if operation.OwnerID != "" {
		l.OwnerID, l.Ownerless = operation.OwnerID, false
	}
	if operation.Tags != nil {
		l.Tags = sortedTags(*operation.Tags)
	}
	if operation.Record != nil {
		l.Record = *operation.Record
	}
	if operation.Kind == Create || operation.OwnerID != "" || len(operation.Credentials) > 0 || len(operation.Set) > 0 || len(operation.Remove) > 0 {
		l.CredentialsUnknown = true
	}
	l.Statement, l.UpdatedAt = 0, time.Time{}
	return l
}
