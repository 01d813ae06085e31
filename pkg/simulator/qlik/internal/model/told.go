package model

import (
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/source"
)

// Told returns the statement and the tags of a connection as answers show them, with all lies about it, and with one more
// of that kind, if it is not "". Without a statement, ok is false.
func (w *World) Told(r *Record, kind string) (statement string, tags []string, ok bool) {
	statement, tags, ok = r.Statement, r.Tags, true
	if r.ToldStatement != nil {
		statement, ok = *r.ToldStatement, *r.ToldStatement != ""
	}
	told := w.behaviour.Lies
	if kind != "" {
		told = append(slices.Clip(told), Lie{Kind: kind})
	}
	for _, l := range told {
		if !l.concerns(r) {
			continue
		}
		switch l.Kind {
		case LieAbsent:
			ok = false
		case LieOldValue:
			if r.Earlier != "" {
				statement = r.Earlier
			}
		case LieAnother:
			statement = w.next(r).Statement
		case LieNoVersion, LieOtherVersion:
			tags = otherVersion(tags, l.Kind == LieNoVersion)
		default:
			statement = w.retold(l, r, statement)
		}
	}
	return statement, tags, ok
}

// retold returns the statement with a lie about its pairs.
func (w *World) retold(l Lie, r *Record, statement string) string {
	raw := w.behaviour.RawStatements
	pairs, read := source.ReadStatement(statement, raw)
	if !read {
		return statement
	}
	if change := lies[l.Kind]; change != nil {
		pairs = change(l, r, pairs)
	}
	return source.WriteStatement(pairs, raw || l.Kind == LieRaw)
}

// next returns the connection of the same data source that follows in the order of creation, after the last one the first.
func (w *World) next(r *Record) *Record {
	first, passed := r, false
	for _, other := range w.InOrder() {
		switch {
		case other.ID == r.ID:
			passed = true
		case other.DataSource != r.DataSource:
		case passed:
			return other
		case first.ID == r.ID:
			first = other
		}
	}
	return first
}

// otherVersion returns tags with a newer connector in the tag of the server, or without that tag.
func otherVersion(tags []string, none bool) []string {
	var changed []string
	for _, tag := range tags {
		switch {
		case !strings.HasPrefix(tag, source.ServerTagBegin):
			changed = append(changed, tag)
		case !none:
			changed = append(changed, tag+".1")
		}
	}
	return changed
}
