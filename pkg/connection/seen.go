package connection

import (
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"
)

// ErrChanged reports that a connection is no longer what it was when the plan was made,
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
// tags, ownership record, protection or statement. What one side does not know is not compared.
//
// A difference in [Live.UpdatedAt] alone counts only for an operation that takes away what
// nobody can read back, as [Operation.Destroys] reports: credentials may have been typed in
// by hand, and some services may touch the time of update for reasons of their own.
func CheckUnchanged(seen, now *Live, operation *Operation) error {
	changes := differences(seen, now)
	touched := !seen.UpdatedAt.IsZero() && !now.UpdatedAt.IsZero() && !seen.UpdatedAt.Equal(now.UpdatedAt)
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

func differences(seen, now *Live) (changes []string) {
	note := func(differs bool, format string, args ...any) {
		if differs {
			changes = append(changes, fmt.Sprintf(format, args...))
		}
	}
	note(seen.Key.Name != now.Key.Name, "renamed to %q", now.Key.Name)
	note(seen.SpaceID != now.SpaceID, "moved to another space")
	note(seen.OwnerID != "" && now.OwnerID != "" && seen.OwnerID != now.OwnerID, "given to another owner")
	was, is := seen.Mark, now.Mark
	note(was.Project != is.Project && is.Project == "", "its ownership record was removed")
	note(was.Project != is.Project && is.Project != "", "it belongs to project %q now", is.Project)
	note(is.Protected && !was.Protected, "it was protected")
	note(was.Protected && !is.Protected, "its protection was removed")
	was.Project, was.Protected = is.Project, is.Protected
	note(was != is, "its ownership record was changed")
	note(!slices.Equal(sortedTags(seen.Tags), sortedTags(now.Tags)), "its tags were changed")
	note(seen.Statement != 0 && now.Statement != 0 && seen.Statement != now.Statement, "its properties were changed")
	return changes
}

func sortedTags(tags []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(tags)))
}

// Destroys reports whether the operation takes away what nobody can read back: the
// connection itself, or credentials, which another owner does not get either.
func (o *Operation) Destroys() bool {
	return o.Kind == Delete || o.Kind == BulkDelete || o.OwnerID != "" || len(o.Credentials) > 0
}

// After returns how a connection is known once the operation was acknowledged. What a write
// does to the statement and to the time of update is for the service to say: they are unknown.
func (l Live) After(operation *Operation) Live {
	if operation.Name != "" {
		l.Key.Name = operation.Name
	}
	if operation.Space != nil {
		l.Key.Space, l.SpaceID = operation.Space.Name, operation.Space.ID
	}
	if operation.OwnerID != "" {
		l.OwnerID = operation.OwnerID
	}
	if operation.Tags != nil {
		l.Tags = sortedTags(*operation.Tags)
	}
	if operation.Mark != nil {
		l.Mark = *operation.Mark
	}
	l.Statement, l.UpdatedAt = 0, time.Time{}
	return l
}
