package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// service answers the requests of a client in process, and notes when they came.
type service struct {
	mu     sync.Mutex
	log    []string
	answer func(w http.ResponseWriter, r *http.Request, attempt int)
	fail   func(r *http.Request, attempt int) error // nil: none
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	line := r.Method + " " + r.URL.Path
	s.log = append(s.log, line)
	attempt := s.count(line)
	s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(r, attempt); err != nil {
			return nil, err
		}
	}
	w := httptest.NewRecorder()
	s.answer(w, r, attempt)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

func (s *service) count(line string) int {
	n := 0
	for _, logged := range s.log {
		if logged == line {
			n++
		}
	}
	return n
}

// table is a service that says in its status what became of a request.
func table(credentials transport.Credentials) transport.Service {
	return transport.Service{
		Attempts: 3, Redirects: 2, MaxWait: time.Minute, Credentials: credentials,
		Classify: func(got *transport.Answer, failed *transport.Error, hide *transport.Redactor) transport.Fate {
			failed.Title = hide.Sanitize(string(got.Body), 100)
			switch got.Status {
			case 200:
				return transport.Done
			case 401:
				return transport.Unsigned
			case 429:
				return transport.RateLimited
			case 500:
				return transport.Unexplained
			case 503:
				return transport.Doubtful
			case 207:
				failed.Title = ""
				failed.Detail = "nonsense"
				return transport.Unreadable
			case 404:
				failed.Kind = connection.ErrNotFound
			}
			return transport.Refused
		},
	}
}

// client returns a client of a service, which has answered a first request.
func (s *service) client(t *testing.T, table transport.Service, config transport.Config) *transport.Client {
	t.Helper()
	config.URL, config.HTTPClient = "https://acme.example", &http.Client{Transport: s}
	client, err := transport.NewClient(table, config)
	if err != nil {
		t.Fatal(err)
	}
	wanted := s.answer
	s.answer = func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(200) }
	if _, err := client.Do(t.Context(), transport.Request{Method: http.MethodGet, Path: "/greeting", Anonymous: true}); err != nil {
		t.Fatal(err)
	}
	s.log, s.answer = nil, wanted
	return client
}

// status answers every request with a status, which is its body too.
func status(code int) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.WriteHeader(code)
		fmt.Fprint(w, http.StatusText(code))
	}
}

var (
	key    = transport.Credentials{Token: "the key of ana", Advice: "is the key valid?"}
	read   = transport.Request{Method: http.MethodGet, Path: "/c"}
	create = transport.Request{Method: http.MethodPost, Path: "/c", Body: []byte("{}")}
	set    = transport.Request{Method: http.MethodPut, Path: "/c", Body: []byte("{}"), Repeatable: true}

	broken  = io.ErrUnexpectedEOF
	noRoute = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
)

// bot asks for a token.
func bot() transport.Credentials {
	return transport.Credentials{
		Of: "the bot", Advice: "a new token was refused too",
		Ask: &transport.Request{Method: http.MethodPost, Path: "/token", Body: []byte("secret"), Secrets: []string{"open sesame"}},
	}
}

