package apinizer

import (
	"net/http"
	"slices"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer/internal/model"
)

// insteadOf returns what a fault has sent instead of serving the request; ok is false if it lets it through.
func (m *Manager) insteadOf(f Fault, path string) (reply answer, ok bool) {
	status, header := f.Instead(m.store.Now())
	if status == 0 {
		return answer{}, false
	}
	if f.Body != "" {
		return answer{status: status, header: header, raw: f.Body, kind: htmlType}, true
	}
	if f.Answer != "" {
		return answer{status: status, header: header, raw: f.Answer, kind: jsonType}, true
	}
	if path == tokenPath { // OAuth errors in both dialects (facts, section 1)
		return answer{status: status, header: header, body: model.Document{pair("error", "server_error"), pair("error_description", "injected fault")}}, true
	}
	e := &model.Refusal{Situation: model.Internal, Text: "An unexpected error occurred"}
	if status == http.StatusTooManyRequests {
		e = model.TooMany(f.RetryAfter)
	}
	return answer{status: status, header: header, body: e.Body(m.store.Behaviour.Errors, status)}, true
}

// alter changes the answer of a served request; false if the fault wanted to change something that is not there.
func (c *call) alter(reply *answer) bool {
	f := c.fault
	if f.Served {
		if reply.status/100 != 2 {
			return false
		}
		*reply = answer{status: http.StatusOK, raw: f.Answer, kind: jsonType}
	}
	if f.Truncate && reply.body == nil && reply.raw == "" {
		return false
	}
	reply.truncate = f.Truncate
	if (len(f.Without) > 0 || f.Count != 0) && !reply.distort(f) {
		return false
	}
	return (len(f.Omit) == 0 || c.omitted) && (!f.NoAdmin || c.degraded) && (f.Deploy == "" || c.pushed)
}

// distort takes members from the items of a list, and changes its count. It returns false if the fault finds no such
// item or list.
func (a *answer) distort(f Fault) bool {
	envelope, _ := a.body.(model.Document)
	listed, found := false, len(f.Without) == 0
	for i, m := range envelope {
		switch m.Key {
		case "resultList":
			items := slices.Clone(m.Value.([]any))
			for j := range items {
				if d := items[j].(model.Document); f.Concerns(d.Text("name")) {
					items[j], found = d.Without(f.Without), true
				}
			}
			envelope[i].Value, listed = items, true
		case "resultCount":
			envelope[i].Value = max(m.Value.(int)+f.Count, 0)
		}
	}
	return listed && found
}
