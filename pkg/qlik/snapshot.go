package qlik

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

const (
	// tenantAdmin is the role that may change connections of other owners, everywhere. It is not
	// documented what AnalyticsAdmin and DataAdmin may do through the API; they count as users without
	// the role.
	tenantAdmin = "TenantAdmin"
	// dataFilesType is the type of the built-in connection of each space.
	dataFilesType = "qix-datafiles.exe"
	// maxReasons bounds the reasons that are reported for an incomplete list.
	maxReasons = 20
)

// survey is a snapshot in progress.
type survey struct {
	*Provider
	sent   atomic.Int64
	caller wireUser
	listed []wireSpace
	spaces []connection.Space
	owners []connection.User
	// principals is the field of the snapshot.
	principals []connection.Principal
	// noUsers and disabled are the fields of the snapshot.
	noUsers, disabled []string
	// detailed and cached count the connections whose details were read, and those whose details came
	// from the cache.
	detailed, cached int
	unkept           error // see [connection.Snapshot]
	progress         progress
	proof            proof
	digests          map[string]string // see [cache]
	// incomplete holds the reasons for the list of spaces, then for each space.
	incomplete []string
}

// Snapshot reads in three rounds, each concurrent in itself: the caller, spaces and owners; the
// lists of connections; the requested details.
func (p *Provider) Snapshot(ctx context.Context, scope connection.Scope) (*connection.Snapshot, error) {
	ctx = transport.WithQuota(ctx, p.client.raise)
	s := p.survey(scope)
	p.known.reset()
	if err := s.look(ctx, scope); err != nil {
		return nil, err
	}
	details, err := s.spaceDetails(ctx, scope.SpaceDetails)
	if err != nil {
		return nil, err
	}
	live, err := s.connections(ctx, scope.Spaces)
	if err != nil {
		return nil, err
	}
	if err := s.details(ctx, live, scope); err != nil {
		return nil, err
	}
	stored, err := s.stored(ctx, scope, live)
	if err != nil {
		return nil, err
	}
	gateways, noGateways, err := s.gateways(ctx, scope.Choices)
	if err != nil {
		return nil, err
	}
	for _, source := range noGateways {
		if !strings.HasPrefix(source, gatewayPrefix) {
			continue // asked only for a name, which is an error then
		}
		s.proof.remarks = append(s.proof.remarks, connection.Because("gateways-not-listed", "dataSource", source))
	}
	var people []connection.User
	if scope.People {
		if people, err = s.people(ctx, live); err != nil {
			return nil, err
		}
	}
	setObsolete(live)
	if err := s.findDisabled(ctx, live); err != nil {
		return nil, err
	}
	slices.SortFunc(live, byKey)
	caller := toUser(s.caller)
	return &connection.Snapshot{
		Caller:       caller,
		Spaces:       s.spaces,
		Users:        distinctUsers(caller, s.owners),
		People:       people,
		NoUsers:      s.noUsers,
		Disabled:     s.disabled,
		Stored:       stored,
		SpaceDetails: details,
		Principals:   s.principals,
		Choices:      gateways,
		NoChoices:    noGateways,
		Connections:  live,
		Incomplete:   bounded(s.incomplete),
		Reads:        int(s.sent.Load()),
		Details:      s.detailed,
		Cached:       s.cached,
		Proved:       s.proof.proved,
		Remarks:      s.proof.remarks,
		Unkept:       s.unkept,
		Capabilities: p.capabilities(caller.Admin),
	}, nil
}

// survey returns a snapshot in progress.
func (p *Provider) survey(scope connection.Scope) *survey {
	s := &survey{Provider: p, progress: progress{tell: scope.Reading}}
	if p.cacheFile != "" && p.cacheDigest != nil {
		s.digests = map[string]string{}
	}
	if scope.Equals != nil {
		s.proof.listed, s.proof.read = map[string]*listing{}, map[string]map[string]any{}
	}
	return s
}