// TestARequestIsRepeatedAsFarAsThatIsHarmless repeats each failure without end.
func TestARequestIsRepeatedAsFarAsThatIsHarmless(t *testing.T) {
	for name, test := range map[string]struct {
		request  transport.Request
		status   int
		fail     error
		attempts int
		kinds    []error
	}{
		"a read that is in doubt":            {read, 503, nil, 3, nil},
		"a repeatable write in doubt":        {set, 503, nil, 3, []error{connection.ErrUnknownOutcome}},
		"a create in doubt":                  {create, 503, nil, 1, []error{connection.ErrUnknownOutcome}},
		"a read that is unexplained":         {read, 500, nil, 1, nil},
		"a repeatable write, unexplained":    {set, 500, nil, 1, []error{connection.ErrUnknownOutcome}},
		"a read that is refused":             {read, 404, nil, 1, []error{connection.ErrNotFound}},
		"a create that is refused":           {create, 404, nil, 1, []error{connection.ErrNotFound}},
		"a read that meets a limit":          {read, 429, nil, 20, nil},
		"a create that meets a limit":        {create, 429, nil, 20, nil},
		"a read that cannot be used":         {read, 207, nil, 1, nil},
		"a create whose answer is not used":  {create, 207, nil, 1, []error{connection.ErrUnknownOutcome}},
		"a read whose connection breaks":     {read, 0, broken, 3, []error{connection.ErrUnreachable}},
		"a create whose connection breaks":   {create, 0, broken, 1, []error{connection.ErrUnknownOutcome}},
		"a write whose connection breaks":    {set, 0, broken, 3, []error{connection.ErrUnknownOutcome}},
		"a create that is never sent":        {create, 0, noRoute, 3, []error{connection.ErrUnreachable}},
		"a token that is fixed and refused":  {create, 401, nil, 1, nil},
		"a redirect of a write":              {create, 302, nil, 1, []error{connection.ErrUnknownOutcome}},
		"a read that is redirected nowhere":  {read, 302, nil, 1, nil},
		"what is no success and no redirect": {read, 304, nil, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{answer: status(test.status)}
				client := s.client(t, table(key), transport.Config{})
				s.fail = func(*http.Request, int) error { return test.fail }
				_, err := client.Do(t.Context(), test.request)
				if err == nil || len(s.log) != test.attempts {
					t.Errorf("%d attempts and the error %v, want %d attempts and an error", len(s.log), err, test.attempts)
				}
				for _, kind := range []error{connection.ErrUnknownOutcome, connection.ErrUnreachable, connection.ErrNotFound} {
					if want := slices.Contains(test.kinds, kind); errors.Is(err, kind) != want {
						t.Errorf("error %v: is it %q? %v, want %v", err, kind, !want, want)
					}
				}
			})
		})
	}
}

func TestAWriteStaysUnknownHoweverItsLaterAttemptsFail(t *testing.T) {
	for name, second := range map[string]struct {
		status int
		fail   error
		fresh  error
		token  int
	}{
		"a refusal":     {status: 404},
		"no answer":     {fail: noRoute},
		"no token":      {token: 403},
		"not to do":     {fresh: connection.ErrConflict},
		"token refused": {status: 401},
	} {
		for _, first := range []int{503, 429} {
			t.Run(fmt.Sprint(name, " after ", first), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &service{answer: func(w http.ResponseWriter, r *http.Request, attempt int) {
						switch {
						case r.URL.Path == "/token" && attempt == 2 && second.token != 0:
							status(second.token)(w, r, attempt)
						case r.URL.Path == "/token":
							fmt.Fprint(w, `{"access_token": "t", "expires_in": 1}`)
						case attempt == 1:
							time.Sleep(20 * time.Second)
							w.Header().Set("Retry-After", "50") // when the token has ended
							status(first)(w, r, attempt)
						default:
							status(second.status)(w, r, attempt)
						}
					}}
					client := s.client(t, table(bot()), transport.Config{})
					s.fail = func(r *http.Request, attempt int) error {
						if r.URL.Path == "/c" && attempt > 1 {
							return second.fail
						}
						return nil
					}
					request := set
					attempts := 0
					request.Fresh = func(context.Context, bool) ([]byte, error) {
						if attempts++; attempts > 1 {
							return nil, second.fresh
						}
						return nil, nil
					}
					_, err := client.Do(t.Context(), request)
					if err == nil || errors.Is(err, connection.ErrUnknownOutcome) != (first == 503) {
						t.Errorf("after a %d the error is %v: does it say that the outcome is unknown? want %v", first, err, first == 503)
					}
				})
			})
		}
	}
}

