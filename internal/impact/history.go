package impact

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// History is what several runs saw. The service remembers only the last reloads of an app; a
// history remembers that nothing was missed between them.
type History struct {
	Apps map[string]*past `json:"apps"`
	// Keys has, by the id of a connection, the [connection.KeyDigest] of the key at which it was last
	// seen, so that uses of a connection that was recreated since count for the new one.
	Keys map[string]string `json:"keys"`
}

// past is what is known of the reloads of one app.
type past struct {
	// From is the end of a complete reload since which no reload is unknown; zero: none.
	From time.Time `json:"from,omitzero"`
	// To is the end of the newest complete reload; zero: none.
	To time.Time `json:"to,omitzero"`
	// Last and LastAt are the id and the end of the newest reload of any kind.
	Last   string    `json:"last,omitempty"`
	LastAt time.Time `json:"lastAt,omitzero"`
	// Failed is the end of the newest failed reload; zero: none.
	Failed time.Time `json:"failed,omitzero"`
	// Unknown is the end of the newest reload with a load whose connection the service does not name.
	// A reload whose end is unknown counts as such, at the time of the reading. Zero: none.
	Unknown time.Time `json:"unknown,omitzero"`
	// Uses are the used connections; see [useKey].
	Uses map[string]seen `json:"uses,omitempty"`
}

// seen is when and how a connection was used; a time is zero if it is unknown.
type seen struct {
	First     time.Time `json:"first,omitzero"`
	Last      time.Time `json:"last,omitzero"`
	Succeeded time.Time `json:"succeeded,omitzero"`
	// Began is when the reload began that ended at Succeeded.
	Began time.Time      `json:"began,omitzero"`
	How   connection.How `json:"how"`
}

// useKey identifies what was used in [past.Uses]: the id, and the digests of the name behind "=".
func useKey(use connection.Use) string {
	return strings.TrimRight(use.ID+"="+use.Key+"="+use.Bare, "=")
}

func parseUse(key string) connection.Use {
	id, digests, _ := strings.Cut(key, "=")
	full, bare, _ := strings.Cut(digests, "=")
	return connection.Use{ID: id, Key: full, Bare: bare}
}

// With returns the history with one more reading. The receiver, which may be nil, is not changed.
func (h *History) With(usage *connection.Usage, live []connection.Live) *History {
	sum := &History{Apps: map[string]*past{}, Keys: map[string]string{}}
	if h != nil {
		maps.Copy(sum.Apps, h.Apps)
		maps.Copy(sum.Keys, h.Keys)
	}
	for i := range live {
		sum.Keys[live[i].ID] = connection.KeyDigest(live[i].Key)
	}
	for i := range usage.Apps {
		if app := &usage.Apps[i]; !app.Unread.Holds() {
			sum.Apps[app.ID] = merge(sum.Apps[app.ID], window(app, usage.At), app)
		}
	}
	return sum
}

// window returns what the remembered reloads of an app show, read at that time.
func window(app *connection.App, at time.Time) *past {
	p := &past{Uses: map[string]seen{}}
	for i := range app.Reloads {
		reload := &app.Reloads[i]
		if reload.At.IsZero() {
			p.Unknown = later(p.Unknown, at)
		} else if reload.Unknown > 0 {
			p.Unknown = later(p.Unknown, reload.At)
		}
		if !reload.At.Before(p.LastAt) {
			p.Last, p.LastAt = reload.ID, reload.At
		}
		if reload.Complete() {
			p.From, p.To = earlier(p.From, reload.At), later(p.To, reload.At)
		}
		if !reload.Success {
			p.Failed = later(p.Failed, reload.At)
		}
		for _, use := range reload.Uses {
			one := seen{First: reload.At, Last: reload.At, How: use.How}
			if reload.Success {
				one.Succeeded, one.Began = reload.At, reload.At.Add(-reload.Took)
			}
			p.use(useKey(use), one)
		}
	}
	return p
}

