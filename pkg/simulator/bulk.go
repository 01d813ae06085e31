package simulator

import (
	"errors"
	"net/http"
	"slices"
)

// The bulk actions answer 207 with one status per item (API reference). They are not transactions: items that went
// through stay. No batch size is documented: see Behaviour.BulkMaximum.

type bulkItem struct {
	ID     string    `json:"id"`
	Status int       `json:"status"`
	Error  *apiError `json:"error,omitempty"`
}

type bulkAnswer struct {
	Data []bulkItem `json:"data"`
}

type updateBody struct {
	Connections *[]updateItem `json:"connections"`
}

// updateItem: absent, "" and a value are three different things for spaceId. The name is informational: undocumented;
// assumed.
type updateItem struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	OwnerID   *string `json:"ownerId"`
	SpaceID   *string `json:"spaceId"`
	SpaceType string  `json:"spaceType"`
}

type deleteBody struct {
	Connections *[]deleteItem `json:"connections"`
}

type deleteItem struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// bulkUpdate serves POST /data-connections/actions/update: space and owner of many connections.
func (t *Tenant) bulkUpdate(c *call) (answer, error) {
	var body updateBody
	if err := t.bulkBody(c, &body); err != nil {
		return answer{}, err
	}
	if body.Connections == nil {
		return answer{}, badRequest("Field connections is missing in the request")
	}
	if err := t.checkBatch(len(*body.Connections)); err != nil {
		return answer{}, err
	}
	for _, item := range *body.Connections {
		if err := item.check(); err != nil {
			return answer{}, err
		}
	}
	return each(*body.Connections, func(item updateItem) (string, error) { return item.ID, t.updateOne(item) }), nil
}

// bulkDelete serves POST /data-connections/actions/delete.
func (t *Tenant) bulkDelete(c *call) (answer, error) {
	var body deleteBody
	if err := t.bulkBody(c, &body); err != nil {
		return answer{}, err
	}
	if body.Connections == nil {
		return answer{}, badRequest("Field connections is missing in the request")
	}
	if err := t.checkBatch(len(*body.Connections)); err != nil {
		return answer{}, err
	}
	for _, item := range *body.Connections {
		if item.ID == "" {
			return answer{}, badRequest("Field id is missing in the request")
		}
	}
	return each(*body.Connections, func(item deleteItem) (string, error) {
		if t.world.connections[item.ID] == nil {
			return item.ID, notFound("data connection")
		}
		t.world.remove(item.ID)
		return item.ID, nil
	}), nil
}

// bulkBody: the role is asked for before the body is looked at.
func (t *Tenant) bulkBody(c *call, body any) error {
	if !c.user.isAdmin() {
		return forbidden("the endpoint requires Admin role")
	}
	return c.decode(body)
}

func (t *Tenant) checkBatch(items int) error {
	if most := t.behaviour.BulkMaximum; most > 0 && items > most {
		return badRequest("at most %d connections are allowed", most)
	}
	return nil
}

// each does the items one after the other and reports them in their order.
func each[T any](items []T, do func(T) (id string, err error)) answer {
	out := bulkAnswer{Data: make([]bulkItem, 0, len(items))}
	for _, item := range items {
		id, err := do(item)
		entry := bulkItem{ID: id, Status: http.StatusNoContent}
		if err != nil {
			refused := new(apiError)
			if !errors.As(err, &refused) {
				refused = &apiError{Code: "HTTP-500", Title: err.Error(), Status: http.StatusInternalServerError}
			}
			entry.Error, entry.Status = refused, refused.Status
		}
		out.Data = append(out.Data, entry)
	}
	return answer{status: http.StatusMultiStatus, body: out}
}

// check finds what makes the whole request a bad one: a required field that is missing.
func (i updateItem) check() error {
	switch {
	case i.ID == "":
		return badRequest("Field id is missing in the request")
	case i.SpaceID != nil && i.SpaceType == "":
		return badRequest("Field spaceType is missing in the request")
	case i.SpaceID == nil && i.SpaceType != "":
		return badRequest("spaceType is given without spaceId")
	case i.SpaceType != "" && !slices.Contains([]string{"personal", "shared", "managed", "data"}, i.SpaceType):
		return badRequest("spaceType must be personal, shared, managed or data")
	case i.SpaceID != nil && (*i.SpaceID == "") != (i.SpaceType == "personal"):
		return badRequest("spaceType personal goes with an empty spaceId")
	}
	return nil
}

// updateOne moves one connection. An empty spaceId is the personal space of the new owner, or of the present one. The
// statuses of item errors are undocumented; assumed.
func (t *Tenant) updateOne(i updateItem) error {
	r := t.world.connections[i.ID]
	if r == nil {
		return notFound("data connection")
	}
	next := r.change(t)
	if i.OwnerID != nil {
		if t.world.user(*i.OwnerID) == nil {
			return notFound("owner")
		}
		next.Owner = *i.OwnerID
	}
	if i.SpaceID != nil {
		if err := t.checkSpace(*i.SpaceID, i.SpaceType); err != nil {
			return err
		}
		next.Space = *i.SpaceID
	}
	if t.world.taken(next.key(), r.ID) {
		return conflict("a connection of this name exists in the space")
	}
	if next.Owner != r.Owner { // credentials do not follow to the new owner (API reference)
		if t.behaviour.OwnerChangeKeepsCredentials {
			next.Stale = r.CredentialID != ""
		} else {
			next.Properties = r.source().withoutCredentials(r.Properties)
			next.CredentialID, next.Stale = "", false
		}
		delete(next.Links, "")
	}
	t.world.put(next)
	return nil
}

func (t *Tenant) checkSpace(id, kind string) error {
	if id == "" {
		return nil
	}
	s := t.world.space(id)
	if s == nil {
		return notFound("space")
	}
	if s.Type != kind {
		return badRequest("the space is of type %s, not %s", s.Type, kind)
	}
	return nil
}