func TestATokenIsAskedForOnceForAllAndEndsWithTheClientOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{answer: func(w http.ResponseWriter, r *http.Request, attempt int) {
			if r.URL.Path == "/token" {
				time.Sleep(10 * time.Second)
				fmt.Fprintf(w, `{"access_token": "token-%d", "expires_in": 3600}`, attempt)
			}
		}}
		client := s.client(t, table(bot()), transport.Config{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var group sync.WaitGroup
		group.Go(func() { // the caller that asks for the token ends first
			start := time.Now()
			if _, err := client.Do(ctx, set); !errors.Is(err, connection.ErrNotSent) || time.Since(start) != time.Second {
				t.Errorf("a write that waits for its token ends after %v with %v, want ErrNotSent after 1s", time.Since(start), err)
			}
		})
		synctest.Wait()
		for range 10 {
			group.Go(func() {
				if _, err := client.Do(t.Context(), read); err != nil {
					t.Errorf("a read that waits for the token of another call fails: %v", err)
				}
			})
		}
		group.Wait()
		if got := s.count("POST /token"); got != 1 {
			t.Errorf("%d requests for a token, want 1 for all callers", got)
		}
	})
}

func TestARefusedTokenIsReplacedOnce(t *testing.T) {
	for name, good := range map[string]string{"the second is accepted": "Bearer token-2", "none is accepted": ""} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{answer: func(w http.ResponseWriter, r *http.Request, attempt int) {
					time.Sleep(time.Second)
					switch {
					case r.URL.Path == "/token":
						fmt.Fprintf(w, `{"access_token": "token-%d", "expires_in": 3600}`, attempt)
					case r.Header.Get("Authorization") != good:
						status(401)(w, r, attempt)
					}
				}}
				client := s.client(t, table(bot()), transport.Config{})
				var group sync.WaitGroup
				for i := range 10 {
					group.Go(func() {
						_, err := client.Do(t.Context(), []transport.Request{read, create}[i%2]) // a 401 is never carried out
						if (err == nil) != (good != "") {
							t.Errorf("got error %v, want one only without a good token", err)
						}
						if err != nil && !strings.Contains(err.Error(), "a new token was refused too") {
							t.Errorf("error %v, want the advice for a refused token in it", err)
						}
					})
				}
				group.Wait()
				if got := s.count("POST /token"); got != 2 {
					t.Errorf("%d requests for a token, want 2: ten callers with the same refused token ask once", got)
				}
			})
		})
	}
}

func TestATokenIsGoodAsLongAsItsAnswerSaysAndAMinuteAtLeast(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		lasts  time.Duration // of the table
		asked  int           // in 10 minutes, with a request every 20 seconds
	}{
		"an hour":                     {`{"access_token": "t", "expires_in": 3600}`, 0, 1},
		"five minutes":                {`{"access_token": "t", "expires_in": 300}`, 0, 3},
		"a second":                    {`{"access_token": "t", "expires_in": 1}`, 0, 10},
		"for ever, in seconds":        {`{"access_token": "t", "expires_in": 9223372036854775807}`, 0, 1},
		"it does not say":             {`{"access_token": "t"}`, 0, 1},
		"it says so in words":         {`{"access_token": "t", "expires_in": "soon"}`, 0, 1},
		"it does not say, by a table": {`{"access_token": "t"}`, 5 * time.Minute, 3},
		"it has ended":                {`{"access_token": "t", "expires_at": "1999-01-01T00:00:00Z"}`, 0, 10},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{answer: func(w http.ResponseWriter, _ *http.Request, _ int) { fmt.Fprint(w, test.answer) }}
				credentials := bot()
				credentials.Lasts = test.lasts
				client := s.client(t, table(credentials), transport.Config{})
				for range 30 {
					if _, err := client.Do(t.Context(), read); err != nil {
						t.Fatal(err)
					}
					time.Sleep(20 * time.Second)
				}
				if got := s.count("POST /token"); got != test.asked {
					t.Errorf("%d requests for a token in 10 minutes, want %d", got, test.asked)
				}
			})
		})
	}
}

