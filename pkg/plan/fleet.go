package plan

// The JSON contracts of what several tenants of one project gave.
const (
	PlansFormat  = "qlsync.plans/v1"
	DriftsFormat = "qlsync.drifts/v1"
)

// Fleet is what the tenants of one project gave, each by itself: plans or drift
// reports. One that could not be looked at is told with its error, and keeps none of
// the others from being there.
type Fleet[T any] struct {
	Format  string      `json:"format"`
	Project string      `json:"project"`
	Tenants []Member[T] `json:"tenants"` // in the order of the project file
}

// Member is one tenant: either Report or Error is there.
type Member[T any] struct {
	Tenant Tenant `json:"tenant"`
	Report *T     `json:"report,omitempty"`
	Error  string `json:"error,omitempty"`
}

// Failed counts the tenants without a report.
func (f *Fleet[T]) Failed() int {
	failed := 0
	for _, member := range f.Tenants {
		if member.Report == nil {
			failed++
		}
	}
	return failed
}

// Add adds up two summaries.
func (s DriftSummary) Add(other DriftSummary) DriftSummary {
	return DriftSummary{
		Changed: s.Changed + other.Changed, Missing: s.Missing + other.Missing, Unmanaged: s.Unmanaged + other.Unmanaged,
		Foreign: s.Foreign + other.Foreign, Unreadable: s.Unreadable + other.Unreadable, Clean: s.Clean + other.Clean,
	}
}

// Drifted counts the connections that differ.
func (s DriftSummary) Drifted() int {
	return s.Changed + s.Missing + s.Unmanaged + s.Foreign + s.Unreadable
}

// Of gives the number of a kind.
func (s DriftSummary) Of(kind DriftKind) int { return *s.counter(kind) }

// Count counts one more of a kind.
func (s *DriftSummary) Count(kind DriftKind) { *s.counter(kind)++ }

// Add adds up two summaries.
func (s Summary) Add(other Summary) Summary {
	return Summary{
		Create: s.Create + other.Create, Adopt: s.Adopt + other.Adopt, Update: s.Update + other.Update, Move: s.Move + other.Move,
		Recreate: s.Recreate + other.Recreate, Delete: s.Delete + other.Delete, Unchanged: s.Unchanged + other.Unchanged,
		Manual: s.Manual + other.Manual, Refused: s.Refused + other.Refused, Omitted: s.Omitted + other.Omitted,
		Rotate: s.Rotate + other.Rotate, Record: s.Record + other.Record,
	}
}
