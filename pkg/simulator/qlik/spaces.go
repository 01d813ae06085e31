package qlik

import (
	"slices"
	"strings"
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

// personalSpace stands for the caller's personal space, which is no space object of its own.
type personalSpace struct {
	ResourceType string   `json:"resourceType"`
	Actions      []string `json:"actions"`
}

// listSpaces serves GET /spaces: name is a case-insensitive part of the name, type a list; 10 to a page by default. What
// is not modelled selects nothing: nobody has a role in a space, and no space has an environment. The caller may publish
// to whatever they may enter: assumed.
func (t *Tenant) listSpaces(c *call) (answer, error) {
	by, desc := strings.TrimLeft(c.query.Get("sort"), "+- "), strings.HasPrefix(c.query.Get("sort"), "-")
	sortKey := map[string]func(*spaceRecord) string{
		"":          func(s *spaceRecord) string { return s.Name },
		"name":      func(s *spaceRecord) string { return s.Name },
		"type":      func(s *spaceRecord) string { return s.Type },
		"createdAt": func(*spaceRecord) string { return timestamp(seedTime) },
	}[by]
	switch action := c.query.Get("action"); {
	case sortKey == nil:
		return answer{}, badRequest("spaces cannot be sorted by %q", by)
	case action != "" && action != "publish":
		return answer{}, badRequest("action must be publish")
	}
	key := func(s *spaceRecord) []string { return []string{"", sortKey(s), s.ID} }
	var shown []*spaceRecord
	for _, s := range t.world.spaces {
		if c.user.mayEnter(s) && c.selectsSpace(s) {
			shown = append(shown, s)
		}
	}
	slices.SortFunc(shown, func(a, b *spaceRecord) int { return compareKeys(key(a), key(b), desc) })
	paged, links, err := page(t, c, listing[*spaceRecord]{
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

func (c *call) selectsSpace(s *spaceRecord) bool {
	name, kinds, owner := c.query.Get("name"), c.query.Get("type"), c.query.Get("ownerId")
	return strings.Contains(strings.ToLower(s.Name), strings.ToLower(name)) &&
		(kinds == "" || slices.Contains(strings.Split(kinds, ","), s.Type)) &&
		(owner == "" || owner == s.Owner) && !c.query.Has("roles") &&
		c.query.Get("environmentId")+c.query.Get("environment.name") == ""
}

// getSpace serves GET /spaces/{id}: 404 also without access.
func (t *Tenant) getSpace(c *call) (answer, error) {
	s := t.world.space(c.request.PathValue("id"))
	if !c.user.mayEnter(s) {
		return answer{}, notFound("space")
	}
	return ok(t.spaceView(c, s)), nil
}

func (t *Tenant) spaceView(c *call, s *spaceRecord) spaceView {
	self := c.base() + spacesPath + "/" + s.ID
	return spaceView{
		ID: s.ID, Name: s.Name, Type: s.Type, OwnerID: s.Owner, TenantID: t.tenantID(),
		CreatedAt: timestamp(seedTime), CreatedBy: s.Owner, UpdatedAt: timestamp(seedTime),
		Meta:  spaceMeta{Actions: []string{"create", "read", "update"}, Roles: []string{}, AssignableRoles: []string{}},
		Links: spaceLinks{link{self}, link{self + "/assignments"}},
	}
}

func (l spaceList) next() *link { return l.Links.Next }
