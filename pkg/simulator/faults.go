package simulator

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Fault is one piece of hostility. It applies to requests that match Method and Path, after authentication and rate
// limits; the first fault that matches and has something left wins.
type Fault struct {
	Method string // "" is any
	Path   string // pattern of path.Match, as in /api/v1/data-connections/*; "" is any
	Skip   int    // so many matching requests go through first
	Times  int    // how often it fires: 0 is once, below 0 for ever

	Latency    time.Duration // wait first; everything else may be added to it
	Status     int           // answer with this status instead of serving the request
	RetryAfter int           // seconds in Retry-After; a 429 without Status
	Body       string        // body to answer as text/html instead of JSON, as proxies do; a 502 without Status
	Cut        Cut           // close the connection without an answer
	Omit       []string      // names of connections that a list leaves out, with errors[] set
}

// Cut says when a fault closes the connection.
type Cut string

// A connection is cut before the request is looked at, or after it was served and its write is durable.
const (
	CutBefore Cut = "before"
	CutAfter  Cut = "after"
)

// effective says whether the fault does anything at all.
func (f Fault) effective() bool {
	return f.Latency > 0 || f.Status != 0 || f.RetryAfter != 0 || f.Body != "" || f.Cut != "" || len(f.Omit) > 0
}

func (f Fault) matches(method, urlPath string) bool {
	if f.Method != "" && f.Method != method {
		return false
	}
	if f.Path == "" {
		return true
	}
	matched, _ := path.Match(f.Path, urlPath) // the pattern was checked by newFaults
	return matched
}

// faults keeps count of what has fired.
type faults struct {
	list []Fault

	mu    sync.Mutex
	seen  []int
	fired []int
}

func newFaults(list []Fault) (*faults, error) {
	for i, f := range list {
		if _, err := path.Match(f.Path, ""); err != nil {
			return nil, fmt.Errorf("fault %d: path %q: %w", i, f.Path, err)
		}
		if !f.effective() {
			return nil, fmt.Errorf("fault %d has no effect", i)
		}
		if f.Cut != "" && f.Cut != CutBefore && f.Cut != CutAfter {
			return nil, fmt.Errorf("fault %d: cut %q is neither %q nor %q", i, f.Cut, CutBefore, CutAfter)
		}
	}
	return &faults{list: slices.Clone(list), seen: make([]int, len(list)), fired: make([]int, len(list))}, nil
}

// take gives the fault for a request; a zero one if there is none.
func (s *faults) take(method, urlPath string) Fault {
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
		return f
	}
	return Fault{}
}

func (s *faults) unfired() []Fault {
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

// wait holds the request back; it ends early when the client goes away.
func (f Fault) wait(ctx context.Context) {
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

// answer gives what is sent instead of serving the request; ok is false if the fault lets it through.
func (f Fault) answer() (reply answer, ok bool) {
	status := f.Status
	switch {
	case status != 0:
	case f.RetryAfter != 0:
		status = http.StatusTooManyRequests
	case f.Body != "":
		status = http.StatusBadGateway
	default:
		return answer{}, false
	}
	if f.Body != "" {
		reply = answer{status: status, raw: f.Body}
	} else if status == http.StatusTooManyRequests {
		reply = errorAnswer(tooManyRequests(f.RetryAfter))
	} else {
		reply = errorAnswer(&apiError{
			Code: fmt.Sprintf("HTTP-%d", status), Title: http.StatusText(status), Detail: "injected fault", Status: status,
		})
	}
	if reply.header = make(http.Header); f.RetryAfter != 0 {
		reply.header.Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	return reply, true
}
