package apinizer_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/connection"
)

func TestAListOfMoreItemsThanAnybodyHasIsAnError(t *testing.T) {
	body := `{"status": "SUCCESS", "resultList": [` + strings.Repeat(`{},`, 250_000) + `{}]}`
	for _, path := range []string{"/apiops/projects/", listOfPayments} {
		r := newRig(t, twoProjects, behaviour{})
		r.through(map[string]func(http.ResponseWriter){"GET " + path: says(http.StatusOK, body)})
		_, err := r.provider.Snapshot(t.Context(), connection.Scope{Spaces: []connection.SpaceRef{{Name: "Payments"}}})
		if err == nil || !strings.Contains(err.Error(), "GET "+path+": the tenant lists more than 250,000 items (raise the limits with --raise-limits N") {
			t.Errorf("%s: got error %v, want the limit of items in a list", path, err)
		}
	}
}

// TestTheTimeOfAReadingIsBounded lets each request take 50 seconds. Each connection is read
// by itself, four at the same time.
func TestTheTimeOfAReadingIsBounded(t *testing.T) {
	for connections, want := range map[int]string{
		200: "", 400: `: waiting for the tenant's answers has taken more than 1 h in all`,
	} {
		synctest.Test(t, func(t *testing.T) {
			items := make([]string, connections)
			answers := map[string]func(http.ResponseWriter){}
			for i := range items {
				items[i] = fmt.Sprintf(`{"type": "email", "name": "c%d"}`, i)
				answers[fmt.Sprintf("GET /apiops/projects/Payments/connections/c%d/", i)] = func(w http.ResponseWriter) {
					time.Sleep(50 * time.Second)
					says(http.StatusOK, `{"status": "SUCCESS", "resultList": [`+items[i]+`]}`)(w)
				}
			}
			answers["GET "+listOfPayments] = says(http.StatusOK, `{"status": "SUCCESS", "resultList": [`+strings.Join(items, ",")+`]}`)
			r := newRig(t, twoProjects, behaviour{})
			r.through(answers)
			_, err := r.provider.Snapshot(t.Context(), connection.Scope{
				Spaces: []connection.SpaceRef{{Name: "Payments"}}, Details: func(*connection.Live) bool { return true },
			})
			if want == "" && err != nil || want != "" && (err == nil || !strings.HasSuffix(err.Error(), want)) {
				t.Errorf("%d connections: got the error %v, want %q", connections, err, want)
			}
		})
	}
}

// TestATokenThatNoHeaderHoldsIsRefused answers with a token of a megabyte.
func TestATokenThatNoHeaderHoldsIsRefused(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{})
	answers := map[string]func(http.ResponseWriter){"POST /apiops/auth/token": says(http.StatusOK, `{"access_token": "`+strings.Repeat("x", 1<<20)+`"}`)}
	p, err := apinizer.New(apinizer.Config{
		URL: "http://127.0.0.1:8080", Auth: apinizer.Auth{User: connection.NewSecret("ana"), Password: connection.NewSecret("open sesame")},
		HTTPClient: &http.Client{Transport: inProcess{scripted{r.manager, answers}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = "get token for the user: the token in the answer is longer than 64 KiB"
	if _, err := p.Snapshot(t.Context(), connection.Scope{}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got the error %v, want %q", err, want)
	}
}
