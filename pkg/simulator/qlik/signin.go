package qlik

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// Interactive OAuth (API reference, authUrlOnly; authentication tutorial): a create with authUrlOnly answers an address and
// makes nothing; a person signs in there and gets a code; the code goes into the create, or into a header of a patch. The
// embedded tenant is its own identity provider, so that the address can be opened.

// signIn is an authorisation that was begun.
type signIn struct {
	User       string `json:"user"`
	DataSource string `json:"dataSource"`
}

const (
	authorizePath  = "/oauth/authorize"
	authCodeHeader = "qlik-auth-code"
)

// signsIn says whether a connection with these properties needs a person to sign in.
func (s *source) signsIn(properties map[string]any) bool {
	return s.SignIn != nil && properties[s.SignIn.Property] != nil &&
		host.ScalarText(properties[s.SignIn.Property]) == s.SignIn.Value
}

// beginSignIn answers a create with authUrlOnly. Every request begins an authorisation of its own.
// It has no code yet (authentication tutorial); that another value than "" is refused is undocumented; assumed.
func (t *Tenant) beginSignIn(c *call, s *source, code any) (answer, error) {
	if code != nil && code != "" {
		return answer{}, badRequest("connectionProperties: %s must be empty with authUrlOnly", s.SignIn.Code)
	}
	var state string
	for n := 0; state == "" || t.world.signIns[state] != (signIn{}) || t.world.gone[state]; n++ {
		state = opaqueOf("state", c.user.ID, s.id, strconv.Itoa(n))
	}
	t.world.signIns[state] = signIn{c.user.ID, s.id}
	query := url.Values{
		"response_type": {"code"}, "client_id": {s.id}, "state": {state},
		"code_challenge": {opaqueOf("challenge", state)}, "code_challenge_method": {"S256"},
	}
	return answer{status: http.StatusCreated, body: map[string]string{
		"authUrl": c.base() + authorizePath + "?" + query.Encode(),
	}}, nil
}

func codeOf(state string) string { return opaqueOf("code", state) }

// redeem takes an authorisation code, once: it must be of this user and data source. The example of the patch header
// begins with "code=", that of create does not: both are taken.
func (w *world) redeem(user string, s *source, code string) error {
	code = strings.TrimPrefix(code, "code=")
	for _, state := range host.SortedKeys(w.signIns) {
		if codeOf(state) == code && w.signIns[state] == (signIn{user, s.id}) {
			delete(w.signIns, state)
			w.gone[state] = true
			return nil
		}
	}
	return badRequest("the authorisation code is not valid, or was used before")
}

// redeemProperty takes the code among the properties of a create; signing in is not optional.
func (w *world) redeemProperty(user string, s *source, properties map[string]any) error {
	code, _ := properties[s.SignIn.Code].(string)
	if code == "" {
		return badRequest("connectionProperties: %s is missing", s.SignIn.Code)
	}
	return w.redeem(user, s, code)
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
