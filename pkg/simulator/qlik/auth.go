package qlik

import (
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// authenticate finds the user of a request. Undocumented; assumed: every failure has the same body.
func (t *Tenant) authenticate(r *http.Request) (userID string, err error) {
	scheme, token := bearer(r)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", refusal.Unauthorized("a bearer token is needed")
	}
	id, ok := t.keys.holder(token, t.now())
	if !ok {
		return "", refusal.Unauthorized("the token is not valid, or has expired")
	}
	return id, nil
}

type tokenRequest struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	GrantType    string `json:"grant_type"`
	Scope        string `json:"scope"`
}

type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresAt   string `json:"expires_at"`
	ExpiresIn   int    `json:"expires_in"`
}

// token serves the client credentials grant (OAuth machine-to-machine page): JSON in, JSON out, no refresh token. The
// code of a refusal is undocumented; assumed.
func (t *Tenant) token(c *call) (answer, error) {
	var body tokenRequest
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	if body.GrantType != "client_credentials" {
		return answer{}, refusal.BadRequest("grant_type must be client_credentials")
	}
	o := t.keys.oauth
	if o == nil || body.ClientID != o.ClientID ||
		subtle.ConstantTimeCompare([]byte(body.ClientSecret), []byte(o.ClientSecret)) != 1 {
		return answer{}, refusal.Unauthorized("unknown client, or wrong secret")
	}
	token, expires := t.keys.issue(t.now())
	return ok(tokenAnswer{
		AccessToken: token, TokenType: "bearer", ExpiresIn: int(tokenLife.Seconds()),
		ExpiresAt: expires.UTC().Format("2006-01-02T15:04:05.000Z"),
	}), nil
}
