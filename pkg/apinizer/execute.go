package apinizer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Execute runs one operation: no call of the service takes several.
func (p *Provider) Execute(ctx context.Context, operations []connection.Operation) []connection.Outcome {
	return p.ExecuteGroup(ctx, connection.Group{Operations: operations})
}

// ExecuteGroup runs the delete and the create of a recreate under the same name. Nothing is
// reverted: the trial that was created before is still there.
func (p *Provider) ExecuteGroup(ctx context.Context, group connection.Group) []connection.Outcome {
	outcomes := make([]connection.Outcome, len(group.Operations))
	for i, operation := range group.Operations {
		outcomes[i].ID = operation.ID
	}
	done, err := p.client.turn(ctx)
	if err != nil {
		return failFrom(outcomes, 0, fmt.Errorf("%w: %w", connection.ErrNotSent, err))
	}
	defer done()
	for i, operation := range group.Operations {
		if err := ctx.Err(); err != nil {
			return failFrom(outcomes, i, fmt.Errorf("%w: %w", connection.ErrNotSent, err))
		}
		outcomes[i] = p.one(ctx, operation)
		if err := outcomes[i].Err; err != nil && !errors.Is(err, connection.ErrPending) {
			if i > 0 && operation.Kind == connection.Create {
				outcomes[i].Err = fmt.Errorf("%w; the old connection is already deleted: plan and apply again at once", err)
			}
			return failFrom(outcomes, i+1, fmt.Errorf("%w: the operation before it failed", connection.ErrNotSent))
		}
		ctx = context.WithoutCancel(ctx)
	}
	return outcomes
}

func failFrom(outcomes []connection.Outcome, first int, err error) []connection.Outcome {
	for i := first; i < len(outcomes); i++ {
		outcomes[i].Err = err
	}
	return outcomes
}

func (p *Provider) one(ctx context.Context, operation connection.Operation) connection.Outcome {
	switch operation.Kind {
	case connection.Create:
		return p.create(ctx, operation)
	case connection.Patch:
		return p.update(ctx, operation)
	case connection.Delete:
		return connection.Outcome{ID: operation.ID, Err: p.delete(ctx, operation)}
	}
	return connection.Outcome{ID: operation.ID, Err: fmt.Errorf("execute %q: not an operation of this provider", operation.Kind)}
}

// create creates a connection that does not exist. The present contract overwrites an existing one,
// so create looks first; a create of another client in between cannot be excluded.
func (p *Provider) create(ctx context.Context, operation connection.Operation) connection.Outcome {
	fail := func(err error) connection.Outcome {
		return connection.Outcome{Err: fmt.Errorf("create connection: %w", err)}
	}
	if err := p.absent(ctx, operation); err != nil {
		return fail(notBegun(ctx, err))
	}
	d, err := p.created(operation)
	if err != nil {
		return fail(err)
	}
	stillAbsent := func(ctx context.Context, _ bool) error { return p.absent(ctx, operation) }
	body, err := p.save(ctx, http.MethodPost, operation.Key, d, operation, false, stillAbsent)
	if errors.Is(err, connection.ErrUnknownOutcome) {
		// It is ours if it equals what was sent, with our ownership record.
		if live, readErr := p.get(context.WithoutCancel(ctx), operation.Key, nil); readErr == nil && p.shows(live, d) && live.record() == d.record() {
			body, err = nil, nil
		}
	}
	if err != nil {
		return fail(err)
	}
	p.acknowledged(operation.Key, "", &d)
	outcome := connection.Outcome{ID: idOf(operation.Key)}
	if operation.ReadBack {
		live, err := p.getShown(context.WithoutCancel(ctx), operation.Key)
		if err != nil {
			outcome.Err = fmt.Errorf("create connection: read it again: %w", asUnknownOutcome(err))
			return outcome
		}
		switch {
		case live.settledRecord() != d.settledRecord():
			outcome.Err = fmt.Errorf("create connection: it was created, then %w (its ownership record in the description); plan again", connection.ErrChanged)
			return outcome
		case d.gained(live):
			outcome.Err = fmt.Errorf("create connection: it was created, then %w (credentials were entered); plan again", connection.ErrChanged)
			return outcome
		case !p.shows(live, d):
			outcome.Err = transport.Own(connection.ErrInvalid, "create connection: it was created, but the manager shows other values than were sent")
			return outcome
		}
		p.remember(operation.Key, live)
		if !d.deploys() {
			return outcome
		}
	}
	if err := p.settle(ctx, operation, d, body); err != nil {
		outcome.Err = fmt.Errorf("create connection: %w", err)
	}
	return outcome
}

