package transport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/pkg/connection"
)

// tokenMargin is how long before its end a token is replaced, so that none expires in transit. A
// token is used for at least as long.
const tokenMargin = time.Minute

const (
	// maxToken bounds a token, in bytes. Servers refuse headers of more than 8 to 64 KiB.
	maxToken = 64 << 10
	// maxExpiresIn is the longest accepted lifetime of a token, in seconds.
	maxExpiresIn = 365 * 24 * 60 * 60
)

// tokens provides the current token.
type tokens struct {
	Credentials
	client *Client
	asking singleflight.Group

	mu    sync.Mutex
	token string    // empty: none
	until time.Time // zero: until the service refuses it
}

// current returns the token. Concurrent callers wait for one request, each as long as its context
// allows; the request itself ends with the client, because its token is for all.
func (t *tokens) current(ctx context.Context) (string, error) {
	if t.Ask == nil {
		return t.Token, nil
	}
	if token := t.known(); token != "" {
		return token, nil
	}
	answers := t.asking.DoChan("", func() (token any, err error) {
		crash := guard.Try(func() { token, err = t.renew() })
		if crash != nil {
			err = crash
		}
		return token, err
	})
	select {
	case got := <-answers:
		if crash, ok := errors.AsType[*guard.Panic](got.Err); ok {
			panic(crash)
		}
		token, _ := got.Val.(string)
		return token, got.Err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (t *tokens) known() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.until.IsZero() && !time.Now().Before(t.until) {
		t.token = ""
	}
	return t.token
}

// forget drops a token that the service has refused, and reports whether another token is possible.
// Ten goroutines with the same refused token cause one request.
func (t *tokens) forget(refused string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == refused {
		t.token = ""
	}
	return t.Ask != nil
}

// renew requests a token and stores it, unless another caller was faster.
func (t *tokens) renew() (string, error) {
	if token := t.known(); token != "" {
		return token, nil
	}
	token, lasts, err := t.ask()
	if err != nil {
		return "", fmt.Errorf("get token for %s: %w", t.Of, err)
	}
	t.client.secrets.Add(token)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.token, t.until = token, time.Time{}
	if lasts != 0 {
		t.until = time.Now().Add(max(lasts-tokenMargin, tokenMargin))
	}
	return token, nil
}

// ask sends the request for a token, and returns the token's lifetime; zero: until the service
// refuses it.
func (t *tokens) ask() (token string, lasts time.Duration, err error) {
	request := *t.Ask
	request.Anonymous, request.Repeatable = true, true
	got, err := t.client.Do(t.client.lifetime, request)
	if refusal, ok := errors.AsType[*Error](err); ok && refusal.Status/100 == 4 && refusal.Status != http.StatusTooManyRequests {
		refusal.Kind = connection.ErrUnauthorized
	}
	if err != nil {
		return "", 0, err
	}
	var answer tokenAnswer
	err = json.Unmarshal(got.Body, &answer)
	_, notJSON := errors.AsType[*json.SyntaxError](err)
	switch {
	case notJSON:
		return "", 0, got.Unreadable(got.NotJSON(t.client.secrets))
	case answer.Token == "":
		return "", 0, fmt.Errorf("%w: the answer holds no access_token", connection.ErrUnauthorized)
	case len(answer.Token) > maxToken:
		return "", 0, fmt.Errorf("the token in the answer is longer than %d KiB%s", maxToken>>10, adviseURL)
	}
	if lasts = answer.lasts(got.Header); lasts == 0 {
		lasts = t.Lasts
	}
	return answer.Token, lasts, nil
}

// tokenAnswer is the answer of an OAuth server. expires_at is specific to Qlik Cloud.
type tokenAnswer struct {
	Token   string `json:"access_token"`
	Seconds int64  `json:"expires_in"`
	EndsAt  string `json:"expires_at"` // RFC 3339
}

// lasts returns the lifetime of the token; zero if the answer does not say. expires_at is by the
// clock of the server, which its Date header shows.
func (a tokenAnswer) lasts(header http.Header) time.Duration {
	if a.Seconds > 0 {
		return time.Duration(min(a.Seconds, maxExpiresIn)) * time.Second
	}
	end, err := time.Parse(time.RFC3339, a.EndsAt)
	if err != nil {
		return 0
	}
	now, ok := ServerTime(header)
	if !ok {
		now = time.Now()
	}
	return max(end.Sub(now), time.Second)
}
