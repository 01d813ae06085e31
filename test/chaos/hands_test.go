package chaos_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// deed is what another client does to a connection.
type deed string

const (
	untags       deed = "takes our tags off"
	protects     deed = "adds protection"
	edits        deed = "edits it"
	renames      deed = "renames it"
	relocates    deed = "moves it"
	removes      deed = "deletes it"
	takes        deed = "creates another one under the name that it is to have"
	handsOver    deed = "hands it to another project"
	renamesSpace deed = "renames its space"
	typesIn      deed = "types in credentials"
	changesOwner deed = "gives it to another owner"
)

var deeds = []deed{untags, protects, edits, renames, relocates, removes, takes, handsOver, renamesSpace, typesIn, changesOwner}

// hand is one moment at which another client works on the tenant.
type hand struct {
	at     int // the request before which that happens, counted in each process from when it has a plan
	round  int // the process
	deed   deed
	target int // which of the connections that are there then
}

// byHand is the end of a name that somebody changed by hand.
const byHand = " by hand"

// lastHand is the last process next to which another client works.
const lastHand = 3

func drawHand(t *rapid.T, deeds []deed) hand {
	return hand{
		at: rapid.IntRange(1, 30).Draw(t, "hand at"), round: rapid.IntRange(1, lastHand).Draw(t, "hand in round"),
		deed: rapid.SampledFrom(deeds).Draw(t, "deed"), target: rapid.IntRange(0, 9).Draw(t, "hand on"),
	}
}

// witness knows, of each connection, when somebody else changed it, when this process last
// read it, and when it last wrote it: by the number of the request. There is no ETag, so a
// change between a read and the write that follows it cannot be noticed. Any other can.
type witness struct {
	planned            bool
	requests           int
	read, wrote, hands map[string]int
	made               map[string]int  // when this process created it
	unread             map[string]bool // this process had not read it between its create and the hand
	did                map[string]deed
	foreign            map[string]inspect.Connection // nobody's or another project's, since a hand made it so
}

func newWitness() witness {
	return witness{read: map[string]int{}, wrote: map[string]int{}, hands: map[string]int{}, made: map[string]int{}, unread: map[string]bool{}, did: map[string]deed{}, foreign: map[string]inspect.Connection{}}
}

// act lets the other client do what it does before this request. It is called with the lock.
func (n *wire) act() {
	if !n.seen.planned {
		return
	}
	n.seen.requests++
	for _, h := range n.world.hands {
		if h.round == n.round && h.at == n.seen.requests {
			n.handle(h)
		}
	}
}

func (n *wire) handle(h hand) {
	all := slices.DeleteFunc(n.tenant.Connections(), func(c inspect.Connection) bool {
		_, strange := n.before[c.ID]
		return strange || n.seen.hands[c.ID] > 0
	})
	if len(all) == 0 {
		return
	}
	c := all[h.target%len(all)]
	s := n.world.storyOf(connection.Key{Space: c.Space, Name: c.Name})
	err := n.do(h.deed, &c, s)
	n.note("  by hand, at %d: somebody %s: %s/%s (%s): %v", n.seen.requests, h.deed, c.Space, c.Name, c.ID, err)
	now, _ := n.found(c.ID)
	c.Space, now.Updated = strings.TrimSuffix(c.Space, byHand), c.Updated
	n.acted = n.acted || err == nil // even an edit that changes nothing has a new time
	if err != nil || h.deed != renamesSpace && h.deed != takes && h.deed != typesIn && fmt.Sprint(c) == fmt.Sprint(now) {
		return // the name is taken, for example, or it was done already
	}
	if h.deed != takes && h.deed != renamesSpace { // those do not change it
		n.seen.hands[c.ID], n.seen.did[c.ID] = n.seen.requests, h.deed
		n.seen.unread[c.ID] = n.seen.made[c.ID] > n.seen.read[c.ID]
	}
	names := []string{c.Name}
	if s != nil {
		names = append(names, s.before.Name, s.after.Name)
	}
	n.noteHandled(names...)
	if h.deed == handsOver {
		n.seen.foreign[c.ID], _ = n.found(c.ID)
	}
}

