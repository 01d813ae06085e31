package apinizer_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/connection"
	simulator "github.com/qlsync/qlsync/pkg/simulator/apinizer"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer/inspect"
)

// TestARefusedSignInIsNotAboutAConnection lets a token expire at the read of a connection, and then
// refuses the sign-in, or answers it with a page of a proxy.
func TestARefusedSignInIsNotAboutAConnection(t *testing.T) {
	for name, refused := range map[string]simulator.Fault{
		"not found":        {Status: 404},
		"a proxy's page":   {Status: 200, Body: "<html>maintenance</html>"},
		"an unusual token": {Answer: `{"access_token": 1}`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				refused.Method, refused.Path, refused.Skip, refused.Times = "POST", "/apiops/auth/token", 1, -1
				const seed = `{"token": "token-of-ana", "user": {"name": "ana", "password": "open sesame"}, "projects": [{"name": "Payments"}],
					"connections": [{"project": "Payments", "type": "email", "name": "Mail", "fields": {"host": "mail.example", "port": 25}}]}`
				manager, err := inspect.New([]byte(seed), simulator.Options{Faults: []simulator.Fault{
					{Method: "GET", Path: "/apiops/projects/Payments/connections/Mail/", ExpireToken: true}, refused,
				}})
				if err != nil {
					t.Fatal(err)
				}
				provider, err := apinizer.New(apinizer.Config{
					URL: "http://127.0.0.1:8080", HTTPClient: &http.Client{Transport: inProcess{manager}},
					Auth: apinizer.Auth{User: connection.NewSecret("ana"), Password: connection.NewSecret("open sesame")},
				})
				if err != nil {
					t.Fatal(err)
				}
				snapshot, err := provider.Snapshot(t.Context(), connection.Scope{
					Spaces: []connection.SpaceRef{{Name: "Payments"}}, Details: func(*connection.Live) bool { return true },
				})
				if err == nil || errors.Is(err, connection.ErrNotFound) {
					t.Errorf("got %+v and the error %v, want the refusal of the sign-in", snapshot, err)
				}
				if left := manager.UnfiredFaults(); len(left) > 0 {
					t.Errorf("never fired: %v", left)
				}
			})
		})
	}
}
