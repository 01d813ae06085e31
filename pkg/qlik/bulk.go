package qlik

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// bulkAction is one of the two actions on many connections. Both are idempotent, so they may be
// sent twice.
type bulkAction struct {
	path string
	item func(connection.Operation) wireBulkItem
	// settled reports, from a fresh read, whether an operation has been carried out.
	settled func(operation connection.Operation, live wireConnection, err error) bool
	// gone reports that a connection that does not exist is a success.
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

// bulk sends one request for all operations and reads the 207 item by item. Results that the answer
// lacks are read from the live connections. Operations on connections that have changed are
// skipped.
func (p *Provider) bulk(ctx context.Context, action bulkAction, operations []connection.Operation, outcomes []connection.Outcome) {
	var found []sighting                   // by the last attempt
	begun := make([]bool, len(operations)) // by an attempt that may have been carried out
	request := Request{Method: http.MethodPost, Path: action.path, Repeatable: true}
	request.fresh = func(ctx context.Context, maybe bool) (_ any, err error) {
		for i := range found {
			begun[i] = begun[i] || maybe && found[i].err == nil
		}
		if found, err = p.lookAgain(ctx, operations, maybe); err != nil {
			return nil, err
		}
		var body wireBulk
		for i, operation := range operations {
			if found[i].err == nil {
				body.Connections = append(body.Connections, action.item(operation))
			}
		}
		if len(body.Connections) == 0 {
			return nil, errNothingLeft
		}
		return body, nil
	}
	var answer wireBulkAnswer
	err := p.client.Do(ctx, request, &answer)
	if errors.Is(err, connection.ErrForbidden) {
		err = fmt.Errorf("%w: bulk actions need the role %s", err, tenantAdmin)
	}
	if len(operations) > 1 && isTooMuch(err) && !errors.Is(err, connection.ErrUnknownOutcome) { // after an unknown outcome, halves would find our own change
		half := len(operations) / 2
		p.bulk(ctx, action, operations[:half], outcomes[:half])
		p.bulk(ctx, action, operations[half:], outcomes[half:])
		return
	}
	results := byID(answer.Data)
	var group guard.Group
	group.SetLimit(p.parallelism)
	for i, operation := range operations {
		result, told := results[operation.ID]
		switch left := leftOut(found, i); {
		case action.gone && errors.Is(left, connection.ErrNotFound):
		case left != nil && begun[i]:
			outcomes[i].Err = fmt.Errorf("%s: %w: %w", operation.Kind, connection.ErrUnknownOutcome, left)
		case left != nil:
			outcomes[i].Err = fmt.Errorf("%s: %w", operation.Kind, left)
		case err != nil && !errors.Is(err, connection.ErrUnknownOutcome):
			outcomes[i].Err = fmt.Errorf("%s: %w", operation.Kind, unread(err))
		case told && err == nil:
			outcomes[i].Err = p.itemError(request, action, operation, result)
			if outcomes[i].Err == nil && !action.gone {
				group.Go(func() error {
					p.acknowledge(ctx, &operation, found[i].live)
					return nil
				})
			}
		default:
			group.Go(func() error {
				if outcomes[i].Err = p.settle(ctx, action, operation, err); outcomes[i].Err == nil && !action.gone {
					p.acknowledge(ctx, &operation, found[i].live)
				}
				return nil
			})
		}
	}
	_ = group.Wait()
}

// leftOut returns why the last attempt skipped an operation; nil if it did not, or if there was no
// attempt.
func leftOut(found []sighting, i int) error {
	if i >= len(found) {
		return nil
	}
	return found[i].err
}

// isTooMuch reports whether smaller requests may succeed: neither the maximum size is documented,
// nor which wrong item makes the whole request fail.
func isTooMuch(err error) bool {
	failed := transport.RefusalOf(err)
	return failed != nil && (failed.Status == http.StatusBadRequest || failed.Status == http.StatusRequestEntityTooLarge)
}

// byID returns the results by id, because their order is not documented. Results without a status
// are ignored.
func byID(results []wireBulkResult) map[string]wireBulkResult {
	found := map[string]wireBulkResult{}
	for _, result := range results {
		if result.Status != 0 || result.Error != nil {
			found[result.ID] = result
		}
	}
	return found
}

// itemError returns the error of one result: a failure if the result contains an error or a status
// outside 2xx. The reference shows both, a success status with an error, in one item.
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
		fill(failed, []wireError{*result.Error}, p.client.http.Redactor())
	}
	if failed.Status == http.StatusNotFound && action.gone {
		return nil
	}
	failed.Kind = kindOf(failed.Status)
	return fmt.Errorf("%s: %w", operation.Kind, failed)
}

// settle finds out by reading whether an operation without a result in the answer was carried out.
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
	return fmt.Errorf("%s: %w: the answer does not mention the connection, and the connection is not as planned", operation.Kind, connection.ErrUnknownOutcome)
}
