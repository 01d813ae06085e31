package chaos_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// wire is the way of one process to the tenant. It sees every write, and looks at
// the tenant after each. A dead process sends nothing any more.
type wire struct {
	world  *world
	tenant *inspect.Tenant
	before map[string]inspect.Connection // by id, what must not be touched
	stored []inspect.Credential          // separated credentials, which must all stay

	round int
	ids   map[string]string // as [episode.ids]
	note  func(format string, args ...any)

	absent map[connection.Key]bool // names that were missing when the process began

	order   sync.Mutex // one request at a time is carried out, and seen is about that
	seen    witness
	acted   bool     // somebody else has worked on the tenant
	renamed []string // spaces, by hand

	mu        sync.Mutex
	writes    int
	killAt    int
	lateAt    int
	dead      bool
	disturbed int                          // answers that were no success, or came late
	last      time.Time                    // the last of them
	missing   map[connection.Key]time.Time // declared names that are not there, since when
	troubles  []string
}

var errDead = errors.New("the process is dead")

func (n *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(latency / 2)
	carryOut, late, err := n.leave(r.Method)
	if err != nil && !carryOut {
		return nil, err
	}
	began := time.Now()
	response, whole, cut := n.carryOut(r)
	if late {
		response, whole, cut = failure(), false, nil
	}
	disturbed := (!whole || response.StatusCode >= 400) && !n.world.isHidden(r, response) || time.Since(began) > 0 || !n.world.member && isRoleless(r, response)
	n.look(r.Method, disturbed)
	if err != nil {
		return nil, err
	}
	time.Sleep(latency / 2)
	return response, cut
}

// carryOut lets the tenant carry a request out, after all that another client does before it.
func (n *wire) carryOut(r *http.Request) (response *http.Response, whole bool, err error) {
	n.order.Lock()
	defer n.order.Unlock()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	n.act()
	if r.Method == http.MethodGet {
		response, whole, err = serve(n.tenant, r)
		n.afterRead(r, response)
		return response, whole && !n.isDistorted(r, response), err
	}
	ids := n.beforeWrite(r)
	response, whole, err = serve(n.tenant, r)
	for _, id := range ids {
		n.seen.wrote[id] = n.seen.requests
	}
	n.afterCreate(r, response)
	n.lookAtForeign()
	return response, whole, err
}

// failure is the answer of a service that has carried a request out and then failed.
func failure() *http.Response {
	recorder := httptest.NewRecorder()
	recorder.WriteHeader(http.StatusInternalServerError)
	return recorder.Result()
}

// leave counts the write, and lets the process die at its hour.
func (n *wire) leave(method string) (carryOut, late bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.dead {
		return false, false, errDead
	}
	if method == http.MethodGet {
		return true, false, nil
	}
	n.writes++
	if n.writes == n.killAt {
		n.dead = true
		return n.world.carryOut, false, errDead
	}
	return true, n.writes == n.lateAt, nil
}

// serve returns the answer of a service, as far as it comes. It is not whole either where
// something is missing from a list, and where it is none that the service describes.
func serve(service http.Handler, r *http.Request) (response *http.Response, whole bool, err error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	defer func() {
		switch cut := recover(); {
		case cut == nil:
		case cut != http.ErrAbortHandler: //nolint:errorlint // it is no error that is wrapped
			panic(cut)
		case recorder.Body.Len() == 0:
			response, whole, err = nil, false, io.EOF
		default: // broken off in the middle of the body
			response, whole = recorder.Result(), false
			response.Body = io.NopCloser(io.MultiReader(response.Body, brokenOff{}))
		}
	}()
	service.ServeHTTP(recorder, r)
	body := recorder.Body.String()
	isWhole := !strings.Contains(body, `"errors":[{`) && !strings.Contains(body, foreignHost) && !slices.Contains(oddAnswers, body)
	return recorder.Result(), isWhole, nil
}

