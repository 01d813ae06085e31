package transport_test

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/transport"
)

type answering string

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(a))), Request: r}, nil
}

func TestTheAnswersOfAServiceAreBoundedAsAWhole(t *testing.T) {
	client := &http.Client{Transport: answering(strings.Repeat(" ", 20<<20))}
	for raise, want := range map[int]int{0: 12, 1: 12, 2: 25} {
		ctx := transport.WithQuota(t.Context(), raise)
		read := 0
		for {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://tenant.example/x", nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = transport.Exchange(client, slog.New(slog.DiscardHandler), request, 1, transport.NewRedactor())
			if err == nil && read < 100 {
				read++
				continue
			}
			if text := err.Error(); read != want || !strings.HasPrefix(text, "GET /x: the tenant's answers are larger than ") {
				t.Errorf("raised by %d: %d answers, then %s", raise, read, text)
			}
			break
		}
		for range 2500 * max(1, raise) {
			if err := transport.TakeItems(ctx, 100); err != nil {
				t.Fatal(err)
			}
		}
		if err := transport.TakeItems(ctx, 1); err == nil || !strings.Contains(err.Error(), "--raise-limits") {
			t.Errorf("raised by %d: no error for one item more: %v", raise, err)
		}
	}
	if err := transport.TakeItems(t.Context(), 1<<30); err != nil {
		t.Errorf("without a quota: %v", err)
	}
}

func TestAnAnswerOfTooManyValuesIsRefusedBeforeItIsDecoded(t *testing.T) {
	const commas = 2_000_000
	for name, test := range map[string]struct {
		answer  string
		refused bool
	}{
		"empty objects":             {`{"data": [` + strings.Repeat(`{},`, commas) + `{}]}`, true},
		"numbers":                   {`[` + strings.Repeat(`1,`, commas) + `1]`, true},
		"open lists":                {strings.Repeat(`[`, commas+1), true},
		"after an escaped quote":    {`["\"",` + strings.Repeat(`1,`, commas) + `1]`, true},
		"as many as are allowed":    {`[` + strings.Repeat(`1,`, commas-1) + `1]`, false},
		"commas in a string":        {`["` + strings.Repeat(`,[`, commas) + `"]`, false},
		"commas after a \\\" there": {`["\"` + strings.Repeat(`,[`, commas) + `"]`, false},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://tenant.example/x", nil)
			if err != nil {
				t.Fatal(err)
			}
			client := &http.Client{Transport: answering(test.answer)}
			_, err = transport.Exchange(client, slog.New(slog.DiscardHandler), request, 1, transport.NewRedactor())
			if refused := err != nil && strings.Contains(err.Error(), "the answer holds more than 2000000 commas and brackets"); refused != test.refused {
				t.Errorf("got the error %v, want an answer that is refused: %t", err, test.refused)
			}
		})
	}
}
