package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// ImpactOptions select what [Session.Impact] lists.
type ImpactOptions struct {
	// Connections restricts the list to these. Empty: all of the project's spaces.
	Connections Selection
	// App restricts the list to apps with this id or name, in which * and ? match. Empty: everything
	// that depends on a connection is listed.
	App string
	// Unused lists the connections that nothing has used for that many days instead. Zero: not.
	Unused int
	Usage  UsageOptions
}

// Impact returns what depends on the connections in the project's spaces. It is a
// [connection.Problems] for an invalid selection, and another error if nothing could be read.
func (s *Session) Impact(ctx context.Context, o ImpactOptions) (*impact.List, error) {
	snapshot, index, err := s.dependents(ctx, nil, o.Usage)
	if err != nil {
		return nil, err
	}
	live, err := s.selected(snapshot.Connections, o.Connections)
	if err != nil {
		return nil, err
	}
	list := &impact.List{
		Format: impact.ListFormat, Project: s.project.Name, Tenant: impact.Tenant(s.planTenant()), Sight: index.Sight(), App: o.App,
		Connections: []impact.Impacted{},
	}
	switch {
	case o.Unused > 0:
		list.Unused = index.UnusedList(live, o.Unused)
		s.describe(list.Unused, live, snapshot.Spaces)
	case o.App != "":
		list.Connections = index.List(live, func(d *impact.Dependent) bool {
			return d.Kind == connection.DependentApp && (d.ID == o.App || d.Name == o.App || words.Match(o.App, d.Name))
		})
	default:
		list.Connections = index.List(live, nil)
		if len(o.Connections) == 0 {
			list.Elsewhere = index.Unseen.Elsewhere
		}
	}
	s.fillSight(&list.Sight)
	return list, nil
}

// describe adds to unused connections where they are declared, and whether the project owns them.
func (s *Session) describe(unused *impact.UnusedList, live []connection.Live, spaces []connection.Space) {
	for i := range unused.Doubts {
		s.fill(&unused.Doubts[i])
	}
	declared, owned := map[connection.Key]*connection.Desired{}, map[string]bool{}
	for i := range s.declared.Connections {
		one := &s.declared.Connections[i]
		declared[declaredKey(one, spaces)] = one
	}
	for i := range live {
		owned[live[i].ID] = live[i].Record.Project == s.project.Name
	}
	for i := range unused.Proven {
		one := &unused.Proven[i]
		if d := declared[one.Connection]; d != nil {
			position := d.PositionOf("")
			one.Declared = &position
		}
		one.Owned = owned[one.ID]
	}
}

// CheckOptions select what [Session.CheckUse] checks.
type CheckOptions struct {
	// Since is the time from which reloads count. Zero: all do.
	Since time.Time
	// Began is the time from which failures count, if it is before Since: while an apply runs, a reload
	// may fail because of it, but its success proves nothing.
	Began time.Time
	// Result restricts the check to the connections that an apply has changed. Nil: all of the
	// project's spaces.
	Result *apply.Result
	// Updated adds to Result the connections of the project that were updated since. Zero: none.
	Updated time.Time
	Usage   UsageOptions
}

// CheckUse returns whether what loads through connections still works, by reloads that happened. It
// reloads nothing.
func (s *Session) CheckUse(ctx context.Context, o CheckOptions) (*impact.Check, error) {
	o.Usage.ErrorCodes = true
	var gone []connection.Live
	changed := map[string]bool{}
	if o.Result != nil {
		for _, item := range o.Result.Items {
			if item.ID == "" || item.Outcome != apply.Done && !item.Partial {
				continue
			}
			changed[item.ID] = true
			if item.Action == plan.ActionDelete {
				gone = append(gone, connection.Live{ID: item.ID, Key: item.Connection})
			}
		}
	}
	isOther := func(l connection.Live) bool {
		isUpdated := !o.Updated.IsZero() && l.Record.Project == s.project.Name && !l.UpdatedAt.Before(o.Updated)
		return !changed[l.ID] && !isUpdated
	}
	if o.Result != nil { // whether the next wave begins must not rest on a cache
		o.Usage.decidesOn = func(l connection.Live) bool { return !isOther(l) }
	}
	snapshot, index, err := s.dependents(ctx, gone, o.Usage)
	if err != nil {
		return nil, err
	}
	live := append(slices.Clone(snapshot.Connections), gone...)
	if o.Result != nil {
		live = slices.DeleteFunc(live, isOther)
	}
	check := &impact.Check{
		Format: impact.CheckFormat, Project: s.project.Name, Tenant: impact.Tenant(s.planTenant()), Sight: index.Sight(),
		Since: o.Since, Connections: index.Check(live, o.Since, o.Began),
	}
	s.fillSight(&check.Sight)
	return check, nil
}

