package qlik

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

var _ connection.Examiner = (*Provider)(nil)

// Examine is [connection.Examiner.Examine]. The privileges and roles that the service returns are
// not documented to be complete, so those that it does not return are unknown.
func (p *Provider) Examine(ctx context.Context, refs []connection.SpaceRef) connection.Examination {
	ctx = transport.WithQuota(ctx, p.client.raise)
	s := &survey{Provider: p}
	found := s.examine(ctx, refs)
	found.Skew = p.client.http.Skew()
	return found
}

func (s *survey) examine(ctx context.Context, refs []connection.SpaceRef) connection.Examination {
	var found connection.Examination
	switch err := s.readCaller(ctx); {
	case err == nil:
		found.Caller = toUser(s.caller)
		for _, role := range s.caller.AssignedRoles {
			found.Roles = append(found.Roles, role.Name)
		}
		slices.Sort(found.Roles)
	case affectsAll(err) || !errors.Is(err, connection.ErrForbidden):
		found.Err = err
		return found
	default:
		found.CallerUnknown = err.Error()
	}
	listed, problems, listErr := list[wireSpace](ctx, s.client, s.get(spacesPath, nil))
	spaces := toSpaces(listed)
	found.Spaces = make([]connection.SpaceExamination, len(refs))
	group, groupCtx := s.readers(ctx)
	for i, ref := range refs {
		one := &found.Spaces[i]
		one.Ref, one.Incomplete = ref, reasons("spaces", problems)
		if at := slices.IndexFunc(spaces, func(space connection.Space) bool { return names(ref, space) }); at >= 0 {
			one.Found, one.Space = true, spaces[at]
			one.Roles = s.rolesIn(listed, one.Space)
			group.Go(func() error { s.examineSpace(groupCtx, one); return nil })
		} else if listErr != nil {
			one.Err = fmt.Errorf("list spaces: %w", listErr)
		}
	}
	_ = group.Wait()
	return found
}

// rolesIn returns the caller's roles in a space; nil if the service does not return them.
func (s *survey) rolesIn(listed []wireSpace, space connection.Space) []string {
	at := slices.IndexFunc(listed, func(wire wireSpace) bool { return wire.ID == space.ID })
	if at < 0 || space.ID == "" {
		return nil
	}
	roles := slices.Clone(listed[at].Meta.value.Roles.value)
	if owner := listed[at].OwnerID; owner != "" && owner == s.caller.ID {
		roles = append(roles, "owner")
	}
	if len(roles) == 0 {
		return nil // an empty list proves nothing: the owner's roles are not listed either
	}
	return roles
}

func (s *survey) examineSpace(ctx context.Context, one *connection.SpaceExamination) {
	listed, problems, err := s.listConnections(ctx, one.Space, "", &s.sent)
	one.Err = err
	inSpace, placeless := s.inSpace(listed, one.Space)
	one.Incomplete = append(slices.Clip(one.Incomplete), reasons("connections", append(problems, placeless...))...)
	for _, wire := range inSpace {
		live := toLive(wire, one.Space)
		one.Connections = append(one.Connections, connection.Access{Key: live.Key, Project: live.Record.Project, Privileges: wire.Privileges.value})
	}
	slices.SortFunc(one.Connections, func(a, b connection.Access) int { return a.Key.Compare(b.Key) })
}
