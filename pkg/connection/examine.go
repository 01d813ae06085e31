package connection

import (
	"context"
	"time"
)

// Examiner is an optional capability of a [Provider]: it reports the caller's identity and access
// on the tenant, for diagnosis. It only reads.
type Examiner interface {
	// Examine reads as much as it can: an error in one part is reported in that part, and the others
	// continue. The spaces of the result are in the order of the references. Examine may be called
	// concurrently.
	Examine(ctx context.Context, spaces []SpaceRef) Examination
}

// Examination is the result of [Examiner.Examine].
type Examination struct {
	// Err says why nothing else could be read: the tenant is not reachable or rejects the token. Then
	// only Skew may be known.
	Err error
	// Skew is how far the clock of the tenant is ahead of ours, to a few seconds; nil: unknown.
	Skew *time.Duration
	// Caller is the user to whom the token belongs. CallerUnknown says why the user is not known.
	Caller        User
	CallerUnknown string
	// Roles are the roles of the caller in the whole tenant.
	Roles  []string
	Spaces []SpaceExamination
}

// SpaceExamination is what the caller can see in one space.
type SpaceExamination struct {
	Ref SpaceRef
	// Found reports whether the caller can see the space. Space is set only then.
	Found bool
	Space Space
	// Err says why the space or its connections could not be read.
	Err error
	// Incomplete says what is missing from the lists.
	Incomplete []string
	// Roles are the roles of the caller in the space; nil: the service does not return them.
	Roles []string
	// Connections are the ones that the caller can see in the space, by key.
	Connections []Access
}

// Access is what the caller may do with one connection.
type Access struct {
	Key     Key
	Project string // that owns the connection; empty: none
	// Privileges are the service's own words, such as "update"; nil: the service does not return them.
	Privileges []string
}
