package qlik

import (
	"errors"
	"net/http"
	"strings"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Auth is the identity of the caller: an API key, or the id of an OAuth machine-to-machine client
// with its secret or its private key. An API key acts as its user, an OAuth client as a bot user of
// its own (qlik.dev, OAuth M2M guide).
type Auth struct {
	APIKey       connection.Secret
	ClientID     connection.Secret
	ClientSecret connection.Secret
	// PrivateKey is a key as PEM, whose public key is registered with the client, and KeyID the id of
	// that key. The id may be empty.
	PrivateKey connection.Secret
	KeyID      string
}

const tokenPath = "/oauth/token"

// credentials checks the configuration and returns the credentials of the transport for a tenant at
// a URL. The request for a token is POST /oauth/token (qlik.dev, OAuth M2M guide) with a JSON body.
// There is no refresh token. The scope is omitted: the client's own applies. learn is called with
// each secret that is made.
func (a Auth) credentials(tenant string, learn func(secret string)) (transport.Credentials, error) {
	key, client, secret, private := a.APIKey.Reveal(), a.ClientID.Reveal(), a.ClientSecret.Reveal(), a.PrivateKey.Reveal()
	switch {
	case key != "" && client+secret+private != "":
		return transport.Credentials{}, errors.New("read credentials of the tenant: give an API key or an OAuth client, not both")
	case key != "":
		return transport.Credentials{Token: key, Advice: "is the API key valid, not expired, and of this tenant?"}, nil
	case client == "" && secret == "" && private == "":
		return transport.Credentials{}, errors.New("read credentials of the tenant: neither an API key nor an OAuth client is given")
	case client == "" || (secret == "") == (private == ""):
		return transport.Credentials{}, errors.New("read credentials of the tenant: an OAuth client needs its id, and either its secret or its private key")
	}
	ask := &transport.Request{Method: http.MethodPost, Path: tokenPath, Secrets: []string{client, secret}}
	var err error
	if private != "" {
		ask.ContentType = "application/x-www-form-urlencoded"
		ask.Secrets = append(keyLines(private), client, private)
		ask.Fresh, err = a.assertions(tenant, learn)
	} else {
		ask.Body, err = transport.JSON(map[string]string{"client_id": client, "client_secret": secret, "grant_type": "client_credentials"})
	}
	return transport.Credentials{Ask: ask, Of: "the OAuth client", Advice: "a new token of the OAuth client was refused too"}, err
}

// keyLines returns the lines of a key that are secret also alone.
func keyLines(key string) []string {
	var lines []string
	for line := range strings.Lines(key) {
		if line = strings.TrimSpace(line); len(line) >= 16 && !strings.HasPrefix(line, "-----") {
			lines = append(lines, line)
		}
	}
	return lines
}
