package chaos_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/connection"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
)

// spaceIDs are the ids of the tenant's spaces, by name.
var spaceIDs = map[string]string{"Finance": "640000000000000000000001", "Sales": "640000000000000000000002", "finance": "640000000000000000000003"}

// recordOf returns the record of a key: over the id of its space, or over its name, as earlier
// versions wrote it.
func recordOf(key connection.Key, byName bool) string {
	if byName {
		return connection.KeyDigest(key)
	}
	return connection.KeyRecord(connection.Space{ID: spaceIDs[key.Space], Name: key.Space}, key.Name)
}

const (
	project = "acme"
	ana, bo = "u-ana", "u-bo" // Ana administers, and is who applies
	token   = "key-of-ana"
	lake    = "File_AmazonS3ConnectorV2"
	query   = "gbq" // a person must sign in for it
)

// fate is what the files make of one connection.
type fate string

const (
	keeps     fate = "keeps"
	updates   fate = "updates"
	rotates   fate = "rotates"
	recreated fate = "is recreated"
	given     fate = "is recreated for another owner"
	handed    fate = "gets another owner"
	tagged    fate = "gets tags"
	renamed   fate = "is renamed"
	moves     fate = "moves"
	travels   fate = "moves under another name"
	retires   fate = "retires"
	appears   fate = "appears"
	changes   fate = "is renamed, updated and rotated"
	swapping  fate = "swaps its name with the next one"
	signed    fate = "appears when somebody has signed in"
	resigned  fate = "is updated, and somebody signs in again"
)

var fates = []fate{
	keeps, updates, rotates, recreated, recreated, given, handed, tagged, renamed, moves, travels, retires, appears, changes, swapping, signed, resigned,
}

// story is one connection, before and after.
type story struct {
	fate          fate
	before, after connection.Key // empty: not there
	bucket        string         // afterwards
	secret        string         // afterwards
	own           string         // the name of the credentials, where each user brings their own
}

// signsIn reports whether a person must sign in.
func (s *story) signsIn() bool { return s.fate == signed || s.fate == resigned }

// properties returns those of the files, with a bucket.
func (s *story) properties(bucket string) map[string]any {
	k := s.kind()
	properties := map[string]any{k.property: bucket}
	switch {
	case k.source == table:
		properties["host"] = "DB.Example"
	case k.source == snow:
		properties["server"] = "account.example"
	case k.source == rest:
		properties["url"] = "https://api.example/v1"
		properties["queryHeaders"] = []any{map[string]any{"name": "b", "value": "2"}, map[string]any{"name": "a", "value": "1"}}
	case s.signsIn():
		properties["OAuthMechanism"] = "1"
	case s.own != "":
		properties["region"], properties["separateCredentials"], properties["credentialsName"] = "eu-west-1", true, s.own
	default:
		properties["region"] = "eu-west-1"
	}
	return properties
}

// credentials returns those of the files.
func (s *story) credentials(secret string) map[string]any {
	if s.signsIn() {
		return map[string]any{"authCode": connection.Reference{Env: "CODE " + s.after.Name}}
	}
	k := s.kind()
	return map[string]any{k.name: connection.Reference{Env: "KEY"}, k.secret: connection.Reference{Env: secret}}
}

// stays reports whether the files declare the same connection at the same key before and
// after: apps that read it must find it all the time.
func (s *story) stays() bool { return s.before == s.after }

// isReplaced reports whether another connection takes its place.
func (s *story) isReplaced() bool { return s.fate == recreated || s.fate == given }

// world is a tenant, what the files say about it, and everything that goes wrong. A world is
// data: only the order of concurrent requests differs between two runs.
type world struct {
	stories  []story
	strange  int // connections that are not ours: nobody's, and another project's
	faults   []simulator.Fault
	limit    simulator.Limit // of writes
	killAt   int             // the write at which the first process dies; 0: none
	carryOut bool            // that write is carried out
	lateAt   int             // the write that is carried out and answered by 500; 0: none
	parallel int
	member   bool   // the caller is not an administrator
	hands    []hand // what another client does
	// handled are the names of connections that another client has worked on.
	handled map[string]bool
	typed   map[string]bool // ids into which somebody has typed credentials
	// behaviour is what the tenant does where the documentation says nothing.
	behaviour simulator.Behaviour
	pageSize  int  // of lists; 0: as large as is asked for
	proofs    bool // the list may prove that a connection is as declared
	gone      bool // moved blocks come from a space that does not exist any more
}

