package apinizer

import (
	"context"
	"errors"
	"net/http"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// written is an acknowledged write of this process that the manager may not show yet.
type written struct {
	before string    // the digest of the previous state; empty: no connection
	after  *document // nil: no connection
}

// acknowledged records the states before and after a write under a key.
func (p *Provider) acknowledged(key connection.Key, before string, after *document) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writes[connection.FoldKey(key)] = written{before, after}
}

// getShown reads one connection, and repeats the read while it shows the state before an
// acknowledged write of this process; see [transport.UntilVisible].
func (p *Provider) getShown(ctx context.Context, key connection.Key) (d document, err error) {
	err = transport.UntilVisible(ctx, func(err error) bool { return p.lags(key, d, err) }, func() (err error) {
		d, err = p.get(ctx, key, nil)
		return err
	})
	return d, err
}

// lags reports whether a read shows the state from before the last write under a key.
func (p *Provider) lags(key connection.Key, d document, err error) bool {
	p.mu.Lock()
	last, ours := p.writes[connection.FoldKey(key)]
	p.mu.Unlock()
	switch {
	case !ours:
		return false
	case last.after == nil:
		return err == nil && digest(d) == last.before
	case err != nil:
		return seemsAbsent(err)
	}
	shown := p.shows(d, *last.after) && d.record() == last.after.record() && d.fields["name"] == last.after.fields["name"]
	return !shown && digest(d) == last.before
}

// seemsAbsent reports whether an error may mean that nothing is there: a 404 of any server or
// proxy, or a refusal without a reason.
func seemsAbsent(err error) bool {
	refusal := transport.RefusalOf(err)
	return errors.Is(err, connection.ErrNotFound) || refusal != nil && (refusal.Status == http.StatusNotFound || errors.Is(err, connection.ErrInvalid))
}
