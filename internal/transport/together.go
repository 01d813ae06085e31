package transport

import "context"

type togetherKey struct{}

// Together returns a context under which at most n requests are in flight at the same time, of all
// clients together.
func Together(ctx context.Context, n int) context.Context {
	return context.WithValue(ctx, togetherKey{}, make(chan struct{}, n))
}

// takeTurn waits until fewer requests are in flight than [Together] allows, and returns the function
// that ends the turn.
func takeTurn(ctx context.Context) (end func(), err error) {
	turns, limited := ctx.Value(togetherKey{}).(chan struct{})
	if !limited || ctx.Err() != nil {
		return func() {}, ctx.Err()
	}
	defer Awaiting(ctx)()
	select {
	case turns <- struct{}{}:
		return func() { <-turns }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
