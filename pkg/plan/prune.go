package plan

import (
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
			a.warn(&key, connection.Because("undeclared-disabled", "dataSource", rest.Live.DataSource))
			continue
		case rest.Fate == match.Finished:
			a.repair(&rest)
			continue
		case rest.Fate == match.Kept:
			a.warn(&key, rest.Kept)
			continue
		case a.in.Policy.Prune != connection.PruneOwned:
			a.warn(&key, connection.Because("undeclared-kept"))
			continue
		}
		d := &decision{live: rest.Live, change: Change{
			Action: ActionDelete, Connection: key, ID: rest.Live.ID, DataSource: rest.Live.DataSource,
			Reasons: reasons(connection.Because("undeclared")),
		}}
		d.change.Refused = a.refuseDelete(rest.Live)
		if !d.change.Refused.Holds() && rest.Elsewhere {
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
func (a *analysis) refuseDelete(live *connection.Live) connection.Reason {
	switch {
	case live.Unreadable != "":
		return connection.Because("unreadable", "error", live.Unreadable)
	case live.Record.Protected:
		return connection.Because("delete-protected")
	case len(a.in.Snapshot.Incomplete) > 0:
		return connection.Because("delete-not-listed")
	}
	return connection.Reason{}
}

// mayBeCreated says why a connection is not deleted whose record is of another key than its
// own: what this plan creates may be that connection under a new name. Empty: nothing is
// created that it could be.
func (a *analysis) mayBeCreated(live *connection.Live) connection.Reason {
	for _, d := range a.decisions {
		if d.change.Action == ActionCreate && d.change.DataSource == live.DataSource {
			return connection.Because("may-be-created", "created", d.change.Connection, "live", live.Key)
		}
	}
	return connection.Reason{}
}

// repair deletes what an interrupted recreate left behind.
func (a *analysis) repair(rest *match.Leftover) {
	live := rest.Live
	old := *live
	old.Record.Protected = old.Record.Protected && !rest.Released
	a.decisions = append(a.decisions, &decision{live: live, repair: true, obsolete: rest.Obsolete, of: rest.Of, change: Change{
		Action: ActionDelete, Connection: live.Key, ID: live.ID, DataSource: live.DataSource,
		Reasons: reasons(connection.Because("left-behind")), Refused: a.refuseDelete(&old),
	}})
}
