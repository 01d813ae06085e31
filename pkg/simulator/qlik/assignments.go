package qlik

import (
	"net/http"
	"slices"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/filter"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// createSpace serves POST /spaces: for administrators and those with the role of the type.
func (t *Tenant) createSpace(c *call) (answer, error) {
	var body struct {
		Name        string `json:"name"`
		Type        string `json:"type"`
		Description string `json:"description"`
	}
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	switch {
	case model.SpaceRoles[body.Type] == nil:
		return answer{}, refusal.BadRequest("type must be shared, managed or data")
	case !model.IsSpaceName(body.Name):
		return answer{}, refusal.BadRequest("name is not valid")
	case !c.user.MayCreateSpace(body.Type):
		return answer{}, refusal.Forbidden("the caller may not create a " + body.Type + " space")
	case t.store.World.SpaceByName(body.Name) != nil:
		return answer{}, taken("a space of this name exists")
	}
	s := t.store.World.AddSpace(body.Name, body.Type, c.user.ID, model.Touched(t.store.Now(), model.SeedTime))
	s.Description = body.Description
	return answer{status: http.StatusCreated, body: t.spaceView(c, s)}, nil
}

func taken(detail string) *refusal.Error {
	return &refusal.Error{Code: "HTTP-409", Title: "Conflict", Detail: detail, Status: http.StatusConflict}
}

// spaceTypes serves GET /spaces/types.
func (t *Tenant) spaceTypes(*call) (answer, error) {
	return ok(map[string][]string{"data": {"data", "managed", "shared"}}), nil
}

// managed returns the space of the path for a caller who may change it. Without access it is not found.
func (t *Tenant) managed(c *call) (*model.Space, error) {
	s := t.store.World.Space(c.request.PathValue("id"))
	switch {
	case !c.user.MayEnter(s):
		return nil, refusal.NotFound("space")
	case !c.user.MayManage(s):
		return nil, refusal.Forbidden("the caller may not manage the space")
	}
	return s, nil
}

// patchSpace serves PATCH /spaces/{id}. The type of a space cannot change (API reference).
func (t *Tenant) patchSpace(c *call) (answer, error) {
	s, err := t.managed(c)
	if err != nil {
		return answer{}, err
	}
	var changes []struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value string `json:"value"`
	}
	if err := c.decode(&changes); err != nil {
		return answer{}, err
	}
	next := *s
	for _, change := range changes {
		if change.Op != "replace" {
			return answer{}, refusal.BadRequest("op must be replace")
		}
		switch change.Path {
		case "/name":
			other := t.store.World.SpaceByName(change.Value)
			switch {
			case !model.IsSpaceName(change.Value):
				return answer{}, refusal.BadRequest("name is not valid")
			case other != nil && other != s:
				return answer{}, taken("a space of this name exists")
			}
			next.Name = change.Value
		case "/description":
			next.Description = change.Value
		case "/ownerId":
			if t.store.World.User(change.Value) == nil {
				return answer{}, refusal.BadRequest("no such user")
			}
			next.Owner = change.Value
		default:
			return answer{}, refusal.BadRequest("path must be /name, /ownerId or /description")
		}
	}
	next.Updated = model.Touched(t.store.Now(), s.Updated)
	*s = next
	return ok(t.spaceView(c, s)), nil
}

// assignmentView is an assignment as the API answers it (Spaces reference).
type assignmentView struct {
	ID         string   `json:"id"`
	Type       string   `json:"type"`
	AssigneeID string   `json:"assigneeId"`
	Roles      []string `json:"roles"`
	SpaceID    string   `json:"spaceId"`
	TenantID   string   `json:"tenantId"`
	CreatedAt  string   `json:"createdAt"`
	CreatedBy  string   `json:"createdBy"`
	UpdatedAt  string   `json:"updatedAt"`
	UpdatedBy  string   `json:"updatedBy"`
	Links      selfLink `json:"links"`
}

type assignmentList struct {
	Data  []assignmentView `json:"data"`
	Meta  countMeta        `json:"meta"`
	Links pageLinks        `json:"links"`
}

func (l assignmentList) next() *link { return l.Links.Next }

