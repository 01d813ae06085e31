package engine

import (
	"context"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/spec"
)

// Subset is a part of the connections: those of which the digest of the id is Part modulo Of. The
// zero value is none.
type Subset struct{ Part, Of int }

// ParseSubset reads "K/N", such as 0/7.
func ParseSubset(text string) (Subset, error) {
	part, of, _ := strings.Cut(text, "/")
	k, err := strconv.Atoi(part)
	n, wrong := strconv.Atoi(of)
	if err != nil || wrong != nil || k < 0 || k >= n {
		return Subset{}, fmt.Errorf("%q: it must be K/N, with K from 0 to N-1, such as 0/7", text)
	}
	return Subset{k, n}, nil
}

// has reports whether a connection belongs to the subset.
func (s Subset) has(id string) bool {
	if s.Of == 0 {
		return false
	}
	digest := fnv.New64a()
	_, _ = digest.Write([]byte(id)) // a hash returns no error
	return digest.Sum64()%uint64(s.Of) == uint64(s.Part)
}

// scope returns what is read of the tenant for a plan. In the mode proof, the list may prove that a
// connection is as declared.
func (s *Session) scope(in plan.Input) connection.Scope {
	scope := plan.Scope(in)
	if s.reads != spec.ReadsProof {
		return scope
	}
	equals := plan.Equals(in)
	scope.Equals = func(live *connection.Live, properties map[string]any) (map[string]any, bool) {
		if s.subset.has(live.ID) {
			return nil, false
		}
		return equals(live, properties)
	}
	scope.Day = s.host.now().UTC().Format(time.DateOnly)
	return scope
}

// mentioned holds the connections that a result mentions.
type mentioned struct {
	ids  map[string]bool
	keys map[connection.Key]bool
}

func newMentioned() mentioned { return mentioned{map[string]bool{}, map[connection.Key]bool{}} }

// reason adds the connections that a reason names.
func (m mentioned) reason(r *connection.Reason) {
	for _, value := range r.Args {
		if key, isKey := value.(connection.Key); isKey {
			m.keys[key] = true
		}
	}
}

func inChanges(changes []*plan.Change) mentioned {
	m := newMentioned()
	for _, c := range changes {
		m.ids[c.ID], m.keys[c.Connection] = true, true
	}
	return m
}

// inPlan returns the connections that a plan mentions: in changes, rotations, warnings and reasons,
// and as the state that an operation expects.
func inPlan(p *plan.Plan) mentioned {
	m := newMentioned()
	for i := range len(p.Changes) + len(p.Rotations) {
		c := p.Change(i)
		m.ids[c.ID], m.keys[c.Connection] = true, true
	}
	for _, warning := range p.Warnings {
		if warning.Connection != nil {
			m.keys[*warning.Connection] = true
		}
	}
	for reason := range p.Reasons() {
		m.reason(reason)
	}
	for i := range p.Steps {
		for _, item := range p.Steps[i].Items {
			for _, live := range []*connection.Live{item.Operation.Seen, item.Operation.Successor} {
				if live != nil {
					m.ids[live.ID] = true
				}
			}
		}
	}
	return m
}

// inDrift returns the connections that a drift report mentions.
func inDrift(d *plan.Drift) mentioned {
	m := newMentioned()
	for i := range d.Items {
		m.ids[d.Items[i].ID], m.keys[d.Items[i].Connection] = true, true
	}
	for reason := range d.Reasons() {
		m.reason(reason)
	}
	return m
}

// isNeeded reports whether a connection is mentioned, although it was only proved. The list only
// proves that nothing is to be said of a connection.
func (m mentioned) isNeeded(live *connection.Live) bool {
	return live.Proved && live.Unreadable == "" && (live.ID != "" && m.ids[live.ID] || m.keys[live.Key])
}

// read reads in detail the proved connections of the snapshot that are mentioned.
func (m mentioned) read(ctx context.Context, provider connection.Provider, in *plan.Input, scope connection.Scope) (err error) {
	in.Snapshot, err = provider.(connection.Detailer).Detail(ctx, in.Snapshot, scope, m.isNeeded)
	return err
}

func hasAny(snapshot *connection.Snapshot, wanted func(*connection.Live) bool) bool {
	for i := range snapshot.Connections {
		if wanted(&snapshot.Connections[i]) {
			return true
		}
	}
	return false
}

// detail reads in detail the proved connections that are mentioned, and reports whether there were
// any.
func (s *Session) detail(ctx context.Context, in *plan.Input, m mentioned) (bool, error) {
	if !hasAny(in.Snapshot, m.isNeeded) {
		return false, nil
	}
	defer s.watch()()
	scope := s.scope(*in)
	scope.Reading = func(done, total int) { s.notify(Read{done, total}) }
	err := m.read(ctx, s.provider, in, scope)
	s.withhold(in.Snapshot)
	return true, s.redactError(err)
}

// DetailPlan reads in detail the proved connections that a plan mentions, and reports whether there
// were any: the plan must then be made again. It is for callers without a session.
func DetailPlan(ctx context.Context, provider connection.Provider, in *plan.Input, p *plan.Plan) (bool, error) {
	return detailWithout(ctx, provider, in, inPlan(p))
}

// DetailChanges is [DetailPlan] for changes, with the result that [apply.Options] expects.
func DetailChanges(ctx context.Context, provider connection.Provider, in plan.Input, about []*plan.Change) (plan.Input, bool, error) {
	more, err := detailWithout(ctx, provider, &in, inChanges(about))
	return in, more, err
}

func detailWithout(ctx context.Context, provider connection.Provider, in *plan.Input, m mentioned) (bool, error) {
	if !hasAny(in.Snapshot, m.isNeeded) {
		return false, nil
	}
	return true, m.read(ctx, provider, in, plan.Scope(*in))
}

// makeDetailed plans for [Session.planned] until the plan mentions no proved connection.
func (s *Session) makeDetailed(ctx context.Context) (*plan.Plan, connection.Problems, error) {
	for {
		p, problems := s.make(s.planned)
		if p == nil {
			return nil, problems, nil
		}
		if more, err := s.detail(ctx, &s.planned, inPlan(p)); err != nil || !more {
			return p, problems, err
		}
	}
}

// detailChanges reads in detail the proved connections that changes are about.
func (s *Session) detailChanges(ctx context.Context, in plan.Input, about []*plan.Change) (plan.Input, bool, error) {
	more, err := s.detail(ctx, &in, inChanges(about))
	return in, more, err
}
