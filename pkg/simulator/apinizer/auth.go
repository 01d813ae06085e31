package apinizer

import (
	"crypto/rand"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// authenticate checks the token of a request.
func (m *Manager) authenticate(r *http.Request) error {
	token := m.bearer(r)
	if token == "" {
		return model.UnauthorizedBecause("Empty Key! Client must be authenticated to access this resource.")
	}
	if same(token, m.keys.personal) {
		return nil
	}
	m.keys.mu.Lock()
	defer m.keys.mu.Unlock()
	expires, found := m.keys.issued[token]
	switch {
	case !found:
		return model.UnauthorizedBecause("Token is not valid!")
	case !m.store.Now().Before(expires):
		return model.UnauthorizedBecause("Token was expired!")
	}
	return nil
}

// bearer returns the token of a request; the header apinizer-token is of the current documentation.
func (m *Manager) bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return token
	}
	if m.store.Behaviour.Dialect == Current {
		return r.Header.Get("apinizer-token")
	}
	return ""
}

// token serves the client credentials grant: a form in, OAuth errors in both dialects (facts, section 1).
func (m *Manager) token(c *call) (answer, error) {
	refused := func(status int, code, text string) (answer, error) {
		return answer{status: status, body: model.Document{pair("error", code), pair("error_description", text)}}, nil
	}
	kind, _, _ := mime.ParseMediaType(c.request.Header.Get("Content-Type"))
	form, err := url.ParseQuery(string(c.body))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		m.misused(c.request, "the body must be a form")
		return refused(http.StatusBadRequest, "invalid_request", "The body must be a form")
	}
	for _, key := range host.SortedKeys(form) {
		if key != "grant_type" && key != "client_id" && key != "client_secret" {
			m.misused(c.request, "unknown form key "+key)
			return refused(http.StatusBadRequest, "invalid_request", "Unknown key "+key)
		}
	}
	if form.Get("grant_type") != "client_credentials" {
		return refused(http.StatusBadRequest, "unsupported_grant_type", "Unsupported grant type")
	}
	u := m.keys.user
	if u == nil || !same(form.Get("client_id"), u.Name) || !same(form.Get("client_secret"), u.Password) {
		return refused(http.StatusUnauthorized, "unauthorized_client", "Bad credentials")
	}
	token := rand.Text() + rand.Text()
	m.keys.mu.Lock()
	m.keys.issued[token] = m.store.Now().Add(tokenLife)
	m.keys.mu.Unlock()
	out := model.Document{pair("access_token", token)}
	if m.store.Behaviour.Dialect == Legacy { // the OpenAPI document has no token_type
		out = append(out, pair("token_type", "Bearer"))
	}
	return answer{status: http.StatusOK, body: append(out, pair("expires_in", int(tokenLife.Seconds())))}, nil
}
