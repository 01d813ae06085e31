package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Fault is one piece of hostility. It applies to requests that match Method and Path, after authentication and rate
// limits; the first fault that matches and has something left wins. One that found nothing to change (Omit, Without, Lie,
// Count, NextHost, Truncate, NoAdmin, Deploy) has not fired, and waits for the next request. A service refuses faults that it has no place
// for.
//
// It is data: [ParseFaults] reads a list of them.
type Fault struct {
	Method string `json:"method,omitempty"` // "" is any
	Path   string `json:"path,omitempty"`   // pattern of path.Match, as in /api/v1/data-connections/*; "" is any
	Skip   int    `json:"skip,omitempty"`   // so many matching requests go through first
	Times  int    `json:"times,omitempty"`  // how often it fires: 0 is once, below 0 for ever

	Latency        time.Duration `json:"latency,omitempty"`        // wait first, "250ms" in JSON; all else may be added to it
	Status         int           `json:"status,omitempty"`         // answer with this status instead of serving the request
	RetryAfter     int           `json:"retryAfter,omitempty"`     // seconds in Retry-After; a 429 without Status
	RetryAfterDate bool          `json:"retryAfterDate,omitempty"` // Retry-After is the time that is so many seconds away
	Body           string        `json:"body,omitempty"`           // answer this as text/html, as proxies do; a 502 without Status
	Answer         string        `json:"answer,omitempty"`         // answer this as application/json, with 200 unless Status says another: what no reference describes
	Served         bool          `json:"served,omitempty"`         // with Answer: serve the request first, and its write is durable
	Cut            Cut           `json:"cut,omitempty"`            // close the connection without an answer
	Truncate       bool          `json:"truncate,omitempty"`       // serve the request, close the connection half way through the body
	Omit           []string      `json:"omit,omitempty"`           // names of connections that a list omits and reports as omitted
	Repeat         bool          `json:"repeat,omitempty"`         // a page of connections ends with its first one again, as when a list shifts while it is read
	Without        []string      `json:"without,omitempty"`        // members that items of a list do not have
	Of             []string      `json:"of,omitempty"`             // with Without or Lie: the names of those items; none: all items
	Count          int           `json:"count,omitempty"`          // a list counts so many items more than it would, or fewer if below 0
	NextHost       string        `json:"nextHost,omitempty"`       // host[:port] that the link to the next page points at
	ExpireToken    bool          `json:"expireToken,omitempty"`    // answer 401; an access token is not valid again, an API key is
	NoAdmin        bool          `json:"noAdmin,omitempty"`        // serve the request as if the caller had no roles

	// Percent of what a tier allows is used up, from now on, by another client of the same user. Tier 0 is that of the
	// request.
	Percent int `json:"percent,omitempty"`
	Tier    int `json:"tier,omitempty"`

	// Lie is the kind of a lie about connections in a list: see the Qlik-shaped server.
	Lie string `json:"lie,omitempty"`

	// Deploy is how the push of this write to the workers ends: see the Apinizer-shaped server.
	Deploy string `json:"deploy,omitempty"`
}

// Cut says when a fault closes the connection.
type Cut string

// A connection is cut before the request is looked at, or after it was served and its write is durable.
const (
	CutBefore Cut = "before"
	CutAfter  Cut = "after"
)

// Effective reports whether the fault does anything at all.
func (f Fault) Effective() bool {
	return f.Latency > 0 || f.Status != 0 || f.RetryAfter != 0 || f.Body != "" || f.Answer != "" || f.Cut != "" || f.Truncate ||
		len(f.Omit) > 0 || f.Repeat || len(f.Without) > 0 || f.Count != 0 || f.NextHost != "" || f.ExpireToken || f.NoAdmin || f.Percent > 0 || f.Lie != "" || f.Deploy != ""
}

// check says what is wrong with a fault, whichever service it is for.
func (f Fault) check() error {
	if _, err := path.Match(f.Path, ""); err != nil {
		return fmt.Errorf("path %q: %w", f.Path, err)
	}
	switch {
	case !f.Effective():
		return errors.New("has no effect")
	case f.Cut != "" && f.Cut != CutBefore && f.Cut != CutAfter:
		return fmt.Errorf("cut %q is neither %q nor %q", f.Cut, CutBefore, CutAfter)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d is not an HTTP status from 200 to 599", f.Status)
	case f.Answer != "" && f.Body != "":
		return errors.New("answer and body cannot be used together")
	case f.Served && (f.Answer == "" || f.Status != 0):
		return errors.New("served needs answer, and cannot be used with status")
	case len(f.Of) > 0 && len(f.Without) == 0 && f.Lie == "":
		return errors.New("of needs without or lie")
	case f.RetryAfterDate && f.RetryAfter == 0:
		return errors.New("retryAfterDate needs retryAfter")
	case f.Percent < 0 || f.Percent > 100:
		return errors.New("percent must be 1 to 100")
	case f.Tier < 0 || f.Tier > 2 || f.Tier > 0 && f.Percent == 0:
		return errors.New("tier must be 1 or 2, and needs percent")
	case f.Latency < 0 || f.Skip < 0 || f.RetryAfter < 0:
		return errors.New("latency, skip and retryAfter cannot be negative")
	}
	return nil
}

