package spec

import (
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// RateLimits are what a tenant allows one user, as far as the files say it. A zero
// limit is not declared.
type RateLimits struct{ Reads, Writes connection.RateLimit }

// defaultWindow is the time over which a rate is evaluated where the file does not
// say.
const defaultWindow = 5 * time.Minute

// rateLimits reads the limits of a project or of one of its tenants; what is not
// written is that of the outer ones.
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

// rateLimit reads one limit: so many requests a minute, of which a burst may be sent
// at once. It is kept as the number of a burst in the time that earns it, which is the
// whole window unless a burst is declared: then no window ever has more than its
// share, and what is sent at once never exceeds the burst.
func (n *notes) rateLimit(tree *node) connection.RateLimit {
	rate, burst := integer(tree.get("rate")), integer(tree.get("burst"))
	window := defaultWindow
	if text := textOf(tree.get("window")); text != "" {
		window, _ = time.ParseDuration(text) // the structure says whether it is one
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
