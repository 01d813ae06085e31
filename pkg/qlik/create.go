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

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

const (
	// looks is how often the provider looks for a create that may have happened: a gateway may give up
	// on a request that the service is still processing.
	looks     = 3
	firstLook = time.Second
)

// create creates a connection from its properties (API reference, POST). There are no idempotency
// keys, so a create that may have happened is looked for. It also requests the sign-in address for
// a create: a data source without sign-in ignores the request and creates the connection.
func (p *Provider) create(ctx context.Context, operation connection.Operation) connection.Outcome {
	spelling := p.tutorialSpelling.Load() // another create may change it in the meantime
	created, err := p.post(ctx, operation, spelling)
	if asksForTutorialSpelling(err) && !spelling {
		if created, err = p.post(ctx, operation, true); err == nil {
			p.tutorialSpelling.Store(true)
		}
	}
	hide := p.client.http.Redactor(revealed(secretsOf(operation))...)
	switch id := created.id(); {
	case errors.Is(err, connection.ErrUnknownOutcome), err == nil && id == "" && created.AuthURL == "":
		return p.settleCreate(ctx, operation, err)
	case err != nil:
		return connection.Outcome{Err: fmt.Errorf("create connection: %w", err)}
	case hide.Holds(id):
		return connection.Outcome{Err: fmt.Errorf("create connection: %w: the id in the answer quotes a secret", connection.ErrUnknownOutcome)}
	case id == "":
		return mustSignIn(created.AuthURL, hide)
	case operation.ReadBack:
		return connection.Outcome{ID: id, Err: p.readBack(ctx, created.left(&operation, id, created.Updated), operation)}
	default:
		p.known.leave(created.left(&operation, id, created.Updated))
		return connection.Outcome{ID: id}
	}
}

// left returns the state of a connection after its create: with the owner of the answer and the
// time after which any update is by another client. Zero: that time is unknown.
func (w *wireConnection) left(operation *connection.Operation, id string, at looseTime) connection.Live {
	live := leftBy(operation, connection.Live{ID: id, OwnerID: w.Owner})
	live.UpdatedAt = at.Time
	return live
}

// readBack compares the created connection with the request, as far as the service returns its
// parts, and stores its state. A change of the owner or any other update since the answer to the
// create is noticed: a later operation might destroy credentials that somebody has typed in.
func (p *Provider) readBack(ctx context.Context, left connection.Live, operation connection.Operation) error {
	var wire wireConnection
	id := left.ID
	err := untilVisible(ctx, func() (err error) {
		wire, err = p.read(ctx, id, nil)
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("read back what was created: %w", err)
	case wire.Name != operation.Name, wire.Space != operation.Space.ID, wire.DataSource != operation.DataSource,
		!shows(wire.Properties, createProperties(operation)), !hasTags(wire, createTags(operation)):
		return transport.Own(connection.ErrInvalid, "read back what was created: it is not what was sent")
	}
	now := liveOf(id, wire)
	if connection.CheckUnchanged(&left, &now, &connection.Operation{Kind: connection.Delete}) == nil {
		left = now // otherwise another client has already changed the connection, and a later operation finds out
	}
	p.known.leave(left)
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
	if operation.Kind == connection.AskSignIn {
		body.AuthURLOnly = true
		body.Properties[operation.SignIn] = ""
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
	if operation.Record != nil {
		set.record = *operation.Record
	}
	return set.tags()
}

// createProperties merges properties and revealed credentials: the service takes them in one
// object. Properties that must be absent are omitted.
func createProperties(operation connection.Operation) map[string]any {
	properties := map[string]any{}
	maps.Copy(properties, operation.Set)
	maps.Copy(properties, operation.Credentials)
	maps.DeleteFunc(properties, func(_ string, value any) bool { return value == nil })
	revealed, _ := connection.Reveal(properties).(map[string]any)
	return revealed
}

// asksForTutorialSpelling recognises a 400 for a missing data source: the API reference calls it
// datasourceID, every tutorial dataSourceId. It is unknown which of them the service requires.
func asksForTutorialSpelling(err error) bool {
	refusal := transport.RefusalOf(err)
	if refusal == nil || refusal.Status != http.StatusBadRequest {
		return false
	}
	words := strings.ToLower(refusal.Title + " " + refusal.Detail)
	return containsAny(words, []string{"datasource", "data source"}) &&
		containsAny(words, []string{"missing", "required", "empty", "must be", "not specified"})
}

// settleCreate looks for a connection that may have been created, by its key and content. A match
// is ours because its tags came with the create.
func (p *Provider) settleCreate(ctx context.Context, operation connection.Operation, cause error) connection.Outcome {
	if cause == nil {
		cause = fmt.Errorf("%w: the answer holds no id", connection.ErrUnknownOutcome)
	}
	failed := connection.Outcome{Err: fmt.Errorf("create connection: %w", cause)}
	if operation.Record == nil {
		return failed // any connection could look like this one
	}
	for pause := firstLook; ; pause *= 2 {
		last := pause >= firstLook<<(looks-1)
		found, err := p.findCreated(ctx, operation, last)
		if id := found.id(); err == nil && id != "" {
			// Its first owner is unknown. If it was updated since it was created, it may have other
			// credentials. Its properties were compared with those that were sent.
			left := found.left(&operation, id, found.Created)
			left.Statement, left.Parsed = found.Statement.digest, digestParsed(found.Properties)
			p.known.leave(left)
			return connection.Outcome{ID: id}
		}
		inVain := err != nil && !errors.Is(err, connection.ErrInvalid) // a filter may be refused, the last look has none
		if last || inVain || transport.Sleep(ctx, pause) != nil {
			return failed
		}
	}
}

// findCreated returns the connection that equals the one to create; one without an id if there is
// none. It filters by the name or, with everything, reads the whole list: a filter may find a new
// connection later than the list.
func (p *Provider) findCreated(ctx context.Context, operation connection.Operation, everything bool) (wireConnection, error) {
	name := operation.Name
	if everything {
		name = ""
	}
	listed, _, err := p.listConnections(ctx, *operation.Space, name, nil)
	if err != nil {
		return wireConnection{}, err
	}
	for _, wire := range listed {
		if wire.Name != operation.Name || wire.Space != operation.Space.ID || !hasTags(wire, createTags(operation)) {
			continue
		}
		wire, err := p.read(ctx, wire.id(), nil)
		if err == nil && wire.DataSource == operation.DataSource && shows(wire.Properties, createProperties(operation)) {
			return wire, nil
		}
	}
	return wireConnection{}, nil
}

func hasTags(wire wireConnection, tags []string) bool {
	return !slices.ContainsFunc(tags, func(tag string) bool { return !slices.Contains(wire.Tags, tag) })
}

// shows reports whether the live properties are the ones that were sent, as far as the service
// returns them.
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
		return connection.CanonicalNumber(value).String()
	}
	return connection.ToText(value)
}
