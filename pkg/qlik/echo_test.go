package qlik_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/qlsync/qlsync/internal/transport/transporttest"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	simqlik "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// echo is a service that puts what it was asked into its answer.
type echo struct {
	status   int
	encoding byte
	place    byte
}

// RoundTrip answers with everything of the request, encoded, in one place of the answer.
func (e echo) RoundTrip(request *http.Request) (*http.Response, error) {
	var body []byte
	if request.Body != nil {
		body, _ = io.ReadAll(request.Body)
	}
	return e.answer(request, request.Header.Get("Authorization")+" "+string(body)), nil
}

// answer is an answer that quotes a text.
func (e echo) answer(request *http.Request, text string) *http.Response {
	quoted := transporttest.Encodings[int(e.encoding)%len(transporttest.Encodings)](text)
	answer := &http.Response{StatusCode: e.status, Header: http.Header{}, Request: request, ProtoMajor: 1, ProtoMinor: 1}
	item := map[string]any{"code": "X-1", "title": "refused"}
	content := map[string]any{"errors": []any{item}, "traceId": "t"}
	var body []byte
	switch places := []string{"code", "title", "detail", "traceId", "header", "type", "location", "next", "id", "plain", "number"}; places[int(e.place)%len(places)] {
	case "code", "title", "detail":
		item[places[int(e.place)%len(places)]] = quoted
	case "traceId":
		content["traceId"] = quoted
	case "header":
		answer.Header.Set("X-B3-Traceid", strings.Map(printable, quoted))
	case "type":
		answer.Header.Set("Content-Type", strings.Map(printable, quoted))
		body = []byte("{")
	case "location":
		answer.Header.Set("Location", "/api/v1/"+url.PathEscape(quoted))
	case "next":
		content["links"] = map[string]any{"next": map[string]any{"href": "/api/v1/spaces?next=" + url.QueryEscape(quoted)}}
	case "id":
		content["id"], content["qID"] = quoted, quoted
	case "plain":
		body = []byte(quoted)
	case "number":
		content["data"], content["qName"] = map[string]any{quoted: 1}, []any{quoted}
	}
	if body == nil {
		body, _ = json.Marshal(content)
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer
}

var echoes = flag.Int("echoes", 500, "how many answers may quote an earlier request")

// TestNoAnswerBringsBackASecretOfAnEarlierRequest runs in fake time: the client waits for the rate
// limit, and before it repeats a request.
func TestNoAnswerBringsBackASecretOfAnEarlierRequest(t *testing.T) {
	random := rand.New(rand.NewPCG(15, 1))
	quoted, done, operations, read, readings := 0, 0, 0, 0, 0
	for seen := 0; seen < *echoes; {
		synctest.Test(t, func(t *testing.T) {
			tenant, err := inspect.New([]byte(acme), simqlik.Options{})
			if err != nil {
				t.Fatal(err)
			}
			memory := transporttest.NewMemory(random)
			service := &transporttest.Echo{Service: embedded{tenant}, Memory: memory, Break: func(answer *http.Response, quote string) []byte {
				statuses := []int{200, 200, 201, 207, 302, 400, 403, 404, 409, 422, 500}
				broken := echo{status: statuses[memory.IntN(len(statuses))], place: byte(memory.IntN(256))}.answer(answer.Request, quote)
				body, _ := io.ReadAll(broken.Body)
				answer.StatusCode, answer.Header = broken.StatusCode, broken.Header
				return body
			}}
			var log bytes.Buffer
			var screen strings.Builder
			secrets := []string{"key-of-ana"}
			provider, err := qlik.New(qlik.Config{
				URL: "https://acme.example", Auth: qlik.Auth{APIKey: connection.NewSecret(secrets[0])}, Project: "acme", Parallelism: 1,
				HTTPClient: &http.Client{Transport: service},
				Logger:     slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			})
			if err != nil {
				t.Fatal(err)
			}
			space, id := &connection.Space{ID: "s-fin", Name: "Finance", Type: "shared"}, ""
			for i := range 40 {
				secret := fmt.Sprintf("p%08x%s%x", random.Uint32(), []string{"-", " ", `"`, "/"}[i/4%4], random.Uint32())
				secrets = append(secrets, secret)
				key := connection.Key{Space: "Finance", Name: fmt.Sprint("x", i/4)}
				operation := connection.Operation{
					Kind: connection.Patch, Key: key, ID: id, DataSource: "rest", Set: map[string]any{"url": fmt.Sprintf("https://%d.example", i)},
					Credentials: map[string]any{"password": connection.NewSecret(secret)},
				}
				switch i % 4 {
				case 0:
					operation.Kind, operation.ID, operation.Name, operation.Space, operation.ReadBack = connection.Create, "", key.Name, space, true
				case 2:
					operation.Kind, operation.Set, operation.Credentials = connection.Delete, nil, nil
				case 3:
					operation.Kind, operation.Set, operation.Credentials = connection.BulkDelete, nil, nil
				}
				outcome := provider.Execute(t.Context(), []connection.Operation{operation})[0]
				if i%4 == 0 {
					id = cmp.Or(outcome.ID, "c1")
				}
				fmt.Fprintln(&screen, outcome.ID, outcome.Err, outcome.SignInURL)
				if operations++; outcome.Err == nil {
					done++
				}
				_, err := provider.DataSources(t.Context(), []string{"rest"})
				fmt.Fprintln(&screen, err)
				if i%8 == 0 { // what a snapshot holds is the engine's to redact
					before := service.Quoted
					_, err := provider.Snapshot(t.Context(), connection.Scope{
						Spaces: []connection.SpaceRef{{Name: "Finance"}}, People: true, Details: func(*connection.Live) bool { return true },
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

func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return '?'
	}
	return r
}

// FuzzAnswersThatEchoTheRequest demands that no secret of a request, and no token,
// comes back in an error, an id or the log.
func FuzzAnswersThatEchoTheRequest(f *testing.F) {
	for _, status := range []uint16{200, 302, 400, 401, 403, 404, 409, 413, 422, 500} {
		for place := range byte(11) {
			for encoding := range byte(len(transporttest.Encodings)) {
				f.Add("canary-7f3a9c", "tokencanary-51d0e2", status, encoding, place)
			}
		}
	}
	f.Fuzz(func(t *testing.T, secret, token string, status uint16, encoding, place byte) {
		usable := func(text string) bool {
			return len(text) >= 8 && len(text) < 100 && strings.Map(printable, text) == text && !strings.Contains(text, " ")
		}
		switch {
		case !usable(secret), !usable(token), strings.Contains(strings.ToLower("POST PATCH GET /api/v1/data-connections/c1 spaces (withheld: it may quote a secret)"), strings.ToLower(secret)):
			t.Skip()
		case status < 200, status > 599, status == 429, status >= 502 && status <= 504, status == 401:
			status = 400
		}
		var log bytes.Buffer
		provider, err := qlik.New(qlik.Config{
			URL: "https://acme.example", Auth: qlik.Auth{APIKey: connection.NewSecret(token)},
			HTTPClient: &http.Client{Transport: echo{int(status), encoding, place}},
			Logger:     slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		})
		if err != nil {
			t.Skip(err)
		}
		password := map[string]any{"password": connection.NewSecret(secret)}
		space := &connection.Space{ID: "s1", Name: "Finance", Type: "shared"}
		created := provider.Execute(t.Context(), []connection.Operation{{Kind: connection.Create, Name: "x", Space: space, DataSource: "rest", Credentials: password}})
		patched := provider.Execute(t.Context(), []connection.Operation{{Kind: connection.Patch, ID: "c1", Name: "y", Credentials: password}})
		deleted := provider.Execute(t.Context(), []connection.Operation{{Kind: connection.BulkDelete, ID: "c1"}})
		_, err = provider.Snapshot(t.Context(), connection.Scope{Spaces: []connection.SpaceRef{{Name: "Finance"}}})
		screen := fmt.Sprint(created[0].ID, created[0].Err, created[0].SignInURL, patched[0].Err, deleted[0].Err, err, log.String())
		for _, hidden := range []string{secret, token} {
			transporttest.LookForSecret(t, screen, hidden)
		}
	})
}
