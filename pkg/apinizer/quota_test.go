package apinizer_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
)

func TestAListOfMoreItemsThanAnybodyHasIsAnError(t *testing.T) {
	body := `{"status": "SUCCESS", "resultList": [` + strings.Repeat(`{},`, 250_000) + `{}]}`
	for _, path := range []string{"/apiops/projects/", listOfPayments} {
		r := newRig(t, twoProjects, behaviour{})
		r.through(map[string]func(http.ResponseWriter){"GET " + path: says(http.StatusOK, body)})
		_, err := r.provider.Snapshot(t.Context(), connection.Scope{Spaces: []connection.SpaceRef{{Name: "Payments"}}})
		if err == nil || !strings.Contains(err.Error(), "GET "+path+": the tenant lists more than 250000 items (raise the limits with --raise-limits N") {
			t.Errorf("%s: %v", path, err)
		}
	}
}
