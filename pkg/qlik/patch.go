package qlik

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/jsonpointer"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// maxGroup is how many patches a group contains: the two renames of a recreate.
const maxGroup = 2

// repairs is how many extra writes a group reserves for failures: an attempt that may have happened
// has used up its permit.
const repairs = 5

// patch sends one patch.
func (p *Provider) patch(ctx context.Context, operation connection.Operation, outcome *connection.Outcome) {
	alone := &patching{operation: operation}
	outcome.Err = p.sendPatch(ctx, alone, nil, alone.renew)
	p.acknowledgeAll(ctx, alone)
}

// group sends patches one after the other, up to the first that fails, and then reverts the first.
// Before it begins, it reserves permits for all of their writes and reads what they need, so that
// none of them waits for a rate limit while a name that apps use is missing; only a repetition
// after a failure may have to wait.
func (p *Provider) group(ctx context.Context, group connection.Group, outcomes []connection.Outcome) {
	writes := len(group.Operations)
	if group.Undo != nil {
		writes++
	}
	waiting, cancel := p.client.http.Within(ctx)
	reserved, err := p.client.writes.reserve(waiting, writes+repairs)
	cancel()
	if err != nil {
		failAll(outcomes, fmt.Errorf("patch connection: %w: %w", connection.ErrNotSent, err))
		return
	}
	defer reserved.release()
	patches := make([]*patching, len(group.Operations))
	for i, operation := range group.Operations {
		patches[i] = &patching{operation: operation}
	}
	for i, patch := range patches {
		renew := patch.renew
		if i == 0 {
			renew = together(patches)
		}
		outcomes[i].Err = p.sendPatch(ctx, patch, reserved, renew)
		ctx = context.WithoutCancel(ctx)
		if outcomes[i].Err == nil {
			continue
		}
		if group.Undo != nil && (i > 0 || !nothingSent(outcomes[i].Err)) {
			back := &patching{operation: *group.Undo, undoes: true}
			outcomes[i].UndoErr = p.sendPatch(ctx, back, reserved, back.renew)
		}
		failAll(outcomes[i+1:], fmt.Errorf("patch connection: %w, because an earlier operation of its step has failed", connection.ErrNotSent))
		return
	}
	p.acknowledgeAll(ctx, patches...)
}

// patching is the state of one patch.
type patching struct {
	operation connection.Operation
	// undoes reports that the patch restores a missing name: then another client's change does not
	// matter.
	undoes bool
	live   wireConnection // as it was last read
	body   []wirePatch    // computed from live
	ready  bool           // the body is for the next attempt
	done   bool           // it was sent and acknowledged
}

// renewal updates the body of a patch before an attempt; see [Request].
type renewal = func(ctx context.Context, p *Provider, maybe bool) error

// renew reads the connection of the patch, unless that was done for this attempt.
func (c *patching) renew(ctx context.Context, p *Provider, maybe bool) (err error) {
	if !c.ready {
		c.body, err = p.patchBody(ctx, c, maybe)
	}
	c.ready = false
	return err
}

// together renews the first patch of a group and at the same time reads for the others, so that
// they can follow at once.
func together(patches []*patching) renewal {
	return func(ctx context.Context, p *Provider, maybe bool) error {
		group, groupCtx := p.readers(ctx)
		for i, patch := range patches {
			group.Go(func() error {
				patch.ready = false
				err := patch.renew(groupCtx, p, maybe && i == 0)
				if err != nil && i > 0 {
					return fmt.Errorf("%q: %w", patch.operation.Key.Name, err)
				}
				patch.ready = i > 0
				return err
			})
		}
		return group.Wait()
	}
}

// nothingSent reports whether an error means that no attempt of a request was sent.
func nothingSent(err error) bool {
	_, unwritten := errors.AsType[*transport.NotWritten](err)
	return !errors.Is(err, connection.ErrUnknownOutcome) && (unwritten || errors.Is(err, connection.ErrNotSent))
}

// sendPatch changes one connection with one request (API reference, PATCH; operations apply in the
// order of the body). The body is computed again for each attempt from the live state, so the
// request may be repeated. A patch with the single-use code of a sign-in is not repeated: the
// ownership record that is sent with it shows whether it was applied. In a group the context ends
// it only before it is sent.
func (p *Provider) sendPatch(ctx context.Context, patch *patching, reserved *reservation, renew renewal) error {
	code := signInCode(patch.operation)
	sending, begun := ctx, false
	if reserved != nil {
		sending = context.WithoutCancel(ctx)
	}
	fresh := func(reading context.Context, maybe bool) (any, error) {
		if !begun && reserved != nil {
			var cancel context.CancelFunc
			reading, cancel = p.client.http.Within(ctx)
			defer cancel()
		}
		switch err := renew(reading, p, maybe); {
		case err != nil:
			return nil, err
		case !begun && ctx.Err() != nil:
			return nil, fmt.Errorf("%w: %w", connection.ErrNotSent, ctx.Err())
		case len(patch.body) == 0:
			return nil, errNothingLeft
		}
		begun = true
		return patch.body, nil
	}
	err := p.client.Do(sending, Request{
		Method: http.MethodPatch, Path: pathOf(patch.operation.ID),
		Repeatable: code == "", Secrets: secretsOf(patch.operation), reservation: reserved, signInCode: code, fresh: fresh,
	}, &wireWritten{})
	switch {
	case errors.Is(err, errNothingLeft):
		return nil
	case code != "" && errors.Is(err, connection.ErrUnknownOutcome) && p.isMarked(ctx, patch):
		err = nil
	}
	if err != nil {
		return fmt.Errorf("patch connection: %w", unread(err))
	}
	patch.done = true
	return nil
}

