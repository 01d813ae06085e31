package apinizer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// tokenMargin is how long before its end a token is replaced.
const tokenMargin = time.Minute

// maxLifetime is the longest lifetime of a token that is believed, in seconds.
const maxLifetime = 365 * 24 * 60 * 60

// Auth is how the manager knows us: by a personal API access token of its console,
// or by the name and password of a user, for which it gives tokens of an hour.
type Auth struct {
	Token          connection.Secret
	User, Password connection.Secret
}

func (a Auth) check() error {
	token, user, password := a.Token.Reveal() != "", a.User.Reveal() != "", a.Password.Reveal() != ""
	switch {
	case token && (user || password):
		return errors.New("read credentials of the manager: give a token or a user, not both")
	case token || user && password:
		return nil
	case user || password:
		return errors.New("read credentials of the manager: a user needs both a name and a password")
	}
	return errors.New("read credentials of the manager: neither a token nor a user is given")
}

// authorizer hands out the token of the moment.
type authorizer struct {
	auth   Auth
	client *Client

	// asking is held by the one who asks for a token; it guards the rest.
	asking chan struct{}
	mu     sync.Mutex
	token  string
	until  time.Time
}

func newAuthorizer(auth Auth, client *Client) (*authorizer, error) {
	if err := auth.check(); err != nil {
		return nil, err
	}
	return &authorizer{auth: auth, client: client, asking: make(chan struct{}, 1)}, nil
}

// current returns a token. Concurrent callers wait for one request.
func (a *authorizer) current(ctx context.Context) (string, error) {
	if token := a.auth.Token.Reveal(); token != "" {
		return token, nil
	}
	select {
	case a.asking <- struct{}{}:
		defer func() { <-a.asking }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if token, ok := a.known(); ok {
		return token, nil
	}
	token, lasts, err := a.ask(ctx)
	if err != nil {
		return "", fmt.Errorf("get token for the user: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.token, a.until = token, time.Now().Add(lasts-tokenMargin)
	return token, nil
}

func (a *authorizer) known() (string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.token, a.token != "" && time.Now().Before(a.until)
}

// renew forgets a token that was refused, and reports whether there can be another.
func (a *authorizer) renew(refused string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.token == refused {
		a.token = ""
	}
	return a.auth.Token.Reveal() == ""
}

// ask gets a token: a form, and an answer in the manner of OAuth in both contracts.
func (a *authorizer) ask(ctx context.Context) (token string, lasts time.Duration, err error) {
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {a.auth.User.Reveal()}, "client_secret": {a.auth.Password.Reveal()},
	}
	got, err := a.client.do(ctx, request{
		method: http.MethodPost, path: "auth/token", body: []byte(form.Encode()), kind: "application/x-www-form-urlencoded",
		repeatable: true, anonymous: true, secrets: a.secrets(),
	})
	if err != nil {
		return "", 0, transport.OfToken(err)
	}
	var fields struct {
		Token   string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
	}
	_ = json.Unmarshal(got.Body, &fields) // without a token, it is none
	if err := transport.CheckToken(fields.Token); err != nil {
		return "", 0, err
	}
	return fields.Token, max(time.Duration(min(fields.Seconds, maxLifetime))*time.Second, 2*tokenMargin), nil
}

// secrets are the values that no error may quote.
func (a *authorizer) secrets() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return []string{a.auth.Token.Reveal(), a.auth.User.Reveal(), a.auth.Password.Reveal(), a.token}
}

// advice says what to look at after a 401.
func (a *authorizer) advice() string {
	if a.auth.Token.Reveal() != "" {
		return "is the token a personal API access token, not expired and not revoked?"
	}
	return "a new token of the user was refused too"
}
