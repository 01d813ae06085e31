package qlik

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/identity"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// itemView is an item as the API answers it (Items reference).
type itemView struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	ResourceID   string     `json:"resourceId"`
	ResourceType string     `json:"resourceType"`
	OwnerID      string     `json:"ownerId"`
	CreatorID    string     `json:"creatorId"`
	UpdaterID    string     `json:"updaterId"`
	SpaceID      string     `json:"spaceId,omitempty"` // absent: personal
	TenantID     string     `json:"tenantId"`
	Views        *itemViews `json:"itemViews,omitempty"`
	CreatedAt    string     `json:"createdAt"`
	UpdatedAt    string     `json:"updatedAt"`
	IsFavorited  bool       `json:"isFavorited"`

	ResourceCreatedAt        string         `json:"resourceCreatedAt"`
	ResourceUpdatedAt        string         `json:"resourceUpdatedAt"`
	ResourceReloadEndTime    string         `json:"resourceReloadEndTime,omitempty"`
	ResourceReloadStatus     string         `json:"resourceReloadStatus,omitempty"`
	ResourceAttributes       map[string]any `json:"resourceAttributes"`
	ResourceCustomAttributes map[string]any `json:"resourceCustomAttributes"`

	Actions       []string `json:"actions,omitempty"`
	CollectionIDs []string `json:"collectionIds"`
	Meta          itemMeta `json:"meta"`
	Links         selfLink `json:"links"`
}

type itemViews struct {
	Total  int `json:"total"`
	Unique int `json:"unique"`
}

type itemMeta struct {
	Actions     []string   `json:"actions"`
	Collections []struct{} `json:"collections"`
	IsFavorited bool       `json:"isFavorited"`
	Tags        []struct{} `json:"tags"`
}

type itemList struct {
	Data  []itemView `json:"data"`
	Links pageLinks  `json:"links"`
}

func (l itemList) next() *link { return l.Links.Next }

// The fields that items can be sorted by; recentlyUsed is not modelled.
var itemSorts = map[string]func(itemView) string{
	"createdAt": func(v itemView) string { return v.CreatedAt },
	"updatedAt": func(v itemView) string { return v.UpdatedAt },
	"name":      func(v itemView) string { return v.Name },
}

// listItems serves GET /items: apps, knowledge bases and data sets, by creation. The default page has ten: undocumented;
// assumed. resourceType is a list with commas.
func (t *Tenant) listItems(c *call) (answer, error) {
	by, desc := c.order("+createdAt")
	sortKey := itemSorts[by]
	if sortKey == nil {
		return answer{}, refusal.BadRequest("items cannot be sorted by %q", c.query.Get("sort"))
	}
	if c.query.Has("resourceId") && !c.query.Has("resourceType") {
		return answer{}, refusal.BadRequest("resourceId needs resourceType")
	}
	var shown []itemView
	for _, item := range t.items(c) {
		if c.selectsItem(item) {
			shown = append(shown, item)
		}
	}
	key := func(v itemView) []string { return []string{"", sortKey(v), v.ID} }
	paged, links, err := sortedPage(t, c, listing[itemView]{
		items: shown, key: key, desc: desc, limit: 10, at: []string{"next", "prev"}, paging: itemsPath,
	})
	if err != nil {
		return answer{}, err
	}
	return ok(itemList{Data: append([]itemView{}, paged...), Links: links}), nil
}

func (c *call) selectsItem(item itemView) bool {
	is := func(key, value string) bool { return c.query.Get(key) == "" || c.query.Get(key) == value }
	space := cmp.Or(item.SpaceID, "personal")
	types := strings.Split(c.query.Get("resourceType"), ",")
	return is("resourceId", item.ResourceID) && is("ownerId", item.OwnerID) && is("spaceId", space) &&
		(types[0] == "" || slices.Contains(types, item.ResourceType)) &&
		strings.Contains(strings.ToLower(item.Name), strings.ToLower(c.query.Get("name")))
}

