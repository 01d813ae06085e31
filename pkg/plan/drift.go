package plan

import (
	"cmp"
	"slices"
	"time"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/internal/match"
	"github.com/qlsync/qlsync/pkg/connection"
)

// DriftFormat names the drift report's JSON contract.
const DriftFormat = "qlsync.drift/v1"

// Drift is where a tenant differs from the files, seen from the files.
type Drift struct {
	Format  string `json:"format"`
	Project string `json:"project"`
	Tenant  Tenant `json:"tenant"`
	// At is when the tenant was read, in UTC; whoever read it sets it. Zero: unknown.
	At      time.Time    `json:"at,omitzero"`
	Summary DriftSummary `json:"summary"`
	Items   []DriftItem  `json:"drift"`
	// Reads says how the tenant was read; nil unless its list proved something.
	Reads *connection.ReadCounts `json:"reads,omitempty"`
	// Incomplete says what of the tenant could not be listed.
	Incomplete []string `json:"incomplete,omitempty"`
	// Ignored are the kinds that were left out; see [Drift.Ignore].
	Ignored []DriftKind `json:"ignored,omitempty"`
	// Impact is what depends on the live connections of the items. Nil: it was not read.
	Impact *impact.Report `json:"impact,omitempty"`
}

// DriftSummary counts the items by kind, and the declared connections without any.
type DriftSummary struct {
	Changed    int `json:"changed"`
	Missing    int `json:"missing"`
	Undeclared int `json:"undeclared"`
	Unmanaged  int `json:"unmanaged"`
	Foreign    int `json:"foreign"`
	Unreadable int `json:"unreadable"`
	Clean      int `json:"clean"`
}

// DriftKind is a way of differing.
type DriftKind string

// The kinds of drift.
const (
	DriftChanged    DriftKind = "changed"    // declared, and not as declared
	DriftMissing    DriftKind = "missing"    // declared, and not there
	DriftUndeclared DriftKind = "undeclared" // there, and not declared; the project owns it
	DriftUnmanaged  DriftKind = "unmanaged"  // there, and not declared; no project owns it
	DriftForeign    DriftKind = "foreign"    // declared, and another project's
	DriftUnreadable DriftKind = "unreadable" // declared, and not readable, or perhaps not listed
)

// DriftKinds lists the kinds.
func DriftKinds() []DriftKind {
	return []DriftKind{DriftChanged, DriftMissing, DriftUndeclared, DriftUnmanaged, DriftForeign, DriftUnreadable}
}

// Ignore leaves out the items of a kind, and their count.
func (d *Drift) Ignore(kind DriftKind) {
	if !slices.Contains(d.Ignored, kind) {
		d.Ignored = append(d.Ignored, kind)
	}
	d.Items = slices.DeleteFunc(d.Items, func(item DriftItem) bool { return item.Kind == kind })
	*d.Summary.counter(kind) = 0
}

// DriftItem is one connection that differs. In its fields, Before is what is
// declared and After what is live.
type DriftItem struct {
	Kind       DriftKind      `json:"kind"`
	Connection connection.Key `json:"connection"`
	ID         string         `json:"id,omitempty"`
	DataSource string         `json:"dataSource,omitempty"`
	// Owner is who owns the live connection: the e-mail address or name where the
	// snapshot knows them, else the id.
	Owner string `json:"owner,omitempty"`
	// UpdatedAt is when the live connection last changed, in UTC; zero: unknown.
	UpdatedAt time.Time `json:"updatedAt,omitzero"`
	Fields    []Field   `json:"fields,omitempty"`
	// Reasons explain what the fields do not show.
	Reasons []connection.Reason `json:"reasons,omitempty"`
	// Apply says what apply would do about it: an [Action], "nothing" or "refuse".
	Apply    string               `json:"apply"`
	Position *connection.Position `json:"position,omitempty"`
}

// What apply would do about drift when it is not an action.
const (
	ApplyNothing = "nothing"
	ApplyRefuse  = "refuse"
)

// MostUsedFirst sorts the items by the number of dependents in the evidence: the spaces by their
// most used item, and the items of each space.
func (d *Drift) MostUsedFirst() {
	total := func(item *DriftItem) int {
		if one := d.Impact.Of(item.Connection, item.ID); one != nil {
			return one.Total()
		}
		return 0
	}
	most := map[string]int{}
	for i := range d.Items {
		space := d.Items[i].Connection.Space
		most[space] = max(most[space], total(&d.Items[i]))
	}
	slices.SortStableFunc(d.Items, func(x, y DriftItem) int {
		a, b := x.Connection.Space, y.Connection.Space
		return cmp.Or(cmp.Compare(most[b], most[a]), cmp.Compare(a, b), cmp.Compare(total(&y), total(&x)))
	})
}

