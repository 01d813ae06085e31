package qlik

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

const (
	itemsPath     = apiPath + "/items"
	appsPath      = apiPath + "/apps"
	reloadsPath   = apiPath + "/reloads"
	knowledgePath = apiPath + "/knowledgebases"
	dataSetsPath  = apiPath + "/data-sets"

	// sessionApp begins the ids of apps that exist only in a session.
	sessionApp = "SessionApp_"
	// maxItemName is how much of a name is kept.
	maxItemName = 256
)

var _ connection.UsageReader = (*Provider)(nil)

// usageReading is a reading of usage in progress.
type usageReading struct {
	*survey
	scope  connection.UsageScope
	spaces map[string]string // names by id
	named  map[string]bool   // the names
	items  []wireItem
	usage  *connection.Usage
	done   atomic.Int64
	total  int
}

// Usage implements [connection.UsageReader]: one list of apps, knowledge bases and data sets, then
// one request for each of them that must be read, then the names of owners. No single call returns
// the use of connections, and lineage has no ids.
func (p *Provider) Usage(ctx context.Context, scope connection.UsageScope) (*connection.Usage, error) {
	u := &usageReading{
		survey: &survey{Provider: p}, scope: scope, spaces: map[string]string{"": connection.PersonalSpace}, named: map[string]bool{},
		usage: &connection.Usage{Caller: scope.Caller, At: time.Now().UTC()},
	}
	for _, space := range scope.Spaces {
		u.spaces[space.ID], u.named[space.Name] = space.Name, true
	}
	if err := u.listItems(ctx); err != nil {
		return nil, err
	}
	if skew := p.client.http.Skew(); skew != nil {
		u.usage.At = u.usage.At.Add(*skew)
	}
	if err := u.readItems(ctx); err != nil {
		return nil, err
	}
	if err := u.readOwners(ctx); err != nil {
		return nil, err
	}
	u.usage.Reads = int(u.sent.Load())
	return u.usage, nil
}

func (u *usageReading) request(path string, query url.Values) Request {
	request := u.get(path, query)
	request.yields = true
	return request
}

// The types of items that can use a connection.
const (
	itemApp           = "app"
	itemKnowledgeBase = "knowledgebase"
	itemDataSet       = "dataset"
)

// listItems lists everything that can use a connection, in one list: its pages are the smallest
// number. A list that the caller may not read, or not in whole, is reported in the result.
func (u *usageReading) listItems(ctx context.Context) error {
	types := strings.Join([]string{itemApp, itemKnowledgeBase, itemDataSet}, ",")
	items, problems, err := list[wireItem](ctx, u.client, u.request(itemsPath, url.Values{"resourceType": {types}, "noActions": {"true"}}))
	if err != nil {
		if affectsAll(err) || ctx.Err() != nil {
			return err
		}
		u.usage.Incomplete = append(u.usage.Incomplete, connection.Because("usage-list-incomplete", "why", err.Error()))
	}
	for _, why := range bounded(reasons("items", problems)) {
		u.usage.Incomplete = append(u.usage.Incomplete, connection.Because("usage-list-incomplete", "why", why))
	}
	seen := map[string]bool{}
	for _, item := range items {
		switch {
		case seen[item.id()]:
			continue
		case item.Type == itemApp && strings.HasPrefix(item.ResourceID, sessionApp):
			u.usage.SessionApps++
		case item.Type == itemApp && item.SpaceID == "" && item.OwnerID != "" && item.OwnerID != u.scope.Caller.ID:
			u.usage.OthersPersonal = true
			fallthrough
		default:
			u.items = append(u.items, item)
		}
		seen[item.id()] = true
	}
	slices.SortFunc(u.items, func(a, b wireItem) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ResourceID, b.ResourceID))
	})
	return nil
}