// Wait waits that long, and shows until when. It returns an error if the context ends first.
func (s *Session) Wait(ctx context.Context, wait time.Duration) error {
	defer s.watch()()
	s.notify(WaitingForReloads{s.host.now().Add(wait)})
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// dependents reads the connections in the project's spaces and what depends on them, and on others
// that do not exist any more.
func (s *Session) dependents(ctx context.Context, gone []connection.Live, o UsageOptions) (*connection.Snapshot, *impact.Index, error) {
	defer s.watch()()
	if err := s.warn(s.problems); err != nil {
		return nil, nil, err
	}
	if _, ok := s.provider.(connection.UsageReader); !ok {
		return nil, nil, errors.New(messages.Text(connection.Because("impact-no-source")))
	}
	if err := s.identify(ctx); err != nil {
		return nil, nil, s.explained(err)
	}
	scope := plan.Scope(s.declaredInput())
	scope.Details = func(*connection.Live) bool { return false }
	snapshot, err := s.snapshot(ctx, scope)
	if err != nil {
		return nil, nil, s.explained(err)
	}
	live := append(slices.Clone(snapshot.Connections), gone...)
	if o.decidesOn != nil {
		o.decides = map[string]bool{}
		for i := range live {
			o.decides[live[i].ID] = o.decidesOn(live[i])
		}
	}
	index, nothing, err := s.index(ctx, snapshot, live, o)
	if err == nil && index == nil {
		err = errors.New(messages.Text(nothing))
	}
	return snapshot, index, err
}

// selected returns the live connections that a selection names.
func (s *Session) selected(live []connection.Live, names Selection) ([]connection.Live, error) {
	if len(names) == 0 {
		return live, nil
	}
	among := map[connection.Key]bool{}
	for i := range live {
		among[live[i].Key] = true
	}
	found, problems := names.find("GLOB", candidates{exact: among, globbed: among, what: "a connection in the project's spaces"})
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(live), func(l connection.Live) bool { return !found[l.Key] }), nil
}

// addImpact adds to a drift report what depends on its connections. A missing connection is known by
// the name under which apps used it.
func (s *Session) addImpact(ctx context.Context, drift *plan.Drift, snapshot *connection.Snapshot, o UsageOptions) error {
	if len(drift.Items) == 0 {
		return nil
	}
	live := slices.Clone(snapshot.Connections)
	idOf := func(item *plan.DriftItem) string {
		if item.ID != "" {
			return item.ID
		}
		return "missing " + item.Connection.String()
	}
	var changes []impact.Change
	for i := range drift.Items {
		item := &drift.Items[i]
		changes = append(changes, impact.Change{Connection: item.Connection, ID: idOf(item)})
		if item.ID == "" {
			live = append(live, connection.Live{ID: idOf(item), Key: item.Connection})
		}
	}
	index, nothing, err := s.index(ctx, snapshot, live, o)
	if err != nil {
		return err
	}
	if index == nil {
		drift.Impact, _ = impact.Blindly(changes, nothing)
	} else {
		drift.Impact, _ = impact.Judge(changes, index)
		for i := range drift.Impact.Connections {
			if one := &drift.Impact.Connections[i]; strings.HasPrefix(one.ID, "missing ") {
				one.ID = ""
			}
		}
		drift.Impact.Sort()
		drift.MostUsedFirst()
	}
	messages.Fill(drift.Reasons(), s.provider.Messages())
	s.redactReasons(drift.Reasons())
	return nil
}

// fill writes the sentence of a reason.
func (s *Session) fill(reason *connection.Reason) {
	messages.Fill(slices.Values([]*connection.Reason{reason}), s.provider.Messages())
	s.redactReason(reason)
}

func (s *Session) fillSight(sight *impact.Sight) {
	for i := range sight.Unseen.Incomplete {
		s.fill(&sight.Unseen.Incomplete[i])
	}
}