// noteHandled notes names that somebody has handled. [wire.look] reads them under the same lock.
func (n *wire) noteHandled(names ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range names {
		n.world.handled[name] = true
	}
}

func (n *wire) do(d deed, c *inspect.Connection, s *story) error {
	edit := func(change func(*inspect.Connection)) error { return n.tenant.Edit(c.ID, change) }
	switch d {
	case untags:
		return edit(func(c *inspect.Connection) {
			c.Tags = slices.DeleteFunc(c.Tags, func(tag string) bool { return strings.HasPrefix(tag, "qlsync") })
		})
	case protects:
		if slices.Contains(c.Tags, "qlsync-protected") {
			return errors.New("that is done already")
		}
		return edit(func(c *inspect.Connection) { c.Tags = append(c.Tags, "qlsync-protected") })
	case edits:
		return edit(func(c *inspect.Connection) {
			for _, property := range []string{"bucketName", "Catalog", "database", "OffsetDataPath"} {
				if _, there := c.Properties[property]; there {
					c.Properties[property] = "by hand"
				}
			}
		})
	case renames:
		return edit(func(c *inspect.Connection) { c.Name += byHand })
	case relocates:
		return edit(func(c *inspect.Connection) {
			c.Space = map[string]string{"Finance": "Sales", "Sales": "finance"}[c.Space]
			if c.Space == "" {
				c.Space = "Finance"
			}
		})
	case removes:
		return n.tenant.Remove(c.ID)
	case typesIn:
		if c.DataSource != lake || slices.Contains(n.world.behaviour.Without, "updated") {
			return errors.New("nobody could notice that")
		}
		n.mu.Lock() // as [wire.follow] has it
		n.world.typed[c.ID] = true
		n.mu.Unlock()
		return n.tenant.TypeIn(c.ID, map[string]any{"secretKey": "typed in by hand"})
	case changesOwner:
		if slices.Contains(n.world.behaviour.Without, "user") {
			return errors.New("nobody could notice that")
		}
		n.mu.Lock() // its credentials go
		n.world.typed[c.ID] = true
		n.mu.Unlock()
		return edit(func(c *inspect.Connection) { c.Owner = map[string]string{ana: bo, bo: ana, cy: bo, di: bo}[c.Owner] })
	case handsOver:
		return edit(func(c *inspect.Connection) { c.Tags = []string{"qlsync:other"} })
	case renamesSpace:
		if strings.HasSuffix(c.Space, byHand) {
			return errors.New("that is done already")
		}
		n.renamed = append(n.renamed, c.Space)
		for _, s := range n.world.stories {
			n.noteHandled(s.before.Name, s.after.Name)
		}
		return n.tenant.RenameSpace(c.Space, c.Space+byHand)
	}
	key := connection.Key{Space: c.Space, Name: c.Name + " as well"}
	if s != nil && s.after.Name != "" {
		key = s.after
	}
	id, err := n.tenant.Add(inspect.SeedConnection{
		Name: key.Name, Space: key.Space, DataSource: lake, Tags: []string{"mine"}, Properties: map[string]any{"bucketName": "by hand", "region": "eu-west-1"},
	})
	if err == nil {
		n.seen.hands[id], n.seen.did[id] = n.seen.requests, d
		n.seen.foreign[id], _ = n.found(id)
	}
	return err
}

func (n *wire) found(id string) (inspect.Connection, bool) {
	all := n.tenant.Connections()
	i := slices.IndexFunc(all, func(c inspect.Connection) bool { return c.ID == id })
	if i < 0 {
		return inspect.Connection{}, false
	}
	all[i].Space = strings.TrimSuffix(all[i].Space, byHand)
	return all[i], true
}

// storyOf returns the story of a connection, also of one that is on its way; nil: none.
func (w *world) storyOf(key connection.Key) *story {
	for i := range w.stories {
		s := &w.stories[i]
		onTheWay := strings.HasPrefix(key.Name, "qlsync-") && (strings.Contains(key.Name, recordOf(s.after, true)) || strings.Contains(key.Name, recordOf(s.after, false)))
		if key == s.before || key == s.after || onTheWay {
			return s
		}
	}
	return nil
}

