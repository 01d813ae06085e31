package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// The sentences of the first stages, one function or constant for each: resolve, match, and what
// they find about names.

// How a live connection was found that is not at its declared key.
const (
	becauseInterrupted = "finishes what was interrupted"
	becauseMoved       = "moved in the files"
	becauseByHand      = "renamed or moved outside of the files; brought back"
)

func taken(from connection.Key) string {
	return fmt.Sprintf("the name is taken: a moved block leads here from %q, and both exist. Delete or rename one of them", from)
}

func severalMoves(sources []connection.Key) string {
	return fmt.Sprintf("several moved blocks lead here, from %s: keep one of them", quoted(sources))
}

func severalMarked(found []connection.Key) string {
	return fmt.Sprintf("several connections may be this one, renamed or copied by hand: %s. Add a moved block from the right one, or delete the others", quoted(found))
}

func quoted(keys []connection.Key) string {
	list := make([]string, len(keys))
	for i, key := range keys {
		list[i] = strconv.Quote(key.String())
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func comesFromUnseen(from connection.Key) string {
	return fmt.Sprintf("a moved block comes from %q, and this token sees no space %q: if the space exists, make the token's user a member before it is created here", from, from.Space)
}

// kept says why a leftover of ours stays, and what a person can do about it.
type kept struct{ why, wayOut string }

// What a person can do about a connection that is not deleted for want of a record that fits.
const (
	rewrite = "to have it deleted, declare it, apply (which renews the record), and remove it again, or delete it yourself; to keep it, remove its ownership record"
	release = "delete it yourself, or remove its ownership record to keep it"
)

func keptListedTwice(other connection.Key) kept {
	return kept{fmt.Sprintf("the tenant also lists it as %q: it was moved or renamed while the lists were read", other), "plan again"}
}

func keptCredentials() kept {
	return kept{"the old one of a recreate, with credentials that the one in its place does not have", "declare credentials, or set lifecycle.recreate: allow to lose them"}
}

func keptPending() kept {
	return kept{"owned by this project, and a moved block leads from it to a name that is taken", "delete or rename one of the two"}
}

func keptMisnamed() kept {
	return kept{"has the ownership record of an interrupted recreate, but not a name that qlsync writes", release}
}

func keptProtected(of connection.Key) kept {
	return kept{fmt.Sprintf("looks like a leftover of a recreate of %q, but is protected, and a recreate leaves nothing protected", of), release}
}

func keptSeveral(of connection.Key) kept {
	return kept{fmt.Sprintf("one of several connections that look like the leftover of a recreate of %q", of), release}
}

func keptRenamed() kept {
	return kept{"a leftover of an interrupted recreate of a connection that a moved block has renamed since", release}
}

func keptNamesake(live, declared string) kept {
	own, meant := connection.QuoteApart(live, declared)
	return kept{fmt.Sprintf("%s differs from the declared name %s only in %s", own, meant, connection.Resemblance(live, declared)), ""}
}

func keptUnrecorded() kept {
	return kept{"owned by this project and no longer declared, but without the key record that qlsync writes", release}
}

func keptUnexplained() kept {
	return kept{"owned by this project and no longer declared, but its key record is of another name or space: moved, renamed or copied", rewrite}
}

func hasNamesake(declared, live connection.Key) string {
	own, others := connection.QuoteApart(declared.String(), live.String())
	return fmt.Sprintf("%s exists, and %s differs from it only in %s: declare the name as it exists, or rename it with a moved block",
		others, own, connection.Resemblance(declared.Name, live.Name))
}

func looksAlike(declared, live string) string {
	own, other := connection.QuoteApart(declared, live)
	return fmt.Sprintf("the new name %s differs from the live connection %s only in %s", own, other, connection.Resemblance(declared, live))
}

func spaceLooksAlike(declared, space, differ string) string {
	own, others := connection.QuoteApart(declared, space)
	return fmt.Sprintf("the declared space %s differs from the space %s only in %s: check which of them the files mean", own, others, differ)
}

func meantSpace(space string) string { return fmt.Sprintf("did you mean %q?", space) }

func meantLikeSpace(declared, space, differ string) string {
	own, other := connection.QuoteApart(declared, space)
	return fmt.Sprintf("did you mean %s? %s differs from it only in %s", other, own, differ)
}

func unsuited(targets []*target) string {
	first, keys := targets[0], make([]string, len(targets))
	for i, t := range targets {
		keys[i] = t.key.String()
	}
	return fmt.Sprintf("data source %s does not fit the type of space of %s. %s", first.DataSource, firstOf(keys), first.source.Unsuited[first.space.Type])
}
