package qlik

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/transport"
)

// patchTries is how often a patch that may have happened is made anew from what is
// live then.
const patchTries = 3

// maxRow is how many patches are sent in a row: the two renames of a rebuild.
const maxRow = 2

// repairs is how many writes more than it takes a row keeps for what goes wrong on its
// way: an attempt that may have happened has used its place up.
const repairs = 5

// row sends patches one after the other, up to the first that fails, which is then
// undone. Room for all of their writes is taken before, and what they have to read is
// read, so that none of them waits for a rate limit while something is missing that
// apps use; only what is sent again after a failure may have to.
func (p *Provider) row(ctx context.Context, operations []connection.Operation, outcomes []connection.Outcome) {
	writes := len(operations)
	for _, operation := range operations {
		if operation.Undo != nil {
			writes++
		}
	}
	if writes == 1 {
		outcomes[0].Err = p.patch(ctx, operations[0], nil, nil)
		return
	}
	waiting, cancel := transport.Within(ctx, p.client.lifetime)
	room, err := p.client.writes.reserve(waiting, writes+repairs)
	cancel()
	if err != nil {
		failAll(outcomes, fmt.Errorf("patch connection: %w: %w", connection.ErrNotSent, err))
		return
	}
	defer room.release()
	bodies := make([][]wirePatch, len(operations))
	for i, operation := range operations {
		if bodies[i], err = p.patchBody(ctx, operation); err != nil {
			failAll(outcomes, fmt.Errorf("patch connection: %w: another one of its row cannot be", connection.ErrNotSent))
			outcomes[0].Err = unmade(err)
			return
		}
	}
	for i, operation := range operations {
		outcomes[i].Err = p.patch(ctx, operation, room, bodies[i])
		ctx = context.WithoutCancel(ctx)
		if outcomes[i].Err == nil {
			continue
		}
		if begun := i > 0 || !errors.Is(outcomes[i].Err, connection.ErrNotSent); begun && operation.Undo != nil {
			outcomes[i].UndoErr = p.patch(ctx, *operation.Undo, room, nil)
		}
		failAll(outcomes[i+1:], fmt.Errorf("patch connection: %w: the one before it has failed", connection.ErrNotSent))
		return
	}
}

// patch changes one connection with one request (API reference, PATCH; the order
// of its operations is that of the body).
//
// A patch sets values, so it may be sent twice, unless it removes something: then
// one that may have happened is made anew from what is live. Nor is one sent twice
// that carries the code of a sign-in, which is for one use: whether it has happened
// is told by the mark that comes with it. In a row the context ends it only before
// it is sent. The body is made here, unless it is given.
func (p *Provider) patch(ctx context.Context, operation connection.Operation, room *room, body []wirePatch) error {
	for try := 1; ; try++ {
		var err error
		if body == nil || try > 1 {
			body, err = p.patchBody(ctx, operation)
		}
		switch {
		case err != nil && try > 1: // the one before may have happened
			return fmt.Errorf("patch connection: %w: %w", connection.ErrUnknownOutcome, err)
		case err != nil:
			return unmade(err)
		}
		if len(body) == 0 {
			return nil
		}
		if room != nil && ctx.Err() == nil {
			ctx = context.WithoutCancel(ctx)
		}
		code := signInCode(operation)
		removes := slices.ContainsFunc(body, func(one wirePatch) bool { return one.Op == opRemove })
		err = p.client.Do(ctx, Request{
			Method: http.MethodPatch, Path: pathOf(operation.ID), Body: body,
			Repeatable: !removes && code == "", Secrets: secretsOf(operation), room: room, signInCode: code,
		}, nil)
		if err == nil || code != "" && errors.Is(err, connection.ErrUnknownOutcome) && p.isMarked(ctx, operation, body) {
			return nil
		}
		removes = removes && code == ""
		if !removes || !errors.Is(err, connection.ErrUnknownOutcome) || try == patchTries || ctx.Err() != nil {
			return fmt.Errorf("patch connection: %w", err)
		}
	}
}

// unmade is the error of a patch whose body could not be made.
func unmade(err error) error {
	if transport.IsInterrupted(err) {
		return fmt.Errorf("patch connection: %w: %w", connection.ErrNotSent, err)
	}
	return fmt.Errorf("patch connection: %w", err)
}

// signInCode gives the code of a person's sign-in, if the patch carries one.
func signInCode(operation connection.Operation) string {
	code, _ := connection.Reveal(operation.Credentials[operation.SignIn]).(string)
	return strings.TrimSpace(code)
}

// isMarked tells whether a patch has happened, by the tags that it changes.
func (p *Provider) isMarked(ctx context.Context, operation connection.Operation, body []wirePatch) bool {
	tags := slices.IndexFunc(body, func(one wirePatch) bool { return one.Path == tagsPath })
	if tags < 0 {
		return false
	}
	live, err := p.read(ctx, operation.ID, nil)
	return err == nil && len(patchTags(operation, live)) == 0
}

// The operations of a patch.
const (
	opAdd     = "add"
	opReplace = "replace"
	opRemove  = "remove"

	tagsPath = "/tags"
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
	body = append(body, patchProperties(operation, live)...)
	if len(body) == 0 && signInCode(operation) != "" {
		body = append(body, wirePatch{opReplace, "/qName", live.Name}) // the code needs a request to go with
	}
	return body, nil
}

func needsLive(operation connection.Operation) bool {
	return operation.Tags != nil || operation.Mark != nil || len(operation.Set) > 0 || len(operation.Remove) > 0 || operation.SignIn != ""
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
	return []wirePatch{{opAdd, tagsPath, tags}} // "add", as the guide has it
}

// patchProperties sets and removes properties and credentials by name. It sets by
// "add", which is right whether the property is there or not (RFC 6902): credentials
// are never shown, and what is shown may be a default that the service fills in.
func patchProperties(operation connection.Operation, live wireConnection) []wirePatch {
	var body []wirePatch
	for _, name := range slices.Sorted(maps.Keys(operation.Set)) {
		body = append(body, wirePatch{opAdd, propertyPath(name), connection.Reveal(operation.Set[name])})
	}
	for _, name := range slices.Sorted(maps.Keys(operation.Credentials)) {
		if name == operation.SignIn {
			continue // goes into a header
		}
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
	return "/connectionProperties/" + pointerToken.Replace(name)
}

// pointerToken makes a name one token of a JSON Pointer.
var pointerToken = strings.NewReplacer("~", "~0", "/", "~1")
