package plan

import (
	"strings"

	"github.com/qlsync/qlsync/internal/keyrecord"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// describe says what a step does, in words that a reviewer understands; nothing
// where its kind says it all.
func describe(kind connection.OperationKind, nodes []*node) string {
	first := nodes[0]
	switch {
	case first.group != nil:
		return first.group.does
	case kind.Deletes():
		return describeDeletes(nodes)
	case kind == connection.AskSignIn, kind == connection.Create, kind == connection.Patch:
		return describeOne(first)
	}
	return describeBatch(nodes)
}

func describeOne(n *node) string {
	switch {
	case n.operation.Kind == connection.AskSignIn:
		return "asks for the address where a person signs in; creates nothing"
	case n.operation.Kind == connection.Create && n.operation.Name == n.decision.target.Key.Name:
		return ""
	case n.operation.Kind == connection.Create:
		return "creates the new one under a temporary name"
	case n.decision.change.Action == ActionRecord:
		return "records the fingerprint of its credentials"
	}
	if does := describePatch(n); len(does) > 0 {
		return strings.Join(does, ", ")
	}
	return describeRecord(n.decision.diff)
}

// describePatch lists what people see of a patch.
func describePatch(n *node) []string {
	var does []string
	add := func(isDone bool, text string) {
		if isDone {
			does = append(does, text)
		}
	}
	op, isRecreate := &n.operation, n.decision.change.Action == ActionRecreate
	add(op.Name != "", describeName(n))
	add(op.Space != nil, "moves it to the space")
	add(len(op.Set) > 0, "sets "+words.CountOf(len(op.Set), "property", "properties"))
	add(len(op.Remove) > 0, "removes "+words.CountOf(len(op.Remove), "property", "properties"))
	add(op.Credentials != nil && isRecreate, "writes the credentials of the new one")
	add(op.Credentials != nil && !isRecreate, "writes its credentials")
	add(op.Tags != nil, "sets its tags")
	return does
}

// describeRecord says why a patch writes the ownership record alone.
func describeRecord(diff *difference) string {
	switch {
	case diff == nil:
	case diff.owner:
		return "records its credentials, before the change of owner removes them"
	case diff.pending:
		return "writes it again, because the last write is not in effect"
	case diff.protection:
		return "records whether it is protected"
	case diff.sensitive:
		return "records which of its properties are sensitive"
	case diff.notSensitive:
		return "records which of its properties are not sensitive"
	case diff.record:
		return "renews its key record"
	}
	return "adds the ownership record"
}

func describeName(n *node) string {
	switch name := n.operation.Name; {
	case n.operation.Record != nil && n.operation.Record.Phase == connection.PhaseDeposed:
		return "renames the old one aside"
	case n.created != nil:
		return "renames the new one to the declared name"
	case keyrecord.IsTemporary(name):
		return "renames it to a temporary name, on its way"
	}
	return "renames it"
}

func describeBatch(nodes []*node) string {
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