func drawWorld(t *rapid.T) *world {
	w := &world{
		strange:  rapid.IntRange(0, 4).Draw(t, "strange"),
		limit:    rapid.SampledFrom([]simulator.Limit{{Requests: 500, Seconds: 300}, {Requests: 500, Seconds: 300}, {Requests: 5, Seconds: 60}, {Requests: 20, Seconds: 20}}).Draw(t, "limit"),
		parallel: rapid.SampledFrom([]int{1, 3, 8}).Draw(t, "parallel"),
	}
	w.member = rapid.IntRange(0, 3).Draw(t, "member") == 0
	for i := range rapid.IntRange(1, 7).Draw(t, "connections") {
		among := fates
		if rapid.IntRange(0, 3).Draw(t, "odd") == 0 {
			among = oddFates
		}
		s := drawStory(t, i, among, []string{"Finance", "Finance", "Sales", "Sales", "finance"})
		if w.member && (s.fate == handed || s.fate == given) { // a caller who may not change the owner is always refused
			s.fate = keeps
		}
		w.stories = append(w.stories, s)
	}
	if w.proofs = rapid.Bool().Draw(t, "proofs by the list"); w.proofs { // of so many that not all are a sample
		for range rapid.SampledFrom([]int{0, 0, 10}).Draw(t, "more connections") {
			w.stories = append(w.stories, drawStory(t, len(w.stories), []fate{keeps, keeps, keeps, updates}, []string{"Finance", "Sales"}))
		}
	}
	w.swap()
	for range rapid.IntRange(0, 5).Draw(t, "faults") {
		f := drawFault(t, w.stories)
		if rapid.IntRange(0, 3).Draw(t, "distorted") == 0 {
			f = drawDistortion(t, w.stories)
		}
		if f.Percent > 0 {
			f.Tier = rapid.IntRange(0, 2).Draw(t, "of tier")
		}
		w.faults = append(w.faults, f)
	}
	w.handled, w.typed = map[string]bool{}, map[string]bool{}
	for range rapid.SampledFrom([]int{0, 1, 1, 2, 3}).Draw(t, "hands") {
		w.hands = append(w.hands, drawHand(t, deeds))
	}
	w.behaviour = simulator.Behaviour{
		KeepServerTag:               rapid.Bool().Draw(t, "keeps the server's tag"),
		NormaliseValues:             rapid.Bool().Draw(t, "normalises values"),
		RestoreDefaults:             rapid.Bool().Draw(t, "restores defaults"),
		NamesIgnoreCase:             rapid.Bool().Draw(t, "names ignore case"),
		OwnerChangeKeepsCredentials: rapid.Bool().Draw(t, "stale credentials stay"),
		CredentialsByOwnerOnly:      rapid.IntRange(0, 3).Draw(t, "credentials by their owner only") == 0,
		HideSeparateCredentials:     rapid.Bool().Draw(t, "the switch of separated credentials is not read back"),
		Without:                     rapid.SampledFrom([][]string{nil, nil, {"created", "updated"}, {"qSeparateCredentials"}, {"user"}}).Draw(t, "answers are without"),
		BulkMaximum:                 rapid.IntRange(0, 2).Draw(t, "items in a bulk call"),
		RewriteValues:               rapid.Bool().Draw(t, "rewrites values"),
		HideCredentialSettings:      rapid.Bool().Draw(t, "the settings of separated credentials are not read back"),
		ShowUsername:                rapid.Bool().Draw(t, "the name of the user is read back"),
		StrictPatchKeys:             rapid.Bool().Draw(t, "the keys of a patch are strict"),
		DetailedSpecs:               rapid.Bool().Draw(t, "api-specs are detailed"),
		DataSourceKey:               rapid.SampledFrom([]string{"", "datasourceID", "dataSourceId"}).Draw(t, "the key of the data source"),
		HostChangeNeedsPassword:     rapid.Bool().Draw(t, "a change of host needs the password"),
		RawStatements:               rapid.Bool().Draw(t, "values are raw in statements"),
	}
	if rapid.IntRange(0, 2).Draw(t, "lies about statements") == 0 { // about all: what concerns a part only, a sample may miss
		w.behaviour.Lies = []simulator.Lie{{Kind: rapid.SampledFrom(lies).Draw(t, "lie")}}
	}
	if slices.Contains(w.behaviour.Without, "qSeparateCredentials") { // something must say whose credentials are used
		w.behaviour.HideSeparateCredentials, w.behaviour.HideCredentialSettings = false, false
	}
	w.gone = rapid.IntRange(0, 3).Draw(t, "a moved block from a space that is gone") == 0
	w.pageSize = rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(t, "page size")
	if rapid.IntRange(0, 2).Draw(t, "late") == 0 {
		w.lateAt = rapid.IntRange(1, 12).Draw(t, "late at write")
	}
	if rapid.IntRange(0, 2).Draw(t, "killed") == 0 {
		w.killAt, w.carryOut = rapid.IntRange(1, 12).Draw(t, "at write"), rapid.Bool().Draw(t, "carried out")
	}
	if len(w.faults)+len(w.hands)+w.lateAt+w.killAt == 0 { // nothing but our own writes is shown late
		w.behaviour.Lag = rapid.IntRange(0, 6).Draw(t, "seconds after which writes are shown")
	}
	if len(w.faults)+w.lateAt+w.killAt == 0 && w.behaviour.Lag == 0 {
		w.behaviour.ListLag = rapid.IntRange(0, 6).Draw(t, "seconds after which lists show writes")
	}
	return w
}

