package apinizer

import (
	"net/http"
	"net/url"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// call is a request on its way through a handler.
type call struct {
	request *http.Request
	parts   map[string]string // of the path
	query   url.Values
	body    []byte

	// What a fault asks for, and whether there was a place for it.
	fault             Fault
	omitted, degraded bool
	pushed            bool
}

// answer is the result of a handler.
type answer struct {
	status   int
	header   http.Header // may be nil
	body     any         // nil: no body
	raw      string      // instead of body: as it is, of the kind
	kind     string
	truncate bool
}

func (a answer) write(w http.ResponseWriter) {
	reply := host.Reply{Status: a.status, Header: a.header, Kind: a.kind, Content: []byte(a.raw), Truncate: a.truncate}
	if a.body != nil {
		var err error
		if reply.Content, err = host.JSON(a.body); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		reply.Kind = jsonType
	}
	reply.Write(w)
}

const (
	htmlType = "text/html;charset=UTF-8"
	textType = "text/plain;charset=UTF-8"
	jsonType = "application/json;charset=UTF-8"
)

// pair makes a member of a body.
func pair(key string, value any) model.Member { return model.Member{Key: key, Value: value} }