func TestAWriteWithoutATokenWasNotSent(t *testing.T) {
	for name, test := range map[string]struct {
		status   int
		body     string
		fail     error
		attempts int
		kind     error
		text     string
	}{
		"unauthorised":   {401, "open sesame is wrong", nil, 1, connection.ErrUnauthorized, "POST /token was answered with 401"},
		"refused":        {400, "open sesame is wrong", nil, 1, connection.ErrUnauthorized, "get token for the bot: POST /token was answered with 400"},
		"nothing in it":  {200, "{}", nil, 1, connection.ErrUnauthorized, "the answer holds no access_token"},
		"not JSON":       {200, "<html>open sesame", nil, 1, nil, "the answer is not whole JSON"},
		"fails inside":   {500, "", nil, 1, nil, "POST /token was answered with 500"},
		"in doubt":       {503, "", nil, 3, nil, "POST /token was answered with 503"},
		"the connection": {0, "", broken, 3, connection.ErrUnreachable, "not reachable"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{answer: func(w http.ResponseWriter, _ *http.Request, _ int) {
					w.WriteHeader(test.status)
					fmt.Fprint(w, test.body)
				}}
				client := s.client(t, table(bot()), transport.Config{})
				s.fail = func(*http.Request, int) error { return test.fail }
				_, err := client.Do(t.Context(), create)
				if s.count("POST /token") != test.attempts || s.count("POST /c") != 0 {
					t.Errorf("requests %v, want %d for a token and no other", s.log, test.attempts)
				}
				if !strings.Contains(fmt.Sprint(err), test.text) || strings.Contains(fmt.Sprint(err), "sesame") || test.kind != nil && !errors.Is(err, test.kind) {
					t.Errorf("error %v, want %q in it, the kind %v, and no secret", err, test.text, test.kind)
				}
				if errors.Is(err, connection.ErrUnknownOutcome) {
					t.Errorf("error %v says that the write may have happened, which was never sent", err)
				}
			})
		})
	}
}

func TestAServiceThatAsksToWaitTooLongIsNotWaitedFor(t *testing.T) {
	for name, test := range map[string]struct {
		status, seconds int
		waited          time.Duration
	}{
		"a limit, for a while":    {429, 40, 40 * time.Second},
		"a limit, for a day":      {429, 86400, 0},
		"an outage, for a while":  {503, 40, 40 * time.Second},
		"an outage, for two days": {503, 172800, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{answer: func(w http.ResponseWriter, r *http.Request, attempt int) {
					if attempt == 1 {
						w.Header().Set("Retry-After", strconv.Itoa(test.seconds))
						status(test.status)(w, r, attempt)
					}
				}}
				client := s.client(t, table(key), transport.Config{})
				start := time.Now()
				_, err := client.Do(t.Context(), read)
				if time.Since(start) != test.waited || (err == nil) != (test.waited > 0) {
					t.Errorf("after %v: %v; want an end after %v", time.Since(start), err, test.waited)
				}
				if want := fmt.Sprintf("the service asks to wait %d h", test.seconds/3600); err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q in it", err, want)
				}
			})
		})
	}
}

// TestAnExhaustedQuotaEndsARequest: another attempt would only read the answer again.
func TestAnExhaustedQuotaEndsARequest(t *testing.T) {
	const answer = 30 << 20
	text := strings.Repeat(" ", answer)
	s := &service{answer: func(w http.ResponseWriter, _ *http.Request, _ int) { _, _ = io.WriteString(w, text) }}
	client := s.client(t, table(key), transport.Config{})
	ctx := transport.WithQuota(t.Context(), 1)
	for range 256 << 20 / answer {
		if _, err := client.Do(ctx, read); err != nil {
			t.Fatal(err)
		}
	}
	sent := len(s.log)
	if _, err := client.Do(ctx, read); err == nil || len(s.log) != sent+1 {
		t.Errorf("%d requests and the error %v, want one request and an error", len(s.log)-sent, err)
	}
}