func drawStory(t *rapid.T, i int, fates []fate, spaces []string) story {
	s := story{fate: rapid.SampledFrom(fates).Draw(t, "fate"), bucket: fmt.Sprint("bucket-", i), secret: "old"}
	s.before = connection.Key{Space: rapid.SampledFrom(spaces).Draw(t, "space"), Name: fmt.Sprint("Lake ", i)}
	s.after = s.before
	elsewhere := map[string]string{"Finance": "Sales", "Sales": "Finance", "finance": "Finance"}[s.before.Space]
	switch s.fate {
	default:
		s.settleOdd(t)
	case updates, recreated, given, resigned:
		s.bucket += "-new"
	case rotates:
		s.secret = "new"
	case renamed:
		s.after.Name += " renamed"
	case moves:
		s.after.Space = elsewhere
	case travels:
		s.after = connection.Key{Space: elsewhere, Name: s.before.Name + " renamed"}
	case changes:
		s.after.Name, s.bucket, s.secret = s.before.Name+" renamed", s.bucket+"-new", "new"
	case retires:
		s.after = connection.Key{}
	case appears, signed:
		s.before = connection.Key{}
	}
	mayShare := s.kind().source == lake && !slices.Contains(oddFates, s.fate) && !s.isReplaced() && s.fate != handed // those are refused
	if rapid.IntRange(0, 3).Draw(t, "own credentials") == 0 && mayShare {
		s.own = fmt.Sprint("own ", i)
	}
	return s
}

// swap lets those that want to swap take each other's keys, in pairs.
func (w *world) swap() {
	last := -1
	for i := range w.stories {
		if w.stories[i].fate != swapping {
			continue
		}
		if last < 0 {
			last = i
			continue
		}
		w.stories[last].after, w.stories[i].after = w.stories[i].before, w.stories[last].before
		last = -1
	}
	if last >= 0 {
		w.stories[last].fate = keeps
	}
}

// lies are what the tenant may say about statements.
var lies = []string{
	"oldValue", "otherName", "otherEncoding", "twice", "withoutDefaults", "moreDefaults", "raw", "another", "absent", "otherVersion", "noVersion",
}

// oddAnswers have the status 200, and no reference describes them.
var oddAnswers = []string{
	`{}`, `{"message": "maintenance"}`, `null`, `[]`, `<h1>Maintenance</h1>`, `{"data": [null]}`, `{"data": null}`,
}

// foreignHost is a host to which the link of a page may point.
const foreignHost = "evil.example"

func drawFault(t *rapid.T, stories []story) simulator.Fault {
	f := simulator.Fault{
		Method: rapid.SampledFrom([]string{"", http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete}).Draw(t, "method"),
		Path: rapid.SampledFrom([]string{
			"", "/api/v1/data-connections", "/api/v1/data-connections/*", "/api/v1/data-connections/actions/*",
		}).Draw(t, "path"),
		Skip:  rapid.IntRange(0, 10).Draw(t, "skip"),
		Times: rapid.IntRange(1, 3).Draw(t, "times"),
	}
	switch rapid.IntRange(0, 12).Draw(t, "effect") {
	case 0, 1:
		f.Status = rapid.SampledFrom([]int{400, 403, 404, 409, 500, 502, 503, 504}).Draw(t, "status")
	case 2:
		f.RetryAfter, f.RetryAfterDate = rapid.IntRange(1, 90).Draw(t, "retry after"), rapid.Bool().Draw(t, "as a date")
	case 3:
		f.Body = "<h1>Bad Gateway</h1>"
	case 4:
		f.Cut = simulator.CutBefore
	case 5, 6:
		f.Cut = simulator.CutAfter
	case 7:
		f.Truncate = true
	case 8:
		f.Omit = []string{stories[rapid.IntRange(0, len(stories)-1).Draw(t, "omitted")].before.Name}
		if f.Omit[0] == "" {
			f.Omit, f.Truncate = nil, true
		}
	case 9:
		f.ExpireToken = true
	case 10:
		f.NoAdmin = true
	case 11:
		f.Percent = rapid.SampledFrom([]int{20, 50, 100}).Draw(t, "used up")
	case 12:
		f.Answer = rapid.SampledFrom(oddAnswers).Draw(t, "answer")
		f.Served = rapid.Bool().Draw(t, "served")
	}
	return f
}