// items returns what the caller may see.
func (t *Tenant) items(c *call) []itemView {
	var items []itemView
	for _, app := range t.store.World.Apps {
		if t.store.World.Lists(c.user, app.Space, app.Owner) {
			items = append(items, t.appItem(c, app))
		}
	}
	for _, holder := range t.store.World.Holders {
		if t.store.World.Lists(c.user, holder.Space, holder.Owner) {
			item := t.item(c, holder.Kind, holder.ID, holder.Name, holder.Space, holder.Owner, model.SeedTime, holder.Updated)
			if holder.Kind == model.DataSet {
				item.ResourceAttributes["appType"] = "FILE_BASED_DATASET"
				if len(holder.Connections) > 0 {
					item.ResourceAttributes["appType"] = "CONNECTION_BASED_DATASET"
				}
			}
			items = append(items, item)
		}
	}
	return items
}

func (t *Tenant) appItem(c *call, app *model.App) itemView {
	item := t.item(c, "app", app.ID, app.Name, app.Space, app.Owner, app.Created, app.Updated)
	item.Views = &itemViews{Total: 2 * app.Viewers, Unique: app.Viewers}
	if !t.behaviour.HideAppUsage {
		item.ResourceAttributes["usage"] = "ANALYTICS"
		if app.DirectQuery {
			item.ResourceAttributes["usage"] = "DIRECT_QUERY_MODE"
		}
	}
	if n := len(app.Reloads); n > 0 {
		last := app.Reloads[n-1]
		item.ResourceReloadEndTime, item.ResourceReloadStatus = timestamp(last.End), "ok"
		if !last.Success {
			item.ResourceReloadStatus = "error"
		}
	}
	return item
}

func (t *Tenant) item(c *call, kind, id, name, space, owner string, created, updated time.Time) itemView {
	itemID := identity.ObjectID("item", kind, id)
	item := itemView{
		ID: itemID, Name: name, ResourceID: id, ResourceType: kind, OwnerID: owner, CreatorID: owner, UpdaterID: owner,
		SpaceID: space, TenantID: t.tenantID(), CreatedAt: timestamp(created), UpdatedAt: timestamp(updated),
		ResourceCreatedAt: timestamp(created), ResourceUpdatedAt: timestamp(updated),
		ResourceAttributes: map[string]any{}, ResourceCustomAttributes: map[string]any{}, CollectionIDs: []string{},
		Meta:  itemMeta{Actions: []string{}, Collections: []struct{}{}, Tags: []struct{}{}},
		Links: selfLink{link{c.base() + itemsPath + "/" + itemID}},
	}
	if c.query.Get("noActions") != "true" {
		item.Actions = []string{"read"}
	}
	return item
}

// knowledgeView is a knowledge base (Knowledgebases reference).
type knowledgeView struct {
	ID             string          `json:"id"`
	Name           string          `json:"name"`
	Description    string          `json:"description"`
	OwnerID        string          `json:"ownerId"`
	SpaceID        string          `json:"spaceId"`
	TenantID       string          `json:"tenantId"`
	Tags           []string        `json:"tags"`
	CreatedAt      string          `json:"createdAt"`
	CreatedBy      string          `json:"createdBy"`
	UpdatedAt      string          `json:"updatedAt"`
	UpdatedBy      string          `json:"updatedBy"`
	LastIndexedAt  string          `json:"lastIndexedAt"`
	ContentSummary contentSummary  `json:"contentSummary"`
	DataSources    []knowledgeData `json:"datasources"`
}

type contentSummary struct {
	EffectivePages int `json:"effectivePages"`
	FileCount      int `json:"fileCount"`
	FileSize       int `json:"fileSize"`
	TextSize       int `json:"textSize"`
}

type knowledgeData struct {
	ID             string         `json:"id"`
	Name           string         `json:"name"`
	Type           string         `json:"type"`
	ContentSummary contentSummary `json:"contentSummary"`
	FileConfig     fileConfig     `json:"fileConfig"`
}

