package apinizer

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// noGateway is what is known of a deployment that failed and names no place.
const noGateway = "the manager does not name the gateways that it did not reach"

// save sends a whole connection. Where it is to be brought to the gateways, its ownership record
// says that it is not there yet: so whoever plans next knows, also if this process
// ends before the answer comes.
func (p *Provider) save(ctx context.Context, method string, key connection.Key, d document, operation connection.Operation, repeatable bool, fresh freshCheck) ([]byte, error) {
	d.setPending(d.deploys())
	return p.write(ctx, method, key, d, operation, repeatable, fresh)
}

// settle reads what was saved, and finds out whether it has reached the gateways. If so, it
// writes the connection once more without the mark that says otherwise, as there is no call
// that changes only that. Otherwise the ownership record stays, and the next plan finds it: to write
// again is the only way to deploy. If the answer was lost, there is no body, and settle writes
// again at once.
func (p *Provider) settle(ctx context.Context, operation connection.Operation, sent document, body []byte) error {
	ctx = context.WithoutCancel(ctx)
	operation.Name = ""
	p.forget(operation.Key)
	live, readErr := p.current(ctx, operation)
	if readErr == nil {
		p.remember(operation.Key, live)
	}
	again := func(pending bool) ([]byte, error) {
		if readErr != nil {
			return nil, readErr
		}
		return p.again(ctx, operation, sent, live, pending)
	}
	if !sent.deploys() {
		return nil // nothing was asked for, and some answers say that it failed
	}
	if body == nil {
		var err error
		if body, err = again(true); err != nil {
			return transport.Own(connection.ErrPending, "saved, but perhaps not deployed: the answer was lost, and the write that would deploy it was not done: %v", err)
		}
		live, readErr = p.current(ctx, operation)
	}
	// That it is not told is no failure.
	if state, failures := p.deploymentOf(body); state == notDeployed {
		return fmt.Errorf("%w: %s", connection.ErrPending, tell(failures, p.client.http.Redactor(secretsOf(sent, operation)...)))
	}
	if sent.record().Project == "" {
		return nil
	}
	if _, err := again(false); err != nil && !p.marked(ctx, operation.Key, sent) {
		return transport.Own(connection.ErrPending, "deployed, but \"pending\" in its ownership record could not be cleared: %v", err)
	}
	return nil // what has not reached a gateway now is the ownership record alone
}

// again writes once more what is live after a write, with what the manager does not show of
// it as it was sent. What somebody else changed since stays as it is. again writes nothing if
// that was the ownership record, or if the write would blank a secret that was added.
func (p *Provider) again(ctx context.Context, operation connection.Operation, sent, live document, pending bool) ([]byte, error) {
	if live.settledRecord() != sent.settledRecord() {
		return nil, fmt.Errorf("%w (its ownership record in the description); plan again", connection.ErrChanged)
	}
	t := types[live.kind]
	isOther := func(name string) bool {
		field := strings.TrimPrefix(name, extraPrefix)
		return !t.shows(live.fields, field, sent.fields[field])
	}
	operation.Set = maps.Clone(operation.Set)
	maps.DeleteFunc(operation.Set, func(name string, _ any) bool { return isOther(name) })
	operation.Remove = slices.DeleteFunc(slices.Clone(operation.Remove), isOther)
	d := p.updated(live, operation)
	known := writeOnly(t, sent.fields)
	added := slices.DeleteFunc(writeOnly(t, live.fields), func(name string) bool { return slices.Contains(known, name) })
	if err := p.check(d, added, operation); err != nil {
		return nil, err
	}
	d.setPending(pending)
	body, err := p.write(ctx, http.MethodPut, operation.Key, d, operation, true, p.still(operation.Key, live, d))
	if err == nil {
		p.acknowledged(operation.Key, digest(live), &d)
	}
	return body, err
}

// marked reports whether what was sent has its ownership record, without the word pending.
func (p *Provider) marked(ctx context.Context, key connection.Key, sent document) bool {
	live, err := p.getShown(ctx, key)
	return err == nil && live.settledRecord() == sent.settledRecord() && !live.record().Pending
}

// deployKey is the field by which a write is asked to deploy what it writes.
const deployKey = "deployToWorker"

// deploys reports whether a write brings it to the gateways.
func (d document) deploys() bool { return d.fields[deployKey] != false }

// maxFailures bounds how many gateways are named.
const maxFailures = 5

func tell(failures []string, hide *transport.Redactor) string {
	slices.Sort(failures)
	failures = slices.Compact(failures)
	more := ""
	if len(failures) > maxFailures {
		more = fmt.Sprintf("; and %d more", len(failures)-maxFailures)
		failures = failures[:maxFailures]
	}
	return hide.Sanitize(strings.Join(failures, "; "), maxText) + more
}