func TestAnAnswerThatIsTooLargeIsReadOnce(t *testing.T) {
	text := strings.Repeat(" ", 33<<20)
	for _, code := range []int{200, 302} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			s := &service{answer: func(w http.ResponseWriter, r *http.Request, _ int) {
				if r.URL.Path == "/token" {
					fmt.Fprint(w, `{"access_token": "t"}`)
					return
				}
				w.WriteHeader(code)
				_, _ = io.WriteString(w, text)
			}}
			client := s.client(t, table(bot()), transport.Config{})
			_, err := client.Do(t.Context(), set)
			if !errors.Is(err, connection.ErrUnknownOutcome) || !strings.Contains(err.Error(), "larger than 32 MiB") || s.count("PUT /c") != 1 {
				t.Errorf("%d requests and the error %v, want one request and a write that may have happened", s.count("PUT /c"), err)
			}
		})
	}
}

func TestARedirectIsFollowedWithinTheServiceOnly(t *testing.T) {
	for name, test := range map[string]struct {
		location string
		log      string
		want     string
	}{
		"within":          {"/d?x=1", "GET /c,GET /d", ""},
		"by another name": {"https://ACME.example:443/d", "GET /c,GET /d", ""},
		"round and round": {"/c", "GET /c,GET /c,GET /c", "too many redirects"},
		"to another host": {"https://evil.example/d", "GET /c", `the link leaves the tenant for "https://evil.example"`},
		"to plain http":   {"http://acme.example/d", "GET /c", "the link leaves the tenant"},
		"nowhere":         {"", "GET /c", "unexpected redirect"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &service{answer: func(w http.ResponseWriter, r *http.Request, _ int) {
				if r.URL.Path == "/c" {
					w.Header().Set("Location", test.location)
					w.WriteHeader(302)
				}
			}}
			client := s.client(t, table(key), transport.Config{})
			got, err := client.Do(t.Context(), read)
			if log := strings.Join(s.log, ","); log != test.log {
				t.Errorf("requests %s, want %s", log, test.log)
			}
			switch {
			case test.want == "" && (err != nil || got.URL.Path != "/d"):
				t.Errorf("the answer is of %v, and the error %v; want /d and none", got, err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), "GET /c") || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v, want GET /c and %q in it", err, test.want)
			}
		})
	}
}

func TestAServiceWithoutRedirectsJudgesThemItself(t *testing.T) {
	s := &service{answer: func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Location", "/d")
		w.WriteHeader(302)
	}}
	without := table(key)
	without.Redirects = 0
	_, err := s.client(t, without, transport.Config{}).Do(t.Context(), create)
	if err == nil || errors.Is(err, connection.ErrUnknownOutcome) || len(s.log) != 1 {
		t.Errorf("requests %v and the error %v, want one and a refusal", s.log, err)
	}
}

// budget hands out permits, and notes what becomes of them.
type budget struct {
	log     []string
	invalid int // permits that become invalid before they are used
}

func (b *budget) Begin() bool { b.invalid--; return b.invalid < 0 }
func (b *budget) Answered()   { b.log = append(b.log, "answered") }
func (b *budget) Unused()     { b.log = append(b.log, "unused") }
func (b *budget) Limited(wait time.Duration) {
	b.log = append(b.log, fmt.Sprint("limited ", wait))
}

func (b *budget) acquire(_ context.Context, again bool) (transport.Permit, error) {
	b.log = append(b.log, map[bool]string{false: "acquire", true: "acquire again"}[again])
	return b, nil
}