// drawDistortion draws a fault that lets a list say something else than the tenant has.
func drawDistortion(t *rapid.T, stories []story) simulator.Fault {
	f := simulator.Fault{
		Method: http.MethodGet, Skip: rapid.IntRange(0, 4).Draw(t, "lists before"), Times: rapid.IntRange(1, 3).Draw(t, "times"),
	}
	f.Path = rapid.SampledFrom([]string{"/api/v1/data-connections", "/api/v1/data-connections", "/api/v1/spaces", "/api/v1/data-sources"}).Draw(t, "list")
	switch rapid.IntRange(0, 5).Draw(t, "distortion") {
	case 0:
		f.Repeat = true
	case 1:
		f.Count = rapid.SampledFrom([]int{-1, 1, 100}).Draw(t, "miscounted by")
	case 2, 3:
		f.Without = rapid.SampledFrom([][]string{{"space"}, {"qID", "id"}, {"tags"}}).Draw(t, "without")
		if one := stories[rapid.IntRange(0, len(stories)-1).Draw(t, "of")].before.Name; one != "" {
			f.Of = []string{one}
		}
		if f.Path == "/api/v1/data-sources" {
			f.Without, f.Of = []string{"dataSourceId"}, rapid.SampledFrom([][]string{nil, {snow}}).Draw(t, "of the data sources")
		}
	case 4:
		f.NextHost = foreignHost
	case 5:
		f.Path, f.Lie = "/api/v1/data-connections", rapid.SampledFrom(lies).Draw(t, "lie of a list")
	}
	return f
}

// options are those of the tenant.
func (w *world) options() simulator.Options {
	return simulator.Options{Faults: w.faults, Behaviour: w.behaviour, PageSize: w.pageSize}
}

// seed is the tenant before, as [simulator.New] takes it.
func (w *world) seed() []byte {
	var connections []map[string]any
	add := func(s *story, key connection.Key, owner, bucket string, tags []string) {
		k := s.kind()
		secrets := map[string]any{k.name: "key", k.secret: "old"}
		if s.signsIn() {
			secrets = map[string]any{k.secret: "an old one"}
		}
		connections = append(connections, map[string]any{
			"name": key.Name, "space": key.Space, "owner": owner, "dataSource": k.source, "tags": tags,
			"properties": s.properties(bucket), "credentials": secrets,
		})
	}
	for i := range w.stories {
		if s := &w.stories[i]; s.before.Name != "" {
			tags := s.userTags()
			if s.fate != crowded {
				tags = append(tags, "DcaasAPI:"+s.kind().source+":1.0", "qlsync:"+project, "qlsync-key:"+recordOf(s.before, i%2 == 0),
					"qlsync-credentials:"+connection.CredentialsRecord(0, s.credentials("old"), s.owner()))
			}
			add(s, s.before, s.owner(), fmt.Sprint("bucket-", i), tags)
		}
	}
	for i := range w.strange {
		tags := [][]string{nil, {"mine"}, {"qlsync:other"}}[i%3]
		s, owner := &story{}, ana
		if i == 1 { // credentials of others, of a name that is ours too
			s, owner = &story{own: "own 0"}, bo
		}
		add(s, connection.Key{Space: "Finance", Name: fmt.Sprint("Stranger ", i)}, owner, "strange", tags)
		if i == 3 {
			connections[len(connections)-1]["legacy"] = "QvOdbcConnectorPackage.exe"
			connections[len(connections)-1]["statement"] = `ODBC CONNECT TO [DSN=Strange]`
		}
	}
	roles := []string{"TenantAdmin"}
	if w.member {
		roles = nil
	}
	text, _ := json.Marshal(map[string]any{
		"caller": "ana@example.com", "token": token,
		"users": []any{
			map[string]any{"id": ana, "email": "ana@example.com", "name": "Ana", "roles": roles},
			map[string]any{"id": bo, "email": "bo@example.com", "name": "Bo"},
			map[string]any{"id": cy, "email": "cy@example.com", "name": "Cy", "status": "disabled"},
			map[string]any{"id": di, "email": "di@example.com", "name": "Di", "status": "deleted"},
		},
		"spaces": []any{
			map[string]any{"id": spaceIDs["Finance"], "name": "Finance", "type": "shared"},
			map[string]any{"id": spaceIDs["Sales"], "name": "Sales", "type": "managed"},
			map[string]any{"id": spaceIDs["finance"], "name": "finance", "type": "shared"},
		},
		"connections": connections, "disabledDataSources": w.disabled(),
		"rateLimits": map[string]any{"tier2": w.limit},
	})
	return text
}

