package apinizer

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

// noGateway is what is known of a deployment that failed and names no place.
const noGateway = "no gateway is named"

// settle finds out whether what was saved has reached the gateways.
//
// There is no call that deploys: the only way is to write again. So a write that was
// not deployed is written once more, with a mark that says so: if that is deployed,
// once more without it. Otherwise the mark stays, and the next plan finds it.
func (p *Provider) settle(ctx context.Context, what string, key connection.Key, d document, operation connection.Operation, body []byte) error {
	if d.fields["deployToWorker"] == false {
		return nil // nothing was asked for, and some answers say that it failed
	}
	state, failures := p.deploymentOf(body)
	if state != notDeployed {
		return nil // also where it is not told: that is no failure
	}
	pending := fmt.Errorf("%s: %w: %s", what, connection.ErrPending, tell(failures, p.client.redactor(&call{request: request{secrets: secretsOf(d, operation)}})))
	text, _ := d.fields[descriptionKey].(string)
	user, mark, other := splitDescription(text)
	if mark.Project == "" {
		return pending // there is no room for a mark
	}
	marked := document{kind: d.kind, twoTypes: d.twoTypes, fields: maps.Clone(d.fields)}
	unfinished := mark
	unfinished.Pending = true
	marked.fields[descriptionKey] = joinDescription(user, unfinished, other)
	again, err := p.put(ctx, key, marked, operation)
	if err != nil {
		return fmt.Errorf("%w; and it could not be marked: %w", pending, quiet(err))
	}
	if state, _ := p.deploymentOf(again); state == notDeployed {
		return pending
	}
	if _, err := p.put(ctx, key, d, operation); err != nil {
		return fmt.Errorf("%w; then it was, and the mark that says otherwise could not be taken away: %w", pending, quiet(err))
	}
	return nil // what differs now is the mark alone
}

// quiet drops what the engine would branch on: the operation itself is saved.
func quiet(err error) error { return errors.New(err.Error()) }

// put writes again what was just written.
func (p *Provider) put(ctx context.Context, key connection.Key, d document, operation connection.Operation) ([]byte, error) {
	ctx = context.WithoutCancel(ctx)
	d = document{kind: d.kind, twoTypes: d.twoTypes, fields: maps.Clone(d.fields)}
	d.fields["name"] = key.Name
	body, err := p.write(ctx, http.MethodPut, key, d, operation, true)
	p.forget(key)
	if live, readErr := p.get(ctx, key, nil); err == nil && readErr == nil {
		p.remember(key, live)
	}
	return body, err
}

// maxFailures bounds how many gateways are named.
const maxFailures = 5

func tell(failures []string, hide transport.Redactor) string {
	slices.Sort(failures)
	failures = slices.Compact(failures)
	more := ""
	if len(failures) > maxFailures {
		more = fmt.Sprintf("; and %d more", len(failures)-maxFailures)
		failures = failures[:maxFailures]
	}
	return hide.Clean(strings.Join(failures, "; "), maxText) + more
}
