package qlik

import (
	"cmp"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/ratelimit"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// bodyLimit bounds a request body; the service's own bound is undocumented.
const bodyLimit = 16 << 20

// ServeHTTP answers one request to the tenant.
func (t *Tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.mux.ServeHTTP(w, r) }

// serve takes a request through its stages and writes the answer, unless a fault cuts the connection.
func (t *Tenant) serve(w http.ResponseWriter, r *http.Request, rt route) {
	entry := host.Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Tier: int(rt.tier)}
	reply, fault, err := t.stages(w, r, rt)
	if err != nil {
		reply = t.refusal(r, err)
	}
	if fault.Cut != "" {
		t.store.Journal.Record(entry)
		panic(http.ErrAbortHandler) // the server closes the connection without an answer
	}
	entry.Status = reply.status
	t.store.Journal.Record(entry)
	if e, isError := reply.body.(errorBody); isError {
		reply.body = e.as(r.URL.Path, traceID(r))
	}
	w.Header().Set("Date", t.now().UTC().Format(http.TimeFormat))
	reply.write(w, traceID(r))
}

// stages returns the answer, and the fault that was applied on the way.
func (t *Tenant) stages(w http.ResponseWriter, r *http.Request, rt route) (answer, host.Firing, error) {
	var userID string
	if !rt.open {
		var err error
		if userID, err = t.authenticate(r); err != nil {
			return answer{}, host.Firing{}, err
		}
		if refused := t.limiter.Admit(userID, rt.tier, t.now()); refused != nil {
			return answer{}, host.Firing{}, refused
		}
	}
	fault := t.faults.Take(r.Method, r.URL.Path)
	fault.Wait(r.Context())
	if fault.Percent > 0 {
		t.limiter.Use(userID, cmp.Or(ratelimit.Tier(fault.Tier), rt.tier), fault.Percent, t.now())
	}
	if fault.ExpireToken {
		_, token := bearer(r)
		t.keys.revoke(token)
		return answer{}, fault, refusal.Unauthorized("the token has expired")
	}
	if reply, instead := faultAnswer(fault.Fault, t.now()); instead || fault.Cut == CutBefore {
		return reply, fault, nil
	}
	c := &call{request: r, omit: fault.Omit, lie: fault.Fault, noAdmin: fault.NoAdmin}
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
		return refusal.BadRequest("the body could not be read")
	}
	if len(c.body) == 0 {
		return nil
	}
	if rt.method == http.MethodGet || rt.method == http.MethodDelete {
		return refusal.Misuse("%s takes no body", rt.method)
	}
	if kind, _, _ := mime.ParseMediaType(c.request.Header.Get("Content-Type")); kind != "application/json" && (rt.pattern != tokenPath || kind != formType) {
		return refusal.Misuse("a body needs Content-Type: application/json")
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
		t.store.Lock()
		defer t.store.Unlock()
		newest := t.store.World
		t.store.World = newest.Lagging(time.Duration(lag) * time.Second)
		defer func() { t.store.World = newest }()
		c.user = c.caller(t.store.World.User(userID))
		return rt.handle(t, c)
	}
	if rt.tier != ratelimit.Tier2 && rt.pattern != tokenPath {
		t.store.RLock()
		defer t.store.RUnlock()
		c.user = c.caller(t.store.World.User(userID))
		return rt.handle(t, c)
	}
	t.store.Lock()
	defer t.store.Unlock()
	c.user = c.caller(t.store.World.User(userID))
	reply, err := rt.handle(t, c)
	if err != nil || rt.pattern == tokenPath { // token saves what it changes
		return reply, err
	}
	return reply, t.store.Save()
}

// refusal converts an error to an answer and records misuse. An error that is not an apiError is a
// failure of the simulator.
func (t *Tenant) refusal(r *http.Request, err error) answer {
	var refused *refusal.Error
	if !errors.As(err, &refused) {
		refused = &refusal.Error{Code: "HTTP-500", Title: "Internal error", Detail: err.Error(), Status: http.StatusInternalServerError}
	}
	reply := errorAnswer(refused)
	if refused.Misused {
		t.store.Journal.Misused(r.Method + " " + r.URL.Path + ": " + refused.Detail)
		reply.header = host.MarkMisuse(reply.header)
	}
	return reply
}

// handler serves one route. It runs under the tenant's lock: exclusive on tier 2 and for a token, else shared.
type handler func(*Tenant, *call) (answer, error)

// route is one operation of the API reference, as far as it is served.
type route struct {
	method, pattern string
	tier            ratelimit.Tier
	query           params
	handle          handler
	open            bool // needs no token
}
