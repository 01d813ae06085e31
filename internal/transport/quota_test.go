package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
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

func TestAnAnswerOfTooManyValuesOrLevelsIsRefusedBeforeItIsDecoded(t *testing.T) {
	const commas = 2_000_000
	const (
		many = "the answer holds more than 2,000,000 commas and brackets"
		deep = "the answer is nested deeper than 500 levels"
	)
	for name, test := range map[string]struct{ answer, want string }{
		"empty objects":             {`{"data": [` + strings.Repeat(`{},`, commas) + `{}]}`, many},
		"numbers":                   {`[` + strings.Repeat(`1,`, commas) + `1]`, many},
		"after an escaped quote":    {`["\"",` + strings.Repeat(`1,`, commas) + `1]`, many},
		"as many as are allowed":    {`[` + strings.Repeat(`1,`, commas-1) + `1]`, ""},
		"commas in a string":        {`["` + strings.Repeat(`,[`, commas) + `"]`, ""},
		"commas after a \\\" there": {`["\"` + strings.Repeat(`,[`, commas) + `"]`, ""},
		"open lists":                {strings.Repeat(`[`, 501), deep},
		"deep maps":                 {strings.Repeat(`{"a":`, 501) + `1` + strings.Repeat(`}`, 501), deep},
		"as deep as is allowed":     {strings.Repeat(`[`, 500) + strings.Repeat(`]`, 500), ""},
		"one list after the other":  {`[` + strings.Repeat(`[],`, 1000) + `[]]`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://tenant.example/x", nil)
			if err != nil {
				t.Fatal(err)
			}
			client := &http.Client{Transport: answering(test.answer)}
			_, err = transport.Exchange(client, slog.New(slog.DiscardHandler), request, 1, transport.NewRedactor())
			if said := fmt.Sprint(err); test.want == "" && err != nil || !strings.HasPrefix(said, test.want) && test.want != "" {
				t.Errorf("got the error %v, want one that begins with %q", err, test.want)
			}
		})
	}
}

// dripping answers with a byte a second, without end.
type dripping struct{}

func (dripping) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(drip{r.Context()}), Request: r}, nil
}

type drip struct{ ctx context.Context }

func (d drip) Read(text []byte) (int, error) {
	text[0] = ' '
	return 1, transport.Sleep(d.ctx, time.Second)
}

func TestAnAnswerThatDripsEndsAfterTheTimeOfOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		client := transport.HTTPClient(&http.Client{Transport: dripping{}}, time.Minute, 1)
		err := ask(t.Context(), t, client)
		if took := time.Since(began); took != time.Minute || err == nil || !strings.Contains(err.Error(), "timed out waiting for the answer") {
			t.Errorf("got the error %v after %v, want one after a minute that says that the answer did not come in time", err, took)
		}
	})
}

// ask sends a request that may be answered with anything.
func ask(ctx context.Context, t *testing.T, client *http.Client) error {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://tenant.example/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = transport.Exchange(client, slog.New(slog.DiscardHandler), request, 1, transport.NewRedactor())
	return err
}

// slow answers after a time.
type slow time.Duration

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := transport.Sleep(r.Context(), time.Duration(s)); err != nil {
		return nil, err
	}
	return answering("{}").RoundTrip(r)
}

func TestTheTimeOfAllAnswersIsBounded(t *testing.T) {
	const refusal = "GET /x: waiting for the tenant's answers has taken more than "
	for name, test := range map[string]struct {
		raise   int
		between func(ctx context.Context) // each two requests
		want    int                       // requests of 50 seconds each that are answered
	}{
		"one after the other": {want: 73},
		"raised":              {raise: 2, want: 145},
		"with pauses after failures": {want: 37, between: func(ctx context.Context) {
			_ = new(transport.Pauses).Sleep(ctx, connection.WaitRetry, 50*time.Second)
		}},
		"with waits for the rate limit": {want: 73, between: func(ctx context.Context) {
			_ = new(transport.Pauses).Sleep(ctx, connection.WaitReads, 10*time.Minute)
		}},
		"with waits for a token": {want: 37, between: func(ctx context.Context) {
			defer transport.Awaiting(ctx)()
			time.Sleep(50 * time.Second)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := transport.WithQuota(t.Context(), test.raise)
				client := &http.Client{Transport: slow(50 * time.Second)}
				answered := 0
				var err error
				for answered < 1000 {
					if err = ask(ctx, t, client); err != nil {
						break
					}
					answered++
					if test.between != nil {
						test.between(ctx)
					}
				}
				if answered != test.want || !strings.HasPrefix(fmt.Sprint(err), refusal) {
					t.Errorf("got %d answers and then %v, want %d and then %q", answered, err, test.want, refusal)
				}
			})
		})
	}
}

func TestAnswersAtTheSameTimeCountOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := transport.WithQuota(t.Context(), 1)
		client := &http.Client{Transport: slow(50 * time.Second)}
		for round := range 60 {
			var group sync.WaitGroup
			for range 8 {
				group.Go(func() {
					if err := ask(ctx, t, client); err != nil {
						t.Errorf("round %d: got %v, want an answer: 8 requests at the same time wait for as long as one", round, err)
					}
				})
			}
			group.Wait()
		}
	})
}

func TestHugeHeadersAreRefused(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number := 2000
		if r.ProtoMajor == 2 {
			number = 1005 // net/http has no error of its own for many more
		}
		for i := range number {
			w.Header().Set(fmt.Sprintf("X-Header-%d", i), strings.Repeat("h", 1000))
		}
	}))
	defer server.Close()
	encrypted := httptest.NewUnstartedServer(server.Config.Handler)
	encrypted.EnableHTTP2 = true
	encrypted.StartTLS()
	defer encrypted.Close()
	standard, _ := http.DefaultTransport.(*http.Transport)
	for name, test := range map[string]struct {
		url       string
		transport *http.Transport
	}{
		"HTTP/1.1": {server.URL, standard}, "HTTP/2": {encrypted.URL, encrypted.Client().Transport.(*http.Transport)},
	} {
		t.Run(name, func(t *testing.T) {
			client := &http.Client{Transport: transport.ForTenants(test.transport, 1)}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, test.url+"/x", nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = transport.Exchange(client, slog.New(slog.DiscardHandler), request, 1, transport.NewRedactor())
			failed, ok := errors.AsType[*transport.Failure](err)
			if !ok || failed.Error() != "GET /x: the answer's headers are larger than 1 MiB" || !failed.Hopeless || failed.Hint == "" {
				t.Errorf("got %+v, want a hopeless failure that says that the headers are too large", err)
			}
		})
	}
}

func TestATextThatNoFileCouldDeclareIsRefused(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for name, test := range map[string]struct {
		text string
		want error
	}{
		"as long as is allowed":   {`{"a": "` + long[1:] + `"}`, nil},
		"longer":                  {`{"a": "` + long + `"}`, transport.ErrLongText},
		"with escaped quotes":     {`{"a": "` + strings.Repeat(`\"`, 1<<20) + `"}`, transport.ErrLongText},
		"many that are not":       {`["` + strings.Repeat(`x", "`, 1<<20) + `"]`, nil},
		"blanks between the text": {`["x",` + strings.Repeat(" ", 2<<20) + `"y"]`, nil},
	} {
		if got := transport.CheckTexts([]byte(test.text)); !errors.Is(got, test.want) {
			t.Errorf("%s: got the error %v, want %v", name, got, test.want)
		}
	}
}