// isDistorted reports whether a list does not say what the tenant has: an item is listed again,
// or lacks something, or the list miscounts.
func (n *wire) isDistorted(r *http.Request, response *http.Response) bool {
	if response == nil || response.StatusCode != http.StatusOK || !strings.HasSuffix(r.URL.Path, "s") {
		return false
	}
	body, _ := io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	var list struct {
		Data []struct {
			ID    string   `json:"qID"`
			Space string   `json:"space"`
			Tags  []string `json:"tags"`
		} `json:"data"`
		DataSources []struct {
			ID string `json:"dataSourceId"`
		} `json:"dataSources"`
		Meta struct {
			Count *int `json:"count"`
		} `json:"meta"`
	}
	if json.Unmarshal(body, &list) != nil {
		return false // broken off
	}
	for _, source := range list.DataSources {
		if source.ID == "" {
			return true
		}
	}
	if !strings.HasSuffix(r.URL.Path, "/data-connections") {
		return list.Meta.Count != nil && *list.Meta.Count != len(spaceIDs)
	}
	seen := map[string]bool{}
	for _, item := range list.Data {
		is, there := n.found(item.ID)
		if seen[item.ID] || item.ID == "" || item.Space == "" || there && len(item.Tags) == 0 && len(is.Tags) > 0 {
			return true
		}
		seen[item.ID] = true
	}
	return n.world.pageSize == 0 && list.Meta.Count != nil && *list.Meta.Count != len(list.Data)
}

// isRoleless reports whether an answer denies Ana her roles.
func isRoleless(r *http.Request, response *http.Response) bool {
	if !strings.HasSuffix(r.URL.Path, "/users/"+ana) {
		return false
	}
	body, _ := io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	return bytes.Contains(body, []byte(`"assignedRoles":[]`))
}

// brokenOff is where an answer ends too early.
type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// look compares the tenant with what must hold at any moment.
func (n *wire) look(method string, disturbed bool) {
	n.order.Lock() // not between what another client does and the note of it
	defer n.order.Unlock()
	n.mu.Lock()
	defer n.mu.Unlock()
	if disturbed {
		n.disturbed++
		n.last = time.Now()
	}
	if method == http.MethodGet {
		return
	}
	there := map[connection.Key]string{} // ids
	for _, c := range n.tenant.Connections() {
		c.Space = strings.TrimSuffix(c.Space, byHand)
		key := connection.Key{Space: c.Space, Name: c.Name}
		there[key] = c.ID
		if was, strange := n.before[c.ID]; strange && !reflect.DeepEqual(was, c) {
			n.trouble("%q is not ours, and was touched: %+v", key, c)
		}
	}
	n.lookAtStored()
	for i := range n.world.stories {
		if s := &n.world.stories[i]; s.stays() && !n.world.isHandled(s) {
			n.follow(s, there[s.after])
		}
	}
}

// lookAtStored demands that separated credentials stay, and those of others as they are.
func (n *wire) lookAtStored() {
	now := n.tenant.Credentials()
	for _, was := range n.stored {
		i := slices.IndexFunc(now, func(is inspect.Credential) bool { return is.ID == was.ID })
		if i < 0 || was.User != ana && now[i] != was {
			n.trouble("the credentials %q of %s were touched", was.Name, was.User)
		}
	}
}

// follow measures how long a name is missing, unless something was refused that the
// process could not yet know of. Only the row of a recreate may take it
// away, and only for the write that names the new one, which has its credentials
// by then.
func (n *wire) follow(s *story, id string) {
	since, missing := n.missing[s.after]
	there := id != ""
	if there && s.isReplaced() && !n.world.typed[id] && !n.tenant.CredentialEquals(id, "secretKey", s.secret) {
		n.trouble("%q is recreated, and has no credentials", s.after)
	}
	switch {
	case there && missing:
		delete(n.missing, s.after)
		most := latency
		if n.absent[s.after] { // its turn may come behind that of each other one, and begins with a read
			most *= time.Duration(2 * len(n.absent))
		}
		if took := time.Since(since); n.last.Before(since.Add(-latency)) && took > most {
			n.trouble("%q was missing for %s, and nothing was in the way", s.after, took)
		}
	case !there && !missing:
		n.missing[s.after] = time.Now()
		if !s.isReplaced() {
			n.trouble("%q %s, and is missing", s.after, s.fate)
		}
	}
}

// trouble is called with one of the locks, never by two callers at once.
func (n *wire) trouble(format string, args ...any) {
	n.troubles = append(n.troubles, fmt.Sprintf(format, args...))
}
