package engine

import (
	"context"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/spec"
)

// updatedAt returns a session whose connections were updated so long ago.
func updatedAt(now time.Time, ago ...time.Duration) *Session {
	snapshot := &connection.Snapshot{}
	for _, d := range ago {
		snapshot.Connections = append(snapshot.Connections, connection.Live{UpdatedAt: now.Add(-d), Record: connection.Record{Project: "fleet"}})
	}
	return &Session{
		host:    &Host{WorkDir: workdir.Dir("."), Now: func() time.Time { return now }},
		project: &Project{Project: &spec.Project{Name: "fleet"}}, tenant: &spec.Tenant{Name: "east"}, planned: plan.Input{Snapshot: snapshot},
	}
}

// A check would wait until that time, and count no reload before it.
func TestAnUpdateInTheFutureCountsAsOneOfNow(t *testing.T) {
	now := time.Date(2026, 11, 30, 6, 0, 0, 0, time.UTC)
	if got := updatedAt(now, -100*24*time.Hour).Recent(); got != (Updates{now, now}) {
		t.Errorf("got %v, want now", got)
	}
}

// The result of an earlier run has a delete. Another person has updated a connection hours after it.
func TestACheckCountsFailuresSinceTheApplyBegan(t *testing.T) {
	began := time.Date(2026, 11, 30, 6, 0, 0, 0, time.UTC)
	wrote := &apply.Result{Began: began, Ended: began.Add(time.Minute), Items: []apply.Item{{Outcome: apply.Done}}}
	for _, test := range []struct {
		first time.Time
		want  time.Time
	}{{time.Time{}, began}, {began.Add(-time.Hour), began.Add(-time.Hour)}, {began.Add(time.Hour), began}} {
		if got := (Updates{test.first, test.first}).Since(wrote).Began; !got.Equal(test.want) {
			t.Errorf("updated at %s: failures count from %s, want %s", test.first, got, test.want)
		}
	}
}

// A repeated run that had nothing to write has found failing apps, or was stopped before its check. It is
// continued two days later.
func TestACheckThatIsOwedIsStillOwedDaysLater(t *testing.T) {
	now := time.Date(2026, 11, 30, 6, 0, 0, 0, time.UTC)
	began := now.Add(-48 * time.Hour)
	nothing := &apply.Result{Began: began, Ended: began}
	deleted := &apply.Result{Began: began, Ended: began, Items: []apply.Item{{Action: plan.ActionDelete, Outcome: apply.Done}}}
	for name, test := range map[string]struct {
		before  report.Member[apply.Result]
		recheck bool
	}{
		"it was stopped":                 {report.Member[apply.Result]{Outcome: report.OutcomeDone, Recheck: true, Report: nothing}, true},
		"it has found failing apps":      {report.Member[apply.Result]{Outcome: report.OutcomeUnhealthy, Recheck: true, Report: nothing, Health: &report.Health{}}, true},
		"it has written, so it is known": {report.Member[apply.Result]{Outcome: report.OutcomeDone, Report: deleted}, false},
	} {
		test.before.Tenant.Name, test.before.Wave = "east", "canary"
		s := updatedAt(now, 49*time.Hour)
		fleet := &report.Fleet[apply.Result]{Rollout: &report.Rollout{Check: "30m", Waves: []report.Wave{{Name: "canary"}, {Name: "rest"}}}}
		r := &rollout{
			visits: &visits[apply.Result]{}, fleet: fleet, recent: map[string]Updates{},
			outside: Outside{Earlier: &report.Fleet[apply.Result]{Tenants: []report.Member[apply.Result]{test.before}}},
		}
		result, _ := r.noting(func(ctx context.Context, s *Session) (*apply.Result, error) { return &apply.Result{}, nil })(t.Context(), s)
		member := &report.Member[apply.Result]{Tenant: test.before.Tenant, Wave: "canary", Outcome: report.OutcomeDone, Report: result, Recheck: !test.recheck}
		r.carry(member)
		if !fleet.Rollout.Unchecked(member) || member.Recheck != test.recheck {
			t.Errorf("%s: got %+v, want a check", name, member)
		}
		if got := r.recent["east"]; got.First.IsZero() == test.recheck {
			t.Errorf("%s: got the updates %v, want a first one: %t", name, got, test.recheck)
		}
	}
}

// An apply has deleted a connection and failed to change another one. The one that continues it does the
// rest, or finds that somebody has done it.
func TestACheckIsAlsoAboutTheDeletesOfAnEarlierPart(t *testing.T) {
	began := time.Date(2026, 11, 30, 6, 0, 0, 0, time.UTC)
	before := report.Member[apply.Result]{Tenant: plan.Tenant{Name: "east"}, Wave: "canary", Outcome: report.OutcomePartial, Report: &apply.Result{
		Began: began, Items: []apply.Item{{ID: "c1", Action: plan.ActionDelete, Outcome: apply.Done}, {ID: "c2", Action: plan.ActionUpdate, Outcome: apply.Failed}},
	}}
	r := &rollout{
		fleet:   &report.Fleet[apply.Result]{Rollout: &report.Rollout{Check: "30m", Waves: []report.Wave{{Name: "canary"}, {Name: "rest"}}}},
		outside: Outside{Earlier: &report.Fleet[apply.Result]{Tenants: []report.Member[apply.Result]{before}}},
	}
	for name, items := range map[string][]apply.Item{"the rest": {{ID: "c2", Action: plan.ActionUpdate, Outcome: apply.Done}}, "nothing": nil} {
		member := &report.Member[apply.Result]{Tenant: before.Tenant, Wave: "canary", Outcome: report.OutcomeDone, Report: &apply.Result{Began: began.Add(time.Hour), Items: items}}
		r.carry(member)
		if !r.fleet.Rollout.Unchecked(member) || len(member.Report.Items) != len(items) {
			t.Errorf("%s: got %+v, want its own result, to be checked", name, member)
		}
		if got := r.toCheck(member); len(got.Items) != 2+len(items) || got.Items[0].ID != "c1" || !got.Began.Equal(began) {
			t.Errorf("%s: the check is about %+v, want also the delete", name, got)
		}
	}
}
