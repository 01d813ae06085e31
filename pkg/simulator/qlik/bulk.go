package qlik

import (
	"errors"
	"net/http"
	"slices"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// The bulk actions answer 207 with one status per item (API reference). They are not transactions: items that went
// through stay. No batch size is documented: see Behaviour.BulkMaximum.

type bulkItem struct {
	ID     string         `json:"id"`
	Status int            `json:"status"`
	Error  *refusal.Error `json:"error,omitempty"`
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
		if t.store.World.Connections[item.ID] == nil {
			return item.ID, refusal.NotFound("data connection")
		}
		t.store.World.Remove(item.ID)
		return item.ID, nil
	}), nil
}

// bulkItems reads the body of a bulk action. The role is asked for before the body is looked at, and one item without a
// required field makes the whole request a bad one.
func bulkItems[T interface{ check() error }](t *Tenant, c *call) ([]T, error) {
	if !c.user.IsAdmin() {
		return nil, refusal.Forbidden("the endpoint requires Admin role")
	}
	var body struct {
		Connections *[]T `json:"connections"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if body.Connections == nil {
		return nil, refusal.BadRequest("Field connections is missing in the request")
	}
	items := *body.Connections
	if most := t.behaviour.BulkMaximum; most > 0 && len(items) > most {
		return nil, refusal.BadRequest("at most %d connections are allowed", most)
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
			refused := new(refusal.Error)
			if !errors.As(err, &refused) {
				refused = &refusal.Error{Code: "HTTP-500", Title: err.Error(), Status: http.StatusInternalServerError}
			}
			entry.Error, entry.Status = refused, refused.Status
		}
		out.Data = append(out.Data, entry)
	}
	return answer{status: http.StatusMultiStatus, body: out}
}

func (i deleteItem) check() error {
	if i.ID == "" {
		return refusal.BadRequest("Field id is missing in the request")
	}
	return nil
}

// check finds a required field that is missing, and fields that do not fit each other.
func (i updateItem) check() error {
	switch {
	case i.ID == "":
		return refusal.BadRequest("Field id is missing in the request")
	case i.SpaceID != nil && i.SpaceType == "":
		return refusal.BadRequest("Field spaceType is missing in the request")
	case i.SpaceID == nil && i.SpaceType != "":
		return refusal.BadRequest("spaceType is given without spaceId")
	case i.SpaceType != "" && !slices.Contains([]string{"personal", "shared", "managed", "data"}, i.SpaceType):
		return refusal.BadRequest("spaceType must be personal, shared, managed or data")
	case i.SpaceID != nil && (*i.SpaceID == "") != (i.SpaceType == "personal"):
		return refusal.BadRequest("spaceType personal goes with an empty spaceId")
	}
	return nil
}

// updateOne moves one connection. An empty spaceId is the personal space of the new owner, or of the present one. The
// statuses of item errors are undocumented; assumed.
func (t *Tenant) updateOne(i updateItem) error {
	r := t.store.World.Connections[i.ID]
	if r == nil {
		return refusal.NotFound("data connection")
	}
	next := r.Change(t.now())
	if i.OwnerID != nil {
		if t.store.World.User(*i.OwnerID) == nil {
			return refusal.NotFound("owner")
		}
		next.Owner = *i.OwnerID
	}
	if i.SpaceID != nil {
		if err := t.checkSpace(*i.SpaceID, i.SpaceType); err != nil {
			return err
		}
		next.Space = *i.SpaceID
	}
	if err := t.store.World.CheckName(next); err != nil {
		return err
	}
	t.store.World.HandOver(r, next)
	t.store.World.Put(next)
	return nil
}

func (t *Tenant) checkSpace(id, kind string) error {
	if id == "" {
		return nil
	}
	s := t.store.World.Space(id)
	if s == nil {
		return refusal.NotFound("space")
	}
	if s.Type != kind {
		return refusal.BadRequest("the space is of type %s, not %s", s.Type, kind)
	}
	return nil
}
