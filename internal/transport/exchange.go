package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/qlsync/qlsync/internal/limits"
)

// Answer is a whole answer of a service.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// URL is the final address of the request.
	URL *url.URL

	failed  Error // the error of the answer, as far as the pipeline knows it
	isWrite bool
	isCut   bool // only the first maxProblem bytes of the body were read
}

// Unreadable returns the error of an answer that reports success and cannot be used. A write has
// then probably happened.
func (a *Answer) Unreadable(why string) *Error {
	failed := a.failed
	failed.Detail, failed.Unknown = why, a.isWrite
	return &failed
}

// NotJSON describes a body that is not JSON.
func (a *Answer) NotJSON(hide *Redactor) string {
	size := fmt.Sprint(len(a.Body))
	switch {
	case a.isCut:
		size = fmt.Sprintf("more than %d", maxProblem)
	case len(bytes.TrimSpace(a.Body)) == 0:
		return "the answer is empty"
	}
	return fmt.Sprintf("the answer is not whole JSON (%s bytes of %q)", size, hide.Sanitize(a.Header.Get("Content-Type"), maxCode))
}

// maxCode bounds a name that is quoted from a service, in characters.
const maxCode = 64

// maxAnswer bounds the body of an answer.
const maxAnswer = limits.AnswerBytes

// maxProblem bounds how much of a failure's body is read, of which only a few words are shown.
const maxProblem = 1 << 20

// maxMarks bounds the values of an answer, by its commas and opening brackets. A decoded value
// takes many times the memory of its text: 32 MiB of "{}," become a gigabyte.
const maxMarks = limits.AnswerMarks

// maxDepth bounds how deep the lists and maps of an answer are nested.
const maxDepth = 500

const adviseURL = "; check the url of the tenant, and whether something else answers there"

var (
	errTooLarge = fmt.Errorf("the answer is larger than %d MiB%s", maxAnswer>>20, adviseURL)
	errTooMany  = fmt.Errorf("the answer holds more than %s commas and brackets%s", limits.Grouped(maxMarks), adviseURL)
	errTooDeep  = fmt.Errorf("the answer is nested deeper than %d levels%s", maxDepth, adviseURL)
)

// checkShape returns an error if decoding a JSON text would take too much memory, or if the
// text is nested too deep. It does not decode: it counts commas and brackets outside of
// strings.
func checkShape(text []byte) error {
	marks, depth, inString := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++ // the next byte is escaped
		case c == '"':
			inString = !inString
		case inString:
		case c == ',':
			marks++
		case c == '[' || c == '{':
			marks++
			depth++
		case c == ']' || c == '}':
			depth--
		}
		if depth > maxDepth {
			return errTooDeep
		}
	}
	if marks > maxMarks {
		return errTooMany
	}
	return nil
}

// maxText bounds one text in a list of a service, in bytes, as in our own files.
const maxText = 1 << 20

// ErrLongText is the error of an answer, or of an item in a list, with a text that is too long to
// declare or report.
var ErrLongText = fmt.Errorf("it holds a text longer than %d MiB", maxText>>20)

// CheckTexts returns [ErrLongText] if a JSON text holds a string that is too long.
func CheckTexts(text []byte) error {
	if len(text) <= maxText {
		return nil
	}
	inString, begin := false, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++ // the next byte is escaped
		case c == '"' && inString && i-begin > maxText:
			return ErrLongText
		case c == '"':
			inString, begin = !inString, i
		}
	}
	return nil
}