func TestAPermitIsReturnedWithWhatBecameOfItsAttempt(t *testing.T) {
	changed := errors.New("somebody has changed it")
	for name, test := range map[string]struct {
		status, after int    // of the first attempt, with a Retry-After; 0: none
		fail          error  // of the first attempt
		invalid       int    // permits
		fresh         error  // of the read before
		token         string // the answer to the request for one
		want          string
	}{
		"an answer":                     {want: "acquire,answered"},
		"a refusal":                     {status: 404, want: "acquire,answered"},
		"a doubt":                       {status: 503, want: "acquire,answered,acquire,answered"},
		"a limit":                       {status: 429, after: 7, want: "acquire,limited 7s,acquire again,answered"},
		"a limit without a time":        {status: 429, want: "acquire,limited 1s,acquire again,answered"},
		"a limit for a day":             {status: 429, after: 86400, want: "acquire,limited 1m0s,acquire again,answered"},
		"never sent":                    {fail: noRoute, want: "acquire,unused,acquire,answered"},
		"broken":                        {fail: broken, want: "acquire,answered,acquire,answered"},
		"invalid after what was read":   {invalid: 2, want: "acquire,unused,acquire again,unused,acquire again,answered"},
		"nothing to do after all":       {fresh: changed, want: "acquire,unused"},
		"no token":                      {token: "{}", want: "acquire,unused"},
		"a token that has been refused": {status: 401, want: "acquire,answered,acquire,answered"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{answer: func(w http.ResponseWriter, r *http.Request, attempt int) {
					switch {
					case r.URL.Path == "/token" && test.token != "":
						fmt.Fprint(w, test.token)
					case r.URL.Path == "/token":
						fmt.Fprint(w, `{"access_token": "t"}`)
					case attempt == 1 && test.status != 0:
						if test.after != 0 {
							w.Header().Set("Retry-After", strconv.Itoa(test.after))
						}
						w.WriteHeader(test.status)
					}
				}}
				client := s.client(t, table(bot()), transport.Config{})
				s.fail = func(r *http.Request, attempt int) error {
					if r.URL.Path == "/c" && attempt == 1 {
						return test.fail
					}
					return nil
				}
				b := &budget{invalid: test.invalid}
				request := set
				request.Acquire = b.acquire
				request.Fresh = func(context.Context, bool) ([]byte, error) { return []byte("fresh"), test.fresh }
				_, err := client.Do(t.Context(), request)
				if log := strings.Join(b.log, ","); log != test.want {
					t.Errorf("the permits went %s, want %s (error %v)", log, test.want, err)
				}
				if test.fresh != nil && (!errors.Is(err, test.fresh) || len(s.log) != 0) {
					t.Errorf("requests %v and the error %v, want none and the reason of the read", s.log, err)
				}
			})
		})
	}
}

func TestWhatARequestWaitsForIsReported(t *testing.T) {
	for name, test := range map[string]struct {
		request transport.Request
		status  int
		want    connection.WaitReason
	}{
		"a limit of reads":  {read, 429, connection.WaitReads},
		"a limit of writes": {set, 429, connection.WaitWrites},
		"another attempt":   {set, 503, connection.WaitRetry},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{answer: func(w http.ResponseWriter, _ *http.Request, attempt int) {
					if attempt == 1 {
						w.Header().Set("Retry-After", "40")
						w.WriteHeader(test.status)
					}
				}}
				client := s.client(t, table(key), transport.Config{})
				until := time.Now().Add(40 * time.Second)
				var group sync.WaitGroup
				group.Go(func() { _, _ = client.Do(t.Context(), test.request) })
				synctest.Wait()
				if wait := client.Waiting(); wait.For != test.want || !wait.Until.Equal(until) {
					t.Errorf("the client waits for %v, want %v until %v", wait, test.want, until)
				}
				group.Wait()
				if wait := client.Waiting(); wait != (connection.Wait{}) {
					t.Errorf("the client waits for %v, want nothing", wait)
				}
			})
		})
	}
}

func TestThePausesBetweenAttemptsGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{answer: func(w http.ResponseWriter, r *http.Request, attempt int) {
			if attempt < 3 {
				status(503)(w, r, attempt)
			}
		}}
		client := s.client(t, table(key), transport.Config{})
		start := time.Now()
		if _, err := client.Do(t.Context(), read); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited < 700*time.Millisecond || waited > 3*time.Second {
			t.Errorf("the request waited %v, want two pauses of about 0.5 s and 1 s", waited)
		}
	})
}

