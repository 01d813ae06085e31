package qlik

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

const groupsPath = apiPath + "/groups"

// wireGroup is a group of users.
type wireGroup struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (w *wireGroup) id() string { return w.ID }

func (w *wireGroup) missing() string {
	return cmp.Or(lacks(w.ID == "", "id"), lacks(w.Name == "", "name"))
}

// wireAssignment is the roles of a user, a group or a bot user in a space. The owner of a space has
// none (API reference).
type wireAssignment struct {
	ID       string   `json:"id"`
	Type     string   `json:"type"`
	Assignee string   `json:"assigneeId"`
	Roles    []string `json:"roles"`
}

func (w *wireAssignment) id() string { return w.ID }

func (w *wireAssignment) missing() string {
	return cmp.Or(lacks(w.ID == "", "id"), lacks(w.Assignee == "", "assigneeId"))
}

func assignmentsPath(space string) string {
	return spacesPath + "/" + url.PathEscape(space) + "/assignments"
}

// spaceDetails reads the details of the named spaces that exist, each with its members.
func (s *survey) spaceDetails(ctx context.Context, names []string) ([]connection.SpaceDetails, error) {
	var found []connection.SpaceDetails
	for i := range s.listed {
		if space := &s.listed[i]; slices.Contains(names, space.Name) && space.Name != connection.PersonalSpace {
			found = append(found, connection.SpaceDetails{
				ID: space.ID, Description: space.Description.value, OwnerID: space.OwnerID, AssignableRoles: space.Meta.value.Assignable.value,
			})
		}
	}
	slices.SortFunc(found, func(a, b connection.SpaceDetails) int { return cmp.Compare(a.ID, b.ID) })
	group, groupCtx := s.readers(ctx)
	for i := range found {
		group.Go(func() error { return s.members(groupCtx, &found[i]) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return found, s.nameMembers(ctx, found)
}

// members reads the members of a space. A list that may be incomplete is unreadable: a member that it
// lacks could exist.
func (s *survey) members(ctx context.Context, space *connection.SpaceDetails) error {
	listed, problems, err := list[wireAssignment](ctx, s.client, s.get(assignmentsPath(space.ID), nil))
	switch {
	case affectsOne(err):
		space.Unreadable = err.Error()
		return nil
	case err != nil:
		return fmt.Errorf("list members of a space: %w", err)
	case len(problems) > 0:
		space.Unreadable = reasons("members", problems)[0]
		return nil
	}
	for i := range listed {
		space.Members = append(space.Members, listed[i].member())
	}
	return nil
}

func (w *wireAssignment) member() connection.Member {
	kind := connection.MemberUser
	switch w.Type {
	case "group":
		kind = connection.MemberGroup
	case "bot":
		kind = connection.MemberClient
	}
	return connection.Member{Assignment: w.ID, Principal: connection.Principal{Kind: kind, ID: w.Assignee}, Roles: slices.Sorted(slices.Values(w.Roles))}
}

// nameMembers adds the names of members, as far as the caller may see them: people read names. A bot
// user has the name of its client, with which its subject ends (assumed).
func (s *survey) nameMembers(ctx context.Context, spaces []connection.SpaceDetails) error {
	names, bots := map[string]string{}, map[string]string{}
	for _, known := range s.principals {
		names[known.ID] = known.Name
	}
	var groups, users []string
	for i := range spaces {
		for _, member := range spaces[i].Members {
			switch {
			case names[member.ID] != "":
			case member.Kind == connection.MemberGroup:
				groups = append(groups, member.ID)
			default:
				users = append(users, member.ID)
			}
		}
	}
	people, err := s.usersOf(ctx, slices.Compact(slices.Sorted(slices.Values(users))), s.get)
	if err != nil {
		return err
	}
	for _, user := range people {
		names[user.ID] = cmp.Or(user.Email, user.Subject)
		bots[user.ID] = cmp.Or(user.Subject[strings.LastIndexAny(user.Subject, `|\`)+1:], names[user.ID])
	}
	if err := s.nameGroups(ctx, groups, names); err != nil {
		return err
	}
	for i := range spaces {
		for j := range spaces[i].Members {
			member := &spaces[i].Members[j]
			if member.Name = names[member.ID]; member.Kind == connection.MemberClient && bots[member.ID] != "" {
				member.Name = bots[member.ID]
			}
		}
		slices.SortFunc(spaces[i].Members, func(a, b connection.Member) int {
			return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
		})
	}
	return nil
}

// nameGroups adds the names of groups, as far as the caller may see them.
func (s *survey) nameGroups(ctx context.Context, ids []string, names map[string]string) error {
	for chunk := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(ids))), maxUserIDs) {
		listed, _, err := list[wireGroup](ctx, s.client, s.get(groupsPath, anyOf("id", chunk...)))
		if affectsOne(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look up groups: %w", err)
		}
		for _, one := range listed {
			names[one.ID] = one.Name
		}
	}
	return nil
}

// readPrincipals looks up the groups and clients that are declared by name. What the caller may not
// look up is in the result, with the reason.
func (s *survey) readPrincipals(ctx context.Context, wanted []connection.Principal) error {
	found := make([][]connection.Principal, len(wanted))
	group, ctx := s.readers(ctx)
	for i, one := range wanted {
		group.Go(func() (err error) {
			found[i], err = s.principal(ctx, one)
			if affectsOne(err) {
				one.Unreadable = err.Error()
				found[i], err = []connection.Principal{one}, nil
			}
			return err
		})
	}
	err := group.Wait()
	s.principals = slices.Concat(found...)
	return err
}

// principal returns the groups of that name, or the bot user of the client. The filter ignores letter
// case, a declaration does not.
func (s *survey) principal(ctx context.Context, wanted connection.Principal) (found []connection.Principal, err error) {
	if wanted.Kind == connection.MemberClient {
		users, err := s.usersWhose(ctx, "clientId", wanted.Name)
		for _, user := range users {
			if user.ClientID != "" && user.ClientID != wanted.Name {
				continue // a service that does not know the filter
			}
			found = append(found, connection.Principal{Kind: wanted.Kind, Name: wanted.Name, ID: user.ID})
		}
		return found, err
	}
	groups, err := listWhole[wireGroup](ctx, s.client, s.get(groupsPath, anyOf("name", wanted.Name)), "groups")
	for _, one := range groups {
		if one.Name == wanted.Name {
			found = append(found, connection.Principal{Kind: wanted.Kind, Name: wanted.Name, ID: one.ID})
		}
	}
	if err != nil {
		err = fmt.Errorf("look up %s: %w", wanted, err)
	}
	return found, err
}

// executeSpace runs an operation on a space. Each write is repeatable, because what it would do is
// looked for before each attempt.
func (p *Provider) executeSpace(ctx context.Context, operation connection.Operation) connection.Outcome {
	outcome := connection.Outcome{ID: operation.ID}
	if err := ctx.Err(); err != nil {
		outcome.Err = fmt.Errorf("%w: %w", connection.ErrNotSent, err)
		return outcome
	}
	if operation.Kind == connection.CreateSpace {
		outcome.ID, outcome.Err = p.createSpace(ctx, operation.Write)
		return outcome
	}
	if !isSegment(operation.ID) {
		outcome.Err = fmt.Errorf("execute %s: %q is not an id", operation.Kind, operation.ID)
		return outcome
	}
	w := spaceWriter{p, operation.ID, operation.Write}
	err := fmt.Errorf("execute %q: not an operation of this provider", operation.Kind)
	switch operation.Kind {
	case connection.DescribeSpace:
		err = w.describe(ctx)
	case connection.AssignRoles:
		err = w.assign(ctx)
	case connection.ReplaceRoles:
		err = w.replace(ctx)
	case connection.UnassignMember:
		err = w.unassign(ctx)
	}
	if err != nil && !errors.Is(err, errNothingLeft) {
		outcome.Err = unread(fmt.Errorf("%s: %w", operation.Kind, err))
	}
	return outcome
}

// createSpace creates a space and returns its id. A create that may have happened is looked for: a
// space of that name and type that the caller owns is the one.
func (p *Provider) createSpace(ctx context.Context, write *connection.SpaceWrite) (string, error) {
	body := struct {
		Name        string `json:"name"`
		Type        string `json:"type"`
		Description string `json:"description,omitempty"`
	}{write.Space.Name, write.Space.Type, write.Description}
	var created wireSpace
	sentBefore := false
	err := p.client.Do(ctx, Request{
		Method: http.MethodPost, Path: spacesPath, Body: body, Repeatable: true,
		fresh: func(ctx context.Context, maybe bool) (any, error) {
			if sentBefore = sentBefore || maybe; maybe {
				found, err := p.ownSpace(ctx, write.Space)
				if err != nil {
					return nil, err
				}
				if found != nil {
					created = *found
					return nil, errNothingLeft
				}
			}
			return body, nil
		},
	}, &created)
	isUnclear := errors.Is(err, connection.ErrUnknownOutcome) || sentBefore && errors.Is(err, connection.ErrConflict)
	switch {
	case err == nil, errors.Is(err, errNothingLeft):
		return created.ID, nil
	case isUnclear:
		return p.settleSpace(ctx, write.Space, err)
	case errors.Is(err, connection.ErrConflict):
		return "", p.spaceTaken(ctx, write.Space, err)
	}
	return "", unread(fmt.Errorf("create space: %w", err))
}

// settleSpace looks for a space that may have been created, as [Provider.settleCreate] does for a
// connection.
func (p *Provider) settleSpace(ctx context.Context, space connection.Space, cause error) (string, error) {
	for pause := firstLook; ; pause *= 2 {
		found, err := p.ownSpace(ctx, space)
		if err == nil && found != nil {
			return found.ID, nil
		}
		if err != nil || pause >= firstLook<<(looks-1) || transport.Sleep(ctx, pause) != nil {
			return "", fmt.Errorf("create space: %w", cause)
		}
	}
}

// ownSpace returns the space of that name if it has the type and belongs to the caller; nil if there
// is no space of the name. Another space of the name is [connection.ErrConflict].
func (p *Provider) ownSpace(ctx context.Context, wanted connection.Space) (*wireSpace, error) {
	found, err := p.spaceNamed(ctx, wanted.Name)
	if err != nil || found == nil {
		return nil, err
	}
	var caller wireUser
	if err := p.client.Do(ctx, Request{Method: http.MethodGet, Path: usersPath + "/me"}, &caller); err != nil {
		return nil, err
	}
	if found.Type != wanted.Type || found.OwnerID != caller.ID {
		return nil, transport.Own(connection.ErrConflict, "create space: a %s space of this name exists, and another user owns it; plan again", found.Type)
	}
	return found, nil
}

// spaceNamed returns the visible space with exactly that name; nil if there is none.
func (p *Provider) spaceNamed(ctx context.Context, name string) (*wireSpace, error) {
	listed, problems, err := list[wireSpace](ctx, p.client, Request{Path: spacesPath})
	if err != nil {
		return nil, err
	}
	for i := range listed {
		if listed[i].Name == name {
			return &listed[i], nil
		}
	}
	if len(problems) > 0 {
		return nil, errors.New(reasons("spaces", problems)[0])
	}
	return nil, nil
}

// spaceTaken returns the error for a name that somebody else has taken. The space is not used: its
// owner and members are not what was reviewed.
func (p *Provider) spaceTaken(ctx context.Context, space connection.Space, cause error) error {
	found, err := p.spaceNamed(ctx, space.Name)
	switch {
	case err != nil:
		return fmt.Errorf("create space: %w", cause)
	case found == nil:
		return fmt.Errorf("create space: %w; a space of this name exists, and this token may not see it: make its user a member of the space", cause)
	}
	return fmt.Errorf("%w (another client has created a %s space of this name); plan again", connection.ErrChanged, found.Type)
}

// spaceWriter writes to one space.
type spaceWriter struct {
	*Provider
	id    string
	write *connection.SpaceWrite
}

func changed(what string) error {
	return fmt.Errorf("%w (%s); plan again", connection.ErrChanged, what)
}

// space reads the space again, which must still have its name and type.
func (w *spaceWriter) space(ctx context.Context) (wireSpace, error) {
	var now wireSpace
	read := func() error {
		return w.client.Do(ctx, Request{Method: http.MethodGet, Path: spacesPath + "/" + url.PathEscape(w.id)}, &now)
	}
	var err error
	if w.write.Space.IsNew() {
		err = untilVisible(ctx, read) // this run has created it
	} else {
		err = read()
	}
	switch {
	case errors.Is(err, connection.ErrNotFound):
		return now, changed("the space is gone")
	case err != nil:
		return now, err
	case now.Name != w.write.Space.Name:
		return now, changed("the space was renamed")
	case now.Type != w.write.Space.Type:
		return now, changed("the space has another type")
	}
	return now, nil
}

// assignment reads the assignment of the member again; nil if there is none.
func (w *spaceWriter) assignment(ctx context.Context) (*wireAssignment, error) {
	if _, err := w.space(ctx); err != nil {
		return nil, err
	}
	listed, err := listWhole[wireAssignment](ctx, w.client, Request{Path: assignmentsPath(w.id)}, "members")
	for i := range listed {
		if listed[i].Assignee == w.write.Member.ID {
			return &listed[i], err
		}
	}
	return nil, err
}

// has reports whether a member has all roles that are to be written.
func (w *spaceWriter) has(now *wireAssignment) bool {
	return !slices.ContainsFunc(w.write.Member.Roles, func(role string) bool { return !slices.Contains(now.Roles, role) })
}

// isSeen reports whether a member has exactly the roles that the plan saw.
func (w *spaceWriter) isSeen(now *wireAssignment) bool {
	return slices.Equal(slices.Sorted(slices.Values(now.Roles)), w.write.SeenRoles)
}

// wireSpacePatch is one operation of a patch of a space; its keys are in lower case, and the value is
// a text (API reference, Spaces).
type wireSpacePatch struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value string `json:"value"`
}

func (w *spaceWriter) describe(ctx context.Context) error {
	body := []wireSpacePatch{{"replace", "/description", w.write.Description}}
	return w.client.Do(ctx, Request{
		Method: http.MethodPatch, Path: spacesPath + "/" + url.PathEscape(w.id), Body: body, Repeatable: true,
		fresh: func(ctx context.Context, _ bool) (any, error) {
			now, err := w.space(ctx)
			switch {
			case err != nil:
				return nil, err
			case now.Description.value == w.write.Description:
				return nil, errNothingLeft
			case now.Description.value != w.write.SeenDescription:
				return nil, changed("the space has another description")
			}
			return body, nil
		},
	}, nil)
}

func (w *spaceWriter) assign(ctx context.Context) error {
	kind := map[connection.PrincipalKind]string{connection.MemberGroup: "group", connection.MemberUser: "user", connection.MemberClient: "bot"}
	body := struct {
		Type     string   `json:"type"`
		Assignee string   `json:"assigneeId"`
		Roles    []string `json:"roles"`
	}{kind[w.write.Member.Kind], w.write.Member.ID, w.write.Member.Roles}
	err := w.client.Do(ctx, Request{
		Method: http.MethodPost, Path: assignmentsPath(w.id), Body: body, Repeatable: true,
		fresh: func(ctx context.Context, _ bool) (any, error) {
			now, err := w.assignment(ctx)
			switch {
			case err != nil:
				return nil, err
			case now == nil:
				return body, nil
			case w.has(now):
				return nil, errNothingLeft
			}
			return nil, changed("the member has got other roles")
		},
	}, nil)
	if errors.Is(err, connection.ErrConflict) { // another client was faster
		if now, readErr := w.assignment(ctx); readErr == nil && now != nil && w.has(now) {
			return nil
		}
		return changed("the member has got other roles")
	}
	return err
}

// member returns the path of the assignment.
func (w *spaceWriter) member() string {
	return assignmentsPath(w.id) + "/" + url.PathEscape(w.write.Member.Assignment)
}

func (w *spaceWriter) replace(ctx context.Context) error {
	body := struct {
		Roles []string `json:"roles"`
	}{w.write.Member.Roles}
	return w.client.Do(ctx, Request{
		Method: http.MethodPut, Path: w.member(), Body: body, Repeatable: true,
		fresh: func(ctx context.Context, _ bool) (any, error) {
			now, err := w.assignment(ctx)
			switch {
			case err != nil:
				return nil, err
			case now == nil || now.ID != w.write.Member.Assignment:
				return nil, changed("the member was removed")
			case slices.Equal(slices.Sorted(slices.Values(now.Roles)), w.write.Member.Roles):
				return nil, errNothingLeft
			case !w.isSeen(now):
				return nil, changed("the member has got other roles")
			}
			return body, nil
		},
	}, nil)
}

func (w *spaceWriter) unassign(ctx context.Context) error {
	err := w.client.Do(ctx, Request{
		Method: http.MethodDelete, Path: w.member(), Repeatable: true,
		fresh: func(ctx context.Context, _ bool) (any, error) {
			now, err := w.assignment(ctx)
			switch {
			case err != nil:
				return nil, err
			case now == nil:
				return nil, errNothingLeft
			case now.ID != w.write.Member.Assignment:
				return nil, changed("the member was removed, and added again")
			case !w.isSeen(now):
				return nil, changed("the member has got other roles")
			}
			return nil, nil
		},
	}, &wireWritten{})
	if errors.Is(err, connection.ErrNotFound) { // proves nothing: the list of members does
		if now, readErr := w.assignment(ctx); readErr == nil && now == nil {
			return nil
		}
	}
	return err
}
