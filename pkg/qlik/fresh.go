package qlik

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// There is no ETag, so a write cannot be made conditional. Instead, what it is about is
// read again when its place in the rate limit has been taken, and compared with what the
// plan saw or what our own acknowledged writes have left since, whichever is newer. What
// somebody else has changed is left alone. The moment between that read and the write
// remains.

// errNothingLeft ends a request that has nothing to do any more.
var errNothingLeft = errors.New("nothing left to do")

// known is what this process knows of connections beyond the plan; the zero value knows
// nothing.
type known struct {
	mu sync.Mutex
	// left holds how acknowledged writes of ours have left connections, by id; older holds
	// what was there before those writes, which the service may still show for a while.
	left  map[string]connection.Live
	older map[string][]connection.Live
}

// reset forgets everything: what a snapshot reads is newer.
func (k *known) reset() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left, k.older = map[string]connection.Live{}, map[string][]connection.Live{}
}

func (k *known) leave(live connection.Live) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left[live.ID] = live
}

// replace notes that an acknowledged write has made after of before.
func (k *known) replace(before, after connection.Live) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left[after.ID] = after
	k.older[after.ID] = append(k.older[after.ID], before)
}

// lags reports whether a read that ended with err shows the state from before an
// acknowledged write of ours: not there yet, or as it was.
func (k *known) lags(id string, now *connection.Live, err error) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if errors.Is(err, connection.ErrNotFound) {
		_, ours := k.left[id]
		return ours
	}
	return errors.Is(err, connection.ErrChanged) && slices.ContainsFunc(k.older[id], func(before connection.Live) bool {
		return connection.CheckUnchanged(&before, now, &connection.Operation{Kind: connection.Delete}) == nil
	})
}

// expected returns how the connection of an operation was last known; nil: not at all.
func (k *known) expected(operation *connection.Operation) *connection.Live {
	k.mu.Lock()
	defer k.mu.Unlock()
	if left, ours := k.left[operation.ID]; ours {
		return &left
	}
	return operation.Seen
}

// checkFresh refuses to write on what is not as it was last known. Where an earlier
// attempt may have been carried out, what that would have left is as good.
func (p *Provider) checkFresh(operation *connection.Operation, now *connection.Live, maybe bool) error {
	expected := p.known.expected(operation)
	if expected == nil {
		return nil
	}
	err := connection.CheckUnchanged(expected, now, operation)
	if hide := p.client.http.Redactor(); err != nil && hide.Holds(now.Key.Name) {
		shown := *now // the error quotes the name
		shown.Key.Name = hide.Text(now.Key.Name)
		err = connection.CheckUnchanged(expected, &shown, operation)
	}
	if err != nil && maybe {
		carriedOut := leftBy(operation, *expected)
		if connection.CheckUnchanged(&carriedOut, now, operation) == nil {
			return nil
		}
	}
	return err
}

// leftBy returns how a connection is known after an operation, with tags as they are read
// back.
func leftBy(operation *connection.Operation, before connection.Live) connection.Live {
	after := before.After(operation)
	set := splitTags(tagSet{user: after.Tags, record: after.Record}.tags())
	after.Tags, after.Record = set.user, set.record
	return after
}

// look reads one connection without its properties, which cannot be answered where its
// credentials cannot be decrypted.
func (p *Provider) look(ctx context.Context, id string) (connection.Live, error) {
	var wire wireConnection
	if err := p.client.Do(ctx, Request{Method: http.MethodGet, Path: pathOf(id)}, &wire); err != nil {
		return connection.Live{}, err
	}
	if err := checkSame(id, &wire); err != nil {
		return connection.Live{}, err
	}
	return liveOf(id, wire), nil
}

// liveOf takes over what is compared before a write. The name of the space is unknown.
func liveOf(id string, wire wireConnection) connection.Live {
	wire.QID = id
	return toLive(wire, connection.Space{ID: wire.Space})
}

