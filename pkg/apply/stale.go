package apply

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// settlesWithin is how long an acknowledged write may take to become visible, because some services
// are eventually consistent.
const settlesWithin = 30 * time.Second

// compare reads the tenant and compares it with the plan. While a finding looks like the state
// before an acknowledged write, it reads the tenant again, with growing pauses, for at most
// [settlesWithin]; every other finding is returned at once. The error is that of the first read: an
// error of a later read ends the wait.
func (r *run) compare(ctx context.Context, p *plan.Plan, result *Result, touched []int, ids map[string]bool) (plan.Input, map[int]plan.Finding, error) {
	read := func() (in plan.Input, findings map[int]plan.Finding, err error) {
		in, err = r.options.Again(ctx, func(live *connection.Live) bool { return ids[live.ID] || ids[live.Key.String()] })
		for more := true; more && err == nil; {
			if findings = p.Verify(in, touched); r.options.Detail == nil || len(findings) == 0 {
				break
			}
			in, more, err = r.options.Detail(ctx, in, changesOf(p, findings))
		}
		return in, findings, err
	}
	in, findings, err := read()
	if err != nil {
		return in, nil, err
	}
	began := time.Now()
	stale := r.stale(p, result, in.Snapshot, findings)
	for pause := time.Second; len(stale) > 0; pause *= 2 {
		left := settlesWithin - time.Since(began)
		if left <= 0 || !r.pause(ctx, min(pause, left)) {
			break
		}
		newer, found, err := read()
		if err != nil {
			break
		}
		in, findings = newer, found
		stale = r.stale(p, result, in.Snapshot, findings)
	}
	for _, i := range stale {
		finding := findings[i]
		why := finding.Reasons
		if len(why) == 0 {
			why = []connection.Reason{connection.Because("as-before-write")}
		}
		finding.Reasons = []connection.Reason{connection.Because("even-after", "why", why, "after", time.Since(began).Round(time.Second))}
		findings[i] = finding
	}
	return in, findings, nil
}

// changesOf returns the changes that findings are about.
func changesOf(p *plan.Plan, findings map[int]plan.Finding) (changes []*plan.Change) {
	for i := range findings {
		changes = append(changes, p.Change(i))
	}
	return changes
}

// pause waits, and reports whether the wait was complete.
func (r *run) pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-r.options.Stop:
	}
	return false
}

// stale returns the findings about acknowledged writes that may only mean that the tenant does not
// show those writes yet.
func (r *run) stale(p *plan.Plan, result *Result, snapshot *connection.Snapshot, findings map[int]plan.Finding) (stale []int) {
	byID, byKey := map[string]*connection.Live{}, map[connection.Key]*connection.Live{}
	for i := range snapshot.Connections {
		live := &snapshot.Connections[i]
		byID[live.ID], byKey[live.Key] = live, live
	}
	for i := range result.Items {
		if _, differs := findings[i]; !differs || result.Items[i].Outcome != Done {
			continue
		}
		c := p.Change(i)
		old, there := byID[c.ID], byKey[c.Connection]
		lags := false
		switch {
		case c.Action == plan.ActionDelete:
			lags = old != nil && r.isBefore(i, old)
		case c.Connection.IsSpace():
			lags = isSpaceBefore(c, findings[i], snapshot)
		case there == nil:
			lags = len(snapshot.Incomplete) == 0
		case there.Missing:
			lags = true
		case c.Action == plan.ActionRecreate:
			lags = old != nil && old != there || r.isBefore(i, there)
		default:
			lags = r.isBefore(i, there)
		}
		if lags {
			stale = append(stale, i)
		}
	}
	return stale
}

// isSpaceBefore reports whether a space is in the state before its change: it is not there, or
// everything that differs is as the plan saw it.
func isSpaceBefore(c *plan.Change, finding plan.Finding, snapshot *connection.Snapshot) bool {
	if !slices.ContainsFunc(snapshot.Spaces, func(s connection.Space) bool { return s.Name == c.Connection.Space }) {
		return true
	}
	isOther := func(now plan.Field) bool {
		return !slices.ContainsFunc(c.Fields, func(seen plan.Field) bool {
			return seen.Path == now.Path && reflect.DeepEqual(seen.Before, now.After)
		})
	}
	return len(finding.Reasons) == 0 && !slices.ContainsFunc(finding.Fields, isOther)
}

// isBefore reports whether a connection is in a state before the last write of a change: as the
// plan saw it, or after one of the earlier writes.
func (r *run) isBefore(change int, live *connection.Live) bool {
	var state *connection.Live
	var earlier []connection.Live
	for i := range r.records {
		operation := &r.records[i].item.Operation
		if r.records[i].item.Change != change || !r.records[i].wrote() {
			continue
		}
		if state == nil {
			if operation.Seen == nil || operation.Seen.ID != live.ID {
				continue
			}
			state = operation.Seen
			if isUntouched(state, live) {
				return true
			}
		} else {
			earlier = append(earlier, *state)
		}
		after := state.After(operation)
		state = &after
	}
	if state == nil || looksLike(state, live) {
		return false
	}
	for i := range earlier {
		if looksLike(&earlier[i], live) {
			return true
		}
	}
	return false
}

// isUntouched reports whether a connection equals the one that the plan saw, including its time of
// update.
func isUntouched(seen, live *connection.Live) bool {
	return connection.CheckUnchanged(seen, live, &connection.Operation{Kind: connection.Delete}) == nil &&
		(seen.Properties == nil || live.Properties == nil || reflect.DeepEqual(seen.Properties, live.Properties))
}

func looksLike(state, live *connection.Live) bool {
	return connection.CheckUnchanged(state, live, &connection.Operation{}) == nil
}
