package model

import (
	"maps"
	"reflect"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/source"
)

// HandOver lets the credentials stay behind where the owner changes: they do not follow to the new one (API reference).
func (w *World) HandOver(before, next *Record) {
	switch {
	case next.Owner == before.Owner:
		return
	case w.behaviour.OwnerChangeKeepsCredentials:
		next.Stale = before.CredentialID != ""
	default:
		next.Properties = next.Source().WithoutCredentials(next.Properties)
		next.CredentialID, next.Stale = "", false
	}
	delete(next.Links, "")
}

// EditProperties puts the wanted properties in the place of the visible ones. What did not change keeps its hidden parts.
func (r *Record) EditProperties(w *World, wanted map[string]any) error {
	wanted, err := source.AsDecoded(wanted)
	if err != nil {
		return err
	}
	s := r.Source()
	if err := s.CheckAll(wanted); err != nil {
		return err
	}
	before, changed := source.Plain(w.Shown(r)), false
	for name := range before {
		if _, kept := wanted[name]; !kept {
			delete(r.Properties, name)
			changed = true
		}
	}
	for name, value := range source.Plain(maps.Clone(wanted)) {
		if !reflect.DeepEqual(before[name], value) {
			maps.Copy(r.Properties, w.Store(s, map[string]any{name: wanted[name]}))
			changed = true
		}
	}
	if changed {
		r.PropertiesChanged(w.behaviour.RawStatements)
	}
	return nil
}
