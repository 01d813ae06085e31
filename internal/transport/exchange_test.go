package transport_test

import (
	"bytes"
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
		t.Errorf("%v\n%s", err, log.String())
	}
}
