package qlik

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/filter"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// reloadMeta is the metadata of a reload (Apps reference).
type reloadMeta struct {
	ReloadID        string            `json:"reloadId"`
	EndTime         string            `json:"endTime"`
	Duration        int               `json:"duration"`
	Success         bool              `json:"success"`
	IsPartialReload bool              `json:"isPartialReload"`
	SkipStore       bool              `json:"skipStore"`
	RowLimit        int               `json:"rowLimit"` // -1: none
	Statements      []statementView   `json:"statements"`
	IncludeFiles    []includeFileView `json:"includeFiles"`
}

type statementView struct {
	Type         string `json:"type"`
	Connection   string `json:"connection"`
	ConnectionID string `json:"connectionId,omitempty"`
	Label        string `json:"label"`
	TableName    string `json:"tableName"`
	QRI          string `json:"qri"`
	Rows         int    `json:"nbrOfRows"`
	Fields       int    `json:"nbrOfFields"`
	DataSize     int    `json:"dataSize"`
	Duration     int    `json:"duration"`
}

type includeFileView struct {
	Connection string `json:"connection"`
	Path       string `json:"path"`
	QRI        string `json:"qri"`
}

type metadataList struct {
	Data []reloadMeta `json:"data"`
}

// reloadMetadata serves GET /apps/{id}/reloads/metadata/{reloadId}, newest first: undocumented; assumed. Without a reload
// id, the path ends in a slash and all remembered reloads are answered.
func (t *Tenant) reloadMetadata(c *call) (answer, error) {
	app, err := t.appOf(c, c.request.PathValue("id"))
	if err != nil {
		return answer{}, err
	}
	if !t.store.World.ShowsReloads(c.user, app) {
		return answer{}, refusal.Forbidden("no access to the reloads of the app")
	}
	wanted := cmp.Or(c.request.PathValue("reload"), c.query.Get("reloadId"))
	most, err := strconv.Atoi(cmp.Or(c.query.Get("limit"), "100"))
	if err != nil {
		return answer{}, refusal.BadRequest("limit is no number")
	}
	list := metadataList{Data: []reloadMeta{}}
	for _, reload := range slices.Backward(app.Reloads) {
		skipped := reload.SkipStore && c.query.Get("includeSkipStoreReloads") != "true"
		if !skipped && (wanted == "" || wanted == reload.ID) && len(list.Data) < most {
			list.Data = append(list.Data, t.metadata(app, reload))
		}
	}
	return ok(list), nil
}

// appOf finds an app that the caller sees.
func (t *Tenant) appOf(c *call, id string) (*model.App, error) {
	app := t.store.World.App(id)
	if app == nil || !t.store.World.Lists(c.user, app.Space, app.Owner) {
		return nil, refusal.NotFound("app")
	}
	return app, nil
}

func (t *Tenant) metadata(app *model.App, reload *model.Reload) reloadMeta {
	meta := reloadMeta{
		ReloadID: reload.ID, EndTime: timestamp(reload.End), Duration: 1000, Success: reload.Success, IsPartialReload: reload.Partial,
		SkipStore: reload.SkipStore, RowLimit: cmp.Or(reload.RowLimit, -1), Statements: []statementView{}, IncludeFiles: []includeFileView{},
	}
	if app.DirectQuery && !t.behaviour.DirectQueryStatements {
		return meta
	}
	for _, line := range reload.Lines {
		name := line.Name
		if t.behaviour.QualifiedStatements && line.Space != "" && line.Connection != "" {
			name = line.Space + ":" + name
		}
		if line.Type == "include" {
			meta.IncludeFiles = append(meta.IncludeFiles, includeFileView{Connection: name, Path: "common.qvs"})
			continue
		}
		meta.Statements = append(meta.Statements, statementView{
			Type: strings.ToUpper(line.Type[:1]) + line.Type[1:], Connection: name, ConnectionID: line.Connection,
			TableName: "orders", Rows: 100, Fields: 5, DataSize: 4096, Duration: 500,
		})
	}
	return meta
}

// reloadView is a reload (Reloads reference).
type reloadView struct {
	ID           string   `json:"id"`
	AppID        string   `json:"appId"`
	TenantID     string   `json:"tenantId"`
	UserID       string   `json:"userId"`
	Type         string   `json:"type"`
	Status       string   `json:"status"`
	Partial      bool     `json:"partial"`
	CreationTime string   `json:"creationTime"`
	EndTime      string   `json:"endTime,omitempty"`
	ErrorCode    string   `json:"errorCode,omitempty"`
	ErrorMessage string   `json:"errorMessage,omitempty"`
	Log          string   `json:"log,omitempty"`
	Links        selfLink `json:"links"`
}

