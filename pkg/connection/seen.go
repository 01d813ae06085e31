package connection

import (
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"
)

// ErrChanged means that nothing was sent to a connection because it changed after the plan, or
// after the last write of this run.
var ErrChanged = errors.New("left alone because another person or client changed it after the plan")

// StatementDigest is the digest of the text in which a service keeps or returns the properties of a
// connection, which may contain secrets. Digests are comparable within one process only; they are
// never written or shown. Zero: unknown.
type StatementDigest uint64

// statementSeed differs in each process, so that a digest reveals nothing about its text.
var statementSeed = maphash.MakeSeed()

// DigestStatement returns the digest of a statement; zero for an empty one.
func DigestStatement(statement string) StatementDigest {
	if statement == "" {
		return 0
	}
	return StatementDigest(max(1, maphash.String(statementSeed, statement)))
}

// isOther reports whether two digests are known and differ.
func (d StatementDigest) isOther(now StatementDigest) bool { return d != 0 && now != 0 && d != now }

// CheckUnchanged returns an error that wraps [ErrChanged] and lists the differences between a
// connection that was just read and its last known state: in name, space, owner, tags, ownership
// record, protection, statement, properties, or the credentials that it uses. Parts that either
// side does not know are not compared.
//
// A difference in [Live.UpdatedAt] alone counts only for an operation for which
// [Operation.Destroys] reports true: somebody may have typed in new credentials, and some services
// may change the time of update for reasons of their own.
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

// IsUpdated reports whether the service has changed the time of update of a connection since the
// last read. It reports false if either time is unknown. A difference of less than a millisecond
// does not count: a service may answer a create with more decimals than it stores.
func IsUpdated(seen, now *Live) bool {
	return !seen.UpdatedAt.IsZero() && !now.UpdatedAt.IsZero() && now.UpdatedAt.Sub(seen.UpdatedAt).Abs() >= time.Millisecond
}

// CheckSuccessor returns an error that wraps [ErrChanged] if a delete would lose the last
// credentials: the connection to delete has some, and [Operation.Successor], as just read, has
// none, or has another owner, who may be unable to use them.
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
	note(seen.Statement.isOther(now.Statement) || seen.Parsed.isOther(now.Parsed), "its properties were changed")
	return append(changes, credentialChanges(seen, now)...)
}

// isHandedOver reports whether a connection has another owner than at the last read, or has one and
// had none.
func isHandedOver(seen, now *Live) bool {
	return now.OwnerID != "" && seen.OwnerID != now.OwnerID && (seen.OwnerID != "" || seen.Ownerless)
}

// credentialChanges lists the changes to the credentials that a connection uses. It cannot detect
// new values under the same id.
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

// Destroys reports whether the operation removes something that cannot be read back, or begins to:
// the connection itself; its credentials, which a new owner does not get and which a change of host
// may unlink; or its name, when a recreate renames the connection to delete it at the end.
func (o *Operation) Destroys() bool {
	return o.Kind == Delete || o.Kind == BulkDelete || o.OwnerID != "" || len(o.Credentials) > 0 || o.DropsCredentials ||
		o.Record != nil && o.Record.Phase == PhaseDeposed
}

// After returns the known state of a connection after the operation was acknowledged. The
// statement, the digest of the properties and the time of update are then unknown, because the
// service sets them; so are the credentials after any write that may affect them.
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
	l.Statement, l.Parsed, l.UpdatedAt = 0, 0, time.Time{}
	return l
}
