package qlik

import (
	"crypto/rand"
	"crypto/subtle"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
)

// tokenLife and assertedLife are how long an access token is valid: that of a secret (OAuth
// machine-to-machine page), and that of an assertion (Private Key JWT tutorial).
const (
	tokenLife    = 6 * time.Hour
	assertedLife = time.Hour
)

// keys maps bearer tokens to users.
type keys struct {
	apiKey string
	caller string // user id of the API key
	oauth  *model.OAuth
	bot    string // user id of the OAuth client

	mu     sync.Mutex
	issued map[string]time.Time // access token: when it expires; all are the bot user's
	used   map[string]time.Time // id of an assertion: when it expires
}

func newKeys(apiKey, caller string) *keys {
	return &keys{apiKey: apiKey, caller: caller, issued: make(map[string]time.Time), used: make(map[string]time.Time)}
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
	return k.bot, true
}

// revoke ends an access token. An API key stays valid.
func (k *keys) revoke(token string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.issued, token)
}

// use takes the id of an assertion; false if it was used before.
func (k *keys) use(id string, expires, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	maps.DeleteFunc(k.used, func(_ string, expired time.Time) bool { return !expired.After(now) })
	if _, found := k.used[id]; found {
		return false
	}
	k.used[id] = expires
	return true
}

func (k *keys) issue(now time.Time, life time.Duration) (token string, expires time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	token, expires = rand.Text()+rand.Text(), now.Add(life)
	k.issued[token] = expires
	return token, expires
}

func bearer(r *http.Request) (scheme, token string) {
	scheme, token, _ = strings.Cut(r.Header.Get("Authorization"), " ")
	return scheme, token
}
