package qlik

import (
	"errors"
	"net/http"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Auth is the identity of the caller: an API key, or the id and secret of an OAuth
// machine-to-machine client. An API key acts as its user, an OAuth client as a bot user of its own
// (qlik.dev, OAuth M2M guide).
type Auth struct {
	APIKey       connection.Secret
	ClientID     connection.Secret
	ClientSecret connection.Secret
}

// credentials checks the configuration and returns the credentials of the transport. The request
// for a token is POST /oauth/token (qlik.dev, OAuth M2M guide) with a JSON body. There is no
// refresh token. The scope is omitted: the client's own applies.
func (a Auth) credentials() (transport.Credentials, error) {
	key, client, secret := a.APIKey.Reveal(), a.ClientID.Reveal(), a.ClientSecret.Reveal()
	switch {
	case key != "" && (client != "" || secret != ""):
		return transport.Credentials{}, errors.New("read credentials of the tenant: give an API key or an OAuth client, not both")
	case key != "":
		return transport.Credentials{Token: key, Advice: "is the API key valid, not expired, and of this tenant?"}, nil
	case client == "" && secret == "":
		return transport.Credentials{}, errors.New("read credentials of the tenant: neither an API key nor an OAuth client is given")
	case client == "" || secret == "":
		return transport.Credentials{}, errors.New("read credentials of the tenant: an OAuth client needs both its id and its secret")
	}
	body, err := transport.JSON(map[string]string{"client_id": client, "client_secret": secret, "grant_type": "client_credentials"})
	return transport.Credentials{
		Ask: &transport.Request{Method: http.MethodPost, Path: "/oauth/token", Body: body, Secrets: []string{client, secret}},
		Of:  "the OAuth client", Advice: "a new token of the OAuth client was refused too",
	}, err
}
