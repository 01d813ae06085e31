package engine

import (
	"time"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Event is an event of a running use case: progress, or information for the user in addition to the
// result. The types below are all events.
type Event interface{ event() }

// Events of the progress. [Began] and [Ended] enclose the others: between them the progress of a
// tenant may be shown. They are nested at most one level deep.
type (
	// Began reports that work on the tenant begins.
	Began struct{}
	// Ended reports that the work has ended, so that its progress can be removed.
	Ended struct{}
	// Finished reports that a use case on several tenants is done with this one.
	Finished struct{}
	// Paced provides the reasons for delays of requests. Either function may be nil.
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
	// UsagePlanned reports, before the apps are read, how many requests that takes, and how long they
	// wait at least for the rate limit.
	UsagePlanned struct {
		Requests int
		Wait     time.Duration
	}
	// ReadUsage reports how many apps and other objects have been read.
	ReadUsage struct{ Done, Total int }
	// WaitingForReloads reports that the use case waits until that time, so that apps can reload.
	WaitingForReloads struct{ Until time.Time }
	// WaveEnded reports that the apps of so many tenants of a wave are checked at that time, before the
	// next wave begins.
	WaveEnded struct {
		Wave    string
		Tenants int
		Until   time.Time
	}
	// Applying reports that a plan of that many steps is being carried out. Until the use case returns,
	// requests that change the tenant may be sent.
	Applying struct{ Steps int }
	// Stepped reports the outcome of a step.
	Stepped struct{ apply.Progress }
)

// Events for the user.
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
	// FromCache reports how many connections came from the cache.
	FromCache struct {
		Folder        string
		Cached, Total int
		NotKept       error // why the cache could not be written
	}
	// FromSnapshot reports that a file is used in place of the tenant.
	FromSnapshot struct {
		File string
		Age  time.Duration
	}
	// NotExported reports why an export is incomplete.
	NotExported struct{ Reason string }
)

func (Began) event()             {}
func (Ended) event()             {}
func (Finished) event()          {}
func (Paced) event()             {}
func (Listing) event()           {}
func (Read) event()              {}
func (ReadSchemas) event()       {}
func (UsagePlanned) event()      {}
func (ReadUsage) event()         {}
func (WaitingForReloads) event() {}
func (WaveEnded) event()         {}
func (Applying) event()          {}
func (Stepped) event()           {}
func (Warned) event()            {}
func (Reseeded) event()          {}
func (Misused) event()           {}
func (UnknownID) event()         {}
func (FromCache) event()         {}
func (FromSnapshot) event()      {}
func (NotExported) event()       {}

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
