package spec

import (
	"maps"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// chain is the moved blocks of all files for one tenant.
type chain struct {
	moves []connection.Move
	next  map[foldedKey]foldedKey
	// declared holds the keys of the connections as written, including those that only other tenants
	// have.
	declared map[foldedKey]string
	// words are the values of declared, sorted, and names their names with how the space
	// is addressed.
	words []string
	names map[addressed]bool
	// round reports for the visited keys whether the blocks from there are circular.
	round map[foldedKey]bool
	// compared counts the words that suggestions were looked for among.
	compared int
}

// addressed is a folded name in some space that is given by its id or not.
type addressed struct {
	name string
	byID bool
}

// maxCompared bounds the words that suggestions are looked for among: a block may stay
// for ever, so there may be thousands for thousands of connections.
const maxCompared = 1_000_000

// checkMoves reports moved blocks without effect: a renamed connection would then be deleted and
// created. Blocks may remain after their move, so a block that leads to no declared connection is a
// warning; a circle without a declared connection is an error.
func (r *reader) checkMoves(moves []connection.Move) {
	c := chain{moves: moves, next: map[foldedKey]foldedKey{}, round: map[foldedKey]bool{}, declared: r.elsewhere, names: map[addressed]bool{}}
	for key, declared := range r.taken {
		c.declared[key] = declared.words()
	}
	c.words = slices.Sorted(maps.Values(c.declared))
	for key := range c.declared {
		c.names[addressed{key.name, strings.HasPrefix(key.space, "{id: ")}] = true
	}
	for _, move := range moves {
		c.next[foldKey(move.From.Space, move.From.Name)] = foldKey(move.To.Space, move.To.Name)
	}
	for _, move := range moves {
		if problem := c.check(move); problem != nil {
			r.problems = append(r.problems, *problem)
		}
	}
}

// check returns the problem of one block; nil: none.
func (c *chain) check(move connection.Move) *connection.Problem {
	to := foldKey(move.To.Space, move.To.Name)
	words, declared := c.declared[to]
	_, leadsOn := c.next[to]
	var problem connection.Problem
	switch {
	case declared && words == move.To.String():
		return nil
	case !declared && leadsOn && !c.circles(to):
		return nil // the last block of the chain is looked at
	case !declared && leadsOn:
		problem = messages.Problem(move.Position, connection.SeverityError, connection.Because("moves-in-circle", "from", move.From.String()))
	case c.otherwiseAddressed(move.To):
		return nil
	default:
		problem = messages.Problem(move.Position, connection.SeverityWarning, c.undeclared(to, move))
	}
	return &problem
}

// otherwiseAddressed reports whether a connection of that name is declared in a space that is
// written in the other way, by name or by id: only the tenant knows whether it is the same one.
func (c *chain) otherwiseAddressed(end connection.MoveEnd) bool {
	return c.names[addressed{connection.FoldName(end.Name), end.Space.ID == ""}]
}

// circles reports whether the blocks from a key form a circle without a declared key.
func (c *chain) circles(from foldedKey) bool {
	var way []foldedKey
	for {
		round, known := c.round[from]
		to, moved := c.next[from]
		if _, declared := c.declared[from]; !known && moved && !declared {
			c.round[from] = true // if the path returns here before it ends
			way = append(way, from)
			from = to
			continue
		}
		for _, key := range way {
			c.round[key] = round
		}
		return round
	}
}

// undeclared returns the reason of a block that leads to no declared connection, with a suggestion.
func (c *chain) undeclared(to foldedKey, move connection.Move) connection.Reason {
	written := move.To.String()
	if declared, otherCase := c.declared[to]; otherCase {
		if other, own := connection.QuoteApart(declared, written); strings.ContainsRune(other+own, '\\') {
			return connection.Because("move-to-look-alike", "own", own, "other", other, "difference", connection.Resemblance(written, declared))
		}
		return connection.Because("move-to-other-case", "to", written, "meant", declared)
	}
	if c.compared += len(c.words); c.compared <= maxCompared {
		if meant := words.Closest(written, c.words, 1); len(meant) > 0 {
			return connection.Because("move-to-misspelt", "to", written, "meant", meant[0])
		}
	}
	return connection.Because("move-to-undeclared", "to", written)
}

func (d declaration) words() string { return d.space + "/" + d.name }
