package qlik

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
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
func (t *Tenant) beginSignIn(c *call, s *source, code any) (answer, error) {
	if code != nil && code != "" {
		return answer{}, badRequest("connectionProperties: %s must be empty with authUrlOnly", s.SignIn.Code)
	}
	state := t.world.beginSignIn(c.user.ID, s)
	query := url.Values{
		"response_type": {"code"}, "client_id": {s.id}, "state": {state},
		"code_challenge": {opaqueOf("challenge", state)}, "code_challenge_method": {"S256"},
	}
	return answer{status: http.StatusCreated, body: map[string]string{
		"authUrl": c.base() + authorizePath + "?" + query.Encode(),
	}}, nil
}

// authorize is the sign-in page: whoever opens it has signed in.
func (t *Tenant) authorize(c *call) (answer, error) {
	state := c.query.Get("state")
	if t.world.signIns[state] == (signIn{}) {
		return answer{}, badRequest("no such authorisation is under way")
	}
	return answer{status: http.StatusOK, raw: fmt.Sprintf(
		"<!doctype html><title>Signed in</title><p>Copy this code: <code>%s</code></p>\n", codeOf(state),
	)}, nil
}

// SignIn does what a person does with the authUrl of an answer, and gives the code.
func (t *Tenant) SignIn(authURL string) (code string, err error) {
	address, err := url.Parse(authURL)
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	state := address.Query().Get("state")
	if t.world.signIns[state] == (signIn{}) {
		return "", errors.New("sign in: no such authorisation is under way")
	}
	return codeOf(state), nil
}