// beforeWrite demands that nothing is written to what somebody else has changed since the
// plan, if the process has read it since. Only a missing name is restored in any
// case. It is called with the lock.
func (n *wire) beforeWrite(r *http.Request) (ids []string) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	ids = touches(r, body)
	for _, id := range ids {
		at, handled := n.seen.hands[id]
		switch {
		case !handled:
		case n.restoresName(id, body):
			if n.seen.read[id] < at || n.seen.did[id] == renames { // it is as this write leaves it
				delete(n.seen.hands, id)
				delete(n.seen.foreign, id)
			}
		case n.seen.read[id] < at:
			delete(n.seen.hands, id) // between the read and the write
			delete(n.seen.foreign, id)
		case n.seen.did[id] == typesIn && !destroys(r, body):
			// A write that removes nothing may go on.
		case (n.seen.did[id] == edits || n.seen.did[id] == typesIn) && n.seen.wrote[id] > 0:
			// The statement is read back after a write of ours. An edit in between is taken
			// for a part of that write.
		case n.seen.did[id] == edits && n.seen.unread[id] && !destroys(r, body):
			// So is one that follows a create, which is read back only before what destroys.
		default:
			n.trouble("%s %s of %s at %d (%s), which was read at %d after somebody %s at %d",
				r.Method, r.URL.Path, id, n.seen.requests, body, n.seen.read[id], n.seen.did[id], at)
		}
	}
	return ids
}

// restoresName reports whether a patch restores the name of the old connection of a recreate.
func (n *wire) restoresName(id string, body []byte) bool {
	return slices.ContainsFunc(n.world.stories, func(s story) bool {
		return s.isReplaced() && n.ids[s.before.Name] == id && bytes.Contains(body, fmt.Appendf(nil, "%q:%q", "value", s.before.Name))
	})
}

// destroys reports whether a request takes credentials away, or puts a connection aside to do
// so: a delete, a change of owner, credentials over others, the first rename of a recreate.
func destroys(r *http.Request, body []byte) bool {
	has := func(text string) bool { return bytes.Contains(body, []byte(text)) }
	return r.Method == http.MethodDelete || strings.HasSuffix(r.URL.Path, "/actions/delete") ||
		has(`"ownerId"`) || has("/connectionProperties/secretKey") || has("qlsync-transit:"+connection.PhaseDeposed)
}

// touches lists the connections that a write is about.
func touches(r *http.Request, body []byte) []string {
	rest, found := strings.CutPrefix(r.URL.Path, "/api/v1/data-connections/")
	switch {
	case !found:
		return nil
	case !strings.HasPrefix(rest, "actions/"):
		return []string{rest}
	}
	var bulk struct {
		Connections []struct {
			ID string `json:"id"`
		} `json:"connections"`
	}
	_ = json.Unmarshal(body, &bulk)
	var ids []string
	for _, c := range bulk.Connections {
		ids = append(ids, c.ID)
	}
	return ids
}

// afterRead notes what a read has shown. It is called with the lock.
func (n *wire) afterRead(r *http.Request, response *http.Response) {
	if response == nil || response.StatusCode != http.StatusOK || !strings.HasPrefix(r.URL.Path, "/api/v1/data-connections") {
		return
	}
	body, _ := io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	var answer struct {
		ID   string `json:"id"`
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return // broken off
	}
	for _, c := range append(answer.Data, struct {
		ID string `json:"id"`
	}{answer.ID}) {
		n.seen.read[c.ID] = n.seen.requests
	}
}

// afterCreate notes which connection a request has created, if the answer says so: this process
// searches for one whose answer is lost. It is called with the lock.
func (n *wire) afterCreate(r *http.Request, response *http.Response) {
	if response == nil || response.StatusCode != http.StatusCreated || r.URL.Path != "/api/v1/data-connections" {
		return
	}
	body, _ := io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	var created struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(body, &created) == nil && created.ID != "" {
		n.seen.made[created.ID] = n.seen.requests
	}
}

// lookAtForeign demands that what a hand has given to others stays as it is from then on.
func (n *wire) lookAtForeign() {
	for id, was := range n.seen.foreign {
		if is, there := n.found(id); !there || fmt.Sprint(is) != fmt.Sprint(was) {
			n.trouble("%q was made somebody else's by hand, and touched: %+v", was.Name, is)
		}
	}
}