// acknowledgeAll records the states after patches. It may read them, so it is called when no name
// is missing any more.
func (p *Provider) acknowledgeAll(ctx context.Context, patches ...*patching) {
	for _, patch := range patches {
		if patch.done {
			p.acknowledge(ctx, &patch.operation, liveOf(patch.operation.ID, patch.live))
		}
	}
}

// signInCode returns the code of a person's sign-in, if the patch carries one.
func signInCode(operation connection.Operation) string {
	code, _ := connection.Reveal(operation.Credentials[operation.SignIn]).(string)
	return strings.TrimSpace(code)
}

// isMarked reports whether a patch was applied, by the tags that it changes.
func (p *Provider) isMarked(ctx context.Context, patch *patching) bool {
	if len(patchTags(patch.operation, patch.live)) == 0 {
		return false
	}
	live, err := p.read(ctx, patch.operation.ID, nil)
	return err == nil && len(patchTags(patch.operation, live)) == 0
}

// The operations of a patch.
const (
	opAdd     = "add"
	opReplace = "replace"
	opRemove  = "remove"

	tagsPath = "/tags"
)

// patchBody returns the current differences: name, space, tags, properties by name, credentials by
// name. It reads the live connection first where the live state matters.
func (p *Provider) patchBody(ctx context.Context, patch *patching, maybe bool) ([]wirePatch, error) {
	operation := patch.operation
	if needsLive(operation) || p.known.expected(&operation) != nil {
		var live wireConnection
		var now connection.Live
		err := p.untilShown(ctx, operation.ID, &now, func() (err error) {
			if live, err = p.read(ctx, operation.ID, nil); err != nil {
				return err
			}
			if err := p.checkOwner(live); err != nil || patch.undoes {
				return err
			}
			now = liveOf(operation.ID, live)
			return p.checkFresh(&operation, &now, maybe)
		})
		if err != nil {
			return nil, err
		}
		patch.live = live
	}
	live := patch.live
	var body []wirePatch
	if operation.Name != "" {
		body = append(body, wirePatch{opReplace, "/qName", operation.Name})
	}
	if operation.Space != nil {
		// Documented until 2025 only. "add" also replaces an existing value (RFC 6902), and a connection in
		// a personal space has no space. The meaning of "" as personal is assumed.
		body = append(body, wirePatch{opAdd, "/space", operation.Space.ID})
	}
	body = append(body, patchTags(operation, live)...)
	body = append(body, patchProperties(operation, live)...)
	if len(body) == 0 && signInCode(operation) != "" {
		body = append(body, wirePatch{opReplace, "/qName", live.Name}) // the code needs a request
	}
	return body, nil
}

func needsLive(operation connection.Operation) bool {
	return operation.Tags != nil || operation.Record != nil || len(operation.Set) > 0 || len(operation.Remove) > 0 || operation.SignIn != ""
}

// checkOwner returns an error if another project has taken over the connection since the plan.
func (p *Provider) checkOwner(live wireConnection) error {
	owner := splitTags(live.Tags).record.Project
	if p.project == "" || owner == "" || owner == p.project {
		return nil
	}
	return fmt.Errorf("%w (it belongs to project %q now); plan again", connection.ErrChanged, owner)
}

// patchTags sends the whole array, which replaces the live one: the server's own tag and unknown
// tags are sent back unchanged.
func patchTags(operation connection.Operation, live wireConnection) []wirePatch {
	if operation.Tags == nil && operation.Record == nil {
		return nil
	}
	set := splitTags(live.Tags)
	if operation.Tags != nil {
		set.user = *operation.Tags
	}
	if operation.Record != nil {
		set.record = *operation.Record
	}
	tags := set.tags()
	if slices.Equal(slices.Sorted(slices.Values(tags)), slices.Sorted(slices.Values(live.Tags))) {
		return nil
	}
	if tags == nil {
		tags = []string{}
	}
	return []wirePatch{{opAdd, tagsPath, tags}} // "add", as in the guide
}

// patchProperties sets and removes properties and credentials by name. It uses "add", which works
// whether or not the property exists (RFC 6902): credentials are never returned, and a returned
// value may be a default that the service fills in.
func patchProperties(operation connection.Operation, live wireConnection) []wirePatch {
	var body []wirePatch
	for _, name := range slices.Sorted(maps.Keys(operation.Set)) {
		body = append(body, wirePatch{opAdd, propertyPath(name), connection.Reveal(operation.Set[name])})
	}
	for _, name := range slices.Sorted(maps.Keys(operation.Credentials)) {
		if name == operation.SignIn {
			continue // sent as a header
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

// propertyPath returns the JSON Pointer (RFC 6901) of a property.
func propertyPath(name string) string {
	return "/connectionProperties/" + jsonpointer.Escape(name)
}
