package apinizer_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/qlsync/qlsync/internal/transport/transporttest"
	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/connection"
	simulator "github.com/qlsync/qlsync/pkg/simulator/apinizer"
)

var echoes = flag.Int("echoes", 500, "how many answers may quote an earlier request")

// broken is an error of any form that quotes a text.
func broken(random *transporttest.Memory) func(answer *http.Response, quote string) []byte {
	return func(answer *http.Response, quote string) []byte {
		statuses := []int{200, 400, 403, 404, 409, 422, 500}
		answer.StatusCode = statuses[random.IntN(len(statuses))]
		refusal := map[string]any{"status": "FAILURE", "resultMessage": "refused", "error": "invalid", "error_description": "no"}
		places := []string{"status", "resultMessage", "error", "error_description", "text", "header", "type", "location"}
		switch place := places[random.IntN(len(places))]; place {
		case "text":
			return []byte(quote)
		case "header":
			answer.Header.Set("X-Request-Id", strings.Map(visibleOnly, quote))
			return nil
		case "type":
			answer.Header.Set("Content-Type", strings.Map(visibleOnly, quote))
			return []byte("{")
		case "location":
			answer.StatusCode = 302
			answer.Header.Set("Location", "/"+strings.Map(visibleOnly, strings.ReplaceAll(quote, " ", "+")))
		default:
			refusal[place] = quote
		}
		body, _ := json.Marshal(refusal)
		return body
	}
}

func visibleOnly(r rune) rune {
	if r < ' ' || r > '~' {
		return '?'
	}
	return r
}

// TestNoAnswerOfAManagerBringsBackASecretOfAnEarlierRequest runs in fake time: the client
// waits before it repeats a request.
func TestNoAnswerOfAManagerBringsBackASecretOfAnEarlierRequest(t *testing.T) {
	random := rand.New(rand.NewPCG(16, 1))
	quoted, done, operations, read, readings := 0, 0, 0, 0, 0
	for seen := 0; seen < *echoes; {
		synctest.Test(t, func(t *testing.T) {
			manager, err := simulator.New([]byte(twoProjects), simulator.Options{})
			if err != nil {
				t.Fatal(err)
			}
			memory := transporttest.NewMemory(random)
			service := &transporttest.Echo{Service: inProcess{manager}, Memory: memory, Break: broken(memory)}
			var log bytes.Buffer
			var screen strings.Builder
			provider, err := apinizer.New(apinizer.Config{
				URL: "http://127.0.0.1:8080", Auth: apinizer.Auth{Token: connection.NewSecret(manager.Token())}, Project: testProject, Parallelism: 1,
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
					Credentials: map[string]any{"password": connection.NewSecret(secret)}, Record: &connection.Record{Project: testProject},
				}
				switch i % 4 {
				case 0:
					operation.Kind, operation.ID, operation.Name, operation.ReadBack = connection.Create, "", key.Name, true
					operation.Set = map[string]any{"host": "ftp.example", "username": "app", "protocol": "SFTP", "port": json.Number("22")}
				case 3:
					operation.Kind, operation.Credentials, operation.Set = connection.Delete, nil, nil
				}
				outcome := provider.Execute(t.Context(), []connection.Operation{operation})[0]
				fmt.Fprintln(&screen, outcome.ID, outcome.Err, outcome.UndoErr, outcome.SignInURL)
				if operations++; outcome.Err == nil {
					done++
				}
				if i%6 == 0 { // what a snapshot holds is the engine's to redact
					before := service.Quoted
					_, err := provider.Snapshot(t.Context(), connection.Scope{
						Spaces: []connection.SpaceRef{{Name: "Payments"}}, Details: func(*connection.Live) bool { return true },
					})
					fmt.Fprintln(&screen, err)
					if service.Quoted > before {
						if readings++; err == nil {
							read++
						}
					}
				}
			}
			fmt.Fprintln(&screen, log.String())
			for _, secret := range secrets {
				transporttest.LookForSecret(t, screen.String(), secret)
			}
			seen += memory.Len()
			quoted += service.Quoted
		})
	}
	if quoted < *echoes/6 || done < operations/4 || read < readings/4 {
		t.Errorf("%d of %d answers quoted a request, %d of %d operations were done, and %d of %d readings with quotations were usable: the test shows too little",
			quoted, *echoes, done, operations, read, readings)
	}
}
