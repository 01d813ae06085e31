package plan

import (
	"fmt"

	"github.com/qlsync/qlsync/internal/match"
	"github.com/qlsync/qlsync/pkg/connection"
)

// prune turns what is owned and no longer declared into deletes, where the policy
// says so, and warns of copies.
func (a *analysis) prune() {
	taken := a.goneOnWith()
	for _, rest := range a.Leftovers {
		key := rest.Live.Key
		switch {
		case rest.Fate == match.Foreign, taken[rest.Live]:
			continue
		case a.Disabled[rest.Live.DataSource]:
			a.warn(&key, fmt.Sprintf("owned by this project and no longer declared, and its data source %s is disabled in the tenant; qlsync does not delete it: ask an administrator to enable it, or delete the connection yourself", rest.Live.DataSource))
			continue
		case rest.Fate == match.Finished:
			a.repair(&rest)
			continue
		case rest.Fate == match.Kept:
			message, next := a.messages.Parts(rest.Kept)
			message += "; qlsync does not delete it"
			if next != "" {
				message += ": " + next
			}
			a.warn(&key, message)
			continue
		case a.in.Policy.Prune != connection.PruneOwned:
			a.warn(&key, "owned by this project and no longer declared; policy.prune: owned would delete it")
			continue
		}
		d := &decision{live: rest.Live, change: Change{
			Action: ActionDelete, Connection: key, ID: rest.Live.ID, DataSource: rest.Live.DataSource,
			Reason: "owned by this project and no longer declared",
		}}
		d.change.Refused = a.refuseDelete(rest.Live)
		if d.change.Refused == "" && rest.Elsewhere {
			d.change.Refused = a.mayBeCreated(rest.Live)
		}
		a.decisions = append(a.decisions, d)
	}
}

// goneOnWith returns the new connections of interrupted recreates with which recreates go on.
func (a *analysis) goneOnWith() map[*connection.Live]bool {
	begun := map[*connection.Live]bool{}
	for _, d := range a.decisions {
		begun[d.begun] = d.begun != nil
	}
	return begun
}

// refuseDelete says why a live connection may not be deleted.
func (a *analysis) refuseDelete(live *connection.Live) string {
	switch {
	case live.Unreadable != "":
		return "it cannot be read: " + live.Unreadable
	case live.Record.Protected:
		return "it is protected by preventDestroy: declare it again with lifecycle.preventDestroy: false first"
	case len(a.in.Snapshot.Incomplete) > 0:
		return "nothing is deleted while the tenant's list is incomplete: " + "plan again when the tenant lists everything"
	}
	return ""
}

// mayBeCreated says why a connection is not deleted whose record is of another key than its
// own: what this plan creates may be that connection under a new name. Empty: nothing is
// created that it could be.
func (a *analysis) mayBeCreated(live *connection.Live) string {
	for _, d := range a.decisions {
		if d.change.Action == ActionCreate && d.change.DataSource == live.DataSource {
			return fmt.Sprintf("its key record is for another name or space, and it may be what this plan creates as %q: add a moved block from %q, or plan again after the create", d.change.Connection, live.Key)
		}
	}
	return ""
}

// repair deletes what an interrupted recreate left behind.
func (a *analysis) repair(rest *match.Leftover) {
	live := rest.Live
	old := *live
	old.Record.Protected = old.Record.Protected && !rest.Released
	a.decisions = append(a.decisions, &decision{live: live, repair: true, obsolete: rest.Obsolete, of: rest.Of, change: Change{
		Action: ActionDelete, Connection: live.Key, ID: live.ID, DataSource: live.DataSource,
		Reason: "left behind by an interrupted recreate", Refused: a.refuseDelete(&old),
	}})
}