// exchange sends one request and reads the whole answer, regardless of its status. Without an
// answer the error is a [*Failure]. With an answer the error means that the body is too large and
// was not read to its end, or has too many values or levels to be decoded.
//
// The logger receives one debug record: no query (it may contain an e-mail address), no header (the
// token), no body (secrets). attempt is the number of this attempt; hide redacts the secrets of the
// request from an error that may quote an answer that is not HTTP.
func exchange(client *http.Client, logger *slog.Logger, request *http.Request, attempt int, hide *Redactor) (*Answer, error) {
	start := time.Now()
	got, err := roundTrip(client, request, hide)
	if !logger.Enabled(request.Context(), slog.LevelDebug) {
		return got, err // searching the path for secrets takes longer than many requests
	}
	attributes := []slog.Attr{
		slog.String("method", request.Method), slog.String("path", pathOf(request.URL, hide)),
		slog.Int("attempt", attempt), slog.Duration("duration", time.Since(start)),
	}
	if got != nil {
		attributes = append(attributes, slog.Int("status", got.Status))
	}
	if failed, ok := errors.AsType[*Failure](err); ok {
		attributes = append(attributes, slog.String("error", failed.Cause))
	}
	logger.LogAttrs(request.Context(), slog.LevelDebug, "request", attributes...)
	return got, err
}

// pathOf returns the path of an address without long secrets, because a link or a redirect of a
// service may contain anything.
func pathOf(address *url.URL, hide *Redactor) string {
	if hide.Holds(address.Path) {
		return hide.Text(address.Path)
	}
	return address.Path
}

func roundTrip(client *http.Client, request *http.Request, hide *Redactor) (*Answer, error) {
	if why := tooLong(request.Context()); why != "" {
		return nil, overQuota(request, hide, why, false)
	}
	defer Awaiting(request.Context())()
	var made progress
	response, err := client.Do(request.WithContext(made.trace(request.Context())))
	if err != nil {
		return nil, newFailure(client, request, err, made.reached(), hide)
	}
	defer response.Body.Close()
	most := maxAnswer
	if response.StatusCode >= http.StatusBadRequest {
		most = maxProblem
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, int64(most)+1))
	if err != nil {
		failed := newFailure(client, request, err, phaseAnswer, hide)
		failed.Sent = true // a part of the answer has arrived
		return nil, failed
	}
	if why := takeBytes(request.Context(), len(body)); why != "" {
		return nil, overQuota(request, hide, why, true)
	}
	got := &Answer{Status: response.StatusCode, Header: response.Header, Body: body}
	switch {
	case len(body) <= most:
	case most == maxAnswer:
		return got, errTooLarge
	default:
		got.Body, got.isCut = closeJSON(body[:most]), true
	}
	return got, checkShape(got.Body)
}

// closeJSON completes the beginning of a JSON text: it drops an incomplete last value, and closes
// the open lists and maps. In a long text it keeps a part that is never shown, because a secret may
// cross the cut.
func closeJSON(text []byte) []byte {
	const shown = 2 * maxQuoted
	var open []byte // the brackets that close the open lists and maps
	whole, colon, begin, part, inString := 0, 0, 0, 0, false
	for i := 0; i < len(text); i++ {
		if inString && i-begin <= shown {
			part = i
		}
		switch c := text[i]; {
		case inString && bytes.HasPrefix(text[i:], []byte(`\u`)):
			i += len(`u0041`)
		case inString && c == '\\':
			i++
		case c == '"':
			inString, begin = !inString, i
		case inString:
		case c == ':':
			colon = i
		case c == ',':
			whole = i
		case c == '[' || c == '{':
			open, whole = append(open, c+2), i+1
		case c == ']' || c == '}':
			open, whole = open[:max(0, len(open)-1)], i+1
		}
	}
	end := ""
	if inString && whole > 0 && colon >= whole && len(text)-begin > shown {
		whole, end = part, `"`
	}
	slices.Reverse(open)
	return slices.Concat(text[:whole], []byte(end), open)
}

// overQuota returns the failure of a request that exceeds a quota.
func overQuota(request *http.Request, hide *Redactor, why string, sent bool) *Failure {
	return &Failure{
		Method: request.Method, Path: pathOf(request.URL, hide), Host: request.URL.Host,
		Cause: why, Hint: hintRaise, Err: errTooMuch, Sent: sent, Hopeless: true,
	}
}

// within returns a context that also ends with another one, such as the lifetime of a client.
func within(ctx, lifetime context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(lifetime, cancel)
	return ctx, func() { stop(); cancel() }
}