// ParseFaults parses a JSON list of faults. Unknown keys are errors, and so are faults that the
// service refuses. It returns all mistakes, with their places.
func ParseFaults(data []byte, refuse func(Fault) error) ([]Fault, error) {
	var items []json.RawMessage
	if err := DecodeOne(data, &items); err != nil {
		return nil, fmt.Errorf("faults: %w", err)
	}
	list := make([]Fault, len(items))
	var problems []error
	for i, item := range items {
		err := DecodeStrict(item, &list[i])
		if err == nil {
			err = checkFor(list[i], refuse)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("faults[%d]: %w", i, err))
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return list, nil
}

// checkFor checks a fault by itself, then for the service.
func checkFor(f Fault, refuse func(Fault) error) error {
	if err := f.check(); err != nil {
		return err
	}
	return refuse(f)
}

// Concerns reports whether an item of that name is without the members of Without, or is lied about.
func (f Fault) Concerns(name string) bool {
	return (len(f.Without) > 0 || f.Lie != "") && (len(f.Of) == 0 || slices.Contains(f.Of, name))
}

// plainFault is a fault without its methods.
type plainFault Fault

// faultJSON is a fault with its latency as a text.
type faultJSON struct {
	*plainFault
	Latency string `json:"latency,omitempty"`
}

// UnmarshalJSON reads latency as a duration, such as "1.5s".
func (f *Fault) UnmarshalJSON(data []byte) error {
	form := faultJSON{plainFault: (*plainFault)(f)}
	if err := DecodeOne(data, &form); err != nil || form.Latency == "" {
		return err
	}
	var err error
	if f.Latency, err = time.ParseDuration(form.Latency); err != nil {
		return fmt.Errorf("latency: %w", err)
	}
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads.
func (f Fault) MarshalJSON() ([]byte, error) {
	form := faultJSON{plainFault: (*plainFault)(&f)}
	if f.Latency > 0 {
		form.Latency = f.Latency.String()
	}
	return json.Marshal(form)
}

// String returns the fault as JSON.
func (f Fault) String() string {
	data, err := json.Marshal(f)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

func (f Fault) matches(method, urlPath string) bool {
	if f.Method != "" && f.Method != method {
		return false
	}
	if f.Path == "" {
		return true
	}
	matched, _ := path.Match(f.Path, urlPath) // the pattern was checked
	return matched
}

// Faults keeps count of what has fired. It is safe for concurrent use.
type Faults struct {
	list []Fault

	mu    sync.Mutex
	seen  []int
	fired []int
}

// NewFaults takes a list that Go code made, under the rules of [ParseFaults].
func NewFaults(list []Fault, refuse func(Fault) error) (*Faults, error) {
	for i, f := range list {
		if err := checkFor(f, refuse); err != nil {
			return nil, fmt.Errorf("faults[%d]: %w", i, err)
		}
	}
	return &Faults{list: slices.Clone(list), seen: make([]int, len(list)), fired: make([]int, len(list))}, nil
}

// Firing is a fault that meets a request; the zero one does nothing.
type Firing struct {
	Fault
	at int // its place in the list
}

// Take returns the fault for a request; a zero one if there is none.
func (s *Faults) Take(method, urlPath string) Firing {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.list {
		if !f.matches(method, urlPath) || f.Times >= 0 && s.fired[i] >= max(f.Times, 1) {
			continue
		}
		s.seen[i]++
		if s.seen[i] <= f.Skip {
			continue
		}
		s.fired[i]++
		return Firing{f, i}
	}
	return Firing{}
}

// Misfired takes a firing back: there was nothing to change.
func (s *Faults) Misfired(f Firing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fired[f.at]--
}

// Unfired returns the faults that no request has met.
func (s *Faults) Unfired() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	var never []Fault
	for i, f := range s.list {
		if s.fired[i] == 0 {
			never = append(never, f)
		}
	}
	return never
}

// Wait holds the request back; it ends early when the client goes away.
func (f Fault) Wait(ctx context.Context) {
	if f.Latency <= 0 {
		return
	}
	timer := time.NewTimer(f.Latency)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Instead returns what is sent in place of serving the request, except a body that is not HTML,
// which the service creates; status is 0 if the fault lets the request through.
func (f Fault) Instead(now time.Time) (status int, header http.Header) {
	switch {
	case f.Served:
		return 0, nil
	case f.Status != 0:
		status = f.Status
	case f.RetryAfter != 0:
		status = http.StatusTooManyRequests
	case f.Body != "":
		status = http.StatusBadGateway
	case f.Answer != "":
		status = http.StatusOK
	default:
		return 0, nil
	}
	if header = make(http.Header); f.RetryAfter != 0 {
		header.Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	if f.RetryAfterDate {
		at := now.Add(time.Duration(f.RetryAfter) * time.Second)
		header.Set("Retry-After", at.UTC().Format(http.TimeFormat))
	}
	return status, header
}
