package model

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/identity"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/source"
)

func (w *World) CredentialsInOrder() []*Credential {
	return slices.SortedFunc(maps.Values(w.Credentials), func(a, b *Credential) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
}

// CredentialNamed finds a set by its user and name. Names are unique per user: undocumented; assumed.
func (w *World) CredentialNamed(user, name string) *Credential {
	for _, k := range w.Credentials {
		if k.User == user && k.Name == name {
			return k
		}
	}
	return nil
}

// Linked returns the separated credentials that the user has with the connection; nil if there are none.
func (w *World) Linked(r *Record, user string) *Credential {
	return w.Credentials[r.Links[r.LinkKey(user)]]
}

// usable returns the id of a stored set that the user may link to the connection: their own, of the same connector.
func (w *World) usable(r *Record, user, id string) error {
	k := w.Credentials[id]
	if k == nil || k.User != user || k.Source().Provider != r.Source().Provider {
		return refusal.NotFound("credential")
	}
	return nil
}

// LinkStored links the set that a request names by its id, if it names one that is not in use already.
func (w *World) LinkStored(r *Record, user, id string) error {
	if id == "" || id == r.CredentialOf(user) {
		return nil
	}
	if err := w.usable(r, user, id); err != nil {
		return err
	}
	r.link(user, id)
	return nil
}

// Settle puts the credentials of a new or changed record where they belong. before is nil for a new one; given has the
// names of the properties that the request set, with false those that it removed.
//
//	separateCredentials   credentials go to
//	no                    the record itself
//	yes                   the user's set: selectedCredentials, or the one linked so far, or a new one called
//	                      credentialsName (left out: like the connection)
//
// A change of host drops all links (change log, July 2026): what is not selected or named in the same request is lost.
// That credentials stored with a connection are lost when it begins to separate them is undocumented; assumed.
func (w *World) Settle(user string, before, next *Record, given map[string]bool) error {
	s := next.Source()
	if !next.Separated() {
		if before != nil && before.Separated() {
			next.Links = nil
		}
		next.Stale = next.Stale && !slices.ContainsFunc(host.SortedKeys(given), func(name string) bool {
			return given[name] && s.IsCredential(name)
		})
		next.LinkCredentials()
		return nil
	}
	values := s.CredentialsIn(next.Properties)
	next.Properties, next.CredentialID, next.Stale = s.WithoutCredentials(next.Properties), "", false
	moved := before != nil && before.Separated() && movedHost(before, next)
	if moved || before != nil && !before.Separated() {
		next.Links = nil
		maps.DeleteFunc(values, func(name string, _ any) bool { return !given[name] })
	}
	if moved {
		for _, name := range []string{"selectedCredentials", "credentialsName"} {
			if !given[name] {
				delete(next.Properties, name)
			}
		}
	}
	return w.settleSet(user, next, values, given, moved)
}

// settleSet finds or makes the user's set of a connection with separated credentials, and links it.
func (w *World) settleSet(user string, next *Record, values map[string]any, given map[string]bool, moved bool) error {
	if id := host.ScalarText(next.Properties["selectedCredentials"]); given["selectedCredentials"] && id != "" {
		if err := w.usable(next, user, id); err != nil {
			return err
		}
		next.link(user, id)
	} else if set, said := given["selectedCredentials"]; said && !set {
		delete(next.Links, next.LinkKey(user))
	}
	named := given["credentialsName"] && next.Properties["credentialsName"] != nil
	name := next.Name
	if named {
		name = host.ScalarText(next.Properties["credentialsName"])
	}
	set := w.Linked(next, user)
	if named && (set == nil || set.Name != name) || set == nil && len(values) > 0 && !moved {
		set = w.CredentialNamed(user, name)
	}
	switch {
	case set != nil && set.Source().Provider == next.Source().Provider:
		w.ChangeCredential(set, next.Updated, func(k *Credential) {
			maps.Copy(k.Values, values)
			maps.DeleteFunc(k.Values, func(name string, _ any) bool { is, said := given[name]; return said && !is })
		})
	case len(values) == 0 || moved && !named:
		return nil
	case w.CredentialNamed(user, name) != nil:
		return refusal.Conflict("credentials of this name exist for another connector")
	default:
		set = w.newCredential(user, name, next, values)
	}
	next.link(user, set.ID)
	return nil
}

func (w *World) newCredential(user, name string, r *Record, values map[string]any) *Credential {
	k := &Credential{
		ID: identity.UUID("separated", user, name, r.ID), Name: name, User: user, DataSource: r.DataSource,
		Values: values, Created: r.Updated, Updated: r.Updated,
	}
	w.Credentials[k.ID] = k
	return k
}

// ChangeCredential stores a changed copy of a set.
func (w *World) ChangeCredential(k *Credential, at time.Time, change func(*Credential)) {
	next := *k
	next.Values = maps.Clone(k.Values)
	change(&next)
	if !maps.EqualFunc(k.Values, next.Values, source.EqualJSON) || next.Name != k.Name {
		next.Updated = Touched(at, k.Updated)
	}
	w.Credentials[k.ID] = &next
}

// movedHost reports whether the connection points to another host than before.
func movedHost(before, next *Record) bool {
	for _, name := range source.HostProperties {
		was, set := before.Properties[name]
		if set && host.ScalarText(was) != host.ScalarText(next.Properties[name]) {
			return true
		}
	}
	return false
}

// ConnectionsOf returns the connections that use a set of credentials.
func (w *World) ConnectionsOf(id string) []*Record {
	var using []*Record
	for _, r := range w.InOrder() {
		if slices.Contains(slices.Collect(maps.Values(r.Links)), id) {
			using = append(using, r)
		}
	}
	return using
}
