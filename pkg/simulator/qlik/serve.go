package qlik

import (
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// bodyLimit bounds a request body; the service's own bound is undocumented.
const bodyLimit = 16 << 20

// call is a request on its way through a handler.
type call struct {
	request *http.Request
	user    *userRecord // nil on open routes
	query   url.Values
	body    []byte
	omit    []string // names that a fault hides from lists
	omitted bool     // one of them was there
	noAdmin bool     // a fault takes the roles away
}

// answer is what a handler gives back; it is encoded after the lock is released.
type answer struct {
	status int
	header http.Header // may be nil
	body   any         // nil: no body
	raw    string      // instead of body: as it is, of the kind
	kind   string      // empty: HTML

	truncate bool // break off half way through the body
}

const jsonType = "application/json; charset=utf-8"

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

func errorAnswer(e *apiError) answer {
	return answer{status: e.httpStatus(), header: e.header, body: errorBody{Errors: []*apiError{e}}}
}

// ServeHTTP answers one request to the tenant.
func (t *Tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.mux.ServeHTTP(w, r) }

// serve takes a request through its stages and writes the answer, unless a fault cuts the connection.
func (t *Tenant) serve(w http.ResponseWriter, r *http.Request, rt route) {
	entry := Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Tier: int(rt.tier)}
	reply, fault, err := t.stages(w, r, rt)
	if err != nil {
		reply = t.refusal(r, err)
	}
	if fault.Cut != "" {
		t.journal.Record(entry)
		panic(http.ErrAbortHandler) // the server closes the connection without an answer
	}
	entry.Status = reply.status
	t.journal.Record(entry)
	if e, isError := reply.body.(errorBody); isError {
		reply.body = e.as(r.URL.Path, traceID(r))
	}
	w.Header().Set("Date", t.now().UTC().Format(http.TimeFormat))
	reply.write(w, traceID(r))
}

// stages gives the answer, and the fault that was applied on the way.
func (t *Tenant) stages(w http.ResponseWriter, r *http.Request, rt route) (answer, host.Firing, error) {
	var userID string
	if !rt.open {
		var err error
		if userID, err = t.authenticate(r); err != nil {
			return answer{}, host.Firing{}, err
		}
		if refused := t.limiter.admit(userID, rt.tier, t.now()); refused != nil {
			return answer{}, host.Firing{}, refused
		}
	}
	fault := t.faults.Take(r.Method, r.URL.Path)
	fault.Wait(r.Context())
	if fault.Percent > 0 {
		t.limiter.use(userID, firstSet(tier(fault.Tier), rt.tier), fault.Percent, t.now())
	}
	if fault.ExpireToken {
		_, token := bearer(r)
		t.keys.revoke(token)
		return answer{}, fault, unauthorized("the token has expired")
	}
	if reply, instead := faultAnswer(fault.Fault, t.now()); instead || fault.Cut == CutBefore {
		return reply, fault, nil
	}
	c := &call{request: r, omit: fault.Omit, noAdmin: fault.NoAdmin}
	reply, err := t.served(w, c, rt, userID)
	if err != nil {
		reply = t.refusal(r, err)
	}
	if fault.Effective() && !c.alter(fault.Fault, &reply) {
		t.faults.Misfired(fault)
	}
	return reply, fault, nil
}

// served checks the request and runs its handler.
func (t *Tenant) served(w http.ResponseWriter, c *call, rt route, userID string) (answer, error) {
	if err := c.read(w, rt); err != nil {
		return answer{}, err
	}
	return t.handle(c, rt, userID)
}

// read checks the query and reads the body.
func (c *call) read(w http.ResponseWriter, rt route) error {
	if rt.method == "" {
		return nil // unknown route: the handler says so
	}
	var err error
	if c.query, err = rt.query.parse(c.request.URL.RawQuery); err != nil {
		return err
	}
	c.body, err = io.ReadAll(http.MaxBytesReader(w, c.request.Body, bodyLimit))
	if err != nil {
		return badRequest("the body could not be read")
	}
	if len(c.body) == 0 {
		return nil
	}
	if rt.method == http.MethodGet || rt.method == http.MethodDelete {
		return misuse("%s takes no body", rt.method)
	}
	if kind, _, _ := mime.ParseMediaType(c.request.Header.Get("Content-Type")); kind != "application/json" {
		return misuse("a body needs Content-Type: application/json")
	}
	return nil
}

// handle runs the handler under the lock, and makes a write durable before anybody hears of it. If the file cannot be
// written, the answer is 500 and the write has changed nothing.
func (t *Tenant) handle(c *call, rt route, userID string) (answer, error) {
	lag := t.behaviour.Lag
	if rt.pattern == connectionsPath {
		lag = max(lag, t.behaviour.ListLag)
	}
	if lag > 0 && rt.method == http.MethodGet {
		t.mu.Lock()
		defer t.mu.Unlock()
		newest := t.world
		t.world = newest.lagging(time.Duration(lag) * time.Second)
		defer func() { t.world = newest }()
		c.user = c.caller(t.world.user(userID))
		return rt.handle(t, c)
	}
	if rt.tier != tier2 {
		t.mu.RLock()
		defer t.mu.RUnlock()
		c.user = c.caller(t.world.user(userID))
		return rt.handle(t, c)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	c.user = c.caller(t.world.user(userID))
	reply, err := rt.handle(t, c)
	if err != nil {
		return reply, err
	}
	return reply, t.save()
}

// caller is the user of the request, or what a fault leaves of them.
func (c *call) caller(u *userRecord) *userRecord {
	if u == nil || !c.noAdmin {
		return u
	}
	without := *u
	without.Roles = nil
	return &without
}

// decode reads the body into v. Whatever v does not name is misuse.
func (c *call) decode(v any) error {
	if err := host.DecodeStrict(c.body, v); err != nil {
		return misuse("%v", err)
	}
	return nil
}

// refusal turns an error into an answer and records misuse. What is no apiError is a failure of ours.
func (t *Tenant) refusal(r *http.Request, err error) answer {
	var refused *apiError
	if !errors.As(err, &refused) {
		refused = &apiError{Code: "HTTP-500", Title: "Internal error", Detail: err.Error(), Status: http.StatusInternalServerError}
	}
	reply := errorAnswer(refused)
	if refused.misused {
		t.journal.Misused(r.Method + " " + r.URL.Path + ": " + refused.Detail)
		reply.header = host.MarkMisuse(reply.header)
	}
	return reply
}

func (a answer) write(w http.ResponseWriter, trace string) {
	w.Header().Set("X-B3-Traceid", trace)
	reply := host.Reply{Status: a.status, Header: a.header, Truncate: a.truncate}
	switch {
	case a.raw != "":
		reply.Content, reply.Kind = []byte(a.raw), firstSet(a.kind, "text/html; charset=utf-8")
	case a.body != nil:
		var err error
		if reply.Content, err = host.JSON(a.body); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		reply.Kind = jsonType
	}
	reply.Write(w)
}

// traceID is the same for the same request, so that recorded outputs do not change from run to run.
func traceID(r *http.Request) string {
	d := digestOf("trace", r.Method, r.URL.RequestURI())
	return hex.EncodeToString(d[:16])
}
