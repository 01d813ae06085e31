package qlik

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/qlsync/qlsync/pkg/connection"
)

const (
	// looks is how often one looks for a create that may have happened: a gateway
	// may give up on a request that the service is still busy with.
	looks     = 3
	firstLook = time.Second
	// patchTries is how often a patch that may have happened is made anew from what
	// is live then.
	patchTries = 3
)

// Execute runs operations of one kind in as few requests as the API allows.
func (p *Provider) Execute(ctx context.Context, operations []connection.Operation) []connection.Outcome {
	outcomes := make([]connection.Outcome, len(operations))
	for i, operation := range operations {
		outcomes[i].ID = operation.ID
	}
	if len(operations) == 0 {
		return outcomes
	}
	if err := p.check(operations); err != nil {
		return failAll(outcomes, err)
	}
	if err := ctx.Err(); err != nil {
		return failAll(outcomes, fmt.Errorf("%w: %w", connection.ErrNotSent, err))
	}
	switch first := operations[0]; first.Kind {
	case connection.Create:
		outcomes[0] = p.create(ctx, first)
	case connection.Patch:
		p.row(ctx, operations, outcomes)
	case connection.Delete:
		outcomes[0].Err = p.delete(ctx, first)
	case connection.BulkUpdate:
		p.bulk(ctx, bulkUpdate, operations, outcomes)
	case connection.BulkDelete:
		p.bulk(ctx, bulkDelete, operations, outcomes)
	}
	return outcomes
}

func failAll(outcomes []connection.Outcome, err error) []connection.Outcome {
	for i := range outcomes {
		outcomes[i].Err = err
	}
	return outcomes
}

// check finds mistakes of the caller, before anything is sent.
func (p *Provider) check(operations []connection.Operation) error {
	kind := operations[0].Kind
	room := 1
	if kind == connection.BulkUpdate || kind == connection.BulkDelete || kind == connection.Patch {
		room = p.batch
	}
	switch {
	case !slices.Contains([]connection.Mechanism{
		connection.Create, connection.Patch, connection.Delete, connection.BulkUpdate, connection.BulkDelete,
	}, kind):
		return fmt.Errorf("execute %q: not an operation of this provider", kind)
	case len(operations) > room:
		return fmt.Errorf("execute %s: %d operations in one call, at most %d", kind, len(operations), room)
	}
	for _, operation := range operations {
		if operation.Kind != kind {
			return fmt.Errorf("execute: operations of two kinds in one call, %s and %s", kind, operation.Kind)
		}
		if err := checkOne(operation); err != nil {
			return fmt.Errorf("execute %s: %w", kind, err)
		}
		if undo := operation.Undo; undo != nil && (kind != connection.Patch || undo.Kind != kind || checkOne(*undo) != nil) {
			return fmt.Errorf("execute %s: it cannot be undone in that way", kind)
		}
	}
	return nil
}

func checkOne(operation connection.Operation) error {
	switch {
	case operation.Kind == connection.Create && (operation.Space == nil || operation.Name == "" || operation.DataSource == ""):
		return errors.New("space, name or data source is missing")
	case operation.Kind != connection.Create && !isSegment(operation.ID):
		return fmt.Errorf("%q is no id", operation.ID)
	}
	unresolved := func(reference connection.Reference) (connection.Secret, error) {
		return connection.Secret{}, fmt.Errorf("reference %s is not resolved", reference)
	}
	_, inCredentials := connection.Resolve(operation.Credentials, unresolved)
	_, inProperties := connection.Resolve(operation.Set, unresolved)
	return errors.Join(slices.Concat(inCredentials, inProperties)...)
}

// secretsOf lists what an error about the operation must not quote.
func secretsOf(operation connection.Operation) []connection.Secret {
	return slices.Concat(connection.Secrets(operation.Credentials), connection.Secrets(operation.Set))
}

// create makes a connection from its properties (API reference, POST). There are
// no idempotency keys, so a create that may have happened is looked for.
func (p *Provider) create(ctx context.Context, operation connection.Operation) connection.Outcome {
	spelling := p.tutorialSpelling.Load() // another create may change it meanwhile
	created, err := p.post(ctx, operation, spelling)
	if asksForTutorialSpelling(err) && !spelling {
		if created, err = p.post(ctx, operation, true); err == nil {
			p.tutorialSpelling.Store(true)
		}
	}
	switch id := created.id(); {
	case errors.Is(err, connection.ErrUnknownOutcome), err == nil && id == "" && created.AuthURL == "":
		return p.settleCreate(ctx, operation, err)
	case err != nil:
		return connection.Outcome{Err: fmt.Errorf("create connection: %w", err)}
	case id == "":
		return connection.Outcome{Err: fmt.Errorf("create connection: %w: a person must sign in first", connection.ErrInvalid)}
	case operation.ReadBack:
		return connection.Outcome{ID: id, Err: p.readBack(ctx, id, operation)}
	default:
		return connection.Outcome{ID: id}
	}
}

