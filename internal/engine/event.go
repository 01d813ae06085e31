package engine

import (
	"time"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Event is something that happens while a use case runs: a step of the progress, or what
// the user must hear besides the result. The types below are all events.
type Event interface{ event() }

// Events of the progress. [Began] and [Ended] enclose the others: while a tenant is
// worked on, its progress may be shown. They are nested at most as deep as one.
type (
	// Began reports that work with the tenant begins.
	Began struct{}
	// Ended reports that the work has ended. What was shown of it can go.
	Ended struct{}
	// Finished reports that a use case on several tenants is done with this one.
	Finished struct{}
	// Paced reports who can say what the requests wait for. Either may be nil.
	Paced struct {
		Waiter connection.Waiter
		Pacer  connection.Pacer
	}
	// Listing reports that the connections are being listed.
	Listing struct{}
	// Read reports how many connections have been read.
	Read struct{ Done, Total int }
	// ReadSchemas reports how many data sources have been read.
	ReadSchemas struct{ Done, Total int }
	// Applying reports that a plan of so many steps is carried out. Requests that change
	// the tenant may be sent from now on, until the use case returns.
	Applying struct{ Steps int }
	// Stepped reports the outcome of a step.
	Stepped struct{ apply.Progress }
)

// Events that the user must hear.
type (
	// Warned carries problems that are only warnings.
	Warned struct{ Problems connection.Problems }
	// Reseeded reports that the embedded tenant starts again because its seed has changed.
	Reseeded struct{ Seed string }
	// Misused carries the requests by which qlsync broke the contract of an embedded tenant.
	Misused struct{ Requests []string }
	// UnknownID reports that the tenant does not report its own id.
	UnknownID struct {
		Tenant string
		Reason error
	}
	// FromCache reports how many connections were not read because a folder holds them.
	FromCache struct {
		Folder        string
		Cached, Total int
		NotKept       error // why the folder does not hold what was read this time
	}
	// FromSnapshot reports that a file is used in place of the tenant.
	FromSnapshot struct {
		File string
		Age  time.Duration
	}
	// NotExported reports why an export is incomplete.
	NotExported struct{ Reason string }
)

func (Began) event()        {}
func (Ended) event()        {}
func (Finished) event()     {}
func (Paced) event()        {}
func (Listing) event()      {}
func (Read) event()         {}
func (ReadSchemas) event()  {}
func (Applying) event()     {}
func (Stepped) event()      {}
func (Warned) event()       {}
func (Reseeded) event()     {}
func (Misused) event()      {}
func (UnknownID) event()    {}
func (FromCache) event()    {}
func (FromSnapshot) event() {}
func (NotExported) event()  {}

func (s *Session) notify(event Event) {
	if s.host.Notify != nil {
		s.host.Notify(s.tenant.Name, event)
	}
}

// warn reports warnings as an event and returns errors.
func (s *Session) warn(problems connection.Problems) error {
	problems = s.redactProblems(problems)
	if problems.Err() != nil {
		return problems
	}
	if len(problems) > 0 {
		s.notify(Warned{problems})
	}
	return nil
}
