package plan

import (
	"fmt"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

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

// warnAboutInactive warns of declared owners who have the connection already and are not
// active: what they own works only as long as nobody has to write it.
func (a *analysis) warnAboutInactive() {
	for i := range a.pairs {
		p := &a.pairs[i]
		owner := a.users[p.ownerID]
		if p.live != nil && p.ownerID != "" && p.live.OwnerID == p.ownerID && owner.Inactive != "" {
			key := connection.Key{Space: p.key.Space, Name: p.key.Name}
			a.warn(&key, fmt.Sprintf("its owner %s is not an active user (status %s)", a.ownerAsDeclared(p.target), owner.Inactive))
		}
	}
}

// ownerAsDeclared returns the declared owner by the field that the file or the tenant has the
// name in: a reader finds an id in the file, and not the e-mail address of the user.
func (a *analysis) ownerAsDeclared(t *target) string {
	switch {
	case t.Owner == "":
		return fmt.Sprintf("{id: %q}", t.ownerID)
	case strings.EqualFold(a.users[t.ownerID].Email, t.Owner):
		return t.Owner
	}
	return fmt.Sprintf("%s (a subject)", t.Owner)
}
