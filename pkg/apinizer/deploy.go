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

// noGateway is the reason of a failed deployment that names no gateway.
const noGateway = "the manager does not name the gateways that it did not reach"

// save sends a whole connection. If it is to be deployed to the gateways, its ownership record says
// that the deployment is pending: the next plan then knows, even if this process ends before the
// answer arrives.
func (p *Provider) save(ctx context.Context, method string, key connection.Key, d document, operation connection.Operation, repeatable bool, fresh freshCheck) ([]byte, error) {
	d.setPending(d.deploys())
	return p.write(ctx, method, key, d, operation, repeatable, fresh)
}

// settle reads the saved connection and finds out whether it has reached the gateways. If so, it
// writes the connection again without the pending flag, because no call changes only the flag.
// Otherwise the flag stays, and the next plan finds it: another write is the only way to deploy. If
// the answer was lost, there is no body, and settle writes again at once.
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
		return nil // no deployment was requested, and some answers still report a failure
	}
	if body == nil {
		var err error
		if body, err = again(true); err != nil {
			return transport.Own(connection.ErrPending, "saved, but perhaps not deployed: the answer was lost, and the write that would deploy it was not done: %v", err)
		}
		live, readErr = p.current(ctx, operation)
	}
	// A missing report is not a failure.
	if state, failures := p.deploymentOf(body); state == notDeployed {
		return fmt.Errorf("%w: %s", connection.ErrPending, tell(failures, p.client.http.Redactor(secretsOf(sent, operation)...)))
	}
	if sent.record().Project == "" {
		return nil
	}
	if _, err := again(false); err != nil && !p.marked(ctx, operation.Key, sent) {
		return transport.Own(connection.ErrPending, "deployed, but \"pending\" in its ownership record could not be cleared: %v", err)
	}
	return nil // only the ownership record has not reached the gateways
}

// again writes the live connection once more after a write, with masked fields as they were sent.
// Later changes by other clients stay. again writes nothing if another client changed the ownership
// record, or if the write would erase a secret that was added.
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

// marked reports whether the live connection has the ownership record that was sent, without the
// pending flag.
func (p *Provider) marked(ctx context.Context, key connection.Key, sent document) bool {
	live, err := p.getShown(ctx, key)
	return err == nil && live.settledRecord() == sent.settledRecord() && !live.record().Pending
}

// deployKey is the field by which a write requests its deployment.
const deployKey = "deployToWorker"

// deploys reports whether a write deploys to the gateways.
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
