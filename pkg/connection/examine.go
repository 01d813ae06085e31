package connection

import (
	"context"
	"time"
)

// Examiner is an optional capability of a [Provider]: it reports what the caller is and
// sees on the tenant, for people who look for what is wrong. It only reads.
type Examiner interface {
	// Examine looks at the tenant as far as it can: an error of one part is in that part,
	// and the others go on. Spaces are the answers for the references, in their order. It
	// may be called concurrently.
	Examine(ctx context.Context, spaces []SpaceRef) Examination
}

// Examination is what [Examiner.Examine] finds.
type Examination struct {
	// Err says why nothing else could be asked: the tenant is not reachable, or lets
	// nobody in with this token. Then only Skew may be known.
	Err error
	// Skew is how far the clock of the tenant is ahead of ours, to a few seconds; nil: the
	// tenant did not tell the time.
	Skew *time.Duration
	// Caller is who the token belongs to. CallerUnknown says why that is not known.
	Caller        User
	CallerUnknown string
	// Roles are the roles of the caller in the whole tenant.
	Roles  []string
	Spaces []SpaceExamination
}

// SpaceExamination is what the caller sees of one space.
type SpaceExamination struct {
	Ref SpaceRef
	// Found reports whether the caller can see the space; Space is then the space.
	Found bool
	Space Space
	// Err says why the space, or what is in it, could not be read.
	Err error
	// Incomplete says what is missing from the lists.
	Incomplete []string
	// Roles are the roles of the caller in the space; nil: the service does not tell.
	Roles []string
	// Connections are those that the caller sees there, by key.
	Connections []Access
}

// Access is what the caller may do with one connection.
type Access struct {
	Key     Key
	Project string // that owns it; empty: nobody does
	// Privileges are the service's own words, such as "update"; nil: it does not tell.
	Privileges []string
}