// readItems reads the apps that have changed since they were known, the knowledge bases, and the
// data sets that are based on a connection.
func (u *usageReading) readItems(ctx context.Context) error {
	var reads []func(context.Context) error
	count := func(kind string) int {
		n := 0
		for i := range u.items {
			if u.items[i].Type == kind {
				n++
			}
		}
		return n
	}
	u.usage.Apps = make([]connection.App, 0, count(itemApp))
	u.usage.Holders = make([]connection.Holder, 0, len(u.items)-count(itemApp))
	for i := range u.items {
		item := &u.items[i]
		switch item.Type {
		case itemApp:
			u.usage.Apps = append(u.usage.Apps, u.app(item))
			if app := &u.usage.Apps[len(u.usage.Apps)-1]; !app.Cached {
				reads = append(reads, func(ctx context.Context) error { return u.readApp(ctx, app, item.Attributes.value.Usage) })
			} else {
				u.usage.Cached++
			}
		case itemKnowledgeBase:
			holder := u.addHolder(item, connection.DependentKnowledgeBase)
			reads = append(reads, func(ctx context.Context) error { return u.readHolder(ctx, holder, knowledgePath) })
		case itemDataSet:
			// Data sets of files have no connection. One whose kind the list does not name is read.
			if kind := item.Attributes.value.AppType; kind == "" || strings.EqualFold(kind, "CONNECTION_BASED_DATASET") {
				holder := u.addHolder(item, connection.DependentDataSet)
				reads = append(reads, func(ctx context.Context) error { return u.readHolder(ctx, holder, dataSetsPath) })
			}
		}
	}
	u.total = len(reads)
	if u.scope.Planned != nil {
		u.scope.Planned(u.total, u.client.reads.paceWithin(u.total, spare(u.client.reads.published)))
	}
	group, groupCtx := u.readers(ctx)
	for _, read := range reads {
		group.Go(func() error {
			err := read(groupCtx)
			if done := int(u.done.Add(1)); u.scope.Reading != nil && err == nil {
				u.scope.Reading(done, u.total)
			}
			return err
		})
	}
	return group.Wait()
}

// app returns a listed app, with its reloads if they are known.
func (u *usageReading) app(item *wireItem) connection.App {
	app := connection.App{Item: u.item(item), State: connection.AppState{
		ReloadedAt: item.ReloadedAt.Time, Status: item.Status.value, UpdatedAt: item.UpdatedAt.Time,
	}}
	known, ok := u.scope.Known[app.ID]
	if ok && known.State.Equal(app.State) && !u.mustRead(&known) {
		app.Reloads, app.DirectQuery, app.Cached = known.Reloads, known.DirectQuery, true
	}
	return app
}

// mustRead reports whether a known app is read again although it has not changed.
func (u *usageReading) mustRead(known *connection.App) bool {
	last := known.LastReload()
	return u.scope.ErrorCodes && last != nil && !last.Success && last.ErrorCode == "" || u.scope.Fresh != nil && u.scope.Fresh(known)
}

func (u *usageReading) item(item *wireItem) connection.Item {
	space, known := u.spaces[item.SpaceID]
	if !known {
		space = connection.SpaceRef{ID: item.SpaceID}.String()
	}
	return connection.Item{
		ID: item.ResourceID, Name: u.client.http.Redactor().Sanitize(item.Name, maxItemName), SpaceID: item.SpaceID, Space: space, OwnerID: item.OwnerID, Viewers: item.Views.value.Unique,
	}
}

func (u *usageReading) addHolder(item *wireItem, kind connection.DependentKind) *connection.Holder {
	u.usage.Holders = append(u.usage.Holders, connection.Holder{Item: u.item(item), Kind: kind})
	return &u.usage.Holders[len(u.usage.Holders)-1] // the list has the capacity for all
}

// notShown returns why one object could not be read, and an error that affects all.
func notShown(ctx context.Context, err error) (connection.Reason, error) {
	if affectsAll(err) || ctx.Err() != nil {
		return connection.Reason{}, err
	}
	return connection.Because("usage-unread", "error", err.Error()), nil
}

// readApp reads the reloads of an app. The path without a reload id returns all that are
// remembered; those that skipped the store statements are included on request only (API reference).
func (u *usageReading) readApp(ctx context.Context, app *connection.App, usage string) error {
	var answer wireReloads
	err := u.client.Do(ctx, u.request(appsPath+"/"+url.PathEscape(app.ID)+"/reloads/metadata/", url.Values{"includeSkipStoreReloads": {"true"}}), &answer)
	if err != nil {
		app.Unread, err = notShown(ctx, err)
		return err
	}
	used := false
	app.Reloads = make([]connection.Reload, 0, len(answer.Data))
	for i := range answer.Data {
		reload := u.reload(app, &answer.Data[i])
		used = used || len(reload.Uses) > 0
		app.Reloads = append(app.Reloads, reload)
	}
	slices.SortStableFunc(app.Reloads, func(a, b connection.Reload) int { return a.At.Compare(b.At) })
	// Whether the statements of Direct Query are listed is not documented, and neither is where the mode
	// is shown. An app that is in no known mode and loads nothing may be in this one.
	app.DirectQuery = strings.HasPrefix(usage, "DIRECT_QUERY") || usage == "" && len(app.Reloads) > 0 && !used
	if last := app.LastReload(); u.scope.ErrorCodes && last != nil && !last.Success {
		return u.readErrorCode(ctx, app.ID, last)
	}
	return nil
}