// readBack compares what was created with what was sent, as far as the service
// shows it.
func (p *Provider) readBack(ctx context.Context, id string, operation connection.Operation) error {
	wire, err := p.read(ctx, id, nil)
	switch {
	case err != nil:
		return fmt.Errorf("read back what was created: %w", err)
	case wire.Name != operation.Name, wire.Space != operation.Space.ID, wire.DataSource != operation.DataSource,
		!shows(wire.Properties, createProperties(operation)), !hasTags(wire, createTags(operation)):
		return fmt.Errorf("read back what was created: it is not what was sent: %w", connection.ErrInvalid)
	}
	return nil
}

func (p *Provider) post(ctx context.Context, operation connection.Operation, tutorialSpelling bool) (wireCreated, error) {
	body := wireCreate{
		DataSource: operation.DataSource,
		Name:       operation.Name,
		Space:      operation.Space.ID,
		Tags:       createTags(operation),
		Properties: createProperties(operation),
	}
	if tutorialSpelling {
		body.DataSource, body.DataSourceAgain = "", operation.DataSource
	}
	var created wireCreated
	err := p.client.Do(ctx, Request{
		Method: http.MethodPost, Path: connectionsPath, Body: body, Secrets: secretsOf(operation),
	}, &created)
	return created, err
}

func createTags(operation connection.Operation) []string {
	var set tagSet
	if operation.Tags != nil {
		set.user = *operation.Tags
	}
	if operation.Mark != nil {
		set.mark = *operation.Mark
	}
	return set.tags()
}

// createProperties puts properties and credentials together, revealed: the service
// takes them in one object. What must be absent is left out.
func createProperties(operation connection.Operation) map[string]any {
	properties := map[string]any{}
	maps.Copy(properties, operation.Set)
	maps.Copy(properties, operation.Credentials)
	maps.DeleteFunc(properties, func(_ string, value any) bool { return value == nil })
	revealed, _ := connection.Reveal(properties).(map[string]any)
	return revealed
}

// asksForTutorialSpelling recognises a 400 that misses the data source: the API
// reference calls it datasourceID, every tutorial dataSourceId. Which of them the
// service insists on, if on any, is not known.
func asksForTutorialSpelling(err error) bool {
	refusal, ok := errors.AsType[*Error](err)
	if !ok || refusal.Status != http.StatusBadRequest {
		return false
	}
	words := strings.ToLower(refusal.Title + " " + refusal.Detail)
	return containsAny(words, []string{"datasource", "data source"}) &&
		containsAny(words, []string{"missing", "required", "empty", "must be", "not specified"})
}

// settleCreate looks for a connection that may have been created: at its place,
// with what was sent. It is ours because its tags came with the create.
func (p *Provider) settleCreate(ctx context.Context, operation connection.Operation, cause error) connection.Outcome {
	if cause == nil {
		cause = fmt.Errorf("%w: the answer holds no id", connection.ErrUnknownOutcome)
	}
	failed := connection.Outcome{Err: fmt.Errorf("create connection: %w", cause)}
	if operation.Mark == nil {
		return failed // anybody's connection could look like this one
	}
	for pause := firstLook; ; pause *= 2 {
		id, err := p.findCreated(ctx, operation)
		if err == nil && id != "" {
			return connection.Outcome{ID: id}
		}
		if err != nil || pause >= firstLook<<(looks-1) || sleep(ctx, pause) != nil {
			return failed
		}
	}
}

// findCreated gives the id of the connection that equals what was to be created.
func (p *Provider) findCreated(ctx context.Context, operation connection.Operation) (string, error) {
	listed, _, err := p.listConnections(ctx, *operation.Space, nil)
	if err != nil {
		return "", err
	}
	for _, wire := range listed {
		if wire.Name != operation.Name || wire.Space != operation.Space.ID || !hasTags(wire, createTags(operation)) {
			continue
		}
		wire, err := p.read(ctx, wire.id(), nil)
		if err == nil && wire.DataSource == operation.DataSource && shows(wire.Properties, createProperties(operation)) {
			return wire.id(), nil
		}
	}
	return "", nil
}

