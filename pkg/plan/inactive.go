package plan

import (
	"fmt"
	"slices"
	"strings"

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
			p.trouble = connection.Because("disabled-live", "dataSource", disabled)
			if p.live == nil {
				p.trouble.Code = "disabled"
			}
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
