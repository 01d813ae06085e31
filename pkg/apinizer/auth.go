package apinizer

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Auth is the identity of the caller: a personal API access token of the console, or the name and
// password of a user, for which the manager issues tokens that last an hour.
type Auth struct {
	Token          connection.Secret
	User, Password connection.Secret
}

// credentials checks the configuration and returns the credentials of the transport. The request
// for a token is a form, and its answer has the form of an OAuth server's in both contracts.
func (a Auth) credentials() (transport.Credentials, error) {
	token, user, password := a.Token.Reveal(), a.User.Reveal(), a.Password.Reveal()
	switch {
	case token != "" && (user != "" || password != ""):
		return transport.Credentials{}, errors.New("read credentials of the manager: give a token or a user, not both")
	case token != "":
		return transport.Credentials{Token: token, Advice: "is the token a personal API access token, not expired and not revoked?"}, nil
	case user == "" && password == "":
		return transport.Credentials{}, errors.New("read credentials of the manager: neither a token nor a user is given")
	case user == "" || password == "":
		return transport.Credentials{}, errors.New("read credentials of the manager: a user needs both a name and a password")
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {user}, "client_secret": {password}}
	return transport.Credentials{
		Ask: &transport.Request{
			Method: http.MethodPost, Path: apiPath + "auth/token", Body: []byte(form.Encode()),
			ContentType: "application/x-www-form-urlencoded", Secrets: []string{user, password},
		},
		Of: "the user", Lasts: tokenLasts, Advice: "a new token of the user was refused too",
	}, nil
}

// tokenLasts is the lifetime of a token if its answer does not say. It is not documented how the
// manager refuses an expired token.
const tokenLasts = 2 * time.Minute
