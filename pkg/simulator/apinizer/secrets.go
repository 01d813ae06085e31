package apinizer

import "github.com/qlsync/qlsync/pkg/simulator/internal/host"

// secretAfter gives what is stored of a secret after a write; nil: nothing.
func (m *model) secretAfter(f field, sent any, isSent bool, old *record) any {
	if !empty(sent) {
		if m.retains(f) {
			return sent
		}
		return host.Seal(sent)
	}
	b := m.behaviour
	keeps := !isSent && b.OmittedKeepsSecret || isSent && sent == nil && b.NullKeepsSecret || sent == "" && b.BlankKeepsSecret
	if keeps && old != nil {
		return old.Fields[f.name]
	}
	return nil
}

// retains says whether the value itself must be kept, because a GET shows it.
func (m *model) retains(f field) bool {
	return m.behaviour.Secrets == "clear" || m.behaviour.Secrets == "" && f.shown
}

// shownSecret gives what a GET answers of a stored secret.
func (m *model) shownSecret(stored any, single bool) any {
	switch {
	case stored == nil || !single || m.behaviour.Secrets == "null":
		return nil
	case m.behaviour.Secrets == "ciphertext":
		return ciphertext(stored)
	case host.IsSealed(stored):
		return nil
	}
	return stored
}

// ciphertext stands for the encrypted secret. Sent back, it is a secret of its own: the old one is lost (facts, 6.3).
func ciphertext(stored any) string {
	text, _ := stored.(string)
	if sealed, isSealed := stored.(map[string]any); isSealed {
		text, _ = sealed[host.SealKey].(string)
	}
	return host.SaltedDigest("ciphertext", text)[len("ciphertext."):] + "=="
}
