package qlik

import (
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// beginSignIn begins an authorisation of a user for a data source, and returns its state.
func (w *world) beginSignIn(user string, s *source) (state string) {
	for n := 0; state == "" || w.signIns[state] != (signIn{}) || w.gone[state]; n++ {
		state = opaqueOf("state", user, s.id, strconv.Itoa(n))
	}
	w.signIns[state] = signIn{user, s.id}
	return state
}

func codeOf(state string) string { return opaqueOf("code", state) }

// redeem takes an authorisation code, once: it must be of this user and data source. The example of the patch header
// begins with "code=", that of create does not: both are taken.
func (w *world) redeem(user string, s *source, code string) error {
	code = strings.TrimPrefix(code, "code=")
	for _, state := range host.SortedKeys(w.signIns) {
		if codeOf(state) == code && w.signIns[state] == (signIn{user, s.id}) {
			delete(w.signIns, state)
			w.gone[state] = true
			return nil
		}
	}
	return badRequest("the authorisation code is not valid, or was used before")
}

// redeemProperty takes the code among the properties of a create; signing in is not optional.
func (w *world) redeemProperty(user string, s *source, properties map[string]any) error {
	code, _ := properties[s.SignIn.Code].(string)
	if code == "" {
		return badRequest("connectionProperties: %s is missing", s.SignIn.Code)
	}
	return w.redeem(user, s, code)
}
