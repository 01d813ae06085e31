package spec

import (
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// RateLimits are a tenant's limits for one user, as declared. A zero limit is not declared.
type RateLimits struct{ Reads, Writes connection.RateLimit }

// defaultWindow is the default time over which a rate is evaluated.
const defaultWindow = 5 * time.Minute

// rateLimits reads the limits of a project or of one of its tenants; missing limits are the outer
// ones.
func (n *notes) rateLimits(tree *node, outer RateLimits) RateLimits {
	limits := outer
	if written := tree.get("reads"); written != nil {
		limits.Reads = n.rateLimit(written)
	}
	if written := tree.get("writes"); written != nil {
		limits.Writes = n.rateLimit(written)
	}
	return limits
}

// rateLimit reads one limit: a number of requests per minute, of which a burst may be sent at once.
// It is stored as the burst and the time in which the burst is allowed once, which is the whole
// window unless a burst is declared. Then no window exceeds its limit, and the requests sent at
// once never exceed the burst.
func (n *notes) rateLimit(tree *node) connection.RateLimit {
	rate, burst := integer(tree.get("rate")), integer(tree.get("burst"))
	window := defaultWindow
	if text := textOf(tree.get("window")); text != "" {
		window, _ = time.ParseDuration(text) // the structure check reports an invalid one
	}
	if rate < 1 || window <= 0 {
		return connection.RateLimit{}
	}
	share := int(int64(rate) * int64(window) / int64(time.Minute))
	switch {
	case share < 1:
		n.add(tree.entry("rate").place, connection.Because("rate-below-one"))
		return connection.RateLimit{}
	case burst > share:
		n.add(tree.entry("burst").place, connection.Because("burst-too-large", "share", share))
		return connection.RateLimit{}
	case burst < 1:
		return connection.RateLimit{Requests: share, Window: window}
	}
	return connection.RateLimit{Requests: burst, Window: time.Duration(int64(burst) * int64(time.Minute) / int64(rate))}
}
