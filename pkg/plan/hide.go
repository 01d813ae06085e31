package plan

import (
	"maps"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Hide gives the snapshot with a placeholder for every live value that the files
// (sensitive), the mark of the connection (what they said when it was last written) or
// the schema of the data source mark as a secret. What the provider knows for one by
// itself it has hidden before. The snapshot that was given is not changed. Everything
// in this package hides by itself; it is for those who write a snapshot down.
func Hide(snapshot *connection.Snapshot, desired []connection.Desired, moves []connection.Move) *connection.Snapshot {
	places := newPlaces(snapshot, moves)
	marked := places.sensitiveNames(desired, moves)
	var hidden *connection.Snapshot
	for i := range snapshot.Connections {
		live := &snapshot.Connections[i]
		names := slices.Concat(marked[places.record(live.Key)], marked[live.Mark.Key], recorded(live))
		properties := hideNamed(live.Properties, names)
		if properties == nil {
			continue
		}
		if hidden == nil {
			copied := *snapshot
			copied.Connections = slices.Clone(snapshot.Connections)
			hidden = &copied
		}
		hidden.Connections[i].Properties = properties
	}
	if hidden == nil {
		return snapshot
	}
	return hidden
}

// secretive reports whether [Hide] may have something to hide of a connection. What any
// declaration calls sensitive is taken to be so of every connection: which one is at
// which key is not known before a snapshot is whole.
func secretive(live *connection.Live, in Input) bool {
	names := recorded(live)
	for i := range in.Desired {
		names = append(names, in.Desired[i].Sensitive...)
	}
	return hideNamed(live.Properties, names) != nil
}

// sensitiveNames collects what the files call sensitive, by every form of the record of
// every key at which the connection may be: its own, and those that moves come from.
func (p places) sensitiveNames(desired []connection.Desired, moves []connection.Move) map[string][]string {
	marked := map[connection.Key][]string{}
	for i := range desired {
		if names := desired[i].Sensitive; len(names) > 0 {
			marked[p.keyIn(desired[i].Space, desired[i].Name)] = names
		}
	}
	if len(marked) == 0 {
		return nil
	}
	for range moves { // each round follows the chains by one more move
		grown := false
		for _, move := range moves {
			from := p.keyIn(move.From.Space, move.From.Name)
			for _, name := range marked[p.keyIn(move.To.Space, move.To.Name)] {
				if !slices.Contains(marked[from], name) {
					marked[from], grown = append(slices.Clip(marked[from]), name), true
				}
			}
		}
		if !grown {
			break
		}
	}
	names := make(map[string][]string, 2*len(marked))
	for key, marks := range marked {
		for _, form := range p.forms(key) {
			names[form] = marks
		}
	}
	return names
}

// recorded lists the properties that the mark of the connection hides.
func recorded(live *connection.Live) []string {
	var names []string
	for name := range live.Properties {
		if live.Mark.Hides(name) {
			names = append(names, name)
		}
	}
	return names
}

// hideNamed copies the properties with the named ones hidden; nil where there is
// nothing to hide.
func hideNamed(properties map[string]any, names []string) map[string]any {
	var hidden map[string]any
	for _, name := range names {
		value, present := properties[name]
		if _, done := value.(connection.Secret); !present || done || value == nil {
			continue
		}
		if hidden == nil {
			hidden = maps.Clone(properties)
		}
		hidden[name] = connection.HideValue(value)
	}
	return hidden
}