func hasTags(wire wireConnection, tags []string) bool {
	return !slices.ContainsFunc(tags, func(tag string) bool { return !slices.Contains(wire.Tags, tag) })
}

// shows tells whether the live properties are those that were sent, as far as the
// service returns them.
func shows(live, sent map[string]any) bool {
	for name, value := range live {
		if want, ok := sent[name]; ok && !alike(value, want) {
			return false
		}
	}
	return true
}

// alike compares without a schema: 1433 and "1433" are the same.
func alike(a, b any) bool {
	return reflect.DeepEqual(loose(a), loose(b))
}

func loose(value any) any {
	switch value := value.(type) {
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = loose(item)
		}
		return items
	case map[string]any:
		entries := make(map[string]any, len(value))
		for name, item := range value {
			entries[name] = loose(item)
		}
		return entries
	case json.Number:
		return canonicalNumber(value).String()
	}
	return toText(value)
}

// row sends patches one after the other, up to the first that fails, which is then
// undone. Room for all of their writes is taken before, so that none of them waits
// for the rate limit while something is missing that apps use; only what is sent
// again after a failure may have to.
func (p *Provider) row(ctx context.Context, operations []connection.Operation, outcomes []connection.Outcome) {
	writes := len(operations)
	for _, operation := range operations {
		if operation.Undo != nil {
			writes++
		}
	}
	if writes == 1 {
		outcomes[0].Err = p.patch(ctx, operations[0], nil)
		return
	}
	waiting, cancel := p.client.within(ctx)
	room, err := p.client.writes.reserve(waiting, writes)
	cancel()
	if err != nil {
		failAll(outcomes, fmt.Errorf("patch connection: %w: %w", connection.ErrNotSent, err))
		return
	}
	defer room.release()
	for i, operation := range operations {
		outcomes[i].Err = p.patch(ctx, operation, room)
		ctx = context.WithoutCancel(ctx)
		if outcomes[i].Err == nil {
			continue
		}
		if begun := i > 0 || !errors.Is(outcomes[i].Err, connection.ErrNotSent); begun && operation.Undo != nil {
			outcomes[i].UndoErr = p.patch(ctx, *operation.Undo, room)
		}
		failAll(outcomes[i+1:], fmt.Errorf("patch connection: %w: the one before it has failed", connection.ErrNotSent))
		return
	}
}

// patch changes one connection with one request (API reference, PATCH; the order
// of its operations is that of the body).
//
// A patch sets values, so it may be sent twice, unless it removes something: then
// one that may have happened is made anew from what is live. In a row the context
// ends it only before it is sent.
func (p *Provider) patch(ctx context.Context, operation connection.Operation, room *room) error {
	for try := 1; ; try++ {
		body, err := p.patchBody(ctx, operation)
		switch {
		case err != nil && try > 1: // the one before may have happened
			return fmt.Errorf("patch connection: %w: %w", connection.ErrUnknownOutcome, err)
		case isInterrupted(err):
			return fmt.Errorf("patch connection: %w: %w", connection.ErrNotSent, err)
		case err != nil:
			return fmt.Errorf("patch connection: %w", err)
		}
		if len(body) == 0 {
			return nil
		}
		if room != nil && ctx.Err() == nil {
			ctx = context.WithoutCancel(ctx)
		}
		removes := slices.ContainsFunc(body, func(one wirePatch) bool { return one.Op == opRemove })
		err = p.client.Do(ctx, Request{
			Method: http.MethodPatch, Path: pathOf(operation.ID), Body: body,
			Repeatable: !removes, Secrets: secretsOf(operation), room: room,
		}, nil)
		if err == nil {
			return nil
		}
		if !removes || !errors.Is(err, connection.ErrUnknownOutcome) || try == patchTries || ctx.Err() != nil {
			return fmt.Errorf("patch connection: %w", err)
		}
	}
}

// The operations of a patch.
const (
	opAdd     = "add"
	opReplace = "replace"
	opRemove  = "remove"
)

