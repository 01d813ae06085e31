package transport

import (
	"errors"
	"regexp"
)

// Codes of HTTP/2 errors with which a server refuses requests for now (RFC 9113, section 7).
const (
	http2Refused = 0x7 // REFUSED_STREAM: the request was not processed
	http2Calm    = 0xb // ENHANCE_YOUR_CALM: too many requests at once
)

// streamError has the fields of http2.StreamError. The type that net/http uses is not exported, but
// errors.As can copy it into any struct with the same fields.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return "http2 stream error" }

// The errors of net/http after a GOAWAY have no exported type, so their text is matched.
// goAwayUnseen belongs to a request that the server has not processed, because its stream is above
// the last one that the server names; goAwayClosed to a request that the server may have processed.
var (
	goAwayUnseen = regexp.MustCompile(`^http2: Transport received (?:GOAWAY from server ErrCode:\w+|Server's graceful shutdown GOAWAY)$|cannot retry err \[http2: Transport received Server's graceful shutdown GOAWAY\]`)
	goAwayClosed = regexp.MustCompile(`^http2: server sent GOAWAY and closed the connection; LastStreamID=(\d+), `)
)

// hugeHeaders matches the errors of net/http for an answer whose headers are larger than
// the transport allows.
var hugeHeaders = regexp.MustCompile(`^net/http: server response headers exceeded \d+ bytes|http2: response header list larger than advertised limit$`)

// turnedAway reports whether an HTTP/2 server refused a request for now, and whether the server
// says that it has not processed the request.
func turnedAway(err error) (away, unseen bool) {
	if stream, ok := errors.AsType[streamError](err); ok {
		return stream.Code == http2Refused || stream.Code == http2Calm, stream.Code == http2Refused
	}
	text := innermost(err).Error()
	if goAwayUnseen.MatchString(text) {
		return true, true
	}
	if closed := goAwayClosed.FindStringSubmatch(text); closed != nil {
		return true, closed[1] == "0" // no stream was processed
	}
	return false, false
}

// innermost returns the first error of a chain of single errors.
func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
