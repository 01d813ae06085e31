package qlik

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// tokenMargin is how long before its end a token is replaced, so that none
// expires on the way.
const tokenMargin = time.Minute

// Auth is how the tenant knows us: by an API key, or by the id and secret of an
// OAuth machine-to-machine client. An API key acts as its user, an OAuth client as
// a bot user of its own (qlik.dev, OAuth M2M guide).
type Auth struct {
	APIKey       connection.Secret
	ClientID     connection.Secret
	ClientSecret connection.Secret
}

func (a Auth) check() error {
	key, client, secret := a.APIKey.Reveal() != "", a.ClientID.Reveal() != "", a.ClientSecret.Reveal() != ""
	switch {
	case key && (client || secret):
		return errors.New("read credentials of the tenant: give an API key or an OAuth client, not both")
	case key || client && secret:
		return nil
	case client || secret:
		return errors.New("read credentials of the tenant: an OAuth client needs both its id and its secret")
	}
	return errors.New("read credentials of the tenant: neither an API key nor an OAuth client is given")
}

// authorizer hands out the token of the moment.
type authorizer struct {
	auth Auth
	// ask gets a new token from the tenant; nil for an API key, which cannot be
	// renewed.
	ask oauth2.TokenSource

	mu     sync.Mutex
	source oauth2.TokenSource
}

func newAuthorizer(auth Auth, client *Client) (*authorizer, error) {
	if err := auth.check(); err != nil {
		return nil, err
	}
	if auth.ClientID.Reveal() == "" {
		return &authorizer{auth: auth, source: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: auth.APIKey.Reveal()})}, nil
	}
	a := &authorizer{auth: auth, ask: tokenRequest{client, auth}}
	a.source = a.fresh()
	return a, nil
}

// fresh makes a source that asks the tenant once and then keeps the token until
// it is about to expire.
func (a *authorizer) fresh() oauth2.TokenSource {
	return oauth2.ReuseTokenSourceWithExpiry(nil, a.ask, tokenMargin)
}

// token gives the current token. Concurrent callers wait for one request, each as
// long as its context allows.
func (a *authorizer) token(ctx context.Context) (*oauth2.Token, error) {
	a.mu.Lock()
	source := a.source
	a.mu.Unlock()
	if a.ask == nil {
		return source.Token()
	}
	type answer struct {
		token *oauth2.Token
		err   error
	}
	answers := guard.Start(func() answer {
		token, err := source.Token()
		return answer{token, err}
	})
	select {
	case answered := <-answers:
		got := answered.Get()
		return got.token, got.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// renew forgets a token that the service has refused, and tells whether there can
// be another. Ten goroutines with the same refused token cause one request.
func (a *authorizer) renew(refused *oauth2.Token) bool {
	if a.ask == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	current, err := a.source.Token()
	if err == nil && current.AccessToken == refused.AccessToken {
		a.source = a.fresh()
	}
	return true
}

// secrets are the values that no error may quote.
func (a *authorizer) secrets() []string {
	return []string{a.auth.APIKey.Reveal(), a.auth.ClientID.Reveal(), a.auth.ClientSecret.Reveal()}
}

// tokenRequest asks the tenant for a token. The guide shows a JSON body, so the
// form-posting client of the oauth2 package is of no use.
type tokenRequest struct {
	client *Client
	auth   Auth
}

// Token sends POST /oauth/token (qlik.dev, OAuth M2M guide). There is no refresh
// token. The scope is left out: the client's own. [oauth2.TokenSource] has no
// room for a context: the lifetime of the client ends the call.
func (r tokenRequest) Token() (*oauth2.Token, error) {
	request := Request{
		Method: http.MethodPost,
		Path:   "/oauth/token",
		Body: map[string]string{
			"client_id":     r.auth.ClientID.Reveal(),
			"client_secret": r.auth.ClientSecret.Reveal(),
			"grant_type":    "client_credentials",
		},
		Repeatable: true,
		Secrets:    []connection.Secret{r.auth.ClientID, r.auth.ClientSecret},
		anonymous:  true,
	}
	var answer wireToken
	got, err := r.client.do(r.client.lifetime, request, &answer)
	err = transport.OfToken(err)
	if err == nil {
		err = transport.CheckToken(answer.AccessToken)
	}
	if err != nil {
		return nil, fmt.Errorf("get token for the OAuth client: %w", err)
	}
	return &oauth2.Token{AccessToken: answer.AccessToken, Expiry: answer.expiry(time.Now(), got.Header)}, nil
}

// advice says what to look at after a 401.
func (a *authorizer) advice() string {
	if a.ask == nil {
		return "is the API key valid, not expired, and of this tenant?"
	}
	return "a new token of the OAuth client was refused too"
}
