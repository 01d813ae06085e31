package plan

import (
	"fmt"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// isDisabled reports whether a data source is disabled in the tenant: nothing can be made
// or changed with it, and what is there is left alone.
func (a *analysis) isDisabled(dataSource string) bool {
	return slices.Contains(a.in.Snapshot.Disabled, dataSource) ||
		a.in.Catalog != nil && slices.Contains(a.in.Catalog.Disabled, dataSource)
}

// refuseDisabled refuses what is declared of a disabled data source, or live of one.
func (a *analysis) refuseDisabled() {
	for i := range a.pairs {
		p := &a.pairs[i]
		disabled := ""
		switch {
		case a.isDisabled(p.DataSource):
			disabled = p.DataSource
		case p.live != nil && a.isDisabled(p.live.DataSource):
			disabled = p.live.DataSource
		}
		if disabled != "" {
			p.trouble = fmt.Sprintf("data source %s is disabled in the tenant: let an administrator enable it, or leave the connection as it is", disabled)
		}
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
			a.warn(&key, fmt.Sprintf("its owner %s is not an active user (status %s)", a.userName(p.ownerID), owner.Inactive))
		}
	}
}