// asUnknownOutcome returns the error of a read after an acknowledged write: something was written,
// regardless of the result of the read. It does not wrap ErrNotFound, so that no caller takes the
// result for an absence.
func asUnknownOutcome(err error) error {
	return fmt.Errorf("%w: %s", connection.ErrUnknownOutcome, err.Error())
}

// notBegun returns the error of a read before a write; if the read was interrupted, the error says
// that nothing was done.
func notBegun(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%w: %w", connection.ErrNotSent, err)
	}
	return err
}

// absent proves that no connection has the name: by the server's words or, if it only answers 404
// or 400, by the list of the type.
func (p *Provider) absent(ctx context.Context, operation connection.Operation) error {
	there, err := p.getShown(ctx, operation.Key)
	if err == nil {
		return fmt.Errorf("%w: a connection of type %s was created under it after the plan; plan again", connection.ErrConflict, p.said(there.kind))
	}
	if errors.Is(err, connection.ErrNotFound) {
		return nil
	}
	if !seemsAbsent(err) {
		return err
	}
	listed, missing, listErr := p.listType(ctx, operation.Key.Space, operation.DataSource, nil)
	if listErr != nil || missing != "" {
		return err
	}
	for _, d := range listed {
		if name, _ := d.fields["name"].(string); strings.EqualFold(name, operation.Key.Name) {
			return fmt.Errorf("%w: the list of the project has a connection with this name; plan again", connection.ErrConflict)
		}
	}
	return nil
}

// created returns the content of a new connection. Fields that the reference calls required and
// that have a default are sent with the default.
func (p *Provider) created(operation connection.Operation) (document, error) {
	d := document{kind: operation.DataSource, fields: map[string]any{}, twoTypes: p.client.legacy.Load()}
	t := types[d.kind]
	if t == nil {
		return d, transport.Own(connection.ErrInvalid, "Apinizer has no connection type %q", d.kind)
	}
	for _, name := range t.needed {
		if t.fields[name].Default != nil {
			d.fields[name] = t.fields[name].Default
		}
	}
	p.overlay(&d, operation)
	user, _ := d.fields[descriptionKey].(string)
	if text := p.describe(user, operation.Record, nil); text != "" {
		d.fields[descriptionKey] = text
	}
	if operation.Record != nil && operation.Record.Phase == connection.PhaseNew {
		d.fields[deployKey] = false // for a trial only
	}
	d.fields["name"] = operation.Key.Name
	return d, p.check(d, nil, operation)
}

// describe appends an ownership record to the user's text.
func (p *Provider) describe(user string, record *connection.Record, other []string) string {
	if record == nil || p.unmarked && record.Phase == "" {
		return user
	}
	return joinDescription(user, *record, other)
}

// overlay writes the values that an operation sets into a document.
func (p *Provider) overlay(d *document, operation connection.Operation) {
	t := types[d.kind]
	for _, name := range operation.Remove {
		field := strings.TrimPrefix(name, extraPrefix)
		d.fields[field] = nil
		if s := t.fields[field]; s != nil && s.Default != nil {
			d.fields[field] = s.Default
		}
	}
	for _, part := range []map[string]any{operation.Set, operation.Credentials} {
		for name, value := range part {
			field := strings.TrimPrefix(name, extraPrefix)
			value = connection.Reveal(value)
			s := t.fields[field]
			if s != nil {
				value = s.normalize(value)
			}
			d.fields[field] = value
			if s != nil && s.ShownAs != "" {
				delete(d.fields, s.ShownAs) // the name decides
			}
		}
	}
}