type fileConfig struct {
	ConnectionID string `json:"connectionId"`
	UserID       string `json:"userId"`
}

// getKnowledgeBase serves GET /knowledgebases/{id}.
func (t *Tenant) getKnowledgeBase(c *call) (answer, error) {
	holder, err := t.holder(c, model.KnowledgeBase)
	if err != nil {
		return answer{}, err
	}
	view := knowledgeView{
		ID: holder.ID, Name: holder.Name, OwnerID: holder.Owner, SpaceID: holder.Space, TenantID: t.tenantID(), Tags: []string{},
		CreatedAt: timestamp(model.SeedTime), CreatedBy: holder.Owner, UpdatedAt: timestamp(holder.Updated), UpdatedBy: holder.Owner,
		LastIndexedAt: timestamp(holder.Updated), DataSources: []knowledgeData{},
	}
	for _, id := range holder.Connections {
		view.DataSources = append(view.DataSources, knowledgeData{
			ID: identity.UUID("knowledge source", holder.ID, id), Name: "documents", Type: "file", FileConfig: fileConfig{id, holder.Owner},
		})
	}
	return ok(view), nil
}

// dataSetView is a data set (Data sets reference).
type dataSetView struct {
	ID            string           `json:"id"`
	Name          string           `json:"name"`
	TechnicalName string           `json:"technicalName"`
	OwnerID       string           `json:"ownerId"`
	SpaceID       string           `json:"spaceId,omitempty"`
	TenantID      string           `json:"tenantId"`
	QRI           string           `json:"qri"`
	SecureQRI     string           `json:"secureQri"`
	CreatedBy     string           `json:"createdByConnectionId,omitempty"`
	CreatedTime   string           `json:"createdTime"`
	Asset         dataAsset        `json:"dataAssetInfo"`
	Operational   *dataOperational `json:"operational,omitempty"`
}

type dataAsset struct {
	ID    string    `json:"id"`
	Store dataStore `json:"dataStoreInfo"`
}

type dataStore struct {
	ID string `json:"id"`
}

type dataOperational struct {
	LastLoadTime string    `json:"lastLoadTime"`
	Table        dataTable `json:"tableConnectionInfo"`
}

type dataTable struct {
	Name       string            `json:"tableName"`
	Additional map[string]string `json:"additionalProperties,omitempty"`
}

// getDataSet serves GET /data-sets/{id}.
func (t *Tenant) getDataSet(c *call) (answer, error) {
	holder, err := t.holder(c, model.DataSet)
	if err != nil {
		return answer{}, err
	}
	id := identity.Opaque("data set", holder.ID)
	view := dataSetView{
		ID: holder.ID, Name: holder.Name, TechnicalName: holder.Name, OwnerID: holder.Owner, SpaceID: holder.Space, TenantID: t.tenantID(),
		QRI: "qri:" + id, SecureQRI: "qri:" + id, CreatedTime: timestamp(model.SeedTime),
		Asset: dataAsset{identity.ObjectID("data asset", holder.ID), dataStore{identity.ObjectID("data store", holder.Space)}},
	}
	if len(holder.Connections) == 0 {
		return ok(view), nil
	}
	view.Operational = &dataOperational{LastLoadTime: timestamp(holder.Updated), Table: dataTable{Name: holder.Name}}
	if connection := holder.Connections[0]; t.behaviour.NestedDataSetConnection {
		view.Operational.Table.Additional = map[string]string{"connectionId": connection}
	} else {
		view.CreatedBy = connection
	}
	return ok(view), nil
}

// holder finds the knowledge base or data set of a path.
func (t *Tenant) holder(c *call, kind string) (*model.Holder, error) {
	holder := t.store.World.Holder(kind, c.request.PathValue("id"))
	switch {
	case holder == nil || !t.store.World.Lists(c.user, holder.Space, holder.Owner):
		return nil, refusal.NotFound(kind)
	case holder.Unreadable:
		return nil, refusal.Forbidden("no access to the " + kind)
	}
	return holder, nil
}
