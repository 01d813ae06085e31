package apinizer_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/connection"
)

func TestAManagerIsExaminedAsFarAsItAnswers(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{})
	r.add("email", "Mail", map[string]any{"host": "mail.example"})
	found := r.provider.Examine(t.Context(), []connection.SpaceRef{{Name: "Payments"}, {Name: "Nowhere"}, {Name: "Logs"}})
	switch {
	case found.Err != nil || found.CallerUnknown == "" || found.Caller != (connection.User{}):
		t.Errorf("got caller %+v, want an unknown one with the reason", found)
	case len(found.Spaces) != 3 || !found.Spaces[0].Found || found.Spaces[1].Found || !found.Spaces[2].Found:
		t.Errorf("got spaces %+v, want three, the second one not found", found.Spaces)
	case len(found.Spaces[0].Connections) != 1 || len(found.Spaces[2].Connections) != 0:
		t.Errorf("got spaces %+v, want one connection in the first and none in the third", found.Spaces)
	case found.Spaces[0].Connections[0].Privileges != nil || found.Spaces[0].Roles != nil:
		t.Errorf("got rights %+v, want none: no manager reports them", found.Spaces[0])
	}
}

func TestAManagerThatLetsNobodyInIsExaminedNoFurther(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{})
	provider, err := apinizer.New(apinizer.Config{
		URL: "http://127.0.0.1:8080", Auth: apinizer.Auth{Token: connection.NewSecret("another token")},
		HTTPClient: &http.Client{Transport: inProcess{r.manager}},
	})
	if err != nil {
		t.Fatal(err)
	}
	found := provider.Examine(t.Context(), []connection.SpaceRef{{Name: "Payments"}})
	if !errors.Is(found.Err, connection.ErrUnauthorized) || found.Spaces != nil {
		t.Errorf("got %+v, want ErrUnauthorized and no spaces", found)
	}
}
