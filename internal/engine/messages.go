package engine

import (
	"maps"
	"slices"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Messages returns the messages of qlsync, those that all providers share, and those of each.
func Messages() []messages.Part {
	names := slices.Sorted(maps.Keys(providers))
	shared := maps.Clone(providers[names[0]].rules.Messages())
	maps.DeleteFunc(shared, func(code string, message connection.Message) bool {
		return slices.ContainsFunc(names, func(name string) bool { return providers[name].rules.Messages()[code].Meaning != message.Meaning })
	})
	parts := append(messages.Parts(), messages.Part{Title: "All providers", Messages: shared})
	for _, name := range names {
		own := maps.Clone(providers[name].rules.Messages())
		maps.DeleteFunc(own, func(code string, _ connection.Message) bool { _, is := shared[code]; return is })
		parts = append(parts, messages.Part{Title: "Provider " + name, Messages: own})
	}
	return parts
}