// FindDrift compares like [Make], and returns the differences instead of a plan. A connection that
// equals the files and has no owner project is not drift.
func FindDrift(in Input) (*Drift, connection.Problems) {
	found := analyze(in)
	if err := found.problems.Err(); err != nil {
		return nil, found.problems
	}
	order(found) // refuses the changes whose names cannot become free
	drift := &Drift{
		Format: DriftFormat, Project: in.Project, Tenant: in.Tenant,
		Items: []DriftItem{}, Incomplete: in.Snapshot.Incomplete, Reads: in.Snapshot.Counts(in.Catalog),
	}
	declared := len(found.Targets)
	for _, d := range found.decisions {
		if item, ok := driftOf(d, len(in.Snapshot.Incomplete) > 0); ok {
			found.witness(&item, d.live)
			drift.Items = append(drift.Items, item)
			if d.target != nil {
				declared--
			}
		}
	}
	begun := found.goneOnWith()
	for _, rest := range found.Leftovers {
		if item, ok := found.leftover(rest, begun[rest.Live], in.Policy); ok {
			found.witness(&item, rest.Live)
			drift.Items = append(drift.Items, item)
		}
	}
	slices.SortStableFunc(drift.Items, func(x, y DriftItem) int {
		return cmp.Or(x.Connection.Compare(y.Connection), cmp.Compare(x.ID, y.ID))
	})
	drift.Summary.Clean = declared
	for _, item := range drift.Items {
		drift.Summary.Count(item.Kind)
	}
	return drift, found.problems
}

func driftOf(d *decision, incomplete bool) (DriftItem, bool) {
	c := &d.change
	item := DriftItem{
		Kind: driftKind(d, incomplete), Connection: c.Connection, ID: c.ID, DataSource: c.DataSource,
		Reasons: slices.Concat(c.Reasons, reasons(c.Refused)), Apply: string(c.Action), Position: c.Position,
	}
	if c.Refused.Holds() {
		item.Apply = ApplyRefuse
	}
	if item.Kind != DriftChanged || d.space == nil && !d.diff.Content() {
		return item, item.Kind != DriftChanged
	}
	for _, field := range turned(c.Fields) {
		if field.Secret && d.diff.Carried { // of a connection: a space has no secrets
			continue // written along, and no difference
		}
		item.Fields = append(item.Fields, field)
	}
	return item, true
}

// driftKind returns the kind of drift of what has a decision. A delete is an undeclared connection, with
// its refusal.
func driftKind(d *decision, incomplete bool) DriftKind {
	switch {
	case d.space != nil && d.change.Action == ActionCreate:
		return DriftMissing
	case d.space != nil:
		return DriftChanged
	case d.target == nil:
		return DriftUndeclared
	case d.live == nil && !incomplete:
		return DriftMissing
	case d.live == nil, d.live.Unreadable != "":
		return DriftUnreadable
	case d.diff == nil:
		return DriftForeign
	}
	return DriftChanged
}

// witness says whose the live connection is and when it changed: whom to ask.
func (a *analysis) witness(item *DriftItem, live *connection.Live) {
	if live == nil {
		return
	}
	owner := a.Users[live.OwnerID]
	item.Owner = cmp.Or(owner.Email, owner.Name, live.OwnerID)
	item.UpdatedAt = live.UpdatedAt
}

// leftover reports of what is there and not declared. What would be deleted is a
// decision already; another project's is none of ours.
func (a *analysis) leftover(rest match.Leftover, taken bool, policy connection.Policy) (DriftItem, bool) {
	item := DriftItem{
		Kind: DriftUndeclared, Connection: rest.Live.Key, ID: rest.Live.ID,
		DataSource: rest.Live.DataSource, Apply: ApplyNothing,
	}
	switch {
	case rest.Fate == match.Foreign:
		item.Kind = DriftUnmanaged
		return item, rest.Live.Record.Project == ""
	case taken:
		item.Reasons, item.Apply = reasons(connection.Because("unfinished-recreate")), string(ActionMove)
		return item, true
	case rest.Fate == match.Finished:
		return item, false // its delete is told
	case rest.Fate == match.Kept:
		item.Reasons = reasons(rest.Kept)
		return item, true
	}
	item.Reasons = reasons(connection.Because("undeclared"))
	return item, policy.Prune != connection.PruneOwned
}

func (s *DriftSummary) counter(kind DriftKind) *int {
	return map[DriftKind]*int{
		DriftChanged: &s.Changed, DriftMissing: &s.Missing, DriftUndeclared: &s.Undeclared, DriftUnmanaged: &s.Unmanaged,
		DriftForeign: &s.Foreign, DriftUnreadable: &s.Unreadable,
	}[kind]
}

// Add adds up two summaries.
func (s DriftSummary) Add(other DriftSummary) DriftSummary {
	return DriftSummary{
		Changed: s.Changed + other.Changed, Missing: s.Missing + other.Missing, Undeclared: s.Undeclared + other.Undeclared, Unmanaged: s.Unmanaged + other.Unmanaged,
		Foreign: s.Foreign + other.Foreign, Unreadable: s.Unreadable + other.Unreadable, Clean: s.Clean + other.Clean,
	}
}

// Drifted counts the connections that differ.
func (s DriftSummary) Drifted() int {
	return s.Changed + s.Missing + s.Undeclared + s.Unmanaged + s.Foreign + s.Unreadable
}

// Of returns the number of a kind.
func (s DriftSummary) Of(kind DriftKind) int { return *s.counter(kind) }

// Count counts one more of a kind.
func (s *DriftSummary) Count(kind DriftKind) { *s.counter(kind)++ }
