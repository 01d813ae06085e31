package transport_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

func TestAnyAnswerCountsWhereNobodySignsIn(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusUnauthorized)
	}))
	log := slog.New(slog.DiscardHandler)
	skew, err := transport.Knock(t.Context(), server.URL, "/api/v1/users/me", "qlsync", log)
	if err != nil || skew == nil || skew.Abs() > 5e9 {
		t.Errorf("got skew %v, error %v; want at most 5s of skew", skew, err)
	}
	if len(asked) != 1 || asked[0] != "GET /api/v1/users/me " {
		t.Errorf("got requests %q, want one of the own user without a token", asked)
	}
	server.Close()
	if _, err := transport.Knock(t.Context(), server.URL, "/", "qlsync", log); !errors.Is(err, connection.ErrUnreachable) {
		t.Errorf("a server that is gone: %v", err)
	}
	if _, err := transport.Knock(t.Context(), "http://acme.example", "/", "qlsync", log); err == nil {
		t.Error("got no error, want plain http to another computer refused")
	}
}
