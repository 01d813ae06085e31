package model

import (
	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/source"
)

// Store returns properties in their stored form: hashed, and with ShowUsername a readable user name
// next to its digest.
func (w *World) Store(s *source.Source, properties map[string]any) map[string]any {
	stored := s.HashAll(properties)
	switch name, set := properties["username"]; {
	case !w.behaviour.ShowUsername || !set || !s.IsCredential("username"):
		delete(stored, source.PlainUser)
	case !host.IsHashed(name):
		stored[source.PlainUser] = name
	}
	return stored
}

// Shown returns what parseConnection=true answers.
func (w *World) Shown(r *Record) map[string]any {
	s := r.Source()
	shown := s.Visible(r.Properties)
	if name, set := r.Properties[source.PlainUser]; set {
		shown["username"] = name
	}
	if w.behaviour.NormaliseValues {
		shown = s.Normalised(shown)
	}
	if w.behaviour.RewriteValues {
		shown = source.Rewritten(shown)
	}
	if w.behaviour.HideCredentialSettings {
		delete(shown, "selectedCredentials")
		delete(shown, "credentialsName")
	}
	if w.behaviour.HideSeparateCredentials {
		delete(shown, "separateCredentials")
	}
	return shown
}
