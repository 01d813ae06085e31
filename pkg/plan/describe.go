package plan

import (
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/keyrecord"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// describe says what a step does, in words that a reviewer understands; nothing
// where its kind says it all.
func describe(kind connection.Mechanism, nodes []*node) string {
	switch kind {
	case connection.Recreate:
		if slices.ContainsFunc(nodes, func(n *node) bool { return n.operation.Kind == connection.Delete }) {
			return "tries the new one out under a temporary name, then puts it in the place of the old one"
		}
		if nodes[0].operation.Kind != connection.Create {
			return "swaps the names of the old one and the new one; apps keep working by name; its id changes"
		}
		return "creates the new one next to the old one, then swaps their names; apps keep working by name; its id changes"
	case connection.BulkDelete, connection.Delete:
		return describeDeletes(nodes)
	case connection.BulkUpdate:
		return describeBulk(nodes)
	}
	return describeOne(nodes[0])
}

func describeOne(n *node) string {
	op := &n.operation
	if op.Kind == connection.AskSignIn {
		return "asks for the address where a person signs in; makes nothing"
	}
	if op.Kind == connection.Create {
		if op.Name == n.decision.target.key.Name {
			return ""
		}
		return "creates the new one under a temporary name"
	}
	if n.decision.change.Action == ActionRecord {
		return "records the fingerprint of its credentials"
	}
	var does []string
	if op.Name != "" {
		does = append(does, describeName(n))
	}
	if op.Space != nil {
		does = append(does, "moves it to the space")
	}
	if n := len(op.Set); n > 0 {
		does = append(does, "sets "+words.CountOf(n, "property", "properties"))
	}
	if n := len(op.Remove); n > 0 {
		does = append(does, "removes "+words.CountOf(n, "property", "properties"))
	}
	switch {
	case op.Credentials == nil:
	case n.decision.change.Action == ActionRecreate:
		does = append(does, "writes the credentials of the new one")
	default:
		does = append(does, "writes its credentials")
	}
	if op.Tags != nil {
		does = append(does, "sets its tags")
	}
	switch diff := n.decision.diff; {
	case len(does) > 0:
		return strings.Join(does, ", ")
	case diff != nil && diff.owner:
		return "records its credentials, before the change of owner takes them away"
	case diff != nil && diff.pending:
		return "writes it again, as what was written last is not in effect"
	case diff != nil && diff.protection:
		return "records whether it is protected"
	case diff != nil && diff.sensitive:
		return "records which of its properties are sensitive"
	case diff != nil && diff.notSensitive:
		return "records which of its properties are not sensitive"
	case diff != nil && diff.record:
		return "renews its key record"
	}
	return "adds the ownership record"
}

func describeName(n *node) string {
	switch name := n.operation.Name; {
	case n.operation.Mark != nil && n.operation.Mark.Transit == connection.TransitOld:
		return "renames the old one aside"
	case n.created != nil:
		return "gives the name to the new one"
	case keyrecord.IsTemporary(name):
		return "renames it to a temporary name, on its way"
	}
	return "renames it"
}

func describeBulk(nodes []*node) string {
	moved, handed := 0, 0
	for _, n := range nodes {
		if n.operation.Space != nil {
			moved++
		}
		if n.operation.OwnerID != "" {
			handed++
		}
	}
	var does []string
	if moved > 0 {
		does = append(does, "moves "+words.Count(moved, "connection")+" to another space")
	}
	if handed > 0 {
		does = append(does, "changes the owner of "+words.Count(handed, "connection"))
	}
	return strings.Join(does, ", ")
}

func describeDeletes(nodes []*node) string {
	recreated := 0
	for _, n := range nodes {
		if n.decision.change.Action != ActionDelete || n.decision.repair {
			recreated++
		}
	}
	switch gone := len(nodes) - recreated; {
	case recreated == 0:
		return ""
	case gone == 0:
		return "deletes what " + words.Count(recreated, "recreate") + " left"
	default:
		return "deletes " + words.Count(gone, "connection") + ", and what " + words.Count(recreated, "recreate") + " left"
	}
}
