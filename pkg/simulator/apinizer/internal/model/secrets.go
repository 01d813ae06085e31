package model

import "github.com/qlsync/qlsync/pkg/simulator/internal/host"

// SecretAfter returns what is stored of a secret after a write; nil: nothing.
func (m *Store) SecretAfter(f field, sent any, isSent bool, old *Record) any {
	if !empty(sent) {
		if m.retains(f) {
			return sent
		}
		return host.Hash(sent)
	}
	b := m.Behaviour
	keeps := !isSent && b.OmittedKeepsSecret || isSent && sent == nil && b.NullKeepsSecret || sent == "" && b.BlankKeepsSecret
	if keeps && old != nil {
		return old.Fields[f.Name]
	}
	return nil
}

// retains reports whether the value itself must be kept, because a GET shows it.
func (m *Store) retains(f field) bool {
	return m.Behaviour.Secrets == "clear" || m.Behaviour.Secrets == "" && f.shown
}

// shownSecret returns what a GET answers of a stored secret.
func (m *Store) shownSecret(stored any, single bool) any {
	switch {
	case stored == nil || !single || m.Behaviour.Secrets == "null":
		return nil
	case m.Behaviour.Secrets == "ciphertext":
		return ciphertext(stored)
	case host.IsHashed(stored):
		return nil
	}
	return stored
}

// ciphertext stands for the encrypted secret. Sent back, it is a secret of its own: the old one is lost (facts, 6.3).
func ciphertext(stored any) string {
	text, _ := stored.(string)
	if hashed, isHashed := stored.(map[string]any); isHashed {
		text, _ = hashed[host.HashKey].(string)
	}
	return host.SaltedDigest("ciphertext", text)[len("ciphertext."):] + "=="
}
