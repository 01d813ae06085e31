package qlik

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
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
	if operations[0].Write != nil {
		for i, operation := range operations {
			outcomes[i] = p.executeSpace(ctx, operation)
		}
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
	case connection.AskSignIn:
		outcomes[0] = p.askSignIn(ctx, first)
	case connection.Patch:
		p.patch(ctx, first, &outcomes[0])
	case connection.Delete:
		outcomes[0].Err = p.delete(ctx, first)
	case connection.BulkUpdate:
		p.bulk(ctx, bulkUpdate, operations, outcomes)
	case connection.BulkDelete:
		p.bulk(ctx, bulkDelete, operations, outcomes)
	}
	for i, operation := range operations {
		outcomes[i].Path = fieldPath(operation, outcomes[i].Err)
	}
	return outcomes
}

func failAll(outcomes []connection.Outcome, err error) []connection.Outcome {
	for i := range outcomes {
		outcomes[i].Err = err
	}
	return outcomes
}

// ExecuteGroup runs the two renames of a recreate.
func (p *Provider) ExecuteGroup(ctx context.Context, group connection.Group) []connection.Outcome {
	outcomes := make([]connection.Outcome, len(group.Operations))
	for i, operation := range group.Operations {
		outcomes[i].ID = operation.ID
	}
	if err := checkGroup(group); err != nil {
		return failAll(outcomes, err)
	}
	if err := ctx.Err(); err != nil {
		return failAll(outcomes, fmt.Errorf("%w: %w", connection.ErrNotSent, err))
	}
	p.group(ctx, group, outcomes)
	for i, operation := range group.Operations {
		outcomes[i].Path = fieldPath(operation, outcomes[i].Err)
	}
	return outcomes
}

// checkGroup rejects mistakes of the caller before anything is sent.
func checkGroup(group connection.Group) error {
	if n := len(group.Operations); n > maxGroup {
		return fmt.Errorf("execute a group: %d operations, at most %d", n, maxGroup)
	}
	operations := slices.Clone(group.Operations)
	if group.Undo != nil {
		operations = append(operations, *group.Undo)
	}
	for _, operation := range operations {
		if operation.Kind != connection.Patch {
			return fmt.Errorf("execute a group: %s, and only patches can be one", operation.Kind)
		}
		if err := checkOne(operation); err != nil {
			return fmt.Errorf("execute a group: %w", err)
		}
	}
	return nil
}

// check rejects mistakes of the caller before anything is sent.
func (p *Provider) check(operations []connection.Operation) error {
	kind := operations[0].Kind
	room := 1
	switch kind {
	case connection.BulkUpdate, connection.BulkDelete:
		room = p.batch
	}
	switch {
	case !slices.Contains([]connection.OperationKind{
		connection.Create, connection.Patch, connection.Delete, connection.BulkUpdate, connection.BulkDelete, connection.AskSignIn,
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
	}
	return nil
}

func checkOne(operation connection.Operation) error {
	creates := operation.Kind == connection.Create || operation.Kind == connection.AskSignIn && operation.ID == ""
	switch {
	case creates && (operation.Space == nil || operation.Name == "" || operation.DataSource == ""):
		return errors.New("space, name or data source is missing")
	case !creates && !isSegment(operation.ID):
		return fmt.Errorf("%q is not an id", operation.ID)
	}
	unresolved := func(reference connection.Reference) (connection.Secret, error) {
		return connection.Secret{}, fmt.Errorf("reference %s is not resolved", reference)
	}
	_, inCredentials := connection.Resolve(operation.Credentials, unresolved)
	_, inProperties := connection.Resolve(operation.Set, unresolved)
	return errors.Join(slices.Concat(inCredentials, inProperties)...)
}

// secretsOf returns the secrets that an error about the operation must not quote.
func secretsOf(operation connection.Operation) []connection.Secret {
	return slices.Concat(connection.Secrets(operation.Credentials), connection.Secrets(operation.Set))
}

// delete removes one connection. A connection that does not exist is a success.
func (p *Provider) delete(ctx context.Context, operation connection.Operation) error {
	err := p.client.Do(ctx, Request{
		Method: http.MethodDelete, Path: pathOf(operation.ID), Repeatable: true,
		fresh: func(ctx context.Context, maybe bool) (any, error) {
			found, err := p.lookAgain(ctx, []connection.Operation{operation}, maybe)
			if err == nil {
				err = found[0].err
			}
			return nil, err
		},
	}, &wireWritten{})
	if err != nil && !errors.Is(err, connection.ErrNotFound) {
		return fmt.Errorf("delete connection: %w", unread(err))
	}
	return nil
}
