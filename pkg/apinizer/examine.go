package apinizer

import (
	"context"
	"errors"
	"slices"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

var _ connection.Examiner = (*Provider)(nil)

// Examine is [connection.Examiner.Examine]. The API does not return the user of a token or the
// user's rights.
func (p *Provider) Examine(ctx context.Context, refs []connection.SpaceRef) connection.Examination {
	found := p.examine(ctx, refs)
	found.Skew = p.client.http.Skew()
	return found
}

func (p *Provider) examine(ctx context.Context, refs []connection.SpaceRef) connection.Examination {
	ctx = transport.WithQuota(ctx, p.client.raise)
	s := &survey{Provider: p, undescribed: map[connection.Key]bool{}}
	spaces, err := s.projects(ctx)
	if err != nil {
		return connection.Examination{Err: err}
	}
	found := connection.Examination{
		CallerUnknown: "its API has no request for the user of a token",
		Spaces:        make([]connection.SpaceExamination, len(refs)),
	}
	listed := s.incomplete
	for i, ref := range refs {
		one := &found.Spaces[i]
		one.Ref, s.incomplete = ref, slices.Clone(listed)
		at := slices.IndexFunc(spaces, func(space connection.Space) bool { return names(ref, space) })
		if at < 0 {
			one.Incomplete = s.incomplete
			continue
		}
		one.Found, one.Space = true, spaces[at]
		live, err := s.inventory(ctx, one.Space)
		one.Err, one.Incomplete = err, s.incomplete
		for _, l := range live {
			one.Connections = append(one.Connections, connection.Access{Key: l.Key, Project: l.Record.Project})
		}
		if errors.Is(err, context.Canceled) {
			break
		}
	}
	return found
}
