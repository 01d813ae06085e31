package transport_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/transport"
)

// quoting answers with a header that the client cannot read, and complains of.
type quoting struct{ quoted string }

func (q quoting) RoundTrip(request *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusFound, Header: http.Header{"Location": {":" + q.quoted}},
		Body: io.NopCloser(strings.NewReader("")), Request: request,
	}, nil
}

func TestWhatIsSaidOfAnAnswerThatIsNoHTTPHoldsNoSecret(t *testing.T) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, "https://acme.example/x", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	hide := transport.NewRedactor("can-ary-7f3a9c")
	_, err = transport.Exchange(&http.Client{Transport: quoting{"Bearer can-ary-7f3a9c"}}, logger, request, 1, hide)
	if err == nil || !strings.Contains(err.Error(), "Location") || strings.Contains(err.Error()+log.String(), "can-ary") {
		t.Errorf("got error %v, want one about Location without the secret, which the log has not either:\n%s", err, log.String())
	}
}

// TestOnlyTheBeginningOfAFailureIsRead covers bodies that are larger than what is read of them:
// their status still decides, and what is whole of them can be read.
func TestOnlyTheBeginningOfAFailureIsRead(t *testing.T) {
	const secret = "canary-7f3a9c-51d0e2"
	long := strings.Repeat("p ", 1<<20)
	behind := func(text string, left int) string { // so many bytes of the text are read
		return strings.Repeat(" ", 1<<20-left-len(text)) + text
	}
	for name, test := range map[string]struct{ body, want string }{
		"the words come first":     {`{"title": "taken", "list": [{"a": "` + long + `"}]}`, `{"title": "taken", "list": [{"a": "` + long[:16<<10-1] + `"}]}`},
		"the words are long":       {`{"title": "` + long + `", "b": 1}`, `{"title": "` + long[:16<<10-1] + `"}`},
		"an escape is cut":         {`{"title": "` + long[:16<<10-4] + `\u0041` + long, `{"title": "` + long[:16<<10-4] + `"}`},
		"a name is long":           {`{"title": "taken", "` + long + `": 1}`, `{"title": "taken"}`},
		"a number is cut":          {behind(`{"a": [1, 2`, 2) + "34567]}", `{"a": [1]}`},
		"a secret is cut":          {behind(`{"a": 1, "title": "bad `, 12) + secret + long + `"}`, `{"a": 1}`},
		"a secret is cut in lists": {behind(`[[{"a": ["`, 12) + secret + `"]}]]` + long, `[[{"a": []}]]`},
		"the words come last":      {`{"list": [` + strings.Repeat(`"x", `, 1<<20) + `1], "title": "taken"}`, ""},
		"a page of a proxy":        {"<html>" + long, ""},
		"blanks":                   {strings.Repeat(" ", 2<<20), ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := &transport.Answer{}
			s := &service{answer: func(w http.ResponseWriter, _ *http.Request, _ int) {
				w.WriteHeader(http.StatusNotFound)
				_, _ = io.WriteString(w, test.body)
			}}
			known := table(key)
			known.Classify = func(answer *transport.Answer, failed *transport.Error, hide *transport.Redactor) transport.Fate {
				got, failed.Title = answer, answer.NotJSON(hide)
				return transport.Refused
			}
			_, err := s.client(t, known, transport.Config{Secrets: transport.NewRedactor(secret)}).Do(t.Context(), set)
			if err == nil || !strings.Contains(err.Error(), `404: the answer is not whole JSON (more than 1048576 bytes of "`) {
				t.Errorf("got the error %v, want that of the status", err)
			}
			if len(got.Body) > 1<<20+16 {
				t.Errorf("got %d bytes of the body, want 1 MiB at most", len(got.Body))
			}
			if body := strings.TrimSpace(string(got.Body)); test.want != "" && body != test.want {
				t.Errorf("got %d bytes, %.80q ... %q, want %d, %.80q", len(body), body, body[max(0, len(body)-40):], len(test.want), test.want)
			}
		})
	}
}

// TestTheBeginningOfAJSONTextBecomesJSON covers each place at which a text may be cut.
func TestTheBeginningOfAJSONTextBecomesJSON(t *testing.T) {
	text := `{"errors": [{"title": "a \"b\" \u0041\\", "detail": "c"}, {}, [1, -2.5e3, true, null, [], ""]], "traceId": "x", "y": {"z": [{"a": {"b": "c"}}]}}`
	for cut := 1; cut <= len(text); cut++ {
		if got := transport.CloseJSON([]byte(text[:cut])); !json.Valid(got) {
			t.Errorf("cut to %q: got %q, which is not JSON", text[:cut], got)
		}
	}
}
