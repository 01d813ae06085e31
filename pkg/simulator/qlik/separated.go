package qlik

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

func (w *world) credentialsInOrder() []*credential {
	return slices.SortedFunc(maps.Values(w.credentials), func(a, b *credential) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
}

// credentialNamed finds a set by its user and name. Names are unique per user: undocumented; assumed.
func (w *world) credentialNamed(user, name string) *credential {
	for _, k := range w.credentials {
		if k.User == user && k.Name == name {
			return k
		}
	}
	return nil
}

// linked gives the separated credentials that the user has with the connection; nil if there are none.
func (w *world) linked(r *record, user string) *credential {
	return w.credentials[r.Links[r.linkKey(user)]]
}

// usable gives the id of a stored set that the user may link to the connection: their own, of the same connector.
func (w *world) usable(r *record, user, id string) error {
	k := w.credentials[id]
	if k == nil || k.User != user || k.source().provider != r.source().provider {
		return notFound("credential")
	}
	return nil
}

// linkStored links the set that a request names by its id, if it names one that is not in use already.
func (w *world) linkStored(r *record, user, id string) error {
	if id == "" || id == r.credentialOf(user) {
		return nil
	}
	if err := w.usable(r, user, id); err != nil {
		return err
	}
	r.link(user, id)
	return nil
}

// settle puts the credentials of a new or changed record where they belong. before is nil for a new one; given has the
// names of the properties that the request set, with false those that it removed.
//
//	separateCredentials   credentials go to
//	no                    the record itself
//	yes                   the user's set: selectedCredentials, or the one linked so far, or a new one called
//	                      credentialsName (left out: like the connection)
//
// A change of host drops all links (change log, July 2026): what is not selected or named in the same request is lost.
// That credentials stored with a connection are lost when it begins to separate them is undocumented; assumed.
func (w *world) settle(user string, before, next *record, given map[string]bool) error {
	s := next.source()
	if !next.separated() {
		if before != nil && before.separated() {
			next.Links = nil
		}
		next.Stale = next.Stale && !slices.ContainsFunc(host.SortedKeys(given), func(name string) bool {
			return given[name] && s.isCredential(name)
		})
		next.linkCredentials()
		return nil
	}
	values := s.credentialsIn(next.Properties)
	next.Properties, next.CredentialID, next.Stale = s.withoutCredentials(next.Properties), "", false
	moved := before != nil && before.separated() && movedHost(before, next)
	if moved || before != nil && !before.separated() {
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
func (w *world) settleSet(user string, next *record, values map[string]any, given map[string]bool, moved bool) error {
	if id := host.ScalarText(next.Properties["selectedCredentials"]); given["selectedCredentials"] && id != "" {
		if err := w.usable(next, user, id); err != nil {
			return err
		}
		next.link(user, id)
	} else if set, said := given["selectedCredentials"]; said && !set {
		delete(next.Links, next.linkKey(user))
	}
	named := given["credentialsName"] && next.Properties["credentialsName"] != nil
	name := next.Name
	if named {
		name = host.ScalarText(next.Properties["credentialsName"])
	}
	set := w.linked(next, user)
	if named && (set == nil || set.Name != name) || set == nil && len(values) > 0 && !moved {
		set = w.credentialNamed(user, name)
	}
	switch {
	case set != nil && set.source().provider == next.source().provider:
		w.changeCredential(set, next.Updated, func(k *credential) {
			maps.Copy(k.Values, values)
			maps.DeleteFunc(k.Values, func(name string, _ any) bool { is, said := given[name]; return said && !is })
		})
	case len(values) == 0 || moved && !named:
		return nil
	case w.credentialNamed(user, name) != nil:
		return conflict("credentials of this name exist for another connector")
	default:
		set = w.newCredential(user, name, next, values)
	}
	next.link(user, set.ID)
	return nil
}

func (w *world) newCredential(user, name string, r *record, values map[string]any) *credential {
	k := &credential{
		ID: uuidOf("separated", user, name, r.ID), Name: name, User: user, DataSource: r.DataSource,
		Values: values, Created: r.Updated, Updated: r.Updated,
	}
	w.credentials[k.ID] = k
	return k
}

// changeCredential stores a changed copy of a set.
func (w *world) changeCredential(k *credential, at time.Time, change func(*credential)) {
	next := *k
	next.Values = maps.Clone(k.Values)
	change(&next)
	if !maps.EqualFunc(k.Values, next.Values, equalJSON) || next.Name != k.Name {
		next.Updated = touched(at, k.Updated)
	}
	w.credentials[k.ID] = &next
}

// movedHost says whether the connection points to another host than before.
func movedHost(before, next *record) bool {
	for _, name := range hostProperties {
		was, set := before.Properties[name]
		if set && host.ScalarText(was) != host.ScalarText(next.Properties[name]) {
			return true
		}
	}
	return false
}

// connectionsOf gives the connections that use a set of credentials.
func (w *world) connectionsOf(id string) []*record {
	var using []*record
	for _, r := range w.inOrder() {
		if slices.Contains(slices.Collect(maps.Values(r.Links)), id) {
			using = append(using, r)
		}
	}
	return using
}
