package apinizer_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/qlsync/qlsync/internal/transport/transporttest"
	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/connection"
	simulator "github.com/qlsync/qlsync/pkg/simulator/apinizer"
)

// echoing is a manager that carries requests out, and puts into an answer what it was asked
// at any time before: in place of a text of the answer, or in an error of any form.
type echoing struct {
	manager http.RoundTripper
	memory  *transporttest.Memory
	quoted  int
}

func (e *echoing) RoundTrip(request *http.Request) (*http.Response, error) {
	e.memory.Remember(request)
	answer, err := e.manager.RoundTrip(request)
	if err != nil || e.memory.IntN(3) == 0 {
		return answer, err
	}
	body, _ := io.ReadAll(answer.Body)
	e.quoted++
	quote := e.memory.Quote()
	if value := any(nil); e.memory.IntN(2) == 0 && json.Unmarshal(body, &value) == nil {
		places := 0
		eachText(value, func(was string) string { places++; return was })
		place := e.memory.IntN(max(1, places))
		value = eachText(value, func(was string) string {
			if place--; place == -1 {
				return quote
			}
			return was
		})
		body, _ = json.Marshal(value)
	} else {
		statuses := []int{200, 400, 403, 404, 409, 422, 500}
		answer.StatusCode = statuses[e.memory.IntN(len(statuses))]
		refusal := map[string]any{"status": "FAILURE", "resultMessage": "refused", "error": "invalid", "error_description": "no"}
		places := []string{"status", "resultMessage", "error", "error_description", "text", "header", "type", "location"}
		switch place := places[e.memory.IntN(len(places))]; place {
		case "text":
			body = []byte(quote)
		case "header":
			answer.Header.Set("X-Request-Id", strings.Map(visibleOnly, quote))
			body = nil
		case "type":
			answer.Header.Set("Content-Type", strings.Map(visibleOnly, quote))
			body = []byte("{")
		case "location":
			answer.StatusCode = 302
			answer.Header.Set("Location", "/"+strings.Map(visibleOnly, strings.ReplaceAll(quote, " ", "+")))
		default:
			refusal[place] = quote
			body, _ = json.Marshal(refusal)
		}
	}
	answer.ContentLength = int64(len(body))
	answer.Header.Del("Content-Length")
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

func visibleOnly(r rune) rune {
	if r < ' ' || r > '~' {
		return '?'
	}
	return r
}

// eachText replaces the texts of a JSON value, in an order that does not change.
func eachText(value any, change func(string) string) any {
	switch value := value.(type) {
	case string:
		return change(value)
	case []any:
		for i := range value {
			value[i] = eachText(value[i], change)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			value[key] = eachText(value[key], change)
		}
	}
	return value
}

// TestNoAnswerOfAManagerBringsBackASecretOfAnEarlierRequest runs in fake time: the client
// waits before it repeats a request.
func TestNoAnswerOfAManagerBringsBackASecretOfAnEarlierRequest(t *testing.T) {
	answers := 10_000
	if transporttest.UnderRace {
		answers = 1_000
	}
	random := rand.New(rand.NewPCG(16, 1))
	quoted := 0
	for seen := 0; seen < answers; {
		synctest.Test(t, func(t *testing.T) {
			manager, err := simulator.New([]byte(twoProjects), simulator.Options{})
			if err != nil {
				t.Fatal(err)
			}
			service := &echoing{manager: inProcess{manager}, memory: transporttest.NewMemory(random)}
			var log bytes.Buffer
			var screen strings.Builder
			provider, err := apinizer.New(apinizer.Config{
				URL: "http://127.0.0.1:8080", Auth: apinizer.Auth{Token: connection.NewSecret(manager.Token())}, Project: testProject,
				HTTPClient: &http.Client{Transport: service}, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			})
			if err != nil {
				t.Fatal(err)
			}
			secrets := []string{manager.Token()}
			for i := range 24 {
				secret := fmt.Sprintf("p%08x%s%x", random.Uint32(), []string{"-", " ", `"`, "/", "<é>"}[i%5], random.Uint32())
				secrets = append(secrets, secret)
				key := connection.Key{Space: "Payments", Name: fmt.Sprint("Drop", i/4)}
				operation := connection.Operation{
					Kind: connection.Patch, Key: key, ID: key.String(), DataSource: "ftp", Set: map[string]any{"retryCount": json.Number(fmt.Sprint(i))},
					Credentials: map[string]any{"password": connection.NewSecret(secret)}, Mark: &connection.Mark{Project: testProject},
				}
				switch i % 4 {
				case 0:
					operation.Kind, operation.ID, operation.Name, operation.ReadBack = connection.Create, "", key.Name, true
					operation.Set = map[string]any{"host": "ftp.example", "username": "app", "protocol": "SFTP", "port": json.Number("22")}
				case 3:
					operation.Kind, operation.Credentials, operation.Set = connection.Delete, nil, nil
				}
				outcome := provider.Execute(t.Context(), []connection.Operation{operation})[0]
				_, sourceErr := provider.DataSources(t.Context(), []string{"ftp"})
				fmt.Fprintln(&screen, outcome.ID, outcome.Err, outcome.UndoErr, outcome.SignInURL, sourceErr)
				if i%6 == 0 {
					snapshot, err := provider.Snapshot(t.Context(), connection.Scope{Spaces: []connection.SpaceRef{{Name: "Payments"}}})
					fmt.Fprintln(&screen, err)
					if snapshot != nil {
						fmt.Fprintln(&screen, snapshot.Incomplete)
						for _, live := range snapshot.Connections {
							shown, _ := json.Marshal(live.Properties)
							fmt.Fprintln(&screen, live.ID, string(shown), live.Unreadable)
						}
					}
				}
			}
			fmt.Fprintln(&screen, log.String())
			for _, secret := range secrets {
				transporttest.LookForSecret(t, screen.String(), secret)
			}
			seen += service.memory.Len()
			quoted += service.quoted
		})
	}
	if quoted < answers/2 {
		t.Errorf("only %d of %d answers quoted a request: the test shows too little", quoted, answers)
	}
}
