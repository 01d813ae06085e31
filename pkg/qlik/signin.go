package qlik

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Interactive OAuth (API reference, authUrlOnly; guide to authorising data
// connections): a create with authUrlOnly answers an address and makes nothing. A
// person signs in there and gets a code for one use, which goes among the
// properties of the create, or into a header of a patch. It has a challenge and a
// state, so it belongs to one request; nobody can do this unattended.

// signInHeader takes the code of a patch. The example of the API reference begins
// with "code=", the guide has the bare code: it is sent as the person gives it.
const signInHeader = "qlik-auth-code"

// signInProperty takes the code of a create.
const signInProperty = "authCode"

// signIns are the data sources of which it is known when they want it (guide to
// authorising data connections), without the "DG_" of their variants for the data
// gateway.
var signIns = map[string]connection.SignIn{
	"gbq": {Property: "OAuthMechanism", Values: []string{"1"}, Code: signInProperty},
}

// signInOf returns nil for a data source that has no property for a code.
func signInOf(dataSource string, properties map[string]connection.Property) *connection.SignIn {
	known, ok := signIns[strings.TrimPrefix(dataSource, "DG_")]
	if _, listed := properties[signInProperty]; !listed {
		return nil
	}
	if !ok {
		known.Code = signInProperty
	}
	return &known
}

// askSignIn asks where a person has to sign in. The request is that of the create
// which is to follow, so for a live connection it is made from what is live.
func (p *Provider) askSignIn(ctx context.Context, operation connection.Operation) connection.Outcome {
	if operation.ID == "" {
		return p.create(ctx, operation)
	}
	live, err := p.read(ctx, operation.ID, nil)
	if err != nil {
		return connection.Outcome{Err: fmt.Errorf("ask for the address to sign in at: %w", err)}
	}
	credentials := operation.Credentials
	operation = connection.Operation{
		Kind: operation.Kind, ID: operation.ID, Name: live.Name, Space: &connection.Space{ID: live.Space},
		DataSource: live.DataSource, Set: live.Properties, Credentials: credentials, SignIn: operation.SignIn,
	}
	outcome := p.create(ctx, operation)
	if outcome.Err == nil { // the service took no notice of authUrlOnly, and of the name
		outcome.Err = transport.Own(connection.ErrInvalid, "ask for the address to sign in at: the tenant returned no address and created another connection of that name, %s: delete it", outcome.ID)
	}
	return outcome
}

// mustSignIn is the outcome of a request that was answered with an address. It is
// shown, so it may hold no secret of the request; parts of one do not count, as a
// state or a challenge is random.
func mustSignIn(address string, hide *transport.Redactor) connection.Outcome {
	if hide.Holds(address) {
		return connection.Outcome{Err: transport.Own(connection.ErrInvalid, "create connection: the address to sign in at contains a secret of the request, so it is not shown")}
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || parsed.Scheme != "https" && !(parsed.Scheme == "http" && transport.IsLoopback(parsed.Hostname())) {
		return connection.Outcome{Err: transport.Own(connection.ErrInvalid, "create connection: the address to sign in at is not an https URL")}
	}
	return connection.Outcome{Err: connection.ErrSignIn, SignInURL: parsed.String()}
}
