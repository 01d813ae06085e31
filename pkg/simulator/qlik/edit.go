package qlik

import (
	"maps"
	"reflect"
)

// handOver lets the credentials stay behind where the owner changes: they do not follow to the new one (API reference).
func (w *world) handOver(before, next *record) {
	switch {
	case next.Owner == before.Owner:
		return
	case w.behaviour.OwnerChangeKeepsCredentials:
		next.Stale = before.CredentialID != ""
	default:
		next.Properties = next.source().withoutCredentials(next.Properties)
		next.CredentialID, next.Stale = "", false
	}
	delete(next.Links, "")
}

// editProperties puts the wanted properties in the place of the visible ones. What did not change keeps its hidden parts.
func (r *record) editProperties(w *world, wanted map[string]any) error {
	wanted, err := asDecoded(wanted)
	if err != nil {
		return err
	}
	s := r.source()
	if err := s.checkAll(wanted); err != nil {
		return err
	}
	before, changed := plain(w.shown(r)), false
	for name := range before {
		if _, kept := wanted[name]; !kept {
			delete(r.Properties, name)
			changed = true
		}
	}
	for name, value := range plain(maps.Clone(wanted)) {
		if !reflect.DeepEqual(before[name], value) {
			maps.Copy(r.Properties, w.store(s, map[string]any{name: wanted[name]}))
			changed = true
		}
	}
	if changed && r.Statement != "" {
		_, r.Extras, err = s.parseStatement(r.Statement)
		r.propertiesChanged()
	}
	return err
}