// skews are how far the clock of a service is from ours.
var skews = []time.Duration{-time.Hour, 0, time.Hour}

func TestADateInRetryAfterIsByTheClockOfTheService(t *testing.T) {
	for _, skew := range skews {
		for _, test := range []struct {
			path   string
			status int
		}{{"/c", 429}, {"/c", 503}, {"/token", 429}, {"/token", 503}} {
			t.Run(fmt.Sprint(test.path, " ", test.status, " ", skew), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &service{answer: func(w http.ResponseWriter, r *http.Request, attempt int) {
						if now := time.Now().Add(skew).UTC(); r.URL.Path == test.path && attempt == 1 {
							w.Header().Set("Date", now.Format(http.TimeFormat))
							w.Header().Set("Retry-After", now.Add(4*time.Second).Format(http.TimeFormat))
							w.WriteHeader(test.status)
						} else if r.URL.Path == "/token" {
							fmt.Fprint(w, `{"access_token": "t", "expires_in": 3600}`)
						}
					}}
					client := s.client(t, table(bot()), transport.Config{})
					start := time.Now()
					if _, err := client.Do(t.Context(), read); err != nil || time.Since(start).Round(time.Second) != 4*time.Second {
						t.Errorf("after %v: %v; want an answer after 4s", time.Since(start), err)
					}
				})
			})
		}
	}
}

func TestATokenEndsByTheClockOfTheService(t *testing.T) {
	for _, skew := range skews {
		t.Run(fmt.Sprint(skew), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{answer: func(w http.ResponseWriter, _ *http.Request, _ int) {
					now := time.Now().Add(skew).UTC()
					w.Header().Set("Date", now.Format(http.TimeFormat))
					fmt.Fprintf(w, `{"access_token": "t", "expires_at": %q}`, now.Add(30*time.Minute).Format(time.RFC3339))
				}}
				client := s.client(t, table(bot()), transport.Config{})
				for range 5 {
					if _, err := client.Do(t.Context(), read); err != nil {
						t.Fatal(err)
					}
					time.Sleep(9 * time.Minute)
				}
				if got := s.count("POST /token"); got != 2 {
					t.Errorf("%d requests for a token in 36 minutes, want 2: each token lasts 30", got)
				}
			})
		})
	}
}

// TestAPanicEndsThePermitAndReachesEveryCaller: a permit that is lost would hold back the
// requests of others forever.
func TestAPanicEndsThePermitAndReachesEveryCaller(t *testing.T) {
	for name, test := range map[string]struct {
		place, want string
	}{
		"while the request is sent":      {"/c", "acquire,answered"},
		"in the read before":             {"fresh", "acquire,unused"},
		"while another asks for a token": {"/token", "acquire,answered"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{answer: func(w http.ResponseWriter, _ *http.Request, _ int) { fmt.Fprint(w, `{"access_token": "t"}`) }}
				client := s.client(t, table(bot()), transport.Config{})
				s.fail = func(r *http.Request, _ int) error {
					time.Sleep(time.Second)
					if r.URL.Path == test.place {
						panic("bug")
					}
					return nil
				}
				var group sync.WaitGroup
				for range 3 {
					group.Go(func() {
						b := &budget{}
						request := set
						request.Acquire = b.acquire
						request.Fresh = func(context.Context, bool) ([]byte, error) {
							if test.place == "fresh" {
								panic("bug")
							}
							return nil, nil
						}
						crash := guard.Try(func() { _, _ = client.Do(t.Context(), request) })
						if crash == nil || crash.Value != "bug" {
							t.Errorf("the caller got %v, want the panic", crash)
						}
						if log := strings.Join(b.log, ","); log != test.want {
							t.Errorf("the permits went %s, want %s", log, test.want)
						}
					})
				}
				group.Wait()
				time.Sleep(2 * time.Minute) // net/http waits for the timeout of its request
			})
		})
	}
}