type reloadList struct {
	Data  []reloadView `json:"data"`
	Links pageLinks    `json:"links"`
}

func (l reloadList) next() *link { return l.Links.Next }

// reloadFields are the fields that reloads can be filtered by (Reloads reference).
var reloadFields = map[string]filter.Field[reloadView]{
	"status":  {Values: func(v reloadView) []string { return []string{v.Status} }, Operators: exact},
	"partial": {Values: func(v reloadView) []string { return []string{strconv.FormatBool(v.Partial)} }, Operators: exact},
	"type":    {Values: func(v reloadView) []string { return []string{v.Type} }, Operators: exact},
}

// listReloads serves GET /reloads. Only administrators may leave out appId.
func (t *Tenant) listReloads(c *call) (answer, error) {
	matches, err := filter.Parse(c.query.Get("filter"), reloadFields)
	if err != nil {
		return answer{}, refusal.BadRequest("filter: %v", err)
	}
	apps := t.store.World.Apps
	if id := c.query.Get("appId"); id != "" {
		app, err := t.appOf(c, id)
		if err != nil {
			return answer{}, refusal.Forbidden("no access to the app")
		}
		apps = []*model.App{app}
	} else if !c.user.IsAdmin() {
		return answer{}, refusal.BadRequest("appId is missing")
	}
	by, desc := c.order("-endTime")
	var shown []reloadView
	for _, app := range apps {
		for _, reload := range app.Reloads {
			if view := t.reloadView(c, reload); matches(view) && (!c.query.Has("partial") || c.query.Get("partial") == strconv.FormatBool(view.Partial)) {
				shown = append(shown, view)
			}
		}
	}
	field := map[string]func(reloadView) string{
		"creationTime": func(v reloadView) string { return v.CreationTime },
		"startTime":    func(v reloadView) string { return v.CreationTime },
		"endTime":      func(v reloadView) string { return v.EndTime },
		"status":       func(v reloadView) string { return v.Status },
	}[by]
	if field == nil {
		return answer{}, refusal.BadRequest("reloads cannot be sorted by %q", c.query.Get("sort"))
	}
	key := func(v reloadView) []string { return []string{"", field(v), v.ID} }
	paged, links, err := sortedPage(t, c, listing[reloadView]{
		items: shown, key: key, desc: desc, limit: 10, at: []string{"next", "prev"}, paging: reloadsPath,
	})
	if err != nil {
		return answer{}, err
	}
	return ok(reloadList{Data: append([]reloadView{}, paged...), Links: links}), nil
}

// reloadView returns a reload with a log, which may hold what its script prints: a client that needs the outcome alone
// does not show it.
func (t *Tenant) reloadView(c *call, reload *model.Reload) reloadView {
	view := reloadView{
		ID: reload.ID, AppID: reload.App, TenantID: t.tenantID(), UserID: reload.User, Type: "external", Status: "SUCCEEDED",
		Partial: reload.Partial, CreationTime: timestamp(reload.End), EndTime: timestamp(reload.End),
		Links: selfLink{link{c.base() + reloadsPath + "/" + reload.ID}},
	}
	if !reload.Success {
		view.Status, view.ErrorCode = "FAILED", reload.ErrorCode
		view.ErrorMessage = "log line with SECRET-OF-A-SCRIPT"
	}
	if c.query.Get("log") == "true" {
		view.Log = "log line with SECRET-OF-A-SCRIPT"
	}
	return view
}

// getReload serves GET /reloads/{id}.
func (t *Tenant) getReload(c *call) (answer, error) {
	for _, app := range t.store.World.Apps {
		for _, reload := range app.Reloads {
			if reload.ID == c.request.PathValue("id") && t.store.World.Lists(c.user, app.Space, app.Owner) {
				return ok(t.reloadView(c, reload)), nil
			}
		}
	}
	return answer{}, refusal.NotFound("reload")
}

// queueReload serves POST /reloads. The reload is done by the time of the next request; the answer has it as queued.
func (t *Tenant) queueReload(c *call) (answer, error) {
	var body struct {
		AppID        string            `json:"appId"`
		Partial      bool              `json:"partial"`
		ResourceID   string            `json:"resourceId"`
		ResourceType string            `json:"resourceType"`
		Weight       int               `json:"weight"`
		Variables    map[string]string `json:"variables"`
	}
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	app, err := t.appOf(c, body.AppID)
	if err != nil {
		return answer{}, refusal.Forbidden("no access to the app")
	}
	reload := t.store.World.Reload(app, model.SeedReload{Partial: body.Partial}, t.now(), c.user.ID)
	view := t.reloadView(c, reload)
	view.Status, view.EndTime, view.ErrorCode, view.ErrorMessage = "QUEUED", "", "", ""
	return answer{status: http.StatusCreated, body: view}, nil
}
