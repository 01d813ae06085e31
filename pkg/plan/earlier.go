package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/qlsync/qlsync/internal/targets"
)

// IsEarlier reports whether the plan was read from a file that an earlier version of qlsync
// wrote, and that was not changed since: its hash has version 1.
func (p *Plan) IsEarlier() bool { return earlierHash(p) == p.Hash }

// earlierDeclares is [Change.Declares] as version 1 of the hash had it.
func earlierDeclares(t *targets.Target) string {
	protection := "-"
	if want := t.Lifecycle.PreventDestroy; want != nil {
		protection = strconv.FormatBool(*want)
	}
	sum := sha256.Sum256([]byte(t.CredentialsRecord(t.TenantOwner) + " " + protection))
	return "sha256:" + hex.EncodeToString(sum[:16])
}

// earlierHash is version 1 of the hash.
func earlierHash(p *Plan) string {
	changes, seen := make([]any, len(p.Changes)), make([]any, len(p.Seen))
	for i := range p.Changes {
		c := &p.Changes[i]
		changes[i] = hashed(c, c.Connection.String())
	}
	for i, s := range p.Seen {
		seen[i] = s.ID + " " + s.Digest
	}
	return digest(map[string]any{"format": p.Format, "project": p.Project, "tenant": p.Tenant.URL, "changes": changes, "seen": seen})
}