// check refuses a write that would erase a secret: a field that the server stores, or that the
// connection needs with its current settings, and that is not declared, not even as absent.
// AllowSecretLoss permits such a write.
func (p *Provider) check(d document, kept []string, operation connection.Operation) error {
	if operation.AllowSecretLoss {
		return nil
	}
	t := types[d.kind]
	missing := slices.Clone(kept)
	for name, s := range t.fields {
		if s.masked() && s.inUse(d.fields, t) {
			missing = append(missing, name)
		}
	}
	missing = slices.DeleteFunc(missing, func(name string) bool {
		text, _ := d.fields[strings.TrimPrefix(name, extraPrefix)].(string)
		return text != "" || slices.Contains(operation.Remove, name)
	})
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	missing = slices.Compact(missing)
	return transport.Own(connection.ErrInvalid, "the write would clear %s and was not sent: declare it under credentials, or as null under properties if there is none", strings.Join(missing, ", "))
}

// freshCheck reads the connection of a write again before a repetition; maybe reports that the
// write may have been carried out. Its error ends the request. May be nil.
type freshCheck func(ctx context.Context, maybe bool) error

// onRepeats returns the check as [transport.Request.Fresh]. It skips the first attempt, whose
// connection was read to compute the request.
func (check freshCheck) onRepeats() func(ctx context.Context, maybe bool) ([]byte, error) {
	repeats := false
	return func(ctx context.Context, maybe bool) ([]byte, error) {
		if check == nil || !repeats {
			repeats = true
			return nil, nil
		}
		return nil, notBegun(ctx, check(ctx, maybe))
	}
}

// still returns the check that a connection is as it was read or, if the write may have been
// carried out, as it was sent.
func (p *Provider) still(key connection.Key, live, sent document) freshCheck {
	return func(ctx context.Context, maybe bool) error {
		now, err := p.getShown(ctx, key)
		switch {
		case err != nil:
			return err
		case digest(now) == digest(live), maybe && p.shows(now, sent) && now.record() == sent.record():
			return nil
		}
		return fmt.Errorf("%w; plan again", connection.ErrChanged)
	}
}

// write sends a whole connection and returns the body of the answer.
func (p *Provider) write(ctx context.Context, method string, key connection.Key, d document, operation connection.Operation, repeatable bool, fresh freshCheck) ([]byte, error) {
	path, err := connectionPath(key)
	if err != nil {
		return nil, err
	}
	body, err := d.encode()
	if err != nil {
		return nil, fmt.Errorf("encode the connection: %w", err)
	}
	got, err := p.client.do(ctx, transport.Request{
		Method: method, Path: path, Body: body, Repeatable: repeatable, Secrets: secretsOf(d, operation), Fresh: fresh.onRepeats(),
	})
	if err != nil {
		return nil, err
	}
	return got.Body, nil
}

// secretsOf returns the values of a body that an error must not quote: declared secrets and carried
// ones. The ownership record is not a secret, although it looks like one.
func secretsOf(d document, operation connection.Operation) []string {
	var values []string
	for _, secret := range append(connection.Secrets(operation.Credentials), connection.Secrets(operation.Set)...) {
		values = append(values, secret.Reveal())
	}
	for name, value := range d.fields {
		if Classify(d.kind, name) != connection.ClassProperty {
			if text, _ := value.(string); text != "" {
				values = append(values, text)
			}
			continue
		}
		if text, _ := value.(string); name == descriptionKey {
			value, _, _ = splitDescription(text)
		}
		for _, secret := range connection.Secrets(redactValue(name, value)) {
			values = append(values, secret.Reveal())
		}
	}
	return values
}

// update changes a connection, possibly its name too. It is based on the current state.
func (p *Provider) update(ctx context.Context, operation connection.Operation) connection.Outcome {
	outcome := connection.Outcome{ID: operation.ID}
	fail := func(err error) connection.Outcome {
		outcome.Err = fmt.Errorf("update connection: %w", err)
		return outcome
	}
	live, err := p.current(ctx, operation)
	if err != nil {
		return fail(notBegun(ctx, err))
	}
	d := p.updated(live, operation)
	kept := writeOnly(types[live.kind], live.fields)
	if !p.unmarked && live.record().Project == "" {
		kept = append(kept, dormant(types[live.kind], live.fields)...)
	}
	if err := p.check(d, kept, operation); err != nil {
		return fail(err)
	}
	to := operation.Key
	if operation.Name != "" {
		to.Name = operation.Name
		if err := p.free(ctx, operation.Key, to); err != nil {
			return fail(notBegun(ctx, err))
		}
	}
	body, err := p.save(ctx, http.MethodPut, operation.Key, d, operation, operation.Name == "", p.still(operation.Key, live, d))
	if err != nil && errors.Is(err, connection.ErrUnknownOutcome) && operation.Name != "" && p.arrived(ctx, operation.Key, to, d) {
		body, err = nil, nil
	}
	if err != nil {
		return fail(err)
	}
	p.forget(operation.Key)
	if connection.FoldKey(to) == connection.FoldKey(operation.Key) {
		p.acknowledged(to, digest(live), &d)
	} else {
		p.acknowledged(operation.Key, digest(live), nil)
		p.acknowledged(to, "", &d)
	}
	outcome.ID = idOf(to)
	if operation.Name != "" {
		if err := p.renamed(context.WithoutCancel(ctx), operation.Key, to); err != nil {
			return fail(err)
		}
	}
	operation.Key = to
	if err := p.settle(ctx, operation, d, body); err != nil {
		return fail(err)
	}
	return outcome
}

