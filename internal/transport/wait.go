package transport

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxUndatedWait bounds the wait for a date in Retry-After that can only be compared with our own
// clock, which may be wrong by hours.
const maxUndatedWait = 5 * time.Minute

// RetryAfter returns the wait that a service requests. It reports false if the header is missing,
// unreadable, or a past date that cannot be trusted because the answer has no Date.
//
// Retry-After is a number of seconds or a date (RFC 9110, section 10.2.3). A date is compared with
// the Date of the same answer, because the server wrote both by one clock. Without a Date it is
// compared with now, and the wait is at most 5 minutes. The wait is never negative. The caller
// bounds it further.
func RetryAfter(header http.Header, now time.Time) (wait time.Duration, ok bool) {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return time.Duration(max(0, seconds)) * time.Second, seconds >= 0
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	if sent, ok := ServerTime(header); ok {
		return max(0, until.Sub(sent)), true
	}
	wait = min(until.Sub(now), maxUndatedWait)
	return max(0, wait), wait > 0
}

// ServerTime returns the time at which the service wrote an answer, by its own clock. It reports
// false if the answer does not say.
func ServerTime(header http.Header) (time.Time, bool) {
	at, err := http.ParseTime(header.Get("Date"))
	return at, err == nil
}
