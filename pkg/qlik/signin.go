package qlik

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Interactive OAuth (API reference, authUrlOnly; guide to authorising data connections): a create
// with authUrlOnly returns an address and creates nothing. A person signs in there and gets a
// single-use code, which is sent among the properties of the create or in a header of a patch. The
// address contains a challenge and a state, so it belongs to one request. Sign-in cannot be
// unattended.

// signInHeader carries the code of a patch. The example of the API reference begins with "code=",
// the guide has the bare code: the code is sent as the person entered it.
const signInHeader = "qlik-auth-code"

// signInProperty carries the code of a create.
const signInProperty = "authCode"

// signIns are the data sources that are known to require sign-in (guide to authorising data
// connections), without the "DG_" of their variants for the data gateway.
var signIns = map[string]connection.SignIn{
	"gbq": {Property: "OAuthMechanism", Values: []string{"1"}, Code: signInProperty},
}

// signInOf returns the sign-in condition of a data source; nil if it has no property for a code.
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

// askSignIn requests the address at which a person must sign in. The request equals the create that
// will follow, so for a live connection it is computed from the live state.
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
	if outcome.Err == nil { // the service ignored authUrlOnly and the duplicate name
		outcome.Err = transport.Own(connection.ErrInvalid, "ask for the address to sign in at: the tenant returned no address and created another connection of that name, %s: delete it", outcome.ID)
	}
	return outcome
}

// mustSignIn returns the outcome of a request that was answered with an address. The address is
// shown, so it may contain no secret of the request. Parts of a secret do not count, because a
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