// current reads the connection to change, and returns an error if it differs from what the plan
// saw.
func (p *Provider) current(ctx context.Context, operation connection.Operation) (document, error) {
	live, err := p.getShown(ctx, operation.Key)
	if err != nil {
		return live, err
	}
	record := live.record()
	switch {
	case operation.DataSource != "" && live.kind != operation.DataSource:
		return live, transport.Own(connection.ErrConflict, "the connection of that name is of type %s now, not %s; plan again", p.said(live.kind), operation.DataSource)
	case p.project != "" && record.Project != "" && record.Project != p.project:
		return live, transport.Own(connection.ErrInvalid, "left alone because it belongs to project %q now", p.said(record.Project))
	case types[live.kind] == nil:
		return live, transport.Own(connection.ErrInvalid, "left alone because it is of type %q, which qlsync does not know", p.said(live.kind))
	case p.changed(operation.Key, live):
		return live, fmt.Errorf("%w (its fields, its credentials or its description); plan again", connection.ErrChanged)
	case operation.Kind == connection.Delete && operation.Seen != nil && takenAway(operation.Seen.Record, record):
		return live, fmt.Errorf("%w (its ownership record in the description); plan again", connection.ErrChanged)
	}
	return live, nil
}

// takenAway reports whether a connection that the plan could delete may no longer be deleted.
func takenAway(seen, now connection.Record) bool {
	return now.Project != seen.Project || now.Protected && !seen.Protected
}

// updated applies an operation to the live document. Masked and server-owned fields are not sent
// back: the returned value of a masked field may be ciphertext.
func (p *Provider) updated(live document, operation connection.Operation) document {
	d := document{kind: live.kind, twoTypes: live.twoTypes, fields: map[string]any{}}
	t := types[live.kind]
	for name, value := range live.fields {
		s := t.fields[name]
		text, _ := value.(string)
		switch {
		case slices.Contains(serverOwned, name), t.masks(live.fields, name) && !isVariable(text):
		case s != nil && value != nil:
			d.fields[name] = s.normalize(value) // without the server's additions to items
		default:
			d.fields[name] = value
		}
	}
	text, _ := live.fields[descriptionKey].(string)
	user, record, other := splitDescription(text)
	d.fields[descriptionKey] = nil
	p.overlay(&d, operation)
	if set, declared := operation.Set[descriptionKey].(string); declared {
		user = set
	} else if slices.Contains(operation.Remove, descriptionKey) {
		user = ""
	}
	if operation.Record != nil {
		record = *operation.Record
	}
	if p.unmarked {
		record = connection.Record{}
	}
	d.fields[descriptionKey] = joinDescription(user, record, other)
	d.fields["name"] = operation.Key.Name
	if name, _ := live.fields["name"].(string); name != "" {
		d.fields["name"] = name
	}
	if operation.Name != "" {
		d.fields["name"] = operation.Name
	}
	return d
}

// free returns an error if the new name is taken. A change of letter case alone would find the
// connection itself.
func (p *Provider) free(ctx context.Context, from, to connection.Key) error {
	if strings.EqualFold(from.Name, to.Name) {
		return nil
	}
	there, err := p.getShown(ctx, to)
	switch {
	case err == nil:
		return fmt.Errorf("%w: a connection of type %s has the name %q; plan again", connection.ErrConflict, p.said(there.kind), to.Name)
	case errors.Is(err, connection.ErrNotFound):
		return nil
	}
	if seemsAbsent(err) {
		return nil // the server itself refuses a name that is taken
	}
	return err
}