func (p *past) use(key string, one seen) {
	known := p.Uses[key]
	p.Uses[key] = seen{
		First: earlier(known.First, one.First), Last: later(known.Last, one.Last),
		Succeeded: later(known.Succeeded, one.Succeeded), Began: later(known.Began, one.Began), How: known.How | one.How,
	}
}

// merge adds the remembered reloads of an app to what was known before. A use is never forgotten.
// The time since From grows only if the newest reload of before is still remembered: then no reload
// in between is unknown.
func merge(before, now *past, app *connection.App) *past {
	if before == nil {
		return now
	}
	for _, key := range slices.Sorted(maps.Keys(before.Uses)) {
		now.use(key, before.Uses[key])
	}
	now.Failed, now.Unknown = later(now.Failed, before.Failed), later(now.Unknown, before.Unknown)
	if !now.LastAt.IsZero() && now.LastAt.Before(before.LastAt) {
		return now.until(before)
	}
	adjoins := before.Last != "" && slices.ContainsFunc(app.Reloads, func(reload connection.Reload) bool {
		return reload.ID == before.Last && reload.At.Equal(before.LastAt)
	})
	if adjoins {
		now.From, now.To = earlier(before.From, now.From), later(before.To, now.To)
	}
	return now
}

// until adds to a reading the time that a later one knows, which another run has saved first. Both know
// all reloads of their time, so if the times overlap, no reload of both together is unknown.
func (p *past) until(newer *past) *past {
	from := newer.From
	if !from.IsZero() && !p.From.IsZero() && p.LastAt.After(from) {
		from = earlier(p.From, from)
	}
	p.From, p.To, p.Last, p.LastAt = from, newer.To, newer.Last, newer.LastAt
	return p
}

// names resolves uses to live connections.
type names struct {
	live     map[string]*connection.Live // by id
	byDigest map[string][]string         // ids by the digest of the key
	byName   map[string][]string         // ids by the digest of the name without the space
	keys     map[string]string           // see [History.Keys]
}

func namesOf(live []connection.Live, history *History) *names {
	n := &names{live: map[string]*connection.Live{}, byDigest: map[string][]string{}, byName: map[string][]string{}, keys: history.Keys}
	for i := range live {
		digest, bare := connection.KeyDigest(live[i].Key), bareDigest(&live[i])
		n.live[live[i].ID] = &live[i]
		n.byDigest[digest] = append(n.byDigest[digest], live[i].ID)
		n.byName[bare] = append(n.byName[bare], live[i].ID)
	}
	return n
}

func bareDigest(live *connection.Live) string {
	return connection.KeyDigest(connection.Key{Name: live.Key.Name})
}

// resolve returns the live connections that a use is about. former reports that the use does not
// have their id: it names a connection that is now at that key, or was at that key before.
func (n *names) resolve(use connection.Use) (ids []string, former bool) {
	if n.live[use.ID] != nil {
		return []string{use.ID}, false
	}
	if before, ok := n.keys[use.ID]; ok && len(n.byDigest[before]) > 0 {
		return n.byDigest[before], true
	}
	return n.byDigest[use.Key], true
}

// next returns the live connections that the next reload may use instead of those of [names.resolve],
// because a script finds a connection by its name: the used one was renamed or recreated since, and
// another one has its name now. last is when the name was last used.
func (n *names) next(use connection.Use, last time.Time) (ids []string) {
	used := n.live[use.ID]
	if used != nil && (use.Bare == "" && use.Key == connection.KeyDigest(used.Key) || use.Bare == bareDigest(used)) {
		return nil // it still has the name
	}
	if used != nil {
		ids = slices.Clone(n.byDigest[use.Key])
	}
	for _, id := range n.byName[use.Bare] {
		since := n.live[id].UpdatedAt // the name may be new, or the connection
		if created := n.live[id].CreatedAt; used == nil && !created.IsZero() {
			since = created
		}
		if !slices.Contains(ids, id) && (since.IsZero() || since.After(last)) {
			ids = append(ids, id)
		}
	}
	return slices.DeleteFunc(ids, func(id string) bool { return id == use.ID })
}
