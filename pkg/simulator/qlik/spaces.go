package qlik

import (
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// spaceView is a space as the API answers it (Spaces reference).
type spaceView struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Type        string     `json:"type"`
	OwnerID     string     `json:"ownerId"`
	Description string     `json:"description"`
	TenantID    string     `json:"tenantId"`
	CreatedAt   string     `json:"createdAt"`
	CreatedBy   string     `json:"createdBy"`
	UpdatedAt   string     `json:"updatedAt"`
	Meta        spaceMeta  `json:"meta"`
	Links       spaceLinks `json:"links"`
}

type spaceLinks struct {
	Self        link `json:"self"`
	Assignments link `json:"assignments"`
}

type spaceMeta struct {
	Actions         []string `json:"actions"`
	Roles           []string `json:"roles"`
	AssignableRoles []string `json:"assignableRoles"`
}

type spaceList struct {
	Data  []spaceView   `json:"data"`
	Meta  spaceListMeta `json:"meta"`
	Links pageLinks     `json:"links"`
}

type spaceListMeta struct {
	Count         int           `json:"count"`
	PersonalSpace personalSpace `json:"personalSpace"`
}

// personalSpace is the caller's personal space, which is not a space object.
type personalSpace struct {
	ResourceType string   `json:"resourceType"`
	Actions      []string `json:"actions"`
}

// listSpaces serves GET /spaces: name is a case-insensitive part of the name, type a list; 10 to a
// page by default. Filters that are not modelled select nothing: roles, and environments, which no
// space has. The caller may publish to every space that they may enter: assumed.
func (t *Tenant) listSpaces(c *call) (answer, error) {
	by, desc := c.order("")
	sortKey := map[string]func(*model.Space) string{
		"":          func(s *model.Space) string { return s.Name },
		"name":      func(s *model.Space) string { return s.Name },
		"type":      func(s *model.Space) string { return s.Type },
		"createdAt": func(s *model.Space) string { return timestamp(s.Created) },
	}[by]
	switch action := c.query.Get("action"); {
	case sortKey == nil:
		return answer{}, refusal.BadRequest("spaces cannot be sorted by %q", by)
	case action != "" && action != "publish":
		return answer{}, refusal.BadRequest("action must be publish")
	}
	key := func(s *model.Space) []string { return []string{"", sortKey(s), s.ID} }
	var shown []*model.Space
	for _, s := range t.store.World.Spaces {
		if c.user.MayEnter(s) && c.selectsSpace(s) {
			shown = append(shown, s)
		}
	}
	paged, links, err := sortedPage(t, c, listing[*model.Space]{
		items: shown, key: key, desc: desc, limit: 10, at: []string{"next", "prev"}, paging: spacesPath,
	})
	if err != nil {
		return answer{}, err
	}
	list := spaceList{
		Data: make([]spaceView, 0, len(paged)), Links: links,
		Meta: spaceListMeta{len(shown), personalSpace{"personalspace", []string{"create", "read"}}},
	}
	for _, s := range paged {
		list.Data = append(list.Data, t.spaceView(c, s))
	}
	return ok(list), nil
}

func (c *call) selectsSpace(s *model.Space) bool {
	name, kinds, owner := c.query.Get("name"), c.query.Get("type"), c.query.Get("ownerId")
	return strings.Contains(strings.ToLower(s.Name), strings.ToLower(name)) &&
		(kinds == "" || slices.Contains(strings.Split(kinds, ","), s.Type)) &&
		(owner == "" || owner == s.Owner) && !c.query.Has("roles") &&
		c.query.Get("environmentId")+c.query.Get("environment.name") == ""
}

// getSpace serves GET /spaces/{id}: 404 also without access.
func (t *Tenant) getSpace(c *call) (answer, error) {
	s := t.store.World.Space(c.request.PathValue("id"))
	if !c.user.MayEnter(s) {
		return answer{}, refusal.NotFound("space")
	}
	return ok(t.spaceView(c, s)), nil
}

func (t *Tenant) spaceView(c *call, s *model.Space) spaceView {
	self := c.base() + spacesPath + "/" + s.ID
	return spaceView{
		ID: s.ID, Name: s.Name, Type: s.Type, OwnerID: s.Owner, TenantID: t.tenantID(),
		Description: s.Description, CreatedAt: timestamp(s.Created), CreatedBy: s.CreatedBy, UpdatedAt: timestamp(s.Updated),
		Meta:  spaceMeta{Actions: []string{"create", "read", "update"}, Roles: c.user.RolesIn(s), AssignableRoles: assignable(c, s)},
		Links: spaceLinks{link{self}, link{self + "/assignments"}},
	}
}

// assignable returns the roles that the caller may assign.
func assignable(c *call, s *model.Space) []string {
	if !c.user.MayManage(s) {
		return []string{}
	}
	return model.SpaceRoles[s.Type]
}

func (l spaceList) next() *link { return l.Links.Next }
