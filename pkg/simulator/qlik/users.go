package qlik

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/filter"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/identity"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
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

	fields []string // what the query asked for; nil: everything
}

// MarshalJSON leaves out what was not asked for, links too.
func (v userView) MarshalJSON() ([]byte, error) {
	type plain userView
	data, err := json.Marshal(plain(v))
	if err != nil || v.fields == nil {
		return data, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, err
	}
	maps.DeleteFunc(members, func(name string, _ json.RawMessage) bool { return !slices.Contains(v.fields, name) })
	return json.Marshal(members)
}

// userFieldsOf returns the fields that a query asks for.
func userFieldsOf(c *call) []string {
	if !c.query.Has("fields") {
		return nil
	}
	return strings.Split(c.query.Get("fields"), ",")
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

// userSorts are the fields that users can be sorted by. Those that the embedded tenant knows nothing of are all equal.
var userSorts = map[string]func(*model.User) string{
	"":             func(u *model.User) string { return u.Name },
	"name":         func(u *model.User) string { return u.Name },
	"id":           func(u *model.User) string { return u.ID },
	"_id":          func(u *model.User) string { return u.ID },
	"email":        func(u *model.User) string { return u.Email },
	"subject":      func(u *model.User) string { return u.Subject },
	"status":       func(u *model.User) string { return u.Status },
	"tenantId":     func(*model.User) string { return "" },
	"clientId":     func(*model.User) string { return "" },
	"inviteExpiry": func(*model.User) string { return "" },
	"createdAt":    func(*model.User) string { return "" },
}

// listUsers serves GET /users: 20 to a page by default, by name.
func (t *Tenant) listUsers(c *call) (answer, error) {
	return t.usersMatching(c, c.query.Get("filter"), usersPath)
}

// filterUsers serves POST /users/actions/filter: the same with the filter in the body, and a limit of its own. At most
// 100 ids may be in the filter (published specification).
func (t *Tenant) filterUsers(c *call) (answer, error) {
	var body struct {
		Filter string `json:"filter"`
	}
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	if len(idComparison.FindAllString(body.Filter, maxFilterIDs+1)) > maxFilterIDs {
		return answer{}, refusal.BadRequest("filter: more than %d ids", maxFilterIDs)
	}
	return t.usersMatching(c, body.Filter, usersPath+"/actions/filter")
}

const maxFilterIDs = 100

var idComparison = regexp.MustCompile(`(?i)\bid\s+eq\b`)

func (t *Tenant) usersMatching(c *call, wanted, path string) (answer, error) {
	matches, err := filter.Parse(wanted, userFields)
	if err != nil {
		return answer{}, refusal.BadRequest("filter: %v", err)
	}
	by, desc := c.order("")
	sortKey := userSorts[by]
	if sortKey == nil {
		return answer{}, refusal.BadRequest("users cannot be sorted by %q", by)
	}
	key := func(u *model.User) []string { return []string{"", sortKey(u), u.ID} }
	var shown []*model.User
	for _, u := range t.store.World.Users {
		if matches(u) {
			shown = append(shown, u)
		}
	}
	paged, links, err := sortedPage(t, c, listing[*model.User]{
		items: shown, key: key, desc: desc, limit: 20, at: []string{"next", "prev"}, paging: path,
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

// userFields are the fields that users can be filtered by, and the operators that the reference lists for them.
var userFields = map[string]filter.Field[*model.User]{
	"id":      {Values: func(u *model.User) []string { return []string{u.ID} }, Operators: exact},
	"name":    {Values: func(u *model.User) []string { return []string{u.Name} }, Operators: partly},
	"email":   {Values: func(u *model.User) []string { return []string{u.Email} }, Operators: partly},
	"subject": {Values: func(u *model.User) []string { return []string{u.Subject} }, Operators: partly},
	"status":  {Values: func(u *model.User) []string { return []string{u.Status} }, Operators: exact},

	"assignedRoles.name":               {Values: func(u *model.User) []string { return u.Roles }, Operators: exact},
	"assignedRoles.id":                 {Values: func(u *model.User) []string { return roleIDs(u) }, Operators: exact},
	"clientId":                         {Values: func(u *model.User) []string { return clientOf(u) }, Operators: exact},
	"assignedGroups.id":                {Values: func(u *model.User) []string { return u.Groups }, Operators: exact},
	"assignedGroupsAssignedRoles.name": {Values: none, Operators: exact},
}

var (
	exact  = []string{"eq"}
	partly = []string{"eq", "co"}
)

func none(*model.User) []string { return nil }

// clientOf returns the OAuth client of a bot user.
func clientOf(u *model.User) []string {
	if id, isBot := strings.CutPrefix(u.Subject, "qlikbot|"); isBot {
		return []string{id}
	}
	return nil
}

func roleIDs(u *model.User) []string {
	var ids []string
	for _, name := range u.Roles {
		ids = append(ids, identity.ObjectID("role", name))
	}
	return ids
}

// getUser serves GET /users/{id}.
func (t *Tenant) getUser(c *call) (answer, error) {
	u := t.store.World.User(c.request.PathValue("id"))
	if u == nil {
		return answer{}, &refusal.Error{Code: "USERS-7", Title: "Not found", Status: http.StatusNotFound}
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

func (t *Tenant) userView(c *call, u *model.User) userView {
	roles := make([]roleView, 0, len(u.Roles))
	for _, name := range u.Roles {
		roles = append(roles, roleView{ID: identity.ObjectID("role", name), Name: name, Type: "default", Level: "admin"})
	}
	return userView{
		ID: u.ID, TenantID: t.tenantID(), Name: u.Name, Email: u.Email, Subject: u.Subject, Status: u.Status,
		AssignedRoles: roles, AssignedGroups: []struct{}{},
		CreatedAt: timestamp(model.SeedTime), LastUpdatedAt: timestamp(model.SeedTime),
		Links: selfLink{link{c.base() + usersPath + "/" + u.ID}}, fields: userFieldsOf(c),
	}
}

func (l userList) next() *link { return l.Links.Next }
