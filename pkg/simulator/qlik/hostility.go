package qlik

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// faultAnswer returns what is sent instead of serving the request; ok is false if the fault lets it through.
func faultAnswer(f Fault, now time.Time) (reply answer, ok bool) {
	status, header := f.Instead(now)
	switch {
	case status == 0:
		return answer{}, false
	case f.Body != "":
		reply = answer{status: status, raw: f.Body}
	case f.Answer != "":
		reply = answer{status: status, raw: f.Answer, kind: jsonType}
	case status == http.StatusTooManyRequests:
		reply = errorAnswer(refusal.TooManyRequests(f.RetryAfter))
	default:
		reply = errorAnswer(&refusal.Error{
			Code: fmt.Sprintf("HTTP-%d", status), Title: http.StatusText(status), Detail: "injected fault", Status: status,
		})
	}
	reply.header = header
	return reply, true
}

// alter changes the answer of a served request; false if the fault wanted to change something that is not there.
func (c *call) alter(f Fault, reply *answer) bool {
	done := (len(f.Omit) == 0 || c.omitted) && (f.Lie == "" || c.lied)
	if f.NoAdmin && c.user == nil {
		done = false
	}
	if f.Repeat {
		list, isList := reply.body.(connectionList)
		if !isList || len(list.Data) == 0 {
			return false
		}
		list.Data = append(slices.Clip(list.Data), list.Data[0])
		reply.body = list
	}
	if (len(f.Without) > 0 || f.Count != 0) && !reply.distort(f) {
		return false
	}
	if f.NextHost != "" {
		list, isList := reply.body.(pagedList)
		if !isList || list.next() == nil {
			return false
		}
		if address, err := url.Parse(list.next().Href); err == nil {
			address.Host = f.NextHost
			list.next().Href = address.String()
		}
	}
	if f.Served {
		if reply.status/100 != 2 {
			return false
		}
		*reply = answer{status: http.StatusOK, raw: f.Answer, kind: jsonType}
	}
	if reply.truncate = f.Truncate && (reply.body != nil || reply.raw != ""); f.Truncate && !reply.truncate {
		return false
	}
	return done
}

// distort takes members from the items of a list, and changes its count. It returns false if the fault finds no such
// item or list.
func (a *answer) distort(f Fault) bool {
	switch list := a.body.(type) {
	case connectionList:
		found := len(f.Without) == 0
		for i := range list.Data {
			if v := &list.Data[i]; f.Concerns(v.Name) {
				v.without, found = slices.Concat(v.without, f.Without), true
			}
		}
		list.Meta.Count = max(list.Meta.Count+f.Count, 0)
		a.body = list
		return found
	case sourceList:
		found := false
		for i, item := range list.DataSources {
			var members map[string]json.RawMessage
			if err := json.Unmarshal(item, &members); err != nil || !f.Concerns(sourceIDOf(members)) {
				continue
			}
			for _, name := range f.Without {
				delete(members, name)
			}
			if text, err := json.Marshal(members); err == nil {
				list.DataSources[i], found = text, true
			}
		}
		return found
	case spaceList:
		list.Meta.Count = max(list.Meta.Count+f.Count, 0)
		a.body = list
		return len(f.Without) == 0
	}
	return false
}

func sourceIDOf(members map[string]json.RawMessage) (id string) {
	_ = json.Unmarshal(members["dataSourceId"], &id) // the catalogue has texts
	return id
}

// pagedList is an answer with links to pages.
type pagedList interface{ next() *link }
