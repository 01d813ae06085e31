package model

import (
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/identity"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/source"
)

// BeginSignIn begins an authorisation of a user for a data source, and returns its state.
func (w *World) BeginSignIn(user string, s *source.Source) (state string) {
	for n := 0; state == "" || w.SignIns[state] != (SignIn{}) || w.gone[state]; n++ {
		state = identity.Opaque("state", user, s.ID, strconv.Itoa(n))
	}
	w.SignIns[state] = SignIn{user, s.ID}
	return state
}

func CodeOf(state string) string { return identity.Opaque("code", state) }

// Redeem takes an authorisation code, once: it must be of this user and data source. The example of the patch header
// begins with "code=", that of create does not: both are taken.
func (w *World) Redeem(user string, s *source.Source, code string) error {
	code = strings.TrimPrefix(code, "code=")
	for _, state := range host.SortedKeys(w.SignIns) {
		if CodeOf(state) == code && w.SignIns[state] == (SignIn{user, s.ID}) {
			delete(w.SignIns, state)
			w.gone[state] = true
			return nil
		}
	}
	return refusal.BadRequest("the authorisation code is not valid, or was used before")
}

// RedeemProperty takes the code among the properties of a create; signing in is not optional.
func (w *World) RedeemProperty(user string, s *source.Source, properties map[string]any) error {
	code, _ := properties[s.SignIn.Code].(string)
	if code == "" {
		return refusal.BadRequest("connectionProperties: %s is missing", s.SignIn.Code)
	}
	return w.Redeem(user, s, code)
}
