package apinizer

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// bodyLimit bounds a request body; the service's own bound is undocumented.
const bodyLimit = 16 << 20

// ServeHTTP answers one request.
func (m *Manager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	entry := host.Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery}
	reply, cut := m.stages(w, r)
	if cut {
		m.store.Journal.Record(entry)
		panic(http.ErrAbortHandler) // the server closes the connection without an answer
	}
	entry.Status = reply.status
	m.store.Journal.Record(entry)
	reply.write(w)
}

// stages processes a request: token, limit, fault and handler; cut reports that there is no answer.
func (m *Manager) stages(w http.ResponseWriter, r *http.Request) (reply answer, cut bool) {
	rt, parts, found := m.match(r)
	if !found {
		return m.noRoute(r), false
	}
	if m.store.Behaviour.ProxyPages == model.ProxyAll {
		return proxyPage(), false
	}
	if !rt.open {
		if err := m.authenticate(r); err != nil {
			return m.refused(r, err), false
		}
		if err := m.limiter.Admit(m.store.Now()); err != nil {
			return m.refused(r, err), false
		}
	}
	fault := m.faults.Take(r.Method, r.URL.Path)
	fault.Wait(r.Context())
	if fault.ExpireToken {
		m.keys.expire(m.bearer(r))
		return m.refused(r, model.UnauthorizedBecause("Token was expired!")), false
	}
	if reply, instead := m.insteadOf(fault.Fault, r.URL.Path); instead || fault.Cut == host.CutBefore {
		return reply, fault.Cut != ""
	}
	c := &call{request: r, parts: parts, fault: fault.Fault}
	reply, err := m.served(w, c, rt)
	if err != nil {
		reply = m.refused(r, err)
	}
	if fault.Effective() && !c.alter(&reply) {
		m.faults.Misfired(fault)
	}
	return reply, fault.Cut != ""
}

// noRoute answers an unknown operation: with a 404 without a body (facts, section 4), or a page of
// a proxy.
func (m *Manager) noRoute(r *http.Request) answer {
	m.misused(r, "not an operation that the embedded manager serves")
	if m.store.Behaviour.ProxyPages != "" {
		return proxyPage()
	}
	return answer{status: http.StatusNotFound}
}

func proxyPage() answer {
	return answer{status: http.StatusNotFound, raw: "<html><body><h1>404 Not Found</h1></body></html>\n", kind: htmlType}
}

// served checks the request and runs its handler.
func (m *Manager) served(w http.ResponseWriter, c *call, rt route) (answer, error) {
	if err := c.read(m, w, rt); err != nil {
		return answer{}, err
	}
	if m.store.Behaviour.Lag > 0 && rt.method == http.MethodGet {
		m.store.Lock()
		defer m.store.Unlock()
		newest := m.store.World
		m.store.World = m.store.Lagging()
		defer func() { m.store.World = newest }()
		return rt.handle(m, c)
	}
	if rt.method == http.MethodGet || rt.open {
		m.store.RLock()
		defer m.store.RUnlock()
		return rt.handle(m, c)
	}
	m.store.Lock()
	defer m.store.Unlock()
	m.store.NoteBefore()
	reply, err := rt.handle(m, c)
	if err != nil {
		return reply, err
	}
	return reply, m.store.Save()
}

// read checks the query and reads the body.
func (c *call) read(m *Manager, w http.ResponseWriter, rt route) error {
	var err error
	if c.query, err = url.ParseQuery(c.request.URL.RawQuery); err != nil {
		return model.Misuse("the query is not well-formed")
	}
	for _, key := range host.SortedKeys(c.query) {
		paging := rt.pattern == connectionsPath && m.store.Behaviour.PageSize > 0 && slices.Contains([]string{"page", "size", "sort"}, key)
		if !slices.Contains(rt.query, key) && !paging {
			return model.Misuse("unknown query key %q", key)
		}
		if len(c.query[key]) != 1 {
			return model.Misuse("query key %q is given more than once", key)
		}
	}
	c.body, err = io.ReadAll(http.MaxBytesReader(w, c.request.Body, bodyLimit))
	if err != nil {
		return model.Invalidf("the body could not be read")
	}
	takesBody := rt.method == http.MethodPost || rt.method == http.MethodPut
	if len(c.body) > 0 && !takesBody {
		return model.Misuse("%s takes no body", rt.method)
	}
	if kind, _, _ := mime.ParseMediaType(c.request.Header.Get("Content-Type")); takesBody && !rt.open && kind != "application/json" {
		return model.Misuse("a body needs Content-Type: application/json")
	}
	return nil
}

// refused converts an error to an answer and records misuse. An error that is not a refusal is a
// failure of the simulator.
func (m *Manager) refused(r *http.Request, err error) answer {
	var e *model.Refusal
	if !errors.As(err, &e) {
		e = &model.Refusal{Situation: model.Internal, Text: err.Error()}
	}
	header := e.Header
	if e.Misused {
		m.misused(r, e.Text)
		header = host.MarkMisuse(header)
	}
	status := e.StatusUnder(m.store.Behaviour)
	return answer{status: status, header: header, body: e.Body(m.store.Behaviour.Errors, status)}
}