// sighting is what was found out about one connection just before a write.
type sighting struct {
	live connection.Live
	err  error // nil: it is as it was last known
}

// lookAgain reads the connections of a batch, each one by itself: a list may lag behind, and
// one that shows what the plan saw proves nothing. The error is one of all.
func (p *Provider) lookAgain(ctx context.Context, operations []connection.Operation, maybe bool) ([]sighting, error) {
	found := make([]sighting, len(operations))
	group, groupCtx := p.readers(ctx)
	for i := range operations {
		operation := &operations[i]
		if p.known.expected(operation) == nil {
			continue
		}
		group.Go(func() error {
			found[i].err = p.untilShown(groupCtx, operation.ID, &found[i].live, func() (err error) {
				if found[i].live, err = p.look(groupCtx, operation.ID); err != nil {
					return err
				}
				return p.checkFresh(operation, &found[i].live, maybe)
			})
			if found[i].err == nil {
				found[i].err = p.checkSuccessor(groupCtx, operation, &found[i].live)
			}
			if affectsAll(found[i].err) {
				return found[i].err
			}
			return nil
		})
	}
	return found, group.Wait()
}

// checkSuccessor reads what has taken the place of a connection that is to be deleted, and
// refuses to delete the last credentials of the two.
func (p *Provider) checkSuccessor(ctx context.Context, operation *connection.Operation, deleted *connection.Live) error {
	if operation.Successor == nil {
		return nil
	}
	successor, err := p.look(ctx, operation.Successor.ID)
	if errors.Is(err, connection.ErrNotFound) { // which of the deleted one would mean success
		return fmt.Errorf("%w (%q, which has taken its place, is gone); plan again", connection.ErrChanged, operation.Successor.Key)
	}
	if err != nil {
		return fmt.Errorf("read %q, which has taken its place: %w", operation.Successor.Key, err)
	}
	return connection.CheckSuccessor(operation, deleted, &successor)
}

// acknowledge notes what an acknowledged write has left of what was read before it. With
// [connection.Operation.ReadBack] that is read, so that a later operation also notices what
// somebody else writes in between. Where somebody had updated the connection before our write,
// which only stops what destroys, that stays known: a later operation may destroy.
func (p *Provider) acknowledge(ctx context.Context, operation *connection.Operation, before connection.Live) {
	expected := p.known.expected(operation)
	if expected == nil {
		return
	}
	after := leftBy(operation, before)
	isOwnerless := expected.Ownerless && after.OwnerID == "" // as one answer cannot say
	after.Ownerless = isOwnerless
	if operation.ReadBack {
		now, err := p.look(ctx, operation.ID)
		lags := !before.UpdatedAt.IsZero() && before.UpdatedAt.Equal(now.UpdatedAt)
		if err == nil && !lags && connection.CheckUnchanged(&after, &now, operation) == nil {
			after = now
			after.Ownerless = isOwnerless && now.OwnerID == ""
		}
	}
	if connection.IsUpdated(expected, &before) {
		after.UpdatedAt = expected.UpdatedAt
	}
	p.known.replace(before, after)
}

// unread is the error of a write whose connections could not be read before.
func unread(err error) error {
	if transport.IsInterrupted(err) && !errors.Is(err, connection.ErrUnknownOutcome) {
		return fmt.Errorf("%w: %w", connection.ErrNotSent, err)
	}
	return err
}

// untilVisible reads what was just acknowledged until it is found; see
// [transport.UntilVisible].
func untilVisible(ctx context.Context, read func() error) error {
	return transport.UntilVisible(ctx, func(err error) bool { return errors.Is(err, connection.ErrNotFound) }, read)
}

// untilShown reads a connection into live, again as long as that shows the state from before
// an acknowledged write of ours; see [transport.UntilVisible].
func (p *Provider) untilShown(ctx context.Context, id string, live *connection.Live, read func() error) error {
	return transport.UntilVisible(ctx, func(err error) bool { return p.known.lags(id, live, err) }, read)
}
