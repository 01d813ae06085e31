package qlik

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"
	"time"
)

// tokenLife is how long an access token is valid (OAuth machine-to-machine page).
const tokenLife = 6 * time.Hour

// keys says who a bearer token stands for.
type keys struct {
	apiKey string
	caller string // user id of the API key
	oauth  *seedOAuth

	mu     sync.Mutex
	issued map[string]time.Time // access token: when it expires; all are the bot user's
}

// holder gives the id of the user that the token stands for.
func (k *keys) holder(token string, now time.Time) (userID string, ok bool) {
	if subtle.ConstantTimeCompare([]byte(token), []byte(k.apiKey)) == 1 {
		return k.caller, true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	expires, found := k.issued[token]
	if !found || !now.Before(expires) {
		return "", false
	}
	return botUser(k.oauth.ClientID).ID, true
}

// revoke ends an access token. An API key stays valid.
func (k *keys) revoke(token string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.issued, token)
}

func (k *keys) issue(now time.Time) (token string, expires time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	token, expires = rand.Text()+rand.Text(), now.Add(tokenLife)
	k.issued[token] = expires
	return token, expires
}

// botUser is who an OAuth client acts as: a user of its own with the tenant administrator's role (OAuth
// machine-to-machine page). Its name and subject are undocumented; assumed.
func botUser(clientID string) *userRecord {
	return &userRecord{
		ID: objectIDOf("bot", clientID), Name: "Bot user of " + clientID, Email: clientID + "@bots.invalid",
		Subject: "qlikbot|" + clientID, Status: "active", Roles: []string{"TenantAdmin"},
	}
}

// authenticate finds the user of a request. Undocumented; assumed: every failure has the same body.
func (t *Tenant) authenticate(r *http.Request) (userID string, err error) {
	scheme, token := bearer(r)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", unauthorized("a bearer token is needed")
	}
	id, ok := t.keys.holder(token, t.now())
	if !ok {
		return "", unauthorized("the token is not valid, or has expired")
	}
	return id, nil
}

func bearer(r *http.Request) (scheme, token string) {
	scheme, token, _ = strings.Cut(r.Header.Get("Authorization"), " ")
	return scheme, token
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
		return answer{}, badRequest("grant_type must be client_credentials")
	}
	o := t.keys.oauth
	if o == nil || body.ClientID != o.ClientID ||
		subtle.ConstantTimeCompare([]byte(body.ClientSecret), []byte(o.ClientSecret)) != 1 {
		return answer{}, unauthorized("unknown client, or wrong secret")
	}
	token, expires := t.keys.issue(t.now())
	return ok(tokenAnswer{
		AccessToken: token, TokenType: "bearer", ExpiresIn: int(tokenLife.Seconds()),
		ExpiresAt: expires.UTC().Format("2006-01-02T15:04:05.000Z"),
	}), nil
}