// reload converts the metadata of a reload.
func (u *usageReading) reload(app *connection.App, wire *wireReload) connection.Reload {
	reload := connection.Reload{
		ID: wire.ID, At: wire.EndTime.Time, Took: wire.took(), Success: bool(wire.Success),
		Limited: bool(wire.Partial) || bool(wire.SkipStore) || bool(wire.RowLimit),
	}
	uses := map[connection.Use]connection.How{}
	for _, statement := range wire.Statements {
		how := connection.UseLoad
		if strings.EqualFold(statement.Type, "store") {
			how = connection.UseStore
		}
		if statement.ConnectionID == "" { // "endpoints", or another load of which only a name is known
			reload.Unknown++
			continue
		}
		uses[u.use(app, statement.ConnectionID, statement.Connection)] |= how
	}
	for _, file := range wire.IncludeFiles {
		use := u.use(app, "", file.Connection)
		if use.Key == "" {
			reload.Unknown++
			continue
		}
		uses[use] |= connection.UseInclude
	}
	for use, how := range uses {
		use.How = how
		reload.Uses = append(reload.Uses, use)
	}
	slices.SortFunc(reload.Uses, func(a, b connection.Use) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Bare, b.Bare))
	})
	return reload
}

// use returns the use of a connection, with the space and name that a name in a reload means: a name
// without space is one in the space of the app, as in a script. Whether the service adds the space is
// unknown.
func (u *usageReading) use(app *connection.App, id, name string) connection.Use {
	use := connection.Use{ID: id}
	space := app.Space
	if app.SpaceID == "" && app.OwnerID != u.scope.Caller.ID {
		space = "" // the personal space of another user
	}
	switch before, after, qualified := strings.Cut(name, ":"); {
	case qualified && before == "":
		name = after
	case qualified && u.named[before]:
		space, name = before, after
	case name != "":
		use.Bare = connection.KeyDigest(connection.Key{Name: name})
	}
	if space != "" && name != "" {
		use.Key = connection.KeyDigest(connection.Key{Space: space, Name: name})
	}
	return use
}

// errorCode is the form of a code. Anything else might be a line of a log, which may contain
// secrets.
var errorCode = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

// readErrorCode reads the code of a failed reload, without its message and its log.
func (u *usageReading) readErrorCode(ctx context.Context, app string, failed *connection.Reload) error {
	var answer wireReloadList
	err := u.client.Do(ctx, u.request(reloadsPath, url.Values{"appId": {app}, "limit": {"10"}, "sort": {"-endTime"}}), &answer)
	if err != nil {
		_, err = notShown(ctx, err)
		return err
	}
	for _, reload := range answer.Data {
		if reload.ID == failed.ID && errorCode.MatchString(reload.ErrorCode.value) {
			failed.ErrorCode = reload.ErrorCode.value
		}
	}
	return nil
}

// readHolder reads a knowledge base or a data set. Which member of a data set names its connection
// is not certain, so all that can are taken.
func (u *usageReading) readHolder(ctx context.Context, holder *connection.Holder, path string) error {
	var answer wireHolder
	err := u.client.Do(ctx, u.request(path+"/"+url.PathEscape(holder.ID), nil), &answer)
	if err == nil && holder.Kind == connection.DependentDataSet && len(answer.connections) == 0 {
		err = errors.New("the data set does not name its connection")
	}
	if err != nil {
		holder.Unread, err = notShown(ctx, err)
		return err
	}
	holder.At = answer.at
	for _, id := range answer.connections {
		holder.Uses = append(holder.Uses, connection.Use{ID: id, How: connection.UseRefer})
	}
	return nil
}