// patchBody says what has to change now: name, space, tags, properties by name,
// credentials by name. The live connection is read first where that matters.
func (p *Provider) patchBody(ctx context.Context, operation connection.Operation) ([]wirePatch, error) {
	var live wireConnection
	if needsLive(operation) {
		var err error
		if live, err = p.read(ctx, operation.ID, nil); err != nil {
			return nil, err
		}
		if err := p.checkOwner(live); err != nil {
			return nil, err
		}
	}
	var body []wirePatch
	if operation.Name != "" {
		body = append(body, wirePatch{opReplace, "/qName", operation.Name})
	}
	if operation.Space != nil {
		// Documented until 2025 only. "add" also sets what is there (RFC 6902), and a
		// connection in a personal space has no space. That "" means personal is assumed.
		body = append(body, wirePatch{opAdd, "/space", operation.Space.ID})
	}
	body = append(body, patchTags(operation, live)...)
	return append(body, patchProperties(operation, live)...), nil
}

func needsLive(operation connection.Operation) bool {
	return operation.Tags != nil || operation.Mark != nil || len(operation.Set) > 0 || len(operation.Remove) > 0
}

// checkOwner refuses what another project has taken since the plan was made.
func (p *Provider) checkOwner(live wireConnection) error {
	owner := splitTags(live.Tags).mark.Project
	if p.project == "" || owner == "" || owner == p.project {
		return nil
	}
	return fmt.Errorf("%w: it belongs to project %q by now", connection.ErrInvalid, owner)
}

// patchTags sends the whole array, which replaces the live one: the server's own
// tag and those we do not know go back as they came.
func patchTags(operation connection.Operation, live wireConnection) []wirePatch {
	if operation.Tags == nil && operation.Mark == nil {
		return nil
	}
	set := splitTags(live.Tags)
	if operation.Tags != nil {
		set.user = *operation.Tags
	}
	if operation.Mark != nil {
		set.mark = *operation.Mark
	}
	tags := set.tags()
	if slices.Equal(slices.Sorted(slices.Values(tags)), slices.Sorted(slices.Values(live.Tags))) {
		return nil
	}
	if tags == nil {
		tags = []string{}
	}
	return []wirePatch{{opAdd, "/tags", tags}} // "add", as the guide has it
}

// patchProperties sets and removes properties and credentials by name. What the
// live connection shows is replaced, the rest is added. Credentials are never
// shown; for them "add" is right whether they are there or not (RFC 6902).
func patchProperties(operation connection.Operation, live wireConnection) []wirePatch {
	var body []wirePatch
	for _, name := range slices.Sorted(maps.Keys(operation.Set)) {
		op := opAdd
		if _, shown := live.Properties[name]; shown {
			op = opReplace
		}
		body = append(body, wirePatch{op, propertyPath(name), connection.Reveal(operation.Set[name])})
	}
	for _, name := range slices.Sorted(maps.Keys(operation.Credentials)) {
		body = append(body, wirePatch{opAdd, propertyPath(name), connection.Reveal(operation.Credentials[name])})
	}
	for _, name := range slices.Sorted(slices.Values(operation.Remove)) {
		if _, shown := live.Properties[name]; shown {
			body = append(body, wirePatch{Op: opRemove, Path: propertyPath(name)})
		}
	}
	return body
}

