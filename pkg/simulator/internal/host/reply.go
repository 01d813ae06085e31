package host

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
)

// Reply is an answer as it goes over the wire.
type Reply struct {
	Status   int
	Header   http.Header // may be nil
	Kind     string      // content type; "" without content
	Content  []byte
	Truncate bool // break off half way through the content
}

// JSON returns a body as the services write one.
func JSON(body any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(body)
	return out.Bytes(), err
}

// Write sends the reply. A truncated one ends the handler: the server closes the connection.
func (r Reply) Write(w http.ResponseWriter) {
	for name, values := range r.Header {
		w.Header()[name] = slices.Clone(values)
	}
	if r.Kind == "" {
		w.WriteHeader(r.Status)
		return
	}
	w.Header().Set("Content-Type", r.Kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(r.Content)))
	w.WriteHeader(r.Status)
	if !r.Truncate {
		_, _ = w.Write(r.Content) // the client may be gone
		return
	}
	_, _ = w.Write(r.Content[:len(r.Content)/2])
	_ = http.NewResponseController(w).Flush() // so that the first half arrives
	panic(http.ErrAbortHandler)
}
