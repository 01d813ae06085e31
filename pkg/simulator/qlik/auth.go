package qlik

import (
	"cmp"
	"crypto/subtle"
	"mime"
	"net/http"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/assertion"
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

const tokenPath = "/oauth/token"

// tokenRequest is a body of [tokenPath] as JSON.
type tokenRequest struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	GrantType    string `json:"grant_type"`
	Scope        string `json:"scope"`
}

type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresAt   string `json:"expires_at,omitempty"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope,omitempty"`
}

// token serves the client credentials grant: JSON with a secret (OAuth machine-to-machine page), or a form with a signed
// assertion (Private Key JWT tutorial). No refresh token. The code of a refusal is undocumented; assumed. The bot user
// appears with the first token (page on regional clients).
func (t *Tenant) token(c *call) (answer, error) {
	kind, _, _ := mime.ParseMediaType(c.request.Header.Get("Content-Type"))
	if kind == formType {
		return t.tokenForAssertion(c)
	}
	var body tokenRequest
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	if body.GrantType != "client_credentials" {
		return answer{}, refusal.BadRequest("grant_type must be client_credentials")
	}
	o := t.keys.oauth
	if o == nil || o.ClientSecret == "" || body.ClientID != o.ClientID ||
		subtle.ConstantTimeCompare([]byte(body.ClientSecret), []byte(o.ClientSecret)) != 1 {
		return answer{}, refusal.Unauthorized("unknown client, or wrong secret")
	}
	if err := t.arrive(); err != nil {
		return answer{}, err
	}
	token, expires := t.keys.issue(t.now(), tokenLife)
	return ok(tokenAnswer{
		AccessToken: token, TokenType: "bearer", ExpiresIn: int(tokenLife.Seconds()),
		ExpiresAt: expires.UTC().Format("2006-01-02T15:04:05.000Z"), Scope: t.tokenScope,
	}), nil
}

const formType = "application/x-www-form-urlencoded"

// tokenForAssertion serves a client that signs in with its private key. A form with a secret is undocumented; assumed: misuse.
func (t *Tenant) tokenForAssertion(c *call) (answer, error) {
	fields := params{"grant_type": text, "client_id": text, "client_assertion_type": text, "client_assertion": text, "scope": text}
	form, err := fields.parse(string(c.body))
	if err != nil {
		return answer{}, err
	}
	o := t.keys.oauth
	switch {
	case form.Get("grant_type") != "client_credentials":
		return answer{}, refusal.BadRequest("grant_type must be client_credentials")
	case form.Get("client_assertion_type") != assertion.Type:
		return answer{}, refusal.BadRequest("unsupported_client_assertion_type")
	case o == nil || o.PublicKey == nil || form.Get("client_id") != o.ClientID:
		return answer{}, refusal.Unauthorized("unknown client, or a client without a public key")
	}
	id, expires, err := o.PublicKey.Verify(form.Get("client_assertion"), o.ClientID, c.base()+tokenPath, t.now())
	if err != nil {
		return answer{}, refusal.Unauthorized(err.Error())
	}
	if !t.keys.use(id, expires, t.now()) {
		return answer{}, refusal.Unauthorized("jti was used before")
	}
	if err := t.arrive(); err != nil {
		return answer{}, err
	}
	token, _ := t.keys.issue(t.now(), assertedLife)
	return ok(tokenAnswer{
		AccessToken: token, TokenType: "Bearer", ExpiresIn: int(assertedLife.Seconds()), Scope: cmp.Or(form.Get("scope"), t.tokenScope),
	}), nil
}

// arrive adds the bot user, if this is its first token here.
func (t *Tenant) arrive() error {
	if t.store.World.User(t.keys.bot) != nil {
		return nil
	}
	t.store.World.Users = append(t.store.World.Users, t.store.World.Bot(t.keys.oauth.ClientID))
	return t.store.Save()
}
