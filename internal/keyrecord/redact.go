package keyrecord

import (
	"maps"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Redact returns the snapshot with a placeholder for every live value that the files (sensitive),
// the ownership record of the connection (the files at the last write) or the schema of the data
// source mark as a secret. The provider has already redacted the secrets that it recognises. The
// given snapshot is not changed. The planner redacts by itself; Redact is for callers that write a
// snapshot to a file.
func Redact(snapshot *connection.Snapshot, desired []connection.Desired, moves []connection.Move) *connection.Snapshot {
	spaces := Of(snapshot, moves)
	marked := spaces.sensitive(desired, moves)
	var hidden *connection.Snapshot
	for i := range snapshot.Connections {
		live := &snapshot.Connections[i]
		names := slices.Concat(marked[spaces.Record(live.Key)], marked[live.Record.Key], recorded(live))
		properties := redactNamed(live.Properties, names)
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

// MayRedact reports whether [Redact] may change a connection. A property that any declaration calls
// sensitive counts for every connection, because the keys are not final before a snapshot is
// complete.
func MayRedact(live *connection.Live, desired []connection.Desired) bool {
	names := recorded(live)
	for i := range desired {
		names = append(names, desired[i].Sensitive...)
	}
	return redactNamed(live.Properties, names) != nil
}

// sensitive returns the properties that the files call sensitive, by every form of the record of
// every possible key of the connection: its own, and those from which moved blocks lead there.
func (s Spaces) sensitive(desired []connection.Desired, moves []connection.Move) map[string][]string {
	names := map[string][]string{}
	var origins map[connection.Key][]connection.Key
	for i := range desired {
		if len(desired[i].Sensitive) == 0 {
			continue
		}
		if origins == nil {
			origins = s.origins(moves)
		}
		seen := map[connection.Key]bool{}
		for keys := []connection.Key{s.KeyIn(desired[i].Space, desired[i].Name)}; len(keys) > 0; keys = keys[1:] {
			key := keys[0]
			if seen[key] {
				continue
			}
			seen[key] = true
			for _, form := range s.Forms(key) {
				names[form] = append(names[form], desired[i].Sensitive...)
			}
			keys = append(keys, origins[key]...)
		}
	}
	return names
}

// origins returns the keys from which moved blocks lead to each key.
func (s Spaces) origins(moves []connection.Move) map[connection.Key][]connection.Key {
	origins := map[connection.Key][]connection.Key{}
	for _, move := range moves {
		to := s.KeyIn(move.To.Space, move.To.Name)
		origins[to] = append(origins[to], s.KeyIn(move.From.Space, move.From.Name))
	}
	return origins
}

// recorded returns the properties that the ownership record of the connection calls sensitive.
func recorded(live *connection.Live) []string {
	var names []string
	for name := range live.Properties {
		if live.Record.Redacts(name) {
			names = append(names, name)
		}
	}
	return names
}

// redactNamed copies the properties with the named ones redacted; nil if there are none.
func redactNamed(properties map[string]any, names []string) map[string]any {
	var hidden map[string]any
	for _, name := range names {
		value, present := properties[name]
		if _, done := value.(connection.Secret); !present || done || value == nil {
			continue
		}
		if hidden == nil {
			hidden = maps.Clone(properties)
		}
		hidden[name] = connection.RedactValue(value)
	}
	return hidden
}
