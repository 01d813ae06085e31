package plan

import (
	"github.com/qlsync/qlsync/internal/compare"
	"github.com/qlsync/qlsync/internal/keyrecord"
	"github.com/qlsync/qlsync/pkg/connection"
)

// does says what a step does that a reviewer does not see from its kind.
func does(kind connection.OperationKind, nodes []*node) []connection.Reason {
	first := nodes[0]
	switch {
	case first.group != nil:
		return reasons(first.group.does)
	case kind.Deletes():
		return deletesDo(nodes)
	case first.decision.space != nil:
		return nil
	case kind == connection.AskSignIn, kind == connection.Create, kind == connection.Patch:
		return oneDoes(first)
	}
	return batchDoes(nodes)
}

func oneDoes(n *node) []connection.Reason {
	code := ""
	switch {
	case n.operation.Kind == connection.AskSignIn:
		code = "asks-sign-in"
	case n.operation.Kind == connection.Create && n.operation.Name == n.decision.target.Key.Name:
		return nil
	case n.operation.Kind == connection.Create:
		code = "creates-temporary"
	case n.decision.change.Action == ActionRecord:
		code = "records-fingerprint"
	default:
		if does := patchDoes(n); len(does) > 0 {
			return does
		}
		code = recordDoes(n.decision.diff)
	}
	return reasons(connection.Because(code))
}

// patchDoes lists what people see of a patch.
func patchDoes(n *node) []connection.Reason {
	var does []connection.Reason
	add := func(isDone bool, code string, args ...any) {
		if isDone {
			does = append(does, connection.Because(code, args...))
		}
	}
	op, isRecreate := &n.operation, n.decision.change.Action == ActionRecreate
	add(op.Name != "", nameDoes(n))
	add(op.Space != nil, "moves-to-space")
	add(len(op.Set) > 0, "sets-properties", "count", len(op.Set))
	add(len(op.Remove) > 0, "removes-properties", "count", len(op.Remove))
	add(op.Credentials != nil && isRecreate, "writes-new-credentials")
	add(op.Credentials != nil && !isRecreate, "writes-credentials")
	add(op.Tags != nil, "sets-tags")
	return does
}

// recordDoes returns the code of why a patch writes the ownership record alone.
func recordDoes(diff *compare.Difference) string {
	switch {
	case diff == nil:
	case diff.Owner:
		return "records-credentials"
	case diff.Pending:
		return "writes-again"
	case diff.Protection:
		return "records-protection"
	case diff.Sensitive:
		return "records-sensitive"
	case diff.NotSensitive:
		return "records-not-sensitive"
	case diff.Record:
		return "renews-key-record"
	}
	return "adds-record"
}

func nameDoes(n *node) string {
	switch name := n.operation.Name; {
	case n.operation.Record != nil && n.operation.Record.Phase == connection.PhaseDeposed:
		return "renames-old"
	case n.created != nil:
		return "renames-new"
	case keyrecord.IsTemporary(name):
		return "renames-temporary"
	}
	return "renames"
}

func batchDoes(nodes []*node) []connection.Reason {
	moved, handed := 0, 0
	for _, n := range nodes {
		if n.operation.Space != nil {
			moved++
		}
		if n.operation.OwnerID != "" {
			handed++
		}
	}
	var does []connection.Reason
	if moved > 0 {
		does = append(does, connection.Because("moves-connections", "count", moved))
	}
	if handed > 0 {
		does = append(does, connection.Because("changes-owners", "count", handed))
	}
	return does
}

func deletesDo(nodes []*node) []connection.Reason {
	recreated := 0
	for _, n := range nodes {
		if n.decision.change.Action != ActionDelete || n.decision.repair {
			recreated++
		}
	}
	switch gone := len(nodes) - recreated; {
	case recreated == 0:
		return nil
	case gone == 0:
		return reasons(connection.Because("deletes-left", "recreates", recreated))
	default:
		return reasons(connection.Because("deletes-and-left", "connections", gone, "recreates", recreated))
	}
}
