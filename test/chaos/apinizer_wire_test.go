package chaos_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer/inspect"
)

// apiWire is the wire of one process to the manager, with all that another client does between
// its requests. It knows, by the number of the request, when somebody else last changed the
// connection with a name, and when this process last read that connection.
type apiWire struct {
	e      *apiEpisode
	round  int
	killAt int

	mu        sync.Mutex // one request at a time
	planned   bool
	requests  int
	lastWrite int
	read      map[connection.Key]int
	listed    int // the last list that came whole
	hands     map[connection.Key]int
	did       map[connection.Key]deed
	wrote     map[connection.Key]bool
	writes    int
	dead      bool
	acted     bool
}

// begin starts the clock of the hands: the plan is made.
func (n *apiWire) begin() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.planned = true
}

func (n *apiWire) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(latency / 2)
	response, err := n.exchange(r)
	time.Sleep(latency / 2)
	return response, err
}

func (n *apiWire) exchange(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.dead {
		return nil, errDead
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	if strings.HasSuffix(r.URL.Path, "/auth/token") {
		response, _, err := serve(n.e.manager, r)
		return response, err
	}
	n.act()
	key, single := keyOf(r)
	if r.Method == http.MethodGet {
		response, whole, err := serve(n.e.manager, r)
		if whole {
			n.noteRead(key, single, response)
		}
		return response, err
	}
	to := n.beforeWrite(r, key)
	n.writes++
	if n.dead = n.writes == n.killAt; n.dead && !n.e.world.carryOut {
		return nil, errDead
	}
	response, _, err := serve(n.e.manager, r)
	n.lastWrite, n.wrote[key] = n.requests, true
	if to != "" {
		n.wrote[connection.Key{Space: key.Space, Name: to}] = true
	}
	n.e.lookAtForeign()
	n.lookAtEdited(key)
	if n.dead {
		return nil, errDead
	}
	return response, err
}

// keyOf returns the connection that a request is about; single is false for a list.
func keyOf(r *http.Request) (key connection.Key, single bool) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/apiops/projects/"), "/")
	if len(parts) < 3 {
		return key, false
	}
	return connection.Key{Space: parts[0], Name: parts[2]}, parts[2] != ""
}

// noteRead notes what a read has shown: a connection, that it is not there, or a list.
func (n *apiWire) noteRead(key connection.Key, single bool, response *http.Response) {
	body, _ := io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	var answer struct {
		List []json.RawMessage `json:"resultList"`
	}
	listed := json.Unmarshal(body, &answer) == nil && answer.List != nil
	switch {
	case single && (listed || bytes.Contains(body, []byte("was not found"))):
		n.read[key] = n.requests
	case !single && listed:
		n.listed = n.requests
	}
}

// beforeWrite demands that a write follows a read of what it is about, without another write
// of ours in between, and that this read did not show what somebody else has done since the
// plan. A change between that read and the write cannot be noticed. An edit after a write of
// ours is taken for a part of that, and only has to stay. beforeWrite returns the name that a
// write sets.
func (n *apiWire) beforeWrite(r *http.Request, key connection.Key) (to string) {
	text, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(text))
	var body struct {
		Name string `json:"name"`
	}
	_ = json.Unmarshal(text, &body) // a delete has none
	read := n.read[key]
	if r.Method == http.MethodPost { // that nothing is there, a list shows too
		read = max(read, n.listed)
	}
	if read <= n.lastWrite {
		n.e.trouble("%s %q at %d, which was read at %d, before the write at %d", r.Method, key, n.requests, read, n.lastWrite)
	}
	at, handled := n.hands[key]
	hidden := n.did[key] == typesIn && n.e.world.behaviour.Secrets == "null"
	switch {
	case !handled:
	case read < at || hidden:
		delete(n.hands, key)
		delete(n.e.foreign, key)
	case r.Method == http.MethodPut && n.wrote[key] && (n.did[key] == edits || n.did[key] == typesIn):
	default:
		n.e.trouble("%s %q at %d, which was read at %d after somebody %s at %d", r.Method, key, n.requests, read, n.did[key], at)
	}
	return body.Name
}

