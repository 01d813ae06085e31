package transport

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/words"
)

// Limits on all answers of a service while a tenant is read once. [WithQuota] raises them.
const (
	maxAnswers = limits.TenantBytes // size of all answers together
	maxItems   = limits.TenantItems // items of all lists together
	maxWaiting = time.Hour          // see [Awaiting]
)

const hintRaise = limits.Option + " if the tenant is that large"

// errTooMuch is the reason of a [Failure] of a request that exceeds a limit of ours.
var errTooMuch = errors.New("more than the limit")

type quotaKey struct{}

// quota counts what a service has answered under one context.
type quota struct {
	factor       int64
	bytes, items atomic.Int64

	mu     sync.Mutex
	away   int           // current waits
	since  time.Time     // when the first current wait began
	waited time.Duration // in earlier waits
}

// WithQuota returns a context under which the answers of a service are bounded in total, not only
// one by one. The limits are multiplied by raise; zero means one. A context that has a quota keeps
// it.
func WithQuota(ctx context.Context, raise int) context.Context {
	if quotaOf(ctx) != nil {
		return ctx
	}
	return context.WithValue(ctx, quotaKey{}, &quota{factor: int64(max(1, raise))})
}

func quotaOf(ctx context.Context) *quota {
	q, _ := ctx.Value(quotaKey{}).(*quota)
	return q
}

// Awaiting counts the time until done is called as waiting for the service: for an answer, for a
// token, or for another attempt after a failure. Overlapping waits count once. A wait for a rate
// limit does not count.
func Awaiting(ctx context.Context) (done func()) {
	q := quotaOf(ctx)
	if q == nil {
		return func() {}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.away == 0 {
		q.since = time.Now()
	}
	q.away++
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.away--; q.away == 0 {
			q.waited += time.Since(q.since)
		}
	}
}

// tooLong returns why no more requests may be sent; empty: they may.
func tooLong(ctx context.Context) string {
	q := quotaOf(ctx)
	if q == nil {
		return ""
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	waited, limit := q.waited, time.Duration(q.factor)*maxWaiting
	if q.away > 0 {
		waited += time.Since(q.since)
	}
	if waited <= limit {
		return ""
	}
	return fmt.Sprintf("waiting for the tenant's answers has taken more than %s in all", words.Duration(limit))
}

// TakeItems counts items of a list. The error means that there are more than allowed.
func TakeItems(ctx context.Context, number int) error {
	q := quotaOf(ctx)
	if q == nil || q.items.Add(int64(number)) <= q.factor*maxItems {
		return nil
	}
	return fmt.Errorf("the tenant lists more than %s items (%s)", limits.Grouped(int64(q.factor*maxItems)), hintRaise)
}

// takeBytes counts the bytes of an answer, and returns why the answer is too much; empty: it is
// not.
func takeBytes(ctx context.Context, number int) string {
	q := quotaOf(ctx)
	if q == nil || q.bytes.Add(int64(number)) <= q.factor*maxAnswers {
		return ""
	}
	return fmt.Sprintf("the tenant's answers are larger than %d MiB in all", q.factor*maxAnswers>>20)
}