func credentials(secret string) map[string]any {
	return map[string]any{"accessKey": connection.Reference{Env: "KEY"}, "secretKey": connection.Reference{Env: secret}}
}

// files are the declarations afterwards.
func (w *world) files() (desired []connection.Desired, moved []connection.Move) {
	for i := range w.stories {
		s := &w.stories[i]
		if s.after.Name == "" {
			continue
		}
		d := connection.Desired{
			Space: connection.SpaceRef{Name: s.after.Space}, Name: s.after.Name, DataSource: s.kind().source,
			Properties: s.properties(s.bucket), Credentials: s.credentials(s.secret),
		}
		switch s.fate {
		default:
			s.declareOdd(&d)
		case rotates, changes, resigned:
			d.CredentialsVersion = 1
		case recreated:
			d.Lifecycle.Update = connection.UpdateRecreate
		case given:
			d.Lifecycle.Update, d.Owner = connection.UpdateRecreate, "bo@example.com"
		case handed:
			d.Owner = "bo@example.com"
		case tagged:
			d.Tags = []string{"orders"}
		}
		desired = append(desired, d)
		if s.before.Name != "" && s.before != s.after && !s.makesWay() && s.fate != respelled {
			moved = append(moved, connection.Move{From: end(s.before), To: end(s.after)})
		}
	}
	for i := range w.stories {
		if s := &w.stories[i]; w.gone && slices.Contains([]fate{keeps, updates, appears}, s.fate) {
			moved = append(moved, connection.Move{From: connection.MoveEnd{Space: goneSpace, Name: s.after.Name}, To: end(s.after)})
		}
	}
	return desired, moved
}

// goneSpace was a space of the tenant, or is one of another tenant.
var goneSpace = connection.SpaceRef{Name: "Gone"}

func end(key connection.Key) connection.MoveEnd {
	return connection.MoveEnd{Space: connection.SpaceRef{Name: key.Space}, Name: key.Name}
}

// rounds is how many applies the world may take: one for each time that something
// goes wrong, another if a code to sign in with is lost by that, and two in peace.
func (w *world) rounds() int {
	rounds := 6 // with the 500 behind a write
	for _, f := range w.faults {
		rounds += 2 * f.Times
	}
	return rounds + 2*len(w.hands)
}

// lastFault is the last round in which a fault may happen, where each round sends one request that
// it may hit, as one does that finds out each time that the list is not whole.
func (w *world) lastFault() int {
	last := 0
	for _, f := range w.faults {
		last = max(last, f.Skip+f.Times)
	}
	return last
}

// isHandled reports whether another client has worked on the connection of a story, so that the
// files may no longer be carried out for it.
func (w *world) isHandled(s *story) bool {
	return s.before.Name != "" && w.handled[s.before.Name] || s.after.Name != "" && w.handled[s.after.Name]
}

// isPlain reports whether a story needs nothing of any other.
func (s *story) isPlain() bool {
	return slices.Contains([]fate{keeps, updates, rotates, tagged, recreated, full, whispers, relisted}, s.fate)
}

// at returns the story of a key afterwards.
func (w *world) at(key connection.Key) *story {
	i := slices.IndexFunc(w.stories, func(s story) bool { return s.after == key })
	if i < 0 {
		return nil
	}
	return &w.stories[i]
}

// stuck reports whether the story cannot end while the token is Ana's: only another owner may
// write the credentials.
func (w *world) stuck(s *story) bool {
	return w.behaviour.CredentialsByOwnerOnly && slices.Contains([]fate{handed, given, ofInactive, ofDeleted}, s.fate)
}

const latency = 40 * time.Millisecond