// propertyPath is a JSON Pointer (RFC 6901).
func propertyPath(name string) string {
	return "/connectionProperties/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// patchable tells whether a patch can carry the value: a string, boolean, integer
// or array (API reference, PATCH). No object, no decimal, no null.
func patchable(value any) bool {
	switch value := value.(type) {
	case string, bool, []any, connection.Secret, connection.Reference:
		return true
	case json.Number:
		return isInteger(value)
	}
	return false
}

// delete removes one connection. Gone already is gone.
func (p *Provider) delete(ctx context.Context, operation connection.Operation) error {
	err := p.client.Do(ctx, Request{Method: http.MethodDelete, Path: pathOf(operation.ID), Repeatable: true}, nil)
	if err != nil && !errors.Is(err, connection.ErrNotFound) {
		return fmt.Errorf("delete connection: %w", err)
	}
	return nil
}

// bulkAction is one of the two actions on many connections. Both set or remove, so
// they may be sent twice.
type bulkAction struct {
	path string
	item func(connection.Operation) wireBulkItem
	// settled tells, from a fresh read, whether an operation has been carried out.
	settled func(operation connection.Operation, live wireConnection, err error) bool
	// gone tells that a connection that does not exist is a success.
	gone bool
}

var (
	bulkUpdate = bulkAction{path: connectionsPath + "/actions/update", item: updateItem, settled: isUpdated}
	bulkDelete = bulkAction{path: connectionsPath + "/actions/delete", item: deleteItem, settled: isDeleted, gone: true}
)

func updateItem(operation connection.Operation) wireBulkItem {
	item := wireBulkItem{ID: operation.ID, OwnerID: operation.OwnerID}
	if operation.Space != nil {
		item.SpaceID, item.SpaceType = &operation.Space.ID, operation.Space.Type
	}
	return item
}

func deleteItem(operation connection.Operation) wireBulkItem { return wireBulkItem{ID: operation.ID} }

func isUpdated(operation connection.Operation, live wireConnection, err error) bool {
	return err == nil &&
		(operation.Space == nil || live.Space == operation.Space.ID) &&
		(operation.OwnerID == "" || live.Owner == operation.OwnerID)
}

func isDeleted(_ connection.Operation, _ wireConnection, err error) bool {
	return errors.Is(err, connection.ErrNotFound)
}

// bulk sends one request for all operations and reads the 207 item by item. What
// it does not tell is read from the live connections.
func (p *Provider) bulk(ctx context.Context, action bulkAction, operations []connection.Operation, outcomes []connection.Outcome) {
	var body wireBulk
	for _, operation := range operations {
		body.Connections = append(body.Connections, action.item(operation))
	}
	request := Request{Method: http.MethodPost, Path: action.path, Body: body, Repeatable: true}
	var answer wireBulkAnswer
	err := p.client.Do(ctx, request, &answer)
	if errors.Is(err, connection.ErrForbidden) {
		err = fmt.Errorf("%w: bulk actions need the role %s", err, tenantAdmin)
	}
	if len(operations) > 1 && isTooMuch(err) {
		half := len(operations) / 2
		p.bulk(ctx, action, operations[:half], outcomes[:half])
		p.bulk(ctx, action, operations[half:], outcomes[half:])
		return
	}
	if err != nil && !errors.Is(err, connection.ErrUnknownOutcome) {
		failAll(outcomes, fmt.Errorf("%s: %w", operations[0].Kind, err))
		return
	}
	results := byID(answer.Data)
	var group errgroup.Group
	group.SetLimit(p.parallelism)
	for i, operation := range operations {
		if result, ok := results[operation.ID]; ok && err == nil {
			outcomes[i].Err = p.itemError(request, action, operation, result)
			continue
		}
		group.Go(func() error {
			outcomes[i].Err = p.settle(ctx, action, operation, err)
			return nil
		})
	}
	_ = group.Wait()
}

// isTooMuch reports whether the service may take the items in smaller requests: no
// size is documented, nor how one item that is wrong makes the whole request fail.
func isTooMuch(err error) bool {
	var failed *Error
	return errors.As(err, &failed) && (failed.Status == http.StatusBadRequest || failed.Status == http.StatusRequestEntityTooLarge)
}

// byID finds results by id: their order is not promised. One without a status says
// nothing.
func byID(results []wireBulkResult) map[string]wireBulkResult {
	found := map[string]wireBulkResult{}
	for _, result := range results {
		if result.Status != 0 || result.Error != nil {
			found[result.ID] = result
		}
	}
	return found
}

// itemError reads one result: a failure if it holds an error or a status outside
// 2xx. The reference shows both, a success status with an error, in one item.
func (p *Provider) itemError(request Request, action bulkAction, operation connection.Operation, result wireBulkResult) error {
	status := result.Status
	if result.Error == nil && status/100 == 2 {
		return nil
	}
	failed := &Error{Method: request.Method, Path: request.Path, Status: status}
	if result.Error != nil {
		if status/100 == 2 || status == 0 {
			failed.Status = result.Error.Status
		}
		failed.fill([]wireError{*result.Error}, newRedactor(p.client.auth.secrets()))
	}
	if failed.Status == http.StatusNotFound && action.gone {
		return nil
	}
	failed.kind = kindOf(failed.Status)
	return fmt.Errorf("%s: %w", operation.Kind, failed)
}

// settle finds out by reading what became of an operation that the answer is
// silent about.
func (p *Provider) settle(ctx context.Context, action bulkAction, operation connection.Operation, cause error) error {
	live, err := p.read(ctx, operation.ID, nil)
	switch {
	case action.settled(operation, live, err):
		return nil
	case cause != nil:
		return fmt.Errorf("%s: %w", operation.Kind, cause)
	case errors.Is(err, connection.ErrNotFound):
		return fmt.Errorf("%s: %w", operation.Kind, err)
	}
	return fmt.Errorf("%s: %w: the answer does not mention it, and it is not as it should be", operation.Kind, connection.ErrUnknownOutcome)
}
