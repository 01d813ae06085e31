package transporttest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Encodings are the forms in which a service may quote a request. The last one quotes only a part,
// so [LookForSecret] does not look for it.
var Encodings = []func(string) string{
	func(s string) string { return s },
	func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	url.QueryEscape,
	url.PathEscape,
	func(s string) string { text, _ := json.Marshal(s); return string(text) },
	html.EscapeString,
	func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	func(s string) string { return s[:2*len(s)/3] },
}

// LookForSecret fails the test if a text that qlsync shows contains a secret in any encoding.
func LookForSecret(t testing.TB, text, secret string) {
	t.Helper()
	for i, encode := range Encodings[:len(Encodings)-1] {
		if form := strings.TrimRight(strings.Trim(encode(secret), `"`), "="); strings.Contains(text, form) {
			t.Fatalf("the secret %q is shown (encoding %d):\n%s", secret, i, text)
		}
	}
}

// Memory stores the requests of a run, to quote them later. It is safe for concurrent use.
type Memory struct {
	mu     sync.Mutex
	rand   *rand.Rand
	before []string
}

// NewMemory returns a memory that chooses its quotations by a random source.
func NewMemory(source *rand.Rand) *Memory { return &Memory{rand: source} }

// Remember stores the token and the body of a request, and leaves the body readable.
func (m *Memory) Remember(request *http.Request) {
	var body []byte
	if request.Body != nil {
		body, _ = io.ReadAll(request.Body)
		request.Body = io.NopCloser(bytes.NewReader(body))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.before = append(m.before, request.Header.Get("Authorization")+" "+string(body))
}

// Quote returns one of the requests so far in one of the encodings.
func (m *Memory) Quote() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Encodings[m.rand.IntN(len(Encodings))](m.before[m.rand.IntN(len(m.before))])
}

// Insert returns JSON with a quotation in place of a text, or sometimes of a name in a map. It
// often spares the two outermost levels of maps, because otherwise a client could use no answer.
// The result is false if nothing is quoted.
func (m *Memory) Insert(body []byte) ([]byte, bool) {
	var value any
	if json.Unmarshal(body, &value) != nil {
		return body, false
	}
	places := placesIn(value, 2)
	if len(places) == 0 || m.IntN(8) == 0 {
		if places = placesIn(value, 0); len(places) == 0 || m.IntN(8) > 0 {
			return body, false
		}
	}
	places[m.IntN(len(places))](m.Quote())
	body, _ = json.Marshal(value)
	return body, true
}

// Echo is a service that does what it is asked and quotes an earlier request in half of its
// answers: usually so that the answer can still be used, sometimes in a broken one.
type Echo struct {
	Service http.RoundTripper
	Memory  *Memory
	// Break turns an answer into a broken one with a quotation, and returns the body.
	Break  func(answer *http.Response, quote string) []byte
	Quoted int // answers that quote
}

// RoundTrip answers a request. The requests of a test come one at a time.
func (e *Echo) RoundTrip(request *http.Request) (*http.Response, error) {
	e.Memory.Remember(request)
	answer, err := e.Service.RoundTrip(request)
	if err != nil || e.Memory.IntN(2) == 0 {
		return answer, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	quoted := true
	if e.Memory.IntN(20) == 0 {
		body = e.Break(answer, e.Memory.Quote())
	} else {
		body, quoted = e.Memory.Insert(body)
	}
	if quoted {
		e.Quoted++
	}
	answer.ContentLength = int64(len(body))
	answer.Header.Del("Content-Length")
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

// placesIn returns functions that put a quotation into a JSON value, except into that many levels
// of maps outside of lists.
func placesIn(value any, spared int) (places []func(quote string)) {
	switch value := value.(type) {
	case []any:
		for i := range value {
			if _, isText := value[i].(string); isText {
				places = append(places, func(quote string) { value[i] = quote })
			}
			places = append(places, placesIn(value[i], 0)...)
		}
	case map[string]any:
		names := slices.Sorted(maps.Keys(value))
		for _, name := range names {
			if _, isText := value[name].(string); isText && spared <= 0 {
				places = append(places, func(quote string) { value[name] = quote })
			}
			places = append(places, placesIn(value[name], spared-1)...)
		}
		if spared <= 0 && len(names) > 0 {
			places = append(places, func(quote string) { value[quote] = value[names[0]]; delete(value, names[0]) })
		}
	}
	return places
}

// IntN returns a random number from 0 up to n-1.
func (m *Memory) IntN(n int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rand.IntN(n)
}

// Len returns the number of requests so far.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.before)
}