func (t *Tenant) assignmentView(c *call, s *model.Space, a *model.Assignment) assignmentView {
	return assignmentView{
		ID: a.ID, Type: a.Type, AssigneeID: a.Assignee, Roles: slices.Clone(a.Roles), SpaceID: s.ID, TenantID: t.tenantID(),
		CreatedAt: timestamp(a.Created), CreatedBy: s.CreatedBy, UpdatedAt: timestamp(a.Updated), UpdatedBy: s.CreatedBy,
		Links: selfLink{link{c.base() + spacesPath + "/" + s.ID + "/assignments/" + a.ID}},
	}
}

// listAssignments serves GET /spaces/{id}/assignments: 10 to a page by default (assumed, as for spaces). The owner is not
// in the list (API reference).
func (t *Tenant) listAssignments(c *call) (answer, error) {
	s := t.store.World.Space(c.request.PathValue("id"))
	if !c.user.MayEnter(s) {
		return answer{}, refusal.NotFound("space")
	}
	key := func(a *model.Assignment) []string { return []string{"", a.ID} }
	var shown []*model.Assignment
	for i := range s.Assignments {
		a := &s.Assignments[i]
		kind, assignee := c.query.Get("type"), c.query.Get("assigneeId")
		if (kind == "" || kind == a.Type) && (assignee == "" || assignee == a.Assignee) {
			shown = append(shown, a)
		}
	}
	paged, links, err := sortedPage(t, c, listing[*model.Assignment]{
		items: shown, key: key, limit: 10, at: []string{"next", "prev"}, paging: spacesPath + "/" + s.ID + "/assignments",
	})
	if err != nil {
		return answer{}, err
	}
	list := assignmentList{Data: make([]assignmentView, 0, len(paged)), Meta: countMeta{len(shown)}, Links: links}
	for _, a := range paged {
		list.Data = append(list.Data, t.assignmentView(c, s, a))
	}
	return ok(list), nil
}

// checkRoles returns an error unless there are roles and each can be assigned. Their letter case matters (space roles
// page).
func checkRoles(s *model.Space, roles []string) error {
	if len(roles) == 0 {
		return refusal.BadRequest("roles: at least one is needed")
	}
	for _, role := range roles {
		if !slices.Contains(model.SpaceRoles[s.Type], role) {
			return refusal.BadRequest("roles: %s cannot be assigned in a %s space", role, s.Type)
		}
	}
	return nil
}

// createAssignment serves POST /spaces/{id}/assignments. That an assignee must exist is assumed.
func (t *Tenant) createAssignment(c *call) (answer, error) {
	s, err := t.managed(c)
	if err != nil {
		return answer{}, err
	}
	var body struct {
		Type       string   `json:"type"`
		AssigneeID string   `json:"assigneeId"`
		Roles      []string `json:"roles"`
	}
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	if err := checkRoles(s, body.Roles); err != nil {
		return answer{}, err
	}
	switch body.Type {
	case model.AssignedGroup:
		if t.store.World.Group(body.AssigneeID) == nil {
			return answer{}, refusal.BadRequest("assigneeId: no such group")
		}
	case model.AssignedUser, model.AssignedBot:
		if t.store.World.User(body.AssigneeID) == nil {
			return answer{}, refusal.BadRequest("assigneeId: no such user")
		}
	default:
		return answer{}, refusal.BadRequest("type must be user, group or bot")
	}
	if body.AssigneeID == s.Owner || slices.ContainsFunc(s.Assignments, func(a model.Assignment) bool { return a.Assignee == body.AssigneeID }) {
		return answer{}, taken("the assignee has an assignment in the space")
	}
	a := s.Assign(body.Type, body.AssigneeID, body.Roles, model.Touched(t.store.Now(), model.SeedTime))
	return answer{status: http.StatusCreated, body: t.assignmentView(c, s, a)}, nil
}

// assigned returns the assignment of the path, for a caller who may change it.
func (t *Tenant) assigned(c *call) (*model.Space, *model.Assignment, error) {
	s, err := t.managed(c)
	if err != nil {
		return nil, nil, err
	}
	a := s.Assigned(c.request.PathValue("assignment"))
	if a == nil {
		return nil, nil, refusal.NotFound("assignment")
	}
	return s, a, nil
}

