package plan

import (
	"fmt"

	"github.com/qlsync/qlsync/pkg/connection"
)

// ownerDiffers reports whether a live connection must be given to the declared owner. Where
// the service does not say who owns it, the record of its credentials, which is over their
// owner, decides: after a change of owner it fits, so that none follows. Without a record
// nobody knows, and the owner stays.
func (p *pair) ownerDiffers() bool {
	switch {
	case p.ownerID == "" || p.ownerID == p.live.OwnerID || p.Lifecycle.Ignores("owner", ""):
		return false
	case p.live.OwnerID != "" || p.live.Ownerless:
		return true
	case len(p.Credentials) == 0 || p.Lifecycle.Ignores("credentials", "") || p.live.Record.Credentials == "":
		return false
	}
	return !connection.SameCredentials(p.live.Record.Credentials, p.credentialsRecord(p.ownerID))
}

// warnAboutUnknownOwners warns of connections for which an owner is declared and whose owner
// the service does not tell.
func (a *analysis) warnAboutUnknownOwners() {
	for i := range a.pairs {
		p := &a.pairs[i]
		if p.live == nil || p.ownerID == "" || p.live.OwnerID != "" || p.live.Ownerless || p.Lifecycle.Ignores("owner", "") || p.ownerDiffers() {
			continue
		}
		key := connection.Key{Space: p.key.Space, Name: p.key.Name}
		a.warn(&key, fmt.Sprintf("the tenant does not say who owns its connections, so qlsync cannot tell whether the owner is %s: look in the console, or set ignoreChanges: [owner]",
			a.ownerAsDeclared(p.target)))
	}
}
