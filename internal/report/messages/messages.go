// Package messages holds the sentences of all reasons, in one table with a part for each package
// that reports reasons. The messages of a provider are its own; see [connection.Rules].
package messages

import (
	"maps"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Part is the messages of one package, as the documentation groups them.
type Part struct {
	Title    string
	Messages connection.Messages
}

// Parts returns the table by part.
func Parts() []Part {
	return []Part{
		{"Files", Spec},
		{"Vendored schemas", Vendored},
		{"Secrets", Resolver},
		{"Tenants", Engine},
		{"Doctor", Doctor},
		{"Plan", Plan},
		{"Apply", Apply},
		{"Impact", Impact},
	}
}

// All returns the table including the messages of a provider, which may be nil.
func All(provider connection.Messages) connection.Messages {
	all := connection.Messages{}
	for _, part := range Parts() {
		maps.Copy(all, part.Messages)
	}
	maps.Copy(all, provider)
	return all
}
