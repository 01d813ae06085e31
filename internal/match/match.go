// Package match finds which live connection each declared one is, and what the others are. It is the
// second stage of the planner:
//
//	targets.Resolved ──Find──▶ Found: pairs, and leftovers
//
//	what is at a declared (space, name)            which live one is it?
//	  itself, not moved away                         that one, also without a record
//	  nothing, but one was on its way when a run
//	  was killed (temporary name, half a recreate)   that one
//	  nothing, a pending moved block leads there     the one at the far end of the chain
//	  nothing, one record elsewhere names it         renamed or moved by hand: that one
//	  nothing                                        none
//
// A live connection in scope that no declared one claims is a [Leftover]. The list of rules in
// leftovers.go says what becomes of it. It is pure.
package match

import (
	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Find pairs every target with a live connection: first with what is at the declared key and is
// not to leave it, then with what an interrupted run has left on its way there, then by moved
// blocks, then by key records. The provider is asked whether a move takes a recreate. What is live of a
// disabled data source, or declared of one, is in trouble.
func Find(files *targets.Files, rules connection.Rules, r *targets.Resolved) Found {
	m := newMatcher(files, rules, r)
	found := Found{keys: r.Places, moves: m.moves, Pairs: make([]Pair, len(r.Targets))}
	for i, t := range r.Targets {
		found.Pairs[i].Target = t
	}
	for _, find := range []func(*Pair){m.findInPlace, m.findUnderway, m.findMoved, m.findRecorded} {
		for i := range found.Pairs {
			if p := &found.Pairs[i]; p.Live == nil && !p.Trouble.Holds() {
				find(p)
			}
		}
	}
	found.apart = m.apart()
	found.leave(m)
	found.demandSpaces(r)
	found.Remarks = found.unseenOrigins()
	found.refuseDisabled(r)
	return found
}

// demandSpaces reports a problem for each pending move whose blocks end in a space that the token
// cannot see: its connection must not count as undeclared.
func (found *Found) demandSpaces(r *targets.Resolved) {
	for _, end := range found.moves.end {
		if ref, unseen := found.moves.unseen[end]; unseen {
			found.Problems = append(found.Problems, targets.Problem{Position: ref.Position, Reason: r.NoSpace(ref)})
		}
	}
}

// refuseDisabled refuses what is declared of a disabled data source, or live of one.
func (found *Found) refuseDisabled(r *targets.Resolved) {
	for i := range found.Pairs {
		p := &found.Pairs[i]
		disabled := ""
		switch {
		case r.Disabled[p.DataSource]:
			disabled = p.DataSource
		case p.Live != nil && r.Disabled[p.Live.DataSource]:
			disabled = p.Live.DataSource
		}
		if disabled != "" {
			p.Trouble = connection.Because("disabled-live", "dataSource", disabled)
			if p.Live == nil {
				p.Trouble.Code = "disabled"
			}
		}
	}
}

// unseenOrigins warns of what is created because nothing is seen where its moved blocks come from.
func (found *Found) unseenOrigins() []targets.Remark {
	var remarks []targets.Remark
	for i := range found.Pairs {
		p := &found.Pairs[i]
		if p.Live != nil || p.Trouble.Holds() || len(found.moves.unseen) == 0 {
			continue
		}
		for _, from := range found.moves.origins(p.Key) {
			if _, unseen := found.moves.unseen[from]; unseen {
				remarks = append(remarks, targets.Remark{About: &p.Key, Reason: connection.Because("moved-from-unseen", "from", from, "space", from.Space)})
				break
			}
		}
	}
	return remarks
}