// progress counts the connections that have been read in detail; see [connection.Scope.Reading].
type progress struct {
	tell        func(done, total int) // may be nil
	done, total atomic.Int64
}

func (p *progress) add() {
	if p.tell != nil {
		p.tell(int(p.done.Add(1)), int(p.total.Load()))
	}
}

func byKey(a, b connection.Live) int {
	return cmp.Or(a.Key.Compare(b.Key), cmp.Compare(a.ID, b.ID))
}

func bounded(reasons []string) []string {
	if len(reasons) <= maxReasons {
		return reasons
	}
	rest := fmt.Sprintf("and %d more", len(reasons)-maxReasons)
	return append(slices.Clip(reasons[:maxReasons]), rest)
}

func (s *survey) get(path string, query url.Values) Request {
	return Request{Method: http.MethodGet, Path: path, Query: query, sent: &s.sent}
}

// look reads the caller, the spaces, and the users who match the owners.
func (s *survey) look(ctx context.Context, scope connection.Scope) error {
	group, ctx := s.readers(ctx)
	group.Go(func() error { return s.readCaller(ctx) })
	group.Go(func() error { return s.readSpaces(ctx, scope.Spaces) })
	owners := slices.Compact(slices.Sorted(slices.Values(scope.Owners)))
	var byID []connection.User
	group.Go(func() (err error) {
		byID, err = s.readOwnersByID(ctx, scope.OwnerIDs)
		return err
	})
	group.Go(func() error { return s.readPrincipals(ctx, scope.Principals) })
	found := make([][]connection.User, len(owners))
	for i, owner := range owners {
		group.Go(func() (err error) {
			found[i], err = s.readOwner(ctx, owner)
			return err
		})
	}
	err := group.Wait()
	s.owners = append(slices.Concat(found...), byID...)
	return err
}

func (s *survey) readCaller(ctx context.Context) error {
	err := s.client.Do(ctx, s.get(usersPath+"/me", nil), &s.caller)
	switch {
	case transport.HasOtherForm(err):
		return fmt.Errorf("read caller: %w; check that the url is that of a Qlik Cloud tenant", err)
	case err != nil:
		return fmt.Errorf("read caller: %w", err)
	}
	return nil
}

// readSpaces lists all spaces, because the name filter of the API is a case-insensitive "contains".
// If the list is incomplete and lacks a wanted space, it is unknown whether that space exists.
func (s *survey) readSpaces(ctx context.Context, wanted []connection.SpaceRef) error {
	spaces, problems, err := list[wireSpace](ctx, s.client, s.get(spacesPath, nil))
	if err != nil {
		return fmt.Errorf("list spaces: %w", err)
	}
	s.incomplete = reasons("spaces", problems)
	s.listed, s.spaces = spaces, toSpaces(spaces)
	if len(problems) == 0 {
		return nil
	}
	for _, ref := range wanted {
		if !slices.ContainsFunc(s.spaces, func(space connection.Space) bool { return names(ref, space) }) {
			return fmt.Errorf("list spaces: the answer is incomplete and does not have space %q: %s; run the command again", ref, strings.Join(bounded(s.incomplete), "; "))
		}
	}
	return nil
}

