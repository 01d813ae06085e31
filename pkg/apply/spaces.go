package apply

import (
	"cmp"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// created is a space that a step has created.
type created struct {
	id string
	// records replaces the records of keys in the space, which the plan made from its name, by those
	// with its id.
	records *strings.Replacer
}

// noteSpace remembers a space that an operation has created.
func (r *run) noteSpace(operation *connection.Operation, id string) {
	if operation.Kind != connection.CreateSpace || id == "" {
		return
	}
	space := operation.Write.Space
	var pairs []string
	for i := range len(r.plan.Changes) + len(r.plan.Rotations) {
		if key := r.plan.Change(i).Connection; key.Space == space.Name && !key.IsSpace() {
			pairs = append(pairs, connection.KeyRecord(space, key.Name), connection.KeyRecord(connection.Space{ID: id}, key.Name))
		}
	}
	r.spaces[space.Name] = created{id, strings.NewReplacer(pairs...)}
}

// inSpace returns an operation in a space that an earlier step has created with the id of the space,
// also in the ownership record and in temporary names, which contain the record. The next run then
// finds every connection as if the space had been there before.
func (r *run) inSpace(operation connection.Operation) connection.Operation {
	if space := operation.Space; space != nil && space.IsNew() {
		filled := *space
		filled.ID = cmp.Or(r.spaces[space.Name].id, space.ID) // never empty, which is the personal space
		operation.Space = &filled
	}
	for _, space := range r.spaces {
		operation.Name, operation.Key.Name = space.records.Replace(operation.Name), space.records.Replace(operation.Key.Name)
		if operation.Record != nil {
			record := *operation.Record
			record.Key, record.Moved = space.records.Replace(record.Key), space.records.Replace(record.Moved)
			operation.Record = &record
		}
	}
	return operation
}
