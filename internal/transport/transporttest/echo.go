package transporttest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Encodings are the ways in which a service may quote what it was asked. The last one quotes
// only a part, so [LookForSecret] does not look for it.
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

// LookForSecret fails the test if a text that qlsync shows holds a secret in any encoding.
func LookForSecret(t testing.TB, text, secret string) {
	t.Helper()
	for i, encode := range Encodings[:len(Encodings)-1] {
		if form := strings.TrimRight(strings.Trim(encode(secret), `"`), "="); strings.Contains(text, form) {
			t.Fatalf("the secret %q is shown (encoding %d):\n%s", secret, i, text)
		}
	}
}

// Memory is what a service remembers of the requests of a run, to quote them later. It is
// safe for concurrent use.
type Memory struct {
	mu     sync.Mutex
	rand   *rand.Rand
	before []string
}

// NewMemory returns a memory that draws its quotations from a source.
func NewMemory(source *rand.Rand) *Memory { return &Memory{rand: source} }

// Remember keeps the token and the body of a request, and leaves the body readable.
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
