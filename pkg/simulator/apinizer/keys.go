package apinizer

import (
	"crypto/subtle"
	"sync"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer/internal/model"
)

// tokenLife is how long an access token is valid: expires_in of the token page (facts, section 1).
const tokenLife = time.Hour

// keys says which tokens are valid.
type keys struct {
	personal string
	user     *model.SeedUser

	mu     sync.Mutex
	issued map[string]time.Time // access token: when it expires
}

// expire ends an access token. The personal one stays valid.
func (k *keys) expire(token string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, found := k.issued[token]; found {
		k.issued[token] = time.Time{}
	}
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
