package qlik

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

// updateItem: absent, "" and a value are three different things for spaceId. The name is informational: undocumented;
// assumed.
type updateItem struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	OwnerID   *string `json:"ownerId"`
	SpaceID   *string `json:"spaceId"`
	SpaceType string  `json:"spaceType"`
}

type deleteItem struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// bulkUpdate serves POST /data-connections/actions/update: space and owner of many connections.
func (t *Tenant) bulkUpdate(c *call) (answer, error) {
	items, err := bulkItems[updateItem](t, c)
	if err != nil {
		return answer{}, err
	}
	return each(items, func(item updateItem) (string, error) { return item.ID, t.updateOne(item) }), nil
}

// bulkDelete serves POST /data-connections/actions/delete.
func (t *Tenant) bulkDelete(c *call) (answer, error) {
	items, err := bulkItems[deleteItem](t, c)
	if err != nil {
		return answer{}, err
	}
	return each(items, func(item deleteItem) (string, error) {
		if t.world.connections[item.ID] == nil {
			return item.ID, notFound("data connection")
		}
		t.world.remove(item.ID)
		return item.ID, nil
	}), nil
}

// bulkItems reads the body of a bulk action. The role is asked for before the body is looked at, and one item without a
// required field makes the whole request a bad one.
func bulkItems[T interface{ check() error }](t *Tenant, c *call) ([]T, error) {
	if !c.user.isAdmin() {
		return nil, forbidden("the endpoint requires Admin role")
	}
	var body struct {
		Connections *[]T `json:"connections"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if body.Connections == nil {
		return nil, badRequest("Field connections is missing in the request")
	}
	items := *body.Connections
	if most := t.behaviour.BulkMaximum; most > 0 && len(items) > most {
		return nil, badRequest("at most %d connections are allowed", most)
	}
	for _, item := range items {
		if err := item.check(); err != nil {
			return nil, err
		}
	}
	return items, nil
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

func (i deleteItem) check() error {
	if i.ID == "" {
		return badRequest("Field id is missing in the request")
	}
	return nil
}

// check finds a required field that is missing, and fields that do not fit each other.
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
	next := r.change(t.now())
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
	if err := t.world.checkName(next); err != nil {
		return err
	}
	t.world.handOver(r, next)
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
