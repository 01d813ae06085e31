package plan

import (
	"fmt"
	"strings"

	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// warnAboutUnknownOwners warns of connections for which an owner is declared and whose owner
// the service does not tell.
func (a *analysis) warnAboutUnknownOwners() {
	for i := range a.Pairs {
		p := &a.Pairs[i]
		if p.Live == nil || p.TenantOwner == "" || p.Live.OwnerID != "" || p.Live.Ownerless || p.Lifecycle.Ignores("owner", "") || p.OwnerDiffers() {
			continue
		}
		key := connection.Key{Space: p.Key.Space, Name: p.Key.Name}
		a.warn(&key, connection.Because("owner-unknown", "owner", a.ownerAsDeclared(p.Target)))
	}
}

// warnAboutInactive warns of declared owners who have the connection already and are not
// active: what they own works only as long as nobody has to write it.
func (a *analysis) warnAboutInactive() {
	for i := range a.Pairs {
		p := &a.Pairs[i]
		owner := a.Users[p.TenantOwner]
		if p.Live != nil && p.TenantOwner != "" && p.Live.OwnerID == p.TenantOwner && owner.Inactive != "" {
			key := connection.Key{Space: p.Key.Space, Name: p.Key.Name}
			a.warn(&key, connection.Because("owner-not-active", "owner", a.ownerAsDeclared(p.Target), "status", owner.Inactive))
		}
	}
}

// ownerAsDeclared returns the declared owner by the field that the file or the tenant has the
// name in: a reader finds an id in the file, and not the e-mail address of the user.
func (a *analysis) ownerAsDeclared(t *targets.Target) string {
	switch {
	case t.Owner == "":
		return fmt.Sprintf("{id: %q}", t.TenantOwner)
	case strings.EqualFold(a.Users[t.TenantOwner].Email, t.Owner):
		return t.Owner
	}
	return fmt.Sprintf("%s (a subject)", t.Owner)
}
