package qlik

import "github.com/qlsync/qlsync/pkg/simulator/internal/host"

// store gives properties as they are stored: sealed, and with ShowUsername the user name to read beside its digest.
func (w *world) store(s *source, properties map[string]any) map[string]any {
	stored := s.sealAll(properties)
	switch name, set := properties["username"]; {
	case !w.behaviour.ShowUsername || !set || !s.isCredential("username"):
		delete(stored, plainUser)
	case !host.IsSealed(name):
		stored[plainUser] = name
	}
	return stored
}

// shown gives what parseConnection=true answers.
func (w *world) shown(r *record) map[string]any {
	s := r.source()
	shown := s.visible(r.Properties)
	if name, set := r.Properties[plainUser]; set {
		shown["username"] = name
	}
	if w.behaviour.NormaliseValues {
		shown = s.normalised(shown)
	}
	if w.behaviour.RewriteValues {
		shown = rewritten(shown)
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