// toSpaces adds the personal space, for which the service has no object. A shared space of that
// name appears under its id.
func toSpaces(spaces []wireSpace) []connection.Space {
	all := []connection.Space{{Name: connection.PersonalSpace, Type: connection.PersonalSpace}}
	for _, space := range spaces {
		name := space.Name
		if name == connection.PersonalSpace {
			name = connection.SpaceRef{ID: space.ID}.String()
		}
		all = append(all, connection.Space{ID: space.ID, Name: name, Type: space.Type})
	}
	slices.SortFunc(all, func(a, b connection.Space) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return slices.Compact(all)
}

// readOwner returns the active users with an e-mail address or else a subject or, if there are
// none, the inactive ones. Neither attribute is documented to be unique.
func (s *survey) readOwner(ctx context.Context, owner string) ([]connection.User, error) {
	var inactive []connection.User
	for _, attribute := range []string{"email", "subject"} {
		users, err := s.usersWhose(ctx, attribute, owner)
		if err != nil {
			return nil, fmt.Errorf("look up owner %q: %w", owner, err)
		}
		var active []connection.User
		for _, user := range users {
			if one := toUser(user); one.Inactive == "" {
				active = append(active, one)
			} else {
				inactive = append(inactive, one)
			}
		}
		if len(active) > 0 {
			return active, nil
		}
	}
	return inactive, nil
}

// readOwnersByID returns the users with the ids, and records the ids that do not exist.
func (s *survey) readOwnersByID(ctx context.Context, ids []string) (found []connection.User, err error) {
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		users, err := s.usersWhose(ctx, "id", id)
		if err != nil {
			return nil, fmt.Errorf("look up owner {id: %q}: %w", id, err)
		}
		at := slices.IndexFunc(users, func(user wireUser) bool { return user.ID == id })
		if at < 0 {
			s.noUsers = append(s.noUsers, id)
			continue
		}
		found = append(found, toUser(users[at]))
	}
	return found, nil
}

// usersWhose returns the users with a value of an attribute. A list that may be incomplete is an
// error.
func (s *survey) usersWhose(ctx context.Context, attribute, value string) ([]wireUser, error) {
	return listWhole[wireUser](ctx, s.client, s.get(usersPath, anyOf(attribute, value)), "users")
}

// anyOf returns a filter for items of which an attribute has one of the values.
func anyOf(attribute string, values ...string) url.Values {
	terms := make([]string, len(values))
	for i, value := range values {
		terms[i] = attribute + " eq " + filterText(value)
	}
	return url.Values{"filter": {strings.Join(terms, " or ")}}
}

// filterText quotes a value for a SCIM filter, as in JSON (RFC 7644).
func filterText(text string) string {
	quoted, _ := transport.JSON(text)
	return string(quoted)
}

func toUser(user wireUser) connection.User {
	inactive := user.Status
	if inactive == "active" {
		inactive = ""
	}
	return connection.User{
		Inactive: inactive,
		ID:       user.ID, Name: user.Name, Email: user.Email, Subject: user.Subject,
		Admin: slices.Contains(user.AssignedRoles, wireRole{tenantAdmin}),
	}
}

// maxUserIDs is how many users one request reads.
const maxUserIDs = 100

// people returns the owners of the connections, by id. Owners whom the caller may not see are
// absent.
func (s *survey) people(ctx context.Context, live []connection.Live) ([]connection.User, error) {
	ids := make([]string, len(live))
	for i := range live {
		ids[i] = live[i].OwnerID
	}
	slices.Sort(ids)
	return s.usersOf(ctx, slices.Compact(ids), s.get)
}

// usersOf returns the users with the ids, as far as the caller may see them. It sends the requests
// that get returns.
func (s *survey) usersOf(ctx context.Context, ids []string, get func(string, url.Values) Request) ([]connection.User, error) {
	chunks := slices.Collect(slices.Chunk(ids, maxUserIDs))
	found := make([][]connection.User, len(chunks))
	group, ctx := s.readers(ctx)
	for i, chunk := range chunks {
		group.Go(func() (err error) {
			found[i], err = s.usersByID(ctx, chunk, get)
			return err
		})
	}
	err := group.Wait()
	return slices.Concat(found...), err
}

func (s *survey) usersByID(ctx context.Context, ids []string, get func(string, url.Values) Request) ([]connection.User, error) {
	listed, _, err := list[wireUser](ctx, s.client, get(usersPath, anyOf("id", ids...)))
	if affectsOne(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up owners: %w", err)
	}
	users := make([]connection.User, 0, len(listed))
	for _, user := range listed {
		users = append(users, toUser(user))
	}
	return slices.DeleteFunc(users, func(user connection.User) bool { return !slices.Contains(ids, user.ID) }), nil
}