// readOwners reads the owners of everything that uses a connection.
func (u *usageReading) readOwners(ctx context.Context) error {
	ids := map[string]bool{}
	for i := range u.usage.Apps {
		app := &u.usage.Apps[i]
		ids[app.OwnerID] = ids[app.OwnerID] || slices.ContainsFunc(app.Reloads, func(r connection.Reload) bool { return len(r.Uses) > 0 })
	}
	for i := range u.usage.Holders {
		ids[u.usage.Holders[i].OwnerID] = true
	}
	maps.DeleteFunc(ids, func(id string, uses bool) bool { return !uses || id == "" || id == u.scope.Caller.ID })
	var err error
	u.usage.Owners, err = u.usersOf(ctx, slices.Sorted(maps.Keys(ids)), u.request)
	u.usage.Owners = distinctUsers(u.scope.Caller, u.usage.Owners)
	return err
}

// wireItem is an item of the list of items.
type wireItem struct {
	Type       string           `json:"resourceType"`
	ResourceID string           `json:"resourceId"`
	Name       string           `json:"name"`
	OwnerID    string           `json:"ownerId"`
	SpaceID    string           `json:"spaceId"` // absent: personal
	UpdatedAt  looseTime        `json:"resourceUpdatedAt"`
	ReloadedAt looseTime        `json:"resourceReloadEndTime"`
	Status     optional[string] `json:"resourceReloadStatus"`
	Views      optional[struct {
		Unique *int `json:"unique"`
	}] `json:"itemViews"`
	Attributes optional[struct {
		Usage   string `json:"usage"`
		AppType string `json:"appType"`
	}] `json:"resourceAttributes"`
}

func (w *wireItem) id() string { return w.Type + "/" + w.ResourceID }

func (w *wireItem) missing() string {
	return cmp.Or(lacks(w.Type == "", "resourceType"), lacks(w.ResourceID == "", "resourceId"))
}

// wireReloads is the metadata of the reloads of an app.
type wireReloads struct {
	Data []wireReload `json:"data"`
}

func (w *wireReloads) missing() string { return lacks(w.Data == nil, "data") }

type wireReload struct {
	ID         string            `json:"reloadId"`
	EndTime    looseTime         `json:"endTime"`
	Duration   optional[float64] `json:"duration"` // in milliseconds
	Success    looseBool         `json:"success"`
	Partial    looseBool         `json:"isPartialReload"`
	SkipStore  looseBool         `json:"skipStore"`
	RowLimit   wireRowLimit      `json:"rowLimit"`
	Statements []struct {
		Type         string `json:"type"`
		Connection   string `json:"connection"`
		ConnectionID string `json:"connectionId"`
	} `json:"statements"`
	IncludeFiles []struct {
		Connection string `json:"connection"`
	} `json:"includeFiles"`
}

// took returns how long the reload took; zero: unknown. A hostile number is at most a year.
func (w *wireReload) took() time.Duration {
	return time.Duration(min(max(w.Duration.value, 0), 365*24*3600*1000)) * time.Millisecond
}

// wireRowLimit reports whether a reload was limited to a number of rows: a negative number means no
// limit (API reference).
type wireRowLimit bool

// UnmarshalJSON decodes null and negative numbers as no limit.
func (w *wireRowLimit) UnmarshalJSON(text []byte) error {
	*w = wireRowLimit(string(text) != "null" && !bytes.HasPrefix(text, []byte("-")))
	return nil
}

// wireReloadList is a list of reloads, without their messages and logs.
type wireReloadList struct {
	Data []struct {
		ID        string           `json:"id"`
		ErrorCode optional[string] `json:"errorCode"`
	} `json:"data"`
}

// wireHolder is what a knowledge base or a data set says about connections.
type wireHolder struct {
	hasID       bool
	connections []string // ids, sorted
	at          time.Time
}

func (w *wireHolder) missing() string { return lacks(!w.hasID, "id") }

// UnmarshalJSON collects the ids of connections, wherever they are.
func (w *wireHolder) UnmarshalJSON(text []byte) error {
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		return err
	}
	_, w.hasID = answer["id"].(string)
	ids := map[string]bool{}
	collectIDs(answer, ids)
	w.connections = slices.Sorted(maps.Keys(ids))
	for _, at := range []any{answer["lastIndexedAt"], answer["lastModifiedTime"]} {
		if text, ok := at.(string); ok && w.at.IsZero() {
			w.at, _ = time.Parse(time.RFC3339, text)
		}
	}
	return nil
}

func collectIDs(value any, ids map[string]bool) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if id, ok := member.(string); ok && id != "" && (strings.EqualFold(name, "connectionId") || strings.EqualFold(name, "createdByConnectionId")) {
				ids[id] = true
			}
			collectIDs(member, ids)
		}
	case []any:
		for _, member := range value {
			collectIDs(member, ids)
		}
	}
}
