package simulator

import (
	"net/http"
	"slices"
	"strings"
)

// userView is a user as the API answers it (Users reference).
type userView struct {
	ID             string     `json:"id"`
	TenantID       string     `json:"tenantId"`
	Name           string     `json:"name"`
	Email          string     `json:"email"`
	Subject        string     `json:"subject"`
	Status         string     `json:"status"`
	AssignedRoles  []roleView `json:"assignedRoles"`
	AssignedGroups []struct{} `json:"assignedGroups"`
	CreatedAt      string     `json:"createdAt"`
	LastUpdatedAt  string     `json:"lastUpdatedAt"`
	Links          selfLink   `json:"links"`
}

type roleView struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Type  string `json:"type"`
	Level string `json:"level"`
}

type userList struct {
	Data         []userView `json:"data"`
	Links        pageLinks  `json:"links"`
	TotalResults *int       `json:"totalResults,omitempty"`
}

// listUsers serves GET /users: 20 to a page by default, by name.
func (t *Tenant) listUsers(c *call) (answer, error) {
	matches, err := parseFilter(c.query.Get("filter"), userFields)
	if err != nil {
		return answer{}, badRequest("filter: %v", err)
	}
	by, desc := strings.TrimLeft(c.query.Get("sort"), "+- "), strings.HasPrefix(c.query.Get("sort"), "-")
	if by != "" && by != "name" {
		return answer{}, badRequest("users cannot be sorted by %q", by)
	}
	key := func(u *userRecord) []string { return []string{"", u.Name, u.ID} }
	var shown []*userRecord
	for _, u := range t.world.users {
		if matches(u) {
			shown = append(shown, u)
		}
	}
	slices.SortFunc(shown, func(a, b *userRecord) int { return compareKeys(key(a), key(b), desc) })
	paged, links, err := page(t, c, listing[*userRecord]{
		items: shown, key: key, desc: desc, limit: 20, at: []string{"next", "prev"}, paging: usersPath,
	})
	if err != nil {
		return answer{}, err
	}
	list := userList{Data: make([]userView, 0, len(paged)), Links: links}
	if total := len(shown); c.query.Get("totalResults") == "true" {
		list.TotalResults = &total
	}
	for _, u := range paged {
		list.Data = append(list.Data, t.userView(c, u))
	}
	return ok(list), nil
}

// userFields are the fields that users can be filtered by, of those that the reference lists.
var userFields = map[string]func(*userRecord) []string{
	"id":                 func(u *userRecord) []string { return []string{u.ID} },
	"name":               func(u *userRecord) []string { return []string{u.Name} },
	"email":              func(u *userRecord) []string { return []string{u.Email} },
	"subject":            func(u *userRecord) []string { return []string{u.Subject} },
	"status":             func(u *userRecord) []string { return []string{u.Status} },
	"assignedRoles.name": func(u *userRecord) []string { return u.Roles },
}

// getUser serves GET /users/{id}.
func (t *Tenant) getUser(c *call) (answer, error) {
	u := t.world.user(c.request.PathValue("id"))
	if u == nil {
		return answer{}, notFound("user")
	}
	return ok(t.userView(c, u)), nil
}

// redirectToMe serves GET /users/me: a permanent redirect to the caller's own record.
func (t *Tenant) redirectToMe(c *call) (answer, error) {
	return answer{
		status: http.StatusMovedPermanently,
		header: http.Header{"Location": {usersPath + "/" + c.user.ID}},
	}, nil
}

func (t *Tenant) userView(c *call, u *userRecord) userView {
	roles := make([]roleView, 0, len(u.Roles))
	for _, name := range u.Roles {
		roles = append(roles, roleView{ID: objectIDOf("role", name), Name: name, Type: "default", Level: "admin"})
	}
	return userView{
		ID: u.ID, TenantID: t.tenantID(), Name: u.Name, Email: u.Email, Subject: u.Subject, Status: u.Status,
		AssignedRoles: roles, AssignedGroups: []struct{}{},
		CreatedAt: timestamp(seedTime), LastUpdatedAt: timestamp(seedTime),
		Links: selfLink{link{c.base() + usersPath + "/" + u.ID}},
	}
}