// distinctUsers returns each user once, by id.
func distinctUsers(caller connection.User, others []connection.User) []connection.User {
	users := append([]connection.User{caller}, others...)
	slices.SortStableFunc(users, func(a, b connection.User) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(users, func(a, b connection.User) bool { return a.ID == b.ID })
}

// connections lists the connections in the spaces of the scope, by key.
func (s *survey) connections(ctx context.Context, scope []connection.SpaceRef) ([]connection.Live, error) {
	spaces := inScope(s.spaces, scope)
	lists := make([][]connection.Live, len(spaces))
	missing := make([][]string, len(spaces))
	group, ctx := s.readers(ctx)
	for i, space := range spaces {
		group.Go(func() (err error) {
			lists[i], missing[i], err = s.listSpace(ctx, space)
			return err
		})
	}
	err := group.Wait()
	live := slices.Concat(lists...)
	slices.SortFunc(live, byKey)
	findOwnerless(live)
	s.incomplete = slices.Concat(s.incomplete, slices.Concat(missing...), inTwoSpaces(live))
	return live, err
}

// findOwnerless marks connections without an owner. If the lists name no owner at all, the service
// does not return owners.
func findOwnerless(live []connection.Live) {
	told := slices.ContainsFunc(live, func(one connection.Live) bool { return one.OwnerID != "" })
	for i := range live {
		live[i].Ownerless = told && live[i].OwnerID == ""
	}
}

// inTwoSpaces returns the reasons for connections that are in the lists of two spaces: they were
// moved between the two requests, and another one may have been moved out of the lists.
func inTwoSpaces(live []connection.Live) []string {
	var told []string
	first := map[string]connection.Key{}
	for i := range live {
		if other, again := first[live[i].ID]; again {
			told = append(told, fmt.Sprintf("%q and %q are one connection, which was moved while the lists were read", other, live[i].Key))
			continue
		}
		first[live[i].ID] = live[i].Key
	}
	return told
}

// inScope returns the spaces of the references, each once. The planner reports references to spaces
// that do not exist.
func inScope(spaces []connection.Space, scope []connection.SpaceRef) []connection.Space {
	var found []connection.Space
	for _, space := range spaces {
		if slices.ContainsFunc(scope, func(ref connection.SpaceRef) bool { return names(ref, space) }) {
			found = append(found, space)
		}
	}
	return found
}

func names(ref connection.SpaceRef, space connection.Space) bool {
	switch {
	case ref.Personal:
		return space.ID == ""
	case ref.ID != "":
		return space.ID == ref.ID
	}
	return space.ID != "" && space.Name == ref.Name
}

// listSpace lists the connections of one space.
func (s *survey) listSpace(ctx context.Context, space connection.Space) ([]connection.Live, []string, error) {
	listed, problems, err := s.listConnections(ctx, space, "", &s.sent)
	if err != nil {
		return nil, nil, fmt.Errorf("list connections of space %q: %w", space.Name, err)
	}
	inSpace, placeless := s.inSpace(listed, space)
	live := make([]connection.Live, len(inSpace))
	for i, wire := range inSpace {
		live[i] = toLive(wire, space)
		s.list(&inSpace[i])
	}
	return live, reasons(fmt.Sprintf("connections of space %q", space.Name), append(problems, placeless...)), nil
}

// listConnections reads the whole list of a space, or only connections of that name: without the
// built-in DataFiles, and including connections whose data source is disabled, because their names
// are taken too.
func (p *Provider) listConnections(ctx context.Context, space connection.Space, name string, sent *atomic.Int64) ([]wireConnection, []wireError, error) {
	query := url.Values{"noDatafiles": {"true"}, "includeDisabled": {"true"}}
	if space.ID == "" {
		query.Set("personal", "true")
		query.Set("ownedByMe", "true")
	} else {
		query.Set("spaceId", space.ID)
	}
	if name != "" {
		query.Set("filter", "qName eq "+filterText(name)) // filterable (published specification)
	}
	listed, problems, err := list[wireConnection](ctx, p.client, Request{Path: connectionsPath, Query: query, sent: sent})
	return distinct(listed), problems, err
}

// distinct removes items that are listed twice, which happens when a connection is created or moved
// while pages are read; [list] reports it.
func distinct(listed []wireConnection) []wireConnection {
	seen := map[string]bool{}
	return slices.DeleteFunc(listed, func(wire wireConnection) bool {
		id := wire.id()
		again := seen[id]
		seen[id] = true
		return again
	})
}

// inSpace returns the listed connections of a space that can be managed. A service that ignores a
// query parameter returns connections of other spaces and people. A connection without a space in
// the list of a space belongs to that space, or is a personal one in such an answer: this cannot be
// decided, so the list is incomplete.
func (s *survey) inSpace(listed []wireConnection, space connection.Space) (found []wireConnection, problems []wireError) {
	placeless := 0
	for _, wire := range listed {
		switch {
		case wire.isBuiltIn():
		case wire.Space == "" && space.ID != "":
			placeless++
		case wire.Space == space.ID && (space.ID != "" || wire.Owner == s.caller.ID || wire.Owner == ""):
			found = append(found, wire)
		}
	}
	if placeless > 0 {
		problems = []wireError{{
			Title:  fmt.Sprintf("%d of %d connections do not say which space they are in", placeless, len(listed)),
			Detail: "they may be of this space or personal",
		}}
	}
	return found, problems
}

// listWhole is [list] for a list that is an error if it may be incomplete.
func listWhole[T any](ctx context.Context, c *Client, request Request, what string) ([]T, error) {
	items, problems, err := list[T](ctx, c, request)
	if err == nil && len(problems) > 0 {
		err = errors.New(reasons(what, problems)[0])
	}
	return items, err
}

func reasons(what string, problems []wireError) []string {
	told := make([]string, len(problems))
	for i, problem := range problems {
		words := strings.Join(slices.DeleteFunc([]string{problem.Code, problem.Title, problem.Detail}, isEmpty), ": ")
		told[i] = "the list of " + what + " is incomplete (" + cmp.Or(words, "no reason given") + ")"
	}
	return told
}

func isEmpty(text string) bool { return text == "" }

// toLive converts an item of a list.
func toLive(wire wireConnection, space connection.Space) connection.Live {
	set := splitTags(wire.Tags)
	live := connection.Live{
		ID:                 wire.id(),
		Key:                connection.Key{Space: space.Name, Name: wire.Name},
		SpaceID:            space.ID,
		OwnerID:            wire.Owner,
		UpdatedAt:          wire.Updated.Time,
		CreatedAt:          wire.Created.Time,
		Statement:          wire.Statement.digest,
		Parsed:             digestParsed(wire.Properties),
		DataSource:         wire.DataSource,
		Family:             wire.Type,
		Tags:               set.user,
		Record:             set.record,
		OtherTags:          len(set.other),
		HasCredentials:     wire.Credentials != "" && !wire.isSeparated(),
		PerUserCredentials: wire.isSeparated(),
		CredentialsID:      wire.Credentials,
	}
	if live.PerUserCredentials {
		live.StoredID = wire.Credentials
	}
	return live
}

// digestParsed returns the digest of properties as they were returned by name; zero: they were not.
func digestParsed(properties map[string]any) connection.StatementDigest {
	if properties == nil {
		return 0
	}
	text, err := json.Marshal(properties)
	if err != nil {
		return 0 // JSON that was read can be written
	}
	return connection.DigestStatement(string(text))
}

// details reads the properties of the connections for which they are requested: first those that
// must be read and the samples, then those that the samples do not prove.
func (s *survey) details(ctx context.Context, live []connection.Live, scope connection.Scope) error {
	if scope.Details == nil {
		return nil
	}
	var chosen []*connection.Live
	for i := range live {
		if scope.Details(&live[i]) && (scope.Listed == nil || !scope.Listed(&live[i])) {
			chosen = append(chosen, &live[i])
		}
	}
	if len(chosen) == 0 {
		return nil // the cache stays unchanged: mistakes in the files can cause this
	}
	known, err := s.remembered()
	if err != nil {
		return err
	}
	var read, settled []*connection.Live
	for next := s.divide(chosen, scope); len(next) > 0; next = s.prove(scope) {
		more, err := s.readAll(ctx, next, known)
		if err != nil {
			return err
		}
		read, settled = append(read, next...), append(settled, more...)
	}
	s.end()
	if err := s.redactMarked(ctx, read); err != nil || known == nil {
		return err
	}
	s.unkept = known.save(settled, scope.Secretive)
	return nil
}

// readAll sets the properties of the connections, from the cache if there is one, and returns those
// that are settled; see [settling].
func (s *survey) readAll(ctx context.Context, chosen []*connection.Live, known *cache) ([]*connection.Live, error) {
	s.progress.total.Add(int64(len(chosen)))
	settled := make([]bool, len(chosen))
	group, groupCtx := s.readers(ctx)
	for i, one := range chosen {
		if known != nil && !s.proof.isSampled(one) && known.fill(one) {
			s.cached++
			settled[i] = true
			s.progress.add()
			continue
		}
		s.detailed++
		group.Go(func() (err error) {
			defer s.progress.add()
			settled[i], err = s.detail(groupCtx, one)
			return err
		})
	}
	err := group.Wait()
	var keep []*connection.Live
	for i, one := range chosen {
		if settled[i] {
			keep = append(keep, one)
		}
	}
	return keep, err
}

// redactMarked redacts the values that the schemas of the data sources mark as secret. It reads
// missing schemas: a live connection may have another data source than the declared one. If a
// schema cannot be read, the secrets are unknown.
func (s *survey) redactMarked(ctx context.Context, live []*connection.Live) error {
	missing := map[string][]*connection.Live{}
	for _, one := range live {
		if _, known := s.schema(one.DataSource); !known && one.Properties != nil {
			missing[one.DataSource] = append(missing[one.DataSource], one)
		}
	}
	group, ctx := s.readers(ctx)
	for id, of := range missing {
		group.Go(func() error {
			_, err := s.dataSource(ctx, id, &s.sent)
			if err == nil || affectsAll(err) {
				return err
			}
			for _, one := range of {
				one.Properties, one.Unreadable = nil, err.Error()
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, one := range live {
		source, _ := s.schema(one.DataSource)
		one.Properties = source.Redact(one.Properties, s.lifts(one))
		dropSeparated(source, one.Properties)
	}
	return nil
}

// findDisabled records the data sources of connections that are disabled. It asks only if one of
// them has no api-specs. If the answer is unknown, the snapshot is incomplete, so that nothing is
// deleted.
func (s *survey) findDisabled(ctx context.Context, live []connection.Live) error {
	absent := map[string]bool{}
	for i := range live {
		if source, known := s.schema(live[i].DataSource); known && source == nil {
			absent[live[i].DataSource] = true
		}
	}
	if len(absent) == 0 {
		return nil
	}
	listed, err := s.listSources(ctx, &s.sent)
	for _, id := range slices.Sorted(maps.Keys(absent)) {
		if doubt := listed.doubt(id); doubt != "" {
			s.incomplete = append(s.incomplete, doubt)
		}
	}
	s.disabled = slices.DeleteFunc(listed.disabled, func(id string) bool { return !absent[id] })
	return err
}

// setObsolete marks connections without a data source as unreadable: they were created before data
// sources existed. The API neither describes nor creates such connections.
func setObsolete(live []connection.Live) {
	for i := range live {
		if one := &live[i]; one.DataSource == "" {
			one.Properties = nil
			one.Unreadable = fmt.Sprintf("it is of an obsolete kind (type %q, no data source), which the API cannot show; leave it out of the files, and manage it in the console", one.Family)
		}
	}
}

// remembered opens the cache; nil if no cache is configured.
func (s *survey) remembered() (*cache, error) {
	if s.cacheFile == "" {
		return nil, nil
	}
	c, err := openCache(s.cacheFile, s.caller.ID, s.client.raise)
	if c != nil {
		c.digests = s.digests
	}
	return c, err
}

// detail reads one connection, and reports whether it is settled: see [settling]. An answer that
// concerns only this connection makes it unreadable: 403, 404, or a 500 because its credentials
// cannot be decrypted, which is permanent. Any other error fails the snapshot.
func (s *survey) detail(ctx context.Context, live *connection.Live) (settled bool, err error) {
	wire, err := s.read(ctx, live.ID, &s.sent)
	switch {
	case affectsOne(err), errors.Is(err, errNoStep):
		live.Unreadable, live.Missing = err.Error(), errors.Is(err, connection.ErrNotFound)
		return false, nil
	case err != nil:
		return false, fmt.Errorf("read connection %q: %w", live.Key, err)
	}
	s.proof.note(live.ID, wire.Properties)
	s.refresh(live, wire)
	return wire.answered.Sub(live.UpdatedAt) >= settling, nil
}

// affectsOne reports whether an error is the answer to a request for one object, or for one list,
// and says nothing about the sign-in, the rate limit or the service.
func affectsOne(err error) bool {
	refusal := transport.RefusalOf(err)
	if refusal == nil {
		return false
	}
	switch refusal.Status {
	case http.StatusUnauthorized, http.StatusTooManyRequests,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return false
	}
	return true
}

// read reads one connection with its properties.
func (p *Provider) read(ctx context.Context, id string, sent *atomic.Int64) (wireConnection, error) {
	var wire wireConnection
	got, err := p.client.do(ctx, Request{
		Method: http.MethodGet, Path: pathOf(id), Query: url.Values{"parseConnection": {"true"}}, sent: sent,
	}, &wire)
	if got != nil {
		wire.answered, _ = http.ParseTime(got.Header.Get("Date"))
	}
	if err == nil {
		err = checkSame(id, &wire)
	}
	return wire, err
}

// checkSame returns an error if an answer is about another connection than requested.
func checkSame(id string, wire *wireConnection) error {
	if strings.EqualFold(wire.id(), id) {
		return nil
	}
	return &Error{Method: http.MethodGet, Path: pathOf(id), Status: http.StatusOK, Detail: "the answer is about another connection"}
}

func pathOf(id string) string { return connectionsPath + "/" + url.PathEscape(id) }

// lifts returns a function that reports which properties of a connection are not secrets,
// regardless of their names and values; see [connection.Record.Lifts].
func (p *Provider) lifts(live *connection.Live) func(property string) bool {
	return func(property string) bool { return live.Record.Lifts(p.project, property) }
}

// refresh takes over the newer and more complete answer, except for the space, by which the scope
// was chosen.
func (s *survey) refresh(live *connection.Live, wire wireConnection) {
	wire.QID = live.ID
	fresh := toLive(wire, connection.Space{ID: live.SpaceID, Name: live.Key.Space})
	fresh.Key.Name = cmp.Or(wire.Name, live.Key.Name)
	fresh.OwnerID = cmp.Or(wire.Owner, live.OwnerID)
	fresh.Ownerless = live.Ownerless && fresh.OwnerID == ""
	if fresh.UpdatedAt.IsZero() {
		fresh.UpdatedAt = live.UpdatedAt
	}
	if fresh.CreatedAt.IsZero() {
		fresh.CreatedAt = live.CreatedAt
	}
	fresh.Statement = cmp.Or(fresh.Statement, live.Statement)
	fresh.DataSource = cmp.Or(wire.DataSource, live.DataSource)
	if wire.Properties == nil {
		fresh.Unreadable = "the service did not return its properties"
	} else {
		fresh.Properties = redactProperties(fresh.DataSource, wire.Properties, s.lifts(&fresh))
		showSeparated(fresh.Properties, &wire)
	}
	*live = fresh
}
