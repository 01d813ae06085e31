package qlik

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
)

// tokenLife is how long an access token is valid (OAuth machine-to-machine page).
const tokenLife = 6 * time.Hour

// keys maps bearer tokens to users.
type keys struct {
	apiKey string
	caller string // user id of the API key
	oauth  *model.OAuth

	mu     sync.Mutex
	issued map[string]time.Time // access token: when it expires; all are the bot user's
}

// holder returns the id of the token's user.
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
	return model.BotUser(k.oauth.ClientID).ID, true
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

func bearer(r *http.Request) (scheme, token string) {
	scheme, token, _ = strings.Cut(r.Header.Get("Authorization"), " ")
	return scheme, token
}
