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

// There is no ETag, so a write cannot be made conditional. Instead, the connection is read again
// after the write has its permit of the rate limit, and compared with what the plan saw or what our
// own acknowledged writes have left since, whichever is newer. A connection that another client has
// changed is not written. A race remains between that read and the write.

// errNothingLeft ends a request that is no longer needed.
var errNothingLeft = errors.New("nothing left to do")

// known is what this process knows of connections in addition to the plan; the zero value is empty.
type known struct {
	mu sync.Mutex
	// left holds the state of connections after our acknowledged writes, by id; older holds the state
	// before those writes, which the service may still return for a while.
	left  map[string]connection.Live
	older map[string][]connection.Live
}

// reset forgets everything, because a snapshot reads newer states.
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

// replace records that an acknowledged write has changed before to after.
func (k *known) replace(before, after connection.Live) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left[after.ID] = after
	k.older[after.ID] = append(k.older[after.ID], before)
}

// lags reports whether a read that ended with err shows the state before an acknowledged write of
// ours: not there yet, or unchanged.
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

// expected returns the last known state of the connection of an operation; nil: unknown.
func (k *known) expected(operation *connection.Operation) *connection.Live {
	k.mu.Lock()
	defer k.mu.Unlock()
	if left, ours := k.left[operation.ID]; ours {
		return &left
	}
	return operation.Seen
}

// checkFresh returns an error if the connection differs from its last known state. If an earlier
// attempt may have been carried out, the state after that attempt is accepted too.
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

// leftBy returns the state of a connection after an operation, with tags in the form in which they
// are read back.
func leftBy(operation *connection.Operation, before connection.Live) connection.Live {
	after := before.After(operation)
	set := splitTags(tagSet{user: after.Tags, record: after.Record}.tags())
	after.Tags, after.Record = set.user, set.record
	return after
}

// look reads one connection, with its properties only if they are to be compared: the service cannot
// return them if it cannot decrypt the credentials.
func (p *Provider) look(ctx context.Context, id string, parsed bool) (connection.Live, error) {
	if parsed {
		wire, err := p.read(ctx, id, nil)
		if err != nil {
			return connection.Live{}, err
		}
		return liveOf(id, wire), nil
	}
	var wire wireConnection
	if err := p.client.Do(ctx, Request{Method: http.MethodGet, Path: pathOf(id)}, &wire); err != nil {
		return connection.Live{}, err
	}
	if err := checkSame(id, &wire); err != nil {
		return connection.Live{}, err
	}
	return liveOf(id, wire), nil
}

// liveOf returns the parts that are compared before a write. The name of the space is unknown.
func liveOf(id string, wire wireConnection) connection.Live {
	wire.QID = id
	return toLive(wire, connection.Space{ID: wire.Space})
}

// sighting is the result of reading one connection just before a write.
type sighting struct {
	live connection.Live
	err  error // nil: the connection is in its last known state
}

// lookAgain reads the connections of a batch one by one: a list may lag behind, so a list that
// shows what the plan saw proves nothing. An error applies to all of them.
func (p *Provider) lookAgain(ctx context.Context, operations []connection.Operation, maybe bool) ([]sighting, error) {
	found := make([]sighting, len(operations))
	group, groupCtx := p.readers(ctx)
	for i := range operations {
		operation := &operations[i]
		expected := p.known.expected(operation)
		if expected == nil {
			continue
		}
		group.Go(func() error {
			found[i].err = p.untilShown(groupCtx, operation.ID, &found[i].live, func() (err error) {
				if found[i].live, err = p.look(groupCtx, operation.ID, expected.Parsed != 0); err != nil {
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

// checkSuccessor reads the replacement of a connection that is to be deleted, and refuses to delete
// the last credentials of the two.
func (p *Provider) checkSuccessor(ctx context.Context, operation *connection.Operation, deleted *connection.Live) error {
	if operation.Successor == nil {
		return nil
	}
	successor, err := p.look(ctx, operation.Successor.ID, false)
	if errors.Is(err, connection.ErrNotFound) { // a 404 of the connection to delete would mean success
		return fmt.Errorf("%w (%q, which has taken its place, is gone); plan again", connection.ErrChanged, operation.Successor.Key)
	}
	if err != nil {
		return fmt.Errorf("read %q, which has taken its place: %w", operation.Successor.Key, err)
	}
	return connection.CheckSuccessor(operation, deleted, &successor)
}

// acknowledge records the state after an acknowledged write, given the state read before. With
// [connection.Operation.ReadBack] it reads the new state, so that a later operation also notices
// writes of other clients in between. If another client had updated the connection before our
// write, which stops only operations that destroy, the difference stays on record for a later such
// operation.
func (p *Provider) acknowledge(ctx context.Context, operation *connection.Operation, before connection.Live) {
	expected := p.known.expected(operation)
	if expected == nil {
		return
	}
	after := leftBy(operation, before)
	isOwnerless := expected.Ownerless && after.OwnerID == "" // one answer alone cannot show that
	after.Ownerless = isOwnerless
	if operation.ReadBack {
		now, err := p.look(ctx, operation.ID, expected.Parsed != 0)
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

// unread is the error of a write whose connection could not be read before.
func unread(err error) error {
	if transport.IsInterrupted(err) && !errors.Is(err, connection.ErrUnknownOutcome) {
		return fmt.Errorf("%w: %w", connection.ErrNotSent, err)
	}
	return err
}

// untilVisible reads an acknowledged connection until it is found; see [transport.UntilVisible].
func untilVisible(ctx context.Context, read func() error) error {
	return transport.UntilVisible(ctx, func(err error) bool { return errors.Is(err, connection.ErrNotFound) }, read)
}

// untilShown reads a connection into live, and repeats the read while it shows the state before an
// acknowledged write of ours; see [transport.UntilVisible].
func (p *Provider) untilShown(ctx context.Context, id string, live *connection.Live, read func() error) error {
	return transport.UntilVisible(ctx, func(err error) bool { return p.known.lags(id, live, err) }, read)
}
