package apply

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/qlsync/qlsync/internal/jsontext"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// Format names the result's JSON contract.
const Format = "qlsync.result/v1"

// Result is the outcome of every change of a plan, in the plan's order.
type Result struct {
	Format  string      `json:"format"`
	Hash    string      `json:"hash"` // of the plan
	Project string      `json:"project"`
	Tenant  plan.Tenant `json:"tenant"`
	// Began and Ended are when the apply began and ended; whoever ran it sets them. Zero: unknown.
	Began  time.Time `json:"began,omitzero"`
	Ended  time.Time `json:"ended,omitzero"`
	Ledger Ledger    `json:"ledger"`
	Items  []Item    `json:"items"`
	// Unverified is why the changes were not verified; none if they were, or if verification was not
	// requested.
	Unverified connection.Reason `json:"-"`
	// Crash is the panic that ended the run. Its text does not quote the value of the panic.
	Crash error `json:"-"`
}

// Ledger counts the outcomes: Done + Pending + Failed + Blocked + Skipped = Planned.
type Ledger struct {
	Planned int `json:"planned"`
	Done    int `json:"done"`
	Pending int `json:"pending,omitempty"`
	Failed  int `json:"failed"`
	Blocked int `json:"blocked"`
	Skipped int `json:"skipped"`
	// Differs counts the done changes whose connection differs from its declaration when it is read
	// again.
	Differs int `json:"differs,omitempty"`
	// Unseen counts the done changes whose connection could not be read again.
	Unseen int `json:"unseen,omitempty"`
}

// Item is the outcome of one change.
type Item struct {
	Connection connection.Key `json:"connection"`
	Action     plan.Action    `json:"action"`
	Outcome    Outcome        `json:"outcome"`
	ID         string         `json:"id,omitempty"`
	// Why is the reason for an outcome other than done.
	Why connection.Reason `json:"-"`
	// Overwrites reports whether an adoption changes what it takes over.
	Overwrites bool `json:"overwrites,omitempty"`
	// SignInURL is where a person must sign in before the change can be made. The URL is for that
	// person and for one use: no error quotes it, and no log should.
	SignInURL string `json:"signInUrl,omitempty"`
	// Partial reports whether some calls of a failed change were done, Unknown whether one of its calls
	// may have been done.
	Partial bool `json:"partial,omitempty"`
	Unknown bool `json:"unknown,omitempty"`
	// Differs is set on a done change whose connection, when it is read again, differs from its
	// declaration or could not be read.
	Differs *plan.Finding `json:"differs,omitempty"`
	// Position is the position of the declaration, or of the part that the tenant refused or stored
	// differently; nil for a delete.
	Position *connection.Position `json:"position,omitempty"`
}

// Outcome is how a change ended.
type Outcome string

// The outcomes. A partly done change has failed.
const (
	Done    Outcome = "done"
	Pending Outcome = "pending" // saved, but not in effect; see [connection.ErrPending]
	Failed  Outcome = "failed"
	Blocked Outcome = "blocked" // refused, or a dependency did not happen
	Skipped Outcome = "skipped" // the run stopped before its turn
)

type plainItem Item

type writtenItem struct {
	plainItem
	Error string         `json:"error,omitempty"`
	Code  string         `json:"code,omitempty"`
	Args  map[string]any `json:"args,omitempty"`
}

// MarshalJSON implements [json.Marshaler].
func (i Item) MarshalJSON() ([]byte, error) {
	return jsontext.Encode(writtenItem{plainItem(i), i.Why.String(), i.Why.Code, i.Why.Args}, "")
}

// UnmarshalJSON implements [json.Unmarshaler].
func (i *Item) UnmarshalJSON(text []byte) error {
	var w writtenItem
	if err := json.Unmarshal(text, &w); err != nil {
		return err
	}
	*i = Item(w.plainItem)
	i.Why = connection.Reason{Code: w.Code, Args: w.Args, Text: w.Error}
	return nil
}

type plainResult Result

type writtenResult struct {
	plainResult
	Unverified     string         `json:"unverified,omitempty"`
	UnverifiedCode string         `json:"unverifiedCode,omitempty"`
	UnverifiedArgs map[string]any `json:"unverifiedArgs,omitempty"`
}

// MarshalJSON implements [json.Marshaler].
func (r Result) MarshalJSON() ([]byte, error) {
	return jsontext.Encode(writtenResult{plainResult(r), r.Unverified.String(), r.Unverified.Code, r.Unverified.Args}, "")
}

