package transport

import (
	"context"
	"sync"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// pauses are the current pauses between attempts. The zero value is empty.
type pauses struct {
	mu    sync.Mutex
	under map[*connection.Wait]bool
}

// Sleep is like [Sleep], and [pauses.Longest] reports the pause until it ends. A pause after a
// failure counts as [Awaiting].
func (p *pauses) Sleep(ctx context.Context, why connection.WaitReason, wait time.Duration) error {
	pause := &connection.Wait{For: why, Until: time.Now().Add(wait)}
	p.mu.Lock()
	if p.under == nil {
		p.under = map[*connection.Wait]bool{}
	}
	p.under[pause] = true
	p.mu.Unlock()
	if why == connection.WaitRetry {
		defer Awaiting(ctx)()
	}
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.under, pause)
	}()
	return Sleep(ctx, wait)
}

// Longest returns the pause that ends last; the zero value if there is none.
func (p *pauses) Longest() connection.Wait {
	p.mu.Lock()
	defer p.mu.Unlock()
	var longest connection.Wait
	for pause := range p.under {
		if pause.Until.After(longest.Until) {
			longest = *pause
		}
	}
	return longest
}
