package plan

import (
	"slices"

	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Some connections need a person: somebody signs in, and gets a code for one use.
// The code is declared like any credential, by a reference, and only apply finds
// out whether there is one. Without it, the operation that would carry it asks for
// the address to sign in at instead; nothing is written, and what needs it waits.

// signIn reports whether a person must sign in for a connection, and which
// credential is the code; empty: nobody must. What is not declared is as it is
// live, or else the default.
func (a *analysis) signIn(t *targets.Target, live *connection.Live) string {
	known := t.Source.SignIn
	switch {
	case known == nil:
		return ""
	case known.Property == "" && t.Credentials[known.Code] == nil:
		return ""
	case known.Property == "":
		return known.Code
	}
	property := t.Source.Properties[known.Property]
	value, declared := t.Properties[known.Property]
	if !declared && live != nil && live.DataSource == t.DataSource {
		value, declared = live.Properties[known.Property]
	}
	if !declared && property.HasDefault {
		value = property.Default
	}
	text, _ := a.in.Rules.Normalize(connection.Property{Type: "string"}, value).(string)
	if !slices.Contains(known.Values, text) {
		return ""
	}
	return known.Code
}

// manual notes what a person has to do for a change.
func (a *analysis) manual(d *decision) {
	code := a.signIn(d.target, d.live)
	makes := d.live == nil || d.diff != nil && d.diff.Recreate.Holds()
	if code == "" || d.change.Refused.Holds() || d.begun != nil || !makes && (d.diff == nil || !d.diff.Credentials) {
		return
	}
	declared := d.target.Credentials[code]
	if declared == nil && !makes {
		return // those that are declared are not the code
	}
	d.signIn, d.change.Waits = code, declared == nil
	switch {
	case d.change.Waits:
		d.todo = connection.Because("declare-code", "code", code)
	default:
		d.todo = connection.Because("put-code", "places", placesOf(declared))
	}
	d.change.Manual = connection.Because("sign-in", "todo", d.todo)
}

// placesOf returns where a reference is read from.
func placesOf(declared any) []connection.Reason {
	var places []connection.Reason
	_, _ = connection.Resolve(declared, func(ref connection.Reference) (connection.Secret, error) {
		switch {
		case ref.Env != "":
			places = append(places, connection.Because("place-variable", "name", ref.Env))
		case ref.File != "":
			places = append(places, connection.Because("place-file", "name", ref.File))
		default:
			places = append(places, connection.Because("place-output", "of", ref))
		}
		return connection.Secret{}, nil
	})
	return places
}

// needSignIn marks an operation that carries the code, or asks where to get one.
func (n *node) needSignIn() {
	d := n.decision
	if d.signIn == "" || n.operation.Kind != connection.Create && n.operation.Credentials == nil {
		return
	}
	n.operation.SignIn = d.signIn
	if d.change.Waits {
		n.operation.Kind = connection.AskSignIn
	}
}
