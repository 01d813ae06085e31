package qlik

import (
	"net/http"
	"net/url"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// call is a request on its way through a handler.
type call struct {
	request *http.Request
	user    *model.User // nil on open routes
	query   url.Values
	body    []byte
	omit    []string // names that a fault hides from lists
	omitted bool     // one of them was there
	lie     Fault    // what a fault says of statements in lists
	lied    bool     // a connection that it concerns was there
	noAdmin bool     // a fault takes the roles away
}

// caller is the user of the request, or what a fault leaves of them.
func (c *call) caller(u *model.User) *model.User {
	if u == nil || !c.noAdmin {
		return u
	}
	without := *u
	without.Roles = nil
	return &without
}

// decode decodes the body into v. A field that v does not have is misuse.
func (c *call) decode(v any) error {
	if err := host.DecodeStrict(c.body, v); err != nil {
		return refusal.Misuse("%v", err)
	}
	return nil
}

// base is the address that the client used; links are absolute.
func (c *call) base() string {
	scheme := "http"
	if c.request.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + c.request.Host
}
