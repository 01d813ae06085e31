package apinizer_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/connection"
)

func TestTheProviderReportsWhatItsRequestsWaitForAndWhatIsRead(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		want   connection.WaitReason
	}{"a limit": {429, connection.WaitReads}, "another attempt": {502, connection.WaitRetry}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				refused := false
				handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					answer := `{"status": "SUCCESS", "resultCount": 0, "resultList": []}`
					switch {
					case !refused:
						refused = true
						w.Header().Set("Retry-After", "40")
						says(test.status, `{"status": "FAILURE", "resultMessage": "not now"}`)(w)
						return
					case r.URL.Path == "/apiops/projects/":
						answer = `{"status": "SUCCESS", "resultCount": 1, "resultList": [{"name": "Payments"}]}`
					case r.URL.Query().Get("type") == "email":
						answer = `{"status": "SUCCESS", "resultCount": 2, "resultList": [{"type": "email", "name": "A"}, {"type": "email", "name": "B"}]}`
					case strings.HasSuffix(r.URL.Path, "/A/"), strings.HasSuffix(r.URL.Path, "/B/"):
						answer = `{"status": "SUCCESS", "resultCount": 1, "resultList": [{"type": "email", "name": "A"}]}`
					}
					says(200, answer)(w)
				})
				provider, err := apinizer.New(apinizer.Config{
					URL: "https://manager.example", HTTPClient: &http.Client{Transport: inProcess{handler}},
					Auth: apinizer.Auth{Token: connection.NewSecret("token")},
				})
				if err != nil {
					t.Fatal(err)
				}
				var mu sync.Mutex
				var told []string
				var reading sync.WaitGroup
				reading.Go(func() {
					_, err := provider.Snapshot(t.Context(), connection.Scope{
						Spaces:  []connection.SpaceRef{{Name: "Payments"}},
						Details: func(*connection.Live) bool { return true },
						Reading: func(done, total int) {
							mu.Lock()
							defer mu.Unlock()
							told = append(told, fmt.Sprint(done, " of ", total))
						},
					})
					if err != nil {
						t.Error(err)
					}
				})
				until := time.Now().Add(40 * time.Second)
				synctest.Wait()
				if wait := provider.Waiting(); wait.For != test.want || !wait.Until.Equal(until) {
					t.Errorf("told %v, not %s until %v", wait, test.want, until)
				}
				reading.Wait()
				if wait := provider.Waiting(); wait != (connection.Wait{}) {
					t.Errorf("got %v after the last request, want no wait", wait)
				}
				slices.Sort(told)
				if !slices.Equal(told, []string{"1 of 2", "2 of 2"}) {
					t.Errorf("got progress of reads %q, want 1 of 2 and 2 of 2", told)
				}
			})
		})
	}
}
