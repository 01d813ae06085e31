package qlik

import (
	"cmp"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/identity"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// answer is the result of a handler; it is encoded after the lock is released.
type answer struct {
	status int
	header http.Header // may be nil
	body   any         // nil: no body
	raw    string      // instead of body: as it is, of the kind
	kind   string      // empty: HTML

	truncate bool // break off half way through the body
}

const jsonType = "application/json; charset=utf-8"

var noContent = answer{status: http.StatusNoContent}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

func errorAnswer(e *refusal.Error) answer {
	return answer{status: e.HTTPStatus(), header: e.Header, body: errorBody{Errors: []*refusal.Error{e}}}
}

// errorBody is the documented envelope (API reference, every operation).
type errorBody struct {
	Errors  []*refusal.Error `json:"errors"`
	TraceID string           `json:"traceId,omitempty"`
}

// as returns the body in the form of the service that the path belongs to (API reference): only spaces and users tell the
// trace, and the services in withoutStatus do not repeat the status.
func (e errorBody) as(path, trace string) errorBody {
	spaces := strings.HasPrefix(path, spacesPath)
	if spaces || strings.HasPrefix(path, usersPath) {
		e.TraceID = trace
	}
	if slices.ContainsFunc(withoutStatus, func(prefix string) bool { return strings.HasPrefix(path, prefix) }) {
		e.Errors = slices.Clone(e.Errors)
		for i, item := range e.Errors {
			told := *item
			told.Status = 0
			e.Errors[i] = &told
		}
	}
	return e
}

// withoutStatus are the paths of the services whose errors do not repeat the status (API reference).
var withoutStatus = []string{sourcesPath, spacesPath, itemsPath, reloadsPath, knowledgePath, dataSetsPath}

func (a answer) write(w http.ResponseWriter, trace string) {
	w.Header().Set("X-B3-Traceid", trace)
	reply := host.Reply{Status: a.status, Header: a.header, Truncate: a.truncate}
	switch {
	case a.raw != "":
		reply.Content, reply.Kind = []byte(a.raw), cmp.Or(a.kind, "text/html; charset=utf-8")
	case a.body != nil:
		var err error
		if reply.Content, err = host.JSON(a.body); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		reply.Kind = jsonType
	}
	reply.Write(w)
}

// traceID is the same for the same request, so that recorded outputs do not change from run to run.
func traceID(r *http.Request) string {
	d := identity.Digest("trace", r.Method, r.URL.RequestURI())
	return hex.EncodeToString(d[:16])
}