// getAssignment serves GET /spaces/{id}/assignments/{assignmentId}.
func (t *Tenant) getAssignment(c *call) (answer, error) {
	s := t.store.World.Space(c.request.PathValue("id"))
	if !c.user.MayEnter(s) || s.Assigned(c.request.PathValue("assignment")) == nil {
		return answer{}, refusal.NotFound("assignment")
	}
	return ok(t.assignmentView(c, s, s.Assigned(c.request.PathValue("assignment")))), nil
}

// putAssignment serves PUT /spaces/{id}/assignments/{assignmentId}: the whole list of roles.
func (t *Tenant) putAssignment(c *call) (answer, error) {
	s, a, err := t.assigned(c)
	if err != nil {
		return answer{}, err
	}
	var body struct {
		Roles []string `json:"roles"`
	}
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	if err := checkRoles(s, body.Roles); err != nil {
		return answer{}, err
	}
	a.Roles, a.Updated = slices.Clone(body.Roles), model.Touched(t.store.Now(), a.Updated)
	return ok(t.assignmentView(c, s, a)), nil
}

// deleteAssignment serves DELETE /spaces/{id}/assignments/{assignmentId}.
func (t *Tenant) deleteAssignment(c *call) (answer, error) {
	s, a, err := t.assigned(c)
	if err != nil {
		return answer{}, err
	}
	id := a.ID
	s.Assignments = slices.DeleteFunc(slices.Clone(s.Assignments), func(other model.Assignment) bool { return other.ID == id })
	return noContent, nil
}

// groupView is a group as the API answers it (Groups reference).
type groupView struct {
	ID            string     `json:"id"`
	TenantID      string     `json:"tenantId"`
	Name          string     `json:"name"`
	Status        string     `json:"status"`
	ProviderType  string     `json:"providerType"`
	AssignedRoles []roleView `json:"assignedRoles"`
	CreatedAt     string     `json:"createdAt"`
	LastUpdatedAt string     `json:"lastUpdatedAt"`
	Links         selfLink   `json:"links"`
}

type groupList struct {
	Data  []groupView `json:"data"`
	Links pageLinks   `json:"links"`
	Total *int        `json:"totalResults,omitempty"`
}

func (l groupList) next() *link { return l.Links.Next }

var groupFields = map[string]filter.Field[*model.Group]{
	"id":   {Values: func(g *model.Group) []string { return []string{g.ID} }, Operators: exact},
	"name": {Values: func(g *model.Group) []string { return []string{g.Name} }, Operators: partly},
}

// listGroups serves GET /groups: 20 to a page by default, by name. That everybody may read groups is assumed.
func (t *Tenant) listGroups(c *call) (answer, error) {
	matches, err := filter.Parse(c.query.Get("filter"), groupFields)
	if err != nil {
		return answer{}, refusal.BadRequest("filter: %v", err)
	}
	by, desc := c.order("")
	if by != "" && by != "name" {
		return answer{}, refusal.BadRequest("groups cannot be sorted by %q", by)
	}
	key := func(g *model.Group) []string { return []string{"", g.Name, g.ID} }
	var shown []*model.Group
	for _, g := range t.store.World.Groups {
		if matches(g) {
			shown = append(shown, g)
		}
	}
	paged, links, err := sortedPage(t, c, listing[*model.Group]{
		items: shown, key: key, desc: desc, limit: 20, at: []string{"next", "prev"}, paging: groupsPath,
	})
	if err != nil {
		return answer{}, err
	}
	list := groupList{Data: make([]groupView, 0, len(paged)), Links: links}
	if total := len(shown); c.query.Get("totalResults") == "true" {
		list.Total = &total
	}
	for _, g := range paged {
		list.Data = append(list.Data, t.groupView(c, g))
	}
	return ok(list), nil
}

// getGroup serves GET /groups/{id}.
func (t *Tenant) getGroup(c *call) (answer, error) {
	g := t.store.World.Group(c.request.PathValue("id"))
	if g == nil {
		return answer{}, refusal.NotFound("group")
	}
	return ok(t.groupView(c, g)), nil
}

func (t *Tenant) groupView(c *call, g *model.Group) groupView {
	return groupView{
		ID: g.ID, TenantID: t.tenantID(), Name: g.Name, Status: "active", ProviderType: "idp", AssignedRoles: []roleView{},
		CreatedAt: timestamp(model.SeedTime), LastUpdatedAt: timestamp(model.SeedTime),
		Links: selfLink{link{c.base() + groupsPath + "/" + g.ID}},
	}
}