// UnmarshalJSON implements [json.Unmarshaler].
func (r *Result) UnmarshalJSON(text []byte) error {
	var w writtenResult
	if err := json.Unmarshal(text, &w); err != nil {
		return err
	}
	*r = Result(w.plainResult)
	r.Unverified = connection.Reason{Code: w.UnverifiedCode, Args: w.UnverifiedArgs, Text: w.Unverified}
	return nil
}

// Decode reads a result that was written as JSON.
func Decode(r io.Reader) (*Result, error) {
	var result Result
	if err := json.NewDecoder(r).Decode(&result); err != nil {
		return nil, fmt.Errorf("not a result: %w", err)
	}
	if result.Format != Format {
		return nil, fmt.Errorf("not a result: its format is %q, not %q", result.Format, Format)
	}
	if result.Project == "" || result.Hash == "" {
		return nil, errors.New("not a result: it has no project or no hash")
	}
	return &result, nil
}

// Reasons returns all reasons of a result, for those who write their sentences or redact them.
func (r *Result) Reasons() iter.Seq[*connection.Reason] {
	return func(yield func(*connection.Reason) bool) {
		if !yield(&r.Unverified) {
			return
		}
		for i := range r.Items {
			if !yield(&r.Items[i].Why) {
				return
			}
			if differs := r.Items[i].Differs; differs != nil && !differs.Each(yield) {
				return
			}
		}
	}
}

// Complete reports whether everything was done and, as far as it was read again, equals its
// declaration.
func (r *Result) Complete() bool {
	return r.Ledger.Done == r.Ledger.Planned && r.Ledger.Differs == 0 && r.Ledger.Unseen == 0 && !r.Unverified.Holds()
}

// Wrote reports whether anything was changed on the tenant, or may have been.
func (r *Result) Wrote() bool {
	return slices.ContainsFunc(r.Items, func(item Item) bool {
		return item.Outcome == Done || item.Outcome == Pending || item.Partial || item.Unknown
	})
}

// count computes the ledger.
func (r *Result) count() {
	r.Ledger = Ledger{Planned: len(r.Items)}
	l := &r.Ledger
	for i := range r.Items {
		*map[Outcome]*int{Done: &l.Done, Pending: &l.Pending, Failed: &l.Failed, Blocked: &l.Blocked, Skipped: &l.Skipped}[r.Items[i].Outcome]++
		switch differs := r.Items[i].Differs; {
		case differs == nil:
		case differs.Unseen:
			l.Unseen++
		default:
			l.Differs++
		}
	}
}

// result combines the records of all operations, change by change.
func result(p *plan.Plan, records []record) *Result {
	r := &Result{Format: Format, Hash: p.Hash, Project: p.Project, Tenant: p.Tenant, Items: []Item{}}
	of := make([][]record, len(p.Changes)+len(p.Rotations))
	for _, rec := range records {
		of[rec.item.Change] = append(of[rec.item.Change], rec)
	}
	for i := range of {
		r.Items = append(r.Items, settle(p.Change(i), of[i]))
	}
	r.count()
	return r
}

// settle derives the outcome of a change from those of its operations: done if all are, pending if
// all are written and one is not in effect, otherwise the outcome of the first failed operation, or
// else of the first one that was not done.
func settle(c *plan.Change, records []record) Item {
	item := Item{Connection: c.Connection, Action: c.Action, ID: c.ID, Position: c.Position, Outcome: Done, Overwrites: c.Overwrites()}
	if c.Refused.Holds() {
		item.Outcome, item.Why = Blocked, c.Refused
		return item
	}
	var done []string
	for _, rec := range records {
		if rec.id != "" && !rec.deletes() { // a recreate deletes the old one last
			item.ID = rec.id
		}
		item.SignInURL = cmp.Or(item.SignInURL, rec.signIn)
		if rec.wrote() || rec.created() {
			done = append(done, string(rec.item.Operation.Kind))
		}
		item.Unknown = item.Unknown || errors.Is(rec.err, connection.ErrUnknownOutcome)
		switch {
		case rec.outcome == Done:
		case item.Outcome == Done, item.Outcome == Pending, item.Outcome != Failed && rec.outcome == Failed:
			item.Outcome, item.Why = rec.outcome, rec.why
			if rec.path != "" && c.At != nil {
				source := c.At(rec.path)
				item.Position = &source
			}
		}
	}
	if item.Outcome != Done && item.Outcome != Pending && len(done) > 0 {
		item.Outcome, item.Partial = Failed, true
		item.Why = connection.Because("done-in-part", "why", item.Why, "done", done)
	}
	return item
}

func (r *record) deletes() bool {
	return r.item.Operation.Kind.Deletes()
}

// created reports whether a failed create did create a connection that could not be read back.
func (r *record) created() bool {
	return r.outcome == Failed && r.item.Operation.Kind == connection.Create && r.id != ""
}
