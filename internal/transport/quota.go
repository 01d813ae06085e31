package transport

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// What a service may answer in all while a tenant is read once. [WithQuota] raises both.
const (
	maxAnswers = 256 << 20 // bytes of all answers together
	maxItems   = 250_000   // items of all lists together
)

const hintRaise = "raise the limits with --raise-limits N if the tenant is that large"

// errTooMuch is the reason of a [Failure] whose answer came and was one too many.
var errTooMuch = errors.New("too many bytes")

type quotaKey struct{}

// quota is what a service has answered under one context.
type quota struct {
	factor       int64
	bytes, items atomic.Int64
}

// WithQuota returns a context under which the answers of a service are bounded as a whole,
// not only each by itself. The limits are multiplied by raise; zero is one.
func WithQuota(ctx context.Context, raise int) context.Context {
	return context.WithValue(ctx, quotaKey{}, &quota{factor: int64(max(1, raise))})
}

// TakeItems counts items of a list. The error says that there are more than allowed.
func TakeItems(ctx context.Context, number int) error {
	q, _ := ctx.Value(quotaKey{}).(*quota)
	if q == nil || q.items.Add(int64(number)) <= q.factor*maxItems {
		return nil
	}
	return fmt.Errorf("the tenant lists more than %d items (%s)", q.factor*maxItems, hintRaise)
}

// takeBytes counts the bytes of an answer, and returns why it is one too many; empty
// where it is not.
func takeBytes(ctx context.Context, number int) string {
	q, _ := ctx.Value(quotaKey{}).(*quota)
	if q == nil || q.bytes.Add(int64(number)) <= q.factor*maxAnswers {
		return ""
	}
	return fmt.Sprintf("the tenant's answers are larger than %d MiB in all", q.factor*maxAnswers>>20)
}