// lookAtEdited demands that what somebody edited after a write of ours stays as it is.
func (n *apiWire) lookAtEdited(key connection.Key) {
	if n.hands[key] > 0 && n.did[key] == edits && n.e.records()[key].Fields["from"] != "by hand" {
		n.e.trouble("%q was edited by hand at %d, and the edit is lost at %d", key, n.hands[key], n.requests)
	}
}

// act lets another client do what it does before this request.
func (n *apiWire) act() {
	if !n.planned {
		return
	}
	n.requests++
	for _, h := range n.e.world.hands {
		if h.round == n.round && h.at == n.requests {
			n.handle(h)
		}
	}
}

func (n *apiWire) handle(h hand) {
	keys := slices.SortedFunc(maps.Keys(n.e.records()), connection.Key.Compare)
	keys = slices.DeleteFunc(keys, func(key connection.Key) bool {
		_, foreign := n.e.foreign[key]
		return foreign || n.hands[key] > 0
	})
	if len(keys) == 0 {
		return
	}
	key, was := keys[h.target%len(keys)], n.e.records()
	s := n.e.world.storyOf(key)
	if h.deed == takes {
		if s = n.e.world.next(h.target); s != nil {
			key = s.after
		}
	}
	changed, err := n.do(h.deed, key, s)
	n.e.note("  by hand, at %d: somebody %s: %s: %v", n.requests, h.deed, key, err)
	if err != nil || reflect.DeepEqual(was, n.e.records()) {
		return // the name is taken, for example, or it was done already
	}
	n.acted = true
	for _, name := range []string{key.Name, changed.Name} {
		n.e.world.handled[name] = true
	}
	if s != nil {
		n.e.world.handled[s.before.Name], n.e.world.handled[s.after.Name] = true, true
	}
	is, there := n.e.records()[changed]
	if !there {
		return
	}
	n.hands[changed], n.did[changed] = n.requests, h.deed
	retired := s != nil && s.after.Name == "" && (h.deed == untags || h.deed == forges)
	if h.deed == handsOver || h.deed == takes || h.deed == replaces || retired {
		n.e.foreign[changed] = is
	}
}

// next returns a story whose connection is to come under its name; nil: none.
func (w *apiWorld) next(target int) *story {
	var coming []*story
	for i := range w.stories {
		if s := &w.stories[i]; s.after.Name != "" && s.before != s.after {
			coming = append(coming, s)
		}
	}
	if len(coming) == 0 {
		return nil
	}
	return coming[target%len(coming)]
}

// do carries out a deed, and returns what it has changed.
func (n *apiWire) do(d deed, key connection.Key, s *story) (changed connection.Key, err error) {
	edit := func(change func(c *inspect.Connection)) error { return n.e.manager.Edit(key.Space, key.Name, change) }
	describe := func(text string) error {
		return edit(func(c *inspect.Connection) { c.Fields["description"] = text })
	}
	switch d {
	case untags:
		return key, describe("Ours")
	case handsOver:
		return key, describe("[qlsync:other key=0123456789abcdef]")
	case forges:
		return key, describe(fmt.Sprintf("[qlsync:%s key=%s] until Friday", project, connection.KeyDigest(key)))
	case edits:
		return key, edit(func(c *inspect.Connection) { c.Fields["from"] = "by hand" })
	case renames:
		changed = connection.Key{Space: key.Space, Name: key.Name + byHand}
		return changed, edit(func(c *inspect.Connection) { c.Name = changed.Name })
	case replaces:
		err := n.e.manager.Remove(key.Space, key.Name)
		return key, errors.Join(err, n.e.manager.Add(inspect.SeedConnection{
			Project: key.Space, Type: "syslog", Name: key.Name, Fields: map[string]any{"syslogServerHostname": "by hand"},
		}))
	case removes:
		return key, n.e.manager.Remove(key.Space, key.Name)
	case typesIn:
		text := "typed in by hand"
		if len(n.e.records()[key].Secrets) > 0 { // another one in its place cannot be noticed
			text = ""
		}
		return key, n.e.manager.TypeIn(key.Space, key.Name, "password", text)
	}
	if s == nil {
		return key, errors.New("that is to have no other name")
	}
	return s.after, n.e.manager.Add(inspect.SeedConnection{
		Project: s.after.Space, Type: "email", Name: s.after.Name, Fields: map[string]any{"host": "mail.example", "from": "by hand"},
	})
}