// arrived reports whether a rename without an answer was carried out.
func (p *Provider) arrived(ctx context.Context, from, to connection.Key, d document) bool {
	live, err := p.get(context.WithoutCancel(ctx), to, nil)
	if err != nil || !p.shows(live, d) || live.record() != d.record() {
		return false
	}
	name, _ := live.fields["name"].(string)
	return name == to.Name || from == to
}

// renamed reads a connection under its new name. Some pages of the documentation say that a write
// cannot rename.
func (p *Provider) renamed(ctx context.Context, from, to connection.Key) error {
	live, err := p.getShown(ctx, to)
	if err != nil {
		return fmt.Errorf("the manager acknowledged the new name %q, but the connection could not be read under it: %w", to.Name, asUnknownOutcome(err))
	}
	if name, _ := live.fields["name"].(string); name != to.Name {
		return transport.Own(connection.ErrUnknownOutcome, "the manager acknowledged the new name %q, but the connection is still called %q: rename it in the console, or declare it under that name", to.Name, p.said(name))
	}
	p.remember(to, live)
	if strings.EqualFold(from.Name, to.Name) {
		return nil
	}
	if _, err := p.getShown(ctx, from); err == nil {
		return transport.Own(connection.ErrUnknownOutcome, "the manager created %q instead of renaming %q, which is still there: delete one of them in the console", to.Name, from.Name)
	}
	return nil
}

// gained reports whether a live connection shows a secret that was not sent.
func (d document) gained(live document) bool {
	t := types[d.kind]
	for name, value := range live.fields {
		shown, _ := value.(string)
		sent, _ := d.fields[name].(string)
		if shown != "" && sent == "" && t.masks(live.fields, name) {
			return true
		}
	}
	return false
}

// shows reports whether a live connection equals what was sent, as far as the server returns it. A
// trial is accepted too.
func (p *Provider) shows(live, sent document) bool {
	if live.kind != sent.kind {
		return false
	}
	t := types[sent.kind]
	for name, value := range sent.fields {
		if name != "name" && !t.shows(live.fields, name, value) {
			return false
		}
	}
	return true
}

// shows reports whether a field equals what was sent, as far as the server returns it.
func (t *connectionType) shows(live map[string]any, name string, sent any) bool {
	have, s := live[name], t.fields[name]
	switch {
	case have == nil, sent == nil, s.masked(), s != nil && s.ShownAs != "":
		return true
	case s == nil:
		return connection.Equal(have, sent)
	}
	return s.Form == "" && s.property.Type == "string" && sent == "" || connection.Equal(s.normalize(have), s.normalize(sent))
}

// delete removes a connection. A connection that no longer exists is a success; a 404 alone does
// not prove that.
func (p *Provider) delete(ctx context.Context, operation connection.Operation) error {
	live, err := p.current(ctx, operation)
	if err != nil {
		if errors.Is(err, connection.ErrNotFound) {
			return nil
		}
		return fmt.Errorf("delete connection: %w", notBegun(ctx, err))
	}
	path, err := connectionPath(operation.Key)
	if err != nil {
		return err
	}
	stillOurs := freshCheck(func(ctx context.Context, _ bool) error {
		_, err := p.current(ctx, operation)
		return err
	})
	got, err := p.client.do(ctx, transport.Request{Method: http.MethodDelete, Path: path, Repeatable: true, Fresh: stillOurs.onRepeats()})
	p.forget(operation.Key)
	switch {
	case errors.Is(err, connection.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("delete connection: %w", err)
	}
	p.acknowledged(operation.Key, digest(live), nil)
	if state, failures := p.deploymentOf(got.Body); state == notDeployed && len(failures) > 0 && failures[0] != noGateway {
		return transport.Own(connection.ErrPending, "deleted, but perhaps still on gateways: %s", tell(failures, p.client.http.Redactor()))
	}
	return nil
}

// deploymentOf returns the deployment result of a write.
func (p *Provider) deploymentOf(body []byte) (deployment, []string) {
	var answer envelope
	if len(body) == 0 || json.Unmarshal(body, &answer) != nil {
		return deployUnknown, nil
	}
	return parseDeployment(answer.Deployment)
}
