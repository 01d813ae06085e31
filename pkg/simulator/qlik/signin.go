package qlik

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/identity"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/source"
)

// Interactive OAuth (API reference, authUrlOnly; authentication tutorial): a create with authUrlOnly answers an address and
// makes nothing; a person signs in there and gets a code; the code goes into the create, or into a header of a patch. The
// embedded tenant is its own identity provider, so that the address can be opened.

const (
	authorizePath  = "/oauth/authorize"
	authCodeHeader = "qlik-auth-code"
)

// beginSignIn answers a create with authUrlOnly. Every request begins an authorisation of its own.
// It has no code yet (authentication tutorial); that another value than "" is refused is undocumented; assumed.
func (t *Tenant) beginSignIn(c *call, s *source.Source, code any) (answer, error) {
	if code != nil && code != "" {
		return answer{}, refusal.BadRequest("connectionProperties: %s must be empty with authUrlOnly", s.SignIn.Code)
	}
	state := t.store.World.BeginSignIn(c.user.ID, s)
	query := url.Values{
		"response_type": {"code"}, "client_id": {s.ID}, "state": {state},
		"code_challenge": {identity.Opaque("challenge", state)}, "code_challenge_method": {"S256"},
	}
	return answer{status: http.StatusCreated, body: map[string]string{
		"authUrl": c.base() + authorizePath + "?" + query.Encode(),
	}}, nil
}

// authorize is the sign-in page: whoever opens it has signed in.
func (t *Tenant) authorize(c *call) (answer, error) {
	state := c.query.Get("state")
	if t.store.World.SignIns[state] == (model.SignIn{}) {
		return answer{}, refusal.BadRequest("no such authorisation is under way")
	}
	return answer{status: http.StatusOK, raw: fmt.Sprintf(
		"<!doctype html><title>Signed in</title><p>Copy this code: <code>%s</code></p>\n", model.CodeOf(state),
	)}, nil
}
